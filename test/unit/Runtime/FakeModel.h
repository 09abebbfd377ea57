//===- FakeModel.h - the numbers of the fake model, for C and C++ ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model of integers: exact, and each number depends on every one before it, so that a phase that
// runs too early, twice or not at all changes the result.
//
//   x[j]       = embedding[id][j] + 31 * position
//   each layer l, with weights w (w[0..15]):
//     key[h][d]   = low 16 bits of x[d] * w[h] + d
//     value[h][d] = x[(d + h) mod 8] * w[8 + h] + d
//     a[j]        = sum over positions p up to this one, heads h:
//                     (p + 1) * (sum over d: key * (d + 1)  +  sum over d: value * (d + 3 + j))
//     y[j]        = a[j] + sum over i: x[i] * w[i + 1]  +  j
//     x[j]        = y[(j + 1) mod 8] xor (y[j] >> 7)
//   logits[v]  = (sum over j: x[j] * embedding[v][j]) mod 4096
//
// all in 32 bits. (The tables for rotary embedding are only checked.) The first logits say how the
// phases were called instead, see FakeLogit.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_RUNTIME_FAKEMODEL_H
#define FRIT_TEST_UNIT_RUNTIME_FAKEMODEL_H

enum {
  FakeHidden = 8,
  FakeHeads = 2,
  FakeKeyDim = 4,
  FakeValueDim = 6,
  FakeLayers = 2,
  FakeTokenMultiple = 6,
  FakeWantedMultiple = 4,
  FakeContext = 1000,
  FakeScratchBytes = 1000,
  FakeRopeTables = 2,
  FakeRopeDim = 8, /* of table 0; table i has 2 * i less */
};

enum FakeLogit {
  FakeLogitTokens,  /* tokens of the call */
  FakeLogitWanted,  /* wanted tokens of the call */
  FakeLogitProgram, /* 0, 1, ...: the program, by the row of the pack "program" */
  FakeLogitFaults,  /* what the phases found wrong: bits of FakeFault */
  FakeLogitWorkers, /* number of workers */
  FakeLogitCapacity,
  FakeLogitCount,
};

enum FakeFault {
  FakeFaultContext = 1,   /* size, version or capacity */
  FakeFaultPadding = 2,   /* token arrays or wantedRows are not padded as the ABI says */
  FakeFaultAlignment = 4, /* a buffer, pack, cache or scratch is not aligned */
  FakeFaultScratch = 8,   /* another worker wrote to this one's scratch */
  FakeFaultSlots = 32,    /* tokens of several slots in one call */
  FakeFaultRope = 16,     /* a rotary table is not what theta = 10000 (100), scale 1 (0.25) gives */
};

#endif
