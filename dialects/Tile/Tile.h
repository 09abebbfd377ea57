//===- Tile.h - phases as loops over tiles ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_TILE_TILE_H
#define FRIT_DIALECTS_TILE_TILE_H

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
/// Columns of a p16 block of a quantized format; packs are padded to it with scales of zero.
inline constexpr int64_t blockColumns = 64;

/// Bytes of one group of 16 rows in p16 order.
int64_t groupBytes(Format format, int64_t columns);

} // namespace frit::tile

#endif // FRIT_DIALECTS_TILE_TILE_H
