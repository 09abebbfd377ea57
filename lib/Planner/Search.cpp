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

#include <set>

using namespace mlir;
using namespace frit;
using namespace frit::plan;

std::optional<Plan> plan::tryChoices(const Dataflow &flow, const CostModel &model,
                                     const Choices &choices) {
  std::optional<Partition> partition = tryPartition(flow, choices);
  if (!partition ||
      !llvm::all_of(partition->phases, [&](const Phase &phase) { return model.fits(phase); }))
    return std::nullopt;
  PhaseCost total = model.totalOf(*partition);
  return Plan{choices, std::move(*partition), total.seconds, total.traffic};
}

Plan plan::planUnfused(const Dataflow &flow, const CostModel &model) {
  // Without choices there is nothing that could stand against them.
  return *tryChoices(flow, model, Choices(flow.numChoices()));
}

/// Whether one plan is faster than another for all figures in their bounds, or as fast and moves
/// less.
static bool isBetter(const cost::Seconds &seconds, int64_t movedBytes,
                     const cost::Seconds &otherSeconds, int64_t otherBytes) {
  cost::Seconds gain = otherSeconds - seconds;
  double low = gain.low();
  return low > 0 || (low == 0 && gain.high() == 0 && movedBytes < otherBytes);
}

bool Plan::isBetterThan(const Plan &other) const {
  return isBetter(seconds, traffic.movedBytes(), other.seconds, other.traffic.movedBytes());
}

namespace {
/// Climbs from plan to plan.
class Climber {
public:
  Climber(const Dataflow &flow, const CostModel &model, Space &space)
      : flow(flow), model(model), space(space) {}

  Choices run();

private:
  /// What a phase, or all of them, cost.
  struct Figures {
    cost::Seconds seconds;
    int64_t movedBytes = 0;

    bool isBetterThan(const Figures &other) const {
      return isBetter(seconds, movedBytes, other.seconds, other.movedBytes);
    }
  };
  struct Place : Figures {
    Space::PointRef point;
  };

  /// Nothing when the phase does not fit.
  const std::optional<Figures> &figuresOf(unsigned phase);
  std::optional<Figures> figuresOf(const Space::Point &point);
  std::optional<Place> visit(const Choices &choices);
  Place climbFrom(Place start);
  /// All that can be fused, in the order of the choices.
  Place fuseAll();
  bool climb(bool fuse);
  bool searchWindows();
  bool giveBack();
  Place unfused() { return *visit(Choices(flow.numChoices())); }

  const Dataflow &flow;
  const CostModel &model;
  Space &space;
  std::vector<std::optional<std::optional<Figures>>> ofPhases; ///< By their index.
  Place best;
};
} // namespace

const std::optional<Climber::Figures> &Climber::figuresOf(unsigned phase) {
  if (ofPhases.size() <= phase)
    ofPhases.resize(space.numPhases());
  std::optional<std::optional<Figures>> &known = ofPhases[phase];
  if (!known) {
    const Space::PhaseEntry &entry = space.phase(phase);
    known.emplace();
    if (model.fits(entry.phase)) {
      PhaseCost cost = model.costOf(entry.phase, entry.borders);
      *known = Figures{cost.seconds, cost.traffic.movedBytes()};
    }
  }
  return *known;
}

std::optional<Climber::Figures> Climber::figuresOf(const Space::Point &point) {
  Figures sum;
  for (unsigned phase : point.phases) {
    const std::optional<Figures> &figures = figuresOf(phase);
    if (!figures)
      return std::nullopt;
    sum.seconds += figures->seconds;
    sum.movedBytes += figures->movedBytes;
  }
  return sum;
}

std::optional<Climber::Place> Climber::visit(const Choices &choices) {
  Space::PointRef point = space.find(choices);
  std::optional<Figures> figures = point ? figuresOf(*point) : std::nullopt;
  if (!figures)
    return std::nullopt;
  return Place{*figures, std::move(point)};
}

