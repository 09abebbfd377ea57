//===- Passes.td - passes of the step 'normalize' --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_NORMALIZE_PASSES
#define FRIT_PASSES_NORMALIZE_PASSES

include "mlir/Pass/PassBase.td"

def NormalizeRope : Pass<"frit-normalize-rope", "::mlir::ModuleOp"> {
  let summary = "Spell every rotary embedding as halves";
  let description = [{
    Some checkpoints store the rows of q and k so that the elements of a pair are neighbours
    (`interleaved`), others half a head apart (`halves`). Reordering the rows of the weight that
    produces them changes neither scores nor values, so the pass moves the difference into the
    weight: its rows are unpaired when they are packed, and both files give the same bits.

    Before:
    ```mlir
    graph.column @attn_q : !graph.weight<576x576, q4_1> at [@f0], [0]
    %q = graph.linear %n, %wq : tensor<?x576xf32>, !graph.weight<576x576, q4_1>
    %r = graph.rope %q, %tok interleaved {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x576xf32>
    ```
    After:
    ```mlir
    graph.column @attn_q : !graph.weight<576x576, q4_1> at [@f0], [0] rows <64>
    %r = graph.rope %q, %tok halves {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x576xf32>
    ```
    A norm between product and rope, or behind the rope, may come with it: the elements of its weight are unpaired in
    the same way; `graph.scale_rows` between product and rope has one factor for all of them. Fails on a rope whose input is not the only use of a product, or whose weight or bias has another use:
    there the rows cannot be reordered.
  }];
  let dependentDialects = ["::frit::graph::GraphDialect"];
}

#endif // FRIT_PASSES_NORMALIZE_PASSES
