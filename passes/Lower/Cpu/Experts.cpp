//===- Experts.cpp - routes, lists of parts, gathered rows -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each worker makes the lists of a phase for itself: they are small, and a barrier would cost more.
//
//===----------------------------------------------------------------------===//

#include "passes/Lower/Cpu/PhaseLowering.h"

#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

/// Entry `index` of an array of i32.
static Value entry(Emitter &emit, Value array, Value index) {
  return emit.address(array, emit.mul(index, 4));
}

//===----------------------------------------------------------------------===//
// Routes
//===----------------------------------------------------------------------===//

static constexpr double lowest = -std::numeric_limits<double>::infinity();

/// The number of the first largest of `count` f32 at `keys`, whole vectors of them.
Value PhaseLowering::takeLargest(Value keys, int64_t count) {
  int64_t lanes = emit.lanes();
  VectorType real = emit.floats(lanes), integer = emit.ints(lanes);
  SmallVector<int32_t> steps(lanes);
  for (int64_t lane = 0; lane < lanes; ++lane)
    steps[lane] = static_cast<int32_t>(lane);
  Value lane = emit.constant(builder.getI32VectorAttr(steps));
  // Each lane keeps its first largest; of the lanes' the first counts.
  SmallVector<Value> best =
      emit.loop(count, lanes, ValueRange{emit.realLike(lowest, real), emit.intLike(0, integer)},
                [&](Value column, ValueRange state) -> SmallVector<Value> {
                  Value key = emit.load(real, entry(emit, keys, column), 4);
                  Value larger = arith::CmpFOp::create(builder, emit.loc, arith::CmpFPredicate::OGT,
                                                       key, state[0]);
                  Value number = emit.add(emit.splat(emit.cast(column, 32), integer), lane);
                  return {arith::SelectOp::create(builder, emit.loc, larger, key, state[0]),
                          arith::SelectOp::create(builder, emit.loc, larger, number, state[1])};
                });
  Value largest = emit.splat(emit.reduce(best[0], /*maximum=*/true), real);
  Value isLargest =
      arith::CmpFOp::create(builder, emit.loc, arith::CmpFPredicate::OEQ, best[0], largest);
  Value candidates =
      arith::SelectOp::create(builder, emit.loc, isLargest, best[1],
                              emit.intLike(std::numeric_limits<int32_t>::max(), integer));
  return vector::ReductionOp::create(builder, emit.loc, vector::CombiningKind::MINSI, candidates);
}

void PhaseLowering::lowerTop(tile::TopOp op) {
  Place weights = place(op.getWeights()), keys = place(op.getKeys());
  Place out = allocate(op.getResult().getType());
  out.valid = weights.valid;
  int64_t lanes = emit.lanes(), columns = keys.columns, top = out.columns / 2;
  auto whole = static_cast<int64_t>(llvm::alignTo(columns, lanes));
  // Keys that are still to be had; filled up to whole vectors.
  Value left = allocateBytes(4 * whole);
  forRows(out, [&](Value row) {
    for (int64_t column = columns; column < whole; ++column)
      emit.store(emit.real(lowest), emit.address(left, 4 * column), 4);
    copy({element(keys, row, Value()), 0, 1, columns}, {left, 0, 1, columns});
    // A loop: code for hundreds of places would take longer to compile than to run.
    Value sum = emit.loop(top, 1, ValueRange{emit.real(0.0)}, [&](Value number, ValueRange sums) {
      Value chosen = takeLargest(left, whole);
      Value index = emit.toIndex(chosen);
      emit.store(emit.real(lowest), entry(emit, left, index), 4);
      emit.store(arith::SIToFPOp::create(builder, emit.loc, builder.getF32Type(), chosen),
                 element(out, row, number), 4);
      Value weight = emit.load(builder.getF32Type(), element(weights, row, index), 4);
      emit.store(weight, element(out, row, emit.add(number, emit.index(top))), 4);
      return SmallVector<Value>{emit.add(sums[0], weight)};
    })[0];
    emit.loop(top, 1, [&](Value number) {
      Value at = element(out, row, emit.add(number, emit.index(top)));
      Value weight = emit.load(builder.getF32Type(), at, 4);
      if (op.getNormalize())
        weight = arith::DivFOp::create(builder, emit.loc, weight, sum);
      if (double scale = op.getScale().convertToDouble(); scale != 1.0)
        weight = emit.mul(weight, emit.real(scale));
      emit.store(weight, at, 4);
    });
  });
  places[op.getResult()] = out;
}

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

