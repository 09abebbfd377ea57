//===- ExplainEdge.h - all there is to say about two ops ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_EXPLAINEDGE_H
#define FRIT_LIB_DRIVER_EXPLAINEDGE_H

#include "lib/Driver/ExplainPlan.h"

namespace frit::driver {

/// "1.25 us"
std::string microseconds(double seconds);

/// Whether there is something to say about two ops, by the names that tables print. The error lists
/// names.
Status checkEdge(const PlannedModel &model, llvm::StringRef producer, llvm::StringRef consumer);

/// Why two ops that passed the check share a phase or do not; of ops without an edge, what lies
/// between them.
std::string explainEdge(const PlannedModel &model, const PlannedCalls &calls,
                        llvm::StringRef producer, llvm::StringRef consumer, bool json);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_EXPLAINEDGE_H
