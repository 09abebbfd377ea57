//===- Abi.h - how compiled phases are called ------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contract between generated code (passes/Lower/Cpu) and the runtime (lib/Runtime). Plain C, no
// vector arguments. FRIT_ABI_VERSION is in the bundle's manifest and is checked before code is
// loaded.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_RUNTIME_ABI_H
#define FRIT_RUNTIME_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FRIT_ABI_VERSION 3

/// What one call of a program shares between all phases and workers. Generated code reads fields by
/// their offset: new fields are added at the end.
typedef struct frit_ctx {
  uint32_t size;    ///< sizeof(frit_ctx) of the runtime
  uint32_t version; ///< FRIT_ABI_VERSION
  /// Number of tokens of this call. The three arrays below are padded to a multiple of the
  /// manifest's `token_multiple`; a padding token has position -1, id 0 and slot 0.
  int64_t tokens;
  const int32_t *ids;
  const int32_t *positions;
  const int32_t *slots;
  /// Number of tokens whose logits are wanted, and their indices; padded with index 0.
  int64_t wanted;
  const int32_t *wantedRows;
  /// Activation buffers, in the manifest's order; each padded as the tokens (or the wanted rows)
  /// are. 64 bytes behind each may be read.
  uint8_t *const *buffers;
  /// Worker w's private scratch memory begins at scratch + w * scratchStride; 64-byte aligned.
  uint8_t *scratch;
  int64_t scratchStride;
  /// Tokens a slot of every cache has room for; a multiple of 64.
  int64_t kvCapacity;
  /// Rotary tables, in the manifest's order: table i holds for each token (padded) dim/2 cosines
  /// and then dim/2 sines of position * position_scale * theta^(-2j/dim), computed in f64.
  const float *const *ropeTables;
} frit_ctx;

/// A phase. `row` is a table of addresses: row[0] and row[1] are the keys and values of the layer's
/// cache (null when the phase uses none), row[2 + i] is the layer's part of the phase's i-th pack.
/// Called by every worker with the same ctx and row; 0 <= worker < workers.
///
/// A cache side is, for each slot, for each head: keys as [capacity/16][key_dim][16] (the 16 keys
/// of a group side by side), values as [capacity][value_dim]; elements of the manifest's type.
/// Memory is zero when a session starts and finite ever after.
typedef void (*frit_phase_fn)(const frit_ctx *ctx, uint8_t *const *row, int32_t worker,
                              int32_t workers);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // FRIT_RUNTIME_ABI_H