/// A counting sort by expert: stable, so that an expert's parts keep their order.
void PhaseLowering::lowerDispatch(tile::DispatchOp op) {
  tile::DispatchType type = op.getDispatch().getType();
  int64_t experts = type.getExperts(), top = type.getTop(), step = type.getStep();
  Type i32 = builder.getI32Type();
  DispatchPlace list;
  list.routes = place(op.getRoutes());
  for (Value *array : {&list.numbers, &list.firsts, &list.ends})
    *array = allocateBytes(4 * experts);
  list.parts = allocateBytes(4 * type.getPlaces());
  list.tokens = allocateBytes(4 * type.getPlaces());
  Value next = allocateBytes(4 * experts); // first the counts, then the next place of each expert
  Value tokens = lookup(op.getValid());
  auto forParts = [&](function_ref<void(Value token, Value part, Value next)> body) {
    emit.loop(tokens, 1, [&](Value token) {
      emit.loop(top, 1, [&](Value part) {
        // Whatever is in a buffer, no expert is beyond the last.
        Value number = emit.load(builder.getF32Type(), element(list.routes, token, part), 4);
        number = emit.minimum(emit.maximum(number, emit.real(0.0)),
                              emit.real(static_cast<double>(experts - 1)));
        Value expert = emit.toIndex(arith::FPToSIOp::create(builder, emit.loc, i32, number));
        body(token, emit.add(emit.mul(token, top), part), entry(emit, next, expert));
      });
    });
  };
  auto advance = [&](Value at) -> Value {
    Value place = emit.load(i32, at, 4);
    emit.store(emit.add(place, emit.integer(1)), at, 4);
    return place;
  };

  emit.loop(experts, 1,
            [&](Value expert) { emit.store(emit.integer(0), entry(emit, next, expert), 4); });
  forParts([&](Value, Value, Value at) { advance(at); });
  // Without branches: what is written of an expert without parts is written again by the next.
  Value zero = emit.integer(0);
  SmallVector<Value> counts = emit.loop(
      experts, 1, ValueRange{zero, zero},
      [&](Value expert, ValueRange state) -> SmallVector<Value> {
        Value active = emit.toIndex(state[0]), first = state[1];
        Value count = emit.load(i32, entry(emit, next, expert), 4), end = emit.add(first, count);
        emit.store(first, entry(emit, next, expert), 4);
        emit.store(emit.cast(expert, 32), entry(emit, list.numbers, active), 4);
        emit.store(first, entry(emit, list.firsts, active), 4);
        emit.store(end, entry(emit, list.ends, active), 4);
        for (int64_t filler = 0; filler + 1 < step; ++filler)
          for (Value array : {list.parts, list.tokens})
            emit.store(zero, emit.address(entry(emit, array, emit.toIndex(end)), 4 * filler), 4);
        Value any = arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::ne, count, zero);
        Value isActive = arith::ExtUIOp::create(builder, emit.loc, i32, any);
        Value steps = arith::CeilDivUIOp::create(builder, emit.loc, end, emit.integer(step));
        return {emit.add(state[0], isActive), emit.mul(steps, emit.integer(step))};
      });
  forParts([&](Value token, Value part, Value at) {
    Value place = emit.toIndex(advance(at));
    emit.store(emit.cast(part, 32), entry(emit, list.parts, place), 4);
    emit.store(emit.cast(token, 32), entry(emit, list.tokens, place), 4);
  });
  mapping.map(op.getActive(), emit.toIndex(counts[0]));
  dispatches[op.getDispatch()] = list;
}

