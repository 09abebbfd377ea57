//===- QuantizeTest.cpp - what convert writes, bit for bit ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values: make_dequantize_data.py, the numpy quantizer of the package gguf.
//
//===----------------------------------------------------------------------===//

#include "TestData.h"
#include "frit/Formats/Formats.h"

#include <cmath>
#include <limits>

using namespace frit;
using frit::test::TestData;

class Quantize : public testing::TestWithParam<Format> {};

TEST_P(Quantize, EqualsTheReferenceBitForBit) {
  const FormatInfo &info = formatInfo(GetParam());
  TestData data("quantize-" + std::string(info.name) + ".bin");
  auto elements = data.read<uint64_t>(1)[0];
  ASSERT_GE(elements, 2048u);
  std::vector<float> values = data.read<float>(elements);
  std::vector<uint8_t> expected =
      data.read<uint8_t>(static_cast<size_t>(info.rowBytes(static_cast<int64_t>(elements))));
  EXPECT_TRUE(data.atEnd());
  std::vector<uint8_t> found(expected.size());
  quantizeRow(GetParam(), values.data(), static_cast<int64_t>(elements), found.data());
  EXPECT_EQ(found, expected);
}

INSTANTIATE_TEST_SUITE_P(Formats, Quantize,
                         testing::Values(Format::F16, Format::BF16, Format::Q8_0, Format::Q4_0),
                         [](const auto &test) { return std::string(formatInfo(test.param).name); });

TEST(QuantizeFormats, Supported) {
  std::string names;
#define FRIT_FORMAT(Name, keyword, ...) names += canQuantize(Format::Name) ? keyword " " : "";
#include "frit/Formats/Formats.def"
  EXPECT_EQ(names, "f32 f16 bf16 q4_0 q8_0 ");
}

TEST(QuantizeFormats, Float) {
  float values[] = {1.5F, -0.0F, std::numeric_limits<float>::quiet_NaN()};
  uint8_t out[sizeof(values)];
  quantizeRow(Format::F32, values, 3, out);
  float same[3];
  std::memcpy(same, out, sizeof(same));
  EXPECT_EQ(same[0], 1.5F);
  EXPECT_TRUE(same[1] == 0 && std::signbit(same[1]));
  EXPECT_TRUE(std::isnan(same[2]));
  uint16_t bfloats[3];
  quantizeRow(Format::BF16, values, 3, reinterpret_cast<uint8_t *>(bfloats));
  EXPECT_EQ(bfloats[0], 0x3FC0);
  EXPECT_EQ(bfloats[1], 0x8000);
  EXPECT_NE(bfloatToFloat(bfloats[2]), bfloatToFloat(bfloats[2]));
}
