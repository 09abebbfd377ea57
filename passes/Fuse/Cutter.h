//===- Cutter.h - a function as calls of phases --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_FUSE_CUTTER_H
#define FRIT_PASSES_FUSE_CUTTER_H

#include "lib/Planner/Partition.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

namespace frit::fuse {

/// The ops of one phase, in the order of the function.
struct PhasePlan {
  mlir::SmallVector<mlir::Operation *> anchors;
  llvm::SetVector<mlir::Operation *> prologue, epilogue;
  std::string name;
  mlir::Operation *place = nullptr; ///< the phase is called behind this op

  bool owns(mlir::Operation *op) const {
    return llvm::is_contained(anchors, op) || epilogue.contains(op);
  }
  bool contains(mlir::Operation *op) const { return owns(op) || prologue.contains(op); }
  /// Whether `user`, an op of the phase, reads what the phase itself computes of `producer`.
  bool computesFor(mlir::Operation *user, mlir::Operation *producer) const;
};

/// Makes phases of the body of a graph.layer or graph.func, and calls of them in their place.
class Cutter {
public:
  /// `flow` is of the body of the function, `partition` of its nodes.
  Cutter(mlir::FunctionOpInterface function, const plan::Dataflow &flow,
         const plan::Partition &partition)
      : function(function), block(function.getFunctionBody().front()), flow(flow),
        partition(partition) {}

  mlir::LogicalResult run();

private:
  void plan();
  mlir::LogicalResult checkCaches();
  std::string nameOf(const PhasePlan &phase);
  void placeCalls();
  bool isReadOutside(const PhasePlan &phase, mlir::Value result) const;
  void emit(PhasePlan &phase);
  void remarkPhase(const PhasePlan &phase) const;

  mlir::FunctionOpInterface function;
  mlir::Block &block;
  const plan::Dataflow &flow;
  const plan::Partition &partition;
  mlir::SmallVector<PhasePlan> phases;
  llvm::DenseMap<mlir::Operation *, size_t> owner; ///< phase of every anchor and epilogue op
  llvm::StringSet<> names;
  llvm::DenseMap<mlir::Value, mlir::Value> given; ///< what calls give for values of the block
};

} // namespace frit::fuse

#endif // FRIT_PASSES_FUSE_CUTTER_H
