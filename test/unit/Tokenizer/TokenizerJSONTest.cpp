//===- TokenizerJSONTest.cpp - vocabularies from tokenizer.json ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/TokenizerJSON.h"
#include "TestData.h"
#include "ThroughGGUF.h"

#include <chrono>

using namespace frit;
using namespace frit::test;

/// What is read from the file after `change`.
static Result<TokenizerData>
readJSON(const std::string &name, const std::function<void(llvm::json::Object &)> &change = {}) {
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(readFile(name + ".json"));
  EXPECT_TRUE(static_cast<bool>(json));
  if (change)
    change(*json->getAsObject());
  return parseTokenizerJSON(*json);
}

class TokenizerJSON : public testing::TestWithParam<const char *> {};

TEST_P(TokenizerJSON, EqualsReference) {
  Result<TokenizerData> data = readJSON(GetParam());
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  compareWithReference(*tokenizer, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, TokenizerJSON,
                         testing::Values("tiny-gpt-2", "tiny-smollm", "tiny-llama-bpe",
                                         "tiny-qwen2", "sentencepiece", "sentencepiece-prefix",
                                         "unigram-map", "unigram-words", "unigram-first",
                                         "unigram-bytes"),
                         nameOfVocabulary);

TEST_P(TokenizerJSON, SurvivesGGUF) {
  std::string name = GetParam();
  Result<TokenizerData> data = readJSON(name);
  ASSERT_TRUE(data) << data.error();
  data = throughGGUF(*std::move(data));
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  compareWithReference(*tokenizer, name);
}

/// Each part of a file alone, and some of them together; see make_parts_data.py.
TEST(TokenizerJSONParts, EqualReference) {
  llvm::Expected<llvm::json::Value> cases = llvm::json::parse(readFile("parts.json"));
  ASSERT_TRUE(static_cast<bool>(cases));
  for (const llvm::json::Value &value : *cases->getAsArray()) {
    const llvm::json::Object &part = *value.getAsObject();
    std::string name = part.getString("name")->str();
    Result<TokenizerData> data =
        readJSON(part.getString("base")->str(), [&](llvm::json::Object &json) {
          for (const auto &[key, changed] : *part.getObject("changes"))
            json[key] = changed;
        });
    ASSERT_TRUE(data) << name << ": " << data.error();
    std::string blob = data->serialize();
    data = TokenizerData::parse(reinterpret_cast<const uint8_t *>(blob.data()), blob.size());
    ASSERT_TRUE(data) << name << ": " << data.error();
    auto tokenizer = Tokenizer::create(*std::move(data));
    ASSERT_TRUE(tokenizer) << name << ": " << tokenizer.error();
    const llvm::json::Array &texts = *part.getArray("texts"), &ids = *part.getArray("ids");
    const llvm::json::Array &decoded = *part.getArray("decoded");
    for (size_t i = 0; i < texts.size(); ++i) {
      std::string text = texts[i].getAsString()->str();
      std::vector<int32_t> expected;
      for (const llvm::json::Value &id : *ids[i].getAsArray())
        expected.push_back(static_cast<int32_t>(*id.getAsInteger()));
      auto found = tokenizer->encode(text, {.parseSpecial = true, .addBos = true});
      ASSERT_TRUE(found) << found.error();
      EXPECT_EQ(*found, expected) << name << ": " << text;
      EXPECT_EQ(tokenizer->decode(expected, {.skipSpecial = true}), decoded[i].getAsString()->str())
          << name << ": " << text;
    }
  }
}

class AddedTokens : public testing::TestWithParam<const char *> {};

TEST_P(AddedTokens, EqualReference) {
  Result<TokenizerData> data = readJSON(GetParam());
  ASSERT_TRUE(data) << data.error();
  // As from a bundle.
  std::string blob = data->serialize();
  data = TokenizerData::parse(reinterpret_cast<const uint8_t *>(blob.data()), blob.size());
  ASSERT_TRUE(data) << data.error();
  compareWithAndWithoutGGUF(*data, GetParam(), "added-strings.txt");
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, AddedTokens,
                         testing::Values("added-nfc", "added-prepend", "added-first",
                                         "added-always"),
                         nameOfVocabulary);

/// A vocabulary that makes every position of a text the beginning of a thousand tokens, and
/// characters that are one grapheme.
TEST(UnigramTime, IsLinear) {
  Result<TokenizerData> data = readJSON("unigram-map", [](llvm::json::Object &json) {
    llvm::json::Array &vocabulary = *json.getObject("model")->getArray("vocab");
    for (int size = 2; size <= 1024; ++size)
      vocabulary.push_back(llvm::json::Array{std::string(static_cast<size_t>(size), 'a'), -9});
  });
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  for (const char *part : {"a", "e", "\u0301", "\u3099", " ", "\U0001F1E9"}) {
    std::string text;
    while (text.size() < 100'000)
      text += part;
    auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(tokenizer->encode(text));
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 30) << part;
  }
}

/// A megabyte of white space beside and between tokens that take it, and of such tokens.
TEST(AddedTokensTime, IsLinear) {
  Result<TokenizerData> data = readJSON("added-nfc", [](llvm::json::Object &json) {
    for (llvm::json::Value &token : *json.getArray("added_tokens")) {
      (*token.getAsObject())["lstrip"] = true;
      (*token.getAsObject())["rstrip"] = true;
      (*token.getAsObject())["normalized"] = false;
    }
  });
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  for (const char *part : {"  ", "\n", "  \n", "<l> ", "<r>  ", "<w>a "}) {
    std::string text;
    while (text.size() < 1'000'000)
      text += part;
    auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(tokenizer->encode(text, {.parseSpecial = true}));
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 30) << part;
  }
}

