//===- CompareWithReference.cpp - the expected values of Hugging Face's tokenizers ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestData.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

using namespace frit;
using namespace frit::test;

/// What arrives in pieces, checking that no piece is part of a character.
static std::string stream(const Tokenizer &tokenizer, const std::vector<int32_t> &ids,
                          DecodeOptions options) {
  StreamDecoder decoder(tokenizer, options);
  std::string text;
  for (int32_t id : ids) {
    std::string piece = decoder.push(id);
    EXPECT_TRUE(utf8::isValid(piece)) << "half a character at token " << id;
    text += piece;
  }
  return text + decoder.finish();
}

/// The fields are decoded texts, with special tokens and without; `*` is not compared, `=` stands
/// for `text` and for the field before.
static void expectDecodes(const Tokenizer &tokenizer, const std::vector<int32_t> &ids,
                          const std::string &full, const std::string &plain,
                          const std::string &text) {
  auto expect = [&](DecodeOptions options, const std::string &expected) {
    EXPECT_EQ(tokenizer.decode(ids, options), expected);
    std::string streamed = stream(tokenizer, ids, options);
    // A stream goes on with a text: it keeps the spaces that a text may begin with.
    const TokenizerData &data = tokenizer.data();
    std::string rest = expected;
    if (data.matchesInNormalized && data.removesExtraSpaces) {
      streamed.erase(0, streamed.find_first_not_of(' '));
      rest.erase(0, rest.find_first_not_of(' '));
    } else if (data.addSpacePrefix && streamed.starts_with(' ')) {
      streamed.erase(0, 1);
    }
    EXPECT_EQ(streamed, rest);
  };
  std::string fullText = full == "=" ? text : unescape(full);
  if (full != "*")
    expect({}, fullText);
  if (plain != "*")
    expect({.skipSpecial = true}, plain == "=" ? fullText : unescape(plain));
}

static void compareStrings(const Tokenizer &tokenizer, const std::string &name,
                           const std::string &strings) {
  std::vector<std::string> cases = readLines(strings);
  std::vector<std::string> expected = readLines(name + ".expected");
  ASSERT_GE(cases.size(), 1000u);
  ASSERT_EQ(cases.size(), expected.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("line " + std::to_string(i + 1) + " of " + strings + ": " + cases[i]);
    std::string text = unescape(cases[i].substr(2));
    std::vector<std::string> fields = split(expected[i], '\t');
    ASSERT_EQ(fields.size(), 3u);
    auto ids = tokenizer.encode(text, {.parseSpecial = cases[i][0] == 's'});
    ASSERT_TRUE(ids) << ids.error();
    ASSERT_EQ(*ids, parseIds(fields[0]));
    expectDecodes(tokenizer, *ids, fields[1], fields[2], utf8::replaceInvalid(text));
    if (testing::Test::HasFailure())
      return;
  }
}

static void compareDecode(const Tokenizer &tokenizer, const std::string &name) {
  std::vector<std::string> lines = readLines(name + ".decode");
  ASSERT_GE(lines.size(), 300u);
  for (const std::string &line : lines) {
    SCOPED_TRACE(line);
    std::vector<std::string> fields = split(line, '\t');
    ASSERT_EQ(fields.size(), 3u);
    // Here `=` is the first text itself.
    expectDecodes(tokenizer, parseIds(fields[0]), fields[1], fields[2], "=");
  }
}

/// long_text() of the script.
std::string test::longText(const std::string &kind, uint64_t state) {
  std::string_view alphabet = kind == "word"     ? "abcdefghijklmnopqrstuvwxyz"
                              : kind == "common" ? "etaoinsr"
                                                 : "etaoin shrdlu, 12\n";
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += alphabet[(state >> 33) % alphabet.size()];
  }
  return text;
}

static uint64_t fnv1a(const std::vector<int32_t> &ids) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (int32_t id : ids)
    for (int shift = 0; shift < 32; shift += 8)
      hash = (hash ^ (static_cast<uint32_t>(id) >> shift & 0xFF)) * 0x100000001B3u;
  return hash;
}

/// Words of a megabyte: right, and not in quadratic time (that would be hours, not seconds).
static void compareLong(const Tokenizer &tokenizer, const std::string &name) {
  for (const std::string &line : readLines(name + ".long")) {
    SCOPED_TRACE(line);
    std::vector<std::string> fields = split(line, ' ');
    ASSERT_EQ(fields.size(), 5u);
    std::string text = longText(fields[0], std::stoull(fields[1]));
    auto start = std::chrono::steady_clock::now();
    auto ids = tokenizer.encode(text);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    ASSERT_TRUE(ids) << ids.error();
    EXPECT_EQ(ids->size(), std::stoull(fields[2]));
    EXPECT_EQ(fnv1a(*ids), std::stoull(fields[3]));
    // Not EXPECT_EQ, whose message would hold the text.
    if (fields[4] == "=")
      EXPECT_TRUE(tokenizer.decode(*ids) == text);
    EXPECT_LT(seconds.count(), 30) << "encoding 1 MB";
    testing::Test::RecordProperty(name + "-" + fields[0] + "-seconds",
                                  std::to_string(seconds.count()));
  }
}

void test::compareWithReference(const Tokenizer &tokenizer, const std::string &name,
                                const std::string &strings) {
  compareStrings(tokenizer, name, strings);
  compareDecode(tokenizer, name);
  if (std::filesystem::exists(FRIT_TEST_DIR "/data/" + name + ".long"))
    compareLong(tokenizer, name);
}
