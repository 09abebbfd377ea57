//===- SentencePieceModel.cpp - vocabularies that spell spaces U+2581 ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/SentencePieceModel.h"
#include "lib/Runtime/Tokenizer/CharacterClasses.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <charconv>
#include <utf8proc.h>

using namespace frit;

/// The byte that "<0x0A>" stands for.
static std::optional<uint8_t> byteOf(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling.back() != '>')
    return std::nullopt;
  uint8_t byte = 0;
  auto [end, error] = std::from_chars(&spelling[3], &spelling[5], byte, 16);
  if (error != std::errc() || end != &spelling[5])
    return std::nullopt;
  return byte;
}

//===----------------------------------------------------------------------===//
// Normalizing
//===----------------------------------------------------------------------===//

/// What no tokenizer accepts: the rest of a text that grew like this is of no interest.
static bool isTooLong(const std::string &text) { return text.size() > size_t(INT32_MAX); }

void SentencePieceModel::map(std::string_view text, std::string &mapped) const {
  while (!text.empty() && !isTooLong(mapped)) {
    size_t kept = 0;
    common.unmapped.forEachPrefix(text, [&](size_t bytes, int32_t) { kept = bytes; });
    if (!kept)
      if (auto match = common.map->longest(text)) {
        mapped += match->replacement;
        text.remove_prefix(match->bytes);
        continue;
      }
    kept = std::max<size_t>(kept, utf8::step(text).bytes);
    mapped += text.substr(0, kept);
    text.remove_prefix(kept);
  }
}

/// As Hugging Face's tokenizers: a grapheme of at most 5 bytes becomes what the shortest sequence
/// at its beginning does; characters of others and of those without one are looked up alone.
void SentencePieceModel::mapGraphemes(std::string_view text, std::string &mapped) const {
  constexpr size_t maxGraphemeBytes = 5;
  while (!text.empty() && !isTooLong(mapped)) {
    utf8proc_int32_t state = 0;
    utf8::Step first = utf8::step(text);
    size_t end = first.bytes;
    for (char32_t previous = first.codePoint; end < text.size();) {
      utf8::Step next = utf8::step(text.substr(end));
      if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous),
                                           static_cast<utf8proc_int32_t>(next.codePoint), &state))
        break;
      previous = next.codePoint;
      end += next.bytes;
    }
    std::string_view grapheme = text.substr(0, end);
    text.remove_prefix(end);
    if (grapheme.size() <= maxGraphemeBytes)
      if (auto match = common.map->shortest(grapheme)) {
        mapped += match->replacement;
        continue;
      }
    while (!grapheme.empty()) {
      std::string_view character = grapheme.substr(0, utf8::step(grapheme).bytes);
      auto match = common.map->shortest(character);
      mapped += match ? match->replacement : character;
      grapheme.remove_prefix(character.size());
    }
  }
}

static std::string collapseSpaces(std::string_view text) {
  std::string result;
  for (char character : text)
    if (character != ' ' || !result.ends_with(' '))
      result += character;
  return result;
}

std::string_view SentencePieceModel::normalize(std::string_view text, bool atStart,
                                               std::string &buffer) const {
  std::string mapped;
  if (common.map) {
    data().mapsGraphemes ? mapGraphemes(text, mapped) : map(text, mapped);
    text = mapped;
  }
  if (data().stripsStart)
    text.remove_prefix(whiteSpaceAtStart(text));
  if (data().stripsEnd)
    text.remove_suffix(whiteSpaceAtEnd(text));
  std::string collapsed;
  if (data().collapsesSpaces || data().removesExtraSpaces) {
    collapsed = collapseSpaces(text);
    text = collapsed;
  }
  if (data().removesExtraSpaces)
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (data().metaspace) {
    buffer = text;
    return buffer;
  }
  buffer.clear();
  // SentencePiece puts a space in front of a text that its map made empty, but not of spaces.
  bool isEmpty = text.empty() && (data().removesExtraSpaces || !data().matchesInNormalized);
  if (!isEmpty && data().addSpacePrefix && (atStart || !data().prefixesOnlyStart))
    buffer += space();
  spellSpaces(text, buffer);
  if (data().removesExtraSpaces)
    while (buffer.ends_with(space()))
      buffer.resize(buffer.size() - space().size());
  return buffer;
}

