//===- Cutter.cpp - a function as calls of phases ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Fuse/Cutter.h"

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace frit;
using namespace frit::fuse;

static bool isFusible(Operation *op) { return isa<FusibleOpInterface>(op); }

void Cutter::plan() {
  for (const plan::Phase &planned : partition.phases) {
    PhasePlan &phase = phases.emplace_back();
    for (unsigned node : planned.anchors)
      phase.anchors.push_back(flow.nodes[node].op);
    for (unsigned node : planned.prologue)
      phase.prologue.insert(flow.nodes[node].op);
    for (unsigned node : planned.epilogue)
      phase.epilogue.insert(flow.nodes[node].op);
    for (unsigned node : llvm::concat<const unsigned>(planned.anchors, planned.epilogue))
      owner[flow.nodes[node].op] = phases.size() - 1;
    phase.name = nameOf(phase);
  }
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
          if (!isFusible(user))
            notBehind(user->getPrevNode());
  }
}

/// What the prologue computes is whole rows for the anchors; the epilogue has tiles of what another
/// phase has stored.
bool PhasePlan::computesFor(Operation *user, Operation *producer) const {
  return contains(producer) && !(epilogue.contains(user) && prologue.contains(producer));
}

/// Whether anything but the phase reads a result of it: phases that compute it again do not.
bool Cutter::isReadOutside(const PhasePlan &phase, Value result) const {
  return llvm::any_of(result.getUsers(), [&](Operation *user) {
    if (!isFusible(user))
      return true;
    return llvm::any_of(phases, [&](const PhasePlan &other) {
      return &other != &phase && other.contains(user) &&
             !other.computesFor(user, result.getDefiningOp());
    });
  });
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
  auto isInput = [&](Operation *op, Value operand) {
    Operation *producer = operand.getDefiningOp();
    return !producer || !(isa<graph::ParamOp>(producer) || phase.computesFor(op, producer));
  };
  auto givenFor = [&](Value operand) {
    auto found = given.find(operand);
    return found == given.end() ? operand : found->second;
  };
  for (Operation *op : body) {
    for (Value operand : op->getOperands())
      if (isInput(op, operand))
        inputs.insert(givenFor(operand));
    if (!phase.owns(op))
      continue;
    for (Value result : op->getResults())
      if (isReadOutside(phase, result))
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
      // For this op only: others may read what the prologue computes.
      IRMapping own = mapping;
      for (Value operand : op->getOperands())
        if (isInput(op, operand))
          own.map(operand, mapping.lookup(givenFor(operand)));
      Operation *copy = builder.clone(*op, own);
      for (auto [result, copied] : llvm::zip_equal(op->getResults(), copy->getResults()))
        mapping.map(result, copied);
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
  for (auto [output, result] : llvm::zip_equal(outputs, call.getResults())) {
    given[output] = result;
    // Ops of other phases find it in `given`, where they do not compute it again.
    Value(output).replaceUsesWithIf(result, [&](OpOperand &use) {
      return use.getOwner()->getBlock() == &block && !isFusible(use.getOwner());
    });
  }
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
  plan();
  if (failed(checkCaches()))
    return failure();
  placeCalls();
  for (PhasePlan &phase : phases)
    remarkPhase(phase);
  for (PhasePlan &phase : phases)
    emit(phase);
  // What the phases took with them has no users any more.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if ((owner.count(&op) || isFusible(&op) || isa<graph::ParamOp>(op)) && op.use_empty())
      op.erase();
  return success();
}
