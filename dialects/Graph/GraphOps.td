//===- GraphOps.td - the operations of a transformer -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_GRAPH_GRAPHOPS
#define FRIT_DIALECTS_GRAPH_GRAPHOPS

include "dialects/Graph/GraphStructureOps.td"

class Graph_ComputeOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<FusibleOpInterface>], traits)>;

def Graph_EmbedOp : Graph_ComputeOp<"embed", [Pure, InferTypeOpAdaptor]> {
  let summary = "Rows of the embedding table";
  let description = [{
    Row t of the result is row id(t) of `table`, times `scale`.

    Example:
    ```mlir
    %x = graph.embed %tok, %table : !graph.weight<49152x576, q8_0>
    ```
  }];
  let arguments = (ins Graph_TokensType:$tokens, Graph_WeightType:$table,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$tokens `,` $table attr-dict `:` qualified(type($table))";
  let hasVerifier = 1;
}

def Graph_NormOp : Graph_ComputeOp<"norm", [Pure, AllTypesMatch<["input", "result"]>,
    AttrSizedOperandSegments]> {
  let summary = "RMS or layer normalization of each row";
  let description = [{
    For `rms`: y = x / sqrt(mean(x^2) + eps) * (weight + offset). For `layer`: the mean is subtracted
    first, the variance takes the place of mean(x^2), and `bias` is added. With `group`, every group of
    that many columns is a row of its own and `weight` has `group` elements (q/k norm per head).
    Without a weight, its factor is 1. Computed in the precision of the input. Source: Zhang and Sennrich 2019; Ba et al. 2016.

    Example:
    ```mlir
    %n = graph.norm %x, %w {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, Optional<Graph_WeightType>:$weight, Optional<Graph_WeightType>:$bias,
                       F64Attr:$eps, DefaultValuedAttr<Graph_NormKindAttr, "::frit::graph::NormKind::RMS">:$kind,
                       DefaultValuedAttr<F64Attr, "0.0">:$offset, OptionalAttr<I64Attr>:$group);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input (`,` $weight^)? (`bias` $bias^)? attr-dict `:` type($input) (`,` qualified(type($weight))^)?
    (`,` qualified(type($bias))^)?
  }];
  let hasVerifier = 1;
}

def Graph_RowFactorOp : Graph_ComputeOp<"row_factor", [Pure, InferTypeOpAdaptor]> {
  let summary = "What an RMS norm multiplies a row with";
  let description = [{
    r = 1 / sqrt(mean(x^2) + eps) of each row, one column. `frit-defer-row-factors` puts it and `graph.scale_rows` in the
    place of a norm whose factor is applied behind the products that read it.

    Example:
    ```mlir
    %r = graph.row_factor %x {eps = 1.0e-5} : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, F64Attr:$eps);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Graph_ScaleRowsOp : Graph_ComputeOp<"scale_rows", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Multiply each row with its factor";
  let description = [{
    y[t, i] = x[t, i] * factor[t, 0].

    Example:
    ```mlir
    %y = graph.scale_rows %x, %r : tensor<?x576xf32>, tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$factor);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `,` $factor attr-dict `:` type($input) `,` type($factor)";
  let hasVerifier = 1;
}

def Graph_ScaleColumnsOp : Graph_ComputeOp<"scale_columns", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Multiply each column with an element of a weight";
  let description = [{
    y[t, i] = x[t, i] * (weight[i] + offset): what is left of a norm whose row factor is applied elsewhere.

    Example:
    ```mlir
    %y = graph.scale_columns %x, %w : tensor<?x576xf32>, !graph.weight<576, f32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_WeightType:$weight, DefaultValuedAttr<F64Attr, "0.0">:$offset);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` type($input) `,` qualified(type($weight))";
  let hasVerifier = 1;
}

def Graph_QuantizeOp : Graph_ComputeOp<"quantize", [Pure, InferTypeOpAdaptor]> {
  let summary = "Activations to int8 blocks";
  let description = [{
    scale = max|x| / 127 of each `block` columns, code = round to nearest even of x / scale; a block of
    zeros has scale 0. `quantize` puts it in front of integer products, `fuse` moves it into a prologue
    or epilogue.

    Example:
    ```mlir
    %q = graph.quantize %x by 32 : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, ConfinedAttr<I64Attr, [IntPositive]>:$block);
  let results = (outs Graph_QTensorType:$result);
  let assemblyFormat = "$input `by` $block attr-dict `:` type($input)";
}

def Graph_LinearOp : Graph_ComputeOp<"linear", [Pure, InferTypeOpAdaptor]> {
  let summary = "Matrix product with a weight";
  let description = [{
    y[t, o] = sum over i of x[t, i] * weight[o, i] (+ bias[o]). With int8 activations the products of a
    block of columns are summed as i32 and blocks are summed as f32; otherwise the weight is
    dequantized exactly and everything is summed in the precision of the input.

    Example:
    ```mlir
    %q = graph.linear %n, %wq : tensor<?x576xf32>, !graph.weight<576x576, q4_1>
    ```
  }];
  let arguments = (ins Graph_TensorOrQTensor:$input, Graph_WeightType:$weight,
                       Optional<Graph_WeightType>:$bias);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? attr-dict `:` type($input) `,` qualified(type($weight))
    (`,` qualified(type($bias))^)?
  }];
  let hasVerifier = 1;
}

