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
  Workspace,  ///< The same of a tile that leaves the core: its units have no path to each other.
  Recomputed, ///< The consumer's phase computes the producer again.
  Together,   ///< Of siblings: one phase computes both.
  Stored,     ///< Through memory that all cores see; of siblings: in phases of their own.
};
llvm::StringRef nameOf(Decision decision);
Decision decisionOf(const Dataflow &flow, const cost::Machine &machine, size_t choice,
                    bool isFused);
/// "attn_q -> rope", or "ffn_gate and ffn_up" of siblings.
std::string nameOfChoice(const Dataflow &flow, size_t choice);

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

/// One record an edge, in their order, then one a pair of siblings; then one for each value that an
/// op reads from outside of the block, or from an op that is no part of a phase, or that leaves in
/// this way. `space` is that of the block, and keeps what it learns.
std::vector<Record> explain(mlir::Block &block, const cost::Shape &shape,
                            const cost::Machine &machine, const Plan &plan, Space &space);
std::vector<Record> explain(mlir::Block &block, const cost::Shape &shape,
                            const cost::Machine &machine, const Plan &plan);

/// A way to decide a choice otherwise.
struct Alternative {
  llvm::SmallVector<unsigned> with; ///< Choices that change with it.
  /// Why it makes no phases that fit; empty: it makes some.
  llvm::SmallVector<std::string> obstacles;
  /// Of those: how much longer they take than the plan, and move more.
  cost::Seconds loss;
  int64_t bytesMore = 0;
};

/// All there is to say about a choice.
struct Detail {
  Record record;
  /// Every predicate that fails, that of the record first; of what is fused: none.
  llvm::SmallVector<std::string> failing;
  /// In the order in which the planner tries them.
  std::vector<Alternative> alternatives;
  /// For each figure that alone would decide it otherwise, where; nearest first.
  std::vector<std::string> flips;
};
Detail explainInFull(mlir::Block &block, const cost::Shape &shape, const cost::Machine &machine,
                     const Plan &plan, Space &space, unsigned choice);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_EXPLAIN_H
