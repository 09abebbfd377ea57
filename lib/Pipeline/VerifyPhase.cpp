//===- VerifyPhase.cpp - the contract of each step -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "frit/Pipeline/Pipeline.h"
#include "lib/Pipeline/Passes.h"
#include "lib/ProgramCheck/Module.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace frit::pipeline {
#define GEN_PASS_DEF_RECORDDATAFLOW
#define GEN_PASS_DEF_VERIFYPHASE
#include "lib/Pipeline/Passes.h.inc"
} // namespace frit::pipeline

using namespace mlir;
using namespace frit;

static LogicalResult verifyNormalized(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    if (isa<kv::LayerOp>(op)) {
      op->emitError(
          "expected every layer in a graph.layer after normalize (--remarks-filter=algebra says "
          "why there is none)");
      return WalkResult::interrupt();
    }
    auto rope = dyn_cast<graph::RopeOp>(op);
    if (!rope || rope.getPairs() == graph::RopePairs::Halves)
      return WalkResult::advance();
    rope.emitError("expected every rope to pair halves after normalize");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult verifyQuantized(ModuleOp module) {
  if (machine::getTarget(module))
    return success();
  return module.emitError("expected a ")
         << machine::targetAttrName << " on the module after quantize";
}

static LogicalResult verifyCached(ModuleOp module) {
  kv::CacheType open;
  AttrTypeWalker walker;
  walker.addWalk([&](kv::CacheType cache) {
    if (!cache.hasStores())
      open = cache;
    return WalkResult::advance();
  });
  WalkResult result = module.walk([&](Operation *op) {
    for (Value value : op->getResults())
      walker.walk(value.getType());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          walker.walk(type);
    if (!open)
      return WalkResult::advance();
    op->emitError("expected every cache to have its stores after cache, but got ") << open;
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult verifyFused(ModuleOp module) {
  for (Operation &function : *module.getBody()) {
    if (!isa<graph::LayerOp, graph::FuncOp>(function))
      continue;
    for (Operation &op : function.getRegion(0).front())
      if (!isa<kernel::CallOp, graph::RepeatOp, graph::ReturnOp>(op))
        return op.emitError("expected only calls of phases in a function after fuse");
  }
  return success();
}

static LogicalResult verifyScheduled(ModuleOp module, StringRef step) {
  for (Operation &op : *module.getBody())
    if (isa<graph::LayerOp, graph::FuncOp, kernel::PhaseOp>(op))
      return op.emitError("expected tile programs and phases in its place after ") << step;
  if (module.getOps<tile::ProgramOp>().empty())
    return module.emitError("expected a tile.program after ") << step;
  return program::checkPrograms(module);
}

static LogicalResult verifyLowered(ModuleOp module) {
  if (failed(verifyScheduled(module, "lower")))
    return failure();
  for (auto phase : module.getOps<tile::PhaseOp>())
    if (!phase.getBody().front().empty())
      return phase.emitError("expected a function in the place of its body after lower");
  return success();
}

static LogicalResult verifyContract(PhaseId id, ModuleOp module) {
  switch (id) {
  case PhaseId::Import:
    return success();
  case PhaseId::Normalize:
    return verifyNormalized(module);
  case PhaseId::Quantize:
    return verifyQuantized(module);
  case PhaseId::Cache:
    return verifyCached(module);
  case PhaseId::Fuse:
    return verifyFused(module);
  case PhaseId::Schedule:
    return success(succeeded(program::checkShares(module)) &&
                   succeeded(verifyScheduled(module, "schedule")));
  case PhaseId::Lower:
    return verifyLowered(module);
  }
  llvm_unreachable("unknown phase");
}

namespace {
struct RecordDataflow : pipeline::impl::RecordDataflowBase<RecordDataflow> {
  using Base::Base;

  void runOnOperation() override { program::recordDataflow(getOperation()); }
};

struct VerifyPhase : pipeline::impl::VerifyPhaseBase<VerifyPhase> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Result<PhaseId> id = findPhase(phase);
    if (!id) {
      module.emitError(id.error());
      return signalPassFailure();
    }
    SmallVector<StringRef> allowed;
    phaseInfo(*id).dialects.split(allowed, ' ');
    WalkResult result = module.walk([&](Operation *op) {
      if (llvm::is_contained(allowed, op->getName().getDialectNamespace()))
        return WalkResult::advance();
      op->emitOpError("expected no op of dialect ")
          << op->getName().getDialectNamespace() << " after " << phase << ", only "
          << phaseInfo(*id).dialects;
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted() || failed(verifyContract(*id, module)))
      return signalPassFailure();
    module->setAttr(phaseAttrName, StringAttr::get(&getContext(), phase));
  }
};
} // namespace
