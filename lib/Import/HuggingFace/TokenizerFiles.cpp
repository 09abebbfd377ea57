//===- TokenizerFiles.cpp - what the files beside tokenizer.json say -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/HuggingFace.h"
#include "lib/Import/HuggingFace/SentencePieceFile.h"
#include "lib/Import/HuggingFace/TokenizerJSON.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <limits>
#include <map>

using namespace frit;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

/// Vocabularies of 300,000 tokens and their merges take 35 MB.
static constexpr uint64_t maxVocabularyBytes = 512 << 20;
/// Of a file beside the tokenizer's.
static constexpr uint64_t maxBesideBytes = 16 << 20;
/// Those of 256,000 tokens have 5 MB.
static constexpr uint64_t maxSentencePieceBytes = 128 << 20;

/// Of a token that is none of the model's.
static constexpr float noScore = -std::numeric_limits<float>::infinity();

static std::optional<int32_t> findToken(const TokenizerData &data, StringRef spelling) {
  for (size_t id = 0; id < data.tokens.size(); ++id)
    if (data.tokens[id] == spelling)
      return static_cast<int32_t>(id);
  return std::nullopt;
}

/// "bos_token" of tokenizer_config.json: a text, or an object that holds one.
static std::optional<int32_t> findNamed(const TokenizerData &data, const Object &config,
                                        StringRef key) {
  std::optional<StringRef> spelling = config.getString(key);
  if (const Object *token = config.getObject(key))
    spelling = token->getString("content");
  return spelling ? findToken(data, *spelling) : std::nullopt;
}

/// The ids under a key: a number or a list of them; those that are no tokens are left out.
static std::vector<int32_t> idsOf(const TokenizerData &data, const Object &config, StringRef key) {
  std::vector<int32_t> ids;
  auto add = [&](const Value &value) {
    std::optional<int64_t> id = value.getAsInteger();
    if (id && *id >= 0 && static_cast<size_t>(*id) < data.tokens.size())
      ids.push_back(static_cast<int32_t>(*id));
  };
  const Value *value = config.get(key);
  if (const Array *list = value ? value->getAsArray() : nullptr)
    llvm::for_each(*list, add);
  else if (value)
    add(*value);
  return ids;
}

/// The template called "default" where there are several.
static std::string templateOf(const Object &config) {
  if (std::optional<StringRef> text = config.getString("chat_template"))
    return text->str();
  if (const Array *list = config.getArray("chat_template"))
    for (const Value &element : *list)
      if (const Object *named = element.getAsObject())
        if (named->getString("name") == StringRef("default"))
          return named->getString("template").value_or("").str();
  return "";
}

namespace {
/// The JSON object in a file of the directory; empty where there is none.
class OptionalConfig {
public:
  Status read(const HuggingFaceDirectory &directory, StringRef name) {
    if (!directory.has(name))
      return {};
    Result<Value> json = directory.readJSON(name, maxBesideBytes);
    if (!json)
      return json.takeFailure();
    if (const Object *found = json->getAsObject())
      object = *found;
    return {};
  }
  const Object *operator->() const { return &object; }
  const Object &operator*() const { return object; }

private:
  Object object;
};
} // namespace

namespace {
/// Adds what a tokenizer.json says itself and files beside a tokenizer.model do: tokens that were
/// added to the vocabulary, and what comes in front of a text.
class TokensBeside {
public:
  TokensBeside(const HuggingFaceDirectory &directory, const Object &config, TokenizerData &data)
      : directory(directory), config(config), data(data) {}

  Status read();

private:
  void addSpecial(const Value &value);
  Status add(std::optional<StringRef> spelling, std::optional<int64_t> id, const Object *token,
             StringRef file);
  void makeSpecial();

  const HuggingFaceDirectory &directory;
  const Object &config;
  TokenizerData &data;
  int64_t maxTokens = 0; ///< Ids beyond are refused: memory is to follow the size of the files.
  llvm::StringSet<> specialSpellings;
  std::map<int32_t, AddedTokenRule> rules;
};
} // namespace

void TokensBeside::addSpecial(const Value &value) {
  if (std::optional<StringRef> spelling = value.getAsString())
    specialSpellings.insert(*spelling);
  else if (const Object *token = value.getAsObject())
    specialSpellings.insert(token->getString("content").value_or(""));
}

