//===- GraphStructureOps.td - files, weights, layers and functions ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_GRAPH_GRAPHSTRUCTUREOPS
#define FRIT_DIALECTS_GRAPH_GRAPHSTRUCTUREOPS

include "dialects/Graph/GraphBase.td"

class Graph_Op<string mnemonic, list<Trait> traits = []> : Op<Graph_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Files and weights
//===----------------------------------------------------------------------===//

def Graph_FileOp : Graph_Op<"file", [Symbol, HasParent<"::mlir::ModuleOp">]> {
  let summary = "A file of the checkpoint";
  let description = [{
    Names a file relative to the model (to the `.mlir` file after a dump). No parser or verifier ever
    opens it. Import creates it; the packer and the interpreter read it.

    Example:
    ```mlir
    graph.file @f0 "model.gguf"
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$path);
  let assemblyFormat = "$sym_name $path attr-dict";
  let hasVerifier = 1;
}

def Graph_WeightOp : Graph_Op<"weight", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A weight used once in the model";
  let description = [{
    `type` at byte `offset` of `file`. `rows` is a transform of its rows that packer and interpreter
    apply when they read it; with `runs`, others lie between them; with `times`, its columns are multiplied with a vector. Import creates it, `graph.param` reads it, it stays to the end.

    Example:
    ```mlir
    graph.weight @token_embd : !graph.weight<49152x576, q8_0> at @f0, 1785216
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Graph_WeightType>:$type,
                       FlatSymbolRefAttr:$file, I64Attr:$offset,
                       OptionalAttr<Graph_RunsAttr>:$runs, OptionalAttr<Graph_UnpairAttr>:$rows,
                       OptionalAttr<Graph_TimesAttr>:$times);
  let assemblyFormat = [{
    $sym_name `:` $type `at` $file `,` $offset (`runs` $runs^)? (`rows` $rows^)? (`times` $times^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Graph_WeightsOp : Graph_Op<"weights", [Symbol, SymbolTable, NoTerminator, SingleBlock,
    HasParent<"::mlir::ModuleOp">]> {
  let summary = "The weight table of a layer class";
  let description = [{
    One row a layer; each `graph.column` is one weight of the layer, of one type in all rows.

    Example:
    ```mlir
    graph.weights @block [30] {
      graph.column @attn_norm : !graph.weight<576, f32> at [@f0], [0, 4096]
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ConfinedAttr<I64Attr, [IntPositive]>:$rows);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `[` $rows `]` $body attr-dict";
}

def Graph_ColumnOp : Graph_Op<"column", [Symbol, HasParent<"::frit::graph::WeightsOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "One weight of each layer of a class";
  let description = [{
    `offsets[r]` is the byte of row r's weight in `files[r]`, or in `files[0]` when there is only one. A
    weight of several experts may lie in pieces: then there is an offset (and a file) for each expert of each row.

    Example:
    ```mlir
    graph.column @attn_q : !graph.weight<576x576, q4_1> at [@f0], [4096, 8192] rows <64>
    graph.column @attn_k : !graph.weight<192x576, q4_1> at [@f0], [9216, 9999] runs <64, 320>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Graph_WeightType>:$type,
                       FlatSymbolRefArrayAttr:$files, DenseI64ArrayAttr:$offsets,
                       OptionalAttr<Graph_RunsAttr>:$runs, OptionalAttr<Graph_UnpairAttr>:$rows,
                       OptionalAttr<Graph_TimesAttr>:$times);
  let assemblyFormat = [{
    $sym_name `:` $type `at` $files `,` $offsets (`runs` $runs^)? (`rows` $rows^)? (`times` $times^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// Pieces of each row's weight: 1, or one an expert.
    int64_t getPieces();
  }];
  let hasVerifier = 1;
}

def Graph_ParamOp : Graph_Op<"param", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The weight of a symbol, or of a row of a table";
  let description = [{
    Reads `@weight`, or column `@table::@column` at a row. Import creates it; the packer follows it to
    the bytes.

    Example:
    ```mlir
    %w = graph.param @token_embd : !graph.weight<49152x576, q8_0>
    %q = graph.param @block::@attn_q[%i] : !graph.weight<576x576, q4_1>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$weight, Optional<Index>:$row);
  let results = (outs Graph_WeightType:$result);
  let assemblyFormat = "$weight (`[` $row^ `]`)? attr-dict `:` qualified(type($result))";
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

class Graph_FuncBase<string mnemonic> : Graph_Op<mnemonic, [FunctionOpInterface, IsolatedFromAbove,
    SingleBlockImplicitTerminator<"::frit::graph::ReturnOp">, HasParent<"::mlir::ModuleOp">]> {
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}

def Graph_FuncOp : Graph_FuncBase<"func"> {
  let summary = "A function of a model";
  let description = [{
    `@forward`, the function of a model, takes a batch of tokens and the caches and gives the logits.
    Tests have functions of other types. Import creates it; `fuse` turns its body into calls of
    phases, `schedule` turns it into a `tile.program` a bucket.

    Example:
    ```mlir
    graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<30>) -> tensor<?x49152xf32> {
      graph.return %logits : tensor<?x49152xf32>
    }
    ```
  }];
}

def Graph_LayerOp : Graph_FuncBase<"layer"> {
  let summary = "A layer class";
  let description = [{
    Takes the residual stream, the tokens, the layer's cache and the row of its weight table; gives
    the new residual stream. All layers of the same structure and formats are one `graph.layer`.

    Example:
    ```mlir
    graph.layer @decoder(%x: tensor<?x576xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64>, %i: index)
        -> tensor<?x576xf32> {
      graph.return %x : tensor<?x576xf32>
    }
    ```
    **Constraints:** arguments (tensor, `!graph.tokens`, `!kv.cache`, index); one result of the type of
    the first argument.
  }];
  let hasVerifier = 1;
}

def Graph_ReturnOp : Graph_Op<"return", [Pure, Terminator,
    ParentOneOf<["::frit::graph::FuncOp", "::frit::graph::LayerOp"]>]> {
  let summary = "Return from a graph function";
  let description = [{
    Example:
    ```mlir
    graph.return %y : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let hasVerifier = 1;
}

def Graph_RepeatOp : Graph_Op<"repeat", [AllTypesMatch<["input", "result"]>, HasParent<"::frit::graph::FuncOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run layers one after another";
  let description = [{
    Runs the layers of `segments` in order: layer number n reads and writes the n-th of `caches`. Import
    creates it; `schedule` turns each segment into a `tile.repeat`.

    Example:
    ```mlir
    %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 30>] : tensor<?x576xf32>, !kv.caches<30>
    ```
    **Constraints:** the counts add up to the number of caches; each `layer` takes the input's type, and
    the tables it reads by row have the rows of its segment.
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_TokensType:$tokens,
                       Arg<KV_CachesType, "", [MemRead, MemWrite]>:$caches,
                       Graph_SegmentArrayAttr:$segments);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $tokens `,` $caches $segments attr-dict `:` type($input) `,` qualified(type($caches))
  }];
  let hasVerifier = 1;
}

def Graph_BatchOp : Graph_Op<"batch", [Pure]> {
  let summary = "A batch of tokens, in runnable tests only";
  let description = [{
    Token t has id `ids[t]` and position `positions[t]` in sequence slot `slots[t]` (0 when there are
    no slots), and its logits are wanted when `wanted[t]` (always when there is no list). Models take
    their tokens as an argument; tests write them down.

    Example:
    ```mlir
    %tok = graph.batch ids [3, 1, 4] at [0, 1, 2]
    %two = graph.batch ids [3, 1, 4] at [0, 1, 0] slots [0, 0, 1] wanted [false, true, true]
    ```
    **Constraints:** all lists of one length; positions and slots of 0 or more.
  }];
  let arguments = (ins DenseI32ArrayAttr:$ids, DenseI32ArrayAttr:$positions,
                       OptionalAttr<DenseI32ArrayAttr>:$slots, OptionalAttr<DenseBoolArrayAttr>:$wanted);
  let results = (outs Graph_TokensType:$tokens);
  let assemblyFormat = "`ids` $ids `at` $positions (`slots` $slots^)? (`wanted` $wanted^)? attr-dict";
  let hasVerifier = 1;
}

#endif // FRIT_DIALECTS_GRAPH_GRAPHSTRUCTUREOPS
