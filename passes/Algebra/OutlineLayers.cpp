//===- OutlineLayers.cpp - one function for the layers that are alike ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "passes/Algebra/FindLayers.h"
#include "passes/Algebra/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace frit::algebra {
#define GEN_PASS_DEF_OUTLINELAYERS
#include "passes/Algebra/Passes.h.inc"
} // namespace frit::algebra

using namespace mlir;
using namespace frit;
using namespace frit::algebra;

/// What the names of a weight of all layers have in common: "blk.attn_q" of "blk.0.attn_q" and
/// "blk.1.attn_q".
static std::string commonName(ArrayRef<StringRef> names) {
  StringRef first = names.front();
  size_t prefix = first.size(), suffix = first.size();
  for (StringRef name : names.drop_front()) {
    prefix = std::min(
        prefix, static_cast<size_t>(std::distance(
                    name.begin(),
                    std::mismatch(name.begin(), name.end(), first.begin(), first.end()).first)));
    size_t same = 0;
    while (same < std::min(name.size(), first.size()) &&
           name[name.size() - 1 - same] == first[first.size() - 1 - same])
      ++same;
    suffix = std::min(suffix, same);
  }
  if (prefix == first.size())
    return first.str();
  // Digits belong to the numbers that differ.
  StringRef front = first.take_front(prefix).rtrim("0123456789"), back = first.take_back(suffix);
  back = back.ltrim("0123456789").ltrim("._");
  front = back.empty() ? front.rtrim("._") : front;
  return (front + back).str();
}

namespace {

class Outliner {
public:
  Outliner(graph::FuncOp function, const Layers &layers)
      : function(function), module(function->getParentOfType<ModuleOp>()), layers(layers),
        builder(function) {}

  void run();

private:
  graph::WeightOp weightOf(graph::ParamOp param) {
    return tables.lookupNearestSymbolFrom<graph::WeightOp>(module, param.getWeightAttr());
  }
  std::string freeName(StringRef stem) {
    std::string name = stem.str();
    for (int n = 2; module.lookupSymbol(name); ++n)
      name = (stem + "." + Twine(n)).str();
    return name;
  }
  graph::WeightsOp buildTable(StringRef name, ArrayRef<const LayerRun *> runs);
  graph::LayerOp buildLayer(StringRef name, graph::WeightsOp table, const LayerRun &run);
  void replaceRuns(ArrayRef<FlatSymbolRefAttr> names);
  void eraseUnused();

  graph::FuncOp function;
  ModuleOp module;
  const Layers &layers;
  OpBuilder builder;
  SymbolTableCollection tables;
};

} // namespace

graph::WeightsOp Outliner::buildTable(StringRef name, ArrayRef<const LayerRun *> runs) {
  auto table = graph::WeightsOp::create(builder, function.getLoc(), name, runs.size());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&table.getBody());
  llvm::StringSet<> taken;
  for (size_t column = 0; column < runs.front()->params.size(); ++column) {
    SmallVector<Attribute> files;
    SmallVector<int64_t> offsets;
    SmallVector<StringRef> names;
    for (const LayerRun *run : runs) {
      graph::WeightOp weight = weightOf(run->params[column]);
      files.push_back(weight.getFileAttr());
      offsets.push_back(static_cast<int64_t>(weight.getOffset()));
      names.push_back(weight.getSymName());
    }
    if (llvm::all_equal(files))
      files.resize(1);
    std::string stem = commonName(names), unique = stem.empty() ? "weight" : stem;
    for (int n = 2; !taken.insert(unique).second; ++n)
      unique = stem + "." + std::to_string(n);
    graph::WeightOp first = weightOf(runs.front()->params[column]);
    graph::ColumnOp::create(builder, first.getLoc(), builder.getStringAttr(unique),
                            first.getTypeAttr(), builder.getArrayAttr(files),
                            builder.getDenseI64ArrayAttr(offsets), first.getRunsAttr(),
                            first.getRowsAttr(), first.getTimesAttr());
  }
  return table;
}

