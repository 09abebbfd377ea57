//===- Tiling.cpp - graph ops on tiles -------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Schedule/PhaseScheduler.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

//===----------------------------------------------------------------------===//
// Small pieces
//===----------------------------------------------------------------------===//

tile::TileType PhaseScheduler::tileType(int64_t rows, int64_t columns) {
  return tile::TileType::get(builder.getContext(), rows, columns);
}

Type schedule::withShape(Type like, int64_t rows, int64_t columns) {
  MLIRContext *context = like.getContext();
  if (auto tensor = dyn_cast<graph::QTensorType>(like))
    return tile::QTileType::get(context, rows, columns, tensor.getBlock());
  if (auto tile = dyn_cast<tile::QTileType>(like))
    return tile::QTileType::get(context, rows, columns, tile.getBlock());
  return tile::TileType::get(context, rows, columns);
}

int64_t schedule::columnsOf(Value value) {
  return llvm::TypeSwitch<Type, int64_t>(value.getType())
      .Case<graph::QTensorType, tile::QTileType, tile::TileType>(
          [](auto type) { return type.getColumns(); })
      .Default([](Type type) { return cast<RankedTensorType>(type).getDimSize(1); });
}

tile::SharesOp PhaseScheduler::shares(Location loc, Value count, bool cyclic) {
  Type index = builder.getIndexType();
  return tile::SharesOp::create(builder, loc, index, index, index, count, cyclic);
}

Value PhaseScheduler::constant(Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value PhaseScheduler::rest(Location loc, Value end, Value first, Value most) {
  return arith::MinUIOp::create(builder, loc, arith::SubIOp::create(builder, loc, end, first),
                                most);
}

Value PhaseScheduler::scalar(OpBuilder &at, Location loc, double value) {
  return arith::ConstantOp::create(at, loc, at.getF32FloatAttr(static_cast<float>(value)));
}

Value PhaseScheduler::map(Location loc, tile::TileType type, ValueRange inputs,
                          function_ref<Value(OpBuilder &, ValueRange)> body) {
  auto op = tile::MapOp::create(builder, loc, type, inputs);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&op.getBody());
  for (Value input : inputs)
    block->addArgument(builder.getF32Type(), input.getLoc());
  Value result = body(builder, block->getArguments());
  tile::YieldOp::create(builder, loc, result);
  return op;
}

std::string PhaseScheduler::packName(Value param) {
  SymbolRefAttr symbol = param.getDefiningOp<graph::ParamOp>().getWeight();
  std::string name = symbol.getRootReference().str();
  for (FlatSymbolRefAttr nested : symbol.getNestedReferences())
    name += "." + nested.getValue().str();
  return name;
}

