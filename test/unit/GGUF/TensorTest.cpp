//===- TensorTest.cpp - GGUF tensors, their types and their bytes ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFWriter.h"
#include "TestFiles.h"
#include "lib/Import/GGUF/GGMLTypes.h"

using namespace frit;
using namespace frit::test;

static constexpr Format allFormats[] = {
#define FRIT_FORMAT(Name, ...) Format::Name,
#include "frit/Formats/Formats.def"
};

TEST(Tensors, PlacesShapesAndBytes) {
  TestFiles files;
  std::string bytes = smallModel().build();
  Result<GGUFFile> file = GGUFFile::open(files.write("model.gguf", bytes));
  ASSERT_TRUE(file) << file.error();
  ASSERT_EQ(file->parts().size(), 1u);
  const GGUFPart &part = file->parts()[0];
  EXPECT_EQ(file->path(), files.path("model.gguf"));
  EXPECT_EQ(part.fileBytes, bytes.size());
  EXPECT_EQ(part.dataOffset % 32, 0u);

  ASSERT_EQ(file->tensors().size(), 3u);
  const GGUFTensor &embedding = file->tensors()[0];
  EXPECT_EQ(embedding.name, "token_embd.weight");
  EXPECT_EQ(embedding.rank, 2u);
  EXPECT_EQ(embedding.dims, (std::array<int64_t, 4>{4, 3, 1, 1}));
  EXPECT_EQ(embedding.elements(), 12);
  EXPECT_EQ(embedding.rows(), 3);
  EXPECT_EQ(embedding.format(), Format::F32);
  EXPECT_EQ(embedding.bytes, 48u);
  EXPECT_EQ(embedding.fileOffset, part.dataOffset);
  float values[12];
  std::memcpy(values, embedding.data, sizeof(values));
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[11], 11);

  const GGUFTensor *query = file->findTensor("blk.0.attn_q.weight");
  ASSERT_EQ(query, &file->tensors()[1]);
  EXPECT_EQ(query->format(), Format::Q4_0);
  EXPECT_EQ(query->bytes, 36u);
  EXPECT_EQ(query->fileOffset, part.dataOffset + 64);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(query->data) % 32, 0u);
  EXPECT_EQ(std::string(36, '\x5a'), std::string(query->data, query->data + 36));

  const GGUFTensor *norm = file->findTensor("output_norm.weight");
  ASSERT_EQ(norm, &file->tensors()[2]);
  EXPECT_EQ(norm->rank, 1u);
  EXPECT_EQ(norm->fileOffset + norm->bytes, bytes.size());
  EXPECT_EQ(file->findTensor("output_norm"), nullptr);
  EXPECT_TRUE(file->checkFormats());
}

TEST(Tensors, ADimensionMayBeZero) {
  GGUFWriter writer;
  writer.tensor("none", {0, 4294967296, 5}, ggmlF32, "").f32Tensor("one", {1}, {1});
  std::string bytes = writer.build();
  Result<GGUFFile> file = readBytes(bytes);
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->findTensor("none")->bytes, 0u);
  EXPECT_EQ(file->findTensor("none")->elements(), 0);
  EXPECT_EQ(file->findTensor("one")->bytes, 4u);
}

TEST(Tensors, AlignmentsOtherThanTheDefault) {
  for (uint32_t alignment : {8u, 16u, 64u, 4096u, 1u << 20}) {
    GGUFWriter writer;
    writer.alignment = alignment;
    writer.u32("general.alignment", alignment);
    writer.f32Tensor("a", {1}, {1}).f32Tensor("b", {1}, {2});
    std::string bytes = writer.build();
    Result<GGUFFile> file = readBytes(bytes);
    ASSERT_TRUE(file) << file.error();
    EXPECT_EQ(file->parts()[0].alignment, alignment);
    EXPECT_EQ(file->findTensor("b")->fileOffset, file->parts()[0].dataOffset + alignment);
    EXPECT_EQ(file->findTensor("b")->data[3], 0x40); // 2.0f
  }
}

TEST(Tensors, OrderGapsAndTrailingBytesAreFree) {
  GGUFWriter writer;
  writer.f32Tensor("second", {1}, {1}).f32Tensor("first", {1}, {2});
  writer.tensors[0].offset = 128;
  writer.tensors[1].offset = 0;
  std::string bytes = writer.build() + std::string(200, '\0');
  Result<GGUFFile> file = readBytes(bytes);
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->tensors()[0].name, "second");
  EXPECT_EQ(file->findTensor("second")->fileOffset - file->findTensor("first")->fileOffset, 128u);
}

TEST(Tensors, LongestNameAndFourDimensions) {
  GGUFWriter writer;
  writer.f32Tensor(std::string(64, 'n'), {1, 2, 1, 2}, {1, 2, 3, 4});
  writer.f32Tensor("a name \xc3\xa4", {1}, {5});
  std::string bytes = writer.build();
  Result<GGUFFile> file = readBytes(bytes);
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->tensors()[0].rank, 4u);
  EXPECT_EQ(file->tensors()[0].rows(), 4);
  EXPECT_EQ(file->tensors()[1].name, "a name \xc3\xa4");
}

TEST(Tensors, TypesFritCannotReadAreListedAllAtOnce) {
  GGUFWriter writer;
  std::string block110(110, 'x'), block66(66, 'x');
  writer.tensor("blk.0.ffn_down.weight", {256}, ggmlIQ3S, block110)
      .tensor("blk.0.ffn_up.weight", {256}, ggmlIQ2XXS, block66)
      .f32Tensor("norm", {1}, {1})
      .tensor("blk.1.ffn_down.weight", {256}, ggmlIQ3S, block110);
  std::string bytes = writer.build();
  Result<GGUFFile> file = readBytes(bytes);
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->tensors()[0].format(), std::nullopt);
  EXPECT_EQ(file->tensors()[0].bytes, 110u);
  EXPECT_EQ(messageOf(file->checkFormats()),
            "test.gguf: tensor types that frit cannot read yet: IQ2_XXS (1 tensor, "
            "blk.0.ffn_up.weight), IQ3_S (2 tensors, first blk.0.ffn_down.weight)");
}

TEST(Tensors, BlockSizesAgreeWithTheFormatsTable) {
  for (Format format : allFormats) {
    const FormatInfo &info = formatInfo(format);
    GGMLBlock block = ggmlBlock(info.ggufType).value_or(GGMLBlock{0, 0});
    EXPECT_EQ(block.elements, info.blockElements) << info.name;
    EXPECT_EQ(block.bytes, info.blockBytes) << info.name;
  }
}

TEST(Tensors, EveryTypeWithANameHasABlockSize) {
  int known = 0;
  for (uint32_t type = 0; type < 1000; ++type) {
    EXPECT_EQ(ggmlBlock(type).has_value(), !ggufTypeName(type).empty()) << type;
    known += ggmlBlock(type).has_value();
  }
  EXPECT_EQ(known, 35);
}
