//===- JinjaLexer.cpp - a chat template as tokens ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaLexer.h"
#include "lib/Runtime/Tokenizer/JinjaStrings.h"
#include "lib/Runtime/Tokenizer/JinjaValue.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>

using namespace frit;
using namespace frit::jinja;

static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
static constexpr std::string_view digits = "0123456789";

static bool isIn(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

static std::string normalizeLines(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      i += source.substr(i + 1).starts_with('\n');
    }
  }
  if (out.ends_with('\n'))
    out.pop_back(); // keep_trailing_newline is off
  return out;
}

namespace {
class Lexer {
public:
  explicit Lexer(std::string_view source) : rest(source) {}

  std::vector<Token> run();

private:
  std::string_view take(size_t bytes);
  void add(Token::Kind kind, std::string_view text) {
    tokens.push_back({kind, std::string(text), line});
  }
  template <typename... Parts>
  [[noreturn]] void failHere(const Parts &...parts) {
    fail(parts..., " in line ", std::to_string(line));
  }

  void takeData();
  void takeComment();
  bool takeRaw();
  void takeTag(bool isBlock);
  void takeToken();
  void takeNumber();
  void takeString();
  /// Takes the end of a tag if it is here: -%}, +%} or %} and the white space that it drops.
  bool takeEnd(std::string_view mark, bool trims);

  std::string_view rest;
  std::vector<Token> tokens;
  unsigned line = 1;
  std::string brackets; ///< that are open
  bool lineStarts = true;
};
} // namespace

std::string_view Lexer::take(size_t bytes) {
  std::string_view text = rest.substr(0, bytes);
  rest.remove_prefix(text.size());
  line += static_cast<unsigned>(std::ranges::count(text, '\n'));
  if (!text.empty())
    lineStarts = text.ends_with('\n');
  return text;
}

std::vector<Token> Lexer::run() {
  while (!rest.empty()) {
    takeData();
    if (rest.empty())
      break;
    if (rest.starts_with("{#"))
      takeComment();
    else if (!takeRaw())
      takeTag(rest.starts_with("{%"));
  }
  add(Token::End, "");
  return std::move(tokens);
}

/// The text up to the next tag.
void Lexer::takeData() {
  size_t open = rest.find('{');
  while (open != std::string_view::npos &&
         (open + 1 == rest.size() || !isIn("{%#", rest[open + 1])))
    open = rest.find('{', open + 1);
  bool started = lineStarts;
  unsigned first = line;
  std::string_view text = take(std::min(open, rest.size()));
  char sign = rest.size() > 2 ? rest[2] : ' ';
  if (!rest.empty() && sign == '-') {
    text = strip(text, false, true);
  } else if (!rest.empty() && sign != '+' && rest[1] != '{') {
    // Only if nothing but white space stands between the start of the line and the tag.
    size_t start = text.rfind('\n') + 1;
    if ((start > 0 || started) && strip(text.substr(start), true, false).empty())
      text = text.substr(0, start);
  }
  if (!text.empty())
    tokens.push_back({Token::Data, std::string(text), first});
}

bool Lexer::takeEnd(std::string_view mark, bool trims) {
  bool minus = rest.starts_with('-') && rest.substr(1).starts_with(mark);
  bool plus = trims && rest.starts_with('+') && rest.substr(1).starts_with(mark);
  if (!minus && !plus && !rest.starts_with(mark))
    return false;
  take(mark.size() + (minus || plus));
  if (minus)
    take(rest.size() - strip(rest, true, false).size());
  else if (trims && !plus && rest.starts_with('\n'))
    take(1);
  return true;
}

void Lexer::takeComment() {
  size_t end = rest.find("#}", 2);
  if (end == std::string_view::npos)
    failHere("expected #} after the comment");
  if (end > 2 && isIn("-+", rest[end - 1]))
    --end;
  take(end);
  takeEnd("#}", /*trims=*/true);
}

/// {% raw %} and all up to {% endraw %}.
bool Lexer::takeRaw() {
  auto lengthOf = [](std::string_view text, std::string_view name) -> size_t {
    size_t all = text.size();
    text.remove_prefix(2);
    if (!text.empty() && isIn("-+", text[0]))
      text.remove_prefix(1);
    text = strip(text, true, false);
    if (!text.starts_with(name))
      return 0;
    text = strip(text.substr(name.size()), true, false);
    bool ends = text.starts_with("%}") || text.starts_with("-%}") || text.starts_with("+%}");
    return ends ? all - text.size() : 0;
  };
  if (!rest.starts_with("{%") || lengthOf(rest, "raw") == 0)
    return false;
  take(lengthOf(rest, "raw"));
  if (rest.starts_with('+'))
    failHere("expected %} after raw");
  takeEnd("%}", /*trims=*/false);
  bool started = lineStarts;
  for (size_t at = rest.find("{%"); at != std::string_view::npos; at = rest.find("{%", at + 2)) {
    size_t length = lengthOf(rest.substr(at), "endraw");
    if (length == 0)
      continue;
    std::string_view text = rest.substr(0, at);
    size_t start = text.rfind('\n') + 1;
    if (rest.substr(at).starts_with("{%-"))
      text = strip(text, false, true);
    else if (!rest.substr(at).starts_with("{%+") && (start > 0 || started) &&
             strip(text.substr(start), true, false).empty())
      text = text.substr(0, start);
    add(Token::Data, text);
    take(at + length);
    return takeEnd("%}", /*trims=*/true);
  }
  failHere("expected {% endraw %}");
}

