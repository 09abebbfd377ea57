//===- HostileTest.cpp - truncated, flipped and huge GGUF files -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFWriter.h"
#include "TestFiles.h"
#include "UseEverything.h"

#include <chrono>
#include <iostream>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

using namespace frit;
using namespace frit::test;

namespace {

/// In kB; the kernel keeps the maximum over the life of the process.
long peakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// AddressSanitizer keeps freed memory for a while.
#if __has_feature(address_sanitizer)
constexpr long heldByTheAllocator = 400 * 1024;
#else
constexpr long heldByTheAllocator = 0;
#endif

/// Heap copies of exactly the bytes, so that AddressSanitizer sees the first one behind them.
Result<GGUFFile> readExactly(const std::vector<uint8_t> &bytes) {
  return GGUFFile::fromMemory("test.gguf", bytes.data(), bytes.size());
}

/// A failure is one line that says which file.
void expectOneClearLine(const std::string &message) {
  EXPECT_TRUE(message.starts_with("test.gguf: ")) << message;
  EXPECT_EQ(message.find('\n'), message.npos) << message;
  EXPECT_LT(message.size(), 70000u);
}

} // namespace

TEST(Hostile, TruncationAtEveryByteIsAnError) {
  std::string whole = smallModel().build();
  ASSERT_TRUE(readBytes(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    std::vector<uint8_t> bytes(whole.begin(), whole.begin() + size);
    Result<GGUFFile> file = readExactly(bytes);
    ASSERT_FALSE(file) << "at byte " << size;
    expectOneClearLine(file.error());
  }
}

TEST(Hostile, TruncatedFilesOnDiskAreErrors) {
  TestFiles files;
  std::string whole = smallModel().build();
  for (size_t size = 0; size < whole.size(); size += 97) {
    std::string path = files.write("model.gguf", whole.substr(0, size));
    EXPECT_TRUE(messageOf(GGUFFile::open(path)).starts_with(path + ": ")) << size;
  }
}

TEST(Hostile, FlippedBytes) {
  std::string whole = smallModel().build();
  // The same bytes in every run. NOLINTNEXTLINE(bugprone-random-generator-seed)
  std::mt19937 random(20240601);
  auto below = [&](size_t limit) { return random() % limit; };
  int accepted = 0, refused = 0;
  long before = peakMemory();
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> bytes(whole.begin(), whole.end());
    for (size_t flips = 1 + below(3); flips > 0; --flips) {
      // Half of them change one bit, half set a byte that reads as a huge, small or odd number.
      uint8_t &byte = bytes[below(bytes.size())];
      constexpr uint8_t odd[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x09, 0x08};
      byte =
          random() % 2 ? byte ^ static_cast<uint8_t>(1u << below(8)) : odd[below(std::size(odd))];
    }
    if (random() % 8 == 0)
      bytes.resize(below(bytes.size()));
    Result<GGUFFile> file = readExactly(bytes);
    if (file) {
      ++accepted;
      useEverything(*file);
    } else {
      ++refused;
      expectOneClearLine(file.error());
    }
  }
  // Both happen, or the test tests nothing.
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
  EXPECT_LT(peakMemory() - before, 64 * 1024 + heldByTheAllocator);
}

/// A header of 7 billion parameters; the weights are a hole in the file.
TEST(Hostile, AModelOf13GigabytesOpensAtOnce) {
  constexpr uint64_t hidden = 4096, feedForward = 11008, vocabulary = 32000, layers = 32;
  std::vector<std::pair<std::string, std::vector<uint64_t>>> shapes = {
      {"token_embd.weight", {hidden, vocabulary}}, {"output.weight", {hidden, vocabulary}}};
  for (uint64_t i = 0; i < layers; ++i) {
    std::string layer = "blk." + std::to_string(i) + ".";
    for (const char *name : {"attn_q", "attn_k", "attn_v", "attn_output"})
      shapes.push_back({layer + name + ".weight", {hidden, hidden}});
    shapes.push_back({layer + "ffn_gate.weight", {hidden, feedForward}});
    shapes.push_back({layer + "ffn_up.weight", {hidden, feedForward}});
    shapes.push_back({layer + "ffn_down.weight", {feedForward, hidden}});
  }
  GGUFWriter writer;
  std::vector<std::string> tokens;
  tokens.reserve(vocabulary);
  for (uint64_t i = 0; i < vocabulary; ++i)
    tokens.push_back("token" + std::to_string(i));
  writer.array("tokenizer.ggml.tokens", typeString, tokens);
  uint64_t dataBytes = 0;
  for (auto &[name, dims] : shapes) {
    writer.tensor(name, dims, ggmlF16, "");
    writer.tensors.back().offset = dataBytes;
    dataBytes += dims[0] * dims[1] * 2;
  }
  TestFiles files;
  std::string header = writer.build();
  std::string path = files.write("7b.gguf", header);
  uint64_t fileBytes = header.size() + dataBytes;
  ASSERT_GT(fileBytes, uint64_t(13) * 1000 * 1000 * 1000);
  if (truncate(path.c_str(), static_cast<off_t>(fileBytes)) != 0)
    GTEST_SKIP() << "the file system has no files of this size";

  long before = peakMemory();
  auto start = std::chrono::steady_clock::now();
  Result<GGUFFile> file = GGUFFile::open(path);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->tensors().size(), shapes.size());
  EXPECT_EQ(file->tensors().back().fileOffset + file->tensors().back().bytes, fileBytes);
  EXPECT_EQ(file->tensors().back().data[0], 0);
  EXPECT_EQ(file->getStringArray("tokenizer.ggml.tokens")->at(31999), "token31999");
  EXPECT_LT(seconds.count(), 0.1);
  EXPECT_LT(peakMemory() - before, 32 * 1024 + heldByTheAllocator);
}

