//===- Passes.td - passes of the step 'fuse' -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_FUSE_PASSES
#define FRIT_PASSES_FUSE_PASSES

include "mlir/Pass/PassBase.td"

def FormPhases : Pass<"frit-form-phases", "::mlir::ModuleOp"> {
  let summary = "Cut layers and functions into phases";
  let description = [{
    Terms: an *anchor* owns loops that all cores share; a *row* op needs whole rows of its input; a
    *local* op needs only the tile of each operand (`FusibleOpInterface`). The cut follows the data
    flow alone:

    1. `graph.linear` products that read the same value become the anchors of one phase, every other
       anchor, `graph.logits` too, gets a phase of its own;
    2. a row op is recomputed in the prologue of every phase whose anchor reads it; one that something
       else reads becomes the anchor of a phase of its own;
    3. a local op joins, as epilogue, the last phase that computes one of its operands.

    With `fusion=none` every op is the anchor of a phase of its own: to measure what fusion gains, and to
    find a fault. With `fusion=planned` the planner decides for the machine of the module and calls of
    `tokens` and `keys` (docs/planner.md).

    Phases run in the order of their first anchors. Fails when the ops on a cache are in another order,
    and on ops with regions.

    This is the place of the cost-driven planner, which will decide 1 to 3 per edge from the machine.
    Every cut leaves a remark.

    Before:
    ```mlir
    %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
    %o = graph.linear %n, %w : tensor<?x576xf32>, !graph.weight<576x576, q4_1>
    %y = graph.residual %x, %o : tensor<?x576xf32>
    ```
    After:
    ```mlir
    %y = kernel.call @decoder.w(%x, %i) : (tensor<?x576xf32>, index) -> tensor<?x576xf32>
    ```
  }];
  let options = [
    Option<"fusion", "fusion", "std::string", "\"all\"", "Whether ops share phases: all, none or planned">,
    Option<"tokens", "tokens", "int64_t", "1", "Tokens of the calls to plan for">,
    Option<"keys", "keys", "int64_t", "1024", "Keys that the newest token sees in the calls to plan for">];
  let dependentDialects = ["::frit::graph::GraphDialect", "::frit::kernel::KernelDialect"];
}

#endif // FRIT_PASSES_FUSE_PASSES
