//===- Products.cpp - quantize, linear, logits -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

//===----------------------------------------------------------------------===//
// Quantization
//===----------------------------------------------------------------------===//

/// The code of x: the nearest multiple of the scale, ties to even. Not-a-number, which a block that
/// holds an infinity has, is 0; its scale carries the infinity on.
static int8_t quantizeElement(float x, float scale) {
  float code = scale == 0 ? 0 : std::nearbyint(x / scale);
  return std::isnan(code) ? 0 : static_cast<int8_t>(std::clamp(code, -127.0f, 127.0f));
}

template <typename T>
QuantizedTensor reference::quantize(const Tensor<T> &x, int64_t block) {
  QuantizedTensor q(x.rows, x.columns, block);
  for (size_t b = 0; b < q.scales.size(); ++b) {
    const T *elements = x.values.data() + b * q.block;
    float largest = 0;
    for (int64_t i = 0; i < q.block; ++i) {
      float magnitude = std::fabs(static_cast<float>(elements[i]));
      if (magnitude > largest || std::isnan(magnitude))
        largest = magnitude;
    }
    q.scales[b] = largest / 127;
    for (int64_t i = 0; i < q.block; ++i) {
      int8_t code = quantizeElement(static_cast<float>(elements[i]), q.scales[b]);
      q.codes[b * q.block + i] = code;
      q.sums[b] += code;
    }
  }
  return q;
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::QuantizeOp op) {
  return bind(op.getResult(), quantize(tensor(op.getInput()), static_cast<int64_t>(op.getBlock())));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Row t of int8 activations times a row of a weight: the columns that share all scales (a block of
/// activations, or a sub-block of the weight in it) are summed in i32, the rest in S, first to
/// last.
template <typename S>
static S multiplyQuantized(const QuantizedTensor &x, int64_t t,
                           const std::vector<QuantBlock> &weightRow, const FormatInfo &format) {
  int64_t step = std::min(x.block, format.subElements);
  S sum = 0;
  for (int64_t first = 0; first < x.columns; first += step) {
    const QuantBlock &block = weightRow[first / format.blockElements];
    int64_t inBlock = first % format.blockElements, sub = inBlock / format.subElements;
    const int8_t *codes = x.codes.data() + t * x.columns + first;
    S scale = x.scales[t * x.blocks() + first / x.block];
    int32_t dot = 0, codeSum = 0;
    for (int64_t i = 0; i < step; ++i) {
      uint8_t code = block.codes[inBlock + i];
      dot += codes[i] * ((format.levels ? format.levels[code] : code) - format.zero);
      codeSum += codes[i];
    }
    sum += block.subScale(format, sub) * scale * static_cast<S>(dot);
    if (format.hasMin)
      sum += block.subMin(sub) * (scale * static_cast<S>(codeSum));
  }
  return sum;
}

/// x [rows, in] times weight [out, in], transposed: [rows, out].
template <typename T>
Tensor<T> Interpreter<T>::multiply(const QuantizedTensor &x, const Weight &weight) {
  const FormatInfo &format = weight.format();
  countRows(weight, weight.rows());
  Tensor<T> y(x.rows, weight.rows());
  std::vector<QuantBlock> weightRow(static_cast<size_t>(x.columns / format.blockElements));
  for (int64_t o = 0; o < y.columns; ++o) {
    for (size_t b = 0; b < weightRow.size(); ++b)
      unpackBlock(format.format, weight.row(o) + static_cast<int64_t>(b) * format.blockBytes,
                  weightRow[b]);
    for (int64_t t = 0; t < x.rows; ++t)
      y.row(t)[o] = wideBlockSums ? multiplyQuantized<T>(x, t, weightRow, format)
                                  : multiplyQuantized<float>(x, t, weightRow, format);
  }
  return y;
}

template <typename T>
Tensor<T> Interpreter<T>::multiply(const Tensor<T> &x, const Weight &weight) {
  countRows(weight, weight.rows());
  Tensor<T> y(x.rows, weight.rows());
  std::vector<float> scratch;
  for (int64_t o = 0; o < y.columns; ++o) {
    const float *weightRow = weights.dequantize(weight, o, scratch);
    for (int64_t t = 0; t < x.rows; ++t) {
      T sum = 0;
      for (int64_t i = 0; i < x.columns; ++i)
        sum += x.row(t)[i] * static_cast<T>(weightRow[i]);
      y.row(t)[o] = sum;
    }
  }
  return y;
}

template <typename T>
Tensor<T> Interpreter<T>::multiply(mlir::Value input, const Weight &weight) {
  if (isa<graph::QTensorType>(input.getType()))
    return multiply(get<QuantizedTensor>(input), weight);
  return multiply(tensor(input), weight);
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::LinearOp op) {
  Tensor<T> y = multiply(op.getInput(), weight(op.getWeight()));
  std::vector<T> bias = vector(op.getBias());
  if (!bias.empty())
    for (int64_t t = 0; t < y.rows; ++t)
      for (int64_t o = 0; o < y.columns; ++o)
        y.row(t)[o] += bias[o];
  return bind(op.getResult(), std::move(y));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::LogitsOp op) {
  Tensor<T> y = multiply(op.getInput(), weight(op.getWeight()));
  std::vector<T> bias = vector(op.getBias());
  T scale = static_cast<T>(op.getScale().convertToDouble());
  T cap = op.getSoftcap() ? static_cast<T>(op.getSoftcap()->convertToDouble()) : 0;
  for (int64_t t = 0; t < y.rows; ++t) {
    for (int64_t v = 0; v < y.columns; ++v) {
      T &score = y.row(t)[v];
      score *= scale;
      if (!bias.empty())
        score += bias[v];
      if (cap != 0)
        score = cap * std::tanh(score / cap);
    }
  }
  return bind(op.getResult(), std::move(y));
}

#define INSTANTIATE(Op)                                                                            \
  template LogicalResult Interpreter<float>::eval(Op);                                             \
  template LogicalResult Interpreter<double>::eval(Op);
#define INSTANTIATE_MULTIPLY(T)                                                                    \
  template Tensor<T> Interpreter<T>::multiply(mlir::Value, const Weight &);                        \
  template Tensor<T> Interpreter<T>::multiply(const QuantizedTensor &, const Weight &);            \
  template Tensor<T> Interpreter<T>::multiply(const Tensor<T> &, const Weight &);
template QuantizedTensor reference::quantize(const Tensor<float> &, int64_t);
template QuantizedTensor reference::quantize(const Tensor<double> &, int64_t);
INSTANTIATE_MULTIPLY(float)
INSTANTIATE_MULTIPLY(double)
INSTANTIATE(graph::QuantizeOp)
INSTANTIATE(graph::LinearOp)
INSTANTIATE(graph::LogitsOp)
