//===- TileBase.td - the tile dialect, its types and attributes ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_TILE_TILEBASE
#define FRIT_DIALECTS_TILE_TILEBASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::frit::tile";
  let summary = "Loops over tiles, and how weights are packed for them";
  let description = [{
    `schedule` rewrites each phase into loops (scf) over values that fit near the core. A tile is a
    value: no op says where it lives. Buffers are the activations all cores see, one symbol each;
    packs say how weights are laid out, one symbol each, and are the packer's only input.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class Tile_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::frit::tile";
  let genSpecializedAttr = 0;
}

def Tile_Rows : Tile_Enum<"Rows", "what the rows of a buffer stand for", [
  I32EnumAttrCase<"Tokens", 0, "tokens">, I32EnumAttrCase<"Wanted", 1, "wanted">]>;
def Tile_RowsAttr : EnumAttr<Tile_Dialect, Tile_Rows, "rows">;

def Tile_Reduction : Tile_Enum<"Reduction", "how elements are combined", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Max", 1, "max">]>;
def Tile_ReductionAttr : EnumAttr<Tile_Dialect, Tile_Reduction, "reduction">;

def Tile_Side : Tile_Enum<"Side", "side of a KV cache", [
  I32EnumAttrCase<"Keys", 0, "keys">, I32EnumAttrCase<"Values", 1, "values">]>;
def Tile_SideAttr : EnumAttr<Tile_Dialect, Tile_Side, "side">;

def Tile_Order : Tile_Enum<"Order", "how a matrix lies in memory", [
  I32EnumAttrCase<"P16", 0, "p16">,            // groups of 16 rows side by side, along the columns
  I32EnumAttrCase<"ColumnMajor", 1, "columns">, // the rows of a column side by side
  I32EnumAttrCase<"Vector", 2, "vector">]>;     // as f32, one after another
def Tile_OrderAttr : EnumAttr<Tile_Dialect, Tile_Order, "order"> {
  let description = [{
    `p16`: a block is 16 rows x 64 columns, or x 256 where the format has blocks of 256. It begins with the scales
    of the file's blocks, `[blocks][16]` f16 (bf16 for MXFP4), the minima likewise, the integer factors of sub-blocks, `[subs][16]`
    bytes, and those of the minima likewise; what is not in the format is left out. From the next multiple of 64 on
    follow the codes: for every 32 columns, planes of 8, 4, 2 or 1 bits that make up the codes, low bits first. A plane of b bits is b
    vectors of 64 bytes, in which row r has bytes 4r to 4r+3; the codes of columns 4q to 4q+3 are in the bits from b * (q / b) on of vector q % b
    (so of 4-bit codes the low nibbles of vector j are columns 4j to 4j+3 and the high ones columns 16+4j to 16+4j+3).
    Floats: `[columns][16]`. One order serves vectors of 4, 8 and 16 lanes.
  }];
}

class Tile_Type<string name, string typeMnemonic> : TypeDef<Tile_Dialect, name> {
  let mnemonic = typeMnemonic;
  let genVerifyDecl = 1;
}

def Tile_TileType : Tile_Type<"Tile", "tile"> {
  let summary = "A tile of f32 values near the core";
  let description = "Example: `!tile.tile<6x64>`.";
  let parameters = (ins "int64_t":$rows, "int64_t":$columns);
  let assemblyFormat = "`<` custom<TileShape>($rows, $columns) `>`";
}

def Tile_QTileType : Tile_Type<"QTile", "qtile"> {
  let summary = "A tile of int8 blocks with f32 scales near the core";
  let description = [{
    The tile form of `!graph.qtensor`. In memory a block is its codes, its scale (f32), the scale times the sum of its codes
    (f32), that sum (i32) and the sum of the first half of them (i32).

    Example: `!tile.qtile<48x576, block = 32>`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$block);
  let assemblyFormat = "`<` custom<TileShape>($rows, $columns) `,` `block` `=` $block `>`";
}

def Tile_MatrixType : Tile_Type<"Matrix", "matrix"> {
  let summary = "A matrix in memory that a product reads in place";
  let description = [{
    Some rows of a pack or of a cache side; `format` as in Formats.def.

    Example: `!tile.matrix<64x576, q4_1, p16>`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "::frit::Format":$format,
                        "::frit::tile::Order":$order);
  let hasCustomAssemblyFormat = 1;
}

def Tile_DispatchType : Tile_Type<"Dispatch", "dispatch"> {
  let summary = "Which parts of which tokens each expert works on";
  let description = [{
    Of up to `tokens` tokens with `top` of `experts` experts each. A part is a token and one of its experts: part
    `top` x t + s is expert s of token t. The parts of an expert are listed in their order, each expert's from
    a multiple of `step` on, filled up with part 0.

    Example: `!tile.dispatch<tokens = 528, top = 8, experts = 128, step = 6>`.
  }];
  let parameters = (ins "int64_t":$tokens, "int64_t":$top, "int64_t":$experts, "int64_t":$step);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// Places of the list of parts.
    int64_t getPlaces() const { return getTokens() * getTop() + getExperts() * (getStep() - 1); }
  }];
}

/// Sizes of tiles and blocks of keys, which lowering may unroll.
def Tile_SmallAttr : ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<4096>]>;
/// Columns of a buffer: a row's bytes fit 64 bits.
def Tile_ColumnsAttr : ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<1073741824>]>;
/// Newest positions a token sees; positions are i32.
def Tile_WindowAttr : ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<2147483647>]>;

def Tile_AnyTile : AnyTypeOf<[Tile_TileType, Tile_QTileType], "a tile">;

#endif // FRIT_DIALECTS_TILE_TILEBASE