/// Makes the best of the moves that gain, until none does; whether any did.
bool Climber::climb(bool fuse) {
  for (bool any = false;; any = true) {
    std::optional<Place> next;
    for (const Space::PointRef &point : space.moved(*best.point, fuse)) {
      std::optional<Figures> candidate = figuresOf(*point);
      if (!candidate || !candidate->isBetterThan(best))
        continue;
      // What is certain counts: a larger gain that depends on a figure nobody knows does not.
      double gain = (best.seconds - candidate->seconds).low();
      double gainOfNext = next ? (best.seconds - next->seconds).low() : gain;
      if (!next || gain > gainOfNext || (gain == gainOfNext && candidate->isBetterThan(*next)))
        next = Place{*candidate, point};
    }
    if (!next)
      return any;
    best = *next;
  }
}

/// Tries all combinations of the choices around each node; whether any was better.
bool Climber::searchWindows() {
  bool any = false;
  for (unsigned node = 0; node < flow.nodes.size(); ++node) {
    Place better = best;
    for (const Space::PointRef &point : space.around(*best.point, node))
      if (std::optional<Figures> candidate = figuresOf(*point);
          candidate && candidate->isBetterThan(better))
        better = Place{*candidate, point};
    any |= better.point != best.point;
    best = better;
  }
  return any;
}

/// Stores what is fused and gains nothing, or perhaps does not; whether there was any.
bool Climber::giveBack() {
  for (bool any = false;; any = true) {
    std::optional<Place> next;
    for (const Space::PointRef &point : space.moved(*best.point, /*fuse=*/false)) {
      if (point->phases.size() <= best.point->phases.size())
        continue;
      std::optional<Figures> candidate = figuresOf(*point);
      if (!candidate || best.isBetterThan(*candidate))
        continue;
      next = Place{*candidate, point};
      break;
    }
    if (!next)
      return any;
    best = *next;
  }
}

Climber::Place Climber::fuseAll() {
  Place all = unfused();
  for (bool any = true; any;) {
    any = false;
    for (const Move &move : space.allMoves()) {
      Choices choices = changedChoices(all.point->choices, move, /*fuse=*/true);
      if (choices == all.point->choices)
        continue;
      if (std::optional<Place> candidate = visit(choices)) {
        all = *candidate;
        any = true;
      }
    }
  }
  return all;
}

Climber::Place Climber::climbFrom(Place start) {
  best = start;
  do
    climb(/*fuse=*/true);
  while (climb(/*fuse=*/false)); // What is in the way of a better plan gives way to it.
  giveBack();
  return best;
}

Choices Climber::run() {
  Place fromUnfused = climbFrom(unfused());
  Place fromFused = climbFrom(fuseAll());
  best = fromFused.isBetterThan(fromUnfused) ? fromFused : fromUnfused;
  // Giving back may undo what a window has gained, when neither is better for all figures: each
  // plan is left once.
  std::set<std::vector<unsigned>> left;
  while (left.insert(std::vector<unsigned>(best.point->phases.begin(), best.point->phases.end()))
             .second &&
         searchWindows())
    best = climbFrom(best);
  return best.point->choices;
}

Choices plan::planChoices(const Dataflow &flow, const CostModel &model, Space &space) {
  Choices choices = Climber(flow, model, space).run();
  // Choices that change nothing, as others have put both ops in one phase, count as made.
  std::optional<Partition> partition = tryPartition(flow, choices);
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    choices[choice] = isFused(flow, *partition, choice);
  return choices;
}

Plan plan::planPhases(const Dataflow &flow, const CostModel &model) {
  Space space(flow);
  return planPhases(flow, model, space);
}

Plan plan::planPhases(const Dataflow &flow, const CostModel &model, Space &space) {
  Choices choices = Climber(flow, model, space).run();
  Plan best = *tryChoices(flow, model, choices);
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    best.choices[choice] = isFused(flow, best.partition, choice);
  return best;
}