void SentencePieceModel::spellSpaces(std::string_view text, std::string &spelled) const {
  for (char character : text)
    if (character == ' ')
      spelled += space();
    else
      spelled += character;
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

Status SentencePieceModel::encode(std::string_view text, bool atStart,
                                  std::vector<int32_t> &ids) const {
  if (!data().metaspace) {
    encodeWord(text, ids);
    return {};
  }
  std::string spelled;
  while (!text.empty()) {
    std::string_view part = text;
    if (data().splitsAtWhiteSpace) {
      size_t spaces = whiteSpaceAtStart(text);
      atStart = atStart && spaces == 0;
      text.remove_prefix(spaces);
      size_t bytes = 0;
      while (bytes < text.size() && !whiteSpaceAtStart(text.substr(bytes, 4)))
        bytes += utf8::step(text.substr(bytes)).bytes;
      part = text.substr(0, bytes);
      if (part.empty())
        break;
    }
    text.remove_prefix(part.size());
    spelled.clear();
    if (data().addSpacePrefix && (atStart || !data().prefixesOnlyStart) && !part.starts_with(' ') &&
        !part.starts_with(spaceSymbol))
      spelled += space();
    atStart = false;
    spellSpaces(part, spelled);
    if (isTooLong(spelled))
      return Failure("expected a text of at most 2147483647 bytes, with three for each space, "
                     "found ",
                     spelled.size());
    for (std::string_view rest = spelled; !rest.empty();) {
      size_t end = data().splitsAtSpaces ? rest.find(space(), 1) : std::string_view::npos;
      encodeWord(rest.substr(0, end), ids);
      rest.remove_prefix(std::min(end, rest.size()));
    }
  }
  return {};
}

void SentencePieceModel::encodeUnknown(std::string_view part, bool &wasUnknown,
                                       std::vector<int32_t> &ids) const {
  auto idOf = [&](char byte) { return common.byteIds[static_cast<uint8_t>(byte)]; };
  if (std::ranges::all_of(part, [&](char byte) { return idOf(byte) >= 0; })) {
    for (char byte : part)
      ids.push_back(idOf(byte));
    return;
  }
  if (data().unknownId && !(data().fusesUnknown && wasUnknown))
    ids.push_back(*data().unknownId);
  wasUnknown = true;
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

std::string SentencePieceModel::decodeAdded(std::string_view spelling) const {
  std::string text;
  for (size_t position = 0; position < spelling.size();) {
    bool isSpace = spelling.substr(position).starts_with(spaceSymbol);
    text += isSpace ? ' ' : spelling[position];
    position += isSpace ? spaceSymbol.size() : 1;
  }
  return text;
}

std::string SentencePieceModel::decodeSpelling(std::string_view spelling) const {
  if (std::optional<uint8_t> byte = byteOf(spelling))
    return {static_cast<char>(*byte)};
  return decodeAdded(spelling);
}

SubwordModel::LostSpaces SentencePieceModel::lostSpaces() const {
  if (data().matchesInNormalized && data().removesExtraSpaces)
    return LostSpaces::OneOfEachToken;
  return data().addSpacePrefix ? LostSpaces::One : LostSpaces::None;
}

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

bool SentencePieceModel::isOfText(const TokenizerData &data, size_t id) {
  if (data.tokenTypes.empty())
    return !byteOf(data.tokens[id]);
  TokenType type = data.tokenTypes[id];
  return type != TokenType::Control && type != TokenType::Unknown && type != TokenType::Byte;
}

Result<SentencePieceModel::Common> SentencePieceModel::readCommon(const TokenizerData &data) {
  Common common{data, std::nullopt, PrefixTrie({}), {}};
  if (!data.characterMap.empty()) {
    Result<CharacterMap> map = CharacterMap::create(data.characterMap);
    if (!map)
      return map.takeFailure();
    common.map = *map;
  }
  common.byteIds.fill(-1);
  for (size_t id = 0; id < data.tokens.size(); ++id)
    if (data.tokenTypes.empty() || data.tokenTypes[id] == TokenType::Byte)
      if (std::optional<uint8_t> byte = byteOf(data.tokens[id]))
        common.byteIds[*byte] = static_cast<int32_t>(id);
  if (!common.map || !data.matchesInNormalized)
    return common;
  PrefixTrie::Tokens unmapped;
  for (const AddedTokenRule &rule : data.addedTokenRules) {
    std::string_view spelling = data.tokens[static_cast<size_t>(rule.id)];
    if (!rule.normalized)
      continue;
    if (spelling.size() > maxTokenBytes)
      return Failure("token ", rule.id, ": expected at most ", maxTokenBytes, " bytes, found ",
                     spelling.size());
    unmapped.emplace_back(spelling, rule.id);
  }
  common.unmapped = PrefixTrie(std::move(unmapped));
  return common;
}
