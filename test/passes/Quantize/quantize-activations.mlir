// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations)" | FileCheck %s
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations{activations=int8})" | FileCheck %s
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations{activations=f32})" | FileCheck %s --check-prefix=F32
// Products with integer weights get int8 activations; float weights, and all with activations=f32, do not.

// F32-NOT: graph.quantize

module attributes {machine.target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 8, instructions = [<"fma", 1, 4, 1, f32, f32, f32>, <"dot", 1, 4, 4, i8, ui8, i32>], memories = []>} {

// CHECK-LABEL: graph.func @quantized
// CHECK-SAME:    (%[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: !graph.weight<32x64, q4_1>)
graph.func @quantized(%x: tensor<?x64xf32>, %w: !graph.weight<32x64, q4_1>) -> tensor<?x32xf32> {
  // CHECK-NEXT: %[[Q:.*]] = graph.quantize %[[X]] by 32 : tensor<?x64xf32>
  // CHECK-NEXT: %[[Y:.*]] = graph.linear %[[Q]], %[[W]] : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  // CHECK-NEXT: graph.return %[[Y]]
  %y = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<32x64, q4_1>
  graph.return %y : tensor<?x32xf32>
}

// Whichever product comes first, the quantized value is found behind its definition.
// CHECK-LABEL: graph.func @shared_by_products
// CHECK-SAME:    (%[[X:.*]]: tensor<?x64xf32>, %[[A:.*]]: !graph.weight<32x64, q4_0>, %[[B:.*]]: !graph.weight<32x64, q8_0>)
graph.func @shared_by_products(%x: tensor<?x64xf32>, %a: !graph.weight<32x64, q4_0>, %b: !graph.weight<32x64, q8_0>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  // CHECK-NEXT: %[[R:.*]] = graph.residual %[[X]], %[[X]]
  // CHECK-NEXT: %[[Q:.*]] = graph.quantize %[[R]] by 32
  // CHECK-NEXT: %[[S:.*]] = graph.residual %[[R]], %[[R]]
  // CHECK-NEXT: graph.linear %[[Q]], %[[A]]
  // CHECK-NEXT: graph.linear %[[Q]], %[[B]]
  %r = graph.residual %x, %x : tensor<?x64xf32>
  %s = graph.residual %r, %r : tensor<?x64xf32>
  %y = graph.linear %r, %a : tensor<?x64xf32>, !graph.weight<32x64, q4_0>
  %z = graph.linear %r, %b : tensor<?x64xf32>, !graph.weight<32x64, q8_0>
  graph.return %y, %z : tensor<?x32xf32>, tensor<?x32xf32>
}

// CHECK-LABEL: graph.func @logits_and_bias
graph.func @logits_and_bias(%x: tensor<?x64xf32>, %w: !graph.weight<32x64, q8_0>, %b: !graph.weight<32, f32>) -> tensor<?x32xf32> {
  // CHECK: %[[Q:.*]] = graph.quantize %{{.*}} by 32
  // CHECK: graph.logits %[[Q]], %{{.*}} bias %{{.*}} {scale = 5.000000e-01 : f64} : !graph.qtensor<?x64, block = 32>
  %y = graph.logits %x, %w bias %b {scale = 0.5} : tensor<?x64xf32>, !graph.weight<32x64, q8_0>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}

// CHECK-LABEL: graph.func @float_weights
graph.func @float_weights(%x: tensor<?x64xf32>, %a: !graph.weight<32x64, f32>, %b: !graph.weight<32x64, f16>, %c: !graph.weight<32x64, bf16>) {
  // CHECK-NOT: graph.quantize
  // CHECK: graph.return
  %0 = graph.linear %x, %a : tensor<?x64xf32>, !graph.weight<32x64, f32>
  %1 = graph.linear %x, %b : tensor<?x64xf32>, !graph.weight<32x64, f16>
  %2 = graph.linear %x, %c : tensor<?x64xf32>, !graph.weight<32x64, bf16>
  graph.return
}

// F32-LABEL: graph.func @quantized_before
// CHECK-LABEL: graph.func @quantized_before
graph.func @quantized_before(%x: tensor<?x64xf32>, %w: !graph.weight<32x64, q4_1>) -> tensor<?x32xf32> {
  // CHECK-COUNT-1: graph.quantize
  // CHECK-NOT: graph.quantize
  // CHECK: graph.return
  // F32: graph.quantize
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  %y = graph.linear %q, %w : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  graph.return %y : tensor<?x32xf32>
}

// CHECK-LABEL: graph.func @experts
graph.func @experts(%x: tensor<?x64xf32>, %r: tensor<?x4xf32>, %w: !graph.weight<5x32x64, q8_0>, %f: !graph.weight<5x32x64, f16>, %d: !graph.weight<5x64x32, q8_0>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  // CHECK: %[[Q:.*]] = graph.quantize %[[X:.*]] by 32 : tensor<?x64xf32>
  // CHECK: %[[Y:.*]] = graph.experts %[[Q]], %[[R:.*]], %{{.*}} each : !graph.qtensor<?x64, block = 32>
  // CHECK: %[[P:.*]] = graph.quantize %[[Y]] by 32 : tensor<?x64xf32>
  // CHECK: graph.experts %[[X]], %[[R]], %{{.*}} each : tensor<?x64xf32>
  // CHECK: graph.experts %[[P]], %[[R]], %{{.*}} sum : !graph.qtensor<?x64, block = 32>
  %y = graph.experts %x, %r, %w each : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<5x32x64, q8_0>
  %z = graph.experts %x, %r, %f each : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<5x32x64, f16>
  %s = graph.experts %y, %r, %d sum : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<5x64x32, q8_0>
  graph.return %z, %s : tensor<?x64xf32>, tensor<?x64xf32>
}

}
