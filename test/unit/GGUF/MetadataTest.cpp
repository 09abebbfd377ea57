//===- MetadataTest.cpp - GGUF metadata of every type ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFWriter.h"
#include "TestFiles.h"

#include <limits>

using namespace frit;
using namespace frit::test;

namespace {

class Metadata : public testing::Test {
protected:
  void SetUp() override {
    bytes = smallModel().build();
    Result<GGUFFile> result = readBytes(bytes);
    ASSERT_TRUE(result) << result.error();
    file = std::make_unique<GGUFFile>(*std::move(result));
  }
  /// Reads one value from a file that holds nothing else, under the key "k".
  const GGUFValue &only(GGUFWriter writer) {
    bytes = writer.build();
    Result<GGUFFile> result = readBytes(bytes);
    EXPECT_TRUE(result) << result.error();
    file = std::make_unique<GGUFFile>(*std::move(result));
    return *file->find("k");
  }

  std::string bytes;
  std::unique_ptr<GGUFFile> file;
};

} // namespace

TEST_F(Metadata, ScalarsOfEveryType) {
  EXPECT_EQ(*file->getString("general.architecture"), "llama");
  EXPECT_EQ(*file->getUInt("llama.block_count"), 2u);
  EXPECT_EQ(*file->getUInt("test.u8"), 200u);
  EXPECT_EQ(*file->getInt("test.i8"), -100);
  EXPECT_EQ(*file->getUInt("test.u16"), 60000u);
  EXPECT_EQ(*file->getInt("test.i16"), -30000);
  EXPECT_EQ(*file->getInt("test.i32"), -2000000000);
  EXPECT_EQ(*file->getUInt("test.u64"), 18446744073709551615u);
  EXPECT_EQ(*file->getInt("test.i64"), -9000000000000000000);
  EXPECT_EQ(*file->getFloat("test.f64"), 0.1);
  EXPECT_EQ(*file->getFloat("llama.attention.layer_norm_rms_epsilon"), 1e-5f);
  EXPECT_TRUE(*file->getBool("test.bool"));
}

TEST_F(Metadata, ArraysAreViewsIntoTheFile) {
  std::vector<std::string_view> tokens = *file->getStringArray("tokenizer.ggml.tokens");
  EXPECT_EQ(tokens, (std::vector<std::string_view>{"a", "", "\xc4\xa0hello"}));
  EXPECT_GE(tokens[2].data(), bytes.data());
  EXPECT_LT(tokens[2].data(), bytes.data() + bytes.size());
  EXPECT_EQ(*file->getFloatArray("tokenizer.ggml.scores"), (std::vector<double>{0.5, -1, 2}));
  EXPECT_EQ(*file->getUIntArray("tokenizer.ggml.token_type"), (std::vector<uint64_t>{1, 3, 1}));
  EXPECT_EQ(*file->getIntArray("tokenizer.ggml.token_type"), (std::vector<int64_t>{1, 3, 1}));
  EXPECT_EQ(*file->getBoolArray("test.bools"), (std::vector<bool>{false, true, true}));
}

TEST_F(Metadata, OrderOfTheFileAndLookUp) {
  ASSERT_EQ(file->metadata().size(), 16u);
  EXPECT_EQ(file->metadata().front().key, "general.architecture");
  EXPECT_EQ(file->metadata().back().key, "test.bools");
  EXPECT_EQ(file->find("test"), nullptr);
  EXPECT_EQ(file->find("zzz"), nullptr);
  ASSERT_NE(file->find("test.u8"), nullptr);
  EXPECT_EQ(file->find("test.u8")->type(), GGUFType::U8);
  EXPECT_EQ(file->find("test.bools")->typeName(), "array of bool");
  EXPECT_EQ(file->find("tokenizer.ggml.tokens")->size(), 3u);
}

TEST_F(Metadata, ViewsOutliveAMoveOfTheFile) {
  std::vector<std::string_view> tokens = *file->getStringArray("tokenizer.ggml.tokens");
  const GGUFTensor *tensor = file->findTensor("output_norm.weight");
  GGUFFile moved = std::move(*file);
  file.reset();
  EXPECT_EQ(tokens[0], "a");
  EXPECT_EQ(moved.findTensor("output_norm.weight"), tensor);
  EXPECT_EQ(moved.path(), "test.gguf");
}

