//===- Readiness.h - how many bits the weights of a model need ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are rounded to the nearest of 2^b - 1 multiples of a scale, one for each group of columns
// of a row, which makes the largest weight of the group exact. What that changes, root mean square
// over that of the weights, is about what it changes in the results of a product whose inputs are
// independent of the errors. Inputs with outliers are not seen in the weights.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_WORKLOAD_READINESS_H
#define FRIT_LIB_WORKLOAD_READINESS_H

#include "frit/Formats/Formats.h"
#include "frit/Support/Result.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>
#include <vector>

namespace frit::workload {

/// A weight, or the weights of one column of a table.
struct Readiness {
  std::string name;
  Format format = Format::F32;
  int64_t rows = 0, columns = 0, matrices = 1;
  int64_t bytes = 0; ///< Of all of them, in the files.
  int64_t rowsRead = 0;
  double outlier = 0; ///< Largest weight over the root mean square.
  /// Errors of 8 and 4 bits in groups of 32, of 4 bits in groups of 128, and of 8 bits by rows;
  /// none where columns are no whole number of groups.
  std::optional<double> error8By32, error4By32, error4By128, error8ByRow;

  /// The fewest bits in groups of 32 with an error up to `most`: 4, 8, or 16. By rows where no
  /// groups fit, which has 8 or 16.
  int bitsFor(double most) const;
};

/// Reads up to `rowsEach` rows of each matrix, evenly spread. Paths of `module` are relative to
/// `directory`. Errors are diagnostics of the module's context.
mlir::FailureOr<std::vector<Readiness>>
measureReadiness(mlir::ModuleOp module, const std::string &directory, int64_t rowsEach = 64);

} // namespace frit::workload

#endif // FRIT_LIB_WORKLOAD_READINESS_H
