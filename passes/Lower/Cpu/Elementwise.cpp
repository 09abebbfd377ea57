//===- Elementwise.cpp - maps, reductions and what works on single elements -===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Runtime/Abi.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Lower/Cpu/PhaseLowering.h"

#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

//===----------------------------------------------------------------------===//
// Map
//===----------------------------------------------------------------------===//

/// Whether an op in a map has the same meaning for vectors.
static bool isElementwise(Operation &op) {
  auto isNumber = [](Type type) { return type.isIntOrFloat(); };
  return (isa<arith::ConstantOp>(op) || OpTrait::hasElementwiseMappableTraits(&op)) &&
         op.getNumResults() == 1 && op.getNumRegions() == 0 &&
         llvm::all_of(op.getOperandTypes(), isNumber) &&
         llvm::all_of(op.getResultTypes(), isNumber);
}

/// Emits the region of a map for scalars or vectors: the same ops with other types.
FailureOr<Value> PhaseLowering::emitElements(tile::MapOp op, ValueRange inputs, Type type) {
  IRMapping elements;
  Block &body = op.getBody().front();
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs))
    elements.map(argument, input);
  auto shaped = [&](Type element) -> Type {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? Type(VectorType::get(vector.getShape(), element)) : element;
  };
  auto operandOf = [&](Value value) -> Value {
    if (Value found = elements.lookupOrNull(value))
      return found;
    // A scalar from outside the region, the same for all elements.
    return emit.splat(lookup(value), shaped(value.getType()));
  };
  for (Operation &inner : body.without_terminator()) {
    if (!isElementwise(inner))
      return inner.emitOpError("expected an elementwise op on numbers in a map");
    if (auto constant = dyn_cast<arith::ConstantOp>(inner)) {
      elements.map(constant.getResult(),
                   emit.splat(emit.constant(constant.getValue()), shaped(constant.getType())));
      continue;
    }
    SmallVector<Value> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(operandOf(operand));
    Value result;
    if (isa<math::ExpOp>(inner)) {
      result = emit.exp(operands[0]);
    } else if (isa<math::TanhOp>(inner)) {
      result = emit.tanh(operands[0]);
    } else if (isa<math::ErfOp>(inner)) {
      result = emit.erf(operands[0]);
    } else if (isa<arith::MaxNumFOp>(inner)) {
      result = emit.maximum(operands[0], operands[1]);
    } else {
      OperationState state(inner.getLoc(), inner.getName(), operands,
                           shaped(inner.getResult(0).getType()),
                           inner.getAttrDictionary().getValue());
      result = builder.create(state)->getResult(0);
    }
    elements.map(inner.getResult(0), result);
  }
  return operandOf(cast<tile::YieldOp>(body.getTerminator()).getValue());
}

LogicalResult PhaseLowering::lowerMap(tile::MapOp op) {
  Place out = allocate(op.getResult().getType());
  SmallVector<Place> inputs;
  for (Value input : op.getInputs()) {
    inputs.push_back(place(input));
    if (inputs.back().valid && inputs.back().rows == out.rows)
      out.valid = inputs.back().valid;
  }
  LogicalResult result = success();
  forRows(out, [&](Value row) {
    forColumns(out.columns, [&](Value column, int64_t lanes) {
      Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
      SmallVector<Value> elements;
      for (const Place &input : inputs) {
        if (input.columns == 1 && out.columns != 1)
          elements.push_back(
              emit.splat(emit.load(builder.getF32Type(), element(input, row, Value()), 4), type));
        else
          elements.push_back(emit.load(type, element(input, row, column), 4));
      }
      FailureOr<Value> value = emitElements(op, elements, type);
      if (failed(value))
        result = failure();
      else
        emit.store(*value, element(out, row, column), 4);
    });
  });
  places[op.getResult()] = out;
  return result;
}

//===----------------------------------------------------------------------===//
// Reduce and fill
//===----------------------------------------------------------------------===//

