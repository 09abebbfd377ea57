//===- TokenizerTest.cpp - the vocabulary in a GGUF file ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFWriter.h"
#include "TestFiles.h"
#include "lib/Import/GGUF/GGUFTokenizer.h"

using namespace frit;
using namespace frit::test;

namespace {

GGUFWriter minimal(const char *model = "gpt2") {
  return GGUFWriter()
      .string("tokenizer.ggml.model", model)
      .array<std::string>("tokenizer.ggml.tokens", typeString, {"a", "b", "ab", "<|im_end|>"});
}

Result<TokenizerData> read(const GGUFWriter &writer) {
  std::string bytes = writer.build();
  Result<GGUFFile> file = readBytes(bytes);
  if (!file)
    return file.takeFailure();
  return readTokenizer(*file);
}

/// The message without the name of the file, which must be there.
std::string messageFor(const GGUFWriter &writer) {
  std::string prefix = "test.gguf: metadata key ";
  std::string message = messageOf(read(writer));
  EXPECT_EQ(message.substr(0, prefix.size()), prefix);
  return message.substr(std::min(prefix.size(), message.size()));
}

} // namespace

TEST(GGUFTokenizer, EveryKeyIsRead) {
  Result<TokenizerData> data =
      read(minimal()
               .string("tokenizer.ggml.pre", "smollm")
               .array<int32_t>("tokenizer.ggml.token_type", typeI32, {1, 4, 6, 3})
               .array<float>("tokenizer.ggml.scores", typeF32, {0, -1, 0.25f, 3})
               .array<std::string>("tokenizer.ggml.merges", typeString, {"a b"})
               .u32("tokenizer.ggml.bos_token_id", 0)
               .u32("tokenizer.ggml.eos_token_id", 1)
               .u32("tokenizer.ggml.eot_token_id", 2)
               .u32("tokenizer.ggml.eom_token_id", 3)
               .scalar<int32_t>("tokenizer.ggml.unknown_token_id", typeI32, 1)
               .u32("tokenizer.ggml.padding_token_id", 2)
               .scalar<uint8_t>("tokenizer.ggml.add_bos_token", typeBool, 1)
               .scalar<uint8_t>("tokenizer.ggml.add_space_prefix", typeBool, 1)
               .string("tokenizer.chat_template", "{{ messages }}"));
  ASSERT_TRUE(data) << data.error();
  TokenizerData expected;
  expected.model = "gpt2";
  expected.preTokenizer = "smollm";
  expected.tokens = {"a", "b", "ab", "<|im_end|>"};
  expected.tokenTypes = {TokenType::Normal, TokenType::UserDefined, TokenType::Byte,
                         TokenType::Control};
  expected.scores = {0, -1, 0.25f, 3};
  expected.merges = {"a b"};
  expected.bosId = 0;
  expected.eosId = 1;
  expected.eotId = 2;
  expected.eomId = 3;
  expected.unknownId = 1;
  expected.padId = 2;
  expected.endOfGenerationIds = {1, 2, 3};
  expected.addBos = true;
  expected.addSpacePrefix = true;
  expected.chatTemplate = "{{ messages }}";
  EXPECT_TRUE(*data == expected);
}

TEST(GGUFTokenizer, WhatAFileDoesNotSay) {
  Result<TokenizerData> data = read(minimal());
  ASSERT_TRUE(data) << data.error();
  TokenizerData expected;
  expected.model = "gpt2";
  expected.tokens = {"a", "b", "ab", "<|im_end|>"};
  expected.endOfGenerationIds = {3};
  EXPECT_TRUE(*data == expected);

  data = read(minimal("llama"));
  ASSERT_TRUE(data) << data.error();
  EXPECT_TRUE(data->addBos);
  EXPECT_TRUE(data->addSpacePrefix);
}

TEST(GGUFTokenizer, MissingKeys) {
  EXPECT_EQ(messageFor(GGUFWriter()), "'tokenizer.ggml.model' is missing");
  EXPECT_EQ(messageFor(GGUFWriter().string("tokenizer.ggml.model", "gpt2")),
            "'tokenizer.ggml.tokens' is missing");
}

TEST(GGUFTokenizer, WrongTypes) {
  EXPECT_EQ(messageFor(GGUFWriter().u32("tokenizer.ggml.model", 1)),
            "'tokenizer.ggml.model': expected a string, found u32");
  EXPECT_EQ(messageFor(minimal().u32("tokenizer.ggml.merges", 1)),
            "'tokenizer.ggml.merges': expected an array of strings, found u32");
  EXPECT_EQ(messageFor(minimal().string("tokenizer.ggml.eos_token_id", "</s>")),
            "'tokenizer.ggml.eos_token_id': expected an unsigned integer, found string");
  EXPECT_EQ(messageFor(minimal().u32("tokenizer.ggml.add_bos_token", 1)),
            "'tokenizer.ggml.add_bos_token': expected a bool, found u32");
}

TEST(GGUFTokenizer, LengthsAndIdsOutsideOfTheVocabulary) {
  EXPECT_EQ(messageFor(GGUFWriter()
                           .string("tokenizer.ggml.model", "gpt2")
                           .array<std::string>("tokenizer.ggml.tokens", typeString, {})),
            "'tokenizer.ggml.tokens': expected at least one token, found none");
  EXPECT_EQ(messageFor(minimal().array<int32_t>("tokenizer.ggml.token_type", typeI32, {1, 1, 1})),
            "'tokenizer.ggml.token_type': expected one element for each of the 4 tokens, found 3");
  EXPECT_EQ(
      messageFor(minimal().array<int32_t>("tokenizer.ggml.token_type", typeI32, {1, 7, 8, 1})),
      "'tokenizer.ggml.token_type': element 2 of 4: expected a token type from 0 to 6, found 7");
  EXPECT_EQ(messageFor(minimal().array<float>("tokenizer.ggml.scores", typeF32, {1})),
            "'tokenizer.ggml.scores': expected one element for each of the 4 tokens, found 1");
  EXPECT_EQ(messageFor(minimal().u32("tokenizer.ggml.bos_token_id", 4)),
            "'tokenizer.ggml.bos_token_id': expected an id in the vocabulary of 4 tokens, found 4");
  EXPECT_EQ(messageFor(minimal().u32("tokenizer.ggml.padding_token_id", ~0u)),
            "'tokenizer.ggml.padding_token_id': expected an id in the vocabulary of 4 tokens, "
            "found 4294967295");
}
