//===- NormalizeRope.cpp - spell every rotary embedding as halves ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "passes/Normalize/Passes.h"

namespace frit::normalize {
#define GEN_PASS_DEF_NORMALIZEROPE
#include "passes/Normalize/Passes.h.inc"
} // namespace frit::normalize

using namespace mlir;
using namespace frit;

/// Gives the weight behind `param` the row transform that unpairs heads of `headDim` rows. A weight
/// that has it already is shared by two ropes, which is fine when they agree.
static LogicalResult unpairWeight(graph::RopeOp rope, graph::ParamOp param, int64_t headDim) {
  Operation *symbol =
      SymbolTable::lookupSymbolIn(rope->getParentOfType<ModuleOp>(), param.getWeight());
  auto unpair = graph::UnpairAttr::get(rope.getContext(), headDim);
  auto set = [&](auto weight) -> LogicalResult {
    if (weight.getRows() && *weight.getRows() != unpair)
      return rope.emitError("expected ") << param.getWeight() << " to have rows in file order or "
                                         << unpair << ", but got " << *weight.getRows();
    weight.setRowsAttr(unpair);
    return success();
  };
  if (auto column = dyn_cast<graph::ColumnOp>(symbol))
    return set(column);
  return set(cast<graph::WeightOp>(symbol));
}

namespace {
struct NormalizeRope : normalize::impl::NormalizeRopeBase<NormalizeRope> {
  using Base::Base;

  void runOnOperation() override {
    bool failedAny = false;
    getOperation().walk([&](graph::RopeOp rope) {
      if (rope.getPairs() == graph::RopePairs::Interleaved && failed(normalizeOne(rope)))
        failedAny = true;
    });
    if (failedAny)
      signalPassFailure();
  }

  LogicalResult normalizeOne(graph::RopeOp rope) {
    auto headDim = static_cast<int64_t>(rope.getHeadDim());
    if (static_cast<int64_t>(rope.getDim()) != headDim)
      return rope.emitError("expected an interleaved rope to rotate whole heads of ")
             << headDim << " elements, but it rotates " << rope.getDim();
    auto linear = rope.getInput().getDefiningOp<graph::LinearOp>();
    if (!linear || !linear->hasOneUse() || linear.getBias())
      return rope.emitError(
          "expected the input of an interleaved rope to be the only use of a product without bias");
    auto param = linear.getWeight().getDefiningOp<graph::ParamOp>();
    if (!param)
      return rope.emitError("expected a product with a graph.param before an interleaved rope");
    if (failed(unpairWeight(rope, param, headDim)))
      return failure();
    rope.setPairs(graph::RopePairs::Halves);
    return success();
  }
};
} // namespace
