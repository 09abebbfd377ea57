//===- InlineLayers.cpp - write every layer out ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "passes/Algebra/Passes.h"

namespace frit::algebra {
#define GEN_PASS_DEF_INLINELAYERS
#include "passes/Algebra/Passes.h.inc"
} // namespace frit::algebra

using namespace mlir;
using namespace frit;

namespace {

class Inliner {
public:
  explicit Inliner(ModuleOp module) : module(module), builder(module.getContext()) {}

  LogicalResult inlineRepeat(graph::RepeatOp repeat);

private:
  FailureOr<Value> inlineLayer(graph::RepeatOp repeat, graph::LayerOp layer, Value stream,
                               int64_t row, int64_t number);
  FailureOr<FlatSymbolRefAttr> weightOf(graph::ParamOp param, int64_t row);

  ModuleOp module;
  OpBuilder builder;
  SymbolTableCollection tables;
  DenseMap<std::pair<Operation *, int64_t>, FlatSymbolRefAttr> weights; ///< by column and row
};

} // namespace

/// A weight of its own for a row of a column.
FailureOr<FlatSymbolRefAttr> Inliner::weightOf(graph::ParamOp param, int64_t row) {
  auto column = cast<graph::ColumnOp>(tables.lookupSymbolIn(module, param.getWeightAttr()));
  FlatSymbolRefAttr &symbol = weights[{column, row}];
  if (symbol)
    return symbol;
  if (column.getPieces() > 1)
    return column.emitError("expected weights in one piece to write layers out");
  graph::TimesAttr times = column.getTimesAttr();
  if (times && !isa<FlatSymbolRefAttr>(times.getWeight()))
    return column.emitError("expected weights as the file has them to write layers out, but got ")
           << times;
  std::string stem = column.getSymName().str() + "." + std::to_string(row), name = stem;
  for (int n = 2; module.lookupSymbol(name); ++n)
    name = stem + "." + std::to_string(n);
  ArrayAttr files = column.getFiles();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(column->getParentOp());
  auto weight = graph::WeightOp::create(builder, column.getLoc(), builder.getStringAttr(name),
                                        column.getTypeAttr(),
                                        cast<FlatSymbolRefAttr>(files[files.size() == 1 ? 0 : row]),
                                        builder.getI64IntegerAttr(column.getOffsets()[row]),
                                        column.getRunsAttr(), column.getRowsAttr(), times);
  return symbol = FlatSymbolRefAttr::get(weight.getSymNameAttr());
}

FailureOr<Value> Inliner::inlineLayer(graph::RepeatOp repeat, graph::LayerOp layer, Value stream,
                                      int64_t row, int64_t number) {
  Block &body = layer.getBody().front();
  IRMapping mapping;
  mapping.map(body.getArgument(0), stream);
  mapping.map(body.getArgument(1), repeat.getTokens());
  mapping.map(body.getArgument(2),
              kv::LayerOp::create(builder, layer.getLoc(), body.getArgument(2).getType(),
                                  repeat.getCaches(), number)
                  .getCache());
  for (Operation &op : body.without_terminator()) {
    auto param = dyn_cast<graph::ParamOp>(op);
    if (!param || !param.getRow()) {
      builder.clone(op, mapping);
      continue;
    }
    FailureOr<FlatSymbolRefAttr> weight = weightOf(param, row);
    if (failed(weight))
      return failure();
    mapping.map(param.getResult(),
                graph::ParamOp::create(builder, param.getLoc(), param.getResult().getType(),
                                       *weight, Value())
                    .getResult());
  }
  return mapping.lookup(body.getTerminator()->getOperand(0));
}

LogicalResult Inliner::inlineRepeat(graph::RepeatOp repeat) {
  builder.setInsertionPoint(repeat);
  Value stream = repeat.getInput();
  int64_t number = 0;
  for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>()) {
    auto layer = tables.lookupNearestSymbolFrom<graph::LayerOp>(repeat, segment.getLayer());
    for (int64_t i = 0; i < segment.getCount(); ++i) {
      FailureOr<Value> result =
          inlineLayer(repeat, layer, stream, segment.getFirst() + i, number++);
      if (failed(result))
        return failure();
      stream = *result;
    }
  }
  repeat.getResult().replaceAllUsesWith(stream);
  repeat.erase();
  return success();
}

namespace {
struct InlineLayers : algebra::impl::InlineLayersBase<InlineLayers> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Inliner inliner(module);
    SmallVector<graph::RepeatOp> repeats;
    module.walk([&](graph::RepeatOp repeat) { repeats.push_back(repeat); });
    for (graph::RepeatOp repeat : repeats)
      if (failed(inliner.inlineRepeat(repeat)))
        return signalPassFailure();
    for (auto layer : llvm::make_early_inc_range(module.getOps<graph::LayerOp>()))
      layer.erase();
    for (auto table : llvm::make_early_inc_range(module.getOps<graph::WeightsOp>()))
      if (SymbolTable::symbolKnownUseEmpty(table, module))
        table.erase();
  }
};
} // namespace
