//===- ExpertSchedule.cpp - products with experts share experts and rows ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The prologue is computed for all tokens of a call, the parts of each expert are listed, and each
// matrix is read once for all its parts; matrices of experts nobody chose are not read. Sums over
// the experts of a token are in the order of their numbers, whatever other tokens there are.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Schedule/PhaseScheduler.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

//===----------------------------------------------------------------------===//
// Routes
//===----------------------------------------------------------------------===//

FailureOr<Value> PhaseScheduler::emitRoute(graph::RouteOp route, Value scores) {
  Location loc = route.getLoc();
  auto type = cast<tile::TileType>(scores.getType());
  tile::TileType single = tileType(type.getRows(), 1);
  Value weights;
  if (route.getScoring() == graph::Scoring::Softmax) {
    Value largest = tile::ReduceOp::create(builder, loc, single, tile::Reduction::Max, scores);
    Value powers = map(loc, type, {scores, largest}, [&](OpBuilder &b, ValueRange v) -> Value {
      return math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
    });
    Value sum = tile::ReduceOp::create(builder, loc, single, tile::Reduction::Add, powers);
    weights = map(loc, type, {powers, sum}, [&](OpBuilder &b, ValueRange v) -> Value {
      return arith::DivFOp::create(b, loc, v[0], v[1]);
    });
  } else {
    weights = map(loc, type, scores, [&](OpBuilder &b, ValueRange v) -> Value {
      Value power = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, v[0]));
      Value one = scalar(b, loc, 1.0);
      return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, power));
    });
  }
  // Of scores far apart, f32 holds some weights as equal zeros.
  Value keys = scores;
  if (route.getBias()) {
    Value bias = vector(loc, route.getBias(), constant(loc, 0), type.getColumns());
    keys = map(loc, type, {weights, bias}, [&](OpBuilder &b, ValueRange v) -> Value {
      return arith::AddFOp::create(b, loc, v[0], v[1]);
    });
  }
  tile::TileType result = tileType(type.getRows(), 2 * static_cast<int64_t>(route.getTop()));
  return Value(tile::TopOp::create(builder, loc, result, weights, keys, route.getNormalizeAttr(),
                                   route.getScaleAttr()));
}

//===----------------------------------------------------------------------===//
// Prologue
//===----------------------------------------------------------------------===//

/// The input and the routes of all tokens, as tiles of `tokens` rows.
FailureOr<std::pair<Value, Value>> PhaseScheduler::emitWholePrologue(graph::ExpertsOp experts,
                                                                     Value count, int64_t tokens) {
  Location loc = experts.getLoc();
  SmallVector<Value> values = {experts.getInput(), experts.getRoutes()}, initial;
  Value zero = constant(loc, 0);
  TileEnv env;
  llvm::erase_if(values, [&](Value value) { return buffers.count(value) != 0; });
  if (values.empty()) {
    // Other phases have computed all of it.
  } else if (bucket.block == tokens) {
    if (failed(emitPrologue(env, zero, tokens, count)))
      return failure();
  } else {
    // A block after the other; each is copied to its place among all.
    for (Value value : values)
      initial.push_back(tile::EmptyOp::create(
          builder, loc, withShape(value.getType(), tokens, columnsOf(value))));
    Value block = constant(loc, bucket.block);
    auto loop = scf::ForOp::create(builder, loc, zero, count, block, initial);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(loop.getBody());
      Value row = loop.getInductionVar();
      Value valid = rest(loc, count, row, block);
      TileEnv blockEnv;
      if (failed(emitPrologue(blockEnv, row, bucket.block, valid)))
        return failure();
      SmallVector<Value> filled;
      for (auto [value, all] : llvm::zip_equal(values, loop.getRegionIterArgs()))
        filled.push_back(
            tile::InsertOp::create(builder, loc, all.getType(), blockEnv.lookup(value), all, row));
      scf::YieldOp::create(builder, loc, filled);
    }
    for (auto [value, all] : llvm::zip_equal(values, loop.getResults()))
      env[value] = all;
  }
  for (Value value : {experts.getInput(), Value(experts.getRoutes())})
    if (!env.count(value)) {
      assert(buffers.count(value) && "checkPhase() has seen to that");
      env[value] =
          tile::LoadOp::create(builder, loc, withShape(value.getType(), tokens, columnsOf(value)),
                               buffers.lookup(value).getValue(), zero, zero, count,
                               /*wanted=*/false);
    }
  return std::pair(env[experts.getInput()], env[experts.getRoutes()]);
}