void Lexer::takeTag(bool isBlock) {
  std::string_view end = isBlock ? "%}" : "}}";
  unsigned first = line;
  add(isBlock ? Token::Block : Token::Output, take(2));
  if (!rest.empty() && isIn("-+", rest[0]))
    take(1);
  brackets.clear();
  while (!brackets.empty() || !takeEnd(end, isBlock)) {
    if (size_t space = rest.size() - strip(rest, true, false).size())
      take(space);
    else if (rest.empty())
      fail("expected ", end, " after the tag in line ", std::to_string(first));
    else
      takeToken();
  }
  add(isBlock ? Token::BlockEnd : Token::OutputEnd, end);
}

void Lexer::takeToken() {
  char c = rest[0];
  if (isIn(letters, c)) {
    size_t length = 1;
    while (length < rest.size() && (isIn(letters, rest[length]) || isIn(digits, rest[length])))
      ++length;
    return add(Token::Name, take(length));
  }
  if (isIn(digits, c))
    return takeNumber();
  if (c == '\'' || c == '"')
    return takeString();
  for (std::string_view sign : {"//", "**", "==", "!=", ">=", "<="})
    if (rest.starts_with(sign))
      return add(Token::Operator, take(2));
  if (!isIn("+-/*%~[](){}<>=.:|,", c))
    failHere("unexpected character ", utf8::quote(characters(rest.substr(0, 4))[0]));
  if (size_t kind = std::string_view("([{").find(c); kind != std::string_view::npos) {
    brackets += ")]}"[kind];
  } else if (isIn(")]}", c)) {
    if (!brackets.ends_with(c))
      failHere("unexpected '", std::string(1, c), "'");
    brackets.pop_back();
  }
  add(Token::Operator, take(1));
}

void Lexer::takeNumber() {
  auto count = [&](size_t from) {
    size_t length = 0;
    while (from + length < rest.size() &&
           (isIn(digits, rest[from + length]) || (length > 0 && rest[from + length] == '_')))
      ++length;
    return length;
  };
  bool afterDot = !tokens.empty() && tokens.back().text == ".";
  size_t length = count(0);
  bool real = false;
  if (!afterDot && length < rest.size() && rest[length] == '.' && count(length + 1) > 0) {
    length += 1 + count(length + 1);
    real = true;
  }
  if (!afterDot && length < rest.size() && isIn("eE", rest[length])) {
    size_t sign = length + 1 < rest.size() && isIn("+-", rest[length + 1]) ? 1 : 0;
    if (size_t exponent = count(length + 1 + sign)) {
      length += 1 + sign + exponent;
      real = true;
    }
  }
  std::string text(take(length));
  std::erase(text, '_');
  add(real ? Token::Real : Token::Integer, text);
}

/// Appends what the escape sequence at `at` (of its backslash) means and moves behind it.
static void appendEscape(std::string &out, std::string_view text, size_t &at) {
  static constexpr std::string_view names = "nrtbafv\\'\"", meanings = "\n\r\t\b\a\f\v\\'\"";
  char c = text[at + 1];
  if (size_t name = names.find(c); name != std::string_view::npos) {
    out += meanings[name];
    at += 2;
    return;
  }
  if (c == '\n') {
    at += 2;
    return;
  }
  bool octal = c >= '0' && c <= '7';
  size_t width = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (width == 0) {
    if (c == 'N')
      fail("unknown escape sequence \\N");
    out.append(1, '\\').append(1, c);
    at += 2;
    return;
  }
  at += octal ? 1 : 2;
  char32_t code = 0;
  size_t count = 0;
  static constexpr std::string_view hex = "0123456789abcdefABCDEF";
  for (; count < width && at < text.size(); ++count, ++at) {
    size_t digit = hex.find(text[at]);
    if (digit == std::string_view::npos || (octal && digit > 7))
      break;
    code = code * (octal ? 8 : 16) + static_cast<char32_t>(digit > 15 ? digit - 6 : digit);
  }
  bool surrogate = code >= 0xD800 && code < 0xE000;
  if ((!octal && count < width) || code > 0x10FFFF || surrogate)
    fail("expected a character after \\", std::string(1, c));
  appendCodePoint(out, code);
}

void Lexer::takeString() {
  size_t end = 1;
  while (end < rest.size() && rest[end] != rest[0])
    end += rest[end] == '\\' ? 2 : 1;
  if (end >= rest.size())
    failHere("expected the end of a string");
  std::string_view text = rest.substr(1, end - 1);
  std::string value;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      value += text[at++];
      continue;
    }
    try {
      appendEscape(value, text, at);
    } catch (const Error &error) {
      failHere(error.message);
    }
  }
  add(Token::Text, value);
  take(end + 1);
}

std::vector<Token> jinja::lex(std::string_view source) {
  std::string normal = normalizeLines(source);
  return Lexer(normal).run();
}
