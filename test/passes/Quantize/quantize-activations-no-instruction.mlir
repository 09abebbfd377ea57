// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations)" | FileCheck %s --implicit-check-not=graph.quantize
// A machine without an int8 instruction keeps float activations, also when the other side would be int8.

module attributes {machine.target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 8, instructions = [<"mma", 1, 4, 4, f16, i8, i32>], memories = []>} {
// CHECK-LABEL: graph.func @f
graph.func @f(%x: tensor<?x64xf32>, %w: !graph.weight<32x64, q4_1>) -> tensor<?x32xf32> {
  // CHECK: graph.linear %{{.*}}, %{{.*}} : tensor<?x64xf32>, !graph.weight<32x64, q4_1>
  %y = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<32x64, q4_1>
  graph.return %y : tensor<?x32xf32>
}
}
