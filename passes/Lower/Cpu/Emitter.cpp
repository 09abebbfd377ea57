//===- Emitter.cpp - short names for the ops lowering creates --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Lower/Cpu/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value Emitter::constant(TypedAttr value) {
  Value &result = constants[value];
  if (!result) {
    OpBuilder::InsertionGuard guard(builder);
    auto function =
        builder.getInsertionBlock()->getParent()->getParentOfType<FunctionOpInterface>();
    builder.setInsertionPointToStart(&function.getFunctionBody().front());
    result = arith::ConstantOp::create(builder, loc, value);
  }
  return result;
}

Value Emitter::index(int64_t value) { return constant(builder.getIndexAttr(value)); }

Value Emitter::integer(int64_t value, unsigned bits) {
  return constant(builder.getIntegerAttr(builder.getIntegerType(bits), value));
}

Value Emitter::real(double value) {
  return constant(builder.getF32FloatAttr(static_cast<float>(value)));
}

Value Emitter::splat(Value value, Type type) {
  if (value.getType() == type)
    return value;
  TypedAttr attr;
  if (matchPattern(value, m_Constant(&attr)))
    return constant(DenseElementsAttr::get(mlir::cast<VectorType>(type), Attribute(attr)));
  return vector::BroadcastOp::create(builder, loc, type, value);
}

Value Emitter::realLike(double value, Type type) { return splat(real(value), type); }

Value Emitter::intLike(int64_t value, Type type) {
  return splat(integer(value, getElementTypeOrSelf(type).getIntOrFloatBitWidth()), type);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value Emitter::address(Value base, Value offsetBytes) {
  if (std::optional<int64_t> constant = getConstantIntValue(offsetBytes))
    return address(base, *constant);
  return LLVM::GEPOp::create(builder, loc, pointer(), builder.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{cast(offsetBytes, 64)});
}

Value Emitter::address(Value base, int64_t offsetBytes) {
  if (offsetBytes == 0)
    return base;
  LLVM::GEPArg offset = llvm::isInt<32>(offsetBytes)
                            ? LLVM::GEPArg(static_cast<int32_t>(offsetBytes))
                            : LLVM::GEPArg(integer(offsetBytes, 64));
  return LLVM::GEPOp::create(builder, loc, pointer(), builder.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{offset});
}

Value Emitter::load(Type type, Value base, unsigned alignment) {
  return LLVM::LoadOp::create(builder, loc, type, base, alignment);
}

void Emitter::store(Value value, Value base, unsigned alignment) {
  LLVM::StoreOp::create(builder, loc, value, base, alignment);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value Emitter::folded(Operation *op) {
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(results)) || results.empty())
    return op->getResult(0);
  op->erase();
  if (auto value = dyn_cast<Value>(results[0]))
    return value;
  return constant(mlir::cast<TypedAttr>(mlir::cast<Attribute>(results[0])));
}

Value Emitter::add(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::AddFOp::create(builder, loc, a, b);
  return folded(arith::AddIOp::create(builder, loc, a, b));
}

Value Emitter::mul(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::MulFOp::create(builder, loc, a, b);
  return folded(arith::MulIOp::create(builder, loc, a, b));
}

Value Emitter::shiftRight(Value a, int64_t bits) {
  if (bits == 0)
    return a;
  return arith::ShRUIOp::create(builder, loc, a, intLike(bits, a.getType()));
}

Value Emitter::shiftLeft(Value a, int64_t bits) {
  return arith::ShLIOp::create(builder, loc, a, intLike(bits, a.getType()));
}

Value Emitter::bitAnd(Value a, int64_t mask) {
  return arith::AndIOp::create(builder, loc, a, intLike(mask, a.getType()));
}

Value Emitter::bitOr(Value a, Value b) {
  return a ? Value(arith::OrIOp::create(builder, loc, a, b)) : b;
}

Value Emitter::maximum(Value a, Value b) {
  Value larger = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(builder, loc, larger, a, b);
}

