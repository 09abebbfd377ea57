//===- CharacterClasses.cpp - white space and the characters of words ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/CharacterClasses.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <iterator>
#include <utf8proc.h>

using namespace frit;

bool frit::isWhiteSpace(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

namespace {
struct Range {
  char32_t first, last;
};
} // namespace

/// Characters of words that the reference (Unicode 16) knows and utf8proc 2.8 (Unicode 15) does
/// not; test/unit/Tokenizer compares all.
static constexpr Range youngerCharacters[] = {
    {0x897, 0x897},     {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},
    {0x105C0, 0x105F3}, {0x10D40, 0x10D65}, {0x10D69, 0x10D6D}, {0x10D6F, 0x10D85},
    {0x10EC2, 0x10EC4}, {0x10EFC, 0x10EFC}, {0x11380, 0x11389}, {0x1138B, 0x1138B},
    {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113C0}, {0x113C2, 0x113C2},
    {0x113C5, 0x113C5}, {0x113C7, 0x113CA}, {0x113CC, 0x113D3}, {0x113E1, 0x113E2},
    {0x116D0, 0x116E3}, {0x11BC0, 0x11BE0}, {0x11BF0, 0x11BF9}, {0x11F5A, 0x11F5A},
    {0x13460, 0x143FA}, {0x16100, 0x16139}, {0x16D40, 0x16D6C}, {0x16D70, 0x16D79},
    {0x18CFF, 0x18CFF}, {0x1CCF0, 0x1CCF9}, {0x1E5D0, 0x1E5FA}, {0x2EBF0, 0x2EE5D}};

bool frit::isWordCharacter(char32_t code) {
  const Range *range = std::ranges::lower_bound(youngerCharacters, code, {}, &Range::last);
  if (range != std::end(youngerCharacters) && range->first <= code)
    return true;
  // Alphabetic, though symbols: letters in circles and squares.
  if ((code >= 0x24B6 && code <= 0x24E9) || (code >= 0x1F130 && code <= 0x1F149) ||
      (code >= 0x1F150 && code <= 0x1F169) || (code >= 0x1F170 && code <= 0x1F189))
    return true;
  if (code == 0x200C || code == 0x200D) // joiners
    return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return false;
  }
}

/// The last character of a text that is not empty.
static std::string_view lastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80)
    --begin;
  return text.substr(begin);
}

size_t frit::whiteSpaceAtStart(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    utf8::Step next = utf8::step(text.substr(bytes));
    if (!isWhiteSpace(next.codePoint))
      break;
    bytes += next.bytes;
  }
  return bytes;
}

size_t frit::whiteSpaceAtEnd(std::string_view text) {
  size_t size = text.size();
  while (!text.empty()) {
    std::string_view last = lastCharacter(text);
    if (!isWhiteSpace(utf8::step(last).codePoint))
      break;
    text.remove_suffix(last.size());
  }
  return size - text.size();
}

bool frit::startsWithWord(std::string_view text) {
  return !text.empty() && isWordCharacter(utf8::step(text).codePoint);
}

bool frit::endsWithWord(std::string_view text) {
  return !text.empty() && isWordCharacter(utf8::step(lastCharacter(text)).codePoint);
}
