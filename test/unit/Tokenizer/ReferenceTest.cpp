//===- ReferenceTest.cpp - the same ids and texts as Hugging Face's tokenizers ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestData.h"

#include <algorithm>
#include <thread>

using namespace frit;
using namespace frit::test;

class TinyVocabulary : public testing::TestWithParam<const char *> {};

TEST_P(TinyVocabulary, EqualsReference) {
  TokenizerData data = tinyData();
  data.preTokenizer = GetParam();
  auto tokenizer = Tokenizer::create(std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  compareWithReference(*tokenizer, std::string("tiny-") + GetParam());
}

INSTANTIATE_TEST_SUITE_P(PreTokenizers, TinyVocabulary,
                         testing::Values("deepseek-v3", "gpt-2", "glm4", "llama-bpe", "qwen2",
                                         "smollm"),
                         nameOfVocabulary);

class SentencePiece : public testing::TestWithParam<const char *> {};

TEST_P(SentencePiece, EqualsReference) {
  std::string bytes = readFile(std::string(GetParam()) + ".bin");
  auto data = TokenizerData::parse(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  compareWithReference(*tokenizer, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, SentencePiece,
                         testing::Values("sentencepiece", "sentencepiece-prefix"),
                         nameOfVocabulary);

TEST(TokenizerThreads, ShareOneObject) {
  auto tokenizer = Tokenizer::create(tinyData());
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  std::string text = longText("text", 5).substr(0, 50'000);
  auto expected = tokenizer->encode(text);
  ASSERT_TRUE(expected);
  std::vector<std::vector<int32_t>> found(4);
  std::vector<std::thread> threads;
  threads.reserve(found.size());
  for (auto &ids : found)
    threads.emplace_back([&] { ids = *tokenizer->encode(text); });
  for (std::thread &thread : threads)
    thread.join();
  for (const auto &ids : found)
    EXPECT_EQ(ids, *expected);
}
