//===- Partition.cpp - choices, and the phases they make --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Partition.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace frit;
using namespace frit::plan;

/// Whether the op reads whole rows of the value, and so can have them computed in its phase.
static bool readsRows(const Node &consumer, Value value) {
  if (consumer.role == FusionRole::Row)
    return true;
  // An anchor reads its first operand, and the routes to experts, by whole rows; but attention
  // reads heads.
  if (consumer.role != FusionRole::Anchor || isa<graph::AttentionOp>(consumer.op))
    return false;
  auto experts = dyn_cast<graph::ExpertsOp>(consumer.op);
  return value == consumer.op->getOperand(0) || (experts && value == experts.getRoutes());
}

bool plan::canFuse(const Dataflow &flow, const Edge &edge) {
  return edge.joins || (flow.nodes[edge.producer].role != FusionRole::Anchor &&
                        readsRows(flow.nodes[edge.consumer], edge.value) &&
                        !isa<graph::SelectOp>(flow.nodes[edge.consumer].op));
}

llvm::SmallVector<std::string> plan::structuralObstacles(const Dataflow &flow, const Edge &edge) {
  const Node &producer = flow.nodes[edge.producer], &consumer = flow.nodes[edge.consumer];
  llvm::SmallVector<std::string> texts;
  if (edge.joins)
    return texts;
  if (producer.role == FusionRole::Anchor)
    texts.push_back(consumer.role == FusionRole::Row
                        ? consumer.name + " needs whole rows, and a core has part of the " +
                              "columns of " + producer.name
                        : consumer.name + " needs what all cores compute of " + producer.name);
  if (!readsRows(consumer, edge.value))
    texts.push_back(consumer.name + " does not read " + producer.name + " by whole rows");
  if (isa<graph::SelectOp>(consumer.op))
    texts.push_back(consumer.name + " takes rows of what another phase has stored of " +
                    producer.name);
  return texts;
}

/// Columns that an op works on together: a head, or a group of a norm; 1 for any.
static int64_t unitOf(Operation *op, Value operand) {
  if (auto append = dyn_cast<kv::AppendOp>(op)) {
    kv::CacheType cache = append.getCache().getType();
    return operand == append.getKeys() ? cache.getKeyDim() : cache.getValueDim();
  }
  if (auto rope = dyn_cast<graph::RopeOp>(op))
    return static_cast<int64_t>(rope.getHeadDim());
  if (auto norm = dyn_cast<graph::NormOp>(op))
    return static_cast<int64_t>(norm.getGroup().value_or(1));
  if (auto quantize = dyn_cast<graph::QuantizeOp>(op))
    return static_cast<int64_t>(quantize.getBlock());
  return 1;
}

/// Why the op behind an edge cannot be in the epilogue of a phase; empty if it can. A core has a
/// share of the columns of an anchor: of products as many as the epilogue asks for, of attention
/// the heads that read the same keys, of experts rows that belong to parts and not to tokens.
static std::string epilogueObstacle(const Dataflow &flow, const Phase &phase, const Edge &edge) {
  const Node &anchor = flow.nodes[phase.anchors[0]], &consumer = flow.nodes[edge.consumer];
  int64_t unit = unitOf(consumer.op, edge.value);
  if (auto attention = dyn_cast<graph::AttentionOp>(anchor.op)) {
    int64_t columns = cast<RankedTensorType>(attention.getResult().getType()).getDimSize(1) /
                      static_cast<int64_t>(attention.getKvHeads());
    if (columns % unit)
      return consumer.name + " needs groups of " + std::to_string(unit) +
             " columns, and a core has " + std::to_string(columns) + " of " + anchor.name;
  }
  auto experts = dyn_cast<graph::ExpertsOp>(anchor.op);
  if (!experts || experts.getParts() != graph::Parts::Each)
    return "";
  bool isOwn = llvm::all_of(consumer.op->getOperands(), [&](Value operand) {
    return llvm::any_of(
        llvm::concat<const unsigned>(phase.anchors, phase.epilogue),
        [&](unsigned node) { return flow.nodes[node].op == operand.getDefiningOp(); });
  });
  int64_t partColumns = experts.getWeight().getType().getMatrixRows();
  if (!isa<graph::ActivationOp, graph::GluOp, graph::QuantizeOp>(consumer.op) || !isOwn ||
      partColumns % unit)
    return consumer.name + " is no function of what one core computes of the parts of " +
           anchor.name;
  return "";
}

namespace {

class Former {
public:
  /// Without `wantsText`, obstacles do not say what stands against the choice: many are asked for
  /// and few are read.
  Former(const Dataflow &flow, const Choices &choices, bool wantsText)
      : flow(flow), choices(choices), wantsText(wantsText), groupOf(flow.nodes.size()) {}

