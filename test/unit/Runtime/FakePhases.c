/*===- FakePhases.c - what compiled code would be, by hand ----------------===*\
|*
|* Part of frit, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*
|*
|* The phases of FakeModel.h. Tokens or elements are dealt out to the workers round robin, so that
|* each phase reads what other workers wrote in the one before.
|*
\*===----------------------------------------------------------------------===*/

#include "FakeModel.h"
#include "frit/Runtime/Abi.h"

#include <math.h>
#include <string.h>

/* The second library of fake phases differs from the first in this. */
#ifndef FAKE_SALT
#define FAKE_SALT 0
#endif

/* Indices of the manifest's buffers. */
enum { BufferX, BufferY, BufferFaults, BufferLogits };

static uint32_t *rowOf(const frit_ctx *ctx, int buffer, int64_t row) {
  return (uint32_t *)ctx->buffers[buffer] + row * FakeHidden;
}

static int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

static int isMisaligned(const void *address) { return (uintptr_t)address % 64 != 0; }

static uint32_t findFaults(const frit_ctx *ctx, uint8_t *const *row) {
  uint32_t faults = 0;
  if (ctx->size != sizeof(frit_ctx) || ctx->version != FRIT_ABI_VERSION ||
      ctx->kvCapacity % 64 != 0)
    faults |= FakeFaultContext;
  for (int64_t i = ctx->tokens; i < roundUp(ctx->tokens, FakeTokenMultiple); ++i)
    if (ctx->ids[i] != 0 || ctx->positions[i] != -1 || ctx->slots[i] != 0)
      faults |= FakeFaultPadding;
  for (int64_t i = 1; i < ctx->tokens; ++i)
    if (ctx->slots[i] != ctx->slots[0])
      faults |= FakeFaultSlots;
  for (int64_t i = ctx->wanted; i < roundUp(ctx->wanted, FakeWantedMultiple); ++i)
    if (ctx->wantedRows[i] != 0)
      faults |= FakeFaultPadding;
  if (isMisaligned(ctx->buffers[BufferX]) || isMisaligned(ctx->buffers[BufferLogits]) ||
      isMisaligned(ctx->scratch) || ctx->scratchStride % 64 != 0 ||
      ctx->scratchStride < FakeScratchBytes || isMisaligned(row[2]))
    faults |= FakeFaultAlignment;
  return faults;
}

static int isWrong(float found, double expected) { return !(fabs(found - expected) <= 1e-7); }

static uint32_t findRopeFaults(const frit_ctx *ctx, int64_t token) {
  static const double theta[FakeRopeTables] = {10000, 100}, scale[FakeRopeTables] = {1, 0.25};
  uint32_t faults = 0;
  for (int i = 0; i < FakeRopeTables; ++i) {
    int pairs = FakeRopeDim / 2 - i;
    const float *table = ctx->ropeTables[i] + token * 2 * pairs;
    for (int j = 0; j < pairs; ++j) {
      double angle = ctx->positions[token] * scale[i] / pow(theta[i], (double)j / pairs);
      if (isWrong(table[j], cos(angle)) || isWrong(table[pairs + j], sin(angle)))
        faults |= FakeFaultRope;
    }
  }
  return faults;
}

/* row: null, null, embedding */
void fakeEmbed(const frit_ctx *ctx, uint8_t *const *row, int32_t worker, int32_t workers) {
  const uint32_t *embedding = (const uint32_t *)row[2];
  for (int64_t t = worker; t < ctx->tokens; t += workers) {
    uint32_t *x = rowOf(ctx, BufferX, t);
    for (int j = 0; j < FakeHidden; ++j)
      x[j] = embedding[ctx->ids[t] * FakeHidden + j] + 31 * (uint32_t)ctx->positions[t];
    *(uint32_t *)(ctx->buffers[BufferFaults] + t * 4) =
        findFaults(ctx, row) | findRopeFaults(ctx, t) | (row[0] || row[1] ? FakeFaultContext : 0);
  }
  memset(ctx->scratch + worker * ctx->scratchStride, worker, (size_t)ctx->scratchStride);
}

static uint16_t *keyAt(const frit_ctx *ctx, uint8_t *keys, int32_t slot, int head, int32_t position,
                       int dim) {
  int64_t at = slot * FakeHeads + head;
  at = at * (ctx->kvCapacity / 16) + position / 16;
  at = (at * FakeKeyDim + dim) * 16 + position % 16;
  return (uint16_t *)keys + at;
}

static uint32_t *valueAt(const frit_ctx *ctx, uint8_t *values, int32_t slot, int head,
                         int32_t position, int dim) {
  int64_t at = slot * FakeHeads + head;
  at = (at * ctx->kvCapacity + position) * FakeValueDim + dim;
  return (uint32_t *)values + at;
}

