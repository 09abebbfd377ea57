//===- TokenizerDataTest.cpp - the stored form, damage, ends of generation ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestData.h"

#include <cmath>
#include <random>

using namespace frit;
using namespace frit::test;
using namespace std::literals;

static Result<TokenizerData> parse(std::string_view blob) {
  // A copy of exactly this size, so that AddressSanitizer sees a byte read beyond it.
  std::vector<uint8_t> bytes(blob.begin(), blob.end());
  return TokenizerData::parse(bytes.data(), bytes.size());
}

/// Every field differs from its default.
static TokenizerData smallData() {
  TokenizerData data;
  data.model = "gpt2";
  data.preTokenizer = "smollm";
  data.tokens = {"<s>", "</s>", "a", "b", "ab", "", "Ġ", "\xC4\xA0x"};
  data.tokenTypes = {TokenType::Control, TokenType::Control,    TokenType::Normal,
                     TokenType::Normal,  TokenType::Normal,     TokenType::Unused,
                     TokenType::Byte,    TokenType::UserDefined};
  data.scores = {0, -1.5f, 2, 3, 4, 5, 6, 1e30f};
  data.merges = {"a b"};
  data.bosId = 0;
  data.eosId = 1;
  data.eotId = 1;
  data.eomId = 2;
  data.unknownId = 3;
  data.padId = 4;
  data.endOfGenerationIds = {1, 2};
  data.addBos = true;
  data.addSpacePrefix = true;
  data.patterns = {"a", "b+"};
  data.wholeWords = true;
  data.composes = data.decomposes = data.isCompatible = true;
  data.keepsMatchesOnly = data.prefixesSpace = true;
  data.prefixesOnlyStart = true;
  data.characterMap = std::string("map\0", 4);
  data.mapsGraphemes = data.stripsStart = data.stripsEnd = data.collapsesSpaces = true;
  data.removesExtraSpaces = data.metaspace = data.splitsAtSpaces = data.splitsAtWhiteSpace = true;
  data.keepsSpaces = data.fusesUnknown = data.matchesInNormalized = true;
  data.addedTokenRules = {{.id = 7, .stripsLeft = true},
                          {.id = 0, .stripsRight = true, .singleWord = true, .normalized = true},
                          {.id = 1, .isInFront = true},
                          {.id = 2, .isBehind = true}};
  data.chatTemplate = "{{ messages }}\n";
  return data;
}

static std::string errorOf(TokenizerData data) {
  auto tokenizer = Tokenizer::create(std::move(data));
  return tokenizer ? "created" : tokenizer.error();
}

TEST(TokenizerData, RoundTrip) {
  for (const TokenizerData &data : {smallData(), tinyData(), TokenizerData()}) {
    auto again = parse(data.serialize());
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(*again, data);
  }
}

TEST(TokenizerData, LayoutIsThatOfTheScript) {
  std::string blob = readFile("tiny.bin");
  auto data = parse(blob);
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->serialize(), blob);
  EXPECT_EQ(data->tokens.size(), data->tokenTypes.size());
  EXPECT_EQ(data->bosId, 1);
  EXPECT_EQ(data->eosId, 2);
  EXPECT_EQ(data->eotId, std::nullopt);
  EXPECT_EQ(findEndOfGenerationIds(*data), data->endOfGenerationIds);
}

TEST(TokenizerData, TruncatedAnywhere) {
  std::string blob = smallData().serialize();
  for (size_t size = 0; size < blob.size(); ++size) {
    auto data = parse(std::string_view(blob).substr(0, size));
    ASSERT_FALSE(data) << "cut to " << size << " of " << blob.size() << " bytes";
    EXPECT_NE(data.error().find("tokenizer data, byte "), std::string::npos) << data.error();
  }
  EXPECT_EQ(parse(blob + "x").error(), "tokenizer data, byte " + std::to_string(blob.size()) +
                                           ": expected the end, found 1 more bytes");
}