TEST(TokenizerJSONData, IsWhatGGUFSays) {
  TokenizerData tiny = tinyData();
  Result<TokenizerData> data = readJSON("tiny-smollm");
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->model, "gpt2");
  EXPECT_EQ(data->preTokenizer, "smollm");
  EXPECT_TRUE(data->patterns.empty());
  EXPECT_EQ(data->tokens, tiny.tokens);
  EXPECT_EQ(data->tokenTypes, tiny.tokenTypes);
  EXPECT_EQ(data->merges, tiny.merges);
  for (auto [name, family] : {std::pair("tiny-qwen2", "qwen2"),
                              {"tiny-llama-bpe", "llama-bpe"},
                              {"tiny-gpt-2", "gpt-2"},
                              {"tiny-deepseek-v3", "deepseek-v3"}})
    EXPECT_EQ(readJSON(name)->preTokenizer, family);
}

TEST(TokenizerJSONData, PatternsOfNoKnownFamilyServe) {
  Result<TokenizerData> data = readJSON("tiny-qwen2", [](llvm::json::Object &json) {
    json["pre_tokenizer"] = *llvm::json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\d\\S|[^\\p{L}\\s]+"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})");
  });
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->preTokenizer, "");
  EXPECT_EQ(data->patterns, std::vector<std::string>({R"(\d\S|[^\p{L}\s]+)"}));
  EXPECT_TRUE(data->composes);
  EXPECT_TRUE(Tokenizer::check(*data));
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(tokenizer->decode(*tokenizer->encode("a1b 2.5")), "a1b 2.5");
}

/// A group that a lookahead calls may move the beginning of the match behind its end.
TEST(TokenizerJSONData, PatternWhoseMatchesBeginBehindTheirEnd) {
  Result<TokenizerData> data = readJSON("tiny-qwen2", [](llvm::json::Object &json) {
    json["pre_tokenizer"] = *llvm::json::parse(R"json({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "(?(DEFINE)(?<b>b\\K))a(?=(?&b))"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})json");
  });
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(tokenizer->decode(*tokenizer->encode("xabab")), "xabab");
}

TEST(TokenizerJSONData, PatternThatIsNone) {
  Result<TokenizerData> data = readJSON("tiny-qwen2", [](llvm::json::Object &json) {
    json["pre_tokenizer"] = *llvm::json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})");
  });
  ASSERT_TRUE(data) << data.error();
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error(), "tokenizer: pattern '(a': missing closing parenthesis");
}

