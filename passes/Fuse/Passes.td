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
    *local* op needs only the tile of each operand (`FusibleOpInterface`).

    - `fusion=planned`: the planner decides from the machine of the module (docs/planner.md), once for
      each class of calls: of one token, 2 to 8, 9 to 256, more, up to `max-tokens`. Neighbours that
      are planned alike are one class. For each class but the first, layers and functions are copied,
      and the copies cut (`@forward.t9`: from 9 tokens on); `kernel.tokens` says of which calls each
      is. With `tokens=n` all calls are planned like those of n tokens. A call's newest token is taken
      to see `keys` keys.
    - `fusion=all`: by the data flow alone. `graph.linear` products that read the same value become
      the anchors of one phase; a row op that only anchors and row ops read is recomputed in the
      prologue of their phases; a local op joins, as epilogue, the last phase that computes one of
      its operands.
    - `fusion=none`: every op is the anchor of a phase of its own: to measure what fusion gains, and
      to find a fault.

    Phases run in the order of their first anchors. Fails when the ops on a cache are in another order,
    and on ops with regions. Every cut leaves a remark; with `fusion=planned` every edge does, for each
    class of calls, with what decided it (`lib/Planner/Explain.h`), if remarks of `fuse` are asked for.

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
    Option<"tokens", "tokens", "int64_t", "0", "Tokens of the calls to plan for; 0: a plan for each class of calls">,
    Option<"keys", "keys", "int64_t", "1024", "Keys that the newest token sees in the calls to plan for">,
    Option<"maxTokens", "max-tokens", "int64_t", "512", "Tokens of the largest call">];
  let dependentDialects = ["::frit::graph::GraphDialect", "::frit::kernel::KernelDialect"];
}

#endif // FRIT_PASSES_FUSE_PASSES
