//===- FoldNormWeights.cpp - weights of norms into those of products -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "mlir/IR/Remarks.h"
#include "passes/Algebra/Passes.h"

namespace frit::algebra {
#define GEN_PASS_DEF_FOLDNORMWEIGHTS
#include "passes/Algebra/Passes.h.inc"
} // namespace frit::algebra

using namespace mlir;
using namespace frit;

/// The weight of a product; null for other ops.
static Value weightOf(Operation *op) {
  if (auto experts = dyn_cast<graph::ExpertsOp>(op))
    return experts.getWeight();
  return isa<graph::LinearOp, graph::LogitsOp>(op) ? op->getOperand(1) : Value();
}

namespace {

class Folder {
public:
  Folder(ModuleOp module, bool halves) : module(module), halves(halves) {
    module.walk([&](graph::ParamOp param) {
      llvm::append_range(readers[param.getWeightAttr()], param->getUsers());
    });
  }

  /// Null, or why the weight stays in the norm.
  const char *findObstacle(graph::NormOp norm);
  void fold(graph::NormOp norm);

private:
  const char *findObstacle(graph::ParamOp gamma, Value weight);
  Operation *symbolOf(graph::ParamOp param) {
    return tables.lookupSymbolIn(module, param.getWeightAttr());
  }

  ModuleOp module;
  bool halves;
  SymbolTableCollection tables;
  DenseMap<Attribute, SmallVector<Operation *>> readers; ///< of each weight, in all functions
};

} // namespace

const char *Folder::findObstacle(graph::NormOp norm) {
  auto gamma = norm.getWeight().getDefiningOp<graph::ParamOp>();
  if (!gamma)
    return "its weight is no graph.param";
  if (norm.getBias())
    return "it has a bias, which products would have to add";
  if (norm.getGroup())
    return "it has a weight for each group of columns";
  if (norm->use_empty())
    return "nothing reads it";
  for (OpOperand &use : norm->getUses()) {
    Value weight = weightOf(use.getOwner());
    if (!weight || use.getOperandNumber() != 0)
      return "something other than a product reads it";
    if (const char *obstacle = findObstacle(gamma, weight))
      return obstacle;
  }
  return nullptr;
}

/// The same for `weight` of one product.
const char *Folder::findObstacle(graph::ParamOp gamma, Value weight) {
  auto param = weight.getDefiningOp<graph::ParamOp>();
  if (!param)
    return "the weight of a product is no graph.param";
  Format format = cast<graph::WeightType>(weight.getType()).getFormat();
  if (!formatInfo(format).isFloat())
    return "a product has integer weights, which share scales along its columns";
  if (format != Format::F32 && !halves)
    return "a product has weights of 16 bits, which would be rounded";
  if (readers.lookup(param.getWeightAttr()).size() != 1)
    return "the weight of a product is read elsewhere, too";
  if (symbolOf(param)->hasAttr("times"))
    return "the weight of a product has factors already";
  // One row of a column has one vector: that of the model, or that of the row.
  bool sameRow = gamma.getRow() == param.getRow() &&
                 gamma.getWeight().getRootReference() == param.getWeight().getRootReference();
  if (gamma.getRow() && !sameRow)
    return "its weight is in another table than that of a product";
  return nullptr;
}

void Folder::fold(graph::NormOp norm) {
  auto gamma = norm.getWeight().getDefiningOp<graph::ParamOp>();
  double offset = norm.getOffset().convertToDouble();
  Builder builder(norm.getContext());
  auto times = graph::TimesAttr::get(norm.getContext(), gamma.getWeightAttr(),
                                     offset == 0 ? FloatAttr() : builder.getF64FloatAttr(offset));
  for (Operation *product : norm->getUsers())
    symbolOf(weightOf(product).getDefiningOp<graph::ParamOp>())->setAttr("times", times);
  norm.getWeightMutable().clear();
  norm.setOffsetAttr(builder.getF64FloatAttr(0));
  if (gamma->use_empty())
    gamma->erase();
}

namespace {
struct FoldNormWeights : algebra::impl::FoldNormWeightsBase<FoldNormWeights> {
  using Base::Base;

  void runOnOperation() override {
    Folder folder(getOperation(), halves);
    SmallVector<graph::NormOp> norms;
    getOperation().walk([&](graph::NormOp norm) {
      if (norm.getWeight())
        norms.push_back(norm);
    });
    for (graph::NormOp norm : norms) {
      auto options = remark::RemarkOpts::name("FoldNormWeight").category("algebra");
      if (const char *obstacle = folder.findObstacle(norm)) {
        remark::missed(norm.getLoc(), options) << remark::reason("{0}", obstacle);
        continue;
      }
      remark::passed(norm.getLoc(), options)
          << remark::metric("products", static_cast<int64_t>(llvm::range_size(norm->getUsers())));
      folder.fold(norm);
    }
  }
};
} // namespace