def Graph_RopeOp : Graph_ComputeOp<"rope", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotary position embedding";
  let description = [{
    Rotates pairs of elements of each head of `head_dim` columns by the angle
    position * position_scale * theta^(-2i/dim), i the number of the pair; only the first `dim`
    elements of a head rotate; `frequencies` changes theta^(-2i/dim) and scales what rotates. `halves` pairs element i with i + dim/2, `interleaved`
    2i with 2i + 1. Angles are computed in f64. Import keeps the file's
    pairing, `normalize` leaves only `halves`.
    Source: Su et al. 2021.

    Example:
    ```mlir
    %r = graph.rope %q, %tok halves {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_TokensType:$tokens, Graph_RopePairsAttr:$pairs,
                       ConfinedAttr<I64Attr, [IntPositive]>:$head_dim,
                       ConfinedAttr<I64Attr, [IntPositive]>:$dim, F64Attr:$theta,
                       DefaultValuedAttr<F64Attr, "1.0">:$position_scale,
                       OptionalAttr<Graph_FrequenciesAttr>:$frequencies);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `,` $tokens `` $pairs attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Graph_AttentionOp : Graph_ComputeOp<"attention", [InferTypeOpAdaptor,
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Attention over a cache, or over given keys and values";
  let description = [{
    softmax(scale * q k^T, masked) v for each head; query head h uses key/value head
    h / (heads / kv_heads). Semantics of ONNX Attention (opset 23 to 25): `softcap` c > 0 maps a score s
    to c * tanh(s / c) before the mask; `causal` is aligned bottom-right: a query at position p sees the
    keys 0 to p, and with `window` w only the newest w of them, its own included. A row in which every key is
    masked gives zeros. `value_dim` may differ from `key_dim`.

    Over a cache, positions and slots come from the tokens. Over tensors, queries are the last rows
    of the keys: row r has position r + keys - queries.

    Example:
    ```mlir
    %a = graph.attention %q cache %kv, %tok heads 9 over 3 {scale = 0.125, mask = #graph.mask<causal>}
        : tensor<?x576xf32>, !kv.cache<3x64>, !graph.tokens
    %b = graph.attention %q keys %k, %v heads 9 over 3 {scale = 0.125}
        : tensor<4x576xf32> keys tensor<7x192xf32>, tensor<7x192xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$query, Optional<KV_CacheType>:$cache, Optional<Graph_TokensType>:$tokens,
                       Optional<Graph_Tensor>:$keys, Optional<Graph_Tensor>:$values,
                       ConfinedAttr<I64Attr, [IntPositive]>:$heads,
                       ConfinedAttr<I64Attr, [IntPositive]>:$kv_heads, F64Attr:$scale,
                       DefaultValuedAttr<Graph_MaskAttr, "::frit::graph::Mask::None">:$mask,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$window,
                       OptionalAttr<F64Attr>:$softcap);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $query (`cache` $cache^ `,` $tokens)? (`keys` $keys^ `,` $values)? `heads` $heads `over` $kv_heads attr-dict `:` type($query)
    (`,` qualified(type($cache))^ `,` type($tokens))? (`keys` type($keys)^ `,` type($values))?
  }];
  let hasVerifier = 1;
}

def Graph_ActivationOp : Graph_ComputeOp<"activation", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Activation function of each element";
  let description = [{
    | `act` | of x |
    |---|---|
    | `silu` | x / (1 + exp(-x)) |
    | `gelu` | x / 2 * (1 + erf(x / sqrt(2))) |
    | `gelu_tanh` | x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) |
    | `relu` | max(x, 0) |
    | `relu_squared` | max(x, 0)^2 |

    Import creates it where an FFN has no gate; `fuse` moves it into the epilogue of the product whose result it
    takes. Sources: Hendrycks and Gimpel 2016; So et al. 2021.

    Example:
    ```mlir
    %a = graph.activation %u gelu_tanh : tensor<?x12288xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_ActivationAttr:$act);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `` $act attr-dict `:` type($input)";
}

def Graph_GluOp : Graph_ComputeOp<"glu", [Pure, AllTypesMatch<["gate", "up", "result"]>]> {
  let summary = "Gated linear unit";
  let description = [{
    act(gate) * up, act as of `graph.activation`. Source: Shazeer 2020.

    Example:
    ```mlir
    %f = graph.glu %g, %u silu : tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$gate, Graph_Tensor:$up, Graph_ActivationAttr:$act);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$gate `,` $up `` $act attr-dict `:` type($gate)";
}

