//===- Work.h - what an op of the graph costs, whatever the machine ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_COST_WORK_H
#define FRIT_LIB_COST_WORK_H

#include "lib/Cost/Machine.h"
#include "mlir/IR/Operation.h"

namespace frit::cost {

/// A call: `tokens` of one sequence, the newest of which sees `keys` keys, its own included.
struct Shape {
  int64_t tokens = 1;
  int64_t keys = 1;
};

/// What an op does for a call. A multiply-add is two operations.
struct Work {
  double matrixOps = 0;
  Number number = Number::F32; ///< That the matrix operations multiply.
  double vectorOps = 0;
  double exps = 0;
  int64_t weightBytes = 0; ///< As the checkpoint stores them; of experts, of those that are chosen.
  int64_t cacheReadBytes = 0, cacheWriteBytes = 0;
  /// Between the matrix and the vector unit, inside of attention: scores one way and back.
  int64_t scoreBytes = 0;
  /// What cores share: the rows and columns of a product, tokens and heads, rows.
  int64_t rows = 1, columns = 1;
};

Work workOf(mlir::Operation *op, const Shape &shape);

/// Bytes of an activation in memory: f32 rows, or int8 rows with an f32 scale a block. 0 of what is
/// none.
int64_t activationBytes(mlir::Type type, int64_t rows);

/// Rows an activation has: one a token, but one in all of what `graph.select` leaves.
int64_t rowsOf(mlir::Value value, const Shape &shape);

} // namespace frit::cost

#endif // FRIT_LIB_COST_WORK_H
