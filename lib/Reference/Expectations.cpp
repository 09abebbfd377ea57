//===- Expectations.cpp - the check ops ------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"

#include "llvm/Support/Format.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

/// Enough digits to tell a value from its neighbours.
template <typename T>
static std::string print(T value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*g", std::numeric_limits<T>::max_digits10,
                                                 static_cast<double>(value));
  return text;
}

/// Compares element by element; an element is off by |actual - expected| when that exceeds
/// abs + rel * |expected|. Reports how many are off and by how much at most.
template <typename T>
static LogicalResult compare(Operation *op, const Tensor<T> &actual, const Tensor<T> &expected,
                             T abs, T rel) {
  if (actual.rows != expected.rows || actual.columns != expected.columns)
    return op->emitOpError("expected ")
           << expected.rows << "x" << expected.columns << " values, but got " << actual.rows << "x"
           << actual.columns;
  size_t off = 0, worst = 0;
  T largest = -1;
  for (size_t i = 0; i < actual.values.size(); ++i) {
    T a = actual.values[i], e = expected.values[i];
    T difference = a == e ? 0 : std::fabs(a - e);
    if (difference <= abs + rel * std::fabs(e) && std::isfinite(difference))
      continue;
    ++off;
    if (!(difference <= largest)) { // also when it is not a number, which nothing exceeds
      largest = std::isnan(difference) ? std::numeric_limits<T>::infinity() : difference;
      worst = i;
    }
  }
  if (off == 0)
    return success();
  std::string tolerance = "equal values";
  if (abs != 0 || rel != 0)
    tolerance = "values within " + print(abs) + " + " + print(rel) + " * |expected|";
  return op->emitOpError("expected ")
         << tolerance << ", but " << off << " of " << actual.values.size()
         << " are not; the largest difference is at [" << worst / actual.columns << ", "
         << worst % actual.columns << "], where " << print(expected.values[worst])
         << " was expected and " << print(actual.values[worst]) << " found";
}

/// Expectations that fail do not end the run, so that it reports all of them.
template <typename T>
LogicalResult Interpreter<T>::eval(check::ExpectCloseOp op) {
  double precision = std::is_same_v<T, double> ? 0x1p-29 : 1; // see the op
  T abs = static_cast<T>(op.getAbs().convertToDouble() * precision);
  T rel = static_cast<T>(op.getRel().convertToDouble() * precision);
  if (failed(compare(op, tensor(op.getActual()), tensor(op.getExpected()), abs, rel)))
    expectationFailed = true;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::eval(check::ExpectEqOp op) {
  if (failed(compare<T>(op, tensor(op.getActual()), tensor(op.getExpected()), 0, 0)))
    expectationFailed = true;
  return success();
}

#define INSTANTIATE(Op)                                                                            \
  template LogicalResult Interpreter<float>::eval(Op);                                             \
  template LogicalResult Interpreter<double>::eval(Op);
INSTANTIATE(check::ExpectCloseOp)
INSTANTIATE(check::ExpectEqOp)
