//===- Search.cpp - which choices suit a machine ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hill climbing, by single choices and by those that only gain together: all readers of a value
// that is computed again, all operands of a local op with the siblings they come from. It begins
// with nothing fused and with all that can be, since either may end on a hill that is not the
// highest. Tests compare it with all plans of small graphs.
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Search.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace frit;
using namespace frit::plan;

std::optional<Plan> plan::tryChoices(const Dataflow &flow, const CostModel &model,
                                     const Choices &choices) {
  std::variant<Partition, Obstacle> formed = formPartition(flow, choices);
  auto *partition = std::get_if<Partition>(&formed);
  if (!partition)
    return std::nullopt;
  for (const Phase &phase : partition->phases)
    if (!model.capacityObstacle(phase).empty())
      return std::nullopt;
  PhaseCost total = model.totalOf(*partition);
  return Plan{choices, std::move(*partition), total.seconds, total.traffic};
}

Plan plan::planUnfused(const Dataflow &flow, const CostModel &model) {
  // Without choices there is nothing that could stand against them.
  return *tryChoices(flow, model, Choices(flow.numChoices()));
}

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

bool Plan::isBetterThan(const Plan &other) const {
  cost::Seconds gain = other.seconds - seconds;
  return gain.low() > 0 || (gain.low() == 0 && gain.high() == 0 &&
                            traffic.activationBytes() < other.traffic.activationBytes());
}

/// Choices that are tried in all combinations.
static constexpr size_t windowChoices = 8;

namespace {
/// Climbs from plan to plan.
class Climber {
public:
  Climber(const Dataflow &flow, const CostModel &model);

  Plan run();

private:
  Plan climbFrom(Plan start);
  /// All that can be fused, in the order of the choices.
  Plan fuseAll() const;
  /// A move, and whether it fuses.
  using Change = std::pair<const Move *, bool>;
  bool climb(ArrayRef<Change> changes);
  bool searchWindows();
  bool giveBack();

  const Dataflow &flow;
  const CostModel &model;
  SmallVector<Move> moves;
  SmallVector<Change> fuse, store;
  Plan best;
};
} // namespace

Climber::Climber(const Dataflow &flow, const CostModel &model)
    : flow(flow), model(model), moves(movesOf(flow)) {
  for (const Move &move : moves) {
    fuse.emplace_back(&move, true);
    store.emplace_back(&move, false);
  }
}

/// Makes the best of the changes that gain, until none does; whether any did.
bool Climber::climb(ArrayRef<Change> changes) {
  for (bool any = false;; any = true) {
    std::optional<Plan> next;
    for (auto [move, fuses] : changes) {
      Choices choices = changedChoices(best.choices, *move, fuses);
      if (choices == best.choices)
        continue;
      std::optional<Plan> candidate = tryChoices(flow, model, choices);
      if (!candidate || !candidate->isBetterThan(best))
        continue;
      // What is certain counts: a larger gain that depends on a figure nobody knows does not.
      double gain = (best.seconds - candidate->seconds).low();
      double gainOfNext = next ? (best.seconds - next->seconds).low() : gain;
      if (!next || gain > gainOfNext || (gain == gainOfNext && candidate->isBetterThan(*next)))
        next = std::move(candidate);
    }
    if (!next)
      return any;
    best = std::move(*next);
  }
}

/// Tries all combinations of the choices around each node; whether any was better.
bool Climber::searchWindows() {
  bool any = false;
  for (unsigned node = 0; node < flow.nodes.size(); ++node) {
    SmallVector<unsigned> window = windowAround(flow, node, windowChoices);
    std::optional<Plan> better;
    for (uint64_t bits = 0; bits < uint64_t(1) << window.size(); ++bits) {
      Choices choices = best.choices;
      for (size_t i = 0; i < window.size(); ++i)
        choices[window[i]] = bits >> i & 1;
      if (choices == best.choices)
        continue;
      std::optional<Plan> candidate = tryChoices(flow, model, choices);
      if (candidate && candidate->isBetterThan(better ? *better : best))
        better = std::move(candidate);
    }
    if (better) {
      best = std::move(*better);
      any = true;
    }
  }
  return any;
}

/// Stores what is fused and gains nothing, or perhaps does not; whether there was any.
bool Climber::giveBack() {
  for (bool any = false;; any = true) {
    std::optional<Plan> next;
    for (const Move &move : moves) {
      Choices choices = changedChoices(best.choices, move, /*fuse=*/false);
      if (choices == best.choices || next)
        continue;
      std::optional<Plan> candidate = tryChoices(flow, model, choices);
      if (candidate && !best.isBetterThan(*candidate) &&
          candidate->partition.phases.size() > best.partition.phases.size())
        next = std::move(candidate);
    }
    if (!next)
      return any;
    best = std::move(*next);
  }
}

Plan Climber::fuseAll() const {
  Plan plan = planUnfused(flow, model);
  for (bool any = true; any;) {
    any = false;
    for (const Move &move : moves) {
      Choices choices = changedChoices(plan.choices, move, /*fuse=*/true);
      if (choices == plan.choices)
        continue;
      if (std::optional<Plan> candidate = tryChoices(flow, model, choices)) {
        plan = std::move(*candidate);
        any = true;
      }
    }
  }
  return plan;
}

Plan Climber::climbFrom(Plan start) {
  best = std::move(start);
  do
    climb(fuse);
  while (climb(store)); // What is in the way of a better plan gives way to it.
  giveBack();
  return best;
}

Plan Climber::run() {
  Plan fromUnfused = climbFrom(planUnfused(flow, model));
  Plan fromFused = climbFrom(fuseAll());
  best = fromFused.isBetterThan(fromUnfused) ? std::move(fromFused) : std::move(fromUnfused);
  while (searchWindows())
    best = climbFrom(std::move(best));
  return std::move(best);
}

Plan plan::planPhases(const Dataflow &flow, const CostModel &model) {
  Plan best = Climber(flow, model).run();
  // Choices that change nothing, as others have put both ops in one phase, count as made.
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    best.choices[choice] = isFused(flow, best.partition, choice);
  return best;
}