void PhaseLowering::lowerReduce(tile::ReduceOp op) {
  Place from = place(op.getInput());
  Place out = allocate(op.getResult().getType());
  out.valid = from.valid;
  bool isMaximum = op.getKind() == tile::Reduction::Max;
  auto combine = [&](Value a, Value b) { return isMaximum ? emit.maximum(a, b) : emit.add(a, b); };
  double neutral = isMaximum ? -std::numeric_limits<float>::infinity() : 0.0;
  int64_t lanes = emit.lanes(), whole = from.columns / lanes * lanes;
  forRows(out, [&](Value row) {
    Value result = emit.real(neutral);
    if (whole) {
      VectorType type = emit.floats(lanes);
      SmallVector<Value> sums =
          emit.loop(whole, lanes, ValueRange{emit.realLike(neutral, type)},
                    [&](Value column, ValueRange state) -> SmallVector<Value> {
                      return {combine(state[0], emit.load(type, element(from, row, column), 4))};
                    });
      result = emit.reduce(sums[0], isMaximum);
    }
    for (int64_t column = whole; column < from.columns; ++column)
      result = combine(result,
                       emit.load(builder.getF32Type(), element(from, row, emit.index(column)), 4));
    emit.store(result, element(out, row, Value()), 4);
  });
  places[op.getResult()] = out;
}

void PhaseLowering::lowerFill(tile::FillOp op) {
  Place out = allocate(op.getResult().getType());
  if (op.getValid())
    out.valid = lookup(op.getValid());
  forRows(out, [&](Value row) {
    forColumns(out.columns, [&](Value column, int64_t lanes) {
      Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
      emit.store(emit.realLike(op.getValue().convertToDouble(), type), element(out, row, column),
                 4);
    });
  });
  places[op.getResult()] = out;
}

//===----------------------------------------------------------------------===//
// Quantize
//===----------------------------------------------------------------------===//

