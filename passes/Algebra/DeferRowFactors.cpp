//===- DeferRowFactors.cpp - row factors of RMS norms behind products ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "mlir/IR/Remarks.h"
#include "passes/Algebra/Passes.h"

namespace frit::algebra {
#define GEN_PASS_DEF_DEFERROWFACTORS
#include "passes/Algebra/Passes.h.inc"
} // namespace frit::algebra

using namespace mlir;
using namespace frit;

/// Null, or why the row factor stays where it is.
static const char *findObstacle(graph::NormOp norm) {
  if (norm.getKind() != graph::NormKind::RMS)
    return "it subtracts the mean";
  if (norm.getGroup())
    return "it has a factor for each group of columns";
  if (norm->use_empty())
    return "nothing reads it";
  for (OpOperand &use : norm->getUses()) {
    Operation *user = use.getOwner();
    if (!isa<graph::LinearOp, graph::LogitsOp>(user))
      return "something other than a product reads it";
    if (user->getNumOperands() == 3)
      return "a product adds a bias";
    if (auto logits = dyn_cast<graph::LogitsOp>(user); logits && logits.getSoftcap())
      return "scores have a cap";
  }
  return nullptr;
}

static void defer(graph::NormOp norm) {
  OpBuilder builder(norm);
  Location loc = norm.getLoc();
  Value factor = graph::RowFactorOp::create(builder, loc, norm.getInput(), norm.getEpsAttr());
  Value scaled = norm.getInput();
  if (norm.getWeight())
    scaled = graph::ScaleColumnsOp::create(builder, loc, scaled.getType(), scaled, norm.getWeight(),
                                           norm.getOffsetAttr());
  for (Operation *product : llvm::make_early_inc_range(norm->getUsers())) {
    Value result = product->getResult(0);
    builder.setInsertionPointAfter(product);
    auto late =
        graph::ScaleRowsOp::create(builder, product->getLoc(), result.getType(), result, factor);
    result.replaceAllUsesExcept(late, late);
    product->setOperand(0, scaled);
  }
  norm.erase();
}

namespace {
struct DeferRowFactors : algebra::impl::DeferRowFactorsBase<DeferRowFactors> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<graph::NormOp> norms;
    getOperation().walk([&](graph::NormOp norm) { norms.push_back(norm); });
    for (graph::NormOp norm : norms) {
      auto options = remark::RemarkOpts::name("DeferRowFactor").category("algebra");
      if (const char *obstacle = findObstacle(norm)) {
        remark::missed(norm.getLoc(), options) << remark::reason("{0}", obstacle);
        continue;
      }
      remark::passed(norm.getLoc(), options)
          << remark::metric("products", static_cast<int64_t>(llvm::range_size(norm->getUsers())));
      defer(norm);
    }
  }
};
} // namespace
