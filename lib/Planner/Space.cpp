//===- Space.cpp - the choices next to choices -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Space.h"

#include "llvm/ADT/SetVector.h"

#include <set>

using namespace mlir;
using namespace frit;
using namespace frit::plan;

/// Adds the siblings of the chain of products that reads what `node` reads.
static void addSiblings(const Dataflow &flow, unsigned node, llvm::SetVector<unsigned> &move) {
  llvm::SmallSetVector<unsigned, 4> chain;
  chain.insert(node);
  for (bool grown = true; grown;) {
    grown = false;
    for (auto [index, sibling] : llvm::enumerate(flow.siblings))
      if (chain.contains(sibling.first) != chain.contains(sibling.second)) {
        chain.insert(sibling.first);
        chain.insert(sibling.second);
        grown = true;
      }
  }
  for (auto [index, sibling] : llvm::enumerate(flow.siblings))
    if (chain.contains(sibling.first))
      move.insert(flow.edges.size() + index);
}

/// The node whose phase an epilogue op at `node` would join, if it joined through its last operand.
static unsigned rootOf(const Dataflow &flow, unsigned node) {
  while (!flow.nodes[node].in.empty() && flow.edges[flow.nodes[node].in.back()].joins)
    node = flow.edges[flow.nodes[node].in.back()].producer;
  return node;
}

SmallVector<Move> plan::movesOf(const Dataflow &flow) {
  llvm::SetVector<Move> moves;
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    moves.insert({choice});
  for (const Node &node : flow.nodes) {
    auto add = [&](const llvm::SetVector<unsigned> &move) {
      if (!move.empty())
        moves.insert(Move(move.begin(), move.end()));
    };
    // All readers compute it again; then also what it is made into; then also in one phase.
    llvm::SetVector<unsigned> again;
    for (unsigned edge : node.out)
      if (!flow.edges[edge].joins)
        again.insert(edge);
    add(again);
    // One of its readers joins it, behind what the others compute of it.
    for (unsigned edge : node.out)
      if (flow.edges[edge].joins) {
        llvm::SetVector<unsigned> behind = again;
        behind.insert(edge);
        add(behind);
      }
    for (size_t i = 0; i < again.size(); ++i)
      for (unsigned edge : flow.nodes[flow.edges[again[i]].consumer].out)
        if (!flow.edges[edge].joins)
          again.insert(edge);
    add(again);
    for (unsigned edge : SmallVector<unsigned>(again.begin(), again.end()))
      addSiblings(flow, flow.edges[edge].consumer, again);
    add(again);
    // It joins its operands, which come from one phase.
    llvm::SetVector<unsigned> join;
    for (unsigned edge : node.in)
      if (flow.edges[edge].joins) {
        join.insert(edge);
        addSiblings(flow, rootOf(flow, flow.edges[edge].producer), join);
      }
    add(join);
  }
  return moves.takeVector();
}

Choices plan::changedChoices(const Choices &choices, const Move &move, bool fuse) {
  Choices result = choices;
  for (unsigned choice : move)
    result[choice] = fuse;
  return result;
}

/// The choices next to a node, then those next to its neighbours, up to `most`.
static SmallVector<unsigned> windowAround(const Dataflow &flow, unsigned node, size_t most) {
  llvm::SmallSetVector<unsigned, 16> nodes, window;
  nodes.insert(node);
  auto add = [&](unsigned choice, unsigned other) {
    if (window.size() < most)
      window.insert(choice);
    nodes.insert(other);
  };
  for (size_t i = 0; i < nodes.size() && window.size() < most; ++i) {
    for (unsigned edge : flow.nodes[nodes[i]].in)
      add(edge, flow.edges[edge].producer);
    for (unsigned edge : flow.nodes[nodes[i]].out)
      add(edge, flow.edges[edge].consumer);
    for (size_t sibling = 0; sibling < flow.siblings.size(); ++sibling) {
      auto [first, second] = std::pair(flow.siblings[sibling].first, flow.siblings[sibling].second);
      if (first == nodes[i] || second == nodes[i])
        add(flow.edges.size() + sibling, first == nodes[i] ? second : first);
    }
  }
  return SmallVector<unsigned>(window.begin(), window.end());
}

/// Choices that are tried in all combinations.
static constexpr size_t windowChoices = 8;

Space::Space(const Dataflow &flow) : flow(flow), moves(movesOf(flow)), possible(flow.numChoices()) {
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    possible[choice] = choice >= flow.edges.size() || canFuse(flow, flow.edges[choice]);
  for (unsigned node = 0; node < flow.nodes.size(); ++node)
    windows.push_back(windowAround(flow, node, windowChoices));
}

Space::PointRef Space::find(const Choices &choices) {
  if (choices.test(possible)) // True when one is made that is not possible.
    return nullptr;
  auto [place, isNew] = points.try_emplace(choices);
  if (!isNew)
    return place->second;
  std::optional<Partition> partition = tryPartition(flow, choices);
  if (!partition)
    return nullptr;
  auto point = std::make_unique<Point>();
  point->choices = choices;
  for (const Phase &phase : partition->phases) {
    std::vector<unsigned> key;
    for (const auto *list : {&phase.prologue, &phase.anchors, &phase.epilogue}) {
      key.push_back(list->size());
      key.insert(key.end(), list->begin(), list->end());
    }
    llvm::append_range(key, storedBy(flow, *partition, phase));
    auto [known, isNewPhase] = indexOfPhase.try_emplace(std::move(key), phases.size());
    if (isNewPhase)
      phases.push_back(
          std::make_unique<PhaseEntry>(PhaseEntry{phase, bordersOf(flow, *partition, phase)}));
    point->phases.push_back(known->second);
  }
  numKept += point->phases.size();
  return place->second = std::move(point);
}

/// `forEach` calls what it is given with choices.
template <typename ForEach>
const Space::Points &Space::collect(const Point &point, unsigned place, ForEach forEach) {
  // Of blocks of hundreds of ops, more than can be kept.
  constexpr size_t mostKept = size_t(1) << 25;
  if (numKept > mostKept) {
    points.clear();
    neighbours.clear();
    numKept = 0;
  }
  auto [list, isNew] = neighbours[point.choices].try_emplace(place);
  Points &found = list->second;
  if (!isNew)
    return found;
  std::set<ArrayRef<unsigned>> seen;
  seen.insert(point.phases);
  forEach([&](const Choices &choices) {
    PointRef other = find(choices);
    if (other && seen.insert(other->phases).second)
      found.push_back(std::move(other));
  });
  return found;
}

const Space::Points &Space::moved(const Point &point, bool fuse) {
  return collect(point, fuse, [&](auto add) {
    for (const Move &move : moves)
      add(changedChoices(point.choices, move, fuse));
  });
}

const Space::Points &Space::around(const Point &point, unsigned node) {
  return collect(point, 2 + node, [&](auto add) {
    ArrayRef<unsigned> window = windows[node];
    uint64_t possibleBits = 0;
    for (size_t i = 0; i < window.size(); ++i)
      possibleBits |= uint64_t(possible[window[i]]) << i;
    for (uint64_t bits = 0; bits < uint64_t(1) << window.size(); ++bits) {
      if (bits & ~possibleBits)
        continue;
      Choices choices = point.choices;
      for (size_t i = 0; i < window.size(); ++i)
        choices[window[i]] = bits >> i & 1;
      add(choices);
    }
  });
}
