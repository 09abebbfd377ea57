// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-merge-scales)" --remarks-filter=algebra --verify-diagnostics --split-input-file -o /dev/null
// Which streams keep their size, and why.

graph.func @merged(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) -> tensor<?x32xf32> {
  // expected-remark @+1 {{[Passed] MergeScales | Category:algebra | multiplier=5.000000e-01}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = 0.5} : tensor<?x32xf32>
  %m = graph.norm %y {eps = 1.0e-5} : tensor<?x32xf32>
  graph.return %m : tensor<?x32xf32>
}
graph.func @returned(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) -> tensor<?x32xf32> {
  // expected-remark @+1 {{[Missed] MergeScales | Category:algebra | Reason="something reads it that is no norm and no residual}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = 0.5} : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @product(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>, %v: !graph.weight<32x32, f32>) {
  // expected-remark @+1 {{Reason="something reads it that is no norm and no residual}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.linear %x, %v : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %y = graph.residual %x, %n {scale = 0.5} : tensor<?x32xf32>
  graph.return
}
graph.func @branch(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="something reads it that is no norm and no residual}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %n, %x {scale = 0.5} : tensor<?x32xf32>
  graph.return
}
graph.func @alone(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="nothing is added to it}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  graph.return
}
graph.func @one(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="branches have no multiplier}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n : tensor<?x32xf32>
  graph.return
}
graph.func @several(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="branches have several multipliers}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = 0.5} : tensor<?x32xf32>
  %z = graph.residual %y, %n : tensor<?x32xf32>
  graph.return
}
graph.func @negative(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="the multiplier is 0 or negative, or too small}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = -0.5} : tensor<?x32xf32>
  graph.return
}
graph.func @tiny(%tok: !graph.tokens, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="the multiplier is 0 or negative, or too small}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = 1.0e-30} : tensor<?x32xf32>
  graph.return
}

// -----

graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = 0.5} : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @shared(%tok: !graph.tokens, %kv: !kv.caches<2>, %w: !graph.weight<64x32, f32>, %other: tensor<?x32xf32>) {
  // expected-remark @+1 {{Reason="a layer serves another stream, too}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x32xf32>, !kv.caches<2>
  %z = graph.repeat %other, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x32xf32>, !kv.caches<2>
  graph.return
}

// -----

graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %y = graph.residual %x, %n {scale = 0.5} : tensor<?x32xf32>
  graph.return %n : tensor<?x32xf32>
}
graph.func @something_else(%tok: !graph.tokens, %kv: !kv.caches<2>, %w: !graph.weight<64x32, f32>) {
  // expected-remark @+1 {{Reason="a layer gives something else}}
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x32xf32>, !kv.caches<2>
  graph.return
}
