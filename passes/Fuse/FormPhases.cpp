//===- FormPhases.cpp - cut layers and functions into phases ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "lib/Cost/Target.h"
#include "lib/Planner/Search.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Fuse/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

namespace frit::fuse {
#define GEN_PASS_DEF_FORMPHASES
#include "passes/Fuse/Passes.h.inc"
} // namespace frit::fuse

using namespace mlir;
using namespace frit;

namespace {

/// The ops of one phase, in the order of the function.
struct PhasePlan {
  SmallVector<Operation *> anchors;
  llvm::SetVector<Operation *> prologue, epilogue;
  std::string name;
  Operation *place = nullptr; ///< the phase is called behind this op

  bool owns(Operation *op) const {
    return llvm::is_contained(anchors, op) || epilogue.contains(op);
  }
};

/// Cuts the body of one function.
class Cutter {
public:
  /// With a machine, the planner decides for calls of `shape`; otherwise all is fused or nothing.
  Cutter(FunctionOpInterface function, bool fuses, const cost::Machine *machine,
         const cost::Shape &shape)
      : function(function), block(function.getFunctionBody().front()), fuses(fuses),
        machine(machine), shape(shape) {}

  LogicalResult run();

private:
  LogicalResult plan();
  LogicalResult planForMachine();
  LogicalResult planLocal(Operation *op);
  LogicalResult checkCaches();
  void collectPrologue(PhasePlan &phase, Value value);
  std::string nameOf(const PhasePlan &phase);
  void placeCalls();
  void emit(PhasePlan &phase);
  void remarkPhase(const PhasePlan &phase) const;

  FunctionOpInterface function;
  Block &block;
  bool fuses; ///< otherwise each op has a phase of its own
  const cost::Machine *machine;
  cost::Shape shape;
  SmallVector<PhasePlan> phases;
  DenseMap<Operation *, size_t> owner; ///< phase of every anchor and epilogue op
  llvm::StringSet<> names;
};

} // namespace

static std::optional<FusionRole> roleOf(Operation *op) {
  if (auto fusible = dyn_cast<FusibleOpInterface>(op))
    return fusible.getFusionRole();
  return std::nullopt;
}

/// A row op that only anchors and other row ops read is recomputed where it is read: in a prologue.
static bool isRecomputable(Operation *op) {
  return llvm::all_of(op->getUsers(), [](Operation *user) {
    std::optional<FusionRole> role = roleOf(user);
    // An anchor reads its first operand, and the routes to experts, by whole rows; but attention
    // reads heads.
    return (role == FusionRole::Anchor && !isa<graph::AttentionOp>(user)) ||
           role == FusionRole::Row;
  });
}

LogicalResult Cutter::plan() {
  if (machine) {
    if (failed(planForMachine()))
      return failure();
    for (PhasePlan &phase : phases)
      phase.name = nameOf(phase);
    return success();
  }
  DenseMap<std::pair<Value, Value>, size_t> productsOf; ///< By input and routes.
  for (Operation &op : block) {
    std::optional<FusionRole> role = roleOf(&op);
    if (!role || (fuses && *role == FusionRole::Row && isRecomputable(&op)))
      continue;
    if (fuses && *role == FusionRole::Local) {
      if (failed(planLocal(&op)))
        return failure();
      continue;
    }
    size_t index = phases.size();
    if (fuses && isa<graph::LinearOp, graph::ExpertsOp>(op)) {
      auto experts = dyn_cast<graph::ExpertsOp>(op);
      auto [found, isNew] = productsOf.try_emplace(
          {op.getOperand(0), experts ? experts.getRoutes() : Value()}, index);
      index = found->second;
    }
    if (index == phases.size())
      phases.emplace_back();
    phases[index].anchors.push_back(&op);
    owner[&op] = index;
  }
  for (PhasePlan &phase : phases) {
    for (Operation *anchor : phase.anchors)
      for (Value operand : anchor->getOperands())
        collectPrologue(phase, operand);
    phase.name = nameOf(phase);
  }
  return success();
}

LogicalResult Cutter::planForMachine() {
  auto flow = plan::Dataflow::of(block, shape);
  plan::CostModel model(flow, *machine);
  if (Status status = model.check(); !status)
    return function.emitError(status.error());
  plan::Plan plan = plan::planPhases(flow, model);
  for (const plan::Phase &planned : plan.partition.phases) {
    PhasePlan &phase = phases.emplace_back();
    for (unsigned node : planned.anchors)
      phase.anchors.push_back(flow.nodes[node].op);
    for (unsigned node : planned.prologue)
      phase.prologue.insert(flow.nodes[node].op);
    for (unsigned node : planned.epilogue)
      phase.epilogue.insert(flow.nodes[node].op);
    for (unsigned node : llvm::concat<const unsigned>(planned.anchors, planned.epilogue))
      owner[flow.nodes[node].op] = phases.size() - 1;
  }
  return success();
}

