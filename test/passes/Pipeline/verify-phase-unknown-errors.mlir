// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=polish})" --split-input-file --verify-diagnostics
// A step must be of the list.

// expected-error @+1 {{expected a phase, one of import, normalize, quantize, cache, fuse, schedule, lower, but got "polish"}}
module {
}
