//===- Passes.td - passes between the steps --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PIPELINE_PASSES
#define FRIT_LIB_PIPELINE_PASSES

include "mlir/Pass/PassBase.td"

def RecordDataflow : Pass<"frit-record-dataflow", "::mlir::ModuleOp"> {
  let summary = "Note what programs are held against";
  let description = [{
    Sets `frit.dataflow` on the module: for each function and layer its calls of phases, and for each call the
    numbers of the values that it reads and writes. `schedule` gives values buffers and turns functions into
    programs; `frit-verify-phase` then follows the values through the bytes of the buffers and
    refuses a program that does not compute this dataflow (lib/ProgramCheck).

    Before:
    ```mlir
    graph.func @forward(%tok: !graph.tokens) -> tensor<?x288xf32> {
      %y = kernel.call @forward.logits(%tok) : (!graph.tokens) -> tensor<?x288xf32>
      graph.return %y : tensor<?x288xf32>
    }
    ```
    After:
    ```mlir
    module attributes {frit.dataflow = [{calls = [{computes = @forward.logits.reference, reads = array<i64>,
        writes = array<i64: 0>} ], name = "forward", returns = array<i64: 0>} ]} {
    }
    ```
  }];
}

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