TEST_F(Metadata, IntegersOfEveryWidthConvert) {
  for (auto &[name, value] : std::vector<std::pair<std::string, double>>{{"test.u8", 200},
                                                                         {"test.i8", -100},
                                                                         {"test.u16", 60000},
                                                                         {"test.i16", -30000},
                                                                         {"test.i32", -2e9},
                                                                         {"test.i64", -9e18},
                                                                         {"test.u64", 0x1p64}})
    EXPECT_EQ(*file->getFloat(name), value) << name;
  EXPECT_EQ(*file->getInt("test.u16"), 60000);
  EXPECT_EQ(*file->getInt("test.u8"), 200);
}

TEST_F(Metadata, MismatchesNameKeyExpectedAndFoundType) {
  auto at = [](std::string text) { return "test.gguf: metadata key " + text; };
  EXPECT_EQ(messageOf(file->getUInt("no.such")), at("'no.such' is missing"));
  EXPECT_EQ(messageOf(file->getStringArray("no.such")), at("'no.such' is missing"));
  EXPECT_EQ(messageOf(file->getUInt("test.i8")),
            at("'test.i8': expected an unsigned integer, found -100 (i8)"));
  EXPECT_EQ(messageOf(file->getUInt("test.f64")),
            at("'test.f64': expected an unsigned integer, found f64"));
  EXPECT_EQ(messageOf(file->getUInt("test.bool")),
            at("'test.bool': expected an unsigned integer, found bool"));
  EXPECT_EQ(messageOf(file->getInt("test.u64")),
            at("'test.u64': expected an integer below 2^63, found 18446744073709551615"));
  EXPECT_EQ(messageOf(file->getInt("general.architecture")),
            at("'general.architecture': expected an integer, found string"));
  EXPECT_EQ(messageOf(file->getFloat("general.architecture")),
            at("'general.architecture': expected a number, found string"));
  EXPECT_EQ(messageOf(file->getFloat("test.bool")),
            at("'test.bool': expected a number, found bool"));
  EXPECT_EQ(messageOf(file->getBool("test.u8")), at("'test.u8': expected a bool, found u8"));
  EXPECT_EQ(messageOf(file->getString("test.u8")), at("'test.u8': expected a string, found u8"));
  EXPECT_EQ(messageOf(file->getString("test.bools")),
            at("'test.bools': expected a string, found array of bool"));
  EXPECT_EQ(messageOf(file->getUIntArray("test.u8")),
            at("'test.u8': expected an array of unsigned integers, found u8"));
  EXPECT_EQ(messageOf(file->getUIntArray("tokenizer.ggml.tokens")),
            at("'tokenizer.ggml.tokens': expected an array of unsigned integers, found array of "
               "string"));
  EXPECT_EQ(messageOf(file->getIntArray("tokenizer.ggml.scores")),
            at("'tokenizer.ggml.scores': expected an array of integers, found array of f32"));
  EXPECT_EQ(messageOf(file->getFloatArray("test.bools")),
            at("'test.bools': expected an array of numbers, found array of bool"));
  EXPECT_EQ(messageOf(file->getBoolArray("tokenizer.ggml.scores")),
            at("'tokenizer.ggml.scores': expected an array of bools, found array of f32"));
  EXPECT_EQ(messageOf(file->getStringArray("tokenizer.ggml.scores")),
            at("'tokenizer.ggml.scores': expected an array of strings, found array of f32"));
}

TEST_F(Metadata, ArrayElementsOutOfRangeAreNamed) {
  only(GGUFWriter().array<int16_t>("k", typeI16, {1, 2, -3}));
  EXPECT_EQ(messageOf(file->getUIntArray("k")),
            "test.gguf: metadata key 'k': element 3 of 3: expected an unsigned integer, found -3 "
            "(i16)");
  EXPECT_EQ(*file->getIntArray("k"), (std::vector<int64_t>{1, 2, -3}));
  EXPECT_EQ(*file->getFloatArray("k"), (std::vector<double>{1, 2, -3}));
  only(GGUFWriter().array<uint64_t>("k", typeU64, {(uint64_t(1) << 63) - 1}));
  EXPECT_EQ(*file->getIntArray("k"), std::vector<int64_t>{9223372036854775807});
  only(GGUFWriter().array<uint64_t>("k", typeU64, {uint64_t(1) << 63}));
  EXPECT_EQ(messageOf(file->getIntArray("k")),
            "test.gguf: metadata key 'k': element 1 of 1: expected an integer below 2^63, found "
            "9223372036854775808");
}

