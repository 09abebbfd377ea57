// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-inline-layers)" --split-input-file --verify-diagnostics

graph.file @f0 "f"
graph.weights @block [1] {
  // expected-error @+1 {{expected weights in one piece to write layers out}}
  graph.column @w : !graph.weight<2x32x32, f32> at [@f0], [0, 4096]
}
graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @block::@w[%i] : !graph.weight<2x32x32, f32>
  graph.return %x : tensor<?x32xf32>
}
graph.func @forward(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  graph.return %y : tensor<?x32xf32>
}

// -----

graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @g : !graph.weight<32, f32> at [@f0], [0]
  // expected-error @+1 {{expected weights as the file has them to write layers out, but got #graph.times<@block::@g>}}
  graph.column @w : !graph.weight<32x32, f32> at [@f0], [0] times <@block::@g>
}
graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @block::@w[%i] : !graph.weight<32x32, f32>
  graph.return %x : tensor<?x32xf32>
}
graph.func @forward(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  graph.return %y : tensor<?x32xf32>
}
