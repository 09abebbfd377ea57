//===- embedder.cpp - a C++ program that uses an installed frit -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses a graph, runs a pass, looks at an op through the installed headers, prints the module.
//
//===----------------------------------------------------------------------===//

#include "frit/Support/MLIR.h" // what the headers of dialects build on

#include "dialects/Graph/Graph.h"
#include "frit/InitAll.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/raw_ostream.h"

static constexpr llvm::StringLiteral text = R"(
graph.file @f0 "model.gguf"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.func @rope(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %r = graph.rope %q, %tok interleaved {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
})";

int main() {
  mlir::DialectRegistry registry;
  frit::registerAllDialects(registry);
  frit::registerAllPasses();
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  mlir::PassManager passes(&context);
  if (!module || mlir::failed(mlir::parsePassPipeline("frit-normalize-rope", passes)) ||
      mlir::failed(passes.run(*module)))
    return 1;
  int ropes = 0;
  module->walk([&](frit::graph::RopeOp rope) {
    ropes += rope.getPairs() == frit::graph::RopePairs::Halves;
  });
  module->print(llvm::outs());
  return ropes == 1 ? 0 : 1;
}
