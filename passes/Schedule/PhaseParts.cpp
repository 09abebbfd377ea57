//===- PhaseParts.cpp - prologues and epilogues -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/Schedule/PhaseScheduler.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

static bool isActivation(Value value) {
  return isa<RankedTensorType, graph::QTensorType>(value.getType());
}

bool PhaseScheduler::usesWantedRows() {
  Block &body = phase.getBody().front();
  return llvm::any_of(body, [](Operation &op) { return isa<graph::SelectOp>(op); }) ||
         llvm::any_of(body.getArguments(), [&](Value argument) {
           auto found = buffers.find(argument);
           return found != buffers.end() &&
                  SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(phase, found->second)
                          .getRows() == tile::Rows::Wanted;
         });
}

/// What the anchor reads: `rows` whole rows from `row` on, of which `valid` count.
LogicalResult PhaseScheduler::emitPrologue(TileEnv &env, Value row, int64_t rows, Value valid) {
  auto load = [&](Value value, bool wanted) -> Value {
    return tile::LoadOp::create(
        builder, value.getLoc(), withShape(value.getType(), rows, columnsOf(value)),
        buffers.lookup(value).getValue(), row, constant(value.getLoc(), 0), valid, wanted);
  };
  for (Operation &op : phase.getBody().front()) {
    std::optional<kernel::Role> role = kernel::getRole(&op);
    if (role == kernel::Role::Epilogue || !role)
      continue;
    if (auto select = dyn_cast<graph::SelectOp>(op)) {
      if (!buffers.count(select.getInput()))
        return op.emitOpError("expected to select rows of a value from another phase");
      env[select.getResult()] = load(select.getInput(), /*wanted=*/true);
      continue;
    }
    // The anchor's own operands may be arguments.
    for (Value operand : op.getOperands())
      if (isActivation(operand) && !env.count(operand) && buffers.count(operand))
        env[operand] = load(operand, /*wanted=*/false);
    if (role == kernel::Role::Anchor)
      continue;
    if (op.getNumResults() != 1 || !isActivation(op.getResult(0)))
      return op.emitOpError("expected an op that can be tiled in a prologue or epilogue");
    Place place{row, constant(op.getLoc(), 0), rows, columnsOf(op.getResult(0))};
    FailureOr<Value> result = emitOp(&op, env, place);
    if (failed(result))
      return failure();
    env[op.getResult(0)] = *result;
  }
  return success();
}

/// A side that another phase computed is appended with the heads that the share has of the other.
LogicalResult PhaseScheduler::emitAppend(kv::AppendOp append, TileEnv &env, const Place &place) {
  Location loc = append.getLoc();
  kv::CacheType cache = append.getCache().getType();
  if (failed(checkStores(append, cache)))
    return failure();
  Value sides[] = {append.getKeys(), append.getValues()};
  int64_t dims[] = {cache.getKeyDim(), cache.getValueDim()};
  Value tiles[] = {env.lookup(sides[0]), env.lookup(sides[1])};
  for (int side : {0, 1}) {
    Value tile = tiles[side], other = tiles[1 - side], column = place.column;
    if (!tile && (sides[side].getDefiningOp() || !other))
      continue;
    Value head =
        arith::DivUIOp::create(builder, loc, column, constant(loc, dims[tile ? side : 1 - side]));
    if (!tile) {
      int64_t columns = cast<tile::TileType>(other.getType()).getColumns();
      column = arith::MulIOp::create(builder, loc, head, constant(loc, dims[side]));
      tile = tile::LoadOp::create(
          builder, loc, tileType(place.rows, columns / dims[1 - side] * dims[side]),
          buffers.lookup(sides[side]).getValue(), place.row, column, Value(), false);
    }
    tile::AppendOp::create(builder, loc, side == 0 ? tile::Side::Keys : tile::Side::Values, tile,
                           head, place.row);
  }
  return success();
}

LogicalResult PhaseScheduler::emitEpilogue(TileEnv &env, const Place &place) {
  for (Operation &op : phase.getBody().front()) {
    if (kernel::getRole(&op) != kernel::Role::Epilogue)
      continue;
    if (auto append = dyn_cast<kv::AppendOp>(op)) {
      if (failed(emitAppend(append, env, place)))
        return failure();
      continue;
    }
    // Without a tile of a value this phase computes, the op belongs to another component.
    bool here = llvm::all_of(op.getOperands(), [&](Value operand) {
      return !isActivation(operand) || env.count(operand) || buffers.count(operand);
    });
    bool touched = llvm::any_of(op.getOperands(), [&](Value operand) {
      return env.count(operand) && operand.getDefiningOp();
    });
    if (!here || !touched)
      continue;
    FailureOr<Value> result = emitOp(&op, env, place);
    if (failed(result))
      return failure();
    env[op.getResult(0)] = *result;
  }
  for (Value yielded : phase.getBody().front().getTerminator()->getOperands())
    if (Value tile = env.lookup(yielded))
      tile::StoreOp::create(builder, yielded.getLoc(), tile, buffers.lookup(yielded), place.row,
                            place.column);
  return success();
}
