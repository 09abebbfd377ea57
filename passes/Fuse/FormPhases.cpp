//===- FormPhases.cpp - cut layers and functions into phases -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "lib/Cost/Target.h"
#include "lib/Planner/Explain.h"
#include "lib/Planner/ShapeClass.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Fuse/Cutter.h"
#include "passes/Fuse/Passes.h"

namespace frit::fuse {
#define GEN_PASS_DEF_FORMPHASES
#include "passes/Fuse/Passes.h.inc"
} // namespace frit::fuse

using namespace mlir;
using namespace frit;
using namespace frit::fuse;

namespace {

/// The layers and functions of a module.
using Functions = SmallVector<FunctionOpInterface>;

/// What is fused in each of them, for calls of these numbers of tokens.
struct ModulePlan {
  plan::ShapeClass shapes;
  SmallVector<plan::Choices> choices;
};

struct FormPhases : fuse::impl::FormPhasesBase<FormPhases> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult checkOptions();
  FailureOr<SmallVector<ModulePlan>> planForMachine(ArrayRef<FunctionOpInterface> functions);
};

} // namespace

static plan::Dataflow flowOf(FunctionOpInterface function, const cost::Shape &shape) {
  return plan::Dataflow::of(function.getFunctionBody().front(), shape);
}

static Functions functionsOf(ModuleOp module) {
  Functions functions;
  for (Operation &op : *module.getBody())
    if (isa<graph::FuncOp, graph::LayerOp>(op))
      functions.push_back(cast<FunctionOpInterface>(op));
  return functions;
}

static constexpr StringLiteral category = "fuse";

/// Whether anybody listens, be it to another category: the engine does not say.
static bool wantsRemarks(MLIRContext *context) { return context->getRemarkEngine() != nullptr; }

/// Says of each edge what became of it, and why; costs much more time than planning.
static void remarkEdges(FunctionOpInterface function, const plan::Dataflow &flow,
                        const cost::Machine &machine, const plan::Plan &plan) {
  std::vector<plan::Record> records =
      plan::explain(function.getFunctionBody().front(), flow.shape, machine, plan);
  for (auto [index, record] : llvm::enumerate(records)) {
    Location loc = function.getLoc();
    if (index < flow.edges.size())
      loc = flow.nodes[flow.edges[index].consumer].op->getLoc();
    else if (index < flow.numChoices())
      loc = flow.nodes[flow.siblings[index - flow.edges.size()].second].op->getLoc();
    auto opts = remark::RemarkOpts::name("Edge").category(category);
    auto remark = record.decision == plan::Decision::Stored ? remark::missed(loc, opts)
                                                            : remark::passed(loc, opts);
    remark << remark::metric("producer", StringRef(record.producer))
           << remark::metric("consumer", StringRef(record.consumer))
           << remark::metric("decision", plan::nameOf(record.decision))
           << remark::metric("tokens", flow.shape.tokens)
           << remark::metric("why", StringRef(record.reason));
    if (record.saved)
      remark << remark::metric("bytes_saved", record.bytesSaved)
             << remark::metric("seconds", record.saved->value())
             << remark::metric("seconds_low", record.saved->low())
             << remark::metric("seconds_high", record.saved->high());
    if (!record.flip.empty())
      remark << remark::metric("flip", StringRef(record.flip));
  }
}

/// One plan for each class of calls; neighbours that are planned alike are one class.
FailureOr<SmallVector<ModulePlan>>
FormPhases::planForMachine(ArrayRef<FunctionOpInterface> functions) {
  machine::TargetAttr target = machine::getTarget(getOperation());
  if (!target)
    return getOperation().emitError("expected a ")
           << machine::targetAttrName << " on the module to plan for";
  Result<cost::Machine> machine = cost::machineOf(target);
  if (!machine)
    return getOperation().emitError(machine.error())
           << "; fusion=all and fusion=none need nothing of it";
  for (FunctionOpInterface function : functions)
    for (BlockArgument argument : function.getArguments())
      if (auto cache = dyn_cast<kv::CacheType>(argument.getType()); cache && !cache.hasStores())
        return function.emitError("expected caches whose storage is chosen, but got ") << cache;
  SmallVector<plan::ShapeClass> classes = plan::shapeClasses(maxTokens);
  if (tokens)
    classes = {{1, maxTokens, tokens}};
  SmallVector<ModulePlan> plans;
  for (const plan::ShapeClass &shapes : classes) {
    ModulePlan next{shapes, {}};
    for (FunctionOpInterface function : functions) {
      plan::Dataflow flow =
          flowOf(function, {shapes.tokens, std::max(keys.getValue(), shapes.tokens)});
      plan::CostModel model(flow, *machine);
      if (Status status = model.check(); !status)
        return function.emitError(status.error());
      plan::Plan plan = plan::planPhases(flow, model);
      if (wantsRemarks(&getContext()))
        remarkEdges(function, flow, *machine, plan);
      next.choices.push_back(std::move(plan.choices));
    }
    if (!plans.empty() && plans.back().choices == next.choices)
      plans.back().shapes.last = shapes.last;
    else
      plans.push_back(std::move(next));
  }
  return plans;
}

