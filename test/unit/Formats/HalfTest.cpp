//===- HalfTest.cpp - float16 conversion against numpy --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestData.h"
#include "frit/Formats/Formats.h"

#include <bit>
#include <cmath>

using namespace frit;
using frit::test::TestData;

TEST(Half, WidensEveryValueAsNumpy) {
  TestData data("half-widen.bin");
  std::vector<float> expected = data.read<float>(0x10000);
  EXPECT_TRUE(data.atEnd());
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(expected[bits]))
      EXPECT_TRUE(std::isnan(value)) << std::hex << bits;
    else
      EXPECT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(expected[bits]))
          << std::hex << bits;
  }
}

TEST(Half, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    float value = halfToFloat(half);
    if (std::isnan(value)) {
      uint16_t back = floatToHalf(value);
      EXPECT_TRUE((back & 0x7c00) == 0x7c00 && (back & 0x3ff) != 0) << std::hex << bits;
    } else {
      EXPECT_EQ(floatToHalf(value), half) << std::hex << bits;
    }
  }
}

TEST(Half, RoundsAsNumpy) {
  TestData data("half-round.bin");
  size_t count = data.read<uint64_t>(1)[0];
  std::vector<uint32_t> values = data.read<uint32_t>(count);
  std::vector<uint16_t> expected = data.read<uint16_t>(count);
  EXPECT_TRUE(data.atEnd());
  ASSERT_GT(count, 10000u);
  for (size_t i = 0; i < count; ++i) {
    float value = std::bit_cast<float>(values[i]);
    uint16_t half = floatToHalf(value);
    if (std::isnan(value))
      EXPECT_TRUE((half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0 &&
                  (half & 0x8000) == (expected[i] & 0x8000))
          << std::hex << values[i];
    else
      EXPECT_EQ(half, expected[i]) << std::hex << values[i];
  }
}
