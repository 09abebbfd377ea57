// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-tiles{max-tokens=1})" --verify-diagnostics
// One token is a bucket of its own: the other must hold more.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
// expected-error @+1 {{expected max-tokens of at least 2, but got 1}}
module attributes {machine.target = #target} {
}