TEST_F(Metadata, ArraysOfEveryNumberType) {
  EXPECT_EQ(*only(GGUFWriter().array<uint8_t>("k", typeU8, {0, 255})).asUIntArray(),
            (std::vector<uint64_t>{0, 255}));
  EXPECT_EQ(*only(GGUFWriter().array<int8_t>("k", typeI8, {-128, 127})).asIntArray(),
            (std::vector<int64_t>{-128, 127}));
  EXPECT_EQ(*only(GGUFWriter().array<uint16_t>("k", typeU16, {65535})).asUIntArray(),
            (std::vector<uint64_t>{65535}));
  EXPECT_EQ(*only(GGUFWriter().array<uint32_t>("k", typeU32, {4294967295u})).asUIntArray(),
            (std::vector<uint64_t>{4294967295u}));
  EXPECT_EQ(*only(GGUFWriter().array<int64_t>("k", typeI64, {-5, 5})).asIntArray(),
            (std::vector<int64_t>{-5, 5}));
  EXPECT_EQ(*only(GGUFWriter().array<double>("k", typeF64, {0.1, -0.0})).asFloatArray(),
            (std::vector<double>{0.1, -0.0}));
}

TEST_F(Metadata, AnEmptyArrayIsAnArrayOfAnything) {
  only(GGUFWriter().array<uint32_t>("k", typeU32, {}));
  EXPECT_TRUE(file->getStringArray("k")->empty());
  EXPECT_TRUE(file->getUIntArray("k")->empty());
  EXPECT_TRUE(file->find("k")->elements().empty());
}

TEST_F(Metadata, NestedArrays) {
  // [[1, 2], []] and [[["x"], ["yy", "z"]], []], followed by another key.
  ByteWriter numbers, strings;
  numbers.put(typeArray).put<uint64_t>(2);
  numbers.put(typeU16).put<uint64_t>(2).put<uint16_t>(1).put<uint16_t>(2);
  numbers.put(typeU16).put<uint64_t>(0);
  strings.put(typeArray).put<uint64_t>(2);
  strings.put(typeArray).put<uint64_t>(2);
  strings.put(typeString).put<uint64_t>(1).string("x");
  strings.put(typeString).put<uint64_t>(2).string("yy").string("z");
  strings.put(typeString).put<uint64_t>(0);
  only(GGUFWriter()
           .key("n", typeArray, numbers.bytes)
           .key("k", typeArray, strings.bytes)
           .u32("after", 7));

  std::vector<GGUFValue> rows = file->find("n")->elements();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].typeName(), "array of u16");
  EXPECT_EQ(*rows[0].asUIntArray(), (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(rows[1].asUIntArray()->empty());
  EXPECT_EQ(file->find("n")->typeName(), "array of array");
  EXPECT_EQ(messageOf(file->getUIntArray("n")), "test.gguf: metadata key 'n': expected an array of "
                                                "unsigned integers, found array of array");
  std::vector<GGUFValue> outer = file->find("k")->elements();
  ASSERT_EQ(outer.size(), 2u);
  std::vector<GGUFValue> inner = outer[0].elements();
  ASSERT_EQ(inner.size(), 2u);
  EXPECT_EQ(*inner[0].asStringArray(), (std::vector<std::string_view>{"x"}));
  EXPECT_EQ(*inner[1].asStringArray(), (std::vector<std::string_view>{"yy", "z"}));
  EXPECT_EQ(outer[1].size(), 0u);
  EXPECT_EQ(*file->getUInt("after"), 7u);
}

TEST_F(Metadata, ExtremesOfKeysAndFloats) {
  std::string longKey(65535, 'k');
  only(GGUFWriter()
           .u32(longKey, 1)
           .scalar<float>("k", typeF32, std::numeric_limits<float>::infinity())
           .scalar<float>("ernie4_5-moe.Weird~Key!", typeF32, 1)
           .string("empty", ""));
  EXPECT_EQ(*file->getUInt(longKey), 1u);
  EXPECT_EQ(*file->getFloat("k"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(*file->getString("empty"), "");
  EXPECT_EQ(*file->getFloat("ernie4_5-moe.Weird~Key!"), 1);
}

TEST_F(Metadata, EmptyFilesOfBothVersionsAreRead) {
  for (uint32_t version : {2u, 3u}) {
    GGUFWriter writer;
    writer.version = version;
    bytes = writer.build();
    EXPECT_EQ(bytes.size(), 24u);
    Result<GGUFFile> result = readBytes(bytes);
    ASSERT_TRUE(result) << result.error();
    EXPECT_TRUE(result->metadata().empty());
    EXPECT_TRUE(result->tensors().empty());
    EXPECT_EQ(result->parts()[0].version, version);
    EXPECT_EQ(result->parts()[0].alignment, 32u);
  }
}
