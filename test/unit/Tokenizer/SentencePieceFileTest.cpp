//===- SentencePieceFileTest.cpp - vocabularies from tokenizer.model -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/SentencePieceFile.h"
#include "SentencePieceBytes.h"
#include "TestData.h"
#include "ThroughGGUF.h"

#include <random>

using namespace frit;
using namespace frit::test;

class SentencePieceFile : public testing::TestWithParam<const char *> {};

TEST_P(SentencePieceFile, EqualsReference) {
  Result<TokenizerData> data = parseSentencePieceFile(readFile(std::string(GetParam()) + ".model"));
  ASSERT_TRUE(data) << data.error();
  compareWithAndWithoutGGUF(*data, GetParam(), "spm-strings.txt");
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, SentencePieceFile,
                         testing::Values("spm-bpe", "spm-bpe-nmt", "spm-unigram",
                                         "spm-unigram-bytes"),
                         nameOfVocabulary);

static std::string errorOf(const std::string &file) {
  Result<TokenizerData> data = parseSentencePieceFile(file);
  return data ? "read" : data.error();
}

TEST(SentencePieceFileData, FieldsAndTheirDefaults) {
  Result<TokenizerData> data = parseSentencePieceFile(someFile());
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->model, "llama");
  EXPECT_EQ(data->tokens, std::vector<std::string>({"<unk>", "<s>", "</s>", "a", "ab", "b"}));
  EXPECT_EQ(data->scores, std::vector<float>({0, 0, 0, -1, -2, -3}));
  EXPECT_EQ(data->tokenTypes[4], TokenType::Unused);
  EXPECT_EQ(data->unknownId, 0);
  EXPECT_EQ(data->bosId, 1);
  EXPECT_EQ(data->eosId, 2);
  EXPECT_EQ(data->padId, std::nullopt);
  EXPECT_TRUE(data->addSpacePrefix);
  EXPECT_TRUE(data->removesExtraSpaces);
  EXPECT_FALSE(data->keepsSpaces);

  data = parseSentencePieceFile(
      someFile() + text(3, text(2, "map") + number(3, 0) + number(4, 0) + number(5, 0)) +
      text(2, text(46, "a") + text(47, "<s>") + text(48, "</s>")));
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->characterMap, "map");
  EXPECT_FALSE(data->addSpacePrefix);
  EXPECT_FALSE(data->removesExtraSpaces);
  EXPECT_TRUE(data->keepsSpaces);
  EXPECT_EQ(data->bosId, std::nullopt);
  EXPECT_EQ(data->eosId, 1);
  EXPECT_EQ(data->padId, 2);
}

/// Low scores are scores: Mistral's runs of spaces have -1e9.
TEST(SentencePieceFileData, TokensOfLowScoresMerge) {
  Result<TokenizerData> data =
      parseSentencePieceFile(someFile() + piece("bb", -1e9F, 1) + text(3, number(3, 0)));
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(*tokenizer->encode("bbb"), std::vector<int32_t>({6, 5}));
}

/// Unused tokens merge, but do not appear.
TEST(SentencePieceFileData, UnusedTokensAreTakenApart) {
  for (unsigned type : {1, 5}) {
    std::string file = someFile() + piece("aba", -4, 1) + piece("abaab", -5, type);
    Result<TokenizerData> data =
        parseSentencePieceFile(file + text(3, number(3, 0) + number(4, 0)));
    ASSERT_TRUE(data) << data.error();
    auto tokenizer = Tokenizer::create(*std::move(data));
    ASSERT_TRUE(tokenizer) << tokenizer.error();
    EXPECT_EQ(*tokenizer->encode("abab"), std::vector<int32_t>({3, 5, 3, 5}));
    EXPECT_EQ(*tokenizer->encode("abaab"),
              type == 1 ? std::vector<int32_t>({7}) : std::vector<int32_t>({6, 3, 5}));
  }
}

TEST(SentencePieceFileData, WhatFritDoesNotHave) {
  auto refusal = [](const std::string &more) {
    Result<TokenizerData> data = parseSentencePieceFile(someFile() + more);
    EXPECT_TRUE(data) << data.error();
    return Tokenizer::check(*data).error();
  };
  EXPECT_EQ(
      refusal(text(2, number(3, 3))),
      "tokenizer: frit does not support a tokenizer.model with a model of type 3; only the ids of "
      "tokens go in and out (--tokens)");
  EXPECT_EQ(refusal(text(2, number(24, 1))), "tokenizer: frit does not support a tokenizer.model "
                                             "with spaces behind words; only the ids of "
                                             "tokens go in and out (--tokens)");
}

