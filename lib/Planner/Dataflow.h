//===- Dataflow.h - ops and the values between them, to be planned ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_DATAFLOW_H
#define FRIT_LIB_PLANNER_DATAFLOW_H

#include "dialects/Graph/Graph.h"
#include "lib/Cost/Work.h"

namespace frit::plan {

struct Node {
  mlir::Operation *op = nullptr;
  FusionRole role = FusionRole::Local;
  std::string name; ///< Of what it computes: that of its weight, or of the op.
  cost::Work work;
  llvm::SmallVector<unsigned, 4> in, out; ///< Edges.
  bool escapes = false;                   ///< Something else than a node reads its result, too.
  /// Nodes that must run before, because they write what this one reads elsewhere, a cache, or read
  /// what it overwrites.
  llvm::SmallVector<unsigned, 2> after;
  /// The result takes the place of this value, an argument of a layer.
  mlir::Value overwritten;
};

/// A value that one node computes and another reads.
struct Edge {
  unsigned producer = 0, consumer = 0;
  mlir::Value value;
  /// Fused, the consumer joins the phase of the producer, as an epilogue; otherwise the phase of
  /// the consumer computes the producer again, as a prologue.
  bool joins = false;
};

/// Two products that read the same value: one phase may compute both.
struct Sibling {
  unsigned first = 0, second = 0;
};

/// The ops of one block that phases are made of.
struct Dataflow {
  llvm::SmallVector<Node> nodes; ///< In the order of the block.
  llvm::SmallVector<Edge> edges;
  llvm::SmallVector<Sibling> siblings;
  cost::Shape shape;

  static Dataflow of(mlir::Block &block, const cost::Shape &shape);

  /// Choices there are: one an edge, then one a sibling.
  size_t numChoices() const { return edges.size() + siblings.size(); }
};

/// Whether a value is one: not weights and caches, which are counted by the ops.
bool isActivation(mlir::Value value);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_DATAFLOW_H
