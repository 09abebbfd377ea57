// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=lower})" --split-input-file --verify-diagnostics
// The contract of lower holds that of schedule, too.

graph.file @f0 "f"
// expected-error @+1 {{expected tile programs and phases in its place after lower}}
graph.func @function() {
  graph.return
}

// -----

// expected-error @+1 {{expected tile programs and phases in its place after lower}}
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}

// -----

kernel.reference @r(%x: tensor<?x32xf32>) {
  kernel.yield
}
// expected-error @+1 {{expected tile programs and phases in its place after lower}}
kernel.phase @phase(%x: tensor<?x32xf32>) attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield
}

// -----

// expected-error @+1 {{expected a tile.program after lower}}
module {
}

// -----

tile.buffer @logits[wanted, 8]
tile.program @decode max_tokens 1 logits @logits {
}
kernel.reference @r() {
  kernel.yield
}
// expected-error @+1 {{expected a function in the place of its body after lower}}
tile.phase @phase reference @r bucket 1 {
  %n = tile.count tokens
}
