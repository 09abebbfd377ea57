//===- BundleTest.cpp - bundles are read as written, or refused -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeBundle.h"
#include "lib/Bundle/BundleWriter.h"
#include "lib/Runtime/BundleReader.h"
#include "lib/Runtime/Model.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <sys/stat.h>

using namespace frit;
using namespace frit::test;

namespace {
class BundleTest : public testing::Test {
protected:
  /// Why a file of these bytes is refused; "accepted" if it is not.
  std::string refusal(const std::string &bytes) {
    writeBytes(path, bytes);
    return refusal();
  }

  std::string refusal() {
    auto reader = BundleReader::open(path);
    if (reader)
      return "accepted";
    EXPECT_TRUE(reader.error().starts_with(path + ": ")) << reader.error();
    return reader.error().substr(std::min(path.size() + 2, reader.error().size()));
  }

  TemporaryDirectory directory;
  std::string path = directory.file("a.frit");
};

/// A bundle whose header and table a test changes; hashes of the table are made to fit.
struct Crafted {
  explicit Crafted(std::string source) : bytes(std::move(source)) {
    std::memcpy(&header, bytes.data(), sizeof(header));
    sections.resize(header.sectionCount);
    std::memcpy(sections.data(), bytes.data() + header.tableOffset,
                sections.size() * sizeof(BundleSection));
  }

  /// The file with the table at its old place.
  std::string withTable() const {
    std::string out = bytes.substr(0, header.tableOffset);
    out.append(reinterpret_cast<const char *>(sections.data()),
               sections.size() * sizeof(BundleSection));
    return out;
  }

  std::string finish() {
    std::string out = withTable();
    header.sectionCount = static_cast<uint32_t>(sections.size());
    header.fileBytes = out.size();
    header.tableHash = XXH3_64bits(sections.data(), sections.size() * sizeof(BundleSection));
    std::memcpy(out.data(), &header, sizeof(header));
    return out;
  }

  std::string bytes;
  BundleHeader header;
  std::vector<BundleSection> sections;
};

std::string tinyBundle() { return readBytes(FRIT_TEST_DIR "/data/tiny.frit"); }

std::string tinyPacks() {
  std::string packs(5000, '\0');
  for (size_t i = 0; i < packs.size(); ++i)
    packs[i] = static_cast<char>(i * i % 251);
  return packs;
}

std::string text(std::optional<std::span<const uint8_t>> section) {
  if (!section) {
    ADD_FAILURE() << "no such section";
    return {};
  }
  return {reinterpret_cast<const char *>(section->data()), section->size()};
}
} // namespace

//===----------------------------------------------------------------------===//
// What is written and read
//===----------------------------------------------------------------------===//

/// Byte for byte what struct and xxhash of Python put together.
TEST_F(BundleTest, WriterFollowsTheFormat) {
  for (size_t piece : {1UL, 64UL, 4999UL, 5000UL}) {
    auto writer = BundleWriter::create(path);
    ASSERT_TRUE(writer) << writer.error();
    ASSERT_TRUE(writer->addSection(BundleSectionKind::Manifest, "{\"abi\": 1}\n"));
    ASSERT_TRUE(writer->addSection(BundleSectionKind::Code, "no code"));
    ASSERT_TRUE(writer->beginSection(BundleSectionKind::Packs));
    std::string packs = tinyPacks();
    for (size_t i = 0; i < packs.size(); i += piece) {
      EXPECT_EQ(writer->sectionBytes(), i);
      ASSERT_TRUE(writer->write(packs.data() + i, std::min(piece, packs.size() - i)));
    }
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(readBytes(path), tinyBundle());
  }
}

TEST_F(BundleTest, ReaderGivesTheSections) {
  auto reader = BundleReader::open(FRIT_TEST_DIR "/data/tiny.frit");
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ(text(reader->section(BundleSectionKind::Manifest)), "{\"abi\": 1}\n");
  EXPECT_EQ(text(reader->section(BundleSectionKind::Code)), "no code");
  EXPECT_EQ(text(reader->section(BundleSectionKind::Packs)), tinyPacks());
  EXPECT_FALSE(reader->section(BundleSectionKind::Tokenizer));
  EXPECT_EQ(reader->fileBytes(), tinyBundle().size());
  EXPECT_TRUE(looksLikeBundle(FRIT_TEST_DIR "/data/tiny.frit"));
  EXPECT_FALSE(looksLikeBundle(FRIT_TEST_DIR "/data/sampler.txt"));
  EXPECT_FALSE(looksLikeBundle(FRIT_TEST_DIR "/data"));
  EXPECT_FALSE(looksLikeBundle(FRIT_TEST_DIR "/data/none"));
}

