// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=planned})" | FileCheck %s
// What a layer leaves takes the place of what it got. While other cores still read that, for the norm, none may overwrite it: the norm is
// computed before, although recomputing it would save a phase.

module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], cores = 16, vector_bytes = 32, vector_registers = 32, f32_ops_per_second = 5.0e+10 per core,
    barrier_seconds = 2.0e-07, instructions = [<"vpmaddubsw.256", 1, 8, 4, i8, ui8, i32, 2.0e+11 per core>],
    memories = [<"registers", 1024 per core>, <"l2", 1048576 per core>, <"l3", 33554432 per machine>, <"dram" per machine>],
    datapaths = [<"l2" to "registers", 1.0e+11 per core>, <"registers" to "l2", 1.0e+11 per core>,
                 <"l3" to "registers", 2.5e+10 per core>, <"registers" to "l3", 2.5e+10 per core>,
                 <"dram" to "l3", 4.0e+10 per machine>, <"l3" to "dram", 4.0e+10 per machine>]>} {

graph.file @f0 "model.gguf"
graph.weights @block [2] {
  graph.column @norm : !graph.weight<576, f32> at [@f0], [0, 2304]
  graph.column @w : !graph.weight<576x576, q4_1> at [@f0], [0, 1048576]
}

graph.layer @layer(%x: tensor<?x576xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64, k = <f16>, v = <f16>>, %i: index) -> tensor<?x576xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<576, f32>
  %w = graph.param @block::@w[%i] : !graph.weight<576x576, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
  %q = graph.quantize %n by 32 : tensor<?x576xf32>
  %o = graph.linear %q, %w : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  %y = graph.residual %x, %o : tensor<?x576xf32>
  graph.return %y : tensor<?x576xf32>
}
}

// CHECK-LABEL: graph.layer @layer(
// CHECK-NOT:     kernel.tokens
// CHECK-NEXT:    kernel.call @layer.quantize(
// CHECK-NEXT:    kernel.call @layer.w(
// CHECK-NEXT:    graph.return