/// Copies of the functions that call each other, behind `last`, named after the first of their
/// shapes.
static Functions cloneFor(const plan::ShapeClass &shapes, ArrayRef<FunctionOpInterface> functions,
                          Operation *last) {
  Functions clones;
  llvm::StringMap<FlatSymbolRefAttr> cloneOf;
  OpBuilder builder(functions.front()->getContext());
  builder.setInsertionPointAfter(last);
  for (FunctionOpInterface function : functions) {
    auto clone = cast<FunctionOpInterface>(builder.clone(*function));
    clone.setName((function.getName() + ".t" + Twine(shapes.first)).str());
    cloneOf[function.getName()] = FlatSymbolRefAttr::get(clone.getNameAttr());
    clones.push_back(clone);
  }
  for (FunctionOpInterface clone : clones)
    for (auto repeat : clone.getFunctionBody().getOps<graph::RepeatOp>()) {
      SmallVector<Attribute> segments;
      for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>())
        segments.push_back(graph::SegmentAttr::get(segment.getContext(),
                                                   cloneOf.at(segment.getLayer().getValue()),
                                                   segment.getFirst(), segment.getCount()));
      repeat.setSegmentsAttr(builder.getArrayAttr(segments));
    }
  return clones;
}

LogicalResult FormPhases::checkOptions() {
  if (fusion != "all" && fusion != "none" && fusion != "planned")
    return getOperation().emitError("expected fusion to be all, none or planned, but got ")
           << fusion.getValue();
  if (keys < 1 || maxTokens < 1 || tokens < 0 || tokens > maxTokens)
    return getOperation().emitError("expected at least one key, one token at most, and up to so "
                                    "many to plan for, but got ")
           << keys.getValue() << ", " << maxTokens.getValue() << " and " << tokens.getValue();
  return success();
}

LogicalResult FormPhases::run() {
  if (failed(checkOptions()))
    return failure();
  Functions functions = functionsOf(getOperation());
  for (FunctionOpInterface function : functions)
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(function.getFunctionBody().front()))) {
      // The cut follows the uses of values in one block.
      if (op.getNumRegions())
        return op.emitOpError("expected ops without regions in a layer or function");
      // A row op is computed by whoever reads it: here, nobody.
      auto fusible = dyn_cast<FusibleOpInterface>(op);
      if (fusible && fusible.getFusionRole() == FusionRole::Row && op.use_empty())
        op.erase();
    }
  SmallVector<ModulePlan> plans;
  if (fusion == "planned") {
    FailureOr<SmallVector<ModulePlan>> planned = planForMachine(functions);
    if (failed(planned))
      return failure();
    plans = *std::move(planned);
  } else {
    ModulePlan &only = plans.emplace_back(ModulePlan{{1, maxTokens, 1}, {}});
    for (FunctionOpInterface function : functions) {
      plan::Dataflow flow = flowOf(function, {1, 1});
      only.choices.push_back(fusion == "all" ? plan::fuseByDataflow(flow)
                                             : plan::Choices(flow.numChoices()));
    }
  }
  if (functions.empty())
    return success();
  // Copies are made before anything is cut.
  SmallVector<Functions> variants = {functions};
  for (const ModulePlan &plan : ArrayRef(plans).drop_front())
    variants.push_back(cloneFor(plan.shapes, functions, variants.back().back()));
  for (auto [plan, variant] : llvm::zip_equal(plans, variants))
    for (auto [choices, function] : llvm::zip_equal(plan.choices, variant)) {
      if (plans.size() > 1)
        kernel::setTokens(function, plan.shapes.first, plan.shapes.last);
      plan::Dataflow flow = flowOf(function, {1, 1});
      std::variant<plan::Partition, plan::Obstacle> formed = plan::formPartition(flow, choices);
      if (failed(Cutter(function, flow, std::get<plan::Partition>(formed)).run()))
        return failure();
    }
  return success();
}