/// Sections larger than the writer's buffer, in pieces around its size.
TEST_F(BundleTest, LargeSections) {
  std::string content(5'000'011, '\0');
  for (size_t i = 0; i < content.size(); ++i)
    content[i] = static_cast<char>(i * 2654435761U >> 24);
  for (size_t piece : {(1UL << 20) - 1, 1UL << 20, (1UL << 20) + 1, 3'000'000UL}) {
    auto writer = BundleWriter::create(path);
    ASSERT_TRUE(writer) << writer.error();
    ASSERT_TRUE(writer->addSection(BundleSectionKind::Manifest, "m"));
    ASSERT_TRUE(writer->addSection(BundleSectionKind::Code, "c"));
    ASSERT_TRUE(writer->beginSection(BundleSectionKind::Packs));
    for (size_t i = 0; i < content.size(); i += piece)
      ASSERT_TRUE(writer->write(content.data() + i, std::min(piece, content.size() - i)));
    ASSERT_TRUE(writer->padTo(4096));
    EXPECT_EQ(writer->sectionBytes(), (content.size() + 4095) / 4096 * 4096);
    ASSERT_TRUE(writer->padTo(4096));
    ASSERT_TRUE(writer->write("end", 3));
    ASSERT_TRUE(writer->commit());
    auto reader = BundleReader::open(path);
    ASSERT_TRUE(reader) << reader.error();
    std::string expected = content;
    expected.resize((content.size() + 4095) / 4096 * 4096);
    EXPECT_TRUE(text(reader->section(BundleSectionKind::Packs)) == expected + "end");
  }
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

/// One flipped bit, anywhere: refused, naming what it hit.
TEST_F(BundleTest, EveryFlippedByteIsFound) {
  std::string good = tinyBundle();
  BundleHeader header;
  std::memcpy(&header, good.data(), sizeof(header));
  size_t codeAt = 2 * 4096, packsAt = 3 * 4096, packsEnd = packsAt + 5000;
  writeBytes(path, good);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  auto put = [&](size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte).flush();
    ASSERT_TRUE(file);
  };
  for (size_t at = 0; at < good.size(); ++at) {
    put(at, static_cast<char>(good[at] ^ (1 << at % 8)));
    std::string message = refusal();
    put(at, good[at]);
    std::string expected = "damaged bundle: ";
    if (at < 8)
      expected = "not a frit bundle";
    else if (at < 12)
      expected = "bundle of version ";
    else if (at < 16)
      expected += "header counts ";
    else if (at < 24)
      expected += "section table of 96 bytes at ";
    else if (at < 32)
      expected += "the file has 17440 bytes, expected ";
    else if (at < 40 || at >= header.tableOffset)
      expected += "section table does not have the hash the header says";
    else if (at < 64)
      expected += "header has bytes that should be zero";
    else if (at < 4096)
      expected += "bytes before section manifest should be zero";
    else if (at < 4096 + 11)
      expected += "section manifest does not have the hash the table says";
    else if (at < codeAt)
      expected += "bytes before section code should be zero";
    else if (at < codeAt + 7)
      expected += "section code does not have the hash the table says";
    else if (at < packsAt)
      expected += "bytes before section packs should be zero";
    else if (at < packsEnd)
      expected += "section packs does not have the hash the table says";
    else
      expected += "bytes before the section table should be zero";
    // A wrong number of sections shows at the table's place first.
    if (at >= 12 && at < 16 && message.find("section table of ") != std::string::npos)
      continue;
    ASSERT_TRUE(message.starts_with(expected)) << "byte " << at << ": " << message;
  }
}

TEST_F(BundleTest, EveryTruncationIsFound) {
  FakeBundle bundle;
  bundle.write(path);
  std::string good = readBytes(path);
  ASSERT_EQ(refusal(good), "accepted");
  std::vector<size_t> lengths;
  for (size_t length = 0; length < good.size(); length += 1024)
    lengths.push_back(length);
  for (size_t length : {1UL, 7UL, 8UL, 9UL, 63UL, 64UL, 65UL, good.size() - 32, good.size() - 1})
    lengths.push_back(length);
  for (size_t length : lengths) {
    std::string message = refusal(good.substr(0, length));
    if (length < 8)
      EXPECT_EQ(message, "not a frit bundle");
    else if (length < 64)
      EXPECT_EQ(message, "damaged bundle: the file ends in its header, after " +
                             std::to_string(length) + " bytes");
    else
      EXPECT_EQ(message, "damaged bundle: the file has " + std::to_string(length) +
                             " bytes, expected " + std::to_string(good.size()));
  }
  EXPECT_EQ(refusal(good + "x"), "damaged bundle: the file has " + std::to_string(good.size() + 1) +
                                     " bytes, expected " + std::to_string(good.size()));
}

