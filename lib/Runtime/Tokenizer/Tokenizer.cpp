//===- Tokenizer.cpp - text to token ids and back -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Runtime/Tokenizer.h"
#include "lib/Runtime/Tokenizer/PreTokenizer.h"
#include "lib/Runtime/Tokenizer/SpecialTokens.h"
#include "lib/Runtime/Tokenizer/SubwordModel.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

using namespace frit;

namespace {
struct ModelKind {
  std::string_view name;
  Status (*check)(const TokenizerData &); ///< what create() looks at first
  Result<std::unique_ptr<const SubwordModel>> (*create)(const TokenizerData &);
};
} // namespace

static constexpr ModelKind modelKinds[] = {
    {"gpt2", PreTokenizer::check, createByteLevelBPE},
    {"llama", [](const TokenizerData &) { return Status(); }, createSentencePieceBPE},
    {"t5", [](const TokenizerData &) { return Status(); }, createUnigram},
};

/// Positions are 32 bits.
static constexpr size_t maxTextBytes = std::numeric_limits<int32_t>::max();

struct Tokenizer::Impl {
  TokenizerData data;
  SpecialTokens special;           ///< in the text
  SpecialTokens normalizedSpecial; ///< in what the normalizer makes of what is between those
  std::unique_ptr<const SubwordModel> model;
  /// As the reference, those that are found in normalized text are decoded as they are found.
  std::unordered_map<int32_t, std::string> normalizedSpellings;
  std::unordered_set<int32_t> specialBytes; ///< bytes that are special tokens besides

  TokenType type(int32_t id) const {
    return data.tokenTypes.empty() ? TokenType::Normal : data.tokenTypes[id];
  }
  bool contains(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < data.tokens.size();
  }
};

