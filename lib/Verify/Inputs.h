//===- Inputs.h - what phases are run on -----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_INPUTS_H
#define FRIT_LIB_VERIFY_INPUTS_H

#include "lib/Reference/Values.h"

#include <cstdint>
#include <string>
#include <vector>

namespace frit::verify {

/// Numbers that are the same on every machine (splitmix64; Steele, Lea and Flood 2014).
class RandomNumbers {
public:
  explicit RandomNumbers(uint64_t seed) : state(seed) {}

  uint64_t bits();
  /// 0 to `bound` - 1.
  int64_t below(int64_t bound) {
    return static_cast<int64_t>(bits() % static_cast<uint64_t>(bound));
  }
  /// Of the normal distribution with deviation 1 (Box and Muller 1958).
  double normal();

private:
  uint64_t state;
};

enum class InputKind {
  Normal,    ///< deviation 1
  Outliers,  ///< one channel a thousand times as large, as models have them
  Zeros,     ///< nothing at all
  Denormals, ///< below f32's normal range
  Wide,      ///< magnitudes from 1e-6 to 1e6
  Equal,     ///< all elements the same: ties of every maximum
  Mixed,     ///< rows of all of these in turn
};
inline constexpr InputKind inputKinds[] = {
    InputKind::Normal, InputKind::Outliers, InputKind::Zeros, InputKind::Denormals,
    InputKind::Wide,   InputKind::Equal,    InputKind::Mixed};
std::string inputKindName(InputKind kind);

/// Activations of one kind. `outlier` is how much larger the large channel is.
reference::Tensor<float> makeInput(InputKind kind, int64_t rows, int64_t columns,
                                   RandomNumbers &random, double outlier = 1000);

/// What graph.route gives: the numbers of `top` of the experts in each row, and their weights.
reference::Tensor<float> makeRoutes(int64_t rows, int64_t top, int64_t experts,
                                    RandomNumbers &random);

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_INPUTS_H
