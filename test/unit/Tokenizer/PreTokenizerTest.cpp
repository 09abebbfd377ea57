//===- PreTokenizerTest.cpp - classes of characters, unknown names -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/PreTokenizer.h"
#include "TestData.h"
#include "lib/Runtime/Tokenizer/CharacterClasses.h"

using namespace frit;
using namespace frit::test;

static std::string encodeUtf8(char32_t code) {
  std::string out;
  if (code < 0x80)
    return {static_cast<char>(code)};
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  out += static_cast<char>((0xFF00 >> (more + 1) & 0xFF) | code >> 6 * more);
  while (more-- > 0)
    out += static_cast<char>(0x80 | (code >> 6 * more & 0x3F));
  return out;
}

static Result<PreTokenizer> create(std::string name) {
  TokenizerData data;
  data.preTokenizer = std::move(name);
  return PreTokenizer::create(data);
}

static size_t countWords(const PreTokenizer &preTokenizer, const std::string &text) {
  std::vector<std::string_view> words;
  Status status = preTokenizer.split(text, words);
  EXPECT_TRUE(status) << status.error();
  std::string joined;
  for (std::string_view word : words)
    joined += word;
  EXPECT_EQ(joined, text);
  return words.size();
}

TEST(PreTokenizer, ClassesOfAllCodePoints) {
  std::string expected(0x110000, '-'), alone(0x110000, '-');
  for (const std::string &line : readLines("unicode-classes.txt")) {
    std::istringstream fields(line);
    char kind = 0;
    unsigned first = 0, last = 0;
    fields >> kind >> std::hex >> first >> last;
    ASSERT_LT(last, expected.size());
    for (unsigned code = first; code <= last; ++code)
      (kind == 'D' ? alone : expected)[code] = kind;
  }
  ASSERT_EQ(expected['a'], 'L');
  ASSERT_EQ(expected[' '], 'S');

  auto gpt2 = create("gpt-2"), smollm = create("smollm");
  ASSERT_TRUE(gpt2 && smollm);
  int wrong = 0;
  for (char32_t code = 0; code < 0x110000 && wrong < 20; ++code) {
    if (code >= 0xD800 && code < 0xE000)
      continue;
    // Planes 4 to 13 and 15 on have no letters or numbers; a sample of them is enough.
    if (code >= 0x40000 && code >> 16 != 0xE && code % 251 != 0)
      continue;
    std::string character = encodeUtf8(code);
    char found = countWords(*gpt2, "a" + character) == 1   ? 'L'
                 : countWords(*gpt2, "1" + character) == 1 ? 'N'
                 : countWords(*gpt2, "!" + character) == 1 ? '-'
                                                           : 'S';
    char foundAlone = countWords(*smollm, "a" + character) == 1 || found == 'S' ? '-' : 'D';
    // In "a!" two words say nothing about digits: what cuts "!" in two stands alone.
    if (foundAlone == 'D' && found == '-')
      foundAlone = countWords(*smollm, "!" + character) == 1 ? '-' : 'D';
    wrong += found != expected[code] || foundAlone != alone[code];
    EXPECT_EQ(found, expected[code]) << "U+" << std::hex << unsigned(code);
    EXPECT_EQ(foundAlone, alone[code]) << "U+" << std::hex << unsigned(code);
  }
}

TEST(CharacterClasses, WordsOfAllCodePoints) {
  std::vector<bool> expected(0x110000);
  expected['x'] = true; // left out by the script, which puts it beside the others
  for (const std::string &line : readLines("word-classes.txt")) {
    std::istringstream fields(line);
    unsigned first = 0, last = 0;
    fields >> std::hex >> first >> last;
    ASSERT_LT(last, expected.size());
    for (unsigned code = first; code <= last; ++code)
      expected[code] = true;
  }
  for (char32_t code = 0; code < 0x110000; ++code)
    if (code < 0xD800 || code >= 0xE000)
      EXPECT_EQ(isWordCharacter(code), expected[code]) << "U+" << std::hex << unsigned(code);
}

TEST(PreTokenizer, UnknownNameListsTheKnown) {
  auto result = create("no-such\nfamily");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "unknown pre-tokenizer 'no-such?family' (key tokenizer.ggml.pre), "
                            "known are: gpt-2, llama-bpe, glm4, qwen2, smollm, deepseek-v3, "
                            "hunyuan-dense, hunyuan, chatglm-bpe, dbrx, smaug-bpe, refact");
}

TEST(PreTokenizer, EmptyTextHasNoWords) {
  auto result = create("smollm");
  ASSERT_TRUE(result);
  EXPECT_EQ(countWords(*result, ""), 0u);
}
