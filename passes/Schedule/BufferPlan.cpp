//===- BufferPlan.cpp - which tensors share a buffer ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Schedule/BufferPlan.h"

#include "dialects/Kernel/Kernel.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

FlatSymbolRefAttr BufferPlan::create(StringRef name, Value value, tile::Rows rows) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto columns = cast<RankedTensorType>(value.getType()).getDimSize(1);
  std::string symbol = "buffer." + name.str();
  for (int n = 2; SymbolTable::lookupSymbolIn(module, symbol); ++n)
    symbol = "buffer." + name.str() + "." + std::to_string(n);
  auto buffer = tile::BufferOp::create(builder, value.getLoc(), symbol, rows, columns);
  return FlatSymbolRefAttr::get(buffer.getSymNameAttr());
}

/// The layer's last phase writes the residual stream over its input: nobody may need it any more.
LogicalResult BufferPlan::checkStream(graph::LayerOp layer) {
  Value input = layer.getArgument(0);
  Value output = layer.getBody().front().getTerminator()->getOperand(0);
  Operation *writer = output.getDefiningOp();
  if (!writer)
    return success();
  for (OpOperand &use : input.getUses()) {
    if (use.getOwner()->isBeforeInBlock(writer))
      continue;
    auto call = dyn_cast<kernel::CallOp>(use.getOwner());
    auto phase =
        call ? SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr())
             : kernel::PhaseOp();
    // In the writing phase itself, an epilogue reads only the tile it writes.
    bool local =
        call == writer && phase &&
        llvm::all_of(
            phase.getBody().front().getArgument(use.getOperandNumber()).getUsers(),
            [](Operation *user) { return kernel::getRole(user) == kernel::Role::Epilogue; });
    if (!local)
      return use.getOwner()->emitError(
          "expected no reader of the layer's input beside the phase that writes its output");
  }
  return success();
}

/// `values` share the residual stream's buffer, in the order in which they are written: none may be
/// needed any more when the next one is. A repeat reads its input and writes its result in place.
LogicalResult BufferPlan::checkStream(ArrayRef<Value> values) {
  for (size_t next = 1; next < values.size(); ++next) {
    Operation *writer = values[next].getDefiningOp();
    for (Value earlier : values.take_front(next))
      for (Operation *user : earlier.getUsers())
        if (!user->isBeforeInBlock(writer) && !(user == writer && isa<graph::RepeatOp>(writer)))
          return user->emitError(
              "expected no reader of the residual stream behind what writes it again");
  }
  return success();
}

/// Whatever computes stands in a phase: nothing else would be scheduled.
LogicalResult BufferPlan::checkBody(Block &block) {
  for (Operation &op : block.without_terminator())
    if (!isa<kernel::CallOp>(op) &&
        !(isa<graph::RepeatOp>(op) && isa<graph::FuncOp>(op.getParentOp())))
      return op.emitOpError("expected only kernel.call, and graph.repeat in a graph.func");
  return success();
}

LogicalResult BufferPlan::planFunction(FunctionOpInterface function) {
  Block &block = function.getFunctionBody().front();
  if (failed(checkBody(block)))
    return failure();
  auto stream = [&](Value value) {
    FlatSymbolRefAttr &buffer =
        streams[std::to_string(cast<RankedTensorType>(value.getType()).getDimSize(1))];
    if (!buffer)
      buffer = create("residual", value, tile::Rows::Tokens);
    return buffer;
  };
  if (auto layer = dyn_cast<graph::LayerOp>(function.getOperation())) {
    if (failed(checkStream(layer)))
      return failure();
    bufferOf[layer.getArgument(0)] = stream(layer.getArgument(0));
    Value output = block.getTerminator()->getOperand(0);
    bufferOf[output] = stream(output);
  }
  llvm::SetVector<Value> streamed;
  for (Operation &op : block)
    if (auto repeat = dyn_cast<graph::RepeatOp>(op)) {
      if (!repeat.getInput().getDefiningOp())
        return repeat.emitOpError("expected an input from a phase or another repeat");
      bufferOf[repeat.getInput()] = stream(repeat.getInput());
      bufferOf[repeat.getResult()] = stream(repeat.getInput());
      streamed.insert(repeat.getInput());
      streamed.insert(repeat.getResult());
    }
  if (failed(checkStream(streamed.getArrayRef())))
    return failure();

  // Linear scan: a buffer is free again behind the last reader of what it held.
  SmallVector<Free> free;
  for (Operation &op : block) {
    auto call = dyn_cast<kernel::CallOp>(op);
    if (!call)
      continue;
    for (Value result : call.getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type || bufferOf.count(result))
        continue;
      bool wanted = false;
      if (auto phase =
              SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr()))
        wanted = llvm::any_of(phase.getBody().front(),
                              [](Operation &o) { return isa<graph::SelectOp>(o); });
      tile::Rows rows = wanted ? tile::Rows::Wanted : tile::Rows::Tokens;
      auto match = llvm::find_if(
          free, [&](const Free &f) { return f.rows == rows && f.columns == type.getDimSize(1); });
      if (match != free.end()) {
        bufferOf[result] = match->buffer;
        free.erase(match);
      } else {
        bufferOf[result] = create(call.getPhase(), result, rows);
      }
    }
    for (Value operand : llvm::SetVector<Value>(op.operand_begin(), op.operand_end())) {
      auto found = bufferOf.find(operand);
      if (found == bufferOf.end() || !operand.getDefiningOp<kernel::CallOp>() ||
          llvm::is_contained(llvm::make_second_range(streams), found->second))
        continue;
      bool last = llvm::all_of(operand.getUsers(), [&](Operation *user) {
        return user == &op || user->isBeforeInBlock(&op);
      });
      auto buffer = SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(&op, found->second);
      if (buffer.getRows() == tile::Rows::Wanted)
        return call.emitOpError(
            "expected the rows of wanted tokens to be read in the phase that selects them");
      if (last)
        free.push_back(
            {buffer.getRows(), static_cast<int64_t>(buffer.getColumns()), found->second});
    }
  }
  return success();
}
