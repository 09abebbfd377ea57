// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=schedule})" --split-input-file --verify-diagnostics
// The contract of schedule.

graph.file @f0 "f"
// expected-error @+1 {{expected tile programs and phases in its place after schedule}}
graph.func @function() {
  graph.return
}

// -----

// expected-error @+1 {{expected tile programs and phases in its place after schedule}}
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}

// -----

kernel.reference @r(%x: tensor<?x32xf32>) {
  kernel.yield
}
// expected-error @+1 {{expected tile programs and phases in its place after schedule}}
kernel.phase @phase(%x: tensor<?x32xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield
}

// -----

// expected-error @+1 {{expected a tile.program after schedule}}
module {
}