Value Emitter::minimum(Value a, Value b) {
  Value smaller = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, a, b);
  return arith::SelectOp::create(builder, loc, smaller, a, b);
}

Value Emitter::fma(Value a, Value b, Value c) {
  // Without the instruction, llvm.fma would call a library function an element.
  if (!target.hasFeature("fma"))
    return add(mul(a, b), c);
  return math::FmaOp::create(builder, loc, a, b, c);
}

Value Emitter::cast(Value value, unsigned bits) {
  Type type = builder.getIntegerType(bits);
  if (value.getType() == type)
    return value;
  if (value.getType().isIndex())
    return folded(arith::IndexCastOp::create(builder, loc, type, value));
  return arith::ExtSIOp::create(builder, loc, type, value);
}

Value Emitter::toIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  return folded(arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value));
}

Value Emitter::loadIndex(Value array, Value index) {
  return toIndex(load(builder.getI32Type(), address(array, mul(index, 4)), 4));
}

/// f16 bits to f32 without the instruction: shifted into f32's fields, a half is its value times
/// 2^-112; the multiplication also normalizes subnormals. Infinities and NaN do not occur in
/// weights and caches.
static Value halfBitsToFloat(Emitter &emit, Value bits16) {
  OpBuilder &builder = emit.builder;
  Location loc = emit.loc;
  auto count = dyn_cast<VectorType>(bits16.getType());
  Type i32 = count ? Type(emit.ints(count.getNumElements())) : Type(builder.getI32Type());
  Type f32 = count ? Type(emit.floats(count.getNumElements())) : Type(builder.getF32Type());
  Value wide = arith::ExtUIOp::create(builder, loc, i32, bits16);
  Value magnitude = arith::ShLIOp::create(
      builder, loc, arith::AndIOp::create(builder, loc, wide, emit.intLike(0x7fff, i32)),
      emit.intLike(13, i32));
  Value sign = arith::ShLIOp::create(
      builder, loc, arith::AndIOp::create(builder, loc, wide, emit.intLike(0x8000, i32)),
      emit.intLike(16, i32));
  Value scaled =
      emit.mul(arith::BitcastOp::create(builder, loc, f32, magnitude), emit.realLike(0x1p112, f32));
  Value merged =
      arith::OrIOp::create(builder, loc, arith::BitcastOp::create(builder, loc, i32, scaled), sign);
  return arith::BitcastOp::create(builder, loc, f32, merged);
}

Value Emitter::loadAsFloat(Type element, int64_t count, Value base) {
  auto shaped = [&](Type type) -> Type {
    return count == 1 ? type : Type(VectorType::get(count, type));
  };
  Type f32 = shaped(builder.getF32Type());
  if (element.isF32())
    return load(f32, base, 4);
  Value bits = load(shaped(builder.getIntegerType(16)), base, 2);
  if (element.isBF16()) {
    Type i32 = shaped(builder.getI32Type());
    Value wide = arith::ExtUIOp::create(builder, loc, i32, bits);
    Value shifted = arith::ShLIOp::create(builder, loc, wide, intLike(16, i32));
    return arith::BitcastOp::create(builder, loc, f32, shifted);
  }
  if (!target.hasFeature("f16c"))
    return halfBitsToFloat(*this, bits);
  Value half = arith::BitcastOp::create(builder, loc, shaped(builder.getF16Type()), bits);
  return arith::ExtFOp::create(builder, loc, f32, half, arith::FastMathFlagsAttr());
}

Value Emitter::bytesToFloat(Value bytes, bool isSigned) {
  auto vector = dyn_cast<VectorType>(bytes.getType());
  Type i32 = vector ? Type(ints(vector.getNumElements())) : builder.getI32Type();
  Type f32 = vector ? Type(floats(vector.getNumElements())) : builder.getF32Type();
  Value words = isSigned ? Value(arith::ExtSIOp::create(builder, loc, i32, bytes))
                         : Value(arith::ExtUIOp::create(builder, loc, i32, bytes));
  return arith::SIToFPOp::create(builder, loc, f32, words);
}