  std::variant<Partition, Obstacle> run();

private:
  bool isFused(unsigned edge) const { return choices.test(edge); }
  /// Whether the consumer's phase computes the producer again.
  bool isRecomputed(unsigned edge) const { return isFused(edge) && !flow.edges[edge].joins; }
  bool place();
  void addPrologue(Phase &phase, unsigned node);
  /// Whether a choice joins two ops of the phase.
  bool belongsTo(const Phase &phase, size_t choice) const;
  bool checkOverwritten(const Phase &phase);
  bool order();
  /// `text()` says why.
  template <typename Text>
  bool refuse(size_t choice, Text text) {
    obstacle = {choice, wantsText ? std::string(text()) : std::string()};
    return false;
  }

  const Dataflow &flow;
  const Choices &choices;
  bool wantsText;
  llvm::SmallVector<std::optional<unsigned>> groupOf; ///< Of nodes with a phase of their own.
  llvm::SmallVector<Phase> groups;
  Partition result;
  Obstacle obstacle;
};

} // namespace

/// A node whose every reader computes it again has no phase of its own.
static bool needsHome(const Dataflow &flow, const Choices &choices, const Node &node) {
  if (node.role == FusionRole::Anchor || node.escapes || node.out.empty())
    return true;
  return !llvm::all_of(
      node.out, [&](unsigned edge) { return choices.test(edge) && !flow.edges[edge].joins; });
}

bool Former::place() {
  llvm::SmallVector<std::optional<size_t>> siblingOf(flow.nodes.size());
  for (auto [index, sibling] : llvm::enumerate(flow.siblings))
    if (choices.test(flow.edges.size() + index))
      siblingOf[sibling.second] = index;
  for (unsigned self = 0; self < flow.nodes.size(); ++self) {
    const Node &node = flow.nodes[self];
    for (unsigned edge : node.in)
      if (isFused(edge) && !canFuse(flow, flow.edges[edge]))
        return refuse(edge, [&] { return structuralObstacles(flow, flow.edges[edge]).front(); });
    bool isAtHome = needsHome(flow, choices, node);
    std::optional<unsigned> joined;
    for (unsigned edge : node.in) {
      if (!isFused(edge) || !flow.edges[edge].joins)
        continue;
      if (!isAtHome)
        return refuse(edge, [&] { return "whoever reads " + node.name + " computes it again"; });
      // What a node joins has a phase, even if others compute it again.
      const Node &producer = flow.nodes[flow.edges[edge].producer];
      unsigned group = *groupOf[flow.edges[edge].producer];
      if (joined && *joined != group)
        return refuse(edge, [&] {
          return producer.name + " is computed in another phase than the other operand of " +
                 node.name;
        });
      if (std::string text = epilogueObstacle(flow, groups[group], flow.edges[edge]); !text.empty())
        return refuse(edge, [&] { return text; });
      joined = group;
    }
    if (joined) {
      groups[*joined].epilogue.push_back(self);
      groupOf[self] = joined;
      continue;
    }
    if (!isAtHome)
      continue;
    if (siblingOf[self]) {
      unsigned group = *groupOf[flow.siblings[*siblingOf[self]].first];
      groups[group].anchors.push_back(self);
      groupOf[self] = group;
      continue;
    }
    groupOf[self] = groups.size();
    groups.emplace_back().anchors.push_back(self);
  }
  return true;
}

void Former::addPrologue(Phase &phase, unsigned node) {
  for (unsigned edge : flow.nodes[node].in) {
    unsigned producer = flow.edges[edge].producer;
    if (!isRecomputed(edge) || llvm::is_contained(phase.prologue, producer))
      continue;
    addPrologue(phase, producer);
    phase.prologue.push_back(producer);
  }
}

bool Former::belongsTo(const Phase &phase, size_t choice) const {
  auto contains = [&](unsigned node) {
    return phase.owns(node) || llvm::is_contained(phase.prologue, node);
  };
  if (choice < flow.edges.size())
    return contains(flow.edges[choice].producer) && contains(flow.edges[choice].consumer);
  const Sibling &sibling = flow.siblings[choice - flow.edges.size()];
  return contains(sibling.first) && contains(sibling.second);
}

/// A core must not overwrite what others still read: only the epilogue reads what the core alone
/// overwrites, or all of a phase whose cores have rows of their own.
bool Former::checkOverwritten(const Phase &phase) {
  bool isRowWise = llvm::none_of(
      phase.anchors, [&](unsigned node) { return flow.nodes[node].role == FusionRole::Anchor; });
  if (isRowWise)
    return true;
  for (const auto *list : {&phase.anchors, &phase.epilogue})
    for (unsigned writer : *list) {
      Value value = flow.nodes[writer].overwritten;
      if (!value)
        continue;
      for (unsigned reader : llvm::concat<const unsigned>(phase.prologue, phase.anchors))
        if (llvm::is_contained(flow.nodes[reader].op->getOperands(), value))
          for (size_t choice = 0; choice < flow.numChoices(); ++choice)
            if (choices.test(choice) && belongsTo(phase, choice))
              return refuse(choice, [&] {
                return flow.nodes[writer].name +
                       " takes the place of what other cores still read for " +
                       flow.nodes[reader].name;
              });
    }
  return true;
}

