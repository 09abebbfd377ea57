//===- Passes.td - passes that rewrite by algebra --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_ALGEBRA_PASSES
#define FRIT_PASSES_ALGEBRA_PASSES

include "mlir/Pass/PassBase.td"

def OutlineLayers : Pass<"frit-outline-layers", "::mlir::ModuleOp"> {
  let summary = "Make layers that are alike one function";
  let description = [{
    A graph that comes in written out, layer by layer, becomes what import makes: a `graph.layer` for each layer class, a
    table with a row a layer for each weight, and one `graph.repeat`. Two layers are of one class when their ops, attributes,
    types and the flow of data between the ops are the same; only weights may differ, in nothing but where they are. Classes
    may take turns, and ops in front of and behind the layers stay. Part of the step `normalize`; graphs with `graph.repeat`
    pass unchanged.

    Before:
    ```mlir
    graph.weight @attn_norm.0 : !graph.weight<64, f32> at @f0, 0
    graph.weight @attn_norm.1 : !graph.weight<64, f32> at @f0, 4096
    graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x256xf32> {
      ...
      %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x64>
      %w0 = graph.param @attn_norm.0 : !graph.weight<64, f32>
      %n0 = graph.norm %x, %w0 {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
      ...
    ```
    After:
    ```mlir
    graph.weights @block[2] {
      graph.column @attn_norm : !graph.weight<64, f32> at [@f0], [0, 4096]
    }
    graph.layer @decoder(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x64>, %i: index) -> tensor<?x64xf32> {
      %w = graph.param @block::@attn_norm[%i] : !graph.weight<64, f32>
      ...
    %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x64xf32>, !kv.caches<2>
    ```
    Nothing changes, with a remark that says why, where anything but one value goes from a layer to the next, where ops on two
    caches cannot be parted, and where layers do not work on caches 0, 1, 2 and so on.
  }];
  let dependentDialects = ["::frit::graph::GraphDialect"];
}

def InlineLayers : Pass<"frit-inline-layers", "::mlir::ModuleOp"> {
  let summary = "Write every layer out";
  let description = [{
    The inverse of `frit-outline-layers`: `graph.repeat` becomes the ops of all layers, and each row of a table becomes weights
    of its own. For tests, and to see a model as exporters without layers write it.

    Before:
    ```mlir
    %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x64xf32>, !kv.caches<2>
    ```
    After:
    ```mlir
    %kv0 = kv.layer %kv[0] : !kv.caches<2> -> !kv.cache<1x64>
    %w0 = graph.param @attn_norm.0 : !graph.weight<64, f32>
    %n0 = graph.norm %x, %w0 {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
    ...
    ```
    Fails where the weights of experts lie in pieces, which only a table can say.
  }];
  let dependentDialects = ["::frit::graph::GraphDialect", "::frit::kv::KVDialect"];
}

def FoldNormWeights : Pass<"frit-fold-norm-weights", "::mlir::ModuleOp"> {
  let summary = "Move the weight of a norm into the products that read it";
  let description = [{
    A product of x * g with W is one of x with W whose columns are multiplied with g. The norm keeps its row factor only,
    and the weights are multiplied when they are packed (`#graph.times`).

    Before:
    ```mlir
    graph.column @attn_q : !graph.weight<576x576, f32> at [@f0], [0]
    %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
    %q = graph.linear %n, %wq : tensor<?x576xf32>, !graph.weight<576x576, f32>
    ```
    After:
    ```mlir
    graph.column @attn_q : !graph.weight<576x576, f32> at [@f0], [0] times <@block::@attn_norm>
    %n = graph.norm %x {eps = 1.0e-5} : tensor<?x576xf32>
    %q = graph.linear %n, %wq : tensor<?x576xf32>, !graph.weight<576x576, f32>
    ```
    Only where every reader of the norm is a product, its weight is read by nothing else (a head that is tied to the
    embedding is) and has a format that holds the products: f32, or with `halves` also f16 and bf16, which rounds every weight
    again. Integer weights share scales along the columns and take no factors. A norm with a bias stays. Each norm leaves a remark.
  }];
  let options = [
    Option<"halves", "halves", "bool", "false", "Fold into weights of f16 and bf16, too, which rounds them">];
  let dependentDialects = ["::frit::graph::GraphDialect"];
}

def DeferRowFactors : Pass<"frit-defer-row-factors", "::mlir::ModuleOp"> {
  let summary = "Multiply with the row factor of an RMS norm behind the product";
  let description = [{
    The row factor r of an RMS norm commutes with a product, so the product can begin before the sum of squares is known.

    Before:
    ```mlir
    %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
    %q = graph.linear %n, %wq : tensor<?x576xf32>, !graph.weight<576x576, f32>
    ```
    After:
    ```mlir
    %r = graph.row_factor %x {eps = 1.0e-5} : tensor<?x576xf32>
    %n = graph.scale_columns %x, %g : tensor<?x576xf32>, !graph.weight<576, f32>
    %p = graph.linear %n, %wq : tensor<?x576xf32>, !graph.weight<576x576, f32>
    %q = graph.scale_rows %p, %r : tensor<?x576xf32>, tensor<?x1xf32>
    ```
    Only for norms of whole rows all of whose readers are products without bias (and logits without a cap on the scores).
    Each norm leaves a remark.
  }];
  let dependentDialects = ["::frit::graph::GraphDialect"];
}

def MergeScales : Pass<"frit-merge-scales", "::mlir::ModuleOp"> {
  let summary = "Move the multiplier of residual branches into the embedding";
  let description = [{
    With a stream x / s in the place of x, where s is the multiplier of all branches, branches are added as they are, the
    embedding's multiplier is divided by s, and norms, which do not see the size of a row, divide eps by s^2.

    Before:
    ```mlir
    %x = graph.embed %tok, %table {scale = 12.0 : f64} : !graph.weight<256x64, f32>
    %n = graph.norm %x, %g {eps = 1.0e-5 : f64} : tensor<?x64xf32>, !graph.weight<64, f32>
    %y = graph.residual %x, %b {scale = 0.25 : f64} : tensor<?x64xf32>
    ```
    After:
    ```mlir
    %x = graph.embed %tok, %table {scale = 48.0 : f64} : !graph.weight<256x64, f32>
    %n = graph.norm %x, %g {eps = 1.6e-4 : f64} : tensor<?x64xf32>, !graph.weight<64, f32>
    %y = graph.residual %x, %b : tensor<?x64xf32>
    ```
    Only where all branches have one positive multiplier, and nothing but norms, residuals and `graph.select` reads the stream.
    Each embedding leaves a remark.
  }];
  let dependentDialects = ["::frit::graph::GraphDialect"];
}

#endif // FRIT_PASSES_ALGEBRA_PASSES