Tokenizer::Tokenizer(std::unique_ptr<const Impl> impl) : impl(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;
Tokenizer::~Tokenizer() = default;

/// Everything the rest of the code relies on when it indexes.
static Status checkIndices(const TokenizerData &data) {
  size_t count = data.tokens.size();
  if (count == 0 || count > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    return Failure("expected a vocabulary of 1 to 2147483647 tokens, found ", count);
  if (!data.tokenTypes.empty() && data.tokenTypes.size() != count)
    return Failure("expected ", count, " token types, found ", data.tokenTypes.size());
  if (!data.scores.empty() && data.scores.size() != count)
    return Failure("expected ", count, " token scores, found ", data.scores.size());
  for (size_t id = 0; id < data.tokenTypes.size(); ++id)
    if (data.tokenTypes[id] > TokenType::Byte)
      return Failure("token ", id, ": expected a type from 0 to 6, found ",
                     unsigned(data.tokenTypes[id]));

  auto checkId = [&](std::string_view name, std::optional<int32_t> id) -> Status {
    if (id && (*id < 0 || static_cast<size_t>(*id) >= count))
      return Failure("expected the ", name, " token within the vocabulary of ", count,
                     " tokens, found id ", *id);
    return {};
  };
  for (auto [name, id] : {std::pair("bos", data.bosId), std::pair("eos", data.eosId),
                          std::pair("eot", data.eotId), std::pair("eom", data.eomId),
                          std::pair("unknown", data.unknownId), std::pair("padding", data.padId)})
    if (Status status = checkId(name, id); !status)
      return status;
  for (int32_t id : data.endOfGenerationIds)
    if (Status status = checkId("end-of-generation", id); !status)
      return status;
  for (const AddedTokenRule &rule : data.addedTokenRules)
    if (Status status = checkId("added", rule.id); !status)
      return status;
  return {};
}

static Result<const ModelKind *> findKind(const TokenizerData &data) {
  if (data.model.empty() || data.model == "none")
    return Failure("the model has no tokenizer: no text goes in or out, only the ids of tokens do "
                   "(--tokens)");
  if (data.model.starts_with("tokenizer."))
    return Failure("tokenizer: frit does not support a ", data.model,
                   "; only the ids of tokens go in and out (--tokens)");
  std::string known;
  for (const ModelKind &candidate : modelKinds) {
    if (candidate.name == data.model)
      return &candidate;
    known.append(known.empty() ? "" : ", ").append(candidate.name);
  }
  return Failure("tokenizer: unknown model ", utf8::quote(data.model), ", known are: ", known);
}

Status Tokenizer::check(const TokenizerData &data) {
  Result<const ModelKind *> kind = findKind(data);
  if (!kind)
    return kind.takeFailure();
  if (Status status = (*kind)->check(data); !status)
    return status.takeFailure().in("tokenizer");
  return {};
}

Status frit::checkTokenizer(const TokenizerData &data) { return Tokenizer::check(data); }

Result<Tokenizer> Tokenizer::create(TokenizerData data) {
  if (Status status = checkIndices(data); !status)
    return status.takeFailure().in("tokenizer");
  Result<const ModelKind *> found = findKind(data);
  if (!found)
    return found.takeFailure();
  const ModelKind *kind = *found;
  // The model may refer to the data: they have their place first.
  std::ranges::sort(data.endOfGenerationIds);
  auto impl = std::make_unique<Impl>();
  impl->data = std::move(data);
  Result<std::unique_ptr<const SubwordModel>> model = kind->create(impl->data);
  if (!model)
    return model.takeFailure().in("tokenizer");
  impl->model = std::move(*model);
  std::string buffer;
  for (const AddedTokenRule &rule : impl->data.addedTokenRules)
    if (impl->type(rule.id) == TokenType::Byte)
      impl->specialBytes.insert(rule.id);
    else if (rule.normalized && !impl->data.matchesInNormalized)
      impl->normalizedSpellings[rule.id] =
          impl->model->normalize(impl->data.tokens[rule.id], true, buffer);
  for (auto [special, inNormalized] :
       {std::pair(&impl->special, false), {&impl->normalizedSpecial, true}}) {
    auto created = SpecialTokens::create(impl->data, *impl->model, inNormalized);
    if (!created)
      return created.takeFailure().in("tokenizer");
    *special = std::move(*created);
  }
  return Tokenizer(std::move(impl));
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::string repaired;
  if (!utf8::isValid(text)) {
    repaired = utf8::replaceInvalid(text);
    text = repaired;
  }
  if (text.size() > maxTextBytes)
    return Failure("expected a text of at most ", maxTextBytes, " bytes, found ", text.size());

  std::vector<int32_t> ids;
  if (options.addBos && impl->data.addBos && impl->data.bosId)
    ids.push_back(*impl->data.bosId);
  if (options.addBos)
    for (const AddedTokenRule &rule : impl->data.addedTokenRules)
      if (rule.isInFront)
        ids.push_back(rule.id);
  std::string buffer;
  for (const SpecialTokens::Piece &outer : impl->special.split(text, options.parseSpecial)) {
    if (outer.id >= 0) {
      ids.push_back(outer.id);
      continue;
    }
    std::string_view normalized = impl->model->normalize(
        text.substr(outer.begin, outer.end - outer.begin), outer.begin == 0, buffer);
    // A normalizer may make a text longer.
    if (normalized.size() > maxTextBytes)
      return Failure("expected a text of at most ", maxTextBytes,
                     " bytes once it is normalized, found ", normalized.size());
    for (const auto &inner : impl->normalizedSpecial.split(normalized, options.parseSpecial)) {
      if (inner.id >= 0)
        ids.push_back(inner.id);
      else if (Status status =
                   impl->model->encode(normalized.substr(inner.begin, inner.end - inner.begin),
                                       outer.begin == 0 && inner.begin == 0, ids);
               !status)
        return status.takeFailure();
    }
  }
  if (options.addBos)
    for (const AddedTokenRule &rule : impl->data.addedTokenRules)
      if (rule.isBehind)
        ids.push_back(rule.id);
  return ids;
}

std::string Tokenizer::tokenBytes(int32_t id) const {
  if (!impl->contains(id))
    return {};
  const std::string &spelling = impl->data.tokens[id];
  if (auto found = impl->normalizedSpellings.find(id); found != impl->normalizedSpellings.end())
    return impl->model->decodeAdded(found->second);
  switch (impl->type(id)) {
  case TokenType::Unknown:
  case TokenType::Control:
    return spelling;
  case TokenType::UserDefined:
    return impl->model->decodeAdded(spelling);
  default:
    return impl->model->decodeSpelling(spelling);
  }
}

std::string Tokenizer::decode(std::span<const int32_t> ids, DecodeOptions options) const {
  auto lost = impl->model->lostSpaces();
  std::string bytes;
  for (int32_t id : ids) {
    if (options.skipSpecial && isSpecial(id))
      continue;
    bool losesSpace = bytes.empty() && lost != SubwordModel::LostSpaces::None;
    bytes += tokenBytes(id);
    if (losesSpace && bytes.starts_with(' ')) {
      bytes.erase(0, 1);
      if (lost == SubwordModel::LostSpaces::One)
        lost = SubwordModel::LostSpaces::None;
    }
  }
  return utf8::isValid(bytes) ? bytes : utf8::replaceInvalid(bytes);
}

int32_t Tokenizer::vocabularySize() const { return static_cast<int32_t>(impl->data.tokens.size()); }

bool Tokenizer::isEndOfGeneration(int32_t id) const {
  return std::ranges::binary_search(impl->data.endOfGenerationIds, id);
}

bool Tokenizer::isSpecial(int32_t id) const {
  return impl->contains(id) &&
         (impl->type(id) == TokenType::Control || impl->type(id) == TokenType::Unknown ||
          impl->specialBytes.contains(id));
}

const TokenizerData &Tokenizer::data() const { return impl->data; }

//===----------------------------------------------------------------------===//
// StreamDecoder
//===----------------------------------------------------------------------===//

std::string StreamDecoder::push(int32_t id) {
  if (options.skipSpecial && tokenizer->isSpecial(id))
    return {};
  pending += tokenizer->tokenBytes(id);
  std::string text;
  utf8::drain(pending, text);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text(pending.empty() ? std::string_view() : utf8::replacement);
  pending.clear();
  return text;
}
