// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" --split-input-file --verify-diagnostics
// What cannot be cut is refused.

// The product of the keys joins the first phase, but attention wants the cache as it was before.
graph.func @append_behind_attention(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %kv: !kv.cache<2x16>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-note @+1 {{it is used here}}
  %a = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<2x16>, !graph.tokens
  %k = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected phases to use a cache in the order of the ops, but phase append_behind_attention.linear.linear writes it and phase append_behind_attention.attention uses it}}
  kv.append %kv, %k, %k, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  graph.return %a : tensor<?x32xf32>
}

// -----

graph.func @two_appends_in_a_phase(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %kv: !kv.cache<2x16>, %tok: !graph.tokens) {
  %k = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected phases to use a cache in the order of the ops, but phase two_appends_in_a_phase.linear writes it and phase two_appends_in_a_phase.linear uses it}}
  kv.append %kv, %k, %k, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  // expected-note @+1 {{it is used here}}
  kv.append %kv, %k, %k, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  graph.return
}

// -----

// The user of the product is not in the block that is cut.
graph.func @user_in_a_region(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  %y = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected ops without regions in a layer or function}}
  %z = scf.execute_region -> tensor<?x32xf32> {
    scf.yield %y : tensor<?x32xf32>
  }
  graph.return %z : tensor<?x32xf32>
}
