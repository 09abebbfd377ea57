//===- ExplainPlan.cpp - the plans of a model, with their records ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExplainPlan.h"

#include "dialects/Graph/Graph.h"
#include "lib/Planner/Crossover.h"

using namespace frit;
using namespace frit::driver;

const plan::Record *PlannedFunction::find(llvm::StringRef producer,
                                          llvm::StringRef consumer) const {
  for (const plan::Record &record : records)
    if (record.producer == producer && record.consumer == consumer)
      return &record;
  return nullptr;
}

/// Functions of which this is the same have the same plan and records: ops with their attributes,
/// types and names, and who reads whose result. Weights and caches differ.
static std::vector<std::string> structureOf(const plan::Dataflow &flow) {
  std::vector<std::string> result;
  llvm::DenseMap<mlir::Value, size_t> numbers;
  auto opaque = [](const void *pointer) {
    return std::to_string(reinterpret_cast<uintptr_t>(pointer));
  };
  for (const plan::Node &node : flow.nodes) {
    result.push_back(node.name);
    result.push_back(node.op->getName().getStringRef().str());
    result.push_back(opaque(node.op->getAttrDictionary().getAsOpaquePointer()));
    result.push_back(node.escapes ? "escapes" : "");
    for (mlir::Value value : node.op->getOperands()) {
      result.push_back(std::to_string(numbers.try_emplace(value, numbers.size()).first->second));
      result.push_back(opaque(value.getType().getAsOpaquePointer()));
      result.push_back(std::to_string(cost::rowsOf(value, flow.shape)));
    }
    result.push_back("=");
    for (mlir::Value value : node.op->getResults()) {
      numbers.try_emplace(value, numbers.size());
      result.push_back(opaque(value.getType().getAsOpaquePointer()));
    }
  }
  return result;
}

const PlannedFunction *PlannedCalls::find(llvm::StringRef function) const {
  for (const auto &planned : functions)
    if (planned->name == function)
      return planned.get();
  return nullptr;
}

/// Adds a function to all classes of calls.
Status PlannedModel::planFunction(mlir::FunctionOpInterface op) {
  size_t number = calls.front().functions.size();
  for (PlannedCalls &planned : calls) {
    auto &function = *planned.functions.emplace_back(
        std::make_unique<PlannedFunction>(op, planned.shape, machine));
    if (mlir::isa<graph::LayerOp>(op.getOperation()))
      function.calls = callsOf.lookup(function.name);
    if (Status status = function.model.check(); !status)
      return status;
  }
  auto [same, isNew] = known.try_emplace(structureOf(calls.front().functions.back()->flow), number);
  plan::Space space(calls.front().functions.back()->flow);
  for (PlannedCalls &planned : calls) {
    PlannedFunction &function = *planned.functions.back();
    if (!isNew) {
      const PlannedFunction &other = *planned.functions[same->second];
      function.unfused = other.unfused;
      function.planned = other.planned;
      function.records = other.records;
      continue;
    }
    function.unfused = plan::planUnfused(function.flow, function.model);
    function.planned = plan::planPhases(function.flow, function.model, space);
    function.records =
        plan::explain(function.block, planned.shape, machine, function.planned, space);
  }
  if (calls.size() == 1)
    return {};
  if (!isNew) {
    llvm::StringRef other = calls.front().functions[same->second]->name;
    for (size_t i = 0, end = flips.size(); i < end; ++i)
      if (flips[i].function == other)
        flips.push_back({flips[i].tokens, calls.front().functions.back()->name, flips[i].choice,
                         flips[i].isFused});
    return {};
  }
  std::vector<plan::Crossover> crossovers =
      plan::crossovers(calls.front().functions.back()->block, machine, calls.front().shape.keys,
                       request.options.pipeline.maxTokens, space);
  for (size_t i = 1; i < crossovers.size(); ++i)
    for (size_t choice = 0; choice < crossovers[i].choices.size(); ++choice)
      if (bool isFused = crossovers[i].choices.test(choice);
          isFused != crossovers[i - 1].choices.test(choice))
        flips.push_back(
            {crossovers[i].tokens, calls.front().functions.back()->name, choice, isFused});
  return {};
}

Status PlannedModel::plan(int64_t tokens, int64_t keys) {
  module().walk([&](graph::RepeatOp repeat) {
    for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>())
      callsOf[segment.getLayer().getValue()] += segment.getCount();
  });
  llvm::SmallVector<plan::ShapeClass> classes =
      tokens ? llvm::SmallVector<plan::ShapeClass>{{tokens, tokens, tokens}}
             : plan::shapeClasses(request.options.pipeline.maxTokens);
  for (const plan::ShapeClass &shapes : classes)
    calls.push_back({shapes, {shapes.tokens, std::max(keys, shapes.tokens)}, {}});
  for (mlir::Operation &op : *module().getBody())
    if (mlir::isa<graph::LayerOp, graph::FuncOp>(op))
      if (Status status = planFunction(mlir::cast<mlir::FunctionOpInterface>(op)); !status)
        return status;
  llvm::sort(flips, [&](const Flip &a, const Flip &b) {
    return std::tuple(a.tokens, a.function, a.choice) < std::tuple(b.tokens, b.function, b.choice);
  });
  return {};
}

Result<std::unique_ptr<PlannedModel>> PlannedModel::make(const CompileRequest &request,
                                                         int64_t tokens, int64_t keys,
                                                         llvm::ArrayRef<std::string> changes) {
  std::unique_ptr<PlannedModel> model(new PlannedModel(request));
  if (Status status = model->load(changes); !status)
    return status.takeFailure();
  if (Status status = model->plan(tokens, keys); !status)
    return status.takeFailure();
  return model;
}
