//===- DequantizeTest.cpp - every weight format, bit for bit --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values: make_dequantize_data.py, the numpy dequantizer of the package gguf.
//
//===----------------------------------------------------------------------===//

#include "TestData.h"
#include "frit/Formats/Formats.h"

#include <bit>
#include <cmath>

using namespace frit;
using frit::test::TestData;

namespace {

constexpr Format allFormats[] = {
#define FRIT_FORMAT(Name, ...) Format::Name,
#include "frit/Formats/Formats.def"
};

std::vector<Format> formatsWithCodes() {
  std::vector<Format> formats;
  for (Format format : allFormats)
    if (!formatInfo(format).isFloat())
      formats.push_back(format);
  return formats;
}

std::string nameOf(const testing::TestParamInfo<Format> &test) {
  return std::string(formatInfo(test.param).name);
}

class Dequantize : public testing::TestWithParam<Format> {};
class Unpack : public testing::TestWithParam<Format> {};

} // namespace

TEST_P(Dequantize, EqualsTheReferenceBitForBit) {
  const FormatInfo &info = formatInfo(GetParam());
  TestData data("dequantize-" + std::string(info.name) + ".bin");
  std::vector<uint64_t> header = data.read<uint64_t>(2);
  std::vector<uint8_t> blocks = data.read<uint8_t>(header[1]);
  std::vector<float> expected = data.read<float>(header[0]);
  EXPECT_TRUE(data.atEnd());
  ASSERT_GE(expected.size(), 1024u);
  ASSERT_EQ(info.rowBytes(static_cast<int64_t>(expected.size())),
            static_cast<int64_t>(blocks.size()));

  std::vector<float> values(expected.size());
  dequantizeRow(GetParam(), blocks.data(), static_cast<int64_t>(values.size()), values.data());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(values[i])) << "value " << i;
    else
      EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(expected[i]))
          << "value " << i << ": " << values[i] << ", expected " << expected[i];
  }
}

/// The codes of a block and the formula in Formats.def give the same value as dequantizeRow.
TEST_P(Unpack, CodesObeyTheFormulaOfTheTable) {
  const FormatInfo &info = formatInfo(GetParam());
  TestData data("dequantize-" + std::string(info.name) + ".bin");
  std::vector<uint64_t> header = data.read<uint64_t>(2);
  std::vector<uint8_t> blocks = data.read<uint8_t>(header[1]);
  std::vector<float> expected = data.read<float>(header[0]);
  for (size_t block = 0; block < blocks.size() / info.blockBytes; ++block) {
    QuantBlock unpacked;
    unpackBlock(GetParam(), blocks.data() + block * info.blockBytes, unpacked);
    for (int64_t i = 0; i < info.blockElements; ++i) {
      ASSERT_LT(unpacked.codes[i], 1u << info.codeBits);
      int level = info.levels ? info.levels[unpacked.codes[i]] : unpacked.codes[i];
      ASSERT_LE(level, info.maxLevel());
      int64_t sub = i / info.subElements;
      float value = unpacked.subScale(info, sub) * static_cast<float>(level - info.zero);
      if (info.hasMin)
        value += unpacked.subMin(sub);
      float want = expected[block * info.blockElements + i];
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(value));
      else
        EXPECT_EQ(value, want) << "block " << block << ", value " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllFormats, Dequantize, testing::ValuesIn(allFormats), nameOf);
INSTANTIATE_TEST_SUITE_P(Quantized, Unpack, testing::ValuesIn(formatsWithCodes()), nameOf);

TEST(Formats, TableIsFoundByNameAndByNumber) {
  for (Format format : allFormats) {
    const FormatInfo &info = formatInfo(format);
    EXPECT_EQ(info.format, format);
    EXPECT_EQ(formatByName(info.name), format);
    EXPECT_EQ(formatByGGUFType(info.ggufType), format);
  }
  EXPECT_EQ(formatByName("q9_9"), std::nullopt);
  EXPECT_EQ(formatByGGUFType(14), Format::Q6_K);
  EXPECT_EQ(formatByGGUFType(16), std::nullopt);
  EXPECT_EQ(ggufTypeName(14), "Q6_K");
  EXPECT_EQ(ggufTypeName(4), "");
  EXPECT_EQ(ggufTypeName(~0u), "");
}
