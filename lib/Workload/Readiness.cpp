//===- Readiness.cpp - how many bits the weights of a model need -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Workload/Readiness.h"

#include "lib/Reference/WeightReader.h"

#include <cmath>

using namespace mlir;
using namespace frit;
using namespace frit::workload;

int Readiness::bitsFor(double most) const {
  if (error4By32 && *error4By32 <= most)
    return 4;
  const std::optional<double> &error = error8By32 ? error8By32 : error8ByRow;
  return error && *error <= most ? 8 : 16;
}

namespace {
/// Sums over the rows of one weight.
class Errors {
public:
  explicit Errors(int64_t columns) : columns(columns) {}

  void add(ArrayRef<float> row);
  void finish(Readiness &result) const;

private:
  struct Rounding {
    int bits;
    int64_t group; ///< 0: the row.
    double squares = 0;
  };
  bool fits(const Rounding &rounding) const {
    return columns % std::max<int64_t>(rounding.group, 1) == 0;
  }

  int64_t columns;
  double squares = 0, largest = 0;
  int64_t count = 0;
  Rounding roundings[4] = {{8, 32}, {4, 32}, {4, 128}, {8, 0}};
};
} // namespace

/// The squares of what rounding changes.
static double squaresOfErrors(ArrayRef<float> group, int bits) {
  double largest = 0;
  for (float weight : group)
    largest = std::max(largest, std::abs(static_cast<double>(weight)));
  if (largest == 0)
    return 0;
  double scale = largest / ((1 << (bits - 1)) - 1), sum = 0;
  for (float weight : group) {
    double error = weight - std::nearbyint(weight / scale) * scale;
    sum += error * error;
  }
  return sum;
}

void Errors::add(ArrayRef<float> row) {
  for (float weight : row) {
    squares += static_cast<double>(weight) * weight;
    largest = std::max(largest, std::abs(static_cast<double>(weight)));
  }
  count += static_cast<int64_t>(row.size());
  for (Rounding &rounding : roundings) {
    if (!fits(rounding))
      continue;
    size_t step = rounding.group ? static_cast<size_t>(rounding.group) : row.size();
    for (size_t first = 0; first < row.size(); first += step)
      rounding.squares += squaresOfErrors(row.slice(first, step), rounding.bits);
  }
}

void Errors::finish(Readiness &result) const {
  if (squares > 0)
    result.outlier = largest / std::sqrt(squares / static_cast<double>(count));
  std::optional<double> *errors[] = {&result.error8By32, &result.error4By32, &result.error4By128,
                                     &result.error8ByRow};
  for (auto [rounding, error] : llvm::zip_equal(roundings, errors))
    if (fits(rounding))
      *error = squares > 0 ? std::sqrt(rounding.squares / squares) : 0;
}

FailureOr<std::vector<Readiness>>
workload::measureReadiness(ModuleOp module, const std::string &directory, int64_t rowsEach) {
  reference::WeightReader reader(directory);
  std::vector<Readiness> all;
  std::vector<float> scratch;
  auto measure = [&](Operation *op, SymbolRefAttr name, const Twine &text, graph::WeightType type,
                     int64_t matrices) -> LogicalResult {
    if (type.getRank() < 2)
      return success();
    Readiness result;
    result.name = text.str();
    result.format = type.getFormat();
    result.rows = type.getRows();
    result.columns = type.getColumns();
    result.matrices = matrices;
    result.bytes = type.getBytes() * matrices;
    Errors errors(result.columns);
    int64_t step = std::max<int64_t>(1, result.rows / rowsEach);
    for (int64_t matrix = 0; matrix < matrices; ++matrix) {
      FailureOr<reference::Weight> weight = reader.find(op, name, type, matrix);
      if (failed(weight))
        return failure();
      for (int64_t row = 0; row < result.rows; row += step, ++result.rowsRead)
        errors.add({reader.dequantize(*weight, row, scratch), static_cast<size_t>(result.columns)});
    }
    errors.finish(result);
    all.push_back(std::move(result));
    return success();
  };
  for (auto weight : module.getOps<graph::WeightOp>())
    if (failed(measure(weight, FlatSymbolRefAttr::get(weight), weight.getSymName(),
                       cast<graph::WeightType>(weight.getType()), 1)))
      return failure();
  for (auto table : module.getOps<graph::WeightsOp>())
    for (auto column : table.getOps<graph::ColumnOp>())
      if (failed(measure(
              table, SymbolRefAttr::get(table.getSymNameAttr(), {FlatSymbolRefAttr::get(column)}),
              table.getSymName() + "." + column.getSymName(),
              cast<graph::WeightType>(column.getType()), static_cast<int64_t>(table.getRows()))))
        return failure();
  return all;
}
