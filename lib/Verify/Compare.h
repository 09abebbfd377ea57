//===- Compare.h - how far results may be apart ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_COMPARE_H
#define FRIT_LIB_VERIFY_COMPARE_H

#include "frit/Verify/Verify.h"
#include "lib/Reference/Values.h"

namespace frit::verify {

using Matrix = reference::Tensor<double>;

template <typename T>
Matrix toMatrix(const reference::Tensor<T> &tensor) {
  Matrix result(tensor.rows, tensor.columns);
  std::copy(tensor.values.begin(), tensor.values.end(), result.values.begin());
  return result;
}

/// 4 ulp of f32 in the norm of a row. Covers what the unfused error does not have: our exp is off
/// by up to 2 ulp where libm's is by 1, int8 scales are computed with one rounding more, and a
/// running softmax rescales its sums. All of them together stay below 2 ulp on every model tested;
/// a wrong coefficient or a lost element is far above.
inline constexpr double ulpFloor = 4 * 0x1p-23;

/// Rows [begin, end).
struct RowRange {
  int64_t begin, end;
};

/// Results of one computation, of the same shape. `exact` is f64.
struct Results {
  const Matrix &exact;
  const Matrix &compiled;
  const Matrix &unfused;             ///< the same graph in f32
  const Matrix *alternate = nullptr; ///< f64 with undecided roundings made the other way
  /// By how much each element of `compiled` may be off for its storage; empty: not at all.
  const Matrix *storageSlack = nullptr;
  /// What each row may be off beyond the floor that holds for all; empty: nothing.
  const std::vector<double> *rowFloors = nullptr;
};

/// The row of `rows` that is the furthest beyond its bound, or else the nearest to it.
VerifyError compareRows(const Results &results, RowRange rows);

/// ||value - exact|| / ||exact|| of a row. Infinite when an element is not a number.
double rowError(const Matrix &value, const Matrix &exact, int64_t row);
/// The largest of some rows.
double largestRowError(const Matrix &value, const Matrix &exact, RowRange rows);

/// Whether `a` is further beyond its bound than `b`.
bool isWorse(const VerifyError &a, const VerifyError &b);

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_COMPARE_H
