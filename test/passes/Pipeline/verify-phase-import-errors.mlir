// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=import})" --split-input-file --verify-diagnostics
// Only the dialects of a step may remain.

kernel.reference @r() {
  // expected-error @+1 {{expected no op of dialect kernel after import, only builtin graph kv}}
  kernel.yield
}

// -----

graph.func @nested() {
  // expected-error @+1 {{expected no op of dialect arith after import, only builtin graph kv}}
  %c = arith.constant 0 : index
  graph.return
}