/* row: keys, values, weights. Reads what the same worker wrote: needs no barrier before it. */
void fakeAppend(const frit_ctx *ctx, uint8_t *const *row, int32_t worker, int32_t workers) {
  const uint32_t *weights = (const uint32_t *)row[2];
  for (int64_t t = worker; t < ctx->tokens; t += workers) {
    const uint32_t *x = rowOf(ctx, BufferX, t);
    int32_t slot = ctx->slots[t], position = ctx->positions[t];
    for (int h = 0; h < FakeHeads; ++h) {
      for (int d = 0; d < FakeKeyDim; ++d)
        *keyAt(ctx, row[0], slot, h, position, d) = (uint16_t)(x[d] * weights[h] + (uint32_t)d);
      for (int d = 0; d < FakeValueDim; ++d)
        *valueAt(ctx, row[1], slot, h, position, d) =
            x[(d + h) % FakeHidden] * weights[8 + h] + (uint32_t)d;
    }
  }
}

/* row: keys, values, weights. An element a worker, of tokens that others wrote. */
void fakeAttend(const frit_ctx *ctx, uint8_t *const *row, int32_t worker, int32_t workers) {
  const uint32_t *weights = (const uint32_t *)row[2];
  for (int64_t t = 0; t < ctx->tokens; ++t) {
    const uint32_t *x = rowOf(ctx, BufferX, t);
    for (int j = 0; j < FakeHidden; ++j) {
      if ((t * FakeHidden + j) % workers != worker)
        continue;
      uint32_t sum = 0;
      for (int32_t p = 0; p <= ctx->positions[t]; ++p) {
        uint32_t dot = 0;
        for (int h = 0; h < FakeHeads; ++h) {
          for (int d = 0; d < FakeKeyDim; ++d)
            dot += *keyAt(ctx, row[0], ctx->slots[t], h, p, d) * (uint32_t)(d + 1);
          for (int d = 0; d < FakeValueDim; ++d)
            dot += *valueAt(ctx, row[1], ctx->slots[t], h, p, d) * (uint32_t)(d + 3 + j);
        }
        sum += (uint32_t)(p + 1) * dot;
      }
      for (int i = 0; i < FakeHidden; ++i)
        sum += x[i] * weights[i + 1];
      rowOf(ctx, BufferY, t)[j] = sum + (uint32_t)j;
    }
  }
}

/* row: null, null. */
void fakeMix(const frit_ctx *ctx, uint8_t *const *row, int32_t worker, int32_t workers) {
  (void)row;
  const uint8_t *scratch = ctx->scratch + worker * ctx->scratchStride;
  for (int64_t t = worker; t < ctx->tokens; t += workers) {
    const uint32_t *y = rowOf(ctx, BufferY, t);
    uint32_t *x = rowOf(ctx, BufferX, t);
    for (int j = 0; j < FakeHidden; ++j)
      x[j] = y[(j + 1) % FakeHidden] ^ (y[j] >> 7);
    for (int64_t i = 0; i < ctx->scratchStride; ++i)
      if (scratch[i] != (uint8_t)worker)
        *(uint32_t *)(ctx->buffers[BufferFaults] + t * 4) |= FakeFaultScratch;
  }
}

/* row: null, null, embedding, program, vocabulary. */
void fakeLogits(const frit_ctx *ctx, uint8_t *const *row, int32_t worker, int32_t workers) {
  const uint32_t *embedding = (const uint32_t *)row[2];
  uint32_t vocabulary = *(const uint32_t *)row[4];
  for (int64_t w = 0; w < ctx->wanted; ++w) {
    int64_t t = ctx->wantedRows[w];
    const uint32_t *x = rowOf(ctx, BufferX, t);
    float *logits = (float *)ctx->buffers[BufferLogits] + w * vocabulary;
    for (uint32_t v = (uint32_t)worker; v < vocabulary; v += (uint32_t)workers) {
      uint32_t dot = 0;
      for (int j = 0; j < FakeHidden; ++j)
        dot += x[j] * embedding[v * FakeHidden + j];
      if (v == FakeLogitTokens)
        dot = (uint32_t)ctx->tokens;
      else if (v == FakeLogitWanted)
        dot = (uint32_t)ctx->wanted;
      else if (v == FakeLogitProgram)
        dot = *(const uint32_t *)row[3];
      else if (v == FakeLogitFaults)
        dot = *(const uint32_t *)(ctx->buffers[BufferFaults] + t * 4);
      else if (v == FakeLogitWorkers)
        dot = (uint32_t)workers;
      else if (v == FakeLogitCapacity)
        dot = (uint32_t)ctx->kvCapacity;
      else
        dot += FAKE_SALT;
      logits[v] = (float)(dot % 4096);
    }
  }
}
