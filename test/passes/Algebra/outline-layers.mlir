// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-outline-layers)" --split-input-file | FileCheck %s
// Layers that take turns, with ops in front of and behind them.

graph.file @f0 "f"
graph.file @f1 "g"
graph.weight @embd : !graph.weight<64x32, f32> at @f0, 0
graph.weight @blk.0.attn_norm : !graph.weight<32, f32> at @f0, 8
graph.weight @blk.1.attn_norm : !graph.weight<32, f32> at @f0, 16
graph.weight @blk.2.attn_norm : !graph.weight<32, f32> at @f1, 24
graph.weight @blk.0.attn_q : !graph.weight<32x32, q8_0> at @f0, 100
graph.weight @blk.1.attn_q : !graph.weight<32x32, q8_0> at @f0, 200
graph.weight @blk.2.attn_q : !graph.weight<32x32, q8_0> at @f1, 300
graph.weight @blk.0.up : !graph.weight<32x32, f32> at @f0, 1000 rows <32>
graph.weight @blk.1.up : !graph.weight<32x32, f32> at @f0, 2000 rows <32>
graph.weight @blk.2.up : !graph.weight<32x32, f32> at @f1, 3000 rows <32>
// CHECK: graph.weight @embd
// CHECK-NOT: graph.weight @blk
// CHECK-LABEL: graph.weights @block0[2] {
// CHECK-NEXT: graph.column @blk.attn_norm : !graph.weight<32, f32> at [@f0, @f1], [8, 24]
// CHECK-NEXT: graph.column @blk.attn_q : !graph.weight<32x32, q8_0> at [@f0, @f1], [100, 300]
// CHECK-NEXT: graph.column @blk.up : !graph.weight<32x32, f32> at [@f0, @f1], [1000, 3000] rows <32>
// CHECK-NEXT: }
// CHECK-NEXT: graph.layer @decoder0(%[[X:.*]]: tensor<?x32xf32>, %[[TOK:.*]]: !graph.tokens, %[[KV:.*]]: !kv.cache<1x32, window = 4>, %[[I:.*]]: index) -> tensor<?x32xf32> {
// CHECK-NEXT: %[[G:.*]] = graph.param @block0::@blk.attn_norm[%[[I]]]
// CHECK-NEXT: %[[Q:.*]] = graph.param @block0::@blk.attn_q[%[[I]]]
// CHECK-NEXT: %[[U:.*]] = graph.param @block0::@blk.up[%[[I]]]
// CHECK-NEXT: %[[N:.*]] = graph.norm %[[X]], %[[G]]
// CHECK-NEXT: %[[K:.*]] = graph.linear %[[N]], %[[Q]]
// CHECK-NEXT: kv.append %[[KV]], %[[K]], %[[K]], %[[TOK]]
// CHECK-NEXT: %[[A:.*]] = graph.attention %[[K]] cache %[[KV]], %[[TOK]] heads 1 over 1 {mask = #graph.mask<causal>, scale = 1.000000e+00 : f64, window = 4 : i64}
// CHECK-NEXT: %[[H:.*]] = graph.residual %[[X]], %[[A]]
// CHECK-NEXT: %[[F:.*]] = graph.linear %[[H]], %[[U]]
// CHECK-NEXT: %[[E:.*]] = graph.activation %[[F]] silu
// CHECK-NEXT: %[[Y:.*]] = graph.residual %[[H]], %[[E]]
// CHECK-NEXT: graph.return %[[Y]]
// CHECK-LABEL: graph.weights @block1[1] {
// CHECK-NEXT: graph.column @blk.1.attn_norm : !graph.weight<32, f32> at [@f0], [16]
// CHECK: graph.layer @decoder1(
// CHECK-SAME: !kv.cache<1x32>
// CHECK-LABEL: graph.func @forward
// CHECK-SAME: (%[[TOK:.*]]: !graph.tokens, %[[KV:.*]]: !kv.caches<3>)
// CHECK-NEXT: %[[W:.*]] = graph.param @embd
// CHECK-NEXT: %[[EMBED:.*]] = graph.embed %[[TOK]], %[[W]]
// CHECK-NEXT: %[[START:.*]] = graph.norm %[[EMBED]] {eps = 2.500000e-01 : f64}
// CHECK-NEXT: %[[END:.*]] = graph.repeat %[[START]], %[[TOK]], %[[KV]] [#graph.segment<@decoder0, 0, 1>, #graph.segment<@decoder1, 0, 1>, #graph.segment<@decoder0, 1, 1>] : tensor<?x32xf32>, !kv.caches<3>
// CHECK-NEXT: %[[FINAL:.*]] = graph.norm %[[END]] {eps = 2.500000e-01 : f64}
// CHECK-NEXT: %[[S:.*]] = graph.select %[[FINAL]], %[[TOK]]
// CHECK-NEXT: %[[L:.*]] = graph.logits %[[S]], %[[W]]
// CHECK-NEXT: graph.return %[[L]]
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<3>) -> tensor<?x64xf32> {
  %w = graph.param @embd : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %x0 = graph.norm %x {eps = 0.25} : tensor<?x32xf32>
  %kv0 = kv.layer %kv[0] : !kv.caches<3> -> !kv.cache<1x32, window = 4>
  %g0 = graph.param @blk.0.attn_norm : !graph.weight<32, f32>
  %n0 = graph.norm %x0, %g0 {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %q0 = graph.param @blk.0.attn_q : !graph.weight<32x32, q8_0>
  %k0 = graph.linear %n0, %q0 : tensor<?x32xf32>, !graph.weight<32x32, q8_0>
  kv.append %kv0, %k0, %k0, %tok : !kv.cache<1x32, window = 4>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a0 = graph.attention %k0 cache %kv0, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>, window = 4 : i64} : tensor<?x32xf32>, !kv.cache<1x32, window = 4>, !graph.tokens
  %h0 = graph.residual %x0, %a0 : tensor<?x32xf32>
  %u0 = graph.param @blk.0.up : !graph.weight<32x32, f32>
  %f0 = graph.linear %h0, %u0 : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %e0 = graph.activation %f0 silu : tensor<?x32xf32>
  %x1 = graph.residual %h0, %e0 : tensor<?x32xf32>
  %kv1 = kv.layer %kv[1] : !kv.caches<3> -> !kv.cache<1x32>
  %g1 = graph.param @blk.1.attn_norm : !graph.weight<32, f32>
  %n1 = graph.norm %x1, %g1 {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %q1 = graph.param @blk.1.attn_q : !graph.weight<32x32, q8_0>
  %k1 = graph.linear %n1, %q1 : tensor<?x32xf32>, !graph.weight<32x32, q8_0>
  kv.append %kv1, %k1, %k1, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a1 = graph.attention %k1 cache %kv1, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %h1 = graph.residual %x1, %a1 : tensor<?x32xf32>
  %u1 = graph.param @blk.1.up : !graph.weight<32x32, f32>
  %f1 = graph.linear %h1, %u1 : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %e1 = graph.activation %f1 silu : tensor<?x32xf32>
  %x2 = graph.residual %h1, %e1 : tensor<?x32xf32>
  %kv2 = kv.layer %kv[2] : !kv.caches<3> -> !kv.cache<1x32, window = 4>
  %g2 = graph.param @blk.2.attn_norm : !graph.weight<32, f32>
  %n2 = graph.norm %x2, %g2 {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %q2 = graph.param @blk.2.attn_q : !graph.weight<32x32, q8_0>
  %k2 = graph.linear %n2, %q2 : tensor<?x32xf32>, !graph.weight<32x32, q8_0>
  kv.append %kv2, %k2, %k2, %tok : !kv.cache<1x32, window = 4>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a2 = graph.attention %k2 cache %kv2, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>, window = 4 : i64} : tensor<?x32xf32>, !kv.cache<1x32, window = 4>, !graph.tokens
  %h2 = graph.residual %x2, %a2 : tensor<?x32xf32>
  %u2 = graph.param @blk.2.up : !graph.weight<32x32, f32>
  %f2 = graph.linear %h2, %u2 : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %e2 = graph.activation %f2 silu : tensor<?x32xf32>
  %x3 = graph.residual %h2, %e2 : tensor<?x32xf32>
  %x4 = graph.norm %x3 {eps = 0.25} : tensor<?x32xf32>
  %s = graph.select %x4, %tok : tensor<?x32xf32>
  %l = graph.logits %s, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}

// -----

// Layers that begin with what works on no cache, and a weight that all of them and the head share.

graph.file @f0 "f"
graph.weight @tied : !graph.weight<32x32, f32> at @f0, 0
// CHECK-LABEL: graph.weight @tied
// CHECK: graph.weights @block[2] {
// CHECK-NEXT: graph.column @tied : !graph.weight<32x32, f32> at [@f0], [0, 0]
// CHECK-NEXT: }
// CHECK: graph.layer @decoder(
// CHECK-COUNT-1: graph.param
// CHECK: graph.activation
// CHECK: graph.attention
// CHECK: graph.func
// CHECK: graph.repeat %{{.*}} [#graph.segment<@decoder, 0, 2>]
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %w = graph.param @tied : !graph.weight<32x32, f32>
  %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x32>
  %kv1 = kv.layer %kv[1] : !kv.caches<2> -> !kv.cache<1x32>
  %x0 = graph.embed %tok, %w : !graph.weight<32x32, f32>
  %f0 = graph.linear %x0, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %e0 = graph.activation %f0 silu : tensor<?x32xf32>
  %h0 = graph.residual %x0, %e0 : tensor<?x32xf32>
  %k0 = graph.linear %h0, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kv.append %kv0, %k0, %k0, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a0 = graph.attention %k0 cache %kv0, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %x1 = graph.residual %h0, %a0 : tensor<?x32xf32>
  %f1 = graph.linear %x1, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %e1 = graph.activation %f1 silu : tensor<?x32xf32>
  %h1 = graph.residual %x1, %e1 : tensor<?x32xf32>
  %k1 = graph.linear %h1, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kv.append %kv1, %k1, %k1, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a1 = graph.attention %k1 cache %kv1, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %x2 = graph.residual %h1, %a1 : tensor<?x32xf32>
  %l = graph.logits %x2, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %l : tensor<?x32xf32>
}
