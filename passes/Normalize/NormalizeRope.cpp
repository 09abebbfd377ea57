//===- NormalizeRope.cpp - spell every rotary embedding as halves ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "passes/Normalize/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace frit::normalize {
#define GEN_PASS_DEF_NORMALIZEROPE
#include "passes/Normalize/Passes.h.inc"
} // namespace frit::normalize

using namespace mlir;
using namespace frit;

namespace {
/// Moves the difference between the two spellings into the weights of one module.
class Normalizer {
public:
  explicit Normalizer(ModuleOp module) : module(module) {}

  LogicalResult run();

private:
  LogicalResult plan(graph::RopeOp rope);
  LogicalResult planNorm(graph::RopeOp rope, graph::NormOp norm);
  LogicalResult planWeights(graph::RopeOp rope, Operation *op, ValueRange weights);
  LogicalResult planWeight(graph::RopeOp rope, Value weight);
  LogicalResult checkOtherUses();
  Operation *weightOf(graph::ParamOp param) {
    return tables.lookupSymbolIn(module, param.getWeight());
  }

  ModuleOp module;
  SymbolTableCollection tables;
  llvm::MapVector<Operation *, graph::UnpairAttr> unpaired; ///< weights and the rows they get
  DenseSet<Operation *> reordered;                          ///< what reads them
};
} // namespace

/// Plans to unpair the rows of the weight that `rope` rotates, and the weights of norms around it.
LogicalResult Normalizer::plan(graph::RopeOp rope) {
  Value input = rope.getInput();
  if (auto norm = input.getDefiningOp<graph::NormOp>(); norm && norm->hasOneUse()) {
    if (failed(planNorm(rope, norm)))
      return failure();
    input = norm.getInput();
  }
  // All elements of a row have one factor.
  if (auto scale = input.getDefiningOp<graph::ScaleRowsOp>(); scale && scale->hasOneUse())
    input = scale.getInput();
  auto linear = input.getDefiningOp<graph::LinearOp>();
  if (!linear || !linear->hasOneUse())
    return rope.emitError(
        "expected the input of an interleaved rope to be the only use of a product");
  if (failed(planWeights(rope, linear, {linear.getWeight(), linear.getBias()})))
    return failure();
  for (Operation *user : rope->getUsers())
    if (auto norm = dyn_cast<graph::NormOp>(user); norm && failed(planNorm(rope, norm)))
      return failure();
  return success();
}

/// Of whole heads the elements may come in any order, if those of the weight come in the same.
LogicalResult Normalizer::planNorm(graph::RopeOp rope, graph::NormOp norm) {
  if (norm.getGroup().value_or(0) % rope.getHeadDim())
    return norm.emitError("expected a norm of whole heads of ")
           << rope.getHeadDim() << " beside an interleaved rope, but got one of "
           << *norm.getGroup();
  return planWeights(rope, norm, {norm.getWeight(), norm.getBias()});
}

/// Nulls among `weights` are none.
LogicalResult Normalizer::planWeights(graph::RopeOp rope, Operation *op, ValueRange weights) {
  reordered.insert(op);
  for (Value weight : weights)
    if (weight && failed(planWeight(rope, weight)))
      return failure();
  return success();
}

LogicalResult Normalizer::planWeight(graph::RopeOp rope, Value value) {
  auto param = value.getDefiningOp<graph::ParamOp>();
  if (!param)
    return rope.emitError(
        "expected products and norms with a graph.param around an interleaved rope");
  Operation *weight = weightOf(param);
  auto rows = weight->getAttrOfType<graph::UnpairAttr>("rows");
  auto headDim = static_cast<int64_t>(rope.getHeadDim()), dim = static_cast<int64_t>(rope.getDim());
  auto unpair = graph::UnpairAttr::get(rope.getContext(), headDim, dim == headDim ? 0 : dim);
  if (rows)
    return rope.emitError("expected ")
           << param.getWeight() << " to have rows in file order, but got " << rows;
  graph::UnpairAttr &planned = unpaired[weight];
  if (planned && planned != unpair)
    return rope.emitError("expected ropes of ")
           << param.getWeight() << " with the same heads, but got " << planned << " and " << unpair;
  planned = unpair;
  return success();
}

/// Reordered rows would change the result of any other use of a weight.
LogicalResult Normalizer::checkOtherUses() {
  WalkResult result = module.walk([&](graph::ParamOp param) -> WalkResult {
    if (!unpaired.contains(weightOf(param)))
      return WalkResult::advance();
    for (Operation *user : param->getUsers())
      if (!reordered.contains(user))
        return user->emitError("expected ")
               << param.getWeight() << " only in products and norms around an interleaved rope";
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Normalizer::run() {
  SmallVector<graph::RopeOp> ropes;
  module.walk([&](graph::RopeOp rope) {
    if (rope.getPairs() == graph::RopePairs::Interleaved)
      ropes.push_back(rope);
  });
  // Every rope is looked at, so that one run names all that is wrong.
  bool failedAny = false;
  for (graph::RopeOp rope : ropes)
    failedAny |= failed(plan(rope));
  if (failedAny || failed(checkOtherUses()))
    return failure();
  for (auto [weight, rows] : unpaired)
    weight->setAttr("rows", rows);
  for (graph::RopeOp rope : ropes)
    rope.setPairs(graph::RopePairs::Halves);
  return success();
}

namespace {
struct NormalizeRope : normalize::impl::NormalizeRopeBase<NormalizeRope> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(Normalizer(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
