//===- SafetensorsTest.cpp - headers of safetensors files, whole and broken ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/Safetensors.h"
#include "TestFiles.h"
#include <gtest/gtest.h>

using namespace frit;
using namespace frit::test;
using llvm::StringRef;

static Result<std::vector<SafetensorsTensor>> read(StringRef file) {
  // A copy of exactly this size, so that AddressSanitizer sees a byte read beyond it.
  std::vector<uint8_t> bytes(file.begin(), file.end());
  return readSafetensors(bytes.data(), bytes.size());
}

static std::string errorOf(StringRef file) {
  auto tensors = read(file);
  return tensors ? "no error" : tensors.error();
}

/// Of a file with this header and `dataBytes` bytes behind it.
static std::string errorOfHeader(StringRef header, size_t dataBytes = 0) {
  return errorOf(safetensors(header, std::string(dataBytes, '\0')));
}

/// Of a file whose only tensor "t" has these fields.
static std::string errorOfTensor(StringRef fields, size_t dataBytes = 16) {
  return errorOfHeader(("{\"t\": {" + fields + "}}").str(), dataBytes);
}

TEST(Safetensors, Reads) {
  auto tensors = read(safetensors(
      R"({"__metadata__": {"format": "pt"},
          "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [8, 20]},
          "scalar": {"dtype": "F32", "shape": [], "data_offsets": [20, 24]},
          "empty": {"dtype": "F32", "shape": [0, 4], "data_offsets": [8, 8]},
          "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})",
      std::string(24, 'x')));
  ASSERT_TRUE(tensors) << tensors.error();
  ASSERT_EQ(tensors->size(), 4u);
  std::string names;
  for (const SafetensorsTensor &tensor : *tensors)
    names += tensor.name + " ";
  EXPECT_EQ(names, "a empty b scalar ");
  const SafetensorsTensor &b = (*tensors)[2];
  EXPECT_EQ(b.type, "BF16");
  EXPECT_EQ(llvm::ArrayRef(b.shape), llvm::ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(b.bytes, 12u);
  EXPECT_EQ((b.offset - 8) % 4, (*tensors)[0].offset % 4);
  EXPECT_EQ(b.offset, (*tensors)[0].offset + 8);
}

TEST(Safetensors, NoTensors) { EXPECT_EQ(errorOfHeader("{}"), "no error"); }

TEST(Safetensors, HeaderLength) {
  EXPECT_EQ(errorOf(""),
            "expected the 8 bytes of a safetensors header's length, found a file of 0 bytes");
  EXPECT_EQ(errorOf("1234567"),
            "expected the 8 bytes of a safetensors header's length, found a file of 7 bytes");
  EXPECT_EQ(errorOf(std::string(8, '\xFF') + "{}"),
            "expected a header of at most 100000000 bytes, found 18446744073709551615; is it a "
            "safetensors file?");
  EXPECT_EQ(errorOf(std::string("\x03\0\0\0\0\0\0\0{}", 10)),
            "expected a header of 3 bytes, found the end of the file at byte 10; is the file "
            "complete?");
  EXPECT_EQ(errorOf(std::string(8, '\0')), "expected a header that begins with '{'");
}

TEST(Safetensors, HeaderIsNoJSON) {
  EXPECT_EQ(errorOfHeader(" {}"), "expected a header that begins with '{'");
  EXPECT_EQ(errorOfHeader("[]"), "expected a header that begins with '{'");
  EXPECT_EQ(errorOfHeader("{").substr(0, 8), "header: ");
  EXPECT_EQ(errorOfHeader("{} x").substr(0, 8), "header: ");
  EXPECT_EQ(errorOfHeader("{\"\xFF\": 1}").substr(0, 8), "header: ");
  EXPECT_EQ(errorOfHeader("{\"t\": 1, \"\\u0074\": 2}"),
            "header: expected key 't' once, found it twice");
  for (const char *metadata : {"1", "[]", "{\"a\": 1}", "{\"a\": null}"})
    EXPECT_EQ(errorOfHeader((llvm::Twine("{\"__metadata__\": ") + metadata + "}").str()),
              "__metadata__: expected an object that holds texts");
  EXPECT_EQ(errorOfHeader("{\"__metadata__\": {\"a\": \"b\"}}"), "no error");
  std::string deep = "{\"t\": " + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_EQ(errorOfHeader(deep), "header: expected at most 32 levels of nesting");
  std::string many = "{\"t\": [{}";
  for (int i = 0; i < 100'000; ++i)
    many += ",{}";
  EXPECT_EQ(errorOfHeader(many + "]}"), "header: expected at most 100000 objects");
}

TEST(Safetensors, Tensors) {
  EXPECT_EQ(errorOfHeader("{\"t\": 1}"), "tensor t: expected an object");
  EXPECT_EQ(errorOfTensor(R"("shape": [4], "data_offsets": [0, 16])"),
            "tensor t: expected a text as dtype");
  EXPECT_EQ(errorOfTensor(R"("dtype": "F31", "shape": [4], "data_offsets": [0, 16])"),
            "tensor t: expected a known dtype, found 'F31'");
  EXPECT_EQ(errorOfTensor(R"("dtype": "F32", "data_offsets": [0, 16])"),
            "tensor t: expected a list as shape");
  for (const char *shape : {"[-4]", "[4.5]", "[\"4\"]", "[1e300]", "[null]"})
    EXPECT_EQ(
        errorOfTensor(
            (StringRef(R"("dtype": "F32", "data_offsets": [0, 16], "shape": )") + shape).str()),
        "tensor t: expected whole numbers of 0 or more in shape")
        << shape;
  EXPECT_EQ(errorOfTensor(
                R"("dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 16])"),
            "tensor t: expected a shape of fewer than 2^64 elements");
  EXPECT_EQ(
      errorOfTensor(R"("dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 0])"),
      "tensor t: expected a shape whose elements fill whole bytes");
  EXPECT_EQ(errorOfTensor(R"("dtype": "F4", "shape": [3], "data_offsets": [0, 16])"),
            "tensor t: expected a shape whose elements fill whole bytes");
  for (const char *offsets : {"[0]", "[0, 16, 16]", "[16, 0]", "[-1, 16]", "16", "[0, \"16\"]"})
    EXPECT_EQ(errorOfTensor(
                  (StringRef(R"("dtype": "F32", "shape": [4], "data_offsets": )") + offsets).str()),
              "tensor t: expected begin and end as data_offsets")
        << offsets;
  EXPECT_EQ(errorOfTensor(R"("dtype": "F32", "shape": [4], "data_offsets": [0, 12])"),
            "tensor t: expected 16 bytes for its shape and dtype, found data_offsets of 12");
  EXPECT_EQ(
      errorOfTensor(R"("dtype": "F32", "shape": [4], "data_offsets": [0, 16])", 15),
      "tensor t: expected data that ends at byte 15 or before, where the file does, found 16");
}

