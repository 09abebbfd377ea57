// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=cache})" --split-input-file --verify-diagnostics
// The contract of cache.

// expected-error @+1 {{expected every cache to have its stores after cache, but got '!kv.cache<1x32>'}}
graph.layer @argument(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}

// -----

graph.func @result() {
  // expected-error @+1 {{expected every cache to have its stores after cache, but got '!kv.cache<1x32>'}}
  %kv = kv.create capacity 16 : !kv.cache<1x32>
  graph.return
}
