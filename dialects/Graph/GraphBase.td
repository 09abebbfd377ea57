//===- GraphBase.td - the graph dialect, its types and attributes ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_GRAPH_GRAPHBASE
#define FRIT_DIALECTS_GRAPH_GRAPHBASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Interfaces/Fusible.td"
include "dialects/KV/KVTypes.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::frit::graph";
  let summary = "What a transformer computes";
  let description = [{
    Transformer ops on tensors `[tokens, features]`. Weights are references into the checkpoint's
    files (`graph.file`, `graph.weight`, `graph.weights`) and never bytes in the IR; a layer class is
    one function (`graph.layer`) that `graph.repeat` runs once a row of its weight table. Nothing here
    says how something is laid out or tiled.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::frit::kv::KVDialect"];
}

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class Graph_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::frit::graph";
  let genSpecializedAttr = 0;
}

def Graph_NormKind : Graph_Enum<"NormKind", "kind of normalization", [
  I32EnumAttrCase<"RMS", 0, "rms">, I32EnumAttrCase<"Layer", 1, "layer">]>;
def Graph_NormKindAttr : EnumAttr<Graph_Dialect, Graph_NormKind, "norm_kind"> {
  let assemblyFormat = "`<` $value `>`";
}

def Graph_Activation : Graph_Enum<"Activation", "activation function", [
  I32EnumAttrCase<"SiLU", 0, "silu">, I32EnumAttrCase<"GELU", 1, "gelu">,
  I32EnumAttrCase<"GELUTanh", 2, "gelu_tanh">, I32EnumAttrCase<"ReLU", 3, "relu">,
  I32EnumAttrCase<"ReLUSquared", 4, "relu_squared">]>;
def Graph_ActivationAttr : EnumAttr<Graph_Dialect, Graph_Activation, "activation">;

def Graph_RopePairs : Graph_Enum<"RopePairs", "which two elements of a head rotate together", [
  I32EnumAttrCase<"Halves", 0, "halves">, I32EnumAttrCase<"Interleaved", 1, "interleaved">]>;
def Graph_RopePairsAttr : EnumAttr<Graph_Dialect, Graph_RopePairs, "rope_pairs">;

def Graph_Mask : Graph_Enum<"Mask", "which keys a query may see", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Causal", 1, "causal">]>;
def Graph_MaskAttr : EnumAttr<Graph_Dialect, Graph_Mask, "mask"> {
  let assemblyFormat = "`<` $value `>`";
}

def Graph_Scoring : Graph_Enum<"Scoring", "how scores of experts become weights", [
  I32EnumAttrCase<"Softmax", 0, "softmax">, I32EnumAttrCase<"Sigmoid", 1, "sigmoid">]>;
def Graph_ScoringAttr : EnumAttr<Graph_Dialect, Graph_Scoring, "scoring"> {
  let assemblyFormat = "`<` $value `>`";
}

def Graph_Parts : Graph_Enum<"Parts", "what becomes of the parts of a row, one for each of its experts", [
  I32EnumAttrCase<"Each", 0, "each">, I32EnumAttrCase<"Sum", 1, "sum">]>;
def Graph_PartsAttr : EnumAttr<Graph_Dialect, Graph_Parts, "parts">;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Graph_UnpairAttr : AttrDef<Graph_Dialect, "Unpair"> {
  let mnemonic = "unpair";
  let summary = "Rows reordered from interleaved RoPE pairs to halves";
  let description = [{
    Row transform of a weight: in each group of `group` rows, row i of the result is row 2i of the
    file and row i + group/2 is row 2i + 1; the elements of a vector likewise. With `dim`, only the first `dim` rows
    of a group are paired, and the others stay. Undoes the permutation GGUF converters
    bake into q and k. Only the packer and the interpreter evaluate it.

    Example: `#graph.unpair<64>`, `#graph.unpair<128, 64>`.
  }];
  let parameters = (ins "int64_t":$group, DefaultValuedParameter<"int64_t", "0">:$dim);
  let assemblyFormat = "`<` $group (`,` $dim^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Where row `row` of the result is in the file.
    int64_t getRowInFile(int64_t row) const;
  }];
}

def Graph_RunsAttr : AttrDef<Graph_Dialect, "Runs"> {
  let mnemonic = "runs";
  let summary = "Rows that lie in the file with others between them";
  let description = [{
    The rows of a weight, or the elements of a vector, are runs of `length` in the file, each `stride` behind the
    one before it: what a tensor that holds the rows of several weights in turns has of one of them. Only the
    packer and the interpreter evaluate it, behind the transform of rows.

    Example: `#graph.runs<192, 320>`.
  }];
  let parameters = (ins "int64_t":$length, "int64_t":$stride);
  let assemblyFormat = "`<` $length `,` $stride `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Where row `row` is in the file, counted from row 0 of the weight.
    int64_t getRowInFile(int64_t row) const {
      return row / getLength() * getStride() + row % getLength();
    }
    /// From the first to the last of `rows` rows, 1 or more, with what is between them.
    int64_t getSpan(int64_t rows) const { return getRowInFile(rows - 1) + 1; }
  }];
}

