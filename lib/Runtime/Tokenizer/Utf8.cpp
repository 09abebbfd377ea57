//===- Utf8.cpp - walking through bytes that should be UTF-8 --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <cstring>

using namespace frit;

/// How many leading bytes are ASCII, eight at a time: most text is.
static size_t asciiPrefix(std::string_view text) {
  size_t count = 0;
  for (; count + 8 <= text.size(); count += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + count, 8);
    if (word & 0x8080808080808080u)
      break;
  }
  while (count < text.size() && static_cast<uint8_t>(text[count]) < 0x80)
    ++count;
  return count;
}

utf8::Step utf8::step(std::string_view text) {
  uint8_t lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80)
    return {StepKind::Valid, 1, lead};
  // Table 3-7: the lead byte fixes the length and the range of the second byte.
  unsigned length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4)
    return {StepKind::Invalid, 1, 0};
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t codePoint = lead & (0x7F >> length);
  for (unsigned i = 1; i < length; ++i) {
    if (i == text.size())
      return {StepKind::Incomplete, static_cast<uint8_t>(i), 0};
    uint8_t byte = static_cast<uint8_t>(text[i]);
    if (byte < low || byte > high)
      return {StepKind::Invalid, static_cast<uint8_t>(i), 0};
    low = 0x80;
    high = 0xBF;
    codePoint = codePoint << 6 | (byte & 0x3F);
  }
  return {StepKind::Valid, static_cast<uint8_t>(length), codePoint};
}

bool utf8::isValid(std::string_view text) {
  for (;;) {
    text.remove_prefix(asciiPrefix(text));
    if (text.empty())
      return true;
    Step next = step(text);
    if (next.kind != StepKind::Valid)
      return false;
    text.remove_prefix(next.bytes);
  }
}

void utf8::drain(std::string &pending, std::string &out) {
  std::string_view rest = pending;
  while (!rest.empty()) {
    if (size_t ascii = asciiPrefix(rest)) {
      out.append(rest.substr(0, ascii));
      rest.remove_prefix(ascii);
      continue;
    }
    Step next = step(rest);
    if (next.kind == StepKind::Incomplete)
      break;
    out.append(next.kind == StepKind::Valid ? rest.substr(0, next.bytes) : replacement);
    rest.remove_prefix(next.bytes);
  }
  pending.erase(0, pending.size() - rest.size());
}

std::string utf8::replaceInvalid(std::string_view text) {
  std::string pending(text), out;
  out.reserve(text.size());
  drain(pending, out);
  if (!pending.empty())
    out += replacement;
  return out;
}

std::string utf8::quote(std::string_view text) {
  constexpr size_t maxBytes = 64;
  std::string out = "'";
  for (char byte : replaceInvalid(text.substr(0, maxBytes)))
    out += static_cast<uint8_t>(byte) < 0x20 || byte == 0x7F ? '?' : byte;
  return out + (text.size() > maxBytes ? "...'" : "'");
}
