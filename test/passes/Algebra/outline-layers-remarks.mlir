// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-outline-layers)" --remarks-filter=algebra --verify-diagnostics --split-input-file | FileCheck %s
// What cannot be outlined stays as it is, and the remark says why.

// A layer class for each difference: here the eps.
// CHECK: graph.layer @decoder0
// CHECK: graph.layer @decoder1
// expected-remark @+1 {{[Passed] OutlineLayers | Category:algebra | classes=2, layers=2}}
graph.func @differ(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x32>
  %kv1 = kv.layer %kv[1] : !kv.caches<2> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n0 = graph.norm %x0 {eps = 1.0e-5} : tensor<?x32xf32>
  %a0 = graph.attention %n0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %n1 = graph.norm %a0 {eps = 0.25} : tensor<?x32xf32>
  %a1 = graph.attention %n1 cache %kv1, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  graph.return %a1 : tensor<?x32xf32>
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x32, f32> at @f0, 0

// -----

// CHECK-LABEL: graph.func @crossing
// CHECK: kv.layer
// expected-remark @+1 {{[Missed] OutlineLayers | Category:algebra | Reason="ops on caches 0 and 1 have more than one value between them}}
graph.func @crossing(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x32>
  %kv1 = kv.layer %kv[1] : !kv.caches<2> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n0 = graph.norm %x0 {eps = 1.0e-5} : tensor<?x32xf32>
  %a0 = graph.attention %n0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %a1 = graph.attention %a0 cache %kv1, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  // The first layer's values are needed behind the second layer.
  %y = graph.residual %a1, %n0 : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x32, f32> at @f0, 0

// -----

// An append to the cache of the layer before.
// CHECK-LABEL: graph.func @effect_crosses
// CHECK: kv.layer
// expected-remark @+1 {{Reason="ops on caches 0 and 1 have more than one value between them}}
graph.func @effect_crosses(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x32>
  %kv1 = kv.layer %kv[1] : !kv.caches<2> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %a0 = graph.attention %x0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %a1 = graph.attention %a0 cache %kv1, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  kv.append %kv0, %a1, %a1, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %y = graph.norm %a1 {eps = 1.0e-5} : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x32, f32> at @f0, 0

// -----

// expected-remark @+1 {{Reason="expected ops on cache 0, but got those on cache 1}}
graph.func @order(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %kv1 = kv.layer %kv[1] : !kv.caches<2> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %a0 = graph.attention %x0 cache %kv1, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  graph.return %a0 : tensor<?x32xf32>
}
// expected-remark @+1 {{Reason="expected ops on 2 caches, but got those on 1}}
graph.func @too_few(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %a0 = graph.attention %x0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  graph.return %a0 : tensor<?x32xf32>
}
// expected-remark @+1 {{Reason="expected the first layer to take one value}}
graph.func @nothing_in_front(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  kv.evict %kv0 slot 0 keep 4 : !kv.cache<1x32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  graph.return %x0 : tensor<?x32xf32>
}
// expected-remark @+1 {{Reason="expected layers from graph.attention on to give what they take}}
graph.func @narrower(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x16xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32, value_dim = 16>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %a0 = graph.attention %x0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32, value_dim = 16>, !graph.tokens
  graph.return %a0 : tensor<?x16xf32>
}
// expected-remark @+1 {{Reason="expected one value to be returned}}
graph.func @two_results(%tok: !graph.tokens, %kv: !kv.caches<1>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %a0 = graph.attention %x0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  graph.return %a0, %x0 : tensor<?x32xf32>, tensor<?x32xf32>
}
// expected-remark @+1 {{Reason="expected a function of tokens and caches}}
graph.func @arguments(%tok: !graph.tokens, %kv: !kv.caches<1>, %x0: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  %a0 = graph.attention %x0 cache %kv0, %tok heads 1 over 1 {scale = 1.0} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  graph.return %a0 : tensor<?x32xf32>
}
// expected-remark @+1 {{Reason="expected a function of tokens and caches}}
graph.func @no_tokens(%kv: !kv.caches<1>) {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  graph.return
}
// expected-remark @+1 {{Reason="expected no table of weights in a function without layers}}
graph.func @table(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  %i = arith.constant 0 : index
  %w = graph.param @block::@w[%i] : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  graph.return %x0 : tensor<?x32xf32>
}
// expected-remark @+1 {{Reason="expected a function without layers and regions}}
graph.func @repeat(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  %w = graph.param @w : !graph.weight<64x32, f32>
  %x0 = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %y = graph.repeat %x0, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  graph.return %y : tensor<?x32xf32>
}
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x32, f32> at @f0, 0
graph.weights @block [1] {
  graph.column @w : !graph.weight<64x32, f32> at [@f0], [0]
}
