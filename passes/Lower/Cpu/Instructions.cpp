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

/// The unsigned bytes of the 8 quads of columns.
SmallVector<Value> unpackQuads(Emitter &emit, unsigned codeBits, ArrayRef<Value> codes) {
  SmallVector<Value> quads(codes.begin(), codes.end());
  if (codeBits == 8)
    return quads;
  Type type = codes.front().getType();
  for (size_t j = 0; j < codes.size(); ++j) {
    quads[j] = arith::AndIOp::create(emit.builder, emit.loc, codes[j], emit.intLike(15, type));
    quads.push_back(
        arith::ShRUIOp::create(emit.builder, emit.loc, codes[j], emit.intLike(4, type)));
  }
  return quads;
}

/// AVX-512-VNNI and AVX-VNNI: four products a lane added to an i32 in one instruction.
struct DotAccumulate : MatrixInstruction {
  Value emitBlock(Emitter &emit, unsigned codeBits, ArrayRef<Value> codes, Value activations,
                  Value sums) override {
    StringRef name = lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256";
    for (auto [quad, bytes] : llvm::enumerate(unpackQuads(emit, codeBits, codes)))
      sums = intrinsic(emit, name, sums.getType(),
                       {sums, bytes, broadcastQuad(emit, activations, quad, lanes)});
    return sums;
  }
};

/// AVX2: vpmaddubsw adds pairs in i16. 4-bit codes leave room for all 8 quads (15 * 127 * 2 * 8 <
/// 2^15); 8-bit codes would saturate and are summed as two planes of nibbles, high ones times 16.
struct MultiplyAddPairs : MatrixInstruction {
  Value sumPlane(Emitter &emit, ArrayRef<Value> quads, ArrayRef<Value> broadcasts) {
    VectorType i16 = emit.ints(2 * lanes, 16);
    Value pairs;
    for (auto [bytes, activation] : llvm::zip_equal(quads, broadcasts)) {
      Value product = intrinsic(emit, "llvm.x86.avx2.pmadd.ub.sw", i16, {bytes, activation});
      pairs = pairs ? emit.add(pairs, product) : product;
    }
    return intrinsic(emit, "llvm.x86.avx2.pmadd.wd", emit.ints(lanes),
                     {pairs, emit.intLike(1, i16)});
  }

  Value emitBlock(Emitter &emit, unsigned codeBits, ArrayRef<Value> codes, Value activations,
                  Value sums) override {
    SmallVector<Value> quads = unpackQuads(emit, codeBits, codes), broadcasts;
    for (int64_t quad = 0; quad < 8; ++quad)
      broadcasts.push_back(broadcastQuad(emit, activations, quad, lanes));
    if (codeBits == 4)
      return emit.add(sums, sumPlane(emit, quads, broadcasts));
    SmallVector<Value> low, high;
    Type type = quads.front().getType();
    for (Value bytes : quads) {
      low.push_back(arith::AndIOp::create(emit.builder, emit.loc, bytes, emit.intLike(15, type)));
      high.push_back(arith::ShRUIOp::create(emit.builder, emit.loc, bytes, emit.intLike(4, type)));
    }
    Value highSum = sumPlane(emit, high, broadcasts);
    Value scaled =
        arith::ShLIOp::create(emit.builder, emit.loc, highSum, emit.intLike(4, highSum.getType()));
    return emit.add(sums, emit.add(scaled, sumPlane(emit, low, broadcasts)));
  }
};

/// Every target: bytes widened to i32, one column of the quad after the other.
struct Widen : MatrixInstruction {
  Value emitBlock(Emitter &emit, unsigned codeBits, ArrayRef<Value> codes, Value activations,
                  Value sums) override {
    VectorType i32 = emit.ints(lanes);
    for (auto [quad, bytes] : llvm::enumerate(unpackQuads(emit, codeBits, codes))) {
      Value words = vector::BitCastOp::create(emit.builder, emit.loc, i32, bytes);
      for (int64_t i = 0; i < 4; ++i) {
        Value code = arith::AndIOp::create(emit.builder, emit.loc, emit.shiftRight(words, 8 * i),
                                           emit.intLike(255, i32));
        Value byte = emit.load(emit.builder.getI8Type(),
                               emit.address(activations, 4 * static_cast<int64_t>(quad) + i), 1);
        sums = emit.add(sums, emit.mul(code, emit.splat(emit.cast(byte, 32), i32)));
      }
    }
    return sums;
  }
};

} // namespace

std::unique_ptr<MatrixInstruction> MatrixInstruction::get(StringRef name) {
  std::unique_ptr<MatrixInstruction> result;
#define FRIT_CPU_INSTRUCTION(keyword, laneCount, Emit)                                             \
  if (name == keyword) {                                                                           \
    result = std::make_unique<Emit>();                                                             \
    result->lanes = laneCount;                                                                     \
  }
#include "passes/Lower/Cpu/Instructions.def"
  return result;
}
