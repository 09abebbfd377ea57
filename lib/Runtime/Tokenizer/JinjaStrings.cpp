//===- JinjaStrings.cpp - what Python does to texts ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaStrings.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <utf8proc.h>

#include <algorithm>

using namespace frit;
using namespace frit::jinja;

static std::string_view firstCharacter(std::string_view text) {
  utf8::Step step = utf8::step(text);
  return text.substr(0, step.kind == utf8::StepKind::Valid ? step.bytes : 1);
}
static std::string_view lastCharacter(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min<size_t>(4, text.size()); ++bytes) {
    std::string_view end = text.substr(text.size() - bytes);
    utf8::Step step = utf8::step(end);
    if (step.kind == utf8::StepKind::Valid && step.bytes == bytes)
      return end;
  }
  return text.substr(text.size() - 1);
}
/// U+FFFFFFFF for what is none: neither a space nor a letter.
static char32_t codePointOf(std::string_view character) {
  utf8::Step step = utf8::step(character);
  return step.kind == utf8::StepKind::Valid ? step.codePoint : char32_t(-1);
}

/// str.isspace().
static bool isSpace(std::string_view character) {
  char32_t c = codePointOf(character);
  return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::vector<std::string_view> jinja::characters(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    result.push_back(firstCharacter(text));
    text.remove_prefix(result.back().size());
  }
  return result;
}

size_t jinja::characterCount(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(firstCharacter(text).size());
  return count;
}

void jinja::appendCodePoint(std::string &text, char32_t codePoint) {
  utf8proc_uint8_t bytes[4];
  auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(codePoint), bytes);
  text.append(reinterpret_cast<const char *>(bytes), static_cast<size_t>(count));
}

static void appendUpper(std::string &out, std::string_view character, bool title = false) {
  char32_t c = codePointOf(character);
  if (c == char32_t(-1))
    out += character;
  else if (c == 0xDF) // the only common letter whose upper case is two
    out += title ? "Ss" : "SS";
  else if (title)
    appendCodePoint(out, static_cast<char32_t>(utf8proc_totitle(static_cast<int32_t>(c))));
  else
    appendCodePoint(out, static_cast<char32_t>(utf8proc_toupper(static_cast<int32_t>(c))));
}
static void appendLower(std::string &out, std::string_view character) {
  char32_t c = codePointOf(character);
  if (c == char32_t(-1))
    out += character;
  else
    appendCodePoint(out, static_cast<char32_t>(utf8proc_tolower(static_cast<int32_t>(c))));
}

std::string jinja::toUpper(std::string_view text) {
  std::string out;
  for (std::string_view character : characters(text))
    appendUpper(out, character);
  return out;
}
std::string jinja::toLower(std::string_view text) {
  std::string out;
  for (std::string_view character : characters(text))
    appendLower(out, character);
  return out;
}
std::string jinja::capitalize(std::string_view text) {
  std::string out;
  for (std::string_view character : characters(text))
    if (out.empty())
      appendUpper(out, character, /*title=*/true);
    else
      appendLower(out, character);
  return out;
}

std::string jinja::titleMethod(std::string_view text) {
  std::string out;
  bool inWord = false;
  for (std::string_view character : characters(text)) {
    if (inWord)
      appendLower(out, character);
    else
      appendUpper(out, character, /*title=*/true);
    char32_t c = codePointOf(character);
    auto category =
        c == char32_t(-1) ? UTF8PROC_CATEGORY_CN : utf8proc_category(static_cast<int32_t>(c));
    inWord = category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
             category == UTF8PROC_CATEGORY_LT;
  }
  return out;
}
std::string jinja::titleFilter(std::string_view text) {
  std::string out;
  bool inWord = false;
  for (std::string_view character : characters(text)) {
    bool separates =
        isSpace(character) || std::string_view("-({[<").find(character) != std::string_view::npos;
    if (inWord)
      appendLower(out, character);
    else
      appendUpper(out, character);
    inWord = !separates;
  }
  return out;
}

std::string_view jinja::strip(std::string_view text, bool left, bool right,
                              std::optional<std::string_view> set) {
  std::vector<std::string_view> members;
  if (set)
    members = characters(*set);
  auto drops = [&](std::string_view character) {
    return set ? std::ranges::find(members, character) != members.end() : isSpace(character);
  };
  while (left && !text.empty() && drops(firstCharacter(text)))
    text.remove_prefix(firstCharacter(text).size());
  while (right && !text.empty() && drops(lastCharacter(text)))
    text.remove_suffix(lastCharacter(text).size());
  return text;
}

static std::vector<std::string> splitAtSpace(std::string_view text, int64_t limit, bool fromRight) {
  std::vector<std::string> parts;
  text = strip(text, !fromRight, fromRight);
  while (!text.empty()) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.emplace_back(text);
      break;
    }
    std::string_view rest = text;
    while (!rest.empty()) {
      std::string_view character = fromRight ? lastCharacter(rest) : firstCharacter(rest);
      if (isSpace(character))
        break;
      if (fromRight)
        rest.remove_suffix(character.size());
      else
        rest.remove_prefix(character.size());
    }
    size_t length = text.size() - rest.size();
    parts.emplace_back(fromRight ? text.substr(rest.size()) : text.substr(0, length));
    text = strip(rest, !fromRight, fromRight);
  }
  if (fromRight)
    std::ranges::reverse(parts);
  return parts;
}

std::vector<std::string> jinja::split(std::string_view text,
                                      std::optional<std::string_view> separator, int64_t limit,
                                      bool fromRight) {
  if (!separator)
    return splitAtSpace(text, limit, fromRight);
  std::vector<std::string> parts;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    size_t at = fromRight ? text.rfind(*separator) : text.find(*separator);
    if (at == std::string_view::npos)
      break;
    std::string_view after = text.substr(at + separator->size()), before = text.substr(0, at);
    parts.emplace_back(fromRight ? after : before);
    text = fromRight ? before : after;
  }
  parts.emplace_back(text);
  if (fromRight)
    std::ranges::reverse(parts);
  return parts;
}

std::vector<std::string> jinja::splitLines(std::string_view text) {
  std::vector<std::string> lines;
  std::string_view rest = text;
  size_t length = 0;
  auto take = [&](size_t ending) {
    lines.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length + ending);
    length = 0;
  };
  while (length < rest.size()) {
    std::string_view character = firstCharacter(rest.substr(length));
    char32_t c = codePointOf(character);
    bool ends =
        (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!ends)
      length += character.size();
    else
      take(rest.substr(length).starts_with("\r\n") ? 2 : character.size());
  }
  if (!rest.empty())
    take(0);
  return lines;
}

std::string jinja::replace(std::string_view text, std::string_view from, std::string_view to,
                           int64_t limit, size_t maxBytes) {
  std::string out;
  int64_t count = 0;
  auto room = [&] { return (limit < 0 || count < limit) && out.size() <= maxBytes; };
  if (from.empty()) {
    for (; room(); ++count) {
      out += to;
      if (text.empty())
        return out;
      out += firstCharacter(text);
      text.remove_prefix(firstCharacter(text).size());
    }
    return out.append(text);
  }
  for (size_t at; room() && (at = text.find(from)) != std::string_view::npos; ++count) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return out.append(text);
}
