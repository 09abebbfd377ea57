//===- Passes.td - passes of the step 'schedule' ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_SCHEDULE_PASSES
#define FRIT_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def FormTiles : Pass<"frit-form-tiles", "::mlir::ModuleOp"> {
  let summary = "Turn phases into loops over tiles";
  let description = [{
    Terms: a *bucket* is a range of batch sizes that share code: one token, and up to `max-tokens` tokens;
    a *share* is a part of a phase's work that one core does alone, of a size that never depends on the
    number of cores; a *step* is the number of tokens a product takes at once.

    For each `kernel.phase` and bucket it emits one `tile.phase`; for each bucket one `tile.program`. It
    also decides what all buckets have in common: a `tile.buffer` for each tensor that crosses a
    barrier, a `tile.pack` for the weights of each phase. Products share the rows of their weights:
    whole heads where the epilogue needs them, 32 rows otherwise. Attention shares heads and token
    steps and streams over blocks of 64 keys with a running maximum (Milakov and Gimelshein 2018; Dao et al. 2022).

    Before:
    ```mlir
    kernel.phase @decoder.attn_output(%a: tensor<?x576xf32>, %i: index) -> tensor<?x576xf32> ...
    ```
    After:
    ```mlir
    tile.phase @decoder.attn_output.m1 reference @decoder.attn_output.reference bucket 1 {
      %lo, %hi, %step = tile.shares %c18
      scf.for %s = %lo to %hi step %step {
        %w = tile.weights @decoder.attn_output[%s] : !tile.matrix<32x576, q4_1, p16>
        %y = tile.product %a, %w instruction "dot4.512" : ...
    ```
    Fails on a phase it has no schedule for, naming the op. Buckets, shares and whether products share a
    pack leave remarks (category `schedule`).
  }];
  let options = [
    Option<"maxTokens", "max-tokens", "int64_t", "512", "Tokens of the largest batch one call takes">];
  let dependentDialects = ["::frit::tile::TileDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif // FRIT_PASSES_SCHEDULE_PASSES
