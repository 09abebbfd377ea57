//===- Dataflow.cpp - ops and the values between them, to be planned --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Dataflow.h"

using namespace mlir;
using namespace frit;
using namespace frit::plan;

/// The leaf of the symbol of its first weight; ops without one go by what they are.
static std::string nameOf(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto param = operand.getDefiningOp<graph::ParamOp>())
      return param.getWeight().getLeafReference().str();
  return op->getName().stripDialect().str();
}

/// Whether the consumer can do with the part of a row that a core has of the producer's result.
static bool isLocal(const Node &producer, const Node &consumer) {
  if (consumer.role == FusionRole::Local)
    return true;
  // By blocks of columns, quantize is local, too; rows it may also compute again where it is read.
  return isa<graph::QuantizeOp>(consumer.op) && producer.role != FusionRole::Row;
}

bool plan::isActivation(Value value) {
  return isa<RankedTensorType, graph::QTensorType>(value.getType());
}

Dataflow Dataflow::of(Block &block, const cost::Shape &shape) {
  Dataflow result;
  result.shape = shape;
  DenseMap<Operation *, unsigned> indexOf;
  llvm::StringMap<unsigned> names;
  for (Operation &op : block)
    if (auto fusible = dyn_cast<FusibleOpInterface>(op)) {
      indexOf[&op] = result.nodes.size();
      Node node;
      node.op = &op;
      node.role = fusible.getFusionRole();
      node.name = nameOf(&op);
      if (unsigned count = names[node.name]++)
        node.name += "." + std::to_string(count + 1);
      node.work = cost::workOf(&op, shape);
      result.nodes.push_back(std::move(node));
    }

  DenseMap<Value, unsigned> lastWriter; // of a cache
  DenseMap<std::pair<Value, Value>, unsigned> lastProduct;
  for (auto [index, node] : llvm::enumerate(result.nodes)) {
    auto consumer = static_cast<unsigned>(index);
    llvm::SmallPtrSet<Value, 4> seen;
    for (Value operand : node.op->getOperands()) {
      if (isa<kv::CacheType>(operand.getType())) {
        if (auto writer = lastWriter.find(operand); writer != lastWriter.end())
          node.after.push_back(writer->second);
        if (isa<kv::AppendOp>(node.op))
          lastWriter[operand] = consumer;
        continue;
      }
      auto producer = indexOf.find(operand.getDefiningOp());
      if (producer == indexOf.end() || !seen.insert(operand).second)
        continue;
      auto edge = static_cast<unsigned>(result.edges.size());
      result.edges.push_back(
          {producer->second, consumer, operand, isLocal(result.nodes[producer->second], node)});
      node.in.push_back(edge);
      result.nodes[producer->second].out.push_back(edge);
    }
    for (Value value : node.op->getResults())
      node.escapes |=
          llvm::any_of(value.getUsers(), [&](Operation *user) { return !indexOf.count(user); });
    auto experts = dyn_cast<graph::ExpertsOp>(node.op);
    // Sums over experts have a phase each: a core has all tokens of some columns at once.
    if (isa<graph::LinearOp>(node.op) || (experts && experts.getParts() == graph::Parts::Each)) {
      auto [last, isFirst] = lastProduct.try_emplace(
          {node.op->getOperand(0), experts ? experts.getRoutes() : Value()}, consumer);
      if (!isFirst) {
        result.siblings.push_back({last->second, consumer});
        last->second = consumer;
      }
    }
  }
  // The residual stream is one buffer: what a layer leaves takes the place of what it got.
  if (auto layer = dyn_cast_or_null<graph::LayerOp>(block.getParentOp())) {
    Value input = block.getArgument(0);
    auto writer = indexOf.find(block.getTerminator()->getOperand(0).getDefiningOp());
    if (writer != indexOf.end()) {
      Node &node = result.nodes[writer->second];
      node.overwritten = input;
      for (Operation *user : input.getUsers())
        if (auto reader = indexOf.find(user);
            reader != indexOf.end() && reader->second < writer->second)
          node.after.push_back(reader->second);
    }
  }
  return result;
}
