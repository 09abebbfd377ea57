//===- Codes.cpp - integer codes of quantized weights to levels ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/Tile.h"
#include "passes/Lower/Cpu/Emitter.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

Value Emitter::levels(const FormatInfo &format, int64_t quad, function_ref<Value(int64_t)> load) {
  Value codes;
  int64_t offset = 0;
  for (const tile::CodePlane &plane : tile::codePlanes(format.codeBits)) {
    Value bits = load(offset + 64 * (quad % plane.bits));
    int64_t shift = plane.bits * (quad / plane.bits) - plane.firstBit;
    bits = shift > 0 ? shiftRight(bits, shift) : shift < 0 ? shiftLeft(bits, -shift) : bits;
    if (plane.bits < 8)
      bits = bitAnd(bits, ((int64_t{1} << plane.bits) - 1) << plane.firstBit);
    codes = bitOr(codes, bits);
    offset += 64 * plane.bits;
  }
  return format.levels ? lookUpLevels(format, codes) : codes;
}

Value Emitter::lookUpLevels(const FormatInfo &format, Value codes) {
  auto type = mlir::cast<VectorType>(codes.getType());
  int64_t count = int64_t{1} << format.codeBits;
  // A byte shuffle looks up 16 bytes in each 128-bit part of a vector.
  int64_t bytes = type.getNumElements();
  StringRef shuffle;
  if (bytes == 64 && target.hasFeature("avx512bw"))
    shuffle = "llvm.x86.avx512.pshuf.b.512";
  else if (bytes == 32 && target.hasFeature("avx2"))
    shuffle = "llvm.x86.avx2.pshuf.b";
  if (!shuffle.empty()) {
    SmallVector<int8_t> table;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      table.push_back(static_cast<int8_t>(format.levels[i % count]));
    Value levels = constant(DenseElementsAttr::get(type, ArrayRef(table)));
    return LLVM::CallIntrinsicOp::create(builder, loc, type, builder.getStringAttr(shuffle),
                                         ValueRange{levels, codes})
        .getResult(0);
  }
  Value result = intLike(static_cast<int8_t>(format.levels[0]), type);
  for (int64_t code = 1; code < count; ++code) {
    Value equal =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, codes, intLike(code, type));
    result = arith::SelectOp::create(
        builder, loc, equal, intLike(static_cast<int8_t>(format.levels[code]), type), result);
  }
  return result;
}
