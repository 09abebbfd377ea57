//===- Explain.h - why edges are fused or not -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_EXPLAIN_H
#define FRIT_LIB_PLANNER_EXPLAIN_H

#include "lib/Planner/Search.h"

namespace frit::plan {

enum class Decision {
  Epilogue,   ///< The consumer runs on the producer's tile before it leaves the core.
  Recomputed, ///< The consumer's phase computes the producer again.
  Together,   ///< Of siblings: one phase computes both.
  Stored,     ///< Through memory that all cores see; of siblings: in phases of their own.
};
llvm::StringRef nameOf(Decision decision);

/// What became of an edge, or of two products that read the same value, and why.
struct Record {
  std::string producer, consumer;
  Decision decision = Decision::Stored;
  /// The first predicate that failed, with its numbers; of what is fused, where the value is.
  std::string reason;
  /// Bytes of activations that do not move because it is fused, or would not if it were.
  int64_t bytesSaved = 0;
  /// What fusing saves, or would save; nothing where it cannot be.
  std::optional<cost::Seconds> saved;
  /// The nearest change of the machine or the call with which it would be decided otherwise; empty:
  /// none was found.
  std::string flip;
};

/// One record an edge, in their order, then one a pair of siblings.
std::vector<Record> explain(mlir::Block &block, const cost::Shape &shape,
                            const cost::Machine &machine, const Plan &plan);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_EXPLAIN_H
