//===- Compose.cpp - Unicode's normalization forms --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/Compose.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <cstdlib>
#include <utf8proc.h>

using namespace frit;

namespace {
struct Range {
  char32_t first, last;
};
} // namespace

/// Characters that combine or decompose and are younger than the tables of the reference (its
/// normalizer knows Unicode 9), to which they are letters like others: nothing moves or joins
/// across them. test/unit/Tokenizer compares with it.
static constexpr Range unknownToReference[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
    {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},
    {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0x32FF, 0x32FF},   {0xA7F2, 0xA7F4},
    {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x107BA}, {0x10D24, 0x10D27},
    {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943},
    {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99},
    {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
    {0x16FF0, 0x16FF1}, {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136},
    {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1F16C, 0x1F16C},
    {0x1FBF0, 0x1FBF9},
};

static bool isUnknownToReference(char32_t code) {
  const Range *range = std::ranges::lower_bound(unknownToReference, code, {}, &Range::last);
  return range != std::end(unknownToReference) && range->first <= code;
}

static void appendNormalized(std::string_view text, UnicodeForm form, std::string &result) {
  utf8proc_uint8_t *normalized = nullptr;
  int options = UTF8PROC_STABLE | (form.composes ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
                (form.isCompatible ? UTF8PROC_COMPAT : 0);
  utf8proc_ssize_t bytes = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), &normalized,
                                        static_cast<utf8proc_option_t>(options));
  // Fails only where memory ends; text that is not normalized is better than none.
  result += bytes < 0 ? text : std::string_view(reinterpret_cast<char *>(normalized), bytes);
  std::free(normalized);
}

std::string frit::normalizeUnicode(std::string_view text, UnicodeForm form) {
  // Below U+0300 nothing combines, and no character of ASCII becomes another one: most texts are
  // normalized as they are.
  uint8_t least = form.composes && !form.isCompatible ? 0xCC : 0x80;
  if (std::ranges::all_of(text, [&](char c) { return static_cast<uint8_t>(c) < least; }))
    return std::string(text);
  std::string result;
  size_t begin = 0, position = 0;
  while (position < text.size()) {
    utf8::Step next = utf8::step(text.substr(position));
    if (isUnknownToReference(next.codePoint)) {
      appendNormalized(text.substr(begin, position - begin), form, result);
      result += text.substr(position, next.bytes);
      begin = position + next.bytes;
    }
    position += next.bytes;
  }
  appendNormalized(text.substr(begin), form, result);
  return result;
}
