// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations)" --verify-diagnostics
// RUN: not %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations{activations=int4})" 2>&1 | FileCheck %s
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations{activations=f32})" -o /dev/null
// The choice needs a machine, except when there is none to make.

// CHECK: error: expected activations int8 or f32, but got int4
// expected-error @+1 {{expected a machine.target on the module to choose the activations of products}}
module {
}
