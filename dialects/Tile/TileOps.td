//===- TileOps.td - phases as loops over tiles -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_TILE_TILEOPS
#define FRIT_DIALECTS_TILE_TILEOPS

include "dialects/Tile/TileBase.td"

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Module level
//===----------------------------------------------------------------------===//

def Tile_BufferOp : Tile_Op<"buffer", [Symbol, HasParent<"::mlir::ModuleOp">]> {
  let summary = "Activations all cores see";
  let description = [{
    Rows, one a token or one a token whose logits are wanted, of f32 or of int8 blocks as in a `!tile.qtile`.
    `schedule` creates one for each value that crosses a barrier; values that are never alive together share one.

    Example:
    ```mlir
    tile.buffer @residual[tokens, 576]
    tile.buffer @ffn[tokens, 1536] int8 by 32
    ```
    **Constraints:** of int8, columns in whole blocks.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Tile_RowsAttr:$rows, Tile_ColumnsAttr:$columns,
                       OptionalAttr<Tile_ColumnsAttr>:$block);
  let assemblyFormat = "$sym_name `[` custom<Rows>($rows) `,` $columns `]` (`int8` `by` $block^)? attr-dict";
  let extraClassDeclaration = [{
    /// Columns that share a scale; 0 for f32.
    int64_t blockColumns() { return static_cast<int64_t>(getBlock().value_or(0)); }
    /// Of one row in memory.
    int64_t rowBytes();
  }];
  let hasVerifier = 1;
}

def Tile_PackOp : Tile_Op<"pack", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "How weights are laid out for the products that read them";
  let description = [{
    The rows of `sources` in turn, `group` rows of each (all of them when absent), in `order`; in p16 order the last 16 rows of a
    source are filled up with zeros. Weights of several experts: all that of the first expert, then all that of the second, and so on. The
    sources are weights, or columns of one table: then the pack has a row a layer. The packer's only
    input; listed in the manifest and by `frit inspect`.

    Example:
    ```mlir
    tile.pack @decoder.qkv of [@block::@attn_q, @block::@attn_k, @block::@attn_v] order p16
    tile.pack @decoder.gate_up of [@block::@ffn_gate, @block::@ffn_up] by 32 order p16
    ```
    **Constraints:** order p16 or vector; sources of one format and one number of columns. With a `group`,
    order p16 and sources of as many rows, filled up whole groups; a group is a multiple of 16. Sources of as many experts.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ArrayAttr:$sources,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$group, Tile_OrderAttr:$order);
  let assemblyFormat = "$sym_name `of` $sources (`by` $group^)? `order` `` $order attr-dict";
}

def Tile_PhaseOp : Tile_Op<"phase", [Symbol, SingleBlock, NoTerminator, IsolatedFromAbove,
    HasParent<"::mlir::ModuleOp">, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A phase as loops over tiles, for one token bucket";
  let description = [{
    What one core does. `bucket` is the number of tokens a token tile holds at most; `cache` is the
    type of the layer's cache when the phase uses it; `inputs` and `outputs` are the buffers of the
    reference's tensor arguments and results, in their order. `schedule` creates it, `lower` turns it
    into a function.

    Example:
    ```mlir
    tile.phase @decoder.output.m1 reference @decoder.output.reference bucket 1
        inputs [@buffer.residual, @buffer.attention] outputs [@buffer.residual] {
      %n = tile.count tokens
    }
    ```
    **Constraints:** as many inputs and outputs as the reference has tensor arguments and results,
    of their columns.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$reference,
                       ConfinedAttr<I64Attr, [IntPositive]>:$bucket, OptionalAttr<TypeAttr>:$cache,
                       OptionalAttr<TypedArrayAttrBase<FlatSymbolRefAttr, "buffers">>:$inputs,
                       OptionalAttr<TypedArrayAttrBase<FlatSymbolRefAttr, "buffers">>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `reference` $reference `bucket` $bucket (`cache` $cache^)? (`inputs` $inputs^)? (`outputs` $outputs^)? $body attr-dict";
  let hasVerifier = 1;
}

def Tile_ProgramOp : Tile_Op<"program", [Symbol, SymbolTable, SingleBlock, NoTerminator, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The phases of one call, in order";
  let description = [{
    Serves calls of up to `max_tokens` tokens; the scores are in buffer `logits` afterwards. `schedule`
    creates one a bucket and one for mixed calls, the bundle's manifest lists them. The rows of token buffers are padded to a
    multiple of `token_multiple`, so that every tile is whole. Its tokens are of one sequence unless it is `mixed`.
    Holds only `tile.run` and `tile.repeat`.

    Example:
    ```mlir
    tile.program @decode max_tokens 1 logits @logits {
      tile.run @embed.m1
      tile.repeat 30 layer 0 row 0 {
        tile.run @decoder.qkv.m1
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ConfinedAttr<I64Attr, [IntPositive]>:$max_tokens,
                       DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$token_multiple,
                       UnitAttr:$mixed, FlatSymbolRefAttr:$logits);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `max_tokens` $max_tokens (`multiple` $token_multiple^)? (`mixed` $mixed^)? `logits` $logits $body attr-dict";
  let hasVerifier = 1;
}

def Tile_RunOp : Tile_Op<"run", [ParentOneOf<["::frit::tile::ProgramOp", "::frit::tile::RepeatOp"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run a phase on all cores, then meet";
  let description = [{
    Example:
    ```mlir
    tile.run @decoder.qkv.m1
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$phase);
  let assemblyFormat = "$phase attr-dict";
}

def Tile_RepeatOp : Tile_Op<"repeat", [SingleBlock, NoTerminator, HasParent<"::frit::tile::ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run phases once a layer";
  let description = [{
    Time n runs on the cache of layer `layer` + n and on row `row` + n of its packs. Holds only `tile.run`.

    Example:
    ```mlir
    tile.repeat 30 layer 0 row 0 {
      tile.run @decoder.qkv.m1
    }
    ```
    **Constraints:** the tables of the packs its phases read have all those rows.
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<1048576>]>:$count,
                       ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<1048576>]>:$layer,
                       ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<1048576>]>:$row);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$count `layer` $layer `row` $row $body attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Shares and sizes
//===----------------------------------------------------------------------===//

def Tile_CountOp : Tile_Op<"count", [Pure]> {
  let summary = "Number of tokens, or of wanted rows, of this call";
  let description = [{
    Example:
    ```mlir
    %n = tile.count tokens
    ```
  }];
  let arguments = (ins Tile_RowsAttr:$rows);
  let results = (outs Index:$result);
  let assemblyFormat = "`` $rows attr-dict";
}

def Tile_SharesOp : Tile_Op<"shares", [Pure]> {
  let summary = "The shares of the work that this core does";
  let description = [{
    Work is cut into `count` shares of a size fixed by the plan; a share's result does not depend on
    who does it. Gives the bounds of a loop: a contiguous range, so that each core streams its
    weights, or every n-th share with `cyclic`, for shares of unequal cost.

    Example:
    ```mlir
    %lo, %hi, %step = tile.shares %count
    ```
  }];
  let arguments = (ins Index:$count, UnitAttr:$cyclic);
  let results = (outs Index:$lower, Index:$upper, Index:$step);
  let assemblyFormat = "$count (`cyclic` $cyclic^)? attr-dict";
}

def Tile_KeyRangeOp : Tile_Op<"key_range", [Pure]> {
  let summary = "The keys that some token of a tile can see";
  let description = [{
    The tile is `count` tokens from `row` on, of one sequence. Gives the bounds of a loop over blocks of `block`
    keys: from the first block any of them can see (0, or the oldest inside `window`) to the newest
    position, exclusive; empty when all are padding.

    Example:
    ```mlir
    %lo, %hi = tile.key_range %t, 6 block 64
    ```
  }];
  let arguments = (ins Index:$row, Tile_SmallAttr:$count, Tile_SmallAttr:$block, OptionalAttr<Tile_WindowAttr>:$window);
  let results = (outs Index:$lower, Index:$upper);
  let assemblyFormat = "$row `,` $count `block` $block (`window` $window^)? attr-dict";
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def Tile_LoadOp : Tile_Op<"load", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemRead]>]> {
  let summary = "A tile of a buffer";
  let description = [{
    The tile whose first element is at `row`, `column`. Only the first `valid` rows count; with `wanted`
    row r is the row of the r-th token whose logits are wanted. Columns of the tile behind the buffer's last hold anything.
    Of an int8 buffer, `column` is a multiple of its block.

    Example:
    ```mlir
    %x = tile.load @residual[%t, %c0] valid %n : !tile.tile<48x576>
    %q = tile.load @ffn[%t, %c0] valid %n : !tile.qtile<48x1536, block = 32>
    ```
    **Constraints:** a tile of the buffer's elements.
  }];
  let arguments = (ins FlatSymbolRefAttr:$buffer, Index:$row, Index:$column, Optional<Index>:$valid,
                       UnitAttr:$wanted);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$buffer `[` $row `,` $column `]` (`valid` $valid^)? (`wanted` $wanted^)? attr-dict `:` qualified(type($result))";
}

def Tile_StoreOp : Tile_Op<"store", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemWrite]>]> {
  let summary = "Write a tile to a buffer";
  let description = [{
    Columns of the tile behind the buffer's last are left out: the last share of a product may have more
    rows than its weights. Of an int8 buffer, `column` is a multiple of its block.

    Example:
    ```mlir
    tile.store %y, @residual[%t, %c] : !tile.tile<6x64>
    ```
    **Constraints:** a tile of the buffer's elements.
  }];
  let arguments = (ins Tile_AnyTile:$value, FlatSymbolRefAttr:$buffer, Index:$row, Index:$column);
  let assemblyFormat = "$value `,` $buffer `[` $row `,` $column `]` attr-dict `:` qualified(type($value))";
}

