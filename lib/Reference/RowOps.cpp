//===- RowOps.cpp - embed, norm, rope, activation, glu, residual, select ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each row of the result depends on one row of each input.
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

/// The types of a module do not say how many rows a tensor has; these must be as many.
static LogicalResult expectRows(Operation *op, int64_t actual, int64_t expected) {
  if (actual != expected)
    return op->emitOpError("expected inputs of as many rows, but got ")
           << expected << " and " << actual;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::EmbedOp op) {
  const Weight &table = weight(op.getTable());
  const Batch &tokens = batch(op.getTokens());
  T scale = static_cast<T>(op.getScale().convertToDouble());
  Tensor<T> y(tokens.size(), table.columns());
  countRows(table, y.rows);
  std::vector<float> scratch;
  for (int64_t t = 0; t < y.rows; ++t) {
    int64_t id = tokens.ids[t];
    if (id < 0 || id >= table.rows())
      return op.emitOpError("expected ids from 0 to ")
             << table.rows() - 1 << ", but token " << t << " has " << id;
    const float *row = weights.dequantize(table, id, scratch);
    for (int64_t i = 0; i < y.columns; ++i)
      y.row(t)[i] = row[i] * scale;
  }
  return bind(op.getResult(), std::move(y));
}

/// Normalizes `count` elements; `weight` and `bias` may be empty.
template <typename T>
static void normalize(graph::NormKind kind, T eps, T offset, const std::vector<T> &weight,
                      const std::vector<T> &bias, const T *x, T *y, int64_t count) {
  T mean = 0;
  if (kind == graph::NormKind::Layer) {
    for (int64_t i = 0; i < count; ++i)
      mean += x[i];
    mean /= static_cast<T>(count);
  }
  T squares = 0;
  for (int64_t i = 0; i < count; ++i)
    squares += (x[i] - mean) * (x[i] - mean);
  T deviation = std::sqrt(squares / static_cast<T>(count) + eps);
  for (int64_t i = 0; i < count; ++i) {
    y[i] = (x[i] - mean) / deviation;
    if (!weight.empty())
      y[i] *= weight[i] + offset;
    if (!bias.empty())
      y[i] += bias[i];
  }
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::NormOp op) {
  const Tensor<T> &x = tensor(op.getInput());
  std::vector<T> weight = vector(op.getWeight()), bias = vector(op.getBias());
  T eps = static_cast<T>(op.getEps().convertToDouble());
  T offset = static_cast<T>(op.getOffset().convertToDouble());
  int64_t group = op.getGroup() ? static_cast<int64_t>(*op.getGroup()) : x.columns;
  Tensor<T> y(x.rows, x.columns);
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t start = 0; start < x.columns; start += group)
      normalize(op.getKind(), eps, offset, weight, bias, x.row(r) + start, y.row(r) + start, group);
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::RowFactorOp op) {
  const Tensor<T> &x = tensor(op.getInput());
  T eps = static_cast<T>(op.getEps().convertToDouble());
  Tensor<T> y(x.rows, 1);
  for (int64_t r = 0; r < x.rows; ++r) {
    T squares = 0;
    for (int64_t i = 0; i < x.columns; ++i)
      squares += x.row(r)[i] * x.row(r)[i];
    y.row(r)[0] = 1 / std::sqrt(squares / static_cast<T>(x.columns) + eps);
  }
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::ScaleRowsOp op) {
  Tensor<T> y = tensor(op.getInput());
  const Tensor<T> &factor = tensor(op.getFactor());
  if (failed(expectRows(op, factor.rows, y.rows)))
    return failure();
  for (int64_t r = 0; r < y.rows; ++r)
    for (int64_t i = 0; i < y.columns; ++i)
      y.row(r)[i] *= factor.row(r)[0];
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::ScaleColumnsOp op) {
  Tensor<T> y = tensor(op.getInput());
  std::vector<T> weight = vector(op.getWeight());
  T offset = static_cast<T>(op.getOffset().convertToDouble());
  for (int64_t r = 0; r < y.rows; ++r)
    for (int64_t i = 0; i < y.columns; ++i)
      y.row(r)[i] *= weight[i] + offset;
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::RopeOp op) {
  const Tensor<T> &x = tensor(op.getInput());
  const Batch &tokens = batch(op.getTokens());
  if (failed(expectRows(op, x.rows, tokens.size())))
    return failure();
  int64_t headDim = op.getHeadDim(), dim = op.getDim();
  double theta = op.getTheta().convertToDouble();
  double positionScale = op.getPositionScale().convertToDouble(), magnitude = 1;
  // Of long contexts the runtime decides by the room of a session; here there is none.
  ArrayRef<double> factors;
  if (graph::FrequenciesAttr frequencies = op.getFrequenciesAttr()) {
    magnitude = frequencies.getMagnitude().getValueAsDouble();
    if (frequencies.getFactors())
      factors = frequencies.getFactors();
  }
  bool halves = op.getPairs() == graph::RopePairs::Halves;

  Tensor<T> y = x; // elements past `dim` of a head stay
  for (int64_t t = 0; t < x.rows; ++t) {
    for (int64_t i = 0; i < dim / 2; ++i) {
      double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(dim);
      double angle = tokens.positions[t] * positionScale * std::pow(theta, exponent);
      if (!factors.empty())
        angle /= factors[i];
      T cosine = static_cast<T>(magnitude * std::cos(angle));
      T sine = static_cast<T>(magnitude * std::sin(angle));
      int64_t first = halves ? i : 2 * i, second = halves ? i + dim / 2 : 2 * i + 1;
      for (int64_t head = 0; head < x.columns; head += headDim) {
        T a = x.row(t)[head + first], b = x.row(t)[head + second];
        y.row(t)[head + first] = a * cosine - b * sine;
        y.row(t)[head + second] = b * cosine + a * sine;
      }
    }
  }
  return bind(op.getResult(), std::move(y));
}