/// Whatever the bytes say: an error, or data that a tokenizer is made from or refused for.
TEST(TokenizerData, DamagedBytes) {
  std::mt19937 random(7); // NOLINT(bugprone-random-generator-seed): every run is the same
  for (const std::string &blob : {smallData().serialize(), readFile("tiny.bin")}) {
    for (int round = 0; size_t(round) * blob.size() < 40'000'000 && round < 20'000; ++round) {
      std::string damaged = blob;
      for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
        damaged[random() % damaged.size()] ^= static_cast<char>(1u << random() % 8);
      auto data = parse(damaged);
      if (!data)
        continue;
      std::string again = data->serialize();
      EXPECT_EQ(again.size(), damaged.size());
      if (auto tokenizer = Tokenizer::create(std::move(*data))) {
        auto ids = tokenizer->encode("ab <s>\xFF"
                                     "a",
                                     {.parseSpecial = true, .addBos = true});
        ASSERT_TRUE(ids) << ids.error();
        tokenizer->decode(*ids);
      }
    }
  }
}

/// A count of four billion in a file of a hundred bytes is refused before anything is allocated.
TEST(TokenizerData, HugeCounts) {
  std::string blob = smallData().serialize();
  for (size_t at = 40; at + 4 <= blob.size(); ++at) {
    std::string damaged = blob;
    damaged.replace(at, 4, "\xFF\xFF\xFF\xFF");
    (void)parse(damaged);
  }
}

TEST(TokenizerData, ForeignBytes) {
  std::string blob = smallData().serialize();
  EXPECT_EQ(parse("").error(),
            "tokenizer data, byte 0: expected 8 bytes of the mark 'fritTOKN', found 0");
  EXPECT_EQ(parse("GGUF" + blob.substr(4)).error(),
            "tokenizer data, byte 8: expected the mark 'fritTOKN', found something else");
  std::string newer = blob;
  newer[8] = 4;
  EXPECT_EQ(parse(newer).error(), "tokenizer data, byte 12: expected version 3, found version 4");
  newer = blob;
  newer[14] = 31;
  EXPECT_EQ(parse(newer).error(), "tokenizer data, byte 16: unknown flags 2097151");
  newer = blob;
  newer[newer.size() - 4] = 127;
  EXPECT_EQ(parse(newer).error(), "tokenizer data, byte " + std::to_string(blob.size()) +
                                      ": unknown flags 127 of a rule");
}

TEST(TokenizerCreate, RefusesByName) {
  auto with = [](auto change) {
    TokenizerData data = tinyData();
    change(data);
    return errorOf(std::move(data));
  };
  EXPECT_EQ(with([](TokenizerData &) {}), "created");
  EXPECT_EQ(with([](TokenizerData &data) { data.model = "bert"; }),
            "tokenizer: unknown model 'bert', known are: gpt2, llama, t5");
  EXPECT_EQ(with([](TokenizerData &data) { data.preTokenizer = ""; }),
            "tokenizer: unknown pre-tokenizer '' (key tokenizer.ggml.pre), known are: gpt-2, "
            "llama-bpe, glm4, qwen2, smollm, deepseek-v3, "
            "hunyuan-dense, hunyuan, chatglm-bpe, dbrx, smaug-bpe, refact");
  EXPECT_EQ(with([](TokenizerData &data) { data = {}; }),
            "tokenizer: expected a vocabulary of 1 to 2147483647 tokens, found 0");
  EXPECT_EQ(with([](TokenizerData &data) { data.tokenTypes.pop_back(); }),
            "tokenizer: expected 2006 token types, found 2005");
  EXPECT_EQ(with([](TokenizerData &data) { data.scores = {1}; }),
            "tokenizer: expected 2006 token scores, found 1");
  EXPECT_EQ(with([](TokenizerData &data) { data.tokenTypes[3] = TokenType(9); }),
            "tokenizer: token 3: expected a type from 0 to 6, found 9");
  EXPECT_EQ(
      with([](TokenizerData &data) { data.eosId = 2006; }),
      "tokenizer: expected the eos token within the vocabulary of 2006 tokens, found id 2006");
  EXPECT_EQ(with([](TokenizerData &data) { data.endOfGenerationIds = {-1}; }),
            "tokenizer: expected the end-of-generation token within the vocabulary of 2006 tokens, "
            "found id -1");
  EXPECT_EQ(with([](TokenizerData &data) { data.merges[5] = "ab"; }),
            "tokenizer: merge 5: expected two tokens with a space between them, found 'ab'");
  EXPECT_EQ(with([](TokenizerData &data) { data.merges[5] = "a qqqq"; }),
            "tokenizer: merge 5 ('a qqqq'): the vocabulary has no token 'qqqq'");
  EXPECT_EQ(with([](TokenizerData &data) { data.tokens[0] = std::string(1025, 'x'); }),
            "tokenizer: token 0: expected a special token of at most 1024 bytes, found 1025");
}