/// That the model can be run, but only on ids, and why.
static void expectUnsupported(const char *name, const char *what,
                              const std::function<void(llvm::json::Object &)> &change) {
  Result<TokenizerData> data = readJSON(name, change);
  ASSERT_TRUE(data) << data.error();
  Status known = Tokenizer::check(*data);
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error(), "tokenizer: frit does not support a tokenizer.json with " +
                               std::string(what) +
                               "; only the ids of tokens go in and out (--tokens)");
}

TEST(TokenizerJSONData, WhatFritDoesNotHave) {
  using llvm::json::Object;
  expectUnsupported("tiny-gpt-2", "model WordPiece",
                    [](Object &json) { (*json.getObject("model"))["type"] = "WordPiece"; });
  expectUnsupported("tiny-gpt-2", "normalizer Lowercase",
                    [](Object &json) { json["normalizer"] = Object{{"type", "Lowercase"}}; });
  expectUnsupported("tiny-gpt-2", "pre-tokenizer BertPreTokenizer", [](Object &json) {
    json["pre_tokenizer"] = Object{{"type", "BertPreTokenizer"}};
  });
  expectUnsupported("tiny-gpt-2", "an unknown pre-tokenizer",
                    [](Object &json) { json["pre_tokenizer"] = nullptr; });
  auto split = [](const char *behavior, bool invert) {
    return Object{{"type", "Split"},
                  {"pattern", Object{{"Regex", "a"}}},
                  {"behavior", behavior},
                  {"invert", invert}};
  };
  for (auto [behavior, invert] :
       {std::pair("Removed", false), {"MergedWithNext", false}, {"Contiguous", true}})
    expectUnsupported("tiny-gpt-2",
                      ("pre-tokenizer Split of the behavior " + std::string(behavior) +
                       (invert ? ", inverted" : ""))
                          .c_str(),
                      [&](Object &json) { json["pre_tokenizer"] = split(behavior, invert); });
  auto sequence = [](llvm::json::Value first, llvm::json::Value second) {
    return Object{{"type", "Sequence"}, {"pretokenizers", llvm::json::Array{first, second}}};
  };
  expectUnsupported(
      "tiny-gpt-2", "pre-tokenizer Split of the behavior Removed, inverted", [&](Object &json) {
        json["pre_tokenizer"] = sequence(split("Isolated", false), split("Removed", true));
      });
  expectUnsupported("tiny-gpt-2", "a space in front of each word", [&](Object &json) {
    json["pre_tokenizer"] = sequence(split("Isolated", false), Object{{"type", "ByteLevel"}});
  });
  expectUnsupported("tiny-gpt-2", "normalizer Nmt",
                    [](Object &json) { json["normalizer"] = Object{{"type", "Nmt"}}; });
  expectUnsupported("tiny-gpt-2", "two normalization forms", [](Object &json) {
    json["normalizer"] = *llvm::json::parse(
        R"({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "NFC"}]})");
  });
  auto withTemplate = [](const char *pieces) {
    return [pieces](Object &json) {
      json["post_processor"] = *llvm::json::parse(R"({"type": "TemplateProcessing", "single": [)" +
                                                  std::string(pieces) + "]}");
    };
  };
  const char *text = R"({"Sequence": {"id": "A", "type_id": 0}})";
  std::string special = R"({"SpecialToken": {"id": "<|im_start|>", "type_id": 0}})";
  expectUnsupported("tiny-gpt-2",
                    "post-processor TemplateProcessing with another thing than one text and tokens",
                    withTemplate((std::string(text) + ", " + text).c_str()));
  expectUnsupported("tiny-gpt-2", "post-processor TemplateProcessing with a token twice",
                    withTemplate((text + (", " + special) + ", " + special).c_str()));
  expectUnsupported(
      "tiny-gpt-2", "post-processor TemplateProcessing with a token outside of the vocabulary",
      [&](Object &json) {
        json["post_processor"] =
            *llvm::json::parse(R"({"type": "TemplateProcessing", "single": [)" + special +
                               R"(], "special_tokens": {"<|im_start|>": {"ids": [1000000]}}})");
      });
  std::string many = text;
  for (int i = 0; i < 65; ++i)
    many += ", " + special;
  expectUnsupported("tiny-gpt-2", "post-processor TemplateProcessing with more than 64 tokens",
                    withTemplate(many.c_str()));
  expectUnsupported("tiny-gpt-2", "model with end_of_word_suffix", [](Object &json) {
    (*json.getObject("model"))["end_of_word_suffix"] = "</w>";
  });
  expectUnsupported("tiny-gpt-2", "model with continuing_subword_prefix", [](Object &json) {
    (*json.getObject("model"))["continuing_subword_prefix"] = "##";
  });
  expectUnsupported("tiny-gpt-2", "normalizer \\1B[31m\\0A",
                    [](Object &json) { json["normalizer"] = Object{{"type", "\x1B[31m\n"}}; });
  expectUnsupported("tiny-gpt-2", "post-processor BertProcessing", [](Object &json) {
    json["post_processor"] = Object{{"type", "BertProcessing"}};
  });
}

