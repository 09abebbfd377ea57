// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-plan-cache{type=int8})" --verify-diagnostics
// A type of storage that does not exist is refused by name.

// expected-error @+1 {{expected a cache type of f16 or f32, but got int8}}
module {
}
