//===- ShapeClass.h - calls that share a plan ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_SHAPECLASS_H
#define FRIT_LIB_PLANNER_SHAPECLASS_H

#include "lib/Planner/Partition.h"

namespace frit::plan {

/// Calls of `first` to `last` tokens, planned as those of `tokens` tokens.
struct ShapeClass {
  int64_t first = 1, last = 1;
  int64_t tokens = 1;
};

/// One token, 2 to 8, 9 to 256, more; as far as there are calls of so many.
llvm::SmallVector<ShapeClass> shapeClasses(int64_t maxTokens);

/// What can be fused by the data flow alone, whatever the machine: products that read the same
/// value share a phase; a row op that only anchors and row ops read by whole rows is computed again
/// in their phases; a local op joins the last phase that computes one of its operands.
Choices fuseByDataflow(const Dataflow &flow);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_SHAPECLASS_H
