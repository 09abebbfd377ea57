//===- JinjaParserImpl.h - what the parser consists of -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJAPARSERIMPL_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJAPARSERIMPL_H

#include "lib/Runtime/Tokenizer/JinjaLexer.h"
#include "lib/Runtime/Tokenizer/JinjaParser.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <initializer_list>

namespace frit::jinja {

using Names = std::initializer_list<std::string_view>;

/// Recursive descent, as Jinja's own parser does it.
class Parser {
public:
  explicit Parser(std::string_view source) : tokens(lex(source)) {}

  Program run() {
    program.body = parseBody({});
    return std::move(program);
  }

private:
  /// The stack has to hold the parser, and then the interpreter.
  static constexpr unsigned maxNesting = 60, maxDepth = 250;

  struct Nesting {
    explicit Nesting(Parser &parser) : parser(parser) {
      if (++parser.nesting > maxNesting)
        parser.failHere("expected at most ", std::to_string(maxNesting), " levels of nesting");
    }
    ~Nesting() { --parser.nesting; }
    Parser &parser;
  };

  const Token &current() const { return tokens[at]; }
  template <typename... Parts>
  [[noreturn]] void failHere(const Parts &...parts) {
    fail(parts..., " in line ", std::to_string(current().line));
  }
  bool isSign(std::string_view text) const {
    return current().kind == Token::Operator && current().text == text;
  }
  bool isName(std::string_view text) const {
    return current().kind == Token::Name && current().text == text;
  }
  bool isAnyName(Names names) const {
    return std::ranges::any_of(names, [&](std::string_view name) { return isName(name); });
  }
  Token take() { return tokens[current().kind == Token::End ? at : at++]; }
  bool takeSign(std::string_view text) { return isSign(text) && (++at, true); }
  bool takeName(std::string_view text) { return isName(text) && (++at, true); }
  [[noreturn]] void failExpected(std::string_view what);
  void expectSign(std::string_view text) {
    if (!takeSign(text))
      failExpected(utf8::quote(text));
  }
  std::string expectName() {
    if (current().kind != Token::Name)
      failExpected("a name");
    return take().text;
  }
  void expectTagEnd() {
    if (current().kind != Token::BlockEnd)
      failExpected("%}");
    take();
  }

  const Expression *make(Expression expression);
  Expression node(Expression::Kind kind, std::string name = "") {
    Expression result{};
    result.kind = kind;
    result.line = current().line;
    result.name = std::move(name);
    return result;
  }

  /// Statements up to a tag with one of these names, or the end of the template; the name is not
  /// taken.
  Body parseBody(Names ends);
  /// The same behind the end of a tag; takes the whole end tag if there is only one.
  Body parseInner(Names ends);
  const Statement *parseTag();
  void parseFor(Statement &result);
  void parseIf(Statement &result);
  void parseSet(Statement &result);
  void parseMacro(Statement &result);
  const Expression *parseTarget(bool withAttribute);

  const Expression *parseTuple(bool conditional, bool inParentheses = false);
  const Expression *parseExpression();
  const Expression *parseOr();
  const Expression *parseAnd();
  const Expression *parseNot();
  const Expression *parseComparison();
  const Expression *parseSum();
  const Expression *parseConcatenation();
  const Expression *parseProduct();
  const Expression *parsePower();
  const Expression *parseUnary(bool withFilters);
  const Expression *parsePrimary();
  const Expression *parseNumber();
  const Expression *parseDict();
  const Expression *parsePostfix(const Expression *operand);
  const Expression *parseSubscript(const Expression *operand);
  const Expression *parseFilters(const Expression *operand, bool first = false);
  const Expression *parseTest(const Expression *operand);
  void parseArguments(Expression &call);
  const Expression *binary(std::string name, const Expression *left, const Expression *right);

  std::vector<Token> tokens;
  size_t at = 0;
  unsigned nesting = 0;
  unsigned loops = 0; ///< around the current statement
  bool inMacro = false;
  Program program;
};

} // namespace frit::jinja

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJAPARSERIMPL_H
