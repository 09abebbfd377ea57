//===- Space.h - the choices next to choices ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What phases choices make, and which choices are next to them, does not depend on the machine or
// the call. Who plans the same ops again and again for others keeps it from plan to plan.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_SPACE_H
#define FRIT_LIB_PLANNER_SPACE_H

#include "lib/Planner/PhaseCost.h"

#include <map>
#include <memory>
#include <unordered_map>

namespace frit::plan {

/// Choices that are made together.
using Move = llvm::SmallVector<unsigned, 4>;

/// Each choice alone, and those that only gain together.
llvm::SmallVector<Move> movesOf(const Dataflow &flow);

/// `choices` with those of a move fused, or not.
Choices changedChoices(const Choices &choices, const Move &move, bool fuse);

class Space {
public:
  /// Choices that make phases, which are named by their index, in the order in which they run.
  struct Point {
    Choices choices;
    llvm::SmallVector<unsigned, 12> phases;
  };
  /// The same for all choices that make it.
  struct PhaseEntry {
    Phase phase;
    Borders borders;
  };
  using PointRef = std::shared_ptr<const Point>;
  using Points = std::vector<PointRef>;

  /// `flow` must live on. Other calls of the same block have other work, not other choices.
  explicit Space(const Dataflow &flow);

  /// Null when the choices make no phases.
  PointRef find(const Choices &choices);
  /// Those that another move fuses or stores, in the order of moves; of several with the same
  /// phases the first, and none with those of `point`. The list lives until the next one is asked
  /// for.
  const Points &moved(const Point &point, bool fuse);
  /// All combinations of the few choices nearest to a node, in the same way.
  const Points &around(const Point &point, unsigned node);

  const PhaseEntry &phase(unsigned index) const { return *phases[index]; }
  size_t numPhases() const { return phases.size(); }
  const llvm::SmallVector<Move> &allMoves() const { return moves; }

private:
  template <typename ForEach>
  const Points &collect(const Point &point, unsigned place, ForEach forEach);

  const Dataflow &flow;
  llvm::SmallVector<Move> moves;
  Choices possible; ///< Choices that some choices can be made with.
  llvm::SmallVector<llvm::SmallVector<unsigned>> windows; ///< Of each node, its nearest choices.
  struct Hash {
    size_t operator()(const Choices &choices) const {
      return llvm::DenseMapInfo<Choices>::getHashValue(choices);
    }
  };
  std::unordered_map<Choices, PointRef, Hash> points;
  std::vector<std::unique_ptr<PhaseEntry>> phases;
  std::map<std::vector<unsigned>, unsigned> indexOfPhase;
  /// Of choices: 0 and 1 for moves, then one for each node.
  std::unordered_map<Choices, std::map<unsigned, Points>, Hash> neighbours;
  size_t numKept = 0; ///< Numbers in all points.
};

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_SPACE_H
