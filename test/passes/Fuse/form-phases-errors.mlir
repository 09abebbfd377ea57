// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" --split-input-file --verify-diagnostics
// What cannot be cut is refused.

// The product of the keys joins the first phase, but attention wants the cache as it was before.
graph.func @append_behind_attention(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %kv: !kv.cache<2x16>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %a = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<2x16>, !graph.tokens
  %k = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected phases to use a cache in the order of the ops, but phase 0 writes it and phase 1 uses it}}
  kv.append %kv, %k, %k, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  graph.return %a : tensor<?x32xf32>
}

// -----

graph.func @two_appends_in_a_phase(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %kv: !kv.cache<2x16>, %tok: !graph.tokens) {
  %k = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected phases to use a cache in the order of the ops, but phase 0 writes it and phase 0 uses it}}
  kv.append %kv, %k, %k, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  kv.append %kv, %k, %k, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  graph.return
}
