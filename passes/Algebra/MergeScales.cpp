//===- MergeScales.cpp - multipliers of branches into the embedding --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "mlir/IR/Remarks.h"
#include "passes/Algebra/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace frit::algebra {
#define GEN_PASS_DEF_MERGESCALES
#include "passes/Algebra/Passes.h.inc"
} // namespace frit::algebra

using namespace mlir;
using namespace frit;

namespace {

/// The residual stream that begins at an embedding, through all layers.
class Stream {
public:
  Stream(ModuleOp module, graph::EmbedOp embed) : module(module), embed(embed) {}

  /// Null, or why it must keep its size.
  const char *findObstacle();
  double scale() const { return multiplier; }
  void divide();

private:
  const char *follow(OpOperand &use);
  const char *follow(graph::RepeatOp repeat);
  const char *checkScales();

  ModuleOp module;
  graph::EmbedOp embed;
  SymbolTableCollection tables;
  llvm::SetVector<Value> values;
  SmallVector<graph::ResidualOp> residuals;
  SmallVector<graph::NormOp> norms;
  SmallVector<graph::LayerOp> layers;
  DenseSet<Operation *> repeats;
  double multiplier = 1;
};

} // namespace

const char *Stream::follow(graph::RepeatOp repeat) {
  repeats.insert(repeat);
  for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>()) {
    auto layer = tables.lookupNearestSymbolFrom<graph::LayerOp>(repeat, segment.getLayer());
    if (values.insert(layer.getArgument(0)))
      layers.push_back(layer);
  }
  values.insert(repeat.getResult());
  return nullptr;
}

const char *Stream::follow(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto norm = dyn_cast<graph::NormOp>(user)) {
    norms.push_back(norm);
    return nullptr;
  }
  if (auto repeat = dyn_cast<graph::RepeatOp>(user))
    return follow(repeat);
  if (isa<graph::ReturnOp>(user) && isa<graph::LayerOp>(user->getParentOp()))
    return nullptr;
  auto residual = dyn_cast<graph::ResidualOp>(user);
  if (!isa<graph::SelectOp>(user) && !(residual && use.getOperandNumber() == 0))
    return "something reads it that is no norm and no residual";
  if (residual)
    residuals.push_back(residual);
  values.insert(user->getResult(0));
  return nullptr;
}

const char *Stream::checkScales() {
  if (residuals.empty())
    return "nothing is added to it";
  multiplier = residuals.front().getScale().convertToDouble();
  if (multiplier == 1)
    return "branches have no multiplier";
  if (llvm::any_of(residuals, [&](graph::ResidualOp residual) {
        return residual.getScale().convertToDouble() != multiplier;
      }))
    return "branches have several multipliers";
  double start = embed.getScale().convertToDouble() / multiplier;
  if (!(multiplier > 0) || !std::isfinite(static_cast<float>(start)) ||
      llvm::any_of(norms, [&](graph::NormOp norm) {
        double eps = norm.getEps().convertToDouble() / (multiplier * multiplier);
        return !std::isfinite(static_cast<float>(eps));
      }))
    return "the multiplier is 0 or negative, or too small";
  return nullptr;
}

const char *Stream::findObstacle() {
  values.insert(embed.getResult());
  for (size_t index = 0; index < values.size(); ++index)
    for (OpOperand &use : values[index].getUses())
      if (const char *obstacle = follow(use))
        return obstacle;
  for (graph::LayerOp layer : layers)
    if (!values.contains(layer.getBody().front().getTerminator()->getOperand(0)))
      return "a layer gives something else";
  const char *obstacle = checkScales();
  module.walk([&](graph::RepeatOp repeat) {
    for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>())
      if (!repeats.contains(repeat) &&
          llvm::is_contained(
              layers, tables.lookupNearestSymbolFrom<graph::LayerOp>(repeat, segment.getLayer())))
        obstacle = "a layer serves another stream, too";
  });
  return obstacle;
}

void Stream::divide() {
  Builder builder(embed.getContext());
  embed.setScaleAttr(builder.getF64FloatAttr(embed.getScale().convertToDouble() / multiplier));
  for (graph::ResidualOp residual : residuals)
    residual.setScaleAttr(builder.getF64FloatAttr(1));
  for (graph::NormOp norm : norms)
    norm.setEpsAttr(
        builder.getF64FloatAttr(norm.getEps().convertToDouble() / (multiplier * multiplier)));
}

namespace {
struct MergeScales : algebra::impl::MergeScalesBase<MergeScales> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([&](graph::EmbedOp embed) {
      Stream stream(getOperation(), embed);
      auto options = remark::RemarkOpts::name("MergeScales").category("algebra");
      if (const char *obstacle = stream.findObstacle()) {
        remark::missed(embed.getLoc(), options) << remark::reason("{0}", obstacle);
        return;
      }
      stream.divide();
      remark::passed(embed.getLoc(), options) << remark::metric("multiplier", stream.scale());
    });
  }
};
} // namespace
