//===- GGUFTokenizer.cpp - the vocabulary in a GGUF file ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUFTokenizer.h"

#include <limits>

using namespace frit;

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
  bool isSentencePiece = data.model == "llama";
  data.addBos = keys.optional("tokenizer.ggml.add_bos_token", &GGUFFile::getBool, isSentencePiece);
  data.addSpacePrefix =
      keys.optional("tokenizer.ggml.add_space_prefix", &GGUFFile::getBool, isSentencePiece);
  data.chatTemplate = keys.optional("tokenizer.chat_template", &GGUFFile::getString);

  if (Status status = keys.takeStatus(); !status)
    return status.takeFailure();
  if (isSentencePiece)
    mergeRunsOfSpaces(data);
  data.endOfGenerationIds = findEndOfGenerationIds(data);
  return data;
}
