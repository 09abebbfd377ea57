//===- Partition.h - choices, and the phases they make ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_PARTITION_H
#define FRIT_LIB_PLANNER_PARTITION_H

#include "lib/Planner/Dataflow.h"
#include "llvm/ADT/BitVector.h"

#include <variant>

namespace frit::plan {

/// Set: fused. Of an edge to a local op that means that the consumer joins the phase of the
/// producer; of another edge, that the phase of the consumer computes the producer again; of
/// siblings, that one phase computes both.
using Choices = llvm::BitVector;

/// What one phase does: nodes, each list in the order of the block.
struct Phase {
  llvm::SmallVector<unsigned> prologue, anchors, epilogue;

  /// Anchors and epilogue: what nobody else computes for this phase.
  bool owns(unsigned node) const {
    return llvm::is_contained(anchors, node) || llvm::is_contained(epilogue, node);
  }
};

struct Partition {
  llvm::SmallVector<Phase> phases; ///< In an order in which they can run.
  /// The phase that stores what a node computes, or owns it; none: it is computed again wherever it
  /// is read.
  llvm::SmallVector<std::optional<unsigned>> home;
};

/// What became of a choice: an edge is fused, too, where other choices put both ops in one phase.
bool isFused(const Dataflow &flow, const Partition &partition, size_t choice);

/// Why choices make no phases: the first of them that cannot be, and what stands against it.
struct Obstacle {
  size_t choice = 0;
  std::string text;
};

/// The phases of a machine-independent reading of the choices; capacities are the cost model's.
std::variant<Partition, Obstacle> formPartition(const Dataflow &flow, const Choices &choices);
/// The same, for who does not ask why.
std::optional<Partition> tryPartition(const Dataflow &flow, const Choices &choices);

/// Whether there are choices with which the edge can be fused.
bool canFuse(const Dataflow &flow, const Edge &edge);
/// Why an edge cannot be fused whatever the other choices are, all there is; empty: it can.
llvm::SmallVector<std::string> structuralObstacles(const Dataflow &flow, const Edge &edge);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_PARTITION_H
