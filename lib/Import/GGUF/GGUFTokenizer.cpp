//===- GGUFTokenizer.cpp - the vocabulary in a GGUF file ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUFTokenizer.h"

#include <algorithm>
#include <iterator>
#include <limits>

using namespace frit;

//===----------------------------------------------------------------------===//
// Keys of frit's own
//===----------------------------------------------------------------------===//

/// The names of those options that are set.
static constexpr std::string_view optionsKey = "frit.tokenizer.options";
static constexpr struct {
  std::string_view name;
  bool TokenizerData::*option;
} options[] = {{"maps_graphemes", &TokenizerData::mapsGraphemes},
               {"strips_start", &TokenizerData::stripsStart},
               {"strips_end", &TokenizerData::stripsEnd},
               {"collapses_spaces", &TokenizerData::collapsesSpaces},
               {"removes_extra_spaces", &TokenizerData::removesExtraSpaces},
               {"adds_space_prefix", &TokenizerData::addSpacePrefix},
               {"prefixes_only_start", &TokenizerData::prefixesOnlyStart},
               {"keeps_spaces", &TokenizerData::keepsSpaces},
               {"metaspace", &TokenizerData::metaspace},
               {"splits_at_spaces", &TokenizerData::splitsAtSpaces},
               {"splits_at_white_space", &TokenizerData::splitsAtWhiteSpace},
               {"fuses_unknown", &TokenizerData::fusesUnknown},
               {"matches_in_normalized", &TokenizerData::matchesInNormalized}};

/// For each rule the id and the sum of 1 if it strips to the left, 2 to the right, 4 if it is for
/// single words, 8 if for normalized text, 16 if it comes in front of a text and 32 if behind.
static constexpr std::string_view rulesKey = "frit.tokenizer.added_token_rules";
static constexpr bool AddedTokenRule::*ruleBits[] = {
    &AddedTokenRule::stripsLeft, &AddedTokenRule::stripsRight, &AddedTokenRule::singleWord,
    &AddedTokenRule::normalized, &AddedTokenRule::isInFront,   &AddedTokenRule::isBehind};

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Reads keys until the first failure, which it keeps; later reads then do nothing.
class KeyReader {
public:
  explicit KeyReader(const GGUFFile &file) : file(file) {}

  Status takeStatus() { return std::move(status); }

  void fail(std::string_view key, std::string_view message) {
    if (status)
      status = Failure("metadata key '", key, "': ", message).in(file.path());
  }

  /// The value under `key`; `fallback` when there is none.
  template <typename T>
  T optional(std::string_view key, Result<T> (GGUFFile::*get)(std::string_view) const,
             T fallback = {}) {
    return file.find(key) ? required(key, get) : fallback;
  }
  template <typename T>
  T required(std::string_view key, Result<T> (GGUFFile::*get)(std::string_view) const) {
    if (!status)
      return {};
    Result<T> value = (file.*get)(key);
    if (value)
      return *std::move(value);
    status = value.takeFailure();
    return {};
  }

  std::optional<int32_t> optionalId(std::string_view key, size_t tokenCount) {
    if (!file.find(key))
      return std::nullopt;
    uint64_t id = required(key, &GGUFFile::getUInt);
    if (id >= tokenCount)
      fail(key, "expected an id in the vocabulary of " + std::to_string(tokenCount) +
                    " tokens, found " + std::to_string(id));
    return static_cast<int32_t>(id);
  }

  /// An array along the vocabulary; empty when there is none.
  template <typename T>
  std::vector<T> perToken(std::string_view key,
                          Result<std::vector<T>> (GGUFFile::*get)(std::string_view) const,
                          size_t tokenCount) {
    std::vector<T> values = optional(key, get);
    if (!values.empty() && values.size() != tokenCount)
      fail(key, "expected one element for each of the " + std::to_string(tokenCount) +
                    " tokens, found " + std::to_string(values.size()));
    return values;
  }

private:
  const GGUFFile &file;
  Status status;
};

std::vector<std::string> copies(const std::vector<std::string_view> &views) {
  return {views.begin(), views.end()};
}

/// Runs of spaces that were added by hand come from merges, those before all others: in a
/// tokenizer.json they are spelled with U+2581, which is not what stands in a text, and have low
/// ids.
void mergeRunsOfSpaces(TokenizerData &data) {
  if (data.tokenTypes.empty() || data.scores.empty())
    return;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    std::string &spelling = data.tokens[id];
    if (data.tokenTypes[id] != TokenType::UserDefined || spelling.empty() ||
        spelling.find_first_not_of(' ') != std::string::npos)
      continue;
    data.tokenTypes[id] = TokenType::Normal;
    data.scores[id] = std::numeric_limits<float>::infinity();
    std::string spaces;
    for (size_t i = 0; i < spelling.size(); ++i)
      spaces += "\xE2\x96\x81";
    spelling = spaces;
  }
}