def Tile_VectorOp : Tile_Op<"vector", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Columns of a packed vector, as a tile of one row";
  let description = [{
    Example:
    ```mlir
    %w = tile.vector @decoder.attn_norm[%c0] : !tile.tile<1x576>
    ```
    **Constraints:** a pack in order vector with as many columns, filled up to a multiple of 16.
  }];
  let arguments = (ins FlatSymbolRefAttr:$pack, Index:$column);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$pack `[` $column `]` attr-dict `:` qualified(type($result))";
}

def Tile_EmbedOp : Tile_Op<"embed", [MemoryEffects<[MemRead]>, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Rows of a packed table, by token id";
  let description = [{
    Row r is the dequantized row id(`row` + r) of the table.

    Example:
    ```mlir
    %x = tile.embed @token_embd[%t] valid %n : !tile.tile<48x576>
    ```
    **Constraints:** a pack of one table in order p16, of the tile's columns.
  }];
  let arguments = (ins FlatSymbolRefAttr:$pack, Index:$row, Optional<Index>:$valid);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$pack `[` $row `]` (`valid` $valid^)? attr-dict `:` qualified(type($result))";
}

def Tile_WeightsOp : Tile_Op<"weights", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Some rows of a pack";
  let description = [{
    The rows of the matrix type from row `tile` x rows on.

    Example:
    ```mlir
    %w = tile.weights @decoder.qkv[%s] : !tile.matrix<64x576, q4_1, p16>
    ```
    **Constraints:** a pack in order p16 of the matrix's format and columns, with as many rows.
  }];
  let arguments = (ins FlatSymbolRefAttr:$pack, Index:$tile);
  let results = (outs Tile_MatrixType:$result);
  let assemblyFormat = "$pack `[` $tile `]` attr-dict `:` qualified(type($result))";
}

