// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-inline-layers)" | FileCheck %s
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-inline-layers,frit-outline-layers)" | FileCheck %s --check-prefix=BACK
// Layers written out, and made functions again.

graph.file @f0 "f"
graph.file @f1 "g"
graph.weight @embd : !graph.weight<64x32, f32> at @f0, 0
graph.weight @attn_q.1 : !graph.weight<64x32, f32> at @f0, 0
// CHECK-NOT: graph.weights
// CHECK-DAG: graph.weight @attn_q.0 : !graph.weight<32x32, q8_0> at @f0, 100 rows <32>
// CHECK-DAG: graph.weight @attn_q.1.2 : !graph.weight<32x32, q8_0> at @f1, 200 rows <32>
// BACK: graph.weights @block[2] {
// BACK-NEXT: graph.column @attn_q : !graph.weight<32x32, q8_0> at [@f0, @f1], [100, 200] rows <32>
graph.weights @block [2] {
  graph.column @attn_q : !graph.weight<32x32, q8_0> at [@f0, @f1], [100, 200] rows <32>
}
// CHECK-NOT: graph.layer
// BACK: graph.layer @decoder
graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %q = graph.param @block::@attn_q[%i] : !graph.weight<32x32, q8_0>
  %k = graph.linear %x, %q : tensor<?x32xf32>, !graph.weight<32x32, q8_0>
  kv.append %kv, %k, %k, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a = graph.attention %k cache %kv, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %y = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
// CHECK-LABEL: graph.func @forward(
// CHECK-SAME: %[[TOK:.*]]: !graph.tokens, %[[KV:.*]]: !kv.caches<2>)
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x64xf32> {
  %w = graph.param @embd : !graph.weight<64x32, f32>
  // CHECK: %[[X:.*]] = graph.embed
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  // CHECK-NEXT: %[[KV0:.*]] = kv.layer %[[KV]][0] : !kv.caches<2> -> !kv.cache<1x32>
  // CHECK-NEXT: %[[W0:.*]] = graph.param @attn_q.0
  // CHECK-NEXT: %[[K0:.*]] = graph.linear %[[X]], %[[W0]]
  // CHECK-NEXT: kv.append %[[KV0]], %[[K0]], %[[K0]], %[[TOK]]
  // CHECK-NEXT: %[[A0:.*]] = graph.attention %[[K0]] cache %[[KV0]]
  // CHECK-NEXT: %[[Y0:.*]] = graph.residual %[[X]], %[[A0]]
  // CHECK-NEXT: %[[KV1:.*]] = kv.layer %[[KV]][1] : !kv.caches<2> -> !kv.cache<1x32>
  // CHECK-NEXT: %[[W1:.*]] = graph.param @attn_q.1.2
  // CHECK-NEXT: %[[K1:.*]] = graph.linear %[[Y0]], %[[W1]]
  // CHECK: %[[Y1:.*]] = graph.residual %[[Y0]],
  // BACK: graph.repeat %{{.*}} [#graph.segment<@decoder, 0, 2>]
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x32xf32>, !kv.caches<2>
  // CHECK-NEXT: graph.logits %[[Y1]]
  %l = graph.logits %y, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}
