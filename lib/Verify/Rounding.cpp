//===- Rounding.cpp - roundings that f32 arithmetic may decide either way --===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Verify/Rounding.h"

#include "frit/Formats/Formats.h"

#include <cmath>

using namespace mlir;
using namespace frit;
using namespace frit::reference;
using namespace frit::verify;

/// An element is undecided when it is nearer to the middle between two codes than this: three
/// times the largest error of its block in f32, and 4 ulp of the largest element of its block,
/// because the scale is rounded, too.
static constexpr double errorFactor = 3, blockUncertainty = 4 * 0x1p-23;
static constexpr int maxCode = 127;
/// The scale of a block is largest / 127 or largest * (1 / 127), which may be an ulp apart.
static constexpr float scaleStep = 0x1p-23f;

template <typename T>
void Rounding<T>::observe(Value value, RuntimeValue<T> &runtimeValue) {
  if (auto *tensor = std::get_if<Tensor<T>>(&runtimeValue)) {
    if (mode == RoundingMode::Perturb)
      for (T &element : tensor->values)
        element *= static_cast<T>(1 + sign() * perturbation);
    for (OpOperand &use : value.getUses())
      if (auto append = dyn_cast<kv::AppendOp>(use.getOwner()); append && onAppend)
        onAppend(append, use.get() == append.getKeys(), *tensor);
    if (llvm::any_of(value.getUsers(), [](Operation *op) { return isa<graph::QuantizeOp>(op); }))
      inputs[value] = *tensor;
    return;
  }
  auto *quantized = std::get_if<QuantizedTensor>(&runtimeValue);
  auto op = value.getDefiningOp<graph::QuantizeOp>();
  if (!quantized || !op)
    return;
  Tensor<T> input = std::move(inputs[op.getInput()]);
  inputs.erase(op.getInput());
  switch (mode) {
  case RoundingMode::Record:
    log->push_back({*quantized, toMatrix(input), {}});
    break;
  case RoundingMode::Adopt:
    adopt(input, *quantized, (*log)[next++]);
    break;
  case RoundingMode::Alternate:
    alternate(input, *quantized, (*log)[next++]);
    break;
  case RoundingMode::Perturb:
    perturb(*quantized, (*log)[next++]);
    break;
  }
}

/// Takes over codes of the log that are one off.
static void adoptCodes(QuantizedTensor &quantized, const CodeRecord &record) {
  for (size_t i = 0; i < quantized.codes.size(); ++i) {
    int step = record.exact.codes[i] - quantized.codes[i];
    if (std::abs(step) != 1)
      continue;
    quantized.codes[i] = record.exact.codes[i];
    quantized.sums[i / static_cast<size_t>(quantized.block)] += step;
  }
}

template <typename T>
void Rounding<T>::adopt(const Tensor<T> &input, QuantizedTensor &quantized, CodeRecord &record) {
  adoptCodes(quantized, record);
  for (float &scale : quantized.scales)
    scale *= 1 + static_cast<float>(sign()) * scaleStep;
  auto block = static_cast<size_t>(quantized.block);
  for (size_t begin = 0; begin < input.values.size(); begin += block) {
    double largest = 0;
    for (size_t i = begin; i < begin + block; ++i)
      largest = std::max(largest,
                         std::fabs(static_cast<double>(input.values[i]) - record.input.values[i]));
    record.uncertainty.push_back(errorFactor * largest);
  }
}

template <typename T>
void Rounding<T>::perturb(QuantizedTensor &quantized, const CodeRecord &record) {
  adoptCodes(quantized, record);
  for (float &scale : quantized.scales)
    scale *= static_cast<float>(1 + sign() * perturbation);
}

/// The other code that element `value` could have been given; its code when it is decided.
static int otherCode(double value, double scale, int code, double uncertainty) {
  if (scale == 0)
    return code;
  double rest = value / scale - code;
  if (std::fabs(rest) < 0.5 - uncertainty / scale - maxCode * blockUncertainty)
    return code;
  int other = code + (rest > 0 ? 1 : -1);
  return std::abs(other) > maxCode ? code : other;
}

/// Earlier flips have moved this run away from the exact one: what is undecided in either is
/// flipped.
template <typename T>
void Rounding<T>::alternate(const Tensor<T> &input, QuantizedTensor &quantized,
                            const CodeRecord &record) {
  auto block = static_cast<size_t>(quantized.block);
  for (size_t i = 0; i < quantized.codes.size(); ++i) {
    double uncertainty = record.uncertainty[i / block];
    int8_t old = quantized.codes[i], exact = record.exact.codes[i];
    int other =
        otherCode(record.input.values[i], record.exact.scales[i / block], exact, uncertainty);
    if (other == exact)
      other = otherCode(static_cast<double>(input.values[i]), quantized.scales[i / block], old,
                        uncertainty);
    quantized.codes[i] = static_cast<int8_t>(other);
    quantized.sums[i / block] += other - old;
  }
}

double verify::adoptStored(double value, float stored, double uncertainty) {
  float low = halfToFloat(floatToHalf(static_cast<float>(value - uncertainty)));
  float high = halfToFloat(floatToHalf(static_cast<float>(value + uncertainty)));
  return low <= stored && stored <= high ? stored : value;
}

double verify::halfUlpF16(double value) {
  int exponent;
  std::frexp(value, &exponent);
  // 11 bits of precision; below 2^-14 the distance stays that of the smallest numbers.
  return std::ldexp(0.5, std::max(exponent - 11, -24));
}

bool verify::hasQuantize(Operation *op) {
  return op->walk([](graph::QuantizeOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

template class verify::Rounding<float>;
template class verify::Rounding<double>;
