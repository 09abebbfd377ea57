//===- Search.h - which choices suit a machine ------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_SEARCH_H
#define FRIT_LIB_PLANNER_SEARCH_H

#include "lib/Planner/Space.h"

namespace frit::plan {

/// Choices, the phases they make and how long those take.
struct Plan {
  Choices choices;
  Partition partition;
  cost::Seconds seconds;
  Traffic traffic;

  /// Whether it is faster for all figures in their bounds, or as fast and moves less.
  bool isBetterThan(const Plan &other) const;
};

/// Nothing when the choices make no phases, or phases that do not fit.
std::optional<Plan> tryChoices(const Dataflow &flow, const CostModel &model,
                               const Choices &choices);

/// Every op a phase of its own.
Plan planUnfused(const Dataflow &flow, const CostModel &model);

/// Fuses, beginning with what gains most, whatever gains for all figures in their bounds; then
/// takes back what the rest has made a loss.
Plan planPhases(const Dataflow &flow, const CostModel &model);
/// The same; `space` is that of the block, and keeps what it learns for the next plan.
Plan planPhases(const Dataflow &flow, const CostModel &model, Space &space);
/// Only the choices of it.
Choices planChoices(const Dataflow &flow, const CostModel &model, Space &space);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_SEARCH_H