Status TokensBeside::add(std::optional<StringRef> spelling, std::optional<int64_t> id,
                         const Object *token, StringRef file) {
  std::string place = directory.path() + "/" + file.str();
  if (!spelling || !id)
    return Failure("expected a text and an id of each token").in(place);
  if (*id < 0 || *id >= maxTokens)
    return Failure("expected ids below ", maxTokens, " for so many tokens, found ", *id).in(place);
  auto index = static_cast<size_t>(*id);
  if (index >= data.tokens.size()) {
    data.tokens.resize(index + 1);
    data.tokenTypes.resize(index + 1, TokenType::Unused);
    data.scores.resize(index + 1, noScore);
  }
  auto flag = [&](StringRef name) { return token && token->getBoolean(name).value_or(false); };
  if (flag("special"))
    specialSpellings.insert(*spelling);
  if (data.tokenTypes[index] != TokenType::Unknown && data.tokenTypes[index] != TokenType::Byte)
    data.tokenTypes[index] = TokenType::UserDefined;
  data.tokens[index] = spelling->str();
  data.scores[index] = noScore;
  AddedTokenRule rule;
  rule.stripsLeft = flag("lstrip");
  rule.stripsRight = flag("rstrip");
  rule.singleWord = flag("single_word");
  rule.id = static_cast<int32_t>(*id);
  rules[rule.id] = rule;
  return {};
}

/// What is special is found in a text as it is, not by the model.
void TokensBeside::makeSpecial() {
  for (const auto &[index, spelling] : llvm::enumerate(data.tokens)) {
    auto id = static_cast<int32_t>(index);
    TokenType &type = data.tokenTypes[index];
    if (type == TokenType::Unknown || type == TokenType::Byte || type == TokenType::Control ||
        !specialSpellings.contains(spelling))
      continue;
    type = TokenType::Control;
    if (auto rule = rules.find(id); rule != rules.end())
      rule->second.normalized = false;
  }
  data.addedTokenRules.clear();
  for (const auto &[id, rule] : rules)
    if (AddedTokenRule plain{id}; !(rule == plain))
      data.addedTokenRules.push_back(rule);
}

Status TokensBeside::read() {
  OptionalConfig added, special;
  if (Status status = added.read(directory, "added_tokens.json"); !status)
    return status;
  if (Status status = special.read(directory, "special_tokens_map.json"); !status)
    return status;
  for (const Object *object : {&config, &*special})
    for (const auto &[key, value] : *object) {
      if (StringRef(key).ends_with("_token"))
        addSpecial(value);
      else if (StringRef(key) == "additional_special_tokens" && value.getAsArray())
        for (const Value &element : *value.getAsArray())
          addSpecial(element);
    }
  for (const AddedTokenRule &rule : data.addedTokenRules)
    rules[rule.id] = rule;
  const Object *decoder = config.getObject("added_tokens_decoder");
  size_t count = added->size() + (decoder ? decoder->size() : 0);
  maxTokens = static_cast<int64_t>(2 * (data.tokens.size() + count) + 1024);
  for (const auto &[spelling, id] : *added)
    if (Status status = add(StringRef(spelling), id.getAsInteger(), nullptr, "added_tokens.json");
        !status)
      return status;
  if (decoder)
    for (const auto &[key, value] : *decoder) {
      const Object *token = value.getAsObject();
      int64_t id = 0;
      bool isId = !StringRef(key).getAsInteger(10, id);
      if (Status status =
              add(token ? token->getString("content") : std::nullopt,
                  isId ? std::optional(id) : std::nullopt, token, "tokenizer_config.json");
          !status)
        return status;
    }
  makeSpecial();
  for (auto [id, name] : {std::pair(&data.bosId, "bos_token"),
                          {&data.eosId, "eos_token"},
                          {&data.padId, "pad_token"}})
    if (std::optional<int32_t> named = findNamed(data, *special, name))
      *id = named;
  data.addBos = config.getBoolean("add_bos_token").value_or(data.model == "llama");
  if (std::optional<bool> prefix = config.getBoolean("add_prefix_space"))
    data.addSpacePrefix = *prefix;
  data.prefixesOnlyStart = !config.getBoolean("legacy").value_or(true);
  return {};
}

