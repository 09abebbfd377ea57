// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK: graph.file @f0 "model.gguf"
graph.file @f0 "model.gguf"
// CHECK: graph.file @f1 "model-00002-of-00002.gguf"
graph.file @f1 "model-00002-of-00002.gguf"

// CHECK: graph.weight @norm : !graph.weight<8, f32> at @f0, 176
graph.weight @norm : !graph.weight<8, f32> at @f0, 176
// CHECK: graph.weight @q4_0 : !graph.weight<4x32, q4_0> at @f0, 0
graph.weight @q4_0 : !graph.weight<4x32, q4_0> at @f0, 0
// CHECK: graph.weight @q4_1 : !graph.weight<4x32, q4_1> at @f0, 0 rows <4>
graph.weight @q4_1 : !graph.weight<4x32, q4_1> at @f0, 0 rows <4>
// CHECK: graph.weight @runs : !graph.weight<4x32, q4_1> at @f0, 0 runs <2, 6>
graph.weight @runs : !graph.weight<4x32, q4_1> at @f0, 0 runs <2, 6>
// CHECK: graph.weight @q8_0 : !graph.weight<4x32, q8_0> at @f1, 0
graph.weight @q8_0 : !graph.weight<4x32, q8_0> at @f1, 0
// CHECK: graph.weight @f16 : !graph.weight<4x8, f16> at @f0, 0
graph.weight @f16 : !graph.weight<4x8, f16> at @f0, 0
// CHECK: graph.weight @bf16 : !graph.weight<4x8, bf16> at @f0, 0
graph.weight @bf16 : !graph.weight<4x8, bf16> at @f0, 0

// CHECK: graph.weight @times : !graph.weight<4x8, bf16> at @f0, 0 rows <4> times <@norm>
graph.weight @times : !graph.weight<4x8, bf16> at @f0, 0 rows <4> times <@norm>

// CHECK: graph.weights @block[2] {
graph.weights @block [2] {
  // CHECK: graph.column @q : !graph.weight<8x8, f32> at [@f0], [0, 256] rows <4>
  graph.column @q : !graph.weight<8x8, f32> at [@f0], [0, 256] rows <4>
  // CHECK: graph.column @runs : !graph.weight<8, f32> at [@f0], [0, 256] runs <4, 12> rows <4>
  graph.column @runs : !graph.weight<8, f32> at [@f0], [0, 256] runs <4, 12> rows <4>
  // CHECK: graph.column @k : !graph.weight<8x8, f32> at [@f0, @f1], [512, 0]
  graph.column @k : !graph.weight<8x8, f32> at [@f0, @f1], [512, 0]
  // CHECK: graph.column @times : !graph.weight<2x8x8, f32> at [@f0], [0, 512] times <@block::@runs, 1.000000e+00 : f64>
  graph.column @times : !graph.weight<2x8x8, f32> at [@f0], [0, 512] times <@block::@runs, 1.0 : f64>
  // CHECK: graph.column @times_of_model : !graph.weight<8x8, f32> at [@f0], [0, 512] times <@norm>
  graph.column @times_of_model : !graph.weight<8x8, f32> at [@f0], [0, 512] times <@norm>
}

// CHECK: graph.layer @decoder(%[[X:.*]]: tensor<?x8xf32>, %[[TOK:.*]]: !graph.tokens, %{{.*}}: !kv.cache<1x8>, %[[I:.*]]: index) -> tensor<?x8xf32> {
graph.layer @decoder(%x: tensor<?x8xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x8>, %i: index) -> tensor<?x8xf32> {
  // CHECK: graph.param @block::@q[%[[I]]] : !graph.weight<8x8, f32>
  %q = graph.param @block::@q[%i] : !graph.weight<8x8, f32>
  // CHECK: graph.return %[[X]] : tensor<?x8xf32>
  graph.return %x : tensor<?x8xf32>
}

// CHECK: graph.func @forward(%[[TOK:.*]]: !graph.tokens, %[[KV:.*]]: !kv.caches<3>, %[[X:.*]]: tensor<?x8xf32> {frit.note}) -> (tensor<?x8xf32> {frit.note}) {
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<3>, %x: tensor<?x8xf32> {frit.note}) -> (tensor<?x8xf32> {frit.note}) {
  // CHECK: graph.param @norm : !graph.weight<8, f32>
  %w = graph.param @norm : !graph.weight<8, f32>
  // CHECK: %[[Y:.*]] = graph.repeat %[[X]], %[[TOK]], %[[KV]] [#graph.segment<@decoder, 0, 2>, #graph.segment<@decoder, 1, 1>] : tensor<?x8xf32>, !kv.caches<3>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>, #graph.segment<@decoder, 1, 1>] : tensor<?x8xf32>, !kv.caches<3>
  // CHECK: graph.return %[[Y]]
  graph.return %y : tensor<?x8xf32>
}

// CHECK: graph.func @batches()
graph.func @batches() {
  // CHECK: graph.batch ids [3, 1] at [0, 1]
  %a = graph.batch ids [3, 1] at [0, 1]
  // CHECK: graph.batch ids [3, 1] at [0, 0] slots [0, 1] wanted [false, true]
  %b = graph.batch ids [3, 1] at [0, 0] slots [0, 1] wanted [false, true]
  // CHECK: graph.batch ids [] at []
  %c = graph.batch ids [] at []
  // CHECK: graph.return
  graph.return
}
