//===- PhaseCheck.cpp - what the schedules of phases rely on ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Schedule/PhaseScheduler.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

static std::optional<kernel::Role> roleOf(Value value) {
  Operation *op = value.getDefiningOp();
  return op ? kernel::getRole(op) : std::nullopt;
}

static bool isComputed(Value value) {
  return roleOf(value) == kernel::Role::Anchor || roleOf(value) == kernel::Role::Epilogue;
}

LogicalResult schedule::checkPhase(kernel::PhaseOp phase) {
  Operation *first = nullptr;
  for (Operation &op : phase.getBody().front().without_terminator()) {
    std::optional<kernel::Role> role = kernel::getRole(&op);
    if (!isa<graph::ParamOp>(op) && !(isa<FusibleOpInterface>(op) && role))
      return op.emitOpError("expected a graph.param or an op with a role in a phase");
    if (isa<graph::ParamOp>(op) && role)
      return op.emitOpError("expected a graph.param without a role");
    for (Value operand : op.getOperands())
      if (isa<graph::WeightType>(operand.getType()) && !operand.getDefiningOp<graph::ParamOp>())
        return op.emitOpError("expected weights from graph.param");
    for (Type type : op.getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type);
          tensor && !tensor.getElementType().isF32())
        return op.emitOpError("expected activations of f32, but got ") << tensor;
    if (role == kernel::Role::Anchor) {
      if (first && !(isa<graph::LinearOp, graph::ExpertsOp>(op) &&
                     op.getName() == first->getName() && op.getOperand(0) == first->getOperand(0) &&
                     (isa<graph::LinearOp>(op) || op.getOperand(1) == first->getOperand(1))))
        return op.emitOpError("expected one anchor, or products of one value");
      first = &op;
    }
    if (role == kernel::Role::Epilogue) {
      if (llvm::none_of(op.getOperands(), isComputed))
        return op.emitOpError("expected an epilogue op to read what its phase computes");
      for (Value operand : op.getOperands())
        if (roleOf(operand) == kernel::Role::Prologue)
          return op.emitOpError("expected an epilogue op to read nothing of the prologue");
    } else if (llvm::any_of(op.getOperands(), isComputed)) {
      return op.emitOpError("expected its operands in the prologue or from another phase");
    }
  }
  Operation *end = phase.getBody().front().getTerminator();
  for (Value value : end->getOperands())
    if (!isa<RankedTensorType, graph::QTensorType>(value.getType()) || !isComputed(value))
      return end->emitOpError("expected only tensors of anchors and the epilogue to leave a phase");
  return success();
}

LogicalResult schedule::checkRows(kernel::PhaseOp phase,
                                  function_ref<bool(Value argument)> isWanted) {
  llvm::DenseMap<Value, bool> wanted;
  Block &body = phase.getBody().front();
  auto isActivation = [](Value value) {
    return isa<RankedTensorType, graph::QTensorType>(value.getType());
  };
  for (Value argument : body.getArguments())
    if (isActivation(argument))
      wanted[argument] = isWanted(argument);
  Operation *first = nullptr;
  for (Operation &op : body.without_terminator()) {
    if (isa<graph::ParamOp>(op))
      continue;
    std::optional<bool> rows;
    for (Value operand : llvm::make_filter_range(op.getOperands(), isActivation)) {
      if (rows.value_or(wanted[operand]) != wanted[operand])
        return op.emitOpError("expected rows of all tokens or of wanted ones, but got both");
      rows = wanted[operand];
    }
    bool isSelect = isa<graph::SelectOp>(op);
    // Positions and slots are those of all tokens.
    bool readsTokens =
        llvm::any_of(op.getOperandTypes(), [](Type type) { return isa<graph::TokensType>(type); });
    if (rows.value_or(false) && readsTokens)
      return op.emitOpError("expected rows of all tokens, but got those of wanted ones");
    for (Value result : op.getResults())
      wanted[result] = isSelect || rows.value_or(false);
    // All that leaves the phase is computed in the same loops.
    if (kernel::getRole(&op) == kernel::Role::Prologue || op.getNumResults() == 0)
      continue;
    if (first && wanted[first->getResult(0)] != wanted[op.getResult(0)])
      return op.emitOpError("expected rows of all tokens like those of the anchor");
    first = first ? first : &op;
  }
  return success();
}