TEST(SentencePieceFileData, Malformed) {
  EXPECT_EQ(errorOf(""), "expected at least one piece, found none; is it a file of SentencePiece?");
  EXPECT_EQ(errorOf(std::string(1, '\0')), "byte 1: expected the number of a field, found 0");
  EXPECT_EQ(errorOf("\x0B"), "byte 1: expected a wire type of 0, 1, 2 or 5, found 3");
  EXPECT_EQ(errorOf("\x0A\x05pp"), "byte 2: expected 5 bytes of field 1, found 2");
  EXPECT_EQ(errorOf(std::string(12, '\xFF')), "byte 10: expected a number of at most 10 bytes");
  EXPECT_EQ(errorOf(number(1, 3)), "byte 1: expected wire type 2 of field 1, found 0");
  EXPECT_EQ(errorOf(text(1, real(1, 1))), "byte 3: expected wire type 2 of field 1, found 5");
  EXPECT_EQ(errorOf(text(1, number(2, 1))), "byte 3: expected wire type 5 of field 2, found 0");
  EXPECT_EQ(errorOf(text(2, text(3, "x"))), "byte 3: expected wire type 0 of field 3, found 2");
  EXPECT_EQ(errorOf(text(1, "")), "piece 0: expected a text, found none");
  EXPECT_EQ(errorOf(piece("\xFF", 0, 1)), "piece 0: expected UTF-8");
  EXPECT_EQ(errorOf(piece("a", 0, 7)), "piece 0: expected a type from 1 to 6, found 7");
  EXPECT_EQ(errorOf(piece("a", NAN, 1)), "piece 0: expected a number as its score, found a NaN");
  EXPECT_EQ(errorOf(piece("a", 0, 1) + piece("\x1B", 0, 1) + piece("\x1B", 0, 2)),
            "piece 2: expected each text once, found '\\1B' again");
  for (unsigned field : {2, 3})
    EXPECT_EQ(errorOf(piece("a", 0, 2) + text(field, "")),
              "expected a trainer_spec and a normalizer_spec; is the file complete?");
  EXPECT_EQ(errorOf(piece("a", 0, 1) + text(2, "") + text(3, "")),
            "expected one piece of type unknown, found 0");
  EXPECT_EQ(errorOf(someFile() + piece("b2", 0, 2)), "expected one piece of type unknown, found 2");
  EXPECT_EQ(errorOf(someFile() + text(2, number(35, 1))),
            "expected 256 pieces of type byte, found 0");
  EXPECT_EQ(errorOf(someFile() + piece("<0x00>", 0, 6)), "expected 0 pieces of type byte, found 1");
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += piece("byte " + std::to_string(i), 0, 6);
  EXPECT_EQ(errorOf(someFile() + bytes + text(2, number(35, 1))),
            "expected a piece of type byte '<0x00>', found none");
}

/// Cut or damaged: an error of one line, or data that a tokenizer is made from or refused for.
static void expectSafe(const std::string &file) {
  // Of exactly this size, so that AddressSanitizer sees a byte read beyond it.
  std::vector<char> bytes(file.begin(), file.end());
  Result<TokenizerData> data = parseSentencePieceFile({bytes.data(), bytes.size()});
  if (!data) {
    EXPECT_EQ(data.error().find('\n'), std::string::npos);
    return;
  }
  auto tokenizer = Tokenizer::create(*std::move(data));
  if (!tokenizer)
    return;
  auto ids = tokenizer->encode("ab <s>\xFF \xE2\x82\xAC", {.parseSpecial = true});
  ASSERT_TRUE(ids) << ids.error();
  tokenizer->decode(*ids);
}

TEST(SentencePieceFileData, TruncatedAnywhere) {
  for (size_t size = 0; size < someFile().size(); ++size)
    expectSafe(someFile().substr(0, size));
  std::string file = readFile("spm-unigram.model");
  for (size_t size = 0; size < file.size(); size += 997) {
    expectSafe(file.substr(0, size));
    EXPECT_NE(errorOf(file.substr(0, size)), "read") << size;
  }
}

TEST(SentencePieceFileData, DamagedBytes) {
  std::mt19937 random(7); // NOLINT(bugprone-random-generator-seed): every run is the same
  std::string file = readFile("spm-unigram.model");
  for (int round = 0; round < 300; ++round) {
    std::string damaged = file;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
      damaged[random() % damaged.size()] ^= static_cast<char>(1u << random() % 8);
    expectSafe(damaged);
  }
}