TEST(TokenizerCreate, RefusesUnigramsByName) {
  TokenizerData unigram;
  unigram.model = "t5";
  unigram.tokens = {"<unk>", "a", "b"};
  unigram.tokenTypes = {TokenType::Unknown, TokenType::Normal, TokenType::UserDefined};
  unigram.scores = {0, -1, -2};
  auto with = [&](auto change) {
    TokenizerData data = unigram;
    change(data);
    return errorOf(std::move(data));
  };
  EXPECT_EQ(with([](TokenizerData &) {}), "created");
  EXPECT_EQ(with([](TokenizerData &data) { data.scores.clear(); }),
            "tokenizer: expected scores of the tokens (key tokenizer.ggml.scores), found none");
  for (float score : {-INFINITY, INFINITY, NAN})
    EXPECT_EQ(with([&](TokenizerData &data) { data.scores[1] = score; }),
              "tokenizer: token 1: expected a finite number as its score");
  EXPECT_EQ(with([](TokenizerData &data) { data.scores[2] = -INFINITY; }), "created");
  EXPECT_EQ(with([](TokenizerData &data) { data.tokens[1] = std::string(1025, 'a'); }),
            "tokenizer: token 1: expected at most 1024 bytes, found 1025");
  EXPECT_EQ(with([](TokenizerData &data) { data.tokenTypes[1] = TokenType::Control; }),
            "tokenizer: expected tokens that text may become, found none");
  EXPECT_EQ(with([](TokenizerData &data) { data.addedTokenRules = {{.id = 3}}; }),
            "tokenizer: expected the added token within the vocabulary of 3 tokens, found id 3");
}

TEST(TokenizerCreate, RefusesCharacterMaps) {
  auto errorWith = [](std::string_view map) {
    TokenizerData data;
    data.model = "t5";
    data.tokens = {"a"};
    data.scores = {-1};
    data.characterMap = map;
    return errorOf(std::move(data));
  };
  EXPECT_EQ(errorWith("abc"), "tokenizer: precompiled_charsmap: expected the 4 bytes of a size, "
                              "found 3");
  for (auto [size, found] : {std::pair("\0"sv, "0"), {"\3"sv, "3"}, {"\x8"sv, "8"}})
    EXPECT_EQ(errorWith(std::string(size) + "\0\0\0uuuu"s),
              "tokenizer: precompiled_charsmap: expected a trie of whole units of 4 bytes, at most "
              "4 bytes, found one of " +
                  std::string(found));
  std::string trie = "\4\0\0\0uuuu"s;
  EXPECT_EQ(errorWith(trie), "created");
  EXPECT_EQ(errorWith(trie + "\xFF\0"s),
            "tokenizer: precompiled_charsmap: expected UTF-8 as replacements");
  EXPECT_EQ(errorWith(trie + "ab"),
            "tokenizer: precompiled_charsmap: expected a NUL behind the last replacement");
  EXPECT_EQ(
      errorWith(trie + std::string(257, 'a') + "\0"s),
      "tokenizer: precompiled_charsmap: expected replacements of at most 256 bytes, found one "
      "of 257");
}

TEST(TokenizerCreate, Properties) {
  TokenizerData data = tinyData();
  data.addBos = true;
  data.endOfGenerationIds = {2, 5, 0};
  auto tokenizer = Tokenizer::create(std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(tokenizer->vocabularySize(), 2006);
  EXPECT_TRUE(tokenizer->isEndOfGeneration(0));
  EXPECT_FALSE(tokenizer->isEndOfGeneration(1));
  EXPECT_TRUE(tokenizer->isEndOfGeneration(2));
  EXPECT_TRUE(tokenizer->isEndOfGeneration(5));
  EXPECT_TRUE(tokenizer->isSpecial(1));
  EXPECT_FALSE(tokenizer->isSpecial(100));
  EXPECT_EQ(tokenizer->tokenBytes(1), "<|im_start|>");
  EXPECT_EQ(*tokenizer->encode("", {.addBos = true}), std::vector<int32_t>{1});
  EXPECT_EQ(*tokenizer->encode(""), std::vector<int32_t>());
  for (int32_t outside : {-1, 2006, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer->tokenBytes(outside), "");
    EXPECT_FALSE(tokenizer->isSpecial(outside));
    EXPECT_FALSE(tokenizer->isEndOfGeneration(outside));
    EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{outside}), "");
  }
}

