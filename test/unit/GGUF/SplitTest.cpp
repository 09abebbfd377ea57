//===- SplitTest.cpp - GGUF models split over several files ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFWriter.h"
#include "TestFiles.h"

using namespace frit;
using namespace frit::test;

namespace {

class Split : public testing::Test {
protected:
  void SetUp() override {
    for (uint16_t i = 0; i < 3; ++i) {
      if (i == 0)
        writers[i].string("general.architecture", "llama");
      describe(writers[i], i, 3, 4);
    }
    // As llama.cpp's gguf-split writes it: a part may have no tensors at all.
    writers[1].f32Tensor("a", {1}, {1}).f32Tensor("b", {1}, {2});
    writers[2].f32Tensor("c", {1}, {3}).f32Tensor("d", {1}, {4});
  }
  static void describe(GGUFWriter &writer, uint16_t no, uint16_t count, int32_t tensors) {
    writer.scalar<uint16_t>("split.no", typeU16, no)
        .scalar<uint16_t>("split.count", typeU16, count)
        .scalar<int32_t>("split.tensors.count", typeI32, tensors);
  }
  static std::string name(int part) { return "m-0000" + std::to_string(part) + "-of-00003.gguf"; }
  std::string path(int part) { return files.path(name(part)); }
  void writeAll() {
    for (int i = 0; i < 3; ++i)
      files.write(name(i + 1), writers[i].build());
  }
  std::string openMessage(int part) { return messageOf(GGUFFile::open(path(part))); }

  TestFiles files;
  GGUFWriter writers[3];
};

} // namespace

TEST_F(Split, AnyPartOpensAll) {
  writeAll();
  for (int part = 1; part <= 3; ++part) {
    Result<GGUFFile> file = GGUFFile::open(path(part));
    ASSERT_TRUE(file) << file.error();
    EXPECT_EQ(file->path(), path(1));
    EXPECT_EQ(*file->getString("general.architecture"), "llama");
    ASSERT_EQ(file->parts().size(), 3u);
    EXPECT_EQ(file->parts()[2].path, path(3));
    ASSERT_EQ(file->tensors().size(), 4u);
    EXPECT_EQ(file->tensors()[0].name, "a");
    EXPECT_EQ(file->findTensor("b")->part, 1u);
    EXPECT_EQ(file->findTensor("d")->part, 2u);
    float value;
    std::memcpy(&value, file->findTensor("d")->data, sizeof(value));
    EXPECT_EQ(value, 4);
    EXPECT_EQ(file->findTensor("d")->fileOffset, file->parts()[2].dataOffset + 32);
  }
}

TEST_F(Split, AMissingPartIsNamed) {
  writeAll();
  std::filesystem::remove(path(2));
  EXPECT_EQ(openMessage(1),
            "part 2 of 3: " + path(2) + ": cannot open the file: No such file or directory");
  EXPECT_EQ(openMessage(3), openMessage(1));
}

TEST_F(Split, ABadPartIsNamed) {
  writeAll();
  files.write(name(3), "GGUF");
  EXPECT_EQ(openMessage(1),
            "part 3 of 3: " + path(3) + ": the file ends after 4 bytes, inside the header");
}

TEST_F(Split, ADoubledPartIsNamed) {
  writeAll();
  files.write(name(3), writers[1].build());
  EXPECT_EQ(openMessage(1),
            path(3) + ": metadata key 'split.no': expected 2 for part 3 of 3, found 1");
  EXPECT_EQ(openMessage(2), openMessage(1));
  EXPECT_EQ(openMessage(3), openMessage(1));
}

TEST_F(Split, AWrongCountIsNamed) {
  GGUFWriter other;
  describe(other, 1, 4, 4);
  writers[1] = other;
  writeAll();
  EXPECT_EQ(openMessage(1),
            path(2) + ": metadata key 'split.count': expected 3 for part 2 of 3, found 4");
  EXPECT_EQ(openMessage(2), openMessage(1));
}

TEST_F(Split, APartOfAnotherModelIsNamed) {
  GGUFWriter other;
  describe(other, 2, 3, 7);
  writers[2] = other;
  writeAll();
  EXPECT_EQ(openMessage(1), path(3) + ": metadata key 'split.tensors.count': expected 4 as in " +
                                path(1) + ", found 7");
}