void readCharacterMap(KeyReader &keys, TokenizerData &data) {
  constexpr std::string_view key = "tokenizer.ggml.precompiled_charsmap";
  for (int64_t byte : keys.optional(key, &GGUFFile::getIntArray)) {
    if (byte < -128 || byte > 255)
      keys.fail(key, "expected bytes, found " + std::to_string(byte));
    data.characterMap += static_cast<char>(byte);
  }
}

void readOptions(KeyReader &keys, TokenizerData &data) {
  for (const auto &known : options)
    data.*known.option = false;
  for (std::string_view name : keys.required(optionsKey, &GGUFFile::getStringArray)) {
    bool isKnown = false;
    for (const auto &known : options)
      if (known.name == name)
        isKnown = data.*known.option = true;
    if (!isKnown)
      keys.fail(optionsKey, "expected known options, found an unknown one");
  }
}

void readRules(KeyReader &keys, TokenizerData &data) {
  std::vector<int64_t> values = keys.optional(rulesKey, &GGUFFile::getIntArray);
  if (values.size() % 2 != 0)
    keys.fail(rulesKey, "expected two numbers for each rule, found an odd count");
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    int64_t id = values[i], bits = values[i + 1];
    if (id < 0 || id >= static_cast<int64_t>(data.tokens.size()))
      return keys.fail(rulesKey, "expected an id in the vocabulary of " +
                                     std::to_string(data.tokens.size()) + " tokens, found " +
                                     std::to_string(id));
    if (bits < 0 || bits > 63)
      return keys.fail(rulesKey, "expected a sum from 0 to 63, found " + std::to_string(bits));
    AddedTokenRule &rule = data.addedTokenRules.emplace_back();
    rule.id = static_cast<int32_t>(id);
    for (size_t bit = 0; bit < std::size(ruleBits); ++bit)
      rule.*ruleBits[bit] = bits >> bit & 1;
  }
}

} // namespace