//===----------------------------------------------------------------------===//
// Shares
//===----------------------------------------------------------------------===//

/// A row for each part: a share is an expert somebody chose and some rows of its matrices.
LogicalResult PhaseScheduler::emitParts(const Component &component, Value lhs, Value dispatch,
                                        Value active) {
  Location loc = component.anchors[0]->getLoc();
  OpBuilder::InsertionGuard guard(builder);
  Value shareCount = constant(loc, component.shares()), step = constant(loc, bucket.step);
  // One token takes all experts alike: then each core streams its weights.
  auto dealt = shares(loc, arith::MulIOp::create(builder, loc, active, shareCount),
                      /*cyclic=*/bucket.maxTokens > 1);
  auto loop = scf::ForOp::create(builder, loc, dealt.getLower(), dealt.getUpper(), dealt.getStep());
  builder.setInsertionPointToStart(loop.getBody());
  Value share = loop.getInductionVar();
  Value number = arith::DivUIOp::create(builder, loc, share, shareCount);
  Value rows = arith::RemUIOp::create(builder, loc, share, shareCount);
  auto expert = expertAt(dispatch, number);
  Value first = arith::MulIOp::create(builder, loc, expert.getNumber(), shareCount);
  SmallVector<Value> matrices =
      emitWeights(component, arith::AddIOp::create(builder, loc, first, rows));
  Value column = arith::MulIOp::create(builder, loc, rows, constant(loc, component.width));

  auto steps = scf::ForOp::create(builder, loc, expert.getFirst(), expert.getEnd(), step);
  builder.setInsertionPointToStart(steps.getBody());
  Value place = steps.getInductionVar();
  Value valid = rest(loc, expert.getEnd(), place, step);
  Value inputs = emitGather(lhs, dispatch, place);
  TileEnv env;
  Place where{Value(), column, bucket.step, component.width};
  for (auto [anchor, matrix] : llvm::zip_equal(component.anchors, matrices))
    env[anchor->getResult(0)] =
        tile::ProductOp::create(builder, anchor->getLoc(), tileType(where.rows, where.columns),
                                inputs, matrix, Value(), instructionFor(inputs));
  for (Operation &op : phase.getBody().front()) {
    if (kernel::getRole(&op) != kernel::Role::Epilogue)
      continue;
    auto isHere = [&](Value operand) { return env.count(operand) != 0; };
    if (llvm::none_of(op.getOperands(), isHere))
      continue; // of another component
    // Rows are parts, of which buffers and positions know nothing.
    if (!isa<graph::ActivationOp, graph::GluOp, graph::QuantizeOp>(op) ||
        !llvm::all_of(op.getOperands(), isHere))
      return op.emitOpError("expected only graph.activation, graph.glu and graph.quantize of what "
                            "the experts compute behind their parts");
    FailureOr<Value> result = emitOp(&op, env, where);
    if (failed(result))
      return failure();
    env[op.getResult(0)] = *result;
  }
  for (Value yielded : phase.getBody().front().getTerminator()->getOperands())
    if (Value tile = env.lookup(yielded))
      tile::ScatterOp::create(builder, yielded.getLoc(), tile, buffers.lookup(yielded), column,
                              dispatch, place, valid);
  return success();
}