/// Orders the phases: one runs when all whose results it reads have run, of those that can the one
/// with the earliest anchor.
bool Former::order() {
  llvm::SmallVector<llvm::SmallSetVector<unsigned, 4>> before(groups.size());
  llvm::SmallVector<std::optional<size_t>> cause(groups.size());
  for (unsigned index = 0; index < groups.size(); ++index) {
    const Phase &group = groups[index];
    auto depend = [&](unsigned node) {
      if (groupOf[node] && *groupOf[node] != index)
        before[index].insert(*groupOf[node]);
    };
    llvm::SmallVector<unsigned> members(group.prologue);
    members.append(group.anchors);
    members.append(group.epilogue);
    for (unsigned member : members) {
      for (unsigned edge : flow.nodes[member].in)
        // An epilogue reads stored tiles even of what the prologue computes again.
        if (unsigned producer = flow.edges[edge].producer;
            !llvm::is_contained(members, producer) ||
            (llvm::is_contained(group.epilogue, member) &&
             llvm::is_contained(group.prologue, producer)))
          depend(producer);
      for (unsigned earlier : flow.nodes[member].after) {
        depend(earlier);
        // Wherever it is computed again.
        for (unsigned other = 0; other < groups.size(); ++other)
          if (other != index && llvm::is_contained(groups[other].prologue, earlier))
            before[index].insert(other);
      }
    }
    for (unsigned member : group.epilogue)
      for (unsigned edge : flow.nodes[member].in)
        if (isFused(edge))
          cause[index] = edge;
    if (!cause[index] && group.anchors.size() > 1)
      for (auto [number, sibling] : llvm::enumerate(flow.siblings))
        if (sibling.second == group.anchors.back())
          cause[index] = flow.edges.size() + number;
  }
  llvm::SmallVector<std::optional<unsigned>> position(groups.size());
  llvm::SmallVector<unsigned> order;
  while (order.size() < groups.size()) {
    std::optional<unsigned> next;
    for (unsigned index = 0; index < groups.size(); ++index)
      if (!position[index] &&
          llvm::all_of(before[index],
                       [&](unsigned other) { return position[other].has_value(); }) &&
          (!next || groups[index].anchors[0] < groups[*next].anchors[0]))
        next = index;
    if (!next) {
      for (unsigned index = 0; index < groups.size(); ++index)
        if (!position[index] && cause[index])
          return refuse(*cause[index], [] {
            return "the phase would have to run both before and behind another";
          });
      llvm_unreachable("ops of a block are in an order in which they can run");
    }
    position[*next] = order.size();
    order.push_back(*next);
  }
  for (unsigned index : order)
    result.phases.push_back(std::move(groups[index]));
  for (const auto &group : groupOf)
    result.home.push_back(group ? position[*group] : std::nullopt);
  return true;
}

std::variant<Partition, Obstacle> Former::run() {
  if (!place())
    return std::move(obstacle);
  for (Phase &group : groups) {
    for (unsigned anchor : llvm::SmallVector<unsigned>(group.anchors))
      addPrologue(group, anchor);
    llvm::sort(group.prologue);
  }
  for (const Phase &group : groups)
    if (!checkOverwritten(group))
      return std::move(obstacle);
  if (!order())
    return std::move(obstacle);
  return std::move(result);
}

std::variant<Partition, Obstacle> plan::formPartition(const Dataflow &flow,
                                                      const Choices &choices) {
  return Former(flow, choices, /*wantsText=*/true).run();
}

std::optional<Partition> plan::tryPartition(const Dataflow &flow, const Choices &choices) {
  std::variant<Partition, Obstacle> formed = Former(flow, choices, /*wantsText=*/false).run();
  if (auto *partition = std::get_if<Partition>(&formed))
    return std::move(*partition);
  return std::nullopt;
}

bool plan::isFused(const Dataflow &flow, const Partition &partition, size_t choice) {
  if (choice >= flow.edges.size()) {
    const Sibling &sibling = flow.siblings[choice - flow.edges.size()];
    return partition.home[sibling.first] == partition.home[sibling.second];
  }
  const Edge &edge = flow.edges[choice];
  if (edge.joins)
    return partition.home[edge.producer] &&
           partition.home[edge.producer] == partition.home[edge.consumer];
  // Wherever the consumer is computed.
  return llvm::all_of(partition.phases, [&](const Phase &phase) {
    return (!phase.owns(edge.consumer) && !llvm::is_contained(phase.prologue, edge.consumer)) ||
           llvm::is_contained(phase.prologue, edge.producer);
  });
}
