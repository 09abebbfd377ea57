//===- Passes.td - passes between the steps --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PIPELINE_PASSES
#define FRIT_LIB_PIPELINE_PASSES

include "mlir/Pass/PassBase.td"

def VerifyPhase : Pass<"frit-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Check what must hold after a step";
  let description = [{
    The contract of a step of include/frit/Pipeline/Phases.def: only its dialects may remain, and what it
    makes explicit must be explicit. Also records on the module (`frit.phase`) that the step is done, so
    that a dump can be compiled further.

    Before:
    ```mlir
    module {
    }
    ```
    After `frit-verify-phase{phase=quantize}`:
    ```mlir
    module attributes {frit.phase = "quantize"} {
    }
    ```
  }];
  let options = [
    Option<"phase", "phase", "std::string", "\"\"", "Name of the step whose contract is checked">];
}

#endif // FRIT_LIB_PIPELINE_PASSES