TEST(StreamDecoder, HoldsBackAnIncompleteCharacter) {
  auto tokenizer = Tokenizer::create(tinyData());
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  auto byteToken = [&](uint8_t byte) {
    int32_t id = 0;
    while (id < 300 && tokenizer->tokenBytes(id) != std::string(1, static_cast<char>(byte)))
      ++id;
    return id;
  };
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(byteToken(0xF0)), "");
  EXPECT_EQ(decoder.push(byteToken(0x9F)), "");
  EXPECT_EQ(decoder.push(byteToken(0x98)), "");
  EXPECT_EQ(decoder.push(byteToken(0x80)), "\U0001F600");
  EXPECT_EQ(decoder.push(byteToken(0xE2)), "");
  EXPECT_EQ(decoder.push(byteToken('a')), "\uFFFDa");
  EXPECT_EQ(decoder.push(byteToken(0xE2)), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.finish(), "");
  EXPECT_EQ(decoder.push(byteToken('b')), "b");
}

/// Tokens added by hand mean their spelling, even where it could be spelled bytes.
TEST(Tokenizer, UserDefinedTokensKeepTheirSpelling) {
  TokenizerData data = tinyData();
  data.tokens.push_back("ßĠ");
  data.tokenTypes.push_back(TokenType::UserDefined);
  auto tokenizer = Tokenizer::create(std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(*tokenizer->encode("ßĠ"), std::vector<int32_t>{2006});
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{2006}), "ßĠ");
}

/// An unknown character is worse by 10 than the worst token.
TEST(Tokenizer, UnigramAvoidsUnknownCharacters) {
  auto encode = [](float score) {
    TokenizerData data;
    data.model = "t5";
    data.tokens = {"<unk>", "ab", "xa", "b"};
    data.tokenTypes = {TokenType::Unknown, TokenType::Normal, TokenType::Normal, TokenType::Normal};
    data.scores = {0, -1, -20, score};
    data.unknownId = 0;
    auto tokenizer = Tokenizer::create(std::move(data));
    EXPECT_TRUE(tokenizer) << tokenizer.error();
    return *tokenizer->encode("xab");
  };
  EXPECT_EQ(encode(-10.5f), std::vector<int32_t>({2, 3}));
  EXPECT_EQ(encode(-11.5f), std::vector<int32_t>({0, 1}));
}

TEST(EndOfGeneration, IdsAndSpellings) {
  TokenizerData data;
  data.tokens = {"a", "<|im_end|>", "</s>", "<|end|>", "<eos>", "<|eot_id|>", "<end_of_turn>", "x"};
  EXPECT_EQ(findEndOfGenerationIds(data), (std::vector<int32_t>{1, 3, 5, 6}));
  data.eosId = 7;
  data.eotId = 1;
  data.eomId = 0;
  EXPECT_EQ(findEndOfGenerationIds(data), (std::vector<int32_t>{0, 1, 3, 5, 6, 7}));
  data.tokenTypes.assign(8, TokenType::Normal);
  data.tokenTypes[2] = TokenType::Control;
  data.tokenTypes[4] = TokenType::UserDefined;
  data.tokenTypes[5] = TokenType::Unused;
  EXPECT_EQ(findEndOfGenerationIds(data), (std::vector<int32_t>{0, 1, 2, 3, 6, 7}));
  data.tokens[0] = "<|return|>";
  EXPECT_EQ(findEndOfGenerationIds(data), (std::vector<int32_t>{0, 1, 2, 3, 6, 7}));
  data.tokens[7] = "<|call|>";
  EXPECT_EQ(findEndOfGenerationIds(data), (std::vector<int32_t>{0, 1, 2, 6, 7}));
}
