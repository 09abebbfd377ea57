//===- AttentionSchedule.cpp - attention streams over blocks of keys -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "passes/Schedule/PhaseScheduler.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

/// Keys whose scores are computed before the running maximum moves.
static constexpr int64_t keyBlock = 64;
/// Below every score a model computes, above -infinity: exp(-infinity - lowest) is 0 and not NaN,
/// so that a row without any visible key ends with a sum of 0.
static constexpr double lowest = -1.0e30;

static Format storeFormat(kv::StoreAttr store) {
  return store.getType().isF16() ? Format::F16 : Format::F32;
}

LogicalResult PhaseScheduler::scheduleAttention(graph::AttentionOp attention) {
  if (!attention.getCache())
    return attention.emitOpError("expected attention over a cache");
  if (attention.getMask() != graph::Mask::Causal)
    return attention.emitOpError("expected a causal mask for attention over a cache");
  auto cache = cast<kv::CacheType>(attention.getCache().getType());
  if (failed(checkStores(attention, cache)))
    return failure();
  if (cache.getValueDim() % tile::groupRows)
    return attention.emitOpError("expected a value dimension in multiples of ")
           << tile::groupRows << ", but got " << cache.getValueDim();

  Location loc = attention.getLoc();
  MLIRContext *context = builder.getContext();
  int64_t kvHeads = cache.getHeads(), group = static_cast<int64_t>(attention.getHeads()) / kvHeads;
  int64_t step = bucket.step, rows = step * group;
  int64_t keyDim = cache.getKeyDim(), valueDim = cache.getValueDim();
  IntegerAttr window;
  if (attention.getWindow())
    window = builder.getI64IntegerAttr(static_cast<int64_t>(*attention.getWindow()));

  if (bucket.maxTokens == 1) // the others take more tokens only
    remark::passed(loc, remark::RemarkOpts::name("Shares").category("schedule"))
        << "heads of keys and values" << remark::metric("heads", kvHeads)
        << remark::metric("queriesPerHead", group) << remark::metric("keyBlock", keyBlock);

  // A share is a kv head (all its query heads read the same keys) and a step of tokens; later
  // tokens see more keys, so shares are dealt out in turn.
  Value count = tile::CountOp::create(builder, loc, builder.getIndexType(), tile::Rows::Tokens);
  Value steps = arith::CeilDivUIOp::create(builder, loc, count, constant(loc, step));
  Value heads = constant(loc, kvHeads);
  Value total = arith::MulIOp::create(builder, loc, steps, heads);
  auto dealt = shares(loc, total, /*cyclic=*/true);
  auto loop = scf::ForOp::create(builder, loc, dealt.getLower(), dealt.getUpper(), dealt.getStep());
  builder.setInsertionPointToStart(loop.getBody());
  Value head = arith::RemUIOp::create(builder, loc, loop.getInductionVar(), heads);
  Value row = arith::MulIOp::create(
      builder, loc, arith::DivUIOp::create(builder, loc, loop.getInductionVar(), heads),
      constant(loc, step));

  Value queryColumn = arith::MulIOp::create(builder, loc, head, constant(loc, group * keyDim));
  TileEnv env;
  Place queryPlace{row, queryColumn, step, group * keyDim};
  Value query = tileOf(env, attention.getQuery(), queryPlace);
  if (!query)
    return attention.emitOpError("expected queries from another phase");
  query = tile::ReshapeOp::create(builder, loc, tileType(rows, keyDim), query);
  query = map(loc, tileType(rows, keyDim), query, [&](OpBuilder &b, ValueRange v) -> Value {
    return arith::MulFOp::create(b, loc, v[0],
                                 scalar(b, loc, attention.getScale().convertToDouble()));
  });

  auto range = tile::KeyRangeOp::create(
      builder, loc, builder.getIndexType(), builder.getIndexType(), row,
      builder.getI64IntegerAttr(step), builder.getI64IntegerAttr(keyBlock), window);
  tile::TileType single = tileType(rows, 1), scoreType = tileType(rows, keyBlock),
                 valueType = tileType(rows, valueDim);
  auto fill = [&](tile::TileType type, double value) -> Value {
    return tile::FillOp::create(builder, loc, type,
                                builder.getF32FloatAttr(static_cast<float>(value)), Value());
  };
  SmallVector<Value> initial = {fill(single, lowest), fill(single, 0.0), fill(valueType, 0.0)};
  auto keys = scf::ForOp::create(builder, loc, range.getLower(), range.getUpper(),
                                 constant(loc, keyBlock), initial);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(keys.getBody());
    Value key = keys.getInductionVar();
    Value maximum = keys.getRegionIterArg(0), sum = keys.getRegionIterArg(1),
          output = keys.getRegionIterArg(2);
    Value keyMatrix = tile::CacheOp::create(builder, loc,
                                            tile::MatrixType::get(context, keyBlock, keyDim,
                                                                  storeFormat(cache.getKeyStore()),
                                                                  tile::Order::P16),
                                            tile::Side::Keys, head, key, row);
    Value scores =
        tile::ProductOp::create(builder, loc, scoreType, query, keyMatrix, Value(), StringAttr());
    if (attention.getSoftcap())
      scores = emitSoftcap(loc, scores, attention.getSoftcap()->convertToDouble());
    scores = tile::MaskOp::create(builder, loc, scoreType, scores, row, key,
                                  builder.getI64IntegerAttr(group), window);
    Value blockMaximum = tile::ReduceOp::create(builder, loc, single, tile::Reduction::Max, scores);
    Value newMaximum =
        map(loc, single, {maximum, blockMaximum}, [&](OpBuilder &b, ValueRange v) -> Value {
          return arith::MaxNumFOp::create(b, loc, v[0], v[1]);
        });
    Value weights =
        map(loc, scoreType, {scores, newMaximum}, [&](OpBuilder &b, ValueRange v) -> Value {
          return math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
        });
    Value decay = map(loc, single, {maximum, newMaximum}, [&](OpBuilder &b, ValueRange v) -> Value {
      return math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
    });
    Value blockSum = tile::ReduceOp::create(builder, loc, single, tile::Reduction::Add, weights);
    Value newSum =
        map(loc, single, {sum, decay, blockSum}, [&](OpBuilder &b, ValueRange v) -> Value {
          return arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, v[0], v[1]), v[2]);
        });
    Value decayed = map(loc, valueType, {output, decay}, [&](OpBuilder &b, ValueRange v) -> Value {
      return arith::MulFOp::create(b, loc, v[0], v[1]);
    });
    Value valueMatrix = tile::CacheOp::create(
        builder, loc,
        tile::MatrixType::get(context, valueDim, keyBlock, storeFormat(cache.getValueStore()),
                              tile::Order::ColumnMajor),
        tile::Side::Values, head, key, row);
    Value newOutput = tile::ProductOp::create(builder, loc, valueType, weights, valueMatrix,
                                              decayed, StringAttr());
    scf::YieldOp::create(builder, loc, ValueRange{newMaximum, newSum, newOutput});
  }
  Value result =
      map(loc, valueType, {keys.getResult(2), keys.getResult(1)},
          [&](OpBuilder &b, ValueRange v) -> Value {
            Value zero = scalar(b, loc, 0.0);
            Value any = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, v[1], zero);
            return arith::SelectOp::create(b, loc, any, arith::DivFOp::create(b, loc, v[0], v[1]),
                                           zero);
          });
  Place place{row, arith::MulIOp::create(builder, loc, head, constant(loc, group * valueDim)), step,
              group * valueDim};
  TileEnv outputs;
  outputs[attention.getResult()] =
      tile::ReshapeOp::create(builder, loc, tileType(step, group * valueDim), result);
  return emitEpilogue(outputs, place);
}
