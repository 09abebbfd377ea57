//===- JinjaExpressions.cpp - the expressions of a chat template ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaParserImpl.h"

#include <charconv>

using namespace frit;
using namespace frit::jinja;

const Expression *Parser::make(Expression expression) {
  for (const Expression *operand : expression.operands)
    expression.depth = std::max(expression.depth, operand ? operand->depth + 1 : 1);
  for (const auto &[name, operand] : expression.named)
    expression.depth = std::max(expression.depth, operand->depth + 1);
  if (expression.depth > maxDepth)
    failHere("expected at most ", std::to_string(maxDepth), " operators in operators");
  program.expressions.push_back(std::move(expression));
  return &program.expressions.back();
}

const Expression *Parser::parseTuple(bool conditional, bool inParentheses) {
  Expression tuple = node(Expression::Tuple);
  bool isTuple = false;
  while (true) {
    if (!tuple.operands.empty())
      expectSign(",");
    if (current().kind == Token::OutputEnd || current().kind == Token::BlockEnd || isSign(")"))
      break;
    tuple.operands.push_back(conditional ? parseExpression() : parseOr());
    if (!isSign(","))
      break;
    isTuple = true;
  }
  if (!isTuple && !tuple.operands.empty())
    return tuple.operands[0];
  if (!isTuple && !inParentheses)
    failExpected("an expression");
  return make(std::move(tuple));
}

const Expression *Parser::parseExpression() {
  Nesting level(*this);
  const Expression *value = parseOr();
  while (isName("if")) {
    Expression result = node(Expression::Conditional);
    take();
    const Expression *condition = parseOr();
    const Expression *otherwise = takeName("else") ? parseExpression() : nullptr;
    result.operands = {value, condition, otherwise};
    value = make(std::move(result));
  }
  return value;
}

const Expression *Parser::binary(std::string name, const Expression *left,
                                 const Expression *right) {
  Expression result = node(Expression::Binary, std::move(name));
  result.line = right->line;
  result.operands = {left, right};
  return make(std::move(result));
}

const Expression *Parser::parseOr() {
  const Expression *left = parseAnd();
  while (takeName("or"))
    left = binary("or", left, parseAnd());
  return left;
}

const Expression *Parser::parseAnd() {
  const Expression *left = parseNot();
  while (takeName("and"))
    left = binary("and", left, parseNot());
  return left;
}

const Expression *Parser::parseNot() {
  if (!isName("not"))
    return parseComparison();
  Nesting level(*this);
  Expression result = node(Expression::Unary, "not");
  take();
  result.operands = {parseNot()};
  return make(std::move(result));
}

const Expression *Parser::parseComparison() {
  Expression result = node(Expression::Comparison);
  result.operands = {parseSum()};
  while (true) {
    static constexpr std::string_view signs[] = {"==", "!=", "<", "<=", ">", ">="};
    bool isNotIn =
        isName("not") && tokens[at + 1].kind == Token::Name && tokens[at + 1].text == "in";
    if (std::ranges::any_of(signs, [&](std::string_view sign) { return isSign(sign); }) ||
        isName("in")) {
      result.signs.push_back(take().text);
    } else if (isNotIn) {
      at += 2;
      result.signs.emplace_back("not in");
    } else {
      break;
    }
    result.operands.push_back(parseSum());
  }
  return result.signs.empty() ? result.operands[0] : make(std::move(result));
}

const Expression *Parser::parseSum() {
  const Expression *left = parseConcatenation();
  while (isSign("+") || isSign("-")) {
    std::string sign = take().text;
    left = binary(sign, left, parseConcatenation());
  }
  return left;
}

const Expression *Parser::parseConcatenation() {
  Expression result = node(Expression::Concatenation);
  do
    result.operands.push_back(parseProduct());
  while (takeSign("~"));
  return result.operands.size() == 1 ? result.operands[0] : make(std::move(result));
}

const Expression *Parser::parseProduct() {
  const Expression *left = parsePower();
  while (isSign("*") || isSign("/") || isSign("//") || isSign("%")) {
    std::string sign = take().text;
    left = binary(sign, left, parsePower());
  }
  return left;
}

const Expression *Parser::parsePower() {
  const Expression *left = parseUnary(true);
  while (takeSign("**"))
    left = binary("**", left, parseUnary(true));
  return left;
}

const Expression *Parser::parseUnary(bool withFilters) {
  Nesting level(*this);
  const Expression *result;
  if (isSign("-") || isSign("+")) {
    Expression negation = node(Expression::Unary, take().text);
    negation.operands = {parseUnary(false)};
    result = make(std::move(negation));
  } else {
    result = parsePrimary();
  }
  result = parsePostfix(result);
  return withFilters ? parseFilters(result) : result;
}

const Expression *Parser::parseNumber() {
  Expression result = node(Expression::Constant);
  Token token = take();
  const char *begin = token.text.data(), *end = begin + token.text.size();
  if (token.kind == Token::Integer) {
    int64_t value = 0;
    auto read = std::from_chars(begin, end, value);
    if (read.ec != std::errc() || read.ptr != end ||
        (token.text.size() > 1 && token.text[0] == '0'))
      failHere("expected an integer below 2^63, found ", utf8::quote(token.text));
    result.constant = Value::integer(value);
  } else {
    double value = 0;
    if (std::from_chars(begin, end, value).ec != std::errc())
      failHere("expected a number, found ", utf8::quote(token.text));
    result.constant = Value::real(value);
  }
  return make(std::move(result));
}