TEST(Safetensors, NamesThatATerminalWouldObey) {
  EXPECT_EQ(errorOfHeader(R"({"a\u001b[31m\nb": 1})"), "tensor a\\1B[31m\\0Ab: expected an object");
  EXPECT_EQ(errorOfTensor(R"("dtype": "\u0007")"),
            "tensor t: expected a known dtype, found '\\07'");
}

TEST(Safetensors, DataHasNoHoles) {
  StringRef two = R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
                      "b": {"dtype": "U8", "shape": [4], "data_offsets": [%, #]}})";
  auto withB = [&](const char *begin, const char *end, size_t dataBytes) {
    std::string text = two.str();
    text.replace(text.find('%'), 1, begin);
    text.replace(text.find('#'), 1, end);
    return errorOfHeader(text, dataBytes);
  };
  EXPECT_EQ(withB("4", "8", 8), "no error");
  EXPECT_EQ(withB("5", "9", 9),
            "tensor b: expected its data at byte 4, behind that of the tensor before, found 5");
  EXPECT_EQ(withB("3", "7", 8),
            "tensor b: expected its data at byte 4, behind that of the tensor before, found 3");
  EXPECT_EQ(withB("0", "4", 8),
            "tensor b: expected its data at byte 4, behind that of the tensor before, found 0");
  EXPECT_EQ(withB("4", "8", 9),
            "expected the data to end at byte 8, with the last tensor, found 9 bytes; is the file "
            "complete?");
}

TEST(Safetensors, CutAnywhere) {
  std::string whole = safetensors(
      R"({"a": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}})", std::string(256, 'x'));
  ASSERT_EQ(errorOf(whole), "no error");
  for (size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_NE(errorOf(StringRef(whole).take_front(bytes)), "no error") << bytes;
}