def Graph_TimesAttr : AttrDef<Graph_Dialect, "Times"> {
  let mnemonic = "times";
  let summary = "A vector that the columns of a weight are multiplied with";
  let description = [{
    Column i of the weight is that of the file times element i of the vector `weight` plus `offset`, rounded once to the
    weight's format: what becomes of the weight of a norm that is folded into the products behind it. In a
    table, row r of a column takes row r of the vector. Only the packer and the interpreter evaluate it.

    Example: `#graph.times<@output_norm>`, `#graph.times<@block::@attn_norm, 1.0 : f64>`.
  }];
  let parameters = (ins "::mlir::SymbolRefAttr":$weight, OptionalParameter<"::mlir::FloatAttr">:$offset);
  let assemblyFormat = "`<` $weight (`,` $offset^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    double getOffsetValue() const { return getOffset() ? getOffset().getValueAsDouble() : 0; }
  }];
}

def Graph_FrequenciesAttr : AttrDef<Graph_Dialect, "Frequencies"> {
  let mnemonic = "frequencies";
  let summary = "What RoPE frequencies are besides powers of theta";
  let description = [{
    Pair i rotates with theta^(-2i/dim) / factors[i], and the rotated elements are multiplied by `magnitude`.
    When there are `long_factors`, they serve sequences with room for more than `original_context` tokens.
    One mechanism for whatever stretches RoPE to contexts longer than those of training (Peng et al. 2023; Ding et
    al. 2024).

    Example: `#graph.frequencies<magnitude = 1.1 : f64, factors = [1.0, 8.0]>`.
  }];
  let parameters = (ins "::mlir::FloatAttr":$magnitude,
                        OptionalParameter<"::mlir::DenseF64ArrayAttr">:$factors,
                        OptionalParameter<"::mlir::DenseF64ArrayAttr">:$long_factors,
                        DefaultValuedParameter<"int64_t", "0">:$original_context);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Nothing, or why it does not suit RoPE of `dim` elements.
    std::optional<std::string> mismatch(int64_t dim) const;
  }];
}

def Graph_SegmentAttr : AttrDef<Graph_Dialect, "Segment"> {
  let mnemonic = "segment";
  let summary = "Consecutive layers of one class";
  let description = [{
    `count` layers that run `layer` with rows `first`, `first` + 1, ... of its weight table.

    Example: `#graph.segment<@decoder, 0, 30>`.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$layer, "int64_t":$first, "int64_t":$count);
  let assemblyFormat = "`<` $layer `,` $first `,` $count `>`";
  let genVerifyDecl = 1;
}
def Graph_SegmentArrayAttr : TypedArrayAttrBase<Graph_SegmentAttr, "segments"> {
  let constBuilderCall = ?;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class Graph_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<Graph_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

def Graph_WeightType : Graph_Type<"Weight", "weight"> {
  let summary = "A weight: shape and file format";
  let description = [{
    The shape is the checkpoint's in row-major order: `[out, in]` for a matrix, `[n]` for a vector,
    `[experts, out, in]` for a matrix an expert.
    Formats are the rows of include/frit/Formats/Formats.def.

    Example: `!graph.weight<576x1536, q4_1>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::frit::Format":$format);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    /// Number of rows of all experts; 1 for a vector.
    int64_t getRows() const { return getExperts() * getMatrixRows(); }
    /// Number of matrices; 1 for a vector.
    int64_t getExperts() const { return getRank() == 3 ? getShape()[0] : 1; }
    /// Number of rows of one matrix; 1 for a vector.
    int64_t getMatrixRows() const { return getRank() == 1 ? 1 : getShape()[getRank() - 2]; }
    int64_t getColumns() const { return getShape().back(); }
    /// Bytes in the file.
    int64_t getBytes() const;
  }];
}

def Graph_TokensType : Graph_Type<"Tokens", "tokens",
    [DeclareTypeInterfaceMethods<KV_TokensTypeInterface>]> {
  let summary = "A batch of tokens";
  let description = [{
    For each token an id, a position, a sequence slot, and whether its logits are wanted. Prefill,
    decode, several sequences and speculative verification are the same function of it.
  }];
}

def Graph_QTensorType : Graph_Type<"QTensor", "qtensor"> {
  let summary = "Activations as int8 with one f32 scale a block";
  let description = [{
    `[tokens, columns]` values scale * code, code in [-127, 127], one scale for each `block`
    consecutive columns of a row (scale = largest magnitude / 127, as GGUF's Q8_0 but with an
    f32 scale). `quantize` creates it in front of integer products.

    Example: `!graph.qtensor<?x576, block = 32>`.
  }];
  let parameters = (ins "int64_t":$tokens, "int64_t":$columns, "int64_t":$block);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Graph_Tensor : Type<
    And<[2DTensorOf<[F32, F64]>.predicate,
         CPred<"!::llvm::cast<::mlir::ShapedType>($_self).isDynamicDim(1)">]>,
    "activations [tokens, features] of f32 or f64 with a known number of features">;
def Graph_TensorOrQTensor : AnyTypeOf<[Graph_Tensor, Graph_QTensorType],
                                      "activations or int8 activations">;

#endif // FRIT_DIALECTS_GRAPH_GRAPHBASE
