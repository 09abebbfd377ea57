//===- TokenizerFiles.cpp - what the files beside tokenizer.json say -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/HuggingFace.h"
#include "lib/Import/HuggingFace/TokenizerJSON.h"
#include "llvm/ADT/STLExtras.h"

using namespace frit;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

/// Vocabularies of 300,000 tokens and their merges take 35 MB.
static constexpr uint64_t maxVocabularyBytes = 512 << 20;
static constexpr uint64_t maxConfigBytes = 16 << 20;

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
    Result<Value> json = directory.readJSON(name, maxConfigBytes);
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

Result<TokenizerData> frit::readTokenizer(const HuggingFaceDirectory &directory) {
  TokenizerData data;
  if (!directory.has("tokenizer.json")) {
    data.model = "none";
    return data;
  }
  Result<Value> json = directory.readJSON("tokenizer.json", maxVocabularyBytes);
  if (!json)
    return json.takeFailure();
  Result<TokenizerData> parsed = parseTokenizerJSON(*json);
  if (!parsed)
    return parsed.takeFailure().in(directory.path() + "/tokenizer.json");
  data = *std::move(parsed);

  OptionalConfig config, generation;
  if (Status status = config.read(directory, "tokenizer_config.json"); !status)
    return status.takeFailure();
  if (Status status = generation.read(directory, "generation_config.json"); !status)
    return status.takeFailure();
  auto first = [](const std::vector<int32_t> &ids) {
    return ids.empty() ? std::optional<int32_t>() : ids.front();
  };
  auto special = [&](std::optional<int32_t> &id, StringRef name) {
    if (!id)
      id = findNamed(data, *config, (name + "_token").str());
    if (!id)
      id = first(idsOf(data, directory.config(), (name + "_token_id").str()));
  };
  special(data.bosId, "bos");
  special(data.eosId, "eos");
  special(data.padId, "pad");
  special(data.unknownId, "unk");
  data.chatTemplate = templateOf(*config);
  if (directory.has("chat_template.jinja")) {
    Result<MappedFile> file = directory.map("chat_template.jinja");
    if (!file)
      return file.takeFailure();
    if (file->size() > maxConfigBytes)
      return Failure("expected at most ", maxConfigBytes, " bytes, found ", file->size())
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