def Graph_RouteOp : Graph_ComputeOp<"route", [Pure, InferTypeOpAdaptor]> {
  let summary = "The experts of each token, and their weights";
  let description = [{
    p = softmax(scores), or sigmoid(scores). The `top` experts of largest p + bias (without a bias, of largest scores)
    are chosen, of equal ones those of lower number; their weights are p, divided by their sum with `normalize`, times `scale`. Row t
    of the result has the numbers of the experts of token t in its first `top` columns, the first choice first, and their
    weights in the others. Import creates it; `fuse` moves it into the prologue of the products with experts.
    Source: Shazeer et al. 2017; the bias: Wang et al. 2024.

    Example:
    ```mlir
    %r = graph.route %s top 8 {normalize} : tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$scores, Optional<Graph_WeightType>:$bias,
                       ConfinedAttr<I64Attr, [IntPositive]>:$top,
                       DefaultValuedAttr<Graph_ScoringAttr, "::frit::graph::Scoring::Softmax">:$scoring,
                       UnitAttr:$normalize, DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $scores (`bias` $bias^)? `top` $top attr-dict `:` type($scores) (`,` qualified(type($bias))^)?
  }];
  let hasVerifier = 1;
}

def Graph_ExpertsOp : Graph_ComputeOp<"experts", [Pure, InferTypeOpAdaptor]> {
  let summary = "Products with the weights of the experts of each token";
  let description = [{
    `weight` is `[experts, out, in]`, `routes` what `graph.route` gives. With `each`, row t of the result
    has `top` parts of `out` columns: part s is the product of row t of the input with the weight of expert s of token
    t. With `sum`, the input has `top` parts of `in` columns, and the result is the sum of the products of part s
    with the weight of expert s, each times that expert's weight. Sums as `graph.linear` does. Import
    creates it.

    Example:
    ```mlir
    %g = graph.experts %n, %r, %wg each : tensor<?x2048xf32>, tensor<?x16xf32>, !graph.weight<128x768x2048, q4_k>
    %y = graph.experts %f, %r, %wd sum : tensor<?x6144xf32>, tensor<?x16xf32>, !graph.weight<128x2048x768, q4_k>
    ```
  }];
  let arguments = (ins Graph_TensorOrQTensor:$input, Graph_Tensor:$routes, Graph_WeightType:$weight,
                       Graph_PartsAttr:$parts);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $routes `,` $weight `` $parts attr-dict `:` type($input) `,` type($routes) `,` qualified(type($weight))
  }];
  let extraClassDeclaration = [{
    /// Experts of a token.
    int64_t getTop() {
      return ::llvm::cast<::mlir::RankedTensorType>(getRoutes().getType()).getDimSize(1) / 2;
    }
  }];
  let hasVerifier = 1;
}

def Graph_ResidualOp : Graph_ComputeOp<"residual", [Pure, AllTypesMatch<["stream", "branch", "result"]>]> {
  let summary = "Add a branch to the residual stream";
  let description = [{
    stream + scale * branch.

    Example:
    ```mlir
    %h = graph.residual %x, %o : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$stream, Graph_Tensor:$branch, DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$stream `,` $branch attr-dict `:` type($stream)";
  let hasVerifier = 1;
}

def Graph_SelectOp : Graph_ComputeOp<"select", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "The rows of tokens whose logits are wanted";
  let description = [{
    Row r of the result is the row of the r-th token that wants logits. Import puts it in front of the
    last norm, so that a prompt pays for one row of logits and not for all.

    Example:
    ```mlir
    %s = graph.select %y, %tok : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_TokensType:$tokens);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `,` $tokens attr-dict `:` type($input)";
}

def Graph_LogitsOp : Graph_ComputeOp<"logits", [Pure, InferTypeOpAdaptor]> {
  let summary = "Scores of the vocabulary";
  let description = [{
    y[r, v] = scale * sum over i of x[r, i] * weight[v, i] (+ bias[v]), then softcap c > 0 as
    c * tanh(y / c). Sums as `graph.linear` does.

    Example:
    ```mlir
    %l = graph.logits %n, %w : tensor<?x576xf32>, !graph.weight<49152x576, q8_0>
    ```
  }];
  let arguments = (ins Graph_TensorOrQTensor:$input, Graph_WeightType:$weight, Optional<Graph_WeightType>:$bias,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale, OptionalAttr<F64Attr>:$softcap);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? attr-dict `:` type($input) `,` qualified(type($weight))
    (`,` qualified(type($bias))^)?
  }];
  let hasVerifier = 1;
}

#endif // FRIT_DIALECTS_GRAPH_GRAPHOPS
