//===- Compare.cpp - how far results may be apart --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Verify/Compare.h"

#include <cmath>
#include <limits>

using namespace frit;
using namespace frit::verify;

/// A fused program may be as wrong as the unfused one, and a little more: it sums in another order.
static constexpr double unfusedFactor = 1.1;
/// Flips of undecided roundings need not add up as they do in the alternate run; and once a code
/// has flipped, later ones flip that were decided before.
static constexpr double alternateFactor = 3;
/// Elements below this have no relative precision in f32: their squares and the scales of their
/// int8 blocks underflow. No model computes with them.
static constexpr double underflow = 1e-30;

double verify::rowError(const Matrix &value, const Matrix &exact, int64_t row) {
  double difference = 0, norm = 0;
  for (int64_t i = 0; i < exact.columns; ++i) {
    double d = value.row(row)[i] - exact.row(row)[i];
    difference += d * d;
    norm += exact.row(row)[i] * exact.row(row)[i];
  }
  if (std::isnan(difference))
    return std::numeric_limits<double>::infinity();
  return std::sqrt(difference) /
         (std::sqrt(norm) + underflow * std::sqrt(static_cast<double>(exact.columns)) / ulpFloor);
}

double verify::largestRowError(const Matrix &value, const Matrix &exact, RowRange rows) {
  double largest = 0;
  for (int64_t row = rows.begin; row < rows.end; ++row)
    largest = std::max(largest, rowError(value, exact, row));
  return largest;
}

bool verify::isWorse(const VerifyError &a, const VerifyError &b) {
  if (a.row < 0 || b.row < 0)
    return a.row > b.row;
  // Not as quotients: errors may be infinite and are often 0.
  return a.error * b.bound > b.error * a.bound;
}

/// `compiled` without what rounding to storage explains.
static Matrix removeSlack(const Results &results) {
  Matrix result = results.compiled;
  for (size_t i = 0; i < result.values.size(); ++i) {
    double exact = results.exact.values[i], slack = results.storageSlack->values[i];
    double difference = result.values[i] - exact;
    if (std::fabs(difference) <= slack)
      result.values[i] = exact;
    else
      result.values[i] -= std::copysign(slack, difference);
  }
  return result;
}

VerifyError verify::compareRows(const Results &results, RowRange rows) {
  if (results.storageSlack) {
    Matrix without = removeSlack(results);
    return compareRows(
        {results.exact, without, results.unfused, results.alternate, nullptr, results.rowFloors},
        rows);
  }
  VerifyError worst;
  double unfused = largestRowError(results.unfused, results.exact, rows);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    VerifyError here;
    here.row = row;
    here.unfused = unfused;
    here.error = rowError(results.compiled, results.exact, row);
    here.bound = unfusedFactor * unfused + ulpFloor;
    if (results.alternate)
      here.bound += alternateFactor * rowError(*results.alternate, results.exact, row);
    if (results.rowFloors)
      here.bound += (*results.rowFloors)[row];
    if (isWorse(here, worst))
      worst = here;
  }
  return worst;
}