/// A section of a real bundle each, through the function that users reach.
TEST_F(BundleTest, ModelNamesTheDamagedSection) {
  FakeBundle bundle;
  bundle.write(path);
  std::string good = readBytes(path);
  for (const BundleSection &section : Crafted(good).sections) {
    std::string bad = good;
    bad[section.offset + section.bytes / 2] ^= 0x10;
    writeBytes(path, bad);
    auto model = Model::open(path);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error(), path + ": damaged bundle: section " + bundleSectionName(section.kind) +
                                 " does not have the hash the table says");
  }
}

TEST_F(BundleTest, OtherVersionsAreRefused) {
  Crafted crafted(tinyBundle());
  crafted.header.version = 2;
  EXPECT_EQ(refusal(crafted.finish()),
            "bundle of version 2, this program reads version 1: compile the model again");
}

/// Tables that say what is not true, with a hash that fits.
TEST_F(BundleTest, HostileTables) {
  using Change = std::function<void(Crafted &)>;
  const std::pair<Change, const char *> cases[] = {
      {[](Crafted &bundle) { bundle.sections[2].bytes = UINT64_MAX; },
       "damaged bundle: section packs of 18446744073709551615 bytes at 12288 is not where it "
       "should be"},
      {[](Crafted &bundle) { bundle.sections[2].bytes += 64; },
       "damaged bundle: section packs of 5064 bytes at 12288 is not where it should be"},
      {[](Crafted &bundle) { bundle.sections[0].bytes = UINT64_MAX - 4096; },
       "damaged bundle: section manifest of 18446744073709547519 bytes at 4096 is not where it "
       "should be"},
      {[](Crafted &bundle) { bundle.sections[1].offset = UINT64_MAX; },
       "damaged bundle: section code of 7 bytes at 18446744073709551615 is not where it should be"},
      {[](Crafted &bundle) { bundle.sections[1].offset = 4096; },
       "damaged bundle: section code of 7 bytes at 4096 is not where it should be"},
      {[](Crafted &bundle) { bundle.sections[1].kind = 9; },
       "bundle has a section of kind 9, which this version does not know"},
      {[](Crafted &bundle) { bundle.sections[1].kind = 0; },
       "bundle has a section of kind 0, which this version does not know"},
      {[](Crafted &bundle) { bundle.sections[1].kind = 4; },
       "bundle has more than one section packs, which this version does not know"},
      {[](Crafted &bundle) { bundle.sections[1].index = 1; },
       "bundle has more than one section code, which this version does not know"},
      {[](Crafted &bundle) { bundle.sections[2].kind = 3; }, "bundle has no section packs"},
      {[](Crafted &bundle) { bundle.sections[2].bytes -= 64; },
       "damaged bundle: section table is at 17344, expected at 17280"},
      {[](Crafted &bundle) { bundle.sections.clear(); },
       "damaged bundle: header counts 0 sections"},
      {[](Crafted &bundle) { bundle.sections.resize(65); },
       "damaged bundle: header counts 65 sections"},
      {[](Crafted &bundle) { bundle.sections.resize(4); },
       "bundle has a section of kind 0, which this version does not know"},
  };
  for (const auto &[change, message] : cases) {
    Crafted crafted(tinyBundle());
    change(crafted);
    EXPECT_EQ(refusal(crafted.finish()), message);
  }
  for (uint64_t offset : {uint64_t{0}, uint64_t{17343}, UINT64_MAX, UINT64_MAX - 95}) {
    std::string bytes = tinyBundle();
    std::memcpy(bytes.data() + offsetof(BundleHeader, tableOffset), &offset, sizeof(offset));
    EXPECT_EQ(refusal(bytes), "damaged bundle: section table of 96 bytes at " +
                                  std::to_string(offset) + " does not end where the file does");
  }
}

TEST_F(BundleTest, OtherFilesAreRefused) {
  auto messageOf = [](const std::string &name) {
    auto reader = BundleReader::open(name);
    return reader ? "accepted" : reader.error();
  };
  EXPECT_EQ(refusal(""), "not a frit bundle");
  EXPECT_EQ(refusal("GGUF, not a bundle"), "not a frit bundle");
  EXPECT_EQ(messageOf(directory.file("none")),
            "cannot open '" + directory.file("none") + "': No such file or directory");
  EXPECT_EQ(messageOf(directory.path), "cannot open '" + directory.path + "': it is a directory");
  std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(messageOf(fifo), "cannot open '" + fifo + "': it is no regular file");
  EXPECT_EQ(messageOf("/dev/zero"), "cannot open '/dev/zero': it is no regular file");
  EXPECT_EQ(messageOf(""), "cannot open '': No such file or directory");
}