Result<TokenizerData> frit::readTokenizer(const GGUFFile &file) {
  constexpr std::string_view typesKey = "tokenizer.ggml.token_type";
  constexpr std::string_view tokensKey = "tokenizer.ggml.tokens";
  KeyReader keys(file);
  TokenizerData data;
  // As llama.cpp has it, a model "none" has no vocabulary; ids go in and out.
  if (const GGUFValue *model = file.find("tokenizer.ggml.model"); model && !file.find(tokensKey))
    if (Result<std::string_view> name = model->asString(); name && *name == "none") {
      data.model = *name;
      return data;
    }
  data.model = keys.required("tokenizer.ggml.model", &GGUFFile::getString);
  data.preTokenizer = keys.optional("tokenizer.ggml.pre", &GGUFFile::getString);
  data.tokens = copies(keys.required(tokensKey, &GGUFFile::getStringArray));
  size_t tokenCount = data.tokens.size();
  if (tokenCount == 0)
    keys.fail(tokensKey, "expected at least one token, found none");

  for (uint64_t type : keys.perToken(typesKey, &GGUFFile::getUIntArray, tokenCount)) {
    if (type > static_cast<uint64_t>(TokenType::Byte))
      keys.fail(typesKey, "element " + std::to_string(data.tokenTypes.size() + 1) + " of " +
                              std::to_string(tokenCount) + ": expected a token type from 0 to 6, " +
                              "found " + std::to_string(type));
    data.tokenTypes.push_back(static_cast<TokenType>(type));
  }
  for (double score : keys.perToken("tokenizer.ggml.scores", &GGUFFile::getFloatArray, tokenCount))
    data.scores.push_back(static_cast<float>(score));
  data.merges = copies(keys.optional("tokenizer.ggml.merges", &GGUFFile::getStringArray));

  data.bosId = keys.optionalId("tokenizer.ggml.bos_token_id", tokenCount);
  data.eosId = keys.optionalId("tokenizer.ggml.eos_token_id", tokenCount);
  data.eotId = keys.optionalId("tokenizer.ggml.eot_token_id", tokenCount);
  data.eomId = keys.optionalId("tokenizer.ggml.eom_token_id", tokenCount);
  data.unknownId = keys.optionalId("tokenizer.ggml.unknown_token_id", tokenCount);
  data.padId = keys.optionalId("tokenizer.ggml.padding_token_id", tokenCount);

  // What llama.cpp assumes of files that do not say: SentencePiece models ("llama") want both.
  bool isSentencePiece = data.model == "llama", isUnigram = data.model == "t5";
  data.addBos = keys.optional("tokenizer.ggml.add_bos_token", &GGUFFile::getBool, isSentencePiece);
  data.addSpacePrefix =
      keys.optional("tokenizer.ggml.add_space_prefix", &GGUFFile::getBool, isSentencePiece);
  if (isUnigram) {
    data.removesExtraSpaces =
        keys.optional("tokenizer.ggml.remove_extra_whitespaces", &GGUFFile::getBool);
    data.keepsSpaces =
        !keys.optional("tokenizer.ggml.escape_whitespaces", &GGUFFile::getBool, true);
    data.fusesUnknown = true;
  }
  if (isSentencePiece || isUnigram)
    readCharacterMap(keys, data);
  bool saysAll = file.find(optionsKey);
  if (saysAll)
    readOptions(keys, data);
  readRules(keys, data);
  if (keys.optional("tokenizer.ggml.add_eos_token", &GGUFFile::getBool) && data.eosId)
    data.ruleOf(*data.eosId).isBehind = true;
  data.chatTemplate = keys.optional("tokenizer.chat_template", &GGUFFile::getString);

  if (Status status = keys.takeStatus(); !status)
    return status.takeFailure();
  if (isUnigram && !data.unknownId)
    for (size_t id = 0; id < data.tokenTypes.size() && !data.unknownId; ++id)
      if (data.tokenTypes[id] == TokenType::Unknown)
        data.unknownId = static_cast<int32_t>(id);
  if (isSentencePiece && !saysAll)
    mergeRunsOfSpaces(data);
  data.endOfGenerationIds = findEndOfGenerationIds(data);
  return data;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

void frit::writeTokenizer(GGUFHeader &header, const TokenizerData &data) {
  header.add("tokenizer.ggml.model", std::string_view(data.model));
  header.add("tokenizer.ggml.pre",
             std::string_view(data.preTokenizer.empty() ? "default" : data.preTokenizer));
  header.add("tokenizer.ggml.tokens", data.tokens);
  std::vector<int32_t> types;
  for (TokenType type : data.tokenTypes)
    types.push_back(static_cast<int32_t>(type));
  header.add("tokenizer.ggml.token_type", types);
  if (!data.scores.empty())
    header.add("tokenizer.ggml.scores", data.scores);
  if (!data.merges.empty())
    header.add("tokenizer.ggml.merges", data.merges);

  auto addId = [&](std::string_view key, std::optional<int32_t> id) {
    if (id)
      header.add(key, static_cast<uint32_t>(*id));
  };
  // Of several ends, the keys name three.
  std::optional<int32_t> eot = data.eotId, eom = data.eomId;
  std::vector<int32_t> known = findEndOfGenerationIds(data);
  for (int32_t id : data.endOfGenerationIds)
    if (std::optional<int32_t> &end = eot ? eom : eot;
        !end && std::find(known.begin(), known.end(), id) == known.end())
      end = id;
  addId("tokenizer.ggml.bos_token_id", data.bosId);
  addId("tokenizer.ggml.eos_token_id", data.eosId);
  addId("tokenizer.ggml.eot_token_id", eot);
  addId("tokenizer.ggml.eom_token_id", eom);
  addId("tokenizer.ggml.unknown_token_id", data.unknownId);
  addId("tokenizer.ggml.padding_token_id", data.padId);
  header.add("tokenizer.ggml.add_bos_token", data.addBos);
  for (const AddedTokenRule &rule : data.addedTokenRules)
    if (rule.isBehind && rule.id == data.eosId)
      header.add("tokenizer.ggml.add_eos_token", true);
  header.add("tokenizer.ggml.add_space_prefix", data.addSpacePrefix);
  if (data.model == "llama" || data.model == "t5") {
    header.add("tokenizer.ggml.remove_extra_whitespaces",
               data.removesExtraSpaces || data.collapsesSpaces || data.splitsAtWhiteSpace);
    if (data.keepsSpaces)
      header.add("tokenizer.ggml.escape_whitespaces", false);
    if (!data.characterMap.empty())
      header.add("tokenizer.ggml.precompiled_charsmap",
                 std::vector<uint8_t>(data.characterMap.begin(), data.characterMap.end()));
    std::vector<std::string> names;
    for (const auto &known : options)
      if (data.*known.option)
        names.emplace_back(known.name);
    header.add(optionsKey, names);
  }
  if (!data.addedTokenRules.empty()) {
    std::vector<int32_t> rules;
    for (const AddedTokenRule &rule : data.addedTokenRules) {
      int32_t sum = 0;
      for (size_t bit = 0; bit < std::size(ruleBits); ++bit)
        sum |= rule.*ruleBits[bit] ? 1 << bit : 0;
      rules.insert(rules.end(), {rule.id, sum});
    }
    header.add(rulesKey, rules);
  }
  if (!data.chatTemplate.empty())
    header.add("tokenizer.chat_template", std::string_view(data.chatTemplate));
}