def Tile_CacheOp : Tile_Op<"cache", [MemoryEffects<[MemRead]>]> {
  let summary = "Some keys or values of the layer's cache";
  let description = [{
    The keys (a row each) or values (a column each) of `head` from position `key` on, in the slot of the
    token `row`.

    Example:
    ```mlir
    %k = tile.cache keys[%head, %k0] of %t : !tile.matrix<64x64, f16, p16>
    %v = tile.cache values[%head, %k0] of %t : !tile.matrix<64x64, f16, columns>
    ```
  }];
  let arguments = (ins Tile_SideAttr:$side, Index:$head, Index:$key, Index:$row);
  let results = (outs Tile_MatrixType:$result);
  let assemblyFormat = "`` $side `[` $head `,` $key `]` `of` $row attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_AppendOp : Tile_Op<"append", [MemoryEffects<[MemWrite]>]> {
  let summary = "Write a tile of keys or values to the layer's cache";
  let description = [{
    Row r goes to the position and slot of token `row` + r; padding tokens are left out.

    Example:
    ```mlir
    tile.append keys %k[%head] of %t : !tile.tile<6x64>
    ```
  }];
  let arguments = (ins Tile_SideAttr:$side, Tile_TileType:$value, Index:$head, Index:$row);
  let assemblyFormat = "`` $side $value `[` $head `]` `of` $row attr-dict `:` qualified(type($value))";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

def Tile_ProductOp : Tile_Op<"product", [Pure]> {
  let summary = "Matrix product of a tile with a matrix in memory";
  let description = [{
    result[r, n] = accumulator[r, n] + sum over k of lhs[r, k] * rhs[n, k]. `instruction` names the matrix instruction of
    the machine that sums int8 blocks; without one everything is f32.

    Example:
    ```mlir
    %y = tile.product %a, %w instruction "dot4.512" : !tile.qtile<6x576, block = 32>, !tile.matrix<64x576, q4_1, p16> -> !tile.tile<6x64>
    %o = tile.product %p, %v into %acc : !tile.tile<18x64>, !tile.matrix<64x64, f16, columns> into !tile.tile<18x64> -> !tile.tile<18x64>
    ```
    **Constraints:** an instruction exactly when `lhs` is int8; rhs columns = lhs columns.
  }];
  let arguments = (ins Tile_AnyTile:$lhs, Tile_MatrixType:$rhs, Optional<Tile_TileType>:$accumulator,
                       OptionalAttr<StrAttr>:$instruction);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`into` $accumulator^)? (`instruction` $instruction^)? attr-dict `:` qualified(type($lhs)) `,` qualified(type($rhs)) (`into` qualified(type($accumulator))^)? `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Tile_MapOp : Tile_Op<"map", [Pure, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "An f32 computation of each element";
  let description = [{
    The region computes one element of the result from one element of each input. An input of one row or one column is
    repeated along it.

    Example:
    ```mlir
    %y = tile.map(%x, %r : !tile.tile<6x64>, !tile.tile<6x1>) -> !tile.tile<6x64> {
    ^bb0(%a: f32, %b: f32):
      %c = arith.mulf %a, %b : f32
      tile.yield %c
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_TileType>:$inputs);
  let results = (outs Tile_TileType:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $inputs `:` qualified(type($inputs)) `)` `->` qualified(type($result)) $body attr-dict";
  let hasVerifier = 1;
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, HasParent<"::frit::tile::MapOp">]> {
  let summary = "The element a map computes";
  let description = [{
    Example:
    ```mlir
    tile.yield %c
    ```
  }];
  let arguments = (ins F32:$value);
  let assemblyFormat = "$value attr-dict";
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "Combine the columns of each row";
  let description = [{
    The order is fixed: it depends on the shape and the vector width only.

    Example:
    ```mlir
    %s = tile.reduce add %x : !tile.tile<6x64> -> !tile.tile<6x1>
    ```
  }];
  let arguments = (ins Tile_ReductionAttr:$kind, Tile_TileType:$input);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "`` $kind $input attr-dict `:` qualified(type($input)) `->` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_FillOp : Tile_Op<"fill", [Pure]> {
  let summary = "A tile of one value";
  let description = [{
    Only the first `valid` rows count.

    Example:
    ```mlir
    %z = tile.fill 0.0 : !tile.tile<18x64>
    ```
  }];
  let arguments = (ins F32Attr:$value, Optional<Index>:$valid);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$value (`valid` $valid^)? attr-dict `:` qualified(type($result))";
}

def Tile_EmptyOp : Tile_Op<"empty", [Pure]> {
  let summary = "A tile whose values nobody has set";
  let description = [{
    For a loop to fill with `tile.insert`.

    Example:
    ```mlir
    %e = tile.empty : !tile.qtile<528x2048, block = 32>
    ```
  }];
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "attr-dict `:` qualified(type($result))";
}

def Tile_InsertOp : Tile_Op<"insert", [Pure, AllTypesMatch<["into", "result"]>]> {
  let summary = "A tile with some rows replaced";
  let description = [{
    The rows of `value` take the place of those of `into` from `row` on. In place: nothing else reads `into`.

    Example:
    ```mlir
    %y = tile.insert %q into %all[%m] : !tile.qtile<48x2048, block = 32> into !tile.qtile<528x2048, block = 32>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$value, Tile_AnyTile:$into, Index:$row);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$value `into` $into `[` $row `]` attr-dict `:` qualified(type($value)) `into` qualified(type($into))";
  let hasVerifier = 1;
}

def Tile_QuantizeOp : Tile_Op<"quantize", [Pure]> {
  let summary = "A tile to int8 blocks";
  let description = [{
    As `graph.quantize`.

    Example:
    ```mlir
    %q = tile.quantize %x : !tile.tile<48x576> -> !tile.qtile<48x576, block = 32>
    ```
  }];
  let arguments = (ins Tile_TileType:$input);
  let results = (outs Tile_QTileType:$result);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_RowsOp : Tile_Op<"rows", [Pure]> {
  let summary = "Some rows of a tile";
  let description = [{
    The rows of the result type from `row` on.

    Example:
    ```mlir
    %a = tile.rows %q[%m] : !tile.qtile<48x576, block = 32> -> !tile.qtile<6x576, block = 32>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$input, Index:$row);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$input `[` $row `]` attr-dict `:` qualified(type($input)) `->` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_ReshapeOp : Tile_Op<"reshape", [Pure]> {
  let summary = "The same elements in another shape";
  let description = [{
    Row-major. Turns the heads of a token into rows and back.

    Example:
    ```mlir
    %h = tile.reshape %q : !tile.tile<6x192> -> !tile.tile<18x64>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$input);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($result))";
  let hasVerifier = 1;
}

/// Without GraphBase.td, whose enums would be generated twice.
def Tile_FrequenciesAttr : Attr<CPred<"::llvm::isa<::frit::graph::FrequenciesAttr>($_self)">,
                                "#graph.frequencies"> {
  let storageType = "::frit::graph::FrequenciesAttr";
  let returnType = "::frit::graph::FrequenciesAttr";
  let convertFromStorage = "$_self";
}

def Tile_RotateOp : Tile_Op<"rotate", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotary position embedding of a tile";
  let description = [{
    As `graph.rope` with halves; row r has the position of token `row` + r.

    Example:
    ```mlir
    %r = tile.rotate %q of %t {head_dim = 64, dim = 64, theta = 1.0e5} : !tile.tile<6x64>
    ```
  }];
  let arguments = (ins Tile_TileType:$input, Index:$row, I64Attr:$head_dim, I64Attr:$dim, F64Attr:$theta,
                       DefaultValuedAttr<F64Attr, "1.0">:$position_scale,
                       OptionalAttr<Tile_FrequenciesAttr>:$frequencies);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$input `of` $row attr-dict `:` qualified(type($input))";
  let hasVerifier = 1;
}

def Tile_MaskOp : Tile_Op<"mask", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Causal mask of a tile of scores";
  let description = [{
    Column c is the key at position `key` + c; row r belongs to token `row` + r / `heads`. Scores of keys the
    token cannot see (newer than itself, or older than the newest `window`) become -infinity; a
    padding token sees none.

    Example:
    ```mlir
    %m = tile.mask %s of %t keys %k0 heads 3 : !tile.tile<18x64>
    ```
  }];
  let arguments = (ins Tile_TileType:$input, Index:$row, Index:$key, I64Attr:$heads, OptionalAttr<Tile_WindowAttr>:$window);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$input `of` $row `keys` $key `heads` $heads (`window` $window^)? attr-dict `:` qualified(type($input))";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

def Tile_TopOp : Tile_Op<"top", [Pure, AllTypesMatch<["weights", "keys"]>]> {
  let summary = "The columns of the largest keys of each row, and their weights";
  let description = [{
    The first half of a row of the result has the numbers of the columns with the largest keys (of
    equal ones, the first), the second half their weights, divided by their sum with `normalize`, times `scale`.
    A key that is no number, or -infinity, is never chosen; where there are too few others, column 0 is chosen again.

    Example:
    ```mlir
    %r = tile.top %p by %k {normalize} : !tile.tile<6x128> -> !tile.tile<6x16>
    ```
  }];
  let arguments = (ins Tile_TileType:$weights, Tile_TileType:$keys, UnitAttr:$normalize,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$weights `by` $keys attr-dict `:` qualified(type($weights)) `->` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_DispatchOp : Tile_Op<"dispatch", [Pure]> {
  let summary = "The parts of each expert";
  let description = [{
    `routes` is what `tile.top` gives; its first `valid` rows count. `active` is how many experts have parts.

    Example:
    ```mlir
    %d, %n = tile.dispatch %r valid %tokens : !tile.tile<528x16> -> !tile.dispatch<tokens = 528, top = 8, experts = 128, step = 6>
    ```
  }];
  let arguments = (ins Tile_TileType:$routes, Index:$valid);
  let results = (outs Tile_DispatchType:$dispatch, Index:$active);
  let assemblyFormat = "$routes `valid` $valid attr-dict `:` qualified(type($routes)) `->` qualified(type($dispatch))";
  let hasVerifier = 1;
}

def Tile_ExpertOp : Tile_Op<"expert", [Pure]> {
  let summary = "An expert that has parts, and where they are listed";
  let description = [{
    Of the experts with parts, in the order of their numbers, the one at `index`: its number, the place of its
    first part, and the place behind its last.

    Example:
    ```mlir
    %e, %first, %end = tile.expert %d[%i] : !tile.dispatch<tokens = 528, top = 8, experts = 128, step = 6>
    ```
  }];
  let arguments = (ins Tile_DispatchType:$dispatch, Index:$index);
  let results = (outs Index:$number, Index:$first, Index:$end);
  let assemblyFormat = "$dispatch `[` $index `]` attr-dict `:` qualified(type($dispatch))";
}

def Tile_GatherOp : Tile_Op<"gather", [Pure]> {
  let summary = "The rows of some parts";
  let description = [{
    Row r of the result is the row of the part listed at place `place` + r: that of its token when the
    input has a row a token, its own when it has a row a part.

    Example:
    ```mlir
    %x = tile.gather %q of %d[%p] : !tile.qtile<528x2048, block = 32>, !tile.dispatch<tokens = 528, top = 8, experts = 128, step = 6> -> !tile.qtile<6x2048, block = 32>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$input, Tile_DispatchType:$dispatch, Index:$place);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = [{
    $input `of` $dispatch `[` $place `]` attr-dict `:` qualified(type($input)) `,` qualified(type($dispatch)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Tile_ScatterOp : Tile_Op<"scatter", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemWrite]>]> {
  let summary = "Write the rows of some parts to a buffer";
  let description = [{
    A row of the buffer is a token's and has `top` parts of columns. Row r of `value` goes to the part listed at
    `place` + r, from column `column` of the part on; columns behind the part's last are left out, and so are
    rows from `valid` on.

    Example:
    ```mlir
    tile.scatter %y, @ffn[%c] of %d[%p] valid %n : !tile.tile<6x32>, !tile.dispatch<tokens = 528, top = 8, experts = 128, step = 6>
    ```
    **Constraints:** a tile of the buffer's elements; of int8, parts of whole blocks.
  }];
  let arguments = (ins Tile_AnyTile:$value, FlatSymbolRefAttr:$buffer, Index:$column,
                       Tile_DispatchType:$dispatch, Index:$place, Index:$valid);
  let assemblyFormat = [{
    $value `,` $buffer `[` $column `]` `of` $dispatch `[` $place `]` `valid` $valid attr-dict `:` qualified(type($value)) `,` qualified(type($dispatch))
  }];
}

def Tile_CombineOp : Tile_Op<"combine", [Pure, AllTypesMatch<["into", "result"]>]> {
  let summary = "Add the rows of some parts to the rows of their tokens";
  let description = [{
    Row r of `value`, times the weight of the part listed at `place` + r, is added to the row of the part's
    token, for r below `valid`. In place: nothing else reads `into`.

    Example:
    ```mlir
    %s = tile.combine %y of %d[%p] valid %n into %acc : !tile.tile<6x32>, !tile.dispatch<tokens = 528, top = 8, experts = 128, step = 6> into !tile.tile<528x32>
    ```
  }];
  let arguments = (ins Tile_TileType:$value, Tile_DispatchType:$dispatch, Index:$place, Index:$valid,
                       Tile_TileType:$into);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = [{
    $value `of` $dispatch `[` $place `]` `valid` $valid `into` $into attr-dict `:` qualified(type($value)) `,` qualified(type($dispatch)) `into` qualified(type($into))
  }];
  let hasVerifier = 1;
}

#endif // FRIT_DIALECTS_TILE_TILEOPS