LogicalResult Cutter::planLocal(Operation *op) {
  std::optional<size_t> last;
  for (Value operand : op->getOperands())
    if (auto found = owner.find(operand.getDefiningOp()); found != owner.end())
      last = std::max(last.value_or(0), found->second);
  if (!last) {
    // Nothing in this function computes an operand: the op shares its own loops.
    last = phases.size();
    phases.emplace_back().anchors.push_back(op);
  } else {
    phases[*last].epilogue.insert(op);
  }
  owner[op] = *last;
  return success();
}

void Cutter::collectPrologue(PhasePlan &phase, Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || roleOf(op) != FusionRole::Row || owner.count(op))
    return;
  for (Value operand : op->getOperands())
    collectPrologue(phase, operand);
  phase.prologue.insert(op);
}

std::string Cutter::nameOf(const PhasePlan &phase) {
  std::string name = function.getName().str();
  for (Operation *anchor : phase.anchors) {
    StringRef part = anchor->getName().stripDialect();
    if (isa<graph::LinearOp, graph::ExpertsOp>(anchor))
      for (Value operand : anchor->getOperands())
        if (auto param = operand.getDefiningOp<graph::ParamOp>()) {
          part = param.getWeight().getLeafReference(); // A bias comes behind the weight.
          break;
        }
    name += "." + part.str();
  }
  std::string unique = name;
  for (int n = 2; !names.insert(unique).second; ++n)
    unique = name + "." + std::to_string(n);
  return unique;
}

void Cutter::remarkPhase(const PhasePlan &phase) const {
  remark::passed(phase.anchors.front()->getLoc(),
                 remark::RemarkOpts::name("Phase").category("fuse"))
      << remark::metric("phase", StringRef(phase.name))
      << remark::metric("anchors", static_cast<int>(phase.anchors.size()))
      << remark::metric("prologue", static_cast<int>(phase.prologue.size()))
      << remark::metric("epilogue", static_cast<int>(phase.epilogue.size()));
}

/// A phase is called where its last op stands, but in front of what may read its results: phases
/// with a higher number, and ops outside of phases.
void Cutter::placeCalls() {
  for (PhasePlan &phase : llvm::reverse(phases)) {
    for (Operation &op : block)
      if (phase.owns(&op))
        phase.place = &op;
    auto notBehind = [&](Operation *op) {
      if (op->isBeforeInBlock(phase.place))
        phase.place = op;
    };
    if (&phase != &phases.back())
      notBehind((&phase)[1].place);
    for (Operation &op : block)
      if (phase.owns(&op))
        for (Operation *user : op.getUsers())
          if (!roleOf(user))
            notBehind(user->getPrevNode());
  }
}