static void expectMalformed(const char *message,
                            const std::function<void(llvm::json::Object &)> &change,
                            const char *name = "tiny-gpt-2") {
  Result<TokenizerData> data = readJSON(name, change);
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error(), message);
}

TEST(TokenizerJSONData, Malformed) {
  using llvm::json::Object;
  EXPECT_EQ(parseTokenizerJSON(nullptr).error(), "expected an object");
  expectMalformed("model: expected an object", [](Object &json) { json.erase("model"); });
  expectMalformed("model.vocab: expected an object",
                  [](Object &json) { json.getObject("model")->erase("vocab"); });
  expectMalformed("model.vocab: expected a whole number for each token",
                  [](Object &json) { (*json.getObject("model")->getObject("vocab"))["a"] = "b"; });
  expectMalformed("model.vocab: expected ids below 5056 for so many tokens, found 5056",
                  [](Object &json) { (*json.getObject("model")->getObject("vocab"))["a"] = 5056; });
  expectMalformed("model.vocab: expected ids below 5056 for so many tokens, found -1",
                  [](Object &json) { (*json.getObject("model")->getObject("vocab"))["a"] = -1; });
  expectMalformed("added_tokens: expected objects with content and id",
                  [](Object &json) { json.getArray("added_tokens")->push_back(1); });
  expectMalformed("model.merges: expected a list",
                  [](Object &json) { json.getObject("model")->erase("merges"); });
  expectMalformed("model.merges: expected two tokens in each merge", [](Object &json) {
    json.getObject("model")->getArray("merges")->push_back(llvm::json::Array{"a"});
  });
  for (const char *merge : {"a", "a b c"})
    expectMalformed("model.merges: expected two tokens in each merge", [&](Object &json) {
      json.getObject("model")->getArray("merges")->push_back(merge);
    });
  for (auto [merge, missing] :
       {std::pair("a \n", "\\0A"), {"none a", "none"}, {"a \xC4\xA0", "a\xC4\xA0"}})
    expectMalformed(
        ("model.merges: expected tokens of the vocabulary, found '" + std::string(missing) + "'")
            .c_str(),
        [&](Object &json) { json.getObject("model")->getArray("merges")->push_back(merge); });
}

TEST(TokenizerJSONData, MalformedUnigram) {
  using llvm::json::Array;
  using llvm::json::Object;
  auto expect = [](const char *message, const std::function<void(Object &)> &change) {
    expectMalformed(
        message, [&](Object &json) { change(*json.getObject("model")); }, "unigram-bytes");
  };
  expect("model.vocab: expected a list", [](Object &model) { model["vocab"] = Object(); });
  for (llvm::json::Value element :
       {llvm::json::Value("a"), llvm::json::Value(Array{"a"}), llvm::json::Value(Array{1, 2}),
        llvm::json::Value(Array{"a", "b"}), llvm::json::Value(Array{"a", 1, 2})})
    expect("model.vocab: expected a text and a number for each token",
           [&](Object &model) { model.getArray("vocab")->push_back(element); });
  for (llvm::json::Value id : {llvm::json::Value(-1), llvm::json::Value(1577),
                               llvm::json::Value("a"), llvm::json::Value(0.5)})
    expect("model.unk_id: expected the id of a token",
           [&](Object &model) { model["unk_id"] = id; });
  expectMalformed(
      "precompiled_charsmap: expected Base64",
      [](Object &json) {
        json["normalizer"] = Object{{"type", "Precompiled"}, {"precompiled_charsmap", "?"}};
      },
      "unigram-bytes");
}