Value PhaseScheduler::vector(Location loc, Value param, Value column, int64_t columns) {
  auto symbol = param.getDefiningOp<graph::ParamOp>().getWeight();
  FlatSymbolRefAttr pack =
      packs.get(loc, packName(param), symbol, std::nullopt, tile::Order::Vector);
  return tile::VectorOp::create(builder, loc, tileType(1, columns), pack, column);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult PhaseScheduler::checkStores(Operation *op, kv::CacheType cache) {
  for (kv::StoreAttr store : {cache.getKeyStore(), cache.getValueStore()})
    if (!store || !isa<Float16Type, Float32Type>(store.getType()))
      return op->emitOpError("expected f16 or f32 storage of the cache, but got ") << cache;
  return success();
}

/// 1 / sqrt(mean(x^2) + eps) of each row of a tile.
Value PhaseScheduler::emitRowFactor(Location loc, Value input, double eps) {
  auto type = cast<tile::TileType>(input.getType());
  tile::TileType single = tileType(type.getRows(), 1);
  Value squares = map(loc, type, input, [&](OpBuilder &b, ValueRange v) -> Value {
    return arith::MulFOp::create(b, loc, v[0], v[0]);
  });
  Value sum = tile::ReduceOp::create(builder, loc, single, tile::Reduction::Add, squares);
  return map(loc, single, sum, [&](OpBuilder &b, ValueRange v) -> Value {
    Value mean = arith::MulFOp::create(
        b, loc, v[0], scalar(b, loc, 1.0 / static_cast<double>(type.getColumns())));
    Value root =
        math::SqrtOp::create(b, loc, arith::AddFOp::create(b, loc, mean, scalar(b, loc, eps)));
    return arith::DivFOp::create(b, loc, scalar(b, loc, 1.0), root);
  });
}

/// y = x / sqrt(mean(x^2) + eps) * (w + offset), over groups of columns when the norm has them.
Value PhaseScheduler::emitNorm(graph::NormOp norm, Value input, Value column) {
  Location loc = norm.getLoc();
  auto type = cast<tile::TileType>(input.getType());
  int64_t group = norm.getGroup() ? static_cast<int64_t>(*norm.getGroup()) : type.getColumns();
  tile::TileType grouped = tileType(type.getRows() * (type.getColumns() / group), group);
  tile::TileType single = tileType(grouped.getRows(), 1);
  if (grouped != type)
    input = tile::ReshapeOp::create(builder, loc, grouped, input);
  if (norm.getKind() == graph::NormKind::Layer) {
    Value sum = tile::ReduceOp::create(builder, loc, single, tile::Reduction::Add, input);
    Value mean = map(loc, single, sum, [&](OpBuilder &b, ValueRange v) -> Value {
      return arith::MulFOp::create(b, loc, v[0], scalar(b, loc, 1.0 / static_cast<double>(group)));
    });
    input = map(loc, grouped, {input, mean}, [&](OpBuilder &b, ValueRange v) -> Value {
      return arith::SubFOp::create(b, loc, v[0], v[1]);
    });
  }
  Value inverse = emitRowFactor(loc, input, norm.getEps().convertToDouble());
  double offset = norm.getOffset().convertToDouble();
  Value first = norm.getGroup() ? constant(loc, 0) : column;
  SmallVector<Value> inputs = {input, inverse};
  for (Value weight : {norm.getWeight(), norm.getBias()})
    if (weight)
      inputs.push_back(vector(loc, weight, first, group));
  Value result = map(loc, grouped, inputs, [&](OpBuilder &b, ValueRange v) -> Value {
    if (v.size() == 2)
      return arith::MulFOp::create(b, loc, v[0], v[1]);
    Value weight = v[2];
    if (offset != 0.0)
      weight = arith::AddFOp::create(b, loc, weight, scalar(b, loc, offset));
    Value scaled = arith::MulFOp::create(b, loc, arith::MulFOp::create(b, loc, v[0], v[1]), weight);
    return v.size() == 4 ? Value(arith::AddFOp::create(b, loc, scaled, v[3])) : scaled;
  });
  return grouped == type ? result : Value(tile::ReshapeOp::create(builder, loc, type, result));
}

Value PhaseScheduler::emitSoftcap(Location loc, Value input, double cap) {
  return map(loc, cast<tile::TileType>(input.getType()), input,
             [&](OpBuilder &b, ValueRange v) -> Value {
               Value inner = arith::MulFOp::create(b, loc, v[0], scalar(b, loc, 1.0 / cap));
               return arith::MulFOp::create(b, loc, math::TanhOp::create(b, loc, inner),
                                            scalar(b, loc, cap));
             });
}

/// graph.activation of one element.
Value PhaseScheduler::emitActivation(OpBuilder &b, Location loc, graph::Activation kind, Value x) {
  auto scalar = [&](double value) { return PhaseScheduler::scalar(b, loc, value); };
  switch (kind) {
  case graph::Activation::SiLU: {
    Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
    return arith::DivFOp::create(b, loc, x, arith::AddFOp::create(b, loc, scalar(1.0), e));
  }
  case graph::Activation::GELU: {
    Value inner = math::ErfOp::create(b, loc, arith::MulFOp::create(b, loc, x, scalar(M_SQRT1_2)));
    Value half = arith::MulFOp::create(b, loc, x, scalar(0.5));
    return arith::MulFOp::create(b, loc, half, arith::AddFOp::create(b, loc, inner, scalar(1.0)));
  }
  case graph::Activation::GELUTanh: {
    Value square = arith::MulFOp::create(b, loc, x, x);
    Value cubic = arith::AddFOp::create(
        b, loc, arith::MulFOp::create(b, loc, square, scalar(0.044715)), scalar(1.0));
    Value inner = arith::MulFOp::create(b, loc, arith::MulFOp::create(b, loc, x, cubic),
                                        scalar(std::sqrt(2.0 / M_PI)));
    Value half = arith::MulFOp::create(b, loc, x, scalar(0.5));
    return arith::MulFOp::create(
        b, loc, half,
        arith::AddFOp::create(b, loc, math::TanhOp::create(b, loc, inner), scalar(1.0)));
  }
  case graph::Activation::ReLU:
    return arith::MaxNumFOp::create(b, loc, x, scalar(0.0));
  case graph::Activation::ReLUSquared: {
    Value positive = arith::MaxNumFOp::create(b, loc, x, scalar(0.0));
    return arith::MulFOp::create(b, loc, positive, positive);
  }
  }
  llvm_unreachable("unknown activation");
}

Value PhaseScheduler::tileOf(TileEnv &env, Value value, const Place &place) {
  if (Value found = env.lookup(value))
    return found;
  auto buffer = buffers.find(value);
  if (buffer == buffers.end())
    return {};
  return env[value] = tile::LoadOp::create(
             builder, value.getLoc(), withShape(value.getType(), place.rows, place.columns),
             buffer->second.getValue(), place.row, place.column, Value(), false);
}

/// The tile of `op`'s result at `place`, where all its operands have tiles.
FailureOr<Value> PhaseScheduler::emitOp(Operation *op, TileEnv &env, const Place &place) {
  Location loc = op->getLoc();
  SmallVector<Value> tiles;
  auto scaleRows = dyn_cast<graph::ScaleRowsOp>(op);
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType())) {
      bool isFactor = scaleRows && operand == scaleRows.getFactor();
      tiles.push_back(tileOf(env, operand,
                             isFactor ? Place{place.row, constant(loc, 0), place.rows, 1} : place));
    }
  tile::TileType type = tileType(place.rows, place.columns);
  return llvm::TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](graph::NormOp norm) -> FailureOr<Value> {
        if (!norm.getGroup() && columnsOf(tiles[0]) != columnsOf(norm.getInput()))
          return norm.emitOpError("expected whole rows for a norm without groups");
        if (norm.getGroup() && columnsOf(tiles[0]) % static_cast<int64_t>(*norm.getGroup()))
          return norm.emitOpError("expected shares of whole groups of ")
                 << *norm.getGroup() << " columns, but got shares of " << columnsOf(tiles[0]);
        return emitNorm(norm, tiles[0], place.column);
      })
      .Case([&](graph::RowFactorOp factor) -> FailureOr<Value> {
        if (columnsOf(tiles[0]) != columnsOf(factor.getInput()))
          return factor.emitOpError("expected whole rows");
        return emitRowFactor(loc, tiles[0], factor.getEps().convertToDouble());
      })
      .Case([&](graph::ScaleRowsOp) -> FailureOr<Value> {
        return map(loc, type, tiles, [&](OpBuilder &b, ValueRange v) -> Value {
          return arith::MulFOp::create(b, loc, v[0], v[1]);
        });
      })
      .Case([&](graph::ScaleColumnsOp scale) -> FailureOr<Value> {
        Value factors = vector(loc, scale.getWeight(), place.column, place.columns);
        double offset = scale.getOffset().convertToDouble();
        return map(loc, type, {tiles[0], factors}, [&](OpBuilder &b, ValueRange v) -> Value {
          Value factor = v[1];
          if (offset != 0.0)
            factor = arith::AddFOp::create(b, loc, factor, scalar(b, loc, offset));
          return arith::MulFOp::create(b, loc, v[0], factor);
        });
      })
      .Case([&](graph::RouteOp route) -> FailureOr<Value> {
        if (columnsOf(tiles[0]) != columnsOf(route.getScores()))
          return route.emitOpError("expected whole rows of scores");
        return emitRoute(route, tiles[0]);
      })
      .Case([&](graph::QuantizeOp quantize) -> FailureOr<Value> {
        graph::QTensorType whole = quantize.getResult().getType();
        int64_t columns = columnsOf(tiles[0]);
        if (columns % whole.getBlock())
          return quantize.emitOpError("expected shares of whole blocks of ")
                 << whole.getBlock() << " columns, but got shares of " << columns;
        return Value(tile::QuantizeOp::create(builder, loc, withShape(whole, place.rows, columns),
                                              tiles[0]));
      })
      .Case([&](graph::RopeOp rope) -> FailureOr<Value> {
        return Value(tile::RotateOp::create(builder, loc, type, tiles[0], place.row,
                                            static_cast<int64_t>(rope.getHeadDim()),
                                            static_cast<int64_t>(rope.getDim()), rope.getTheta(),
                                            rope.getPositionScale(), rope.getFrequenciesAttr()));
      })
      .Case([&](graph::ActivationOp activation) -> FailureOr<Value> {
        return map(loc, type, tiles, [&](OpBuilder &b, ValueRange v) -> Value {
          return emitActivation(b, loc, activation.getAct(), v[0]);
        });
      })
      .Case([&](graph::GluOp glu) -> FailureOr<Value> {
        return map(loc, type, tiles, [&](OpBuilder &b, ValueRange v) -> Value {
          return arith::MulFOp::create(b, loc, emitActivation(b, loc, glu.getAct(), v[0]), v[1]);
        });
      })
      .Case([&](graph::ResidualOp residual) -> FailureOr<Value> {
        double scale = residual.getScale().convertToDouble();
        return map(loc, type, tiles, [&](OpBuilder &b, ValueRange v) -> Value {
          Value branch = v[1];
          if (scale != 1.0)
            branch = arith::MulFOp::create(b, loc, branch, scalar(b, loc, scale));
          return arith::AddFOp::create(b, loc, v[0], branch);
        });
      })
      .Default([&](Operation *other) -> FailureOr<Value> {
        return other->emitOpError("expected an op that can be tiled in a prologue or epilogue");
      });
}