/// Creates the phase and its reference, and calls it.
void Cutter::emit(PhasePlan &phase) {
  SmallVector<Operation *> body;
  llvm::SetVector<Operation *> members(phase.anchors.begin(), phase.anchors.end());
  members.insert_range(phase.prologue);
  members.insert_range(phase.epilogue);
  // Params belong to whoever reads them.
  for (Operation *op : SmallVector<Operation *>(members.begin(), members.end()))
    for (Value operand : op->getOperands())
      if (auto param = operand.getDefiningOp<graph::ParamOp>())
        members.insert(param);
  for (Operation &op : block)
    if (members.contains(&op))
      body.push_back(&op);

  llvm::SetVector<Value> inputs, outputs;
  for (Operation *op : body) {
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp() || !members.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    if (!phase.owns(op))
      continue;
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
        outputs.insert(result);
  }

  OpBuilder builder(function);
  Location loc = phase.anchors.front()->getLoc();
  auto type = builder.getFunctionType(
      llvm::to_vector(llvm::map_range(inputs, [](Value v) { return v.getType(); })),
      llvm::to_vector(llvm::map_range(outputs, [](Value v) { return v.getType(); })));
  auto fill = [&](Region &region, bool withRoles) {
    Block *entry = builder.createBlock(&region);
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, entry->addArgument(input.getType(), input.getLoc()));
    for (Operation *op : body) {
      Operation *copy = builder.clone(*op, mapping);
      if (!withRoles || isa<graph::ParamOp>(op))
        continue;
      kernel::setRole(copy, llvm::is_contained(phase.anchors, op) ? kernel::Role::Anchor
                            : phase.prologue.contains(op)         ? kernel::Role::Prologue
                                                                  : kernel::Role::Epilogue);
    }
    SmallVector<Value> yielded;
    for (Value output : outputs)
      yielded.push_back(mapping.lookup(output));
    kernel::YieldOp::create(builder, loc, yielded);
  };
  auto reference = kernel::ReferenceOp::create(builder, loc, phase.name + ".reference", type,
                                               ArrayAttr(), ArrayAttr());
  auto kernelPhase = kernel::PhaseOp::create(builder, loc, phase.name, type, reference.getSymName(),
                                             ArrayAttr(), ArrayAttr());
  fill(reference.getBody(), /*withRoles=*/false);
  fill(kernelPhase.getBody(), /*withRoles=*/true);

  // Calls at one place stand in the order of their phases.
  builder.setInsertionPoint(phase.place->getNextNode());
  while (isa<kernel::CallOp>(*builder.getInsertionPoint()))
    builder.setInsertionPoint(builder.getInsertionPoint()->getNextNode());
  auto call = kernel::CallOp::create(builder, loc, type.getResults(), kernelPhase.getSymName(),
                                     inputs.getArrayRef());
  for (auto [output, result] : llvm::zip_equal(outputs, call.getResults()))
    Value(output).replaceUsesWithIf(result, [&](OpOperand &use) {
      return use.getOwner()->getBlock() == &block && !members.contains(use.getOwner());
    });
}

/// Phases run in the order of their numbers: those that write and read a cache must follow each
/// other as the ops do.
LogicalResult Cutter::checkCaches() {
  for (Operation &op : block) {
    auto append = dyn_cast<kv::AppendOp>(op);
    if (!append)
      continue;
    size_t writer = owner.lookup(append);
    for (Operation *user : append.getCache().getUsers()) {
      auto reader = owner.find(user);
      if (user == append || reader == owner.end())
        continue;
      if (append->isBeforeInBlock(user) ? reader->second <= writer : reader->second >= writer)
        return (append.emitError(
                    "expected phases to use a cache in the order of the ops, but phase ")
                << phases[writer].name << " writes it and phase " << phases[reader->second].name
                << " uses it")
                   .attachNote(user->getLoc())
               << "it is used here";
    }
  }
  return success();
}

LogicalResult Cutter::run() {
  // The cut follows the uses of values in one block.
  for (Operation &op : block)
    if (op.getNumRegions())
      return op.emitOpError("expected ops without regions in a layer or function");
  if (failed(plan()))
    return failure();
  if (failed(checkCaches()))
    return failure();
  placeCalls();
  for (PhasePlan &phase : phases)
    remarkPhase(phase);
  for (PhasePlan &phase : phases)
    emit(phase);
  // What the phases took with them has no users any more.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if ((owner.count(&op) || roleOf(&op) || isa<graph::ParamOp>(op)) && op.use_empty())
      op.erase();
  return success();
}

namespace {
struct FormPhases : fuse::impl::FormPhasesBase<FormPhases> {
  using Base::Base;

  void runOnOperation() override {
    if (fusion != "all" && fusion != "none" && fusion != "planned") {
      getOperation().emitError("expected fusion to be all, none or planned, but got ")
          << fusion.getValue();
      return signalPassFailure();
    }
    if (tokens < 1 || keys < tokens) {
      getOperation().emitError("expected at least one token and as many keys, but got ")
          << tokens.getValue() << " and " << keys.getValue();
      return signalPassFailure();
    }
    std::optional<cost::Machine> machine;
    if (fusion == "planned") {
      machine::TargetAttr target = machine::getTarget(getOperation());
      if (!target) {
        getOperation().emitError("expected a ")
            << machine::targetAttrName << " on the module to plan for";
        return signalPassFailure();
      }
      Result<cost::Machine> found = cost::machineOf(target);
      if (!found) {
        getOperation().emitError(found.error());
        return signalPassFailure();
      }
      machine = *std::move(found);
    }
    SmallVector<FunctionOpInterface> functions;
    for (Operation &op : *getOperation().getBody())
      if (isa<graph::FuncOp, graph::LayerOp>(op))
        functions.push_back(cast<FunctionOpInterface>(op));
    for (FunctionOpInterface function : functions)
      if (failed(Cutter(function, fusion != "none", machine ? &*machine : nullptr, {tokens, keys})
                     .run()))
        return signalPassFailure();
  }
};
} // namespace
