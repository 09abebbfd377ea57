//===- Inputs.cpp - what phases are run on ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Verify/Inputs.h"

#include <algorithm>
#include <cmath>

using namespace frit;
using namespace frit::verify;

uint64_t RandomNumbers::bits() {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double RandomNumbers::normal() {
  constexpr double twoPi = 6.283185307179586;
  // In (0, 1]: its logarithm is finite.
  double radius = (static_cast<double>(bits() >> 11) + 1) * 0x1p-53;
  double angle = static_cast<double>(bits() >> 11) * 0x1p-53;
  return std::sqrt(-2 * std::log(radius)) * std::cos(twoPi * angle);
}

std::string verify::inputKindName(InputKind kind) {
  switch (kind) {
  case InputKind::Normal:
    return "normal";
  case InputKind::Outliers:
    return "outliers";
  case InputKind::Zeros:
    return "zeros";
  case InputKind::Denormals:
    return "denormals";
  case InputKind::Wide:
    return "wide";
  case InputKind::Equal:
    return "equal";
  case InputKind::Mixed:
    return "mixed";
  }
  __builtin_unreachable();
}

reference::Tensor<float> verify::makeInput(InputKind kind, int64_t rows, int64_t columns,
                                           RandomNumbers &random, double outlier) {
  constexpr double denormal = 1e-40;
  reference::Tensor<float> result(rows, columns);
  int64_t largeChannel = random.below(columns);
  for (int64_t row = 0; row < rows; ++row) {
    InputKind here = kind;
    if (kind == InputKind::Mixed)
      here = inputKinds[random.below(static_cast<int64_t>(InputKind::Mixed))];
    double constant = random.normal();
    for (int64_t i = 0; i < columns; ++i) {
      double value = random.normal();
      if (here == InputKind::Outliers && i == largeChannel)
        value *= outlier;
      else if (here == InputKind::Zeros)
        value = 0;
      else if (here == InputKind::Denormals)
        value *= denormal;
      else if (here == InputKind::Wide)
        value *= std::pow(10.0, static_cast<double>(random.below(13)) - 6);
      else if (here == InputKind::Equal)
        value = constant;
      result.row(row)[i] = static_cast<float>(value);
    }
  }
  return result;
}

reference::Tensor<float> verify::makeRoutes(int64_t rows, int64_t top, int64_t experts,
                                            RandomNumbers &random) {
  reference::Tensor<float> result(rows, 2 * top);
  for (int64_t row = 0; row < rows; ++row) {
    // Another number for each, as no expert is chosen twice.
    int64_t first = random.below(experts),
            step = 1 + random.below(std::max<int64_t>(1, experts / top));
    for (int64_t i = 0; i < top; ++i) {
      result.row(row)[i] = static_cast<float>((first + i * step) % experts);
      result.row(row)[top + i] = static_cast<float>(1 + random.below(1000)) / 1000;
    }
  }
  return result;
}
