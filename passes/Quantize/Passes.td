//===- Passes.td - passes of the step 'quantize' ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_QUANTIZE_PASSES
#define FRIT_PASSES_QUANTIZE_PASSES

include "mlir/Pass/PassBase.td"

def QuantizeActivations : Pass<"frit-quantize-activations", "::mlir::ModuleOp"> {
  let summary = "Put int8 activations in front of products with quantized weights";
  let description = [{
    A product whose weight has integer codes, on a machine with an int8 matrix instruction, takes its
    input as int8 blocks of 32 whatever the weight's own blocks: one `graph.quantize` a value, shared by
    all its products. Products with float weights keep float activations. With `activations=f32` nothing
    changes and every product is exact in f32.

    Before:
    ```mlir
    %q = graph.linear %n, %w : tensor<?x576xf32>, !graph.weight<576x576, q4_1>
    ```
    After:
    ```mlir
    %a = graph.quantize %n by 32 : tensor<?x576xf32>
    %q = graph.linear %a, %w : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
    ```
  }];
  let options = [
    Option<"activations", "activations", "std::string", "\"int8\"",
           "How activations enter products with quantized weights: int8 or f32">];
  let dependentDialects = ["::frit::graph::GraphDialect"];
}

#endif // FRIT_PASSES_QUANTIZE_PASSES