Value Emitter::toHalf(Value value) {
  auto vector = dyn_cast<VectorType>(value.getType());
  auto shaped = [&](Type type) -> Type {
    return vector ? Type(VectorType::get(vector.getShape(), type)) : type;
  };
  if (target.hasFeature("f16c"))
    return arith::BitcastOp::create(
        builder, loc, shaped(builder.getIntegerType(16)),
        arith::TruncFOp::create(builder, loc, shaped(builder.getF16Type()), value));
  // Round to nearest even by hand (as frit::floatToHalf): normal numbers by adding half of the
  // dropped bits, subnormal ones by adding 0.5, whose unit in the last place is theirs. Values
  // beyond the range become infinity.
  Type i32 = shaped(builder.getI32Type());
  Value bits = arith::BitcastOp::create(builder, loc, i32, value);
  auto op = [&](auto tag, Value a, Value b) -> Value {
    return decltype(tag)::create(builder, loc, a, b);
  };
  auto constant = [&](int64_t c) { return intLike(c, i32); };
  Value sign = op(arith::AndIOp(), op(arith::ShRUIOp(), bits, constant(16)), constant(0x8000));
  Value magnitude = op(arith::AndIOp(), bits, constant(0x7fffffff));
  Value odd = op(arith::AndIOp(), op(arith::ShRUIOp(), magnitude, constant(13)), constant(1));
  Value rounded = add(add(magnitude, constant(0xfff - 0x38000000)), odd);
  Value normal = op(arith::ShRUIOp(), rounded, constant(13));
  Value small = add(arith::BitcastOp::create(builder, loc, shaped(builder.getF32Type()), magnitude),
                    realLike(0.5, shaped(builder.getF32Type())));
  Value subnormal = add(arith::BitcastOp::create(builder, loc, i32, small), constant(-0x3f000000));
  Value isSmall = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, magnitude,
                                        constant(0x38800000));
  Value isLarge = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, magnitude,
                                        constant(0x477ff000));
  Value result = arith::SelectOp::create(builder, loc, isSmall, subnormal, normal);
  result = arith::SelectOp::create(builder, loc, isLarge, constant(0x7c00), result);
  return arith::TruncIOp::create(builder, loc, shaped(builder.getIntegerType(16)),
                                 op(arith::OrIOp(), result, sign));
}

//===----------------------------------------------------------------------===//
// Loops and reductions
//===----------------------------------------------------------------------===//

void Emitter::loop(Value upper, int64_t step, function_ref<void(Value)> body) {
  auto op = scf::ForOp::create(builder, loc, index(0), upper, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
}

void Emitter::loop(int64_t upper, int64_t step, function_ref<void(Value)> body) {
  if (upper <= 0)
    return;
  if (upper <= step)
    return body(index(0));
  loop(index(upper), step, body);
}

SmallVector<Value> Emitter::loop(int64_t upper, int64_t step, ValueRange state,
                                 function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  if (upper <= step)
    return body(index(0), state);
  auto op = scf::ForOp::create(builder, loc, index(0), index(upper), index(step), state);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, next);
  return SmallVector<Value>(op.getResults());
}

Value Emitter::reduce(Value vector, bool isMaximum) {
  int64_t count = mlir::cast<VectorType>(vector.getType()).getNumElements();
  auto combine = [&](Value a, Value b) { return isMaximum ? maximum(a, b) : add(a, b); };
  for (; count > 1; count /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < count / 2; ++i) {
      low.push_back(i);
      high.push_back(i + count / 2);
    }
    vector = combine(vector::ShuffleOp::create(builder, loc, vector, vector, low),
                     vector::ShuffleOp::create(builder, loc, vector, vector, high));
  }
  return vector::ExtractOp::create(builder, loc, vector, ArrayRef<int64_t>{0});
}
