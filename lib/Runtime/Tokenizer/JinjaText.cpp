//===- JinjaText.cpp - one spelling for equal Jinja templates -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaText.h"

#include <algorithm>
#include <utility>

using namespace frit;

static constexpr std::string_view whiteSpace = " \t\n\r\f\v";

static bool isWhite(char c) { return whiteSpace.find(c) != std::string_view::npos; }
static bool isWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Copies the string literal at the front of `rest` to `out` and removes it from `rest`.
static bool copyString(std::string_view &rest, std::string &out) {
  char quote = rest[0];
  out += '\'';
  for (size_t i = 1; i < rest.size(); ++i) {
    char c = rest[i];
    if (c == quote) {
      out += '\'';
      rest.remove_prefix(i + 1);
      return true;
    }
    if (c == '\\') {
      if (++i == rest.size())
        return false;
      c = rest[i] == 'n' ? '\n' : rest[i] == 't' ? '\t' : rest[i];
      // Any other escape of a letter or digit has a meaning that no known template needs.
      if (c == rest[i] && isWord(c))
        return false;
    }
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  return false;
}

/// Copies the inside of a tag up to its end mark (`}}` or `%}`), which is removed from `rest`, too.
/// \param trims set if the end mark has a minus in front.
static bool copyTag(std::string_view &rest, std::string_view end, std::string &out, bool &trims) {
  bool gap = false; // white space since the last character that was copied
  while (!rest.empty()) {
    trims = rest[0] == '-' && rest.substr(1).starts_with(end);
    if (trims || rest.starts_with(end)) {
      rest.remove_prefix(end.size() + trims);
      return true;
    }
    char c = rest[0];
    if (isWhite(c)) {
      gap = true;
      rest.remove_prefix(1);
      continue;
    }
    if (gap && isWord(c) && isWord(out.back()))
      out += ' ';
    gap = false;
    if (c == '\'' || c == '"') {
      if (!copyString(rest, out))
        return false;
      continue;
    }
    size_t nameEnd = 1;
    while (nameEnd < rest.size() && isWord(rest[nameEnd]))
      ++nameEnd;
    bool isAttribute = c == '.' && nameEnd > 1 && !(rest[1] >= '0' && rest[1] <= '9') &&
                       (nameEnd == rest.size() || rest[nameEnd] != '(');
    if (isAttribute) {
      out.append("['").append(rest.substr(1, nameEnd - 1)).append("']");
      rest.remove_prefix(nameEnd);
      continue;
    }
    out += c;
    rest.remove_prefix(1);
  }
  return false;
}

/// Where the first tag starts.
static size_t findTag(std::string_view jinja) {
  size_t open = jinja.find('{');
  while (open != std::string_view::npos &&
         (open + 1 == jinja.size() ||
          std::string_view("{%#").find(jinja[open + 1]) == std::string_view::npos))
    open = jinja.find('{', open + 1);
  return open;
}

std::optional<std::string> frit::canonicalJinja(std::string_view jinja) {
  if (jinja.ends_with('\n'))
    jinja.remove_suffix(1); // keep_trailing_newline is off
  std::string out;
  bool atStart = true;
  // Of the tag before the current text.
  bool afterBlock = false, afterTrim = false;
  while (!jinja.empty()) {
    size_t open = findTag(jinja);
    bool hasTag = open != std::string_view::npos;
    std::string_view text = jinja.substr(0, open);
    char kind = hasTag ? jinja[open + 1] : 0;
    jinja.remove_prefix(hasTag ? open + 2 : jinja.size());

    bool lineStart = std::exchange(atStart, false);
    if (afterTrim) {
      text.remove_prefix(std::min(text.find_first_not_of(whiteSpace), text.size()));
    } else if (afterBlock && text.starts_with('\n')) {
      text.remove_prefix(1);
      lineStart = true;
    }
    if (jinja.starts_with('-') && hasTag) {
      text = text.substr(0, text.find_last_not_of(whiteSpace) + 1);
      jinja.remove_prefix(1);
    } else if (kind == '%' || kind == '#') {
      // Only if nothing but blanks stands between the start of the line and the tag.
      size_t content = text.find_last_not_of(" \t\r\f\v");
      if (content == std::string_view::npos ? lineStart : text[content] == '\n')
        text = text.substr(0, content + 1);
    }
    out += text;
    if (!hasTag)
      break;

    if (kind == '#') {
      size_t end = jinja.find("#}");
      if (end == std::string_view::npos)
        return std::nullopt;
      afterTrim = end > 0 && jinja[end - 1] == '-';
      jinja.remove_prefix(end + 2);
    } else {
      out.append("{").append(1, kind);
      std::string_view end = kind == '%' ? "%}" : "}}";
      if (!copyTag(jinja, end, out, afterTrim))
        return std::nullopt;
      out += end;
    }
    afterBlock = kind != '{';
  }
  return out;
}
