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

/// An element is undecided when it is this near to the middle between two codes, as a part of the
/// largest element of its block: 8 ulp.
static constexpr double codeUncertainty = 0x1p-20;
static constexpr int maxCode = 127;

template <typename T>
void Rounding<T>::observe(Value value, RuntimeValue<T> &runtimeValue) {
  if (auto *tensor = std::get_if<Tensor<T>>(&runtimeValue)) {
    for (OpOperand &use : value.getUses())
      if (auto append = dyn_cast<kv::AppendOp>(use.getOwner()); append && onAppend)
        onAppend(append, use.get() == append.getKeys(), *tensor);
    if (mode == RoundingMode::Alternate &&
        llvm::any_of(value.getUsers(), [](Operation *op) { return isa<graph::QuantizeOp>(op); }))
      inputs[value] = *tensor;
    return;
  }
  auto *quantized = std::get_if<QuantizedTensor>(&runtimeValue);
  auto op = value.getDefiningOp<graph::QuantizeOp>();
  if (!quantized || !op)
    return;
  switch (mode) {
  case RoundingMode::Record:
    log->push_back(*quantized);
    break;
  case RoundingMode::Adopt:
    adopt(*quantized);
    break;
  case RoundingMode::Alternate:
    if (auto input = inputs.find(op.getInput()); input != inputs.end()) {
      alternate(input->second, *quantized);
      inputs.erase(input);
    }
    break;
  }
}

template <typename T>
void Rounding<T>::adopt(QuantizedTensor &quantized) {
  const QuantizedTensor &exact = (*log)[next++];
  for (size_t i = 0; i < quantized.codes.size(); ++i) {
    int step = exact.codes[i] - quantized.codes[i];
    if (std::abs(step) != 1)
      continue;
    quantized.codes[i] = exact.codes[i];
    quantized.sums[i / static_cast<size_t>(quantized.block)] += step;
  }
}

template <typename T>
void Rounding<T>::alternate(const Tensor<T> &input, QuantizedTensor &quantized) {
  auto block = static_cast<size_t>(quantized.block);
  for (size_t i = 0; i < quantized.codes.size(); ++i) {
    double scale = quantized.scales[i / block];
    if (scale == 0)
      continue;
    double rest = static_cast<double>(input.values[i]) / scale - quantized.codes[i];
    if (std::fabs(rest) < 0.5 - maxCode * codeUncertainty)
      continue;
    int step = rest > 0 ? 1 : -1;
    if (std::abs(quantized.codes[i] + step) > maxCode)
      continue;
    quantized.codes[i] = static_cast<int8_t>(quantized.codes[i] + step);
    quantized.sums[i / block] += step;
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
