//===- TokenizerData.cpp - the stored form of a vocabulary ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, all numbers little-endian, nothing aligned:
//   8 bytes  "fritTOKN"
//   u32      version, 3
//   u32      flags, in the order of flagFields below
//   i32 x 6  ids of bos, eos, eot, eom, unknown, pad; -1 for none
//   text     model, preTokenizer, chatTemplate, characterMap    (text: u32 bytes, then the bytes)
//   u32      count, then that many texts: patterns
//   u32      count, then that many texts: tokens
//   u32      count, then that many bytes: token types
//   u32      count, then that many f32: scores
//   u32      count, then that many texts: merges
//   u32      count, then that many i32: end-of-generation ids
//   u32      count, then that many rules of added tokens: i32 id, u32 flags in the order of
//            ruleFields below
// and nothing after that.
//
//===----------------------------------------------------------------------===//

#include "frit/Runtime/TokenizerData.h"

#include <algorithm>
#include <bit>
#include <string_view>

using namespace frit;

static constexpr std::string_view magic = "fritTOKN";
static constexpr uint32_t version = 3;

/// In the order of their bits.
static constexpr bool TokenizerData::*flagFields[] = {
    &TokenizerData::addBos,
    &TokenizerData::addSpacePrefix,
    &TokenizerData::wholeWords,
    &TokenizerData::composes,
    &TokenizerData::prefixesOnlyStart,
    &TokenizerData::mapsGraphemes,
    &TokenizerData::stripsStart,
    &TokenizerData::stripsEnd,
    &TokenizerData::collapsesSpaces,
    &TokenizerData::removesExtraSpaces,
    &TokenizerData::metaspace,
    &TokenizerData::splitsAtSpaces,
    &TokenizerData::splitsAtWhiteSpace,
    &TokenizerData::keepsSpaces,
    &TokenizerData::fusesUnknown,
    &TokenizerData::matchesInNormalized,
    &TokenizerData::decomposes,
    &TokenizerData::isCompatible,
    &TokenizerData::keepsMatchesOnly,
    &TokenizerData::prefixesSpace,
};
static constexpr bool AddedTokenRule::*ruleFields[] = {
    &AddedTokenRule::stripsLeft, &AddedTokenRule::stripsRight, &AddedTokenRule::singleWord,
    &AddedTokenRule::normalized, &AddedTokenRule::isInFront,   &AddedTokenRule::isBehind};

/// The optional ids in the order they are stored.
static constexpr std::optional<int32_t> TokenizerData::*optionalIds[] = {
    &TokenizerData::bosId, &TokenizerData::eosId,     &TokenizerData::eotId,
    &TokenizerData::eomId, &TokenizerData::unknownId, &TokenizerData::padId};

/// Flags in one number, and back.
template <typename T, size_t count>
static uint32_t packFlags(const T &object, bool T::*const (&fields)[count]) {
  uint32_t flags = 0, bit = 1;
  for (auto field : fields) {
    flags |= object.*field ? bit : 0;
    bit <<= 1;
  }
  return flags;
}

template <typename T, size_t count>
static void unpackFlags(T &object, bool T::*const (&fields)[count], uint32_t flags) {
  for (auto field : fields) {
    object.*field = flags & 1;
    flags >>= 1;
  }
}

bool AddedTokenRule::operator==(const AddedTokenRule &other) const {
  return id == other.id && packFlags(*this, ruleFields) == packFlags(other, ruleFields);
}

AddedTokenRule &TokenizerData::ruleOf(int32_t id) {
  auto found = std::ranges::find(addedTokenRules, id, &AddedTokenRule::id);
  return found != addedTokenRules.end() ? *found : addedTokenRules.emplace_back(AddedTokenRule{id});
}