TEST(TokenizerJSONData, NormalizersThatFritDoesNotHave) {
  using llvm::json::Object;
  auto normalizers = [](const std::string &list) {
    return [list](Object &json) {
      json["normalizer"] =
          *llvm::json::parse(R"({"type": "Sequence", "normalizers": [)" + list + "]}");
    };
  };
  const char *strip = R"({"type": "Strip", "strip_left": true, "strip_right": true})";
  std::string prepend = "{\"type\": \"Prepend\", \"prepend\": \"\u2581\"}";
  expectUnsupported("unigram-words", "normalizers in an unknown order",
                    normalizers(prepend + ", " + strip));
  expectUnsupported("unigram-first", "Strip in front of Metaspace", normalizers(strip));
  expectUnsupported("unigram-first", "pre-tokenizer Metaspace", normalizers(prepend));
  expectUnsupported("tiny-gpt-2", "an unknown pre-tokenizer", normalizers(strip));
  expectUnsupported("unigram-words", "an unknown pre-tokenizer", [](Object &json) {
    json["pre_tokenizer"] = Object{{"type", "WhitespaceSplit"}};
  });
  expectUnsupported("unigram-words", "an unknown pre-tokenizer", [](Object &json) {
    json["pre_tokenizer"] = Object{{"type", "ByteLevel"}, {"add_prefix_space", false}};
  });
}

/// Without an unknown token, what the vocabulary lacks is left out.
TEST(TokenizerJSONData, UnigramWithoutUnknownToken) {
  Result<TokenizerData> data = readJSON("unigram-words", [](llvm::json::Object &json) {
    (*json.getObject("model"))["unk_id"] = nullptr;
    json["added_tokens"] = llvm::json::Array();
  });
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->unknownId, std::nullopt);
  auto tokenizer = Tokenizer::create(*std::move(data));
  ASSERT_TRUE(tokenizer) << tokenizer.error();
  EXPECT_EQ(tokenizer->decode(*tokenizer->encode("a\U0010FFFFb")), "ab");
}

TEST(TokenizerJSONData, BeginsWithTheTokenOfTheTemplate) {
  Result<TokenizerData> data = readJSON("tiny-gpt-2", [](llvm::json::Object &json) {
    json["post_processor"] = *llvm::json::parse(R"({"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]})");
  });
  ASSERT_TRUE(data) << data.error();
  EXPECT_TRUE(data->addBos);
  EXPECT_EQ(data->tokens[*data->bosId], "<|im_start|>");
}

TEST(TokenizerJSONData, SpaceInFrontOfTheFirstWordOnly) {
  auto ids = [](const char *scheme) {
    Result<TokenizerData> data = readJSON("sentencepiece", [&](llvm::json::Object &json) {
      json["normalizer"] = nullptr;
      json["pre_tokenizer"] = llvm::json::Object{{"type", "Metaspace"},
                                                 {"replacement", "\u2581"},
                                                 {"prepend_scheme", scheme},
                                                 {"split", false}};
    });
    EXPECT_TRUE(data) << data.error();
    auto tokenizer = Tokenizer::create(*std::move(data));
    EXPECT_TRUE(tokenizer) << tokenizer.error();
    std::vector<std::string> texts;
    for (const char *text : {"the", "<s>the"})
      texts.push_back(
          tokenizer->tokenBytes(tokenizer->encode(text, {.parseSpecial = true})->back()));
    return texts;
  };
  EXPECT_EQ(ids("always"), std::vector<std::string>({" the", " the"}));
  EXPECT_EQ(ids("first"), std::vector<std::string>({" the", "the"}));
  EXPECT_EQ(ids("never"), std::vector<std::string>({"the", "the"}));
}
