// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=normalize})" --split-input-file --verify-diagnostics
// The contract of normalize.

graph.func @interleaved(%x: tensor<?x32xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected every rope to pair halves after normalize}}
  %y = graph.rope %x, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x32xf32>
  graph.return
}

// -----

graph.func @written_out(%kv: !kv.caches<1>) {
  // expected-error @+1 {{expected every layer in a graph.layer after normalize (--remarks-filter=algebra says why there is none)}}
  %kv0 = kv.layer %kv[0] : !kv.caches<1> -> !kv.cache<1x32>
  graph.return
}
