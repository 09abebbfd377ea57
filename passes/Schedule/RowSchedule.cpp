//===- RowSchedule.cpp - anchors that work on rows share tokens -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Schedule/PhaseScheduler.h"

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

LogicalResult PhaseScheduler::scheduleRows() {
  Operation *anchor = nullptr;
  for (Operation &op : phase.getBody().front())
    if (kernel::getRole(&op) == kernel::Role::Anchor)
      anchor = &op;
  Location loc = anchor->getLoc();
  auto append = dyn_cast<kv::AppendOp>(anchor);
  Value whole = append ? Value(append.getKeys()) : anchor->getResult(0);
  Value count = tile::CountOp::create(builder, loc, builder.getIndexType(),
                                      usesWantedRows() ? tile::Rows::Wanted : tile::Rows::Tokens);
  Value step = constant(loc, bucket.step);
  auto dealt = shares(loc, arith::CeilDivUIOp::create(builder, loc, count, step), false);
  auto loop = scf::ForOp::create(builder, loc, dealt.getLower(), dealt.getUpper(), dealt.getStep());
  builder.setInsertionPointToStart(loop.getBody());
  Value row = arith::MulIOp::create(builder, loc, loop.getInductionVar(), step);
  Value valid = rest(loc, count, row, step);
  Place place{row, constant(loc, 0), bucket.step, columnsOf(whole)};
  TileEnv env;
  if (auto embed = dyn_cast<graph::EmbedOp>(anchor)) {
    auto symbol = embed.getTable().getDefiningOp<graph::ParamOp>().getWeight();
    FlatSymbolRefAttr pack =
        packs.get(loc, packName(embed.getTable()), symbol, std::nullopt, tile::Order::P16);
    Value tile =
        tile::EmbedOp::create(builder, loc, tileType(place.rows, place.columns), pack, row, valid);
    double scale = embed.getScale().convertToDouble();
    if (scale != 1.0)
      tile = map(loc, tileType(place.rows, place.columns), tile,
                 [&](OpBuilder &b, ValueRange v) -> Value {
                   return arith::MulFOp::create(b, loc, v[0], scalar(b, loc, scale));
                 });
    env[embed.getResult()] = tile;
  } else {
    if (failed(emitPrologue(env, row, bucket.step, valid)))
      return failure();
    if (append)
      return emitAppend(append, env, place);
    // Selecting rows is all in how they are loaded.
    if (!isa<graph::SelectOp>(anchor)) {
      FailureOr<Value> result = emitOp(anchor, env, place);
      if (failed(result))
        return failure();
      env[anchor->getResult(0)] = *result;
    }
  }
  return emitEpilogue(env, place);
}