TEST_F(Split, AWholeModelAmongThePartsIsNamed) {
  writers[1] = smallModel();
  writeAll();
  EXPECT_EQ(openMessage(1), path(2) + ": metadata key 'split.count' is missing");
}

TEST_F(Split, APartWithoutATensorCountIsNamed) {
  for (int part = 0; part < 3; ++part) {
    GGUFWriter other;
    other.scalar<uint16_t>("split.no", typeU16, part).scalar<uint16_t>("split.count", typeU16, 3);
    writeAll();
    files.write(name(part + 1), other.build());
    EXPECT_EQ(openMessage(2), path(part + 1) + ": metadata key 'split.tensors.count' is missing");
  }
}

TEST_F(Split, AMissingTensorIsNoticed) {
  writers[2].tensors.pop_back();
  writeAll();
  EXPECT_EQ(openMessage(2), path(1) + ": metadata key 'split.tensors.count' is 4, but the 3 parts "
                                      "hold 3 tensors");
}

TEST_F(Split, ATensorInTwoPartsIsNamed) {
  writers[2].tensors[1].name = "a";
  writeAll();
  EXPECT_EQ(openMessage(1), path(3) + ": tensor 'a' is also in " + path(2));
}

TEST_F(Split, APartUnderAnotherNameIsRefused) {
  std::string bytes = writers[1].build();
  for (const char *name : {"renamed.gguf", "-00001-of-00003.gguf.gguf", "m-00000-of-00003.gguf",
                           "m-00004-of-00003.gguf", "m-0001-of-00003.gguf"}) {
    std::string path = files.write(name, bytes);
    EXPECT_EQ(messageOf(GGUFFile::open(path)),
              path + ": is one of 3 parts of a model, but its name does not end in "
                     "-<part>-of-<parts>.gguf (five digits each), so that the others cannot be "
                     "found");
  }
  EXPECT_EQ(messageOf(readBytes(bytes)),
            "test.gguf: is one of 3 parts of a model, which are read from files only");
}

TEST_F(Split, ShortAndRelativeNames) {
  std::string bytes = writers[1].build();
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::path(files.write("m", bytes)).parent_path());
  files.write("-00002-of-00003.gguf", bytes);
  GGUFWriter nine;
  describe(nine, 0, 9, 0);
  files.write("x-00001-of-00009.gguf", nine.build());
  writeAll();
  EXPECT_TRUE(messageOf(GGUFFile::open("m")).starts_with("m: is one of 3 parts of a model, but"));
  EXPECT_TRUE(messageOf(GGUFFile::open("-00002-of-00003.gguf")).find("does not end in") !=
              std::string::npos);
  EXPECT_EQ(messageOf(GGUFFile::open("x-00001-of-00009.gguf")),
            "part 2 of 9: x-00002-of-00009.gguf: cannot open the file: No such file or directory");
  EXPECT_EQ(messageOf(GGUFFile::open(name(2))), "success");
  std::filesystem::current_path(before);
}

TEST_F(Split, BadSplitKeys) {
  GGUFWriter zero, negative, text;
  zero.scalar<uint16_t>("split.count", typeU16, 0);
  negative.scalar<int32_t>("split.count", typeI32, -1);
  text.string("split.count", "3");
  auto message = [&](const GGUFWriter &writer) { return messageOf(readBytes(writer.build())); };
  std::string path = files.write("negative.gguf", negative.build());
  EXPECT_EQ(messageOf(GGUFFile::open(path)), path + ": metadata key 'split.count': expected an "
                                                    "unsigned integer, found -1 (i32)");
  EXPECT_EQ(message(zero), "test.gguf: metadata key 'split.count': expected at least 1, found 0");
  EXPECT_EQ(message(negative), "test.gguf: metadata key 'split.count': expected an unsigned "
                               "integer, found -1 (i32)");
  EXPECT_EQ(message(text), "test.gguf: metadata key 'split.count': expected an unsigned integer, "
                           "found string");
}

TEST_F(Split, ASinglePartIsAWholeModel) {
  GGUFWriter writer = smallModel();
  describe(writer, 0, 1, 3);
  Result<GGUFFile> file = readBytes(writer.build());
  ASSERT_TRUE(file) << file.error();
}
