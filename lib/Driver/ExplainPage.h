//===- ExplainPage.h - plans as a page ---------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_EXPLAINPAGE_H
#define FRIT_LIB_DRIVER_EXPLAINPAGE_H

#include "lib/Driver/ExplainPlan.h"

namespace frit::driver {

/// One page that needs nothing else: for each class of calls pictures of layers, a roofline, where
/// values live, and all records; then what changes with the number of tokens. `before`: what was
/// planned without the changes, or null. `source`: of the model, as a title.
std::string explainPage(const PlannedModel &model, const PlannedModel *before,
                        llvm::StringRef source);

/// The ops of a function in its phases, bytes on the edges, reasons beside those that are stored;
/// as SVG, like all that follows.
std::string drawPhases(const PlannedFunction &function);
/// The phases of all functions, and their ops each on its own, below the roofs of the machine.
std::string drawRoofline(const PlannedModel &model, const PlannedCalls &calls);
/// From which phase to which each stored value lives, and in which memory.
std::string drawLifetimes(const PlannedModel &model, const PlannedFunction &function);
/// How each edge that has a crossover is decided, by tokens.
std::string drawCrossovers(const PlannedModel &model);

/// A value that phases leave in memory.
struct StoredValue {
  std::string name;
  int64_t bytes = 0;
  size_t first = 0, last = 0; ///< Phases: that which leaves it, the last that reads it.
  unsigned memory = 0;
};
std::vector<StoredValue> storedValues(const PlannedModel &model, const PlannedFunction &function);

/// Text between tags, or in attributes.
std::string escapeHTML(llvm::StringRef text);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_EXPLAINPAGE_H
