// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=quantize})" --split-input-file --verify-diagnostics
// The contract of quantize.

// expected-error @+1 {{expected a machine.target on the module after quantize}}
module {
}
