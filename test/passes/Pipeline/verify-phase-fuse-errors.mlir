// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=fuse})" --split-input-file --verify-diagnostics
// The contract of fuse.

graph.func @function(%x: tensor<?x32xf32>) {
  // expected-error @+1 {{expected only calls of phases in a function after fuse}}
  %y = graph.residual %x, %x : tensor<?x32xf32>
  graph.return
}

// -----

graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  // expected-error @+1 {{expected only calls of phases in a function after fuse}}
  %y = graph.residual %x, %x : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
