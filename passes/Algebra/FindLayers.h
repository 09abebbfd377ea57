//===- FindLayers.h - the layers of a graph that is written out ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_ALGEBRA_FINDLAYERS_H
#define FRIT_PASSES_ALGEBRA_FINDLAYERS_H

#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"

#include <string>
#include <vector>

namespace frit::algebra {

/// What two runs of ops must have in common to be one layer class: ops, attributes, types, and the
/// places of all operands in the run.
using RunKey = std::vector<const void *>;

/// One layer: consecutive ops of a block between which and the others only the residual stream is
/// passed on.
struct LayerRun {
  llvm::SmallVector<mlir::Operation *> ops;
  mlir::Value input, output;
  mlir::Value cache;
  llvm::SmallVector<graph::ParamOp> params; ///< in the order of their first uses, a symbol once
  unsigned layerClass = 0;
};

struct Layers {
  std::vector<LayerRun> runs; ///< number n works on cache number n
  unsigned classes = 0;
  std::string obstacle; ///< why there are none, or nothing
};

/// Finds the layers of a function of tokens and caches that works on each cache by `kv.layer`.
Layers findLayers(graph::FuncOp function);

} // namespace frit::algebra

#endif // FRIT_PASSES_ALGEBRA_FINDLAYERS_H
