//===- Instructions.cpp - how each matrix instruction sums a block ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Lower/Cpu/Emitter.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

namespace {

/// Calls an LLVM intrinsic by name: upstream dialects have no op for these.
Value intrinsic(Emitter &emit, StringRef name, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(emit.builder, emit.loc, type,
                                       emit.builder.getStringAttr(name), operands)
      .getResult(0);
}

/// 4 signed bytes in every lane.
Value broadcastQuad(Emitter &emit, Value activations, int64_t quad, int64_t lanes) {
  Value word = emit.load(emit.builder.getI32Type(), emit.address(activations, 4 * quad), 4);
  return vector::BitCastOp::create(emit.builder, emit.loc, emit.ints(4 * lanes, 8),
                                   emit.splat(word, emit.ints(lanes)));
}

/// AVX-512-VNNI and AVX-VNNI: four products a lane added to an i32 in one instruction.
struct DotAccumulate : MatrixInstruction {
  Value emitSum(Emitter &emit, int /*maxLevel*/, ArrayRef<Value> levels, Value activations,
                Value sums) override {
    StringRef name = lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256";
    for (auto [quad, bytes] : llvm::enumerate(levels))
      sums = intrinsic(emit, name, sums.getType(),
                       {sums, bytes, broadcastQuad(emit, activations, quad, lanes)});
    return sums;
  }
};

/// AVX2: vpmaddubsw adds pairs in i16. Small levels leave room for the pairs of several quads;
/// large ones would saturate and are summed as two planes of nibbles, high ones times 16.
struct MultiplyAddPairs : MatrixInstruction {
  /// What two products add at most: codes of activations are -127 to 127.
  static constexpr int pairOf1 = 2 * 127;

  Value sumPlane(Emitter &emit, int maxLevel, ArrayRef<Value> quads, ArrayRef<Value> broadcasts) {
    VectorType i16 = emit.ints(2 * lanes, 16);
    size_t room = INT16_MAX / (maxLevel * pairOf1);
    Value sums;
    for (size_t first = 0; first < quads.size(); first += room) {
      Value pairs;
      for (size_t q = first; q < std::min(first + room, quads.size()); ++q) {
        Value product =
            intrinsic(emit, "llvm.x86.avx2.pmadd.ub.sw", i16, {quads[q], broadcasts[q]});
        pairs = pairs ? emit.add(pairs, product) : product;
      }
      Value words = intrinsic(emit, "llvm.x86.avx2.pmadd.wd", emit.ints(lanes),
                              {pairs, emit.intLike(1, i16)});
      sums = sums ? emit.add(sums, words) : words;
    }
    return sums;
  }

  Value emitSum(Emitter &emit, int maxLevel, ArrayRef<Value> levels, Value activations,
                Value sums) override {
    SmallVector<Value> broadcasts;
    for (size_t quad = 0; quad < levels.size(); ++quad)
      broadcasts.push_back(broadcastQuad(emit, activations, static_cast<int64_t>(quad), lanes));
    if (maxLevel * pairOf1 <= INT16_MAX)
      return emit.add(sums, sumPlane(emit, maxLevel, levels, broadcasts));
    SmallVector<Value> low, high;
    for (Value bytes : levels) {
      low.push_back(emit.bitAnd(bytes, 15));
      high.push_back(emit.shiftRight(bytes, 4));
    }
    Value highSum = emit.shiftLeft(sumPlane(emit, maxLevel >> 4, high, broadcasts), 4);
    return emit.add(sums, emit.add(highSum, sumPlane(emit, 15, low, broadcasts)));
  }
};

/// Every target: bytes widened to i32, one column of the quad after the other.
struct Widen : MatrixInstruction {
  Value emitSum(Emitter &emit, int /*maxLevel*/, ArrayRef<Value> levels, Value activations,
                Value sums) override {
    VectorType i32 = emit.ints(lanes);
    for (auto [quad, bytes] : llvm::enumerate(levels)) {
      Value words = vector::BitCastOp::create(emit.builder, emit.loc, i32, bytes);
      for (int64_t i = 0; i < 4; ++i) {
        Value level = emit.bitAnd(emit.shiftRight(words, 8 * i), 255);
        Value byte = emit.load(emit.builder.getI8Type(),
                               emit.address(activations, 4 * static_cast<int64_t>(quad) + i), 1);
        sums = emit.add(sums, emit.mul(level, emit.splat(emit.cast(byte, 32), i32)));
      }
    }
    return sums;
  }
};

} // namespace

std::unique_ptr<MatrixInstruction> MatrixInstruction::get(StringRef name) {
  std::unique_ptr<MatrixInstruction> result;
#define FRIT_CPU_INSTRUCTION(keyword, laneCount, Emit)                                             \
  if (name == (keyword)) {                                                                         \
    result = std::make_unique<Emit>();                                                             \
    result->lanes = laneCount;                                                                     \
  }
#include "passes/Lower/Cpu/Instructions.def"
  return result;
}
