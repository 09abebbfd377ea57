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
               .scalar<uint8_t>("tokenizer.ggml.add_eos_token", typeBool, 1)
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
  expected.addedTokenRules = {{.id = 1, .isBehind = true}};
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

TEST(GGUFTokenizer, Unigram) {
  auto unigram = [] { return minimal("t5"); };
  Result<TokenizerData> data = read(unigram());
  ASSERT_TRUE(data) << data.error();
  EXPECT_FALSE(data->addBos || data->addSpacePrefix || data->removesExtraSpaces);
  EXPECT_TRUE(data->fusesUnknown);
  EXPECT_EQ(data->unknownId, std::nullopt);
  data = read(unigram()
                  .array<int32_t>("tokenizer.ggml.token_type", typeI32, {1, 2, 1, 2})
                  .scalar<uint8_t>("tokenizer.ggml.add_space_prefix", typeBool, 1)
                  .scalar<uint8_t>("tokenizer.ggml.remove_extra_whitespaces", typeBool, 1)
                  .scalar<uint8_t>("tokenizer.ggml.escape_whitespaces", typeBool, 0)
                  .array<int8_t>("tokenizer.ggml.precompiled_charsmap", typeI8, {-1, 0, 65}));
  ASSERT_TRUE(data) << data.error();
  EXPECT_TRUE(data->addSpacePrefix);
  EXPECT_TRUE(data->removesExtraSpaces);
  EXPECT_TRUE(data->keepsSpaces);
  EXPECT_EQ(data->characterMap, std::string("\xFF\0A", 3));
  EXPECT_EQ(data->unknownId, 1);
  data = read(unigram().array<uint8_t>("tokenizer.ggml.precompiled_charsmap", typeU8, {255}));
  EXPECT_EQ(data->characterMap, "\xFF");
  EXPECT_EQ(
      messageFor(unigram().array<int32_t>("tokenizer.ggml.precompiled_charsmap", typeI32, {256})),
      "'tokenizer.ggml.precompiled_charsmap': expected bytes, found 256");
}

/// What llama.cpp's keys cannot say.
TEST(GGUFTokenizer, KeysOfItsOwn) {
  auto with = [](const std::vector<std::string> &options, const std::vector<int32_t> &rules) {
    return minimal("llama")
        .array<std::string>("frit.tokenizer.options", typeString, options)
        .array<int32_t>("frit.tokenizer.added_token_rules", typeI32, rules);
  };
  Result<TokenizerData> data = read(with({}, {}));
  ASSERT_TRUE(data) << data.error();
  EXPECT_FALSE(data->addSpacePrefix);
  data = read(with({"metaspace", "prefixes_only_start"}, {3, 5, 0, 10}));
  ASSERT_TRUE(data) << data.error();
  EXPECT_TRUE(data->metaspace);
  EXPECT_TRUE(data->prefixesOnlyStart);
  EXPECT_EQ(data->addedTokenRules, std::vector<AddedTokenRule>({{3, true, false, true, false},
                                                                {0, false, true, false, true}}));
  EXPECT_EQ(messageFor(with({"other"}, {})),
            "'frit.tokenizer.options': expected known options, found an unknown one");
  EXPECT_EQ(messageFor(with({}, {1})), "'frit.tokenizer.added_token_rules': expected two numbers "
                                       "for each rule, found an odd count");
  for (int32_t id : {-1, 4})
    EXPECT_EQ(messageFor(with({}, {id, 1})),
              "'frit.tokenizer.added_token_rules': expected an id in the vocabulary of 4 tokens, "
              "found " +
                  std::to_string(id));
  for (int32_t sum : {-1, 64})
    EXPECT_EQ(messageFor(with({}, {1, sum})),
              "'frit.tokenizer.added_token_rules': expected a sum from 0 to 63, found " +
                  std::to_string(sum));
}

TEST(GGUFTokenizer, WritesWhatItReads) {
  TokenizerData data;
  data.model = "llama";
  data.preTokenizer = "default";
  data.tokens = {"<unk>", "a", "b", "  "};
  data.tokenTypes = {TokenType::Unknown, TokenType::Normal, TokenType::Control,
                     TokenType::UserDefined};
  data.scores = {0, -1, -2, -1e9F};
  data.bosId = 1;
  data.eosId = 2;
  data.unknownId = data.padId = 0;
  data.endOfGenerationIds = {0, 2, 3};
  data.addBos = true;
  data.chatTemplate = "T";
  data.characterMap = std::string("m\0\xFF", 3);
  data.addedTokenRules = {{3, true, false, true, true}, {.id = 0, .isInFront = true}};
  data.addedTokenRules.push_back({.id = 2, .isBehind = true});
  for (const char *model : {"llama", "t5"})
    for (unsigned options = 0; options < 1u << 13; options = 3 * options + 1) {
      data.model = model;
      bool TokenizerData::*flags[] = {
          &TokenizerData::mapsGraphemes,      &TokenizerData::stripsStart,
          &TokenizerData::stripsEnd,          &TokenizerData::collapsesSpaces,
          &TokenizerData::removesExtraSpaces, &TokenizerData::addSpacePrefix,
          &TokenizerData::prefixesOnlyStart,  &TokenizerData::keepsSpaces,
          &TokenizerData::metaspace,          &TokenizerData::splitsAtSpaces,
          &TokenizerData::splitsAtWhiteSpace, &TokenizerData::fusesUnknown,
          &TokenizerData::matchesInNormalized};
      for (auto flag : flags)
        data.*flag = options >> (&flag - flags) & 1;
      GGUFHeader header;
      writeTokenizer(header, data);
      std::string bytes = header.header();
      Result<GGUFFile> file = readBytes(bytes);
      ASSERT_TRUE(file) << file.error();
      Result<TokenizerData> again = readTokenizer(*file);
      ASSERT_TRUE(again) << again.error();
      // Ends beyond the last have keys of their own.
      EXPECT_EQ(again->eotId, 0);
      EXPECT_EQ(again->eomId, 3);
      again->eotId = again->eomId = std::nullopt;
      EXPECT_TRUE(*again == data);
    }
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