/// Neither mappings nor descriptors stay behind, whether a file is good or bad.
TEST(Hostile, ClosingAFileUnmapsIt) {
  TestFiles files;
  std::string good = files.write("good.gguf", smallModel().build());
  std::string bad = files.write("bad.gguf", smallModel().build().substr(0, 800));
  auto isMapped = [](const std::string &path) {
    std::ifstream maps("/proc/self/maps");
    std::string text(std::istreambuf_iterator<char>(maps), {});
    return text.find(path) != std::string::npos;
  };
  auto openDescriptors = [] {
    std::filesystem::directory_iterator descriptors("/proc/self/fd");
    return std::distance(begin(descriptors), end(descriptors));
  };
  auto before = openDescriptors();
  {
    Result<GGUFFile> file = GGUFFile::open(good);
    ASSERT_TRUE(file) << file.error();
    EXPECT_TRUE(isMapped(good));
    EXPECT_EQ(openDescriptors(), before);
  }
  EXPECT_FALSE(isMapped(good));
  EXPECT_FALSE(GGUFFile::open(bad));
  EXPECT_FALSE(isMapped(bad));
  EXPECT_FALSE(GGUFFile::open(files.path("")));
  EXPECT_EQ(openDescriptors(), before);
}

#if !__has_feature(address_sanitizer) // whose shadow does not fit in a limited address space
TEST(Hostile, AFileThatDoesNotFitInTheAddressSpaceIsAnError) {
  TestFiles files;
  std::string path = files.write("huge.gguf", "GGUF");
  if (truncate(path.c_str(), off_t(1) << 40) != 0)
    GTEST_SKIP() << "the file system has no files of this size";
  auto openInLittleSpace = [&] {
    rlimit limit{};
    limit.rlim_cur = limit.rlim_max = rlim_t(1) << 36;
    setrlimit(RLIMIT_AS, &limit);
    std::cerr << messageOf(GGUFFile::open(path));
    std::_Exit(0);
  };
  EXPECT_EXIT(openInLittleSpace(), testing::ExitedWithCode(0),
              "huge.gguf: cannot map the file into memory: Cannot allocate memory");
}
#endif

/// Counts that a huge file leaves room for are still not believed before they are read.
TEST(Hostile, CountsOfAHugeSparseFileAllocateNothing) {
  TestFiles files;
  auto openHuge = [&](const GGUFWriter &writer) {
    std::string path = files.write("huge.gguf", writer.build());
    if (truncate(path.c_str(), off_t(1) << 40) != 0)
      return std::string();
    std::string message = messageOf(GGUFFile::open(path));
    return message.substr(std::min(path.size() + 2, message.size()));
  };
  long before = peakMemory();
  GGUFWriter keys, tensors;
  keys.keyCount = uint64_t(1) << 35;
  tensors.tensorCount = uint64_t(1) << 34;
  std::string message = openHuge(keys);
  if (message.empty())
    GTEST_SKIP() << "the file system has no files of this size";
  EXPECT_EQ(message, "metadata key 1 of 34359738368: is empty");
  EXPECT_EQ(openHuge(tensors), "tensor 1 of 17179869184: its name is empty");
  EXPECT_LT(peakMemory() - before, 32 * 1024 + heldByTheAllocator);
}
