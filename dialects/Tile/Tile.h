//===- Tile.h - phases as loops over tiles ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_TILE_TILE_H
#define FRIT_DIALECTS_TILE_TILE_H

#include "dialects/Graph/Graph.h"
#include "frit/Formats/Formats.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tile/TileDialect.h.inc"
#include "dialects/Tile/TileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.h.inc"

namespace frit::tile {

/// Rows side by side in a p16 group.
inline constexpr int64_t groupRows = 16;

/// How a p16 block of a quantized format lies in memory (TileBase.td, Tile_OrderAttr): offsets from
/// its begin, in bytes.
struct P16Block {
  int64_t columns;    ///< of a block; rows are filled up to whole ones with scales of zero
  int64_t scales;     ///< 16 bits a row, for each block of the file in turn
  int64_t mins;       ///< likewise
  int64_t subScales;  ///< a byte a row, for each sub-block in turn
  int64_t subMins;    ///< likewise
  int64_t codes;      ///< of the first 32 columns
  int64_t halfBytes;  ///< codes of 32 columns
  int64_t blockBytes; ///< from block to block
};
P16Block p16Block(const FormatInfo &format);

/// Codes lie in planes of 8, 4, 2 or 1 bits, the low bits first: a vector of 64 bytes a bit. Of a
/// plane of b bits, the codes of columns 4q to 4q + 3 are bits b * (q / b) and on of vector q % b.
struct CodePlane {
  int64_t bits;
  int64_t firstBit;
};
llvm::SmallVector<CodePlane, 2> codePlanes(unsigned codeBits);

/// A block of int8 activations in memory (TileBase.td, Tile_QTileType): offsets from its begin, in
/// bytes.
struct ActivationBlock {
  int64_t scale;     ///< f32; the codes are in front of it
  int64_t scaledSum; ///< f32: scale * sum
  int64_t sum;       ///< i32: of all codes
  int64_t firstSum;  ///< i32: of the first half of the codes
  int64_t blockBytes;
};
constexpr ActivationBlock activationBlockOf(int64_t columns) {
  return {columns, columns + 4, columns + 8, columns + 12, columns + 16};
}

/// Bytes of one group of 16 rows in p16 order.
int64_t groupBytes(Format format, int64_t columns);

} // namespace frit::tile

#endif // FRIT_DIALECTS_TILE_TILE_H