/// A row for each token: a share is some rows of the matrices of all experts.
LogicalResult PhaseScheduler::emitSums(const Component &component, Value lhs, Value dispatch,
                                       Value active, Value count) {
  Location loc = component.anchors[0]->getLoc();
  auto type = cast<tile::DispatchType>(dispatch.getType());
  Value zero = constant(loc, 0), one = constant(loc, 1), step = constant(loc, bucket.step);
  Value shareCount = constant(loc, component.shares());
  auto dealt = shares(loc, shareCount, /*cyclic=*/false);
  auto loop = scf::ForOp::create(builder, loc, dealt.getLower(), dealt.getUpper(), dealt.getStep());
  builder.setInsertionPointToStart(loop.getBody());
  Value share = loop.getInductionVar();
  Value column = arith::MulIOp::create(builder, loc, share, constant(loc, component.width));
  tile::TileType sumType = tileType(type.getTokens(), component.width);
  Value sums = tile::FillOp::create(builder, loc, sumType, builder.getF32FloatAttr(0.0f), count);
  auto experts = scf::ForOp::create(builder, loc, zero, active, one, sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(experts.getBody());
    auto expert = expertAt(dispatch, experts.getInductionVar());
    Value first = arith::MulIOp::create(builder, loc, expert.getNumber(), shareCount);
    Value matrix =
        emitWeights(component, arith::AddIOp::create(builder, loc, first, share)).front();
    auto steps = scf::ForOp::create(builder, loc, expert.getFirst(), expert.getEnd(), step,
                                    experts.getRegionIterArg(0));
    scf::YieldOp::create(builder, loc, steps.getResults());
    builder.setInsertionPointToStart(steps.getBody());
    Value place = steps.getInductionVar();
    Value valid = rest(loc, expert.getEnd(), place, step);
    Value inputs = emitGather(lhs, dispatch, place);
    Value product = tile::ProductOp::create(builder, loc, tileType(bucket.step, component.width),
                                            inputs, matrix, Value(), instructionFor(inputs));
    Value sum = tile::CombineOp::create(builder, loc, sumType, product, dispatch, place, valid,
                                        steps.getRegionIterArg(0));
    scf::YieldOp::create(builder, loc, sum);
  }
  auto tokens = scf::ForOp::create(builder, loc, zero, count, step);
  builder.setInsertionPointToStart(tokens.getBody());
  Value row = tokens.getInductionVar();
  TileEnv env;
  env[component.anchors[0]->getResult(0)] = tile::RowsOp::create(
      builder, loc, tileType(bucket.step, component.width), experts.getResult(0), row);
  return emitEpilogue(env, {row, column, bucket.step, component.width});
}

tile::ExpertOp PhaseScheduler::expertAt(Value dispatch, Value index) {
  Type number = builder.getIndexType();
  return tile::ExpertOp::create(builder, dispatch.getLoc(), number, number, number, dispatch,
                                index);
}

Value PhaseScheduler::emitGather(Value lhs, Value dispatch, Value place) {
  Type type = withShape(lhs.getType(), bucket.step, columnsOf(lhs));
  return tile::GatherOp::create(builder, lhs.getLoc(), type, lhs, dispatch, place);
}

LogicalResult PhaseScheduler::scheduleExperts() {
  FailureOr<SmallVector<Component>> components = findComponents();
  if (failed(components))
    return failure();
  auto experts = cast<graph::ExpertsOp>(components->front().anchors[0]);
  bool isSum = experts.getParts() == graph::Parts::Sum;
  for (Component &component : *components)
    for (Operation *anchor : component.anchors) {
      auto other = cast<graph::ExpertsOp>(anchor);
      if (other != experts &&
          (isSum || other.getParts() != experts.getParts() ||
           other.getWeight().getType().getExperts() != experts.getWeight().getType().getExperts()))
        return experts.emitOpError("expected one product with experts, or several of as many "
                                   "experts with a row for each part");
    }
  assignPacks(*components);
  Location loc = experts.getLoc();
  int64_t top = experts.getTop();
  int64_t tokens = bucket.maxTokens == 1
                       ? 1
                       : static_cast<int64_t>(llvm::alignTo(bucket.maxTokens, bucket.block));
  Value count = tile::CountOp::create(builder, loc, builder.getIndexType(), tile::Rows::Tokens);
  FailureOr<std::pair<Value, Value>> prologue = emitWholePrologue(experts, count, tokens);
  if (failed(prologue))
    return failure();
  auto [lhs, routes] = *prologue;
  if (isSum && top > 1) {
    // A row for each part.
    Type type = withShape(lhs.getType(), tokens * top, columnsOf(lhs) / top);
    lhs = tile::ReshapeOp::create(builder, loc, type, lhs);
  }
  auto type = tile::DispatchType::getChecked(
      [&] { return experts.emitOpError(); }, builder.getContext(), tokens, top,
      experts.getWeight().getType().getExperts(), bucket.step);
  if (!type)
    return failure();
  auto dispatch =
      tile::DispatchOp::create(builder, loc, type, builder.getIndexType(), routes, count);
  for (Component &component : *components)
    if (failed(isSum ? emitSums(component, lhs, dispatch.getDispatch(), dispatch.getActive(), count)
                     : emitParts(component, lhs, dispatch.getDispatch(), dispatch.getActive())))
      return failure();
  return success();
}
