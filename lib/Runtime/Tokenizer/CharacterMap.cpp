//===- CharacterMap.cpp - what becomes of characters, as SentencePiece stores it ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/CharacterMap.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

using namespace frit;

static uint32_t readU32(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value |= uint32_t(static_cast<uint8_t>(bytes[offset + i])) << 8 * i;
  return value;
}

Result<CharacterMap> CharacterMap::create(std::string_view bytes) {
  constexpr std::string_view where = "precompiled_charsmap: ";
  if (bytes.size() < 4)
    return Failure(where, "expected the 4 bytes of a size, found ", bytes.size());
  uint32_t trieBytes = readU32(bytes, 0);
  std::string_view rest = bytes.substr(4);
  if (trieBytes == 0 || trieBytes % 4 != 0 || trieBytes > rest.size())
    return Failure(where, "expected a trie of whole units of 4 bytes, at most ", rest.size(),
                   " bytes, found one of ", trieBytes);
  std::string_view replacements = rest.substr(trieBytes);
  if (!utf8::isValid(replacements))
    return Failure(where, "expected UTF-8 as replacements");
  for (size_t begin = 0; begin < replacements.size();) {
    size_t end = replacements.find('\0', begin);
    if (end == std::string_view::npos)
      return Failure(where, "expected a NUL behind the last replacement");
    if (end - begin > maxReplacementBytes)
      return Failure(where, "expected replacements of at most ", maxReplacementBytes,
                     " bytes, found one of ", end - begin);
    begin = end + 1;
  }
  return CharacterMap(rest.substr(0, trieBytes), replacements);
}

uint32_t CharacterMap::unit(size_t index) const { return readU32(units, 4 * index); }

std::optional<CharacterMap::Match> CharacterMap::find(std::string_view text,
                                                      bool takesFirst) const {
  // Bits of a unit: 0 to 7 the byte that leads to it, 8 whether a sequence ends here, 9 whether the
  // offset is in units of 256, 10 to 30 the offset to its children, 31 that it is no such unit but
  // holds a value.
  constexpr uint32_t isValue = uint32_t(1) << 31;
  auto offset = [](uint32_t unit) { return size_t(unit >> 10 & 0x1FFFFF) << (unit >> 9 & 1) * 8; };
  size_t count = units.size() / 4;
  std::optional<Match> found;
  size_t node = offset(unit(0));
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<uint8_t>(text[i]);
    node ^= byte;
    if (node >= count)
      break;
    uint32_t here = unit(node);
    if ((here & (isValue | 0xFF)) != byte)
      break;
    node ^= offset(here);
    if (!(here >> 8 & 1))
      continue;
    if (node >= count)
      break;
    size_t place = unit(node) & ~isValue;
    if (place >= replacements.size())
      continue;
    found = {i + 1, replacements.substr(place, replacements.find('\0', place) - place)};
    if (takesFirst)
      break;
  }
  return found;
}