template <typename T>
static T activate(graph::Activation act, T x) {
  constexpr double sqrtHalf = 0.70710678118654752440, sqrtTwoOverPi = 0.79788456080286535588;
  switch (act) {
  case graph::Activation::SiLU:
    return x / (1 + std::exp(-x));
  case graph::Activation::GELU:
    return x / 2 * (1 + std::erf(x * static_cast<T>(sqrtHalf)));
  case graph::Activation::GELUTanh:
    return x / 2 *
           (1 +
            std::tanh(static_cast<T>(sqrtTwoOverPi) * (x + static_cast<T>(0.044715) * x * x * x)));
  case graph::Activation::ReLU:
    return x > 0 ? x : 0;
  case graph::Activation::ReLUSquared:
    return x > 0 ? x * x : 0;
  }
  llvm_unreachable("every activation has a case");
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::ActivationOp op) {
  Tensor<T> y = tensor(op.getInput());
  for (T &value : y.values)
    value = activate(op.getAct(), value);
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::GluOp op) {
  const Tensor<T> &gate = tensor(op.getGate()), &up = tensor(op.getUp());
  if (failed(expectRows(op, up.rows, gate.rows)))
    return failure();
  Tensor<T> y(gate.rows, gate.columns);
  for (size_t i = 0; i < y.values.size(); ++i)
    y.values[i] = activate(op.getAct(), gate.values[i]) * up.values[i];
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::ResidualOp op) {
  const Tensor<T> &stream = tensor(op.getStream()), &branch = tensor(op.getBranch());
  if (failed(expectRows(op, branch.rows, stream.rows)))
    return failure();
  T scale = static_cast<T>(op.getScale().convertToDouble());
  Tensor<T> y(stream.rows, stream.columns);
  for (size_t i = 0; i < y.values.size(); ++i)
    y.values[i] = stream.values[i] + scale * branch.values[i];
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::SelectOp op) {
  const Tensor<T> &x = tensor(op.getInput());
  const Batch &tokens = batch(op.getTokens());
  if (failed(expectRows(op, x.rows, tokens.size())))
    return failure();
  Tensor<T> y(llvm::count(tokens.wanted, true), x.columns);
  int64_t next = 0;
  for (int64_t t = 0; t < x.rows; ++t)
    if (tokens.wanted[t])
      std::copy(x.row(t), x.row(t) + x.columns, y.row(next++));
  return bind(op.getResult(), std::move(y));
}

#define INSTANTIATE(Op)                                                                            \
  template LogicalResult Interpreter<float>::eval(Op);                                             \
  template LogicalResult Interpreter<double>::eval(Op);
INSTANTIATE(graph::EmbedOp)
INSTANTIATE(graph::NormOp)
INSTANTIATE(graph::RowFactorOp)
INSTANTIATE(graph::ScaleRowsOp)
INSTANTIATE(graph::ScaleColumnsOp)
INSTANTIATE(graph::RopeOp)
INSTANTIATE(graph::ActivationOp)
INSTANTIATE(graph::GluOp)
INSTANTIATE(graph::ResidualOp)
INSTANTIATE(graph::SelectOp)
