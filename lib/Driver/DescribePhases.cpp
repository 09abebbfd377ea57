//===- DescribePhases.cpp - what a model that was cut into phases is made of ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DescribePhases.h"

#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Tile/Tile.h"

using namespace mlir;
using namespace frit;

/// Adds what the body of a reference says about the layer it is a part of.
static void addReference(Operation *reference, LayerClassDescription &layer) {
  if (!reference)
    return;
  reference->walk([&](graph::AttentionOp attention) {
    layer.heads = attention.getHeads();
    layer.window = attention.getWindow().value_or(0);
  });
  reference->walk([&](Operation *op) {
    if (isa<graph::ActivationOp, graph::GluOp>(op))
      layer.ffn = cast<RankedTensorType>(op->getResult(0).getType()).getDimSize(1);
  });
}

/// Layers that call phases: behind fuse.
static void addCalledPhases(ModuleOp module, ModelDescription &model) {
  SymbolTable symbols(module);
  for (auto layer : module.getOps<graph::LayerOp>())
    for (LayerClassDescription &layerClass : model.classes)
      if (layerClass.name == layer.getSymName())
        layer.walk([&](kernel::CallOp call) {
          if (auto phase = symbols.lookup<kernel::PhaseOp>(call.getPhase()))
            addReference(symbols.lookup(phase.getReference()), layerClass);
        });
}

/// Programs that run phases once a layer: behind schedule. All programs run the same layers.
static void addPrograms(ModuleOp module, ModelDescription &model) {
  SymbolTable symbols(module);
  auto programs = module.getOps<tile::ProgramOp>();
  if (programs.empty())
    return;
  (*programs.begin()).walk([&](tile::RepeatOp repeat) {
    LayerClassDescription layer;
    auto count = static_cast<int64_t>(repeat.getCount());
    layer.layers = count;
    layer.segments.emplace_back(static_cast<int64_t>(repeat.getLayer()), count);
    repeat.walk([&](tile::RunOp run) {
      auto phase = symbols.lookup<tile::PhaseOp>(run.getPhase());
      if (!phase)
        return;
      // Phases are called "<class>.<what>.m<bucket>".
      layer.name = phase.getSymName().split('.').first.str();
      if (auto cache = dyn_cast_or_null<kv::CacheType>(phase.getCache().value_or(Type()))) {
        layer.kvHeads = cache.getHeads();
        layer.keyDim = cache.getKeyDim();
        layer.valueDim = cache.getValueDim();
      }
      addReference(symbols.lookup(phase.getReference()), layer);
    });
    model.kvElementsPerToken += count * layer.kvHeads * (layer.keyDim + layer.valueDim);
    for (LayerClassDescription &known : model.classes)
      if (known.name == layer.name) {
        known.segments.push_back(layer.segments.front());
        known.layers += count;
        return;
      }
    model.classes.push_back(std::move(layer));
  });
}

/// The weight a value is; null if it is computed.
static SymbolRefAttr weightOf(Value value) {
  auto param = value.getDefiningOp<graph::ParamOp>();
  return param ? param.getWeight() : SymbolRefAttr();
}

ModelDescription frit::driver::describeAnyModel(ModuleOp module) {
  ModelDescription model = describeModel(module);
  if (model.classes.empty())
    addPrograms(module, model);
  else
    addCalledPhases(module, model);
  // Embedding and logits are in different phases: compare the weights' names.
  SymbolRefAttr table;
  module.walk([&](graph::EmbedOp embed) { table = weightOf(embed.getTable()); });
  module.walk([&](graph::LogitsOp logits) {
    model.tied |= table && weightOf(logits.getWeight()) == table;
  });
  return model;
}
