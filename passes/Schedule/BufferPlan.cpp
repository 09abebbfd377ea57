//===- BufferPlan.cpp - which tensors share a buffer ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Schedule/BufferPlan.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

/// Columns of an activation, and those of an int8 block, or 0.
static std::pair<int64_t, int64_t> shapeOf(Value value) {
  if (auto quantized = dyn_cast<graph::QTensorType>(value.getType()))
    return {quantized.getColumns(), quantized.getBlock()};
  return {cast<RankedTensorType>(value.getType()).getDimSize(1), 0};
}

FlatSymbolRefAttr BufferPlan::create(StringRef name, Value value, tile::Rows rows) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto [columns, block] = shapeOf(value);
  std::string symbol = "buffer." + name.str();
  for (int n = 2; SymbolTable::lookupSymbolIn(module, symbol); ++n)
    symbol = "buffer." + name.str() + "." + std::to_string(n);
  auto buffer = tile::BufferOp::create(builder, value.getLoc(), symbol, rows, columns,
                                       block ? builder.getI64IntegerAttr(block) : IntegerAttr());
  return FlatSymbolRefAttr::get(buffer.getSymNameAttr());
}

tile::Rows BufferPlan::rowsOf(FlatSymbolRefAttr buffer) const {
  return buffer ? SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(module, buffer).getRows()
                : tile::Rows::Tokens;
}

static kernel::PhaseOp calleeOf(kernel::CallOp call) {
  return SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr());
}

/// What the rows are that a phase computes.
tile::Rows BufferPlan::rowsOf(kernel::CallOp call) const {
  kernel::PhaseOp phase = calleeOf(call);
  bool isWanted = (phase && llvm::any_of(phase.getBody().front(),
                                         [](Operation &op) { return isa<graph::SelectOp>(op); })) ||
                  llvm::any_of(call.getOperands(), [&](Value value) {
                    return rowsOf(lookup(value)) == tile::Rows::Wanted;
                  });
  return isWanted ? tile::Rows::Wanted : tile::Rows::Tokens;
}

bool BufferPlan::isStream(FlatSymbolRefAttr buffer) const {
  return llvm::any_of(streams, [&](const auto &entry) { return entry.second == buffer; });
}

/// Whether the share of a phase that writes rows of the residual stream is the only one that reads
/// them, as `input`: row anchors read and write the same rows, and epilogues the same tiles.
static bool readsOwnTiles(kernel::PhaseOp phase, Value input) {
  bool isRowWise = llvm::none_of(phase.getBody().front(), [](Operation &op) {
    auto fusible = dyn_cast<FusibleOpInterface>(op);
    return fusible && fusible.getFusionRole() == FusionRole::Anchor;
  });
  return llvm::all_of(input.getUsers(), [&](Operation *user) {
    return isRowWise ? !isa<graph::SelectOp>(user)
                     : kernel::getRole(user) == kernel::Role::Epilogue;
  });
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
    kernel::PhaseOp phase = call ? calleeOf(call) : kernel::PhaseOp();
    bool isOwn = call == writer && phase &&
                 readsOwnTiles(phase, phase.getBody().front().getArgument(use.getOperandNumber()));
    if (!isOwn)
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

/// One of them that can hold the value, which is then none of them any more; null: there is none.
static FlatSymbolRefAttr take(SmallVector<tile::BufferOp> &buffers, Value value, tile::Rows rows) {
  auto *match = llvm::find_if(buffers, [&](tile::BufferOp buffer) {
    return buffer.getRows() == rows && std::pair(static_cast<int64_t>(buffer.getColumns()),
                                                 buffer.blockColumns()) == shapeOf(value);
  });
  if (match == buffers.end())
    return {};
  FlatSymbolRefAttr name = FlatSymbolRefAttr::get(match->getSymNameAttr());
  buffers.erase(match);
  return name;
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

  if (int64_t first = kernel::getTokens(function).first; first != firstTokens) {
    firstTokens = first;
    reusable = created;
  }
  Value returned =
      isa<graph::FuncOp>(function.getOperation()) && block.getTerminator()->getNumOperands()
          ? block.getTerminator()->getOperand(0)
          : Value();

  // Linear scan: a buffer is free again behind the last reader of what it held.
  SmallVector<tile::BufferOp> free;
  for (auto call : block.getOps<kernel::CallOp>()) {
    tile::Rows rows = rowsOf(call);
    for (Value result : call.getResults()) {
      if (FlatSymbolRefAttr given = lookup(result)) {
        if (rows == tile::Rows::Wanted)
          return call.emitOpError("expected rows of all tokens in the residual stream");
        continue;
      }
      if (result == returned) {
        if (!logits)
          logits = create(call.getPhase(), result, rows);
        bufferOf[result] = logits;
        continue;
      }
      FlatSymbolRefAttr buffer = take(free, result, rows);
      if (!buffer)
        buffer = take(reusable, result, rows);
      if (!buffer) {
        buffer = create(call.getPhase(), result, rows);
        created.push_back(SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(module, buffer));
      }
      bufferOf[result] = buffer;
    }
    for (Value operand : llvm::SetVector<Value>(call->operand_begin(), call->operand_end())) {
      FlatSymbolRefAttr buffer = lookup(operand);
      if (!buffer || !operand.getDefiningOp<kernel::CallOp>() || isStream(buffer))
        continue;
      bool last = llvm::all_of(operand.getUsers(), [&](Operation *user) {
        return user == call || user->isBeforeInBlock(call);
      });
      if (last)
        free.push_back(SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(module, buffer));
    }
  }
  return success();
}