graph::LayerOp Outliner::buildLayer(StringRef name, graph::WeightsOp table, const LayerRun &run) {
  Type stream = run.input.getType();
  auto tokens = *llvm::find_if(function.getArguments(), [](Value argument) {
    return isa<graph::TokensType>(argument.getType());
  });
  SmallVector<Type> inputs = {stream, tokens.getType(), run.cache.getType(),
                              builder.getIndexType()};
  Location loc = run.ops.front()->getLoc();
  auto layer = graph::LayerOp::create(builder, loc, name, builder.getFunctionType(inputs, {stream}),
                                      ArrayAttr(), ArrayAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *body =
      builder.createBlock(&layer.getBody(), {}, inputs, SmallVector<Location>(inputs.size(), loc));
  IRMapping mapping;
  mapping.map(run.input, body->getArgument(0));
  mapping.map(tokens, body->getArgument(1));
  DenseMap<Attribute, Value> values; // of params, by the weight that the function named
  SmallVector<graph::ParamOp> params(run.params);
  for (auto [param, column] : llvm::zip_equal(params, table.getBody().getOps<graph::ColumnOp>())) {
    auto symbol =
        SymbolRefAttr::get(table.getSymNameAttr(), FlatSymbolRefAttr::get(column.getSymNameAttr()));
    values[param.getWeightAttr()] = graph::ParamOp::create(
        builder, param.getLoc(), param.getResult().getType(), symbol, body->getArgument(3));
  }
  for (Operation *op : run.ops) {
    for (Value operand : op->getOperands()) {
      if (auto param = operand.getDefiningOp<graph::ParamOp>())
        mapping.map(operand, values.lookup(param.getWeightAttr()));
      else if (operand.getDefiningOp<kv::LayerOp>())
        mapping.map(operand, body->getArgument(2));
    }
    builder.clone(*op, mapping);
  }
  graph::ReturnOp::create(builder, loc, mapping.lookup(run.output));
  return layer;
}

/// Puts one graph.repeat in the place of all layers.
void Outliner::replaceRuns(ArrayRef<FlatSymbolRefAttr> names) {
  SmallVector<Attribute> segments;
  SmallVector<int64_t> rows(layers.classes);
  for (size_t first = 0, last; first < layers.runs.size(); first = last) {
    unsigned layerClass = layers.runs[first].layerClass;
    for (last = first; last < layers.runs.size() && layers.runs[last].layerClass == layerClass;)
      ++last;
    auto count = static_cast<int64_t>(last - first);
    segments.push_back(
        graph::SegmentAttr::get(builder.getContext(), names[layerClass], rows[layerClass], count));
    rows[layerClass] += count;
  }
  Value tokens, caches;
  for (Value argument : function.getArguments())
    (isa<graph::TokensType>(argument.getType()) ? tokens : caches) = argument;
  Value input = layers.runs.front().input, output = layers.runs.back().output;
  builder.setInsertionPointAfter(layers.runs.back().ops.back());
  auto repeat = graph::RepeatOp::create(builder, function.getLoc(), input.getType(), input, tokens,
                                        caches, builder.getArrayAttr(segments));
  output.replaceUsesWithIf(repeat.getResult(), [&](OpOperand &use) {
    return use.getOwner()->getBlock() == repeat->getBlock() &&
           repeat->isBeforeInBlock(use.getOwner());
  });
  for (const LayerRun &run : llvm::reverse(layers.runs))
    for (Operation *op : llvm::reverse(run.ops))
      op->erase();
}

/// What the layers took with them.
void Outliner::eraseUnused() {
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front()))
    if (isa<graph::ParamOp, kv::LayerOp>(op) && op.use_empty())
      op.erase();
  llvm::StringSet<> used;
  module.walk([&](Operation *op) {
    for (NamedAttribute attribute : op->getAttrs())
      attribute.getValue().walk<WalkOrder::PreOrder>([&](Attribute part) {
        auto symbol = dyn_cast<SymbolRefAttr>(part);
        if (!symbol)
          return WalkResult::advance();
        used.insert(symbol.getRootReference().getValue());
        return WalkResult::skip(); // What is nested in a table is no symbol of the module.
      });
  });
  for (auto weight : llvm::make_early_inc_range(module.getOps<graph::WeightOp>()))
    if (!used.contains(weight.getSymName()))
      weight.erase();
}

void Outliner::run() {
  SmallVector<FlatSymbolRefAttr> names;
  for (unsigned index = 0; index < layers.classes; ++index) {
    SmallVector<const LayerRun *> runs;
    for (const LayerRun &run : layers.runs)
      if (run.layerClass == index)
        runs.push_back(&run);
    std::string suffix = layers.classes > 1 ? std::to_string(index) : "";
    builder.setInsertionPoint(function);
    graph::WeightsOp table = buildTable(freeName("block" + suffix), runs);
    graph::LayerOp layer = buildLayer(freeName("decoder" + suffix), table, *runs.front());
    names.push_back(FlatSymbolRefAttr::get(layer.getSymNameAttr()));
  }
  replaceRuns(names);
  eraseUnused();
}

namespace {
struct OutlineLayers : algebra::impl::OutlineLayersBase<OutlineLayers> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : llvm::to_vector(getOperation().getOps<graph::FuncOp>())) {
      if (function.getBody().getOps<kv::LayerOp>().empty())
        continue;
      Layers layers = findLayers(function);
      auto options = remark::RemarkOpts::name("OutlineLayers").category("algebra");
      if (layers.runs.empty()) {
        remark::missed(function.getLoc(), options) << remark::reason(layers.obstacle.c_str());
        continue;
      }
      Outliner(function, layers).run();
      remark::passed(function.getLoc(), options)
          << remark::metric("layers", static_cast<int64_t>(layers.runs.size()))
          << remark::metric("classes", static_cast<int64_t>(layers.classes));
    }
  }
};
} // namespace