bool TokenizerData::operator==(const TokenizerData &other) const {
  return model == other.model && preTokenizer == other.preTokenizer && patterns == other.patterns &&
         tokens == other.tokens && tokenTypes == other.tokenTypes && scores == other.scores &&
         merges == other.merges &&
         std::ranges::all_of(optionalIds, [&](auto id) { return this->*id == other.*id; }) &&
         packFlags(*this, flagFields) == packFlags(other, flagFields) &&
         endOfGenerationIds == other.endOfGenerationIds && chatTemplate == other.chatTemplate &&
         characterMap == other.characterMap && addedTokenRules == other.addedTokenRules;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void putU32(std::string &out, size_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out += static_cast<char>(value >> shift & 0xFF);
}

static void putText(std::string &out, std::string_view text) {
  putU32(out, text.size());
  out += text;
}

std::string TokenizerData::serialize() const {
  std::string out(magic);
  putU32(out, version);
  putU32(out, packFlags(*this, flagFields));
  for (auto id : optionalIds)
    putU32(out, static_cast<uint32_t>((this->*id).value_or(-1)));
  for (std::string_view text : {model, preTokenizer, chatTemplate, characterMap})
    putText(out, text);
  for (const std::vector<std::string> *texts : {&patterns, &tokens}) {
    putU32(out, texts->size());
    for (const std::string &text : *texts)
      putText(out, text);
  }
  putU32(out, tokenTypes.size());
  for (TokenType type : tokenTypes)
    out += static_cast<char>(type);
  putU32(out, scores.size());
  for (float score : scores)
    putU32(out, std::bit_cast<uint32_t>(score));
  putU32(out, merges.size());
  for (const std::string &merge : merges)
    putText(out, merge);
  putU32(out, endOfGenerationIds.size());
  for (int32_t id : endOfGenerationIds)
    putU32(out, static_cast<uint32_t>(id));
  putU32(out, addedTokenRules.size());
  for (const AddedTokenRule &rule : addedTokenRules) {
    putU32(out, static_cast<uint32_t>(rule.id));
    putU32(out, packFlags(rule, ruleFields));
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
/// Reads front to back; after the first failure every read returns nothing.
class Reader {
public:
  Reader(const uint8_t *bytes, size_t byteCount) : bytes(bytes), byteCount(byteCount) {}

  std::string_view raw(size_t count, std::string_view what) {
    if (failure)
      return {};
    if (count > byteCount - offset) {
      fail("expected ", count, " bytes of ", what, ", found ", byteCount - offset);
      return {};
    }
    std::string_view view(reinterpret_cast<const char *>(bytes) + offset, count);
    offset += count;
    return view;
  }

  uint32_t u32(std::string_view what) {
    uint32_t value = 0;
    int shift = 0;
    for (char byte : raw(4, what)) {
      value |= uint32_t(static_cast<uint8_t>(byte)) << shift;
      shift += 8;
    }
    return value;
  }

  std::string text(std::string_view what) { return std::string(raw(u32(what), what)); }

  /// A count of elements of at least `elementBytes` each, refused when they cannot all be there.
  size_t count(size_t elementBytes, std::string_view what) {
    uint32_t value = u32(what);
    if (!failure && value > (byteCount - offset) / elementBytes)
      fail("expected ", value, " ", what, ", but only ", byteCount - offset, " bytes are left");
    return failure ? 0 : value;
  }

  std::vector<std::string> texts(std::string_view what) {
    std::vector<std::string> result;
    size_t size = count(4, what);
    result.reserve(size);
    for (size_t i = 0; i < size && !failure; ++i)
      result.push_back(text(what));
    return result;
  }

  template <typename... Parts>
  void fail(const Parts &...parts) {
    if (!failure)
      failure = Failure("tokenizer data, byte ", offset, ": ", parts...);
  }

  bool atEnd() const { return offset == byteCount; }
  size_t left() const { return byteCount - offset; }

  std::optional<Failure> failure;

private:
  const uint8_t *bytes;
  size_t byteCount;
  size_t offset = 0;
};
} // namespace

Result<TokenizerData> TokenizerData::parse(const uint8_t *bytes, size_t byteCount) {
  Reader reader(bytes, byteCount);
  TokenizerData data;
  if (reader.raw(magic.size(), "the mark 'fritTOKN'") != magic)
    reader.fail("expected the mark 'fritTOKN', found something else");
  if (uint32_t found = reader.u32("the version"); found != version)
    reader.fail("expected version ", version, ", found version ", found);
  uint32_t flags = reader.u32("flags");
  if (flags >> std::size(flagFields))
    reader.fail("unknown flags ", flags);
  unpackFlags(data, flagFields, flags);
  for (auto id : optionalIds) {
    int32_t value = static_cast<int32_t>(reader.u32("a token id"));
    if (value < -1)
      reader.fail("expected a token id or -1, found ", value);
    if (value >= 0)
      data.*id = value;
  }
  data.model = reader.text("the model's name");
  data.preTokenizer = reader.text("the pre-tokenizer's name");
  data.chatTemplate = reader.text("the chat template");
  data.characterMap = reader.text("the character map");
  data.patterns = reader.texts("patterns");
  data.tokens = reader.texts("tokens");
  std::string_view types = reader.raw(reader.count(1, "token types"), "token types");
  data.tokenTypes.reserve(types.size());
  for (char type : types)
    data.tokenTypes.push_back(static_cast<TokenType>(type));
  size_t scoreCount = reader.count(4, "scores");
  data.scores.reserve(scoreCount);
  for (size_t i = 0; i < scoreCount; ++i)
    data.scores.push_back(std::bit_cast<float>(reader.u32("a score")));
  data.merges = reader.texts("merges");
  size_t endCount = reader.count(4, "end-of-generation ids");
  data.endOfGenerationIds.reserve(endCount);
  for (size_t i = 0; i < endCount; ++i)
    data.endOfGenerationIds.push_back(static_cast<int32_t>(reader.u32("a token id")));
  size_t ruleCount = reader.count(8, "rules of added tokens");
  data.addedTokenRules.reserve(ruleCount);
  for (size_t i = 0; i < ruleCount; ++i) {
    AddedTokenRule &rule = data.addedTokenRules.emplace_back();
    rule.id = static_cast<int32_t>(reader.u32("a token id"));
    uint32_t ruleFlags = reader.u32("flags of a rule");
    if (ruleFlags >> std::size(ruleFields))
      reader.fail("unknown flags ", ruleFlags, " of a rule");
    unpackFlags(rule, ruleFields, ruleFlags);
  }
  if (!reader.failure && !reader.atEnd())
    reader.fail("expected the end, found ", reader.left(), " more bytes");
  if (reader.failure)
    return std::move(*reader.failure);
  return data;
}

//===----------------------------------------------------------------------===//
// End of generation
//===----------------------------------------------------------------------===//

std::vector<int32_t> frit::findEndOfGenerationIds(const TokenizerData &data) {
  struct Spelling {
    std::string_view text;
    bool controlOnly; ///< ordinary text may be spelled like this
  };
  static constexpr Spelling spellings[] = {
      {"<|im_end|>", false},
      {"<|endoftext|>", false},
      {"<|end_of_text|>", false},
      {"<|eot_id|>", false},
      {"<|eom_id|>", false},
      {"<|end|>", false},
      {"<|return|>", false},
      {"<|call|>", false},
      {"<end_of_turn>", false},
      {"</s>", true},
      {"<end_of_utterance>", false},
      {"<eos>", true},
      {"<EOT>", true},
      {"_<EOT>", true},
      {"[EOT]", true},
      {"[EOS]", true},
  };
  auto typeOf = [&](size_t id) {
    return id < data.tokenTypes.size() ? data.tokenTypes[id] : TokenType::Normal;
  };

  std::vector<int32_t> ids;
  std::optional<int32_t> endOfChannel;
  bool hasReturn = false, hasCall = false;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    const std::string &token = data.tokens[id];
    auto *spelling = std::ranges::find(spellings, std::string_view(token), &Spelling::text);
    if (spelling == std::end(spellings) || typeOf(id) == TokenType::Unused ||
        (spelling->controlOnly && typeOf(id) != TokenType::Control))
      continue;
    hasReturn |= token == "<|return|>";
    hasCall |= token == "<|call|>";
    if (token == "<|end|>")
      endOfChannel = static_cast<int32_t>(id);
    else
      ids.push_back(static_cast<int32_t>(id));
  }
  if (endOfChannel && !(hasReturn && hasCall))
    ids.push_back(*endOfChannel);
  for (std::optional<int32_t> id : {data.eosId, data.eotId, data.eomId})
    if (id)
      ids.push_back(*id);
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return ids;
}