const Expression *Parser::parsePrimary() {
  Expression result = node(Expression::Constant);
  if (current().kind == Token::Integer || current().kind == Token::Real)
    return parseNumber();
  if (current().kind == Token::Text) {
    std::string text;
    while (current().kind == Token::Text)
      text += take().text;
    result.constant = Value::text(std::move(text));
  } else if (current().kind == Token::Name) {
    std::string name = take().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      result.constant = Value::boolean(name == "true" || name == "True");
    } else if (name == "none" || name == "None") {
      result.constant = None();
    } else {
      result.kind = Expression::Name;
      result.name = std::move(name);
    }
  } else if (takeSign("(")) {
    const Expression *inner = parseTuple(true, /*inParentheses=*/true);
    expectSign(")");
    return inner;
  } else if (takeSign("[")) {
    result.kind = Expression::List;
    while (!isSign("]")) {
      if (!result.operands.empty())
        expectSign(",");
      if (!isSign("]"))
        result.operands.push_back(parseExpression());
    }
    take();
  } else if (isSign("{")) {
    return parseDict();
  } else {
    failExpected("an expression");
  }
  return make(std::move(result));
}

const Expression *Parser::parseDict() {
  Expression result = node(Expression::Dict);
  take();
  while (!isSign("}")) {
    if (!result.operands.empty())
      expectSign(",");
    if (isSign("}"))
      break;
    result.operands.push_back(parseExpression());
    expectSign(":");
    result.operands.push_back(parseExpression());
  }
  take();
  return make(std::move(result));
}

const Expression *Parser::parsePostfix(const Expression *operand) {
  while (true) {
    if (isSign(".") || isSign("[")) {
      operand = parseSubscript(operand);
    } else if (isSign("(")) {
      Expression call = node(Expression::Call);
      call.operands = {operand};
      parseArguments(call);
      operand = make(std::move(call));
    } else {
      return operand;
    }
  }
}

const Expression *Parser::parseSubscript(const Expression *operand) {
  Expression result = node(Expression::Index);
  result.operands = {operand};
  if (takeSign(".")) {
    if (current().kind == Token::Integer) {
      result.operands.push_back(parseNumber());
    } else {
      result.kind = Expression::Attribute;
      result.name = expectName();
    }
    return make(std::move(result));
  }
  take();
  if (!isSign(":"))
    result.operands.push_back(parseExpression());
  if (isSign(":")) {
    result.kind = Expression::Slice;
    result.operands.resize(2);
    for (int part = 0; part < 2; ++part) {
      bool given = takeSign(":") && !isSign(":") && !isSign("]");
      result.operands.push_back(given ? parseExpression() : nullptr);
    }
  }
  expectSign("]");
  return make(std::move(result));
}

const Expression *Parser::parseFilters(const Expression *operand, bool first) {
  while (true) {
    if (isSign("|")) {
      take();
      Expression filter = node(Expression::Filter);
      filter.name = expectName();
      filter.operands = {operand};
      if (isSign("("))
        parseArguments(filter);
      operand = make(std::move(filter));
    } else if (!first && takeName("is")) {
      operand = parseTest(operand);
    } else if (!first && isSign("(")) {
      operand = parsePostfix(operand);
    } else {
      return operand;
    }
  }
}

const Expression *Parser::parseTest(const Expression *operand) {
  Expression negation = node(Expression::Unary, "not");
  bool negated = takeName("not");
  Expression test = node(Expression::Test);
  test.name = expectName();
  test.operands = {operand};
  Token::Kind kind = current().kind;
  if (isSign("(")) {
    parseArguments(test);
  } else if ((kind == Token::Name && !isAnyName({"else", "or", "and", "is", "if", "recursive"})) ||
             kind == Token::Text || kind == Token::Integer || kind == Token::Real || isSign("[") ||
             isSign("{")) {
    // A name that goes on with the expression around the test is none of its operands.
    if (!isAnyName({"in", "not"}))
      test.operands.push_back(parsePostfix(parsePrimary()));
  }
  const Expression *result = make(std::move(test));
  if (!negated)
    return result;
  negation.operands = {result};
  return make(std::move(negation));
}

void Parser::parseArguments(Expression &call) {
  Nesting level(*this);
  take();
  while (!isSign(")")) {
    if (call.operands.size() > 1 || !call.named.empty())
      expectSign(",");
    if (isSign(")"))
      break;
    bool isNamed = current().kind == Token::Name && tokens[at + 1].kind == Token::Operator &&
                   tokens[at + 1].text == "=";
    if (isNamed) {
      std::string name = take().text;
      take();
      call.named.emplace_back(std::move(name), parseExpression());
    } else if (isSign("*") || isSign("**")) {
      failHere("unknown argument ", utf8::quote(current().text));
    } else if (!call.named.empty()) {
      failHere("expected no argument without a name after one with a name");
    } else {
      call.operands.push_back(parseExpression());
    }
  }
  take();
}