void PhaseLowering::lowerExpert(tile::ExpertOp op) {
  const DispatchPlace &list = dispatches[op.getDispatch()];
  Value index = lookup(op.getIndex());
  mapping.map(op.getNumber(), emit.loadIndex(list.numbers, index));
  mapping.map(op.getFirst(), emit.loadIndex(list.firsts, index));
  mapping.map(op.getEnd(), emit.loadIndex(list.ends, index));
}

//===----------------------------------------------------------------------===//
// Rows of parts
//===----------------------------------------------------------------------===//

void PhaseLowering::lowerGather(tile::GatherOp op) {
  const DispatchPlace &list = dispatches[op.getDispatch()];
  Place view = place(op.getInput());
  if (view.indices) {
    Place whole = allocate(op.getInput().getType());
    copy(view, whole);
    view = whole;
  }
  bool ofTokens = view.rows == op.getDispatch().getType().getTokens();
  view.indices = entry(emit, ofTokens ? list.tokens : list.parts, lookup(op.getPlace()));
  view.rows = op.getDispatch().getType().getStep();
  view.valid = {};
  places[op.getResult()] = view;
}

void PhaseLowering::lowerScatter(tile::ScatterOp op) {
  auto buffer = SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(op, op.getBufferAttr());
  const DispatchPlace &list = dispatches[op.getDispatch()];
  int64_t columns = static_cast<int64_t>(buffer.getColumns()) / op.getDispatch().getType().getTop();
  Place from = place(op.getValue());
  from.valid = lookup(op.getValid());
  // The parts of all tokens lie one after another.
  Place to = from;
  to.pointer = bufferPointer(buffer, lookup(op.getColumn()));
  to.rowBytes = rowBytesOf(columns, from.isQuantized);
  to.indices = entry(emit, list.parts, lookup(op.getPlace()));
  copyUpTo(from, to, lookup(op.getColumn()), columns);
}

/// Whether changing `tile` in place changes nothing else.
static bool isCarried(Operation *op, Value tile) {
  return !tile.getDefiningOp() && tile.getParentBlock() == op->getBlock() &&
         isa<scf::ForOp>(op->getParentOp());
}

LogicalResult PhaseLowering::lowerCombine(tile::CombineOp op) {
  if (!isCarried(op, op.getInto()))
    return op.emitOpError("expected to change a tile that its loop carries");
  const DispatchPlace &list = dispatches[op.getDispatch()];
  Value first = lookup(op.getPlace());
  Place from = place(op.getValue()), out = place(op.getInto());
  from.valid = lookup(op.getValid());
  Place to = out;
  to.indices = entry(emit, list.tokens, first);
  int64_t top = op.getDispatch().getType().getTop();
  Value parts = entry(emit, list.parts, first);
  forRows(from, [&](Value row) {
    // Token t has its weights behind the numbers of its experts.
    Value part = emit.loadIndex(parts, row);
    Value expert = arith::RemUIOp::create(builder, emit.loc, part, emit.index(top));
    Value token = arith::DivUIOp::create(builder, emit.loc, part, emit.index(top));
    Value weight = emit.load(builder.getF32Type(),
                             element(list.routes, token, emit.add(expert, emit.index(top))), 4);
    forColumns(from.columns, [&](Value column, int64_t lanes) {
      Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
      Value at = element(to, row, column);
      Value product =
          emit.mul(emit.load(type, element(from, row, column), 4), emit.splat(weight, type));
      emit.store(emit.add(emit.load(type, at, 4), product), at, 4);
    });
  });
  places[op.getResult()] = out;
  return success();
}

LogicalResult PhaseLowering::lowerInsert(tile::InsertOp op) {
  if (!isCarried(op, op.getInto()))
    return op.emitOpError("expected to change a tile that its loop carries");
  Place out = place(op.getInto());
  Place to = out;
  to.pointer = element(out, lookup(op.getRow()), Value());
  copy(place(op.getValue()), to);
  places[op.getResult()] = out;
  return success();
}