/// The vocabulary in tokenizer.json, else that in tokenizer.model; "none" where there is neither.
static Result<TokenizerData> readVocabulary(const HuggingFaceDirectory &directory,
                                            const Object &config) {
  if (directory.has("tokenizer.json")) {
    Result<Value> json = directory.readJSON("tokenizer.json", maxVocabularyBytes);
    if (!json)
      return json.takeFailure();
    Result<TokenizerData> parsed = parseTokenizerJSON(*json);
    if (!parsed)
      return parsed.takeFailure().in(directory.path() + "/tokenizer.json");
    return parsed;
  }
  if (!directory.has("tokenizer.model")) {
    TokenizerData data;
    data.model = "none";
    return data;
  }
  Result<MappedFile> file = directory.map("tokenizer.model");
  if (!file)
    return file.takeFailure();
  std::string place = directory.path() + "/tokenizer.model";
  if (file->size() > maxSentencePieceBytes)
    return Failure("expected at most ", maxSentencePieceBytes, " bytes, found ", file->size())
        .in(place);
  Result<TokenizerData> parsed =
      parseSentencePieceFile(StringRef(reinterpret_cast<const char *>(file->data()), file->size()));
  if (!parsed)
    return parsed.takeFailure().in(place);
  if (!parsed->tokens.empty())
    if (Status status = TokensBeside(directory, config, *parsed).read(); !status)
      return status.takeFailure();
  return parsed;
}

Result<TokenizerData> frit::readTokenizer(const HuggingFaceDirectory &directory) {
  OptionalConfig config, generation;
  if (Status status = config.read(directory, "tokenizer_config.json"); !status)
    return status.takeFailure();
  Result<TokenizerData> vocabulary = readVocabulary(directory, *config);
  if (!vocabulary)
    return vocabulary.takeFailure();
  TokenizerData data = *std::move(vocabulary);
  if (data.model == "none")
    return data;
  if (Status status = generation.read(directory, "generation_config.json"); !status)
    return status.takeFailure();
  auto first = [](const std::vector<int32_t> &ids) {
    return ids.empty() ? std::optional<int32_t>() : ids.front();
  };
  bool isNamed = data.matchesInNormalized; // a tokenizer.model gives way to the files beside it
  auto special = [&](std::optional<int32_t> &id, StringRef name) {
    if (isNamed || !id)
      if (std::optional<int32_t> named = findNamed(data, *config, (name + "_token").str()))
        id = named;
    if (!id)
      id = first(idsOf(data, directory.config(), (name + "_token_id").str()));
  };
  special(data.bosId, "bos");
  special(data.eosId, "eos");
  special(data.padId, "pad");
  special(data.unknownId, "unk");
  // A tokenizer.json has a template.
  if (isNamed && data.eosId && config->getBoolean("add_eos_token").value_or(false))
    data.ruleOf(*data.eosId).isBehind = true;
  data.chatTemplate = templateOf(*config);
  if (directory.has("chat_template.jinja")) {
    Result<MappedFile> file = directory.map("chat_template.jinja");
    if (!file)
      return file.takeFailure();
    if (file->size() > maxBesideBytes)
      return Failure("expected at most ", maxBesideBytes, " bytes, found ", file->size())
          .in(directory.path() + "/chat_template.jinja");
    data.chatTemplate.assign(reinterpret_cast<const char *>(file->data()), file->size());
    if (!llvm::json::isUTF8(data.chatTemplate))
      return Failure("expected UTF-8").in(directory.path() + "/chat_template.jinja");
  }
  if (StringRef(data.chatTemplate).contains('\0'))
    return Failure("expected a chat template without NUL characters").in(directory.path());
  data.endOfGenerationIds = findEndOfGenerationIds(data);
  for (const Object *object : {&*generation, &directory.config()})
    llvm::append_range(data.endOfGenerationIds, idsOf(data, *object, "eos_token_id"));
  llvm::sort(data.endOfGenerationIds);
  data.endOfGenerationIds.erase(llvm::unique(data.endOfGenerationIds),
                                data.endOfGenerationIds.end());
  return data;
}