LogicalResult PhaseLowering::lowerQuantize(tile::QuantizeOp op) {
  int64_t block = op.getResult().getType().getBlock();
  if (block != recordColumns)
    return op.emitOpError("expected blocks of ") << recordColumns << ", but got " << block;
  Place from = place(op.getInput());
  Place out = allocate(op.getResult().getType());
  out.valid = from.valid;
  int64_t lanes = std::min<int64_t>(emit.lanes(), recordColumns / 2);
  int64_t parts = recordColumns / lanes;
  VectorType type = emit.floats(lanes), i32 = emit.ints(lanes);
  forRows(out, [&](Value row) {
    Value input = element(from, row, Value()), output = element(out, row, Value());
    emit.loop(from.columns, recordColumns, [&](Value column) {
      Value source = emit.address(input, emit.mul(column, 4));
      Value record = emit.address(
          output,
          emit.mul(arith::DivUIOp::create(builder, emit.loc, column, emit.index(recordColumns)),
                   recordLayout.blockBytes));
      SmallVector<Value> values;
      Value largest;
      for (int64_t part = 0; part < parts; ++part) {
        values.push_back(emit.load(type, emit.address(source, 4 * lanes * part), 4));
        Value magnitude = math::AbsFOp::create(builder, emit.loc, values.back());
        largest = largest ? emit.maximum(largest, magnitude) : magnitude;
      }
      Value top = emit.reduce(largest, /*maximum=*/true);
      Value scale = emit.mul(top, emit.real(1.0 / 127.0));
      // Below, the quotient would be infinite and the codes no numbers.
      Value isTiny = arith::CmpFOp::create(builder, emit.loc, arith::CmpFPredicate::OLT, top,
                                           emit.real(4.0e-37));
      Value inverse =
          arith::SelectOp::create(builder, emit.loc, isTiny, emit.real(0.0),
                                  arith::DivFOp::create(builder, emit.loc, emit.real(127.0), top));
      // Adding 1.5 * 2^23 leaves the integer nearest to x (ties to even) in the low bits.
      Value magic = emit.realLike(12582912.0, type);
      Value first, total;
      for (auto [part, value] : llvm::enumerate(values)) {
        Value scaled = emit.fma(value, emit.splat(inverse, type), magic);
        Value code = arith::SubIOp::create(builder, emit.loc,
                                           arith::BitcastOp::create(builder, emit.loc, i32, scaled),
                                           arith::BitcastOp::create(builder, emit.loc, i32, magic));
        total = total ? emit.add(total, code) : code;
        if (static_cast<int64_t>(part + 1) * lanes == recordColumns / 2)
          first = total;
        emit.store(arith::TruncIOp::create(builder, emit.loc, emit.ints(lanes, 8), code),
                   emit.address(record, static_cast<int64_t>(part) * lanes), 1);
      }
      auto sumOf = [&](Value vector) -> Value {
        return vector::ReductionOp::create(builder, emit.loc, vector::CombiningKind::ADD, vector);
      };
      Value sum = sumOf(total);
      emit.store(sumOf(first), emit.address(record, recordLayout.firstSum), 4);
      emit.store(scale, emit.address(record, recordLayout.scale), 4);
      Value real = arith::SIToFPOp::create(builder, emit.loc, builder.getF32Type(), sum);
      emit.store(emit.mul(scale, real), emit.address(record, recordLayout.scaledSum), 4);
      emit.store(sum, emit.address(record, recordLayout.sum), 4);
    });
  });
  places[op.getResult()] = out;
  return success();
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

void PhaseLowering::lowerRotate(tile::RotateOp op) {
  Place from = place(op.getInput());
  Place out = allocate(op.getResult().getType());
  auto dim = static_cast<int64_t>(op.getDim()), headDim = static_cast<int64_t>(op.getHeadDim());
  int64_t half = dim / 2;
  int64_t tableNumber =
      info.ropeTable({dim, op.getTheta().convertToDouble(), op.getPositionScale().convertToDouble(),
                      op.getFrequenciesAttr()});
  Value table =
      emit.load(emit.pointer(),
                emit.address(contextPointer(offsetof(frit_ctx, ropeTables)), 8 * tableNumber), 8);
  Value first = lookup(op.getRow());
  forRows(out, [&](Value row) {
    Value angles = emit.address(table, emit.mul(emit.add(first, row), 4 * dim));
    emit.loop(from.columns, headDim, [&](Value head) {
      auto at = [&](const Place &of, Value column, int64_t offset) {
        return emit.address(element(of, row, emit.add(head, column)), 4 * offset);
      };
      forColumns(half, [&](Value column, int64_t lanes) {
        Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
        Value x = emit.load(type, at(from, column, 0), 4),
              y = emit.load(type, at(from, column, half), 4);
        Value angle = emit.address(angles, emit.mul(column, 4));
        Value cosine = emit.load(type, angle, 4),
              sine = emit.load(type, emit.address(angle, 4 * half), 4);
        emit.store(arith::SubFOp::create(builder, emit.loc, emit.mul(x, cosine), emit.mul(y, sine)),
                   at(out, column, 0), 4);
        emit.store(emit.add(emit.mul(y, cosine), emit.mul(x, sine)), at(out, column, half), 4);
      });
      forColumns(headDim - dim, [&](Value column, int64_t lanes) {
        Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
        emit.store(emit.load(type, at(from, column, dim), 4), at(out, column, dim), 4);
      });
    });
  });
  places[op.getResult()] = out;
}

void PhaseLowering::lowerMask(tile::MaskOp op) {
  Place from = place(op.getInput());
  Place out = allocate(op.getResult().getType());
  Value first = lookup(op.getRow()), key = emit.cast(lookup(op.getKey()), 32);
  forRows(out, [&](Value row) {
    Value token =
        emit.add(first, arith::DivUIOp::create(builder, emit.loc, row,
                                               emit.index(static_cast<int64_t>(op.getHeads()))));
    Value position = tokenField(offsetof(frit_ctx, positions), token);
    Value newest = arith::SubIOp::create(builder, emit.loc, position, key);
    forColumns(from.columns, [&](Value column, int64_t lanes) {
      Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
      Type i32 = lanes == 1 ? Type(builder.getI32Type()) : Type(emit.ints(lanes));
      Value number = emit.splat(emit.cast(column, 32), i32);
      if (lanes > 1) {
        SmallVector<int32_t> steps(lanes);
        for (int64_t lane = 0; lane < lanes; ++lane)
          steps[lane] = static_cast<int32_t>(lane);
        number = emit.add(number, emit.constant(builder.getI32VectorAttr(steps)));
      }
      Value limit = emit.splat(newest, i32);
      Value visible =
          arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::sle, number, limit);
      if (op.getWindow()) {
        Value oldest = emit.add(limit, emit.intLike(-static_cast<int64_t>(*op.getWindow()), i32));
        Value recent =
            arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::sgt, number, oldest);
        visible = arith::AndIOp::create(builder, emit.loc, visible, recent);
      }
      Value hidden = emit.realLike(-std::numeric_limits<float>::infinity(), type);
      emit.store(arith::SelectOp::create(builder, emit.loc, visible,
                                         emit.load(type, element(from, row, column), 4), hidden),
                 element(out, row, column), 4);
    });
  });
  places[op.getResult()] = out;
}
