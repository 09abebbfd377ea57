// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=some})" --verify-diagnostics
// What no option has is refused.

// expected-error @+1 {{expected fusion to be all or none, but got some}}
module {
}
