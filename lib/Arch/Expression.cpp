//===- Expression.cpp - arithmetic in architecture records ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/Expression.h"

#include "lib/Support/Number.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <charconv>
#include <cmath>

using namespace frit;
using llvm::StringRef;

namespace frit {

/// Recursive descent. Whoever writes a record may nest as deep as a person can read.
class ExpressionParser {
public:
  explicit ExpressionParser(StringRef text) : text(text), rest(text) {}

  Result<Expression> parse() {
    Result<unsigned> root = parseChoice();
    if (!root)
      return root.takeFailure();
    if (!rest.empty())
      return unexpected("an operator or the end");
    result.source = text.str();
    return std::move(result);
  }

private:
  using Kind = Expression::Kind;
  struct Function {
    StringRef name;
    Kind kind;
    unsigned arguments;
  };
  static constexpr Function functions[] = {{"sqrt", Kind::Sqrt, 1},
                                           {"log", Kind::Log, 1},
                                           {"pow", Kind::Power, 2},
                                           {"f32", Kind::F32, 1}};
  friend class Expression;

  Failure unexpected(StringRef expected) const {
    std::string found = rest.empty() ? "the end" : ("'" + rest.take_front(12) + "'").str();
    return Failure("expected ", expected, " at character ", text.size() - rest.size() + 1, " of '",
                   text, "', found ", found);
  }

  bool consume(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }

  unsigned add(Kind kind, unsigned a = 0, unsigned b = 0, unsigned c = 0) {
    result.nodes.push_back({kind, 0, "", {a, b, c}});
    return result.nodes.size() - 1;
  }

  Result<unsigned> parseChoice() {
    if (++depth > 64)
      return Failure("expected at most 64 levels of nesting in '", text, "'");
    Result<unsigned> condition = parseCondition();
    if (!condition || !consume("?")) {
      --depth;
      return condition;
    }
    Result<unsigned> yes = parseChoice();
    if (!yes)
      return yes;
    if (!consume(":"))
      return unexpected("':'");
    Result<unsigned> no = parseChoice();
    if (!no)
      return no;
    --depth;
    return add(Kind::Select, *condition, *yes, *no);
  }

  Result<unsigned> parseCondition() {
    Result<unsigned> left = parseSum();
    if (!left)
      return left;
    // Longer operators first: `<` is the beginning of `<=`.
    static constexpr std::pair<const char *, Kind> operators[] = {
        {"==", Kind::Equal},        {"!=", Kind::NotEqual}, {"<=", Kind::LessEqual},
        {">=", Kind::GreaterEqual}, {"<", Kind::Less},      {">", Kind::Greater}};
    for (auto [token, kind] : operators) {
      if (!consume(token))
        continue;
      Result<unsigned> right = parseSum();
      if (!right)
        return right;
      return add(kind, *left, *right);
    }
    return left;
  }

  Result<unsigned> parseSum() {
    Result<unsigned> left = parseProduct();
    while (left) {
      Kind kind;
      if (consume("+"))
        kind = Kind::Add;
      else if (consume("-"))
        kind = Kind::Subtract;
      else
        break;
      Result<unsigned> right = parseProduct();
      if (!right)
        return right;
      left = add(kind, *left, *right);
    }
    return left;
  }

  Result<unsigned> parseProduct() {
    Result<unsigned> left = parseOperand();
    while (left) {
      Kind kind;
      if (consume("*"))
        kind = Kind::Multiply;
      else if (consume("/"))
        kind = Kind::Divide;
      else if (consume("%"))
        kind = Kind::Remainder;
      else
        break;
      Result<unsigned> right = parseOperand();
      if (!right)
        return right;
      left = add(kind, *left, *right);
    }
    return left;
  }

  Result<unsigned> parseOperand() {
    bool negative = false;
    while (consume("-"))
      negative = !negative;
    Result<unsigned> operand = parsePrimary();
    if (operand && negative)
      return add(Kind::Negate, *operand);
    return operand;
  }

  Result<unsigned> parseInParentheses() {
    Result<unsigned> inner = parseChoice();
    if (inner && !consume(")"))
      return unexpected("')'");
    return inner;
  }

  Result<unsigned> parseCall(Kind kind, unsigned arguments) {
    unsigned operands[2] = {0, 0};
    for (unsigned i = 0; i < arguments; ++i) {
      if (i > 0 && !consume(","))
        return unexpected("','");
      Result<unsigned> argument = parseChoice();
      if (!argument)
        return argument;
      operands[i] = *argument;
    }
    if (!consume(")"))
      return unexpected("')'");
    return add(kind, operands[0], operands[1]);
  }

  Result<unsigned> parsePrimary() {
    if (consume("("))
      return parseInParentheses();
    auto isNameCharacter = [](char c) { return llvm::isAlnum(c) || c == '_'; };
    if (!rest.empty() && (llvm::isDigit(rest.front()) || rest.front() == '.')) {
      double number = 0;
      auto [end, error] = std::from_chars(rest.begin(), rest.end(), number);
      if (error != std::errc())
        return unexpected("a number");
      rest = rest.drop_front(end - rest.begin());
      if (!rest.empty() && isNameCharacter(rest.front()))
        return unexpected("an operator or the end");
      unsigned node = add(Kind::Number);
      result.nodes[node].number = number;
      return node;
    }
    StringRef name = rest.take_while(isNameCharacter);
    if (name.empty())
      return unexpected("a number, a name or '('");
    rest = rest.drop_front(name.size());
    for (const auto &[function, kind, arguments] : functions)
      if (name == function && consume("("))
        return parseCall(kind, arguments);
    unsigned node = add(Kind::Name);
    result.nodes[node].name = name.str();
    return node;
  }

  StringRef text, rest;
  unsigned depth = 0;
  Expression result;
};

} // namespace frit

bool Expression::isFunction(StringRef name) {
  return llvm::any_of(ExpressionParser::functions,
                      [&](const auto &function) { return function.name == name; });
}

Result<Expression> Expression::parse(StringRef text) {
  if (text.size() > 1000)
    return Failure("expected an expression of at most 1000 characters, found ", text.size());
  return ExpressionParser(text.trim()).parse();
}

Expression Expression::constant(double value) {
  Expression result;
  llvm::raw_string_ostream(result.source) << llvm::format("%g", value);
  result.nodes.push_back({Kind::Number, value, "", {0, 0, 0}});
  return result;
}

std::vector<std::string> Expression::names() const {
  std::vector<std::string> result;
  llvm::StringSet<> seen;
  for (const Node &node : nodes)
    if (node.kind == Kind::Name && seen.insert(node.name).second)
      result.push_back(node.name);
  return result;
}

Result<double> Expression::evaluate(const Node &node, Lookup lookup) const {
  auto operand = [&](unsigned i) { return evaluate(nodes[node.operands[i]], lookup); };
  switch (node.kind) {
  case Kind::Number:
    return node.number;
  case Kind::Name:
    return lookup(node.name);
  case Kind::Select: {
    Result<double> condition = operand(0);
    if (!condition)
      return condition;
    return operand(*condition != 0 ? 1 : 2);
  }
  default:
    break;
  }
  Result<double> left = operand(0);
  if (!left)
    return left;
  if (node.kind == Kind::Negate)
    return -*left;
  if (node.kind == Kind::Sqrt)
    return std::sqrt(*left);
  if (node.kind == Kind::Log)
    return std::log(*left);
  if (node.kind == Kind::F32)
    return shortestDecimal(static_cast<float>(*left));
  Result<double> right = operand(1);
  if (!right)
    return right;
  double a = *left, b = *right;
  switch (node.kind) {
  case Kind::Add:
    return a + b;
  case Kind::Subtract:
    return a - b;
  case Kind::Multiply:
    return a * b;
  case Kind::Divide:
    return a / b;
  case Kind::Remainder:
    return std::fmod(a, b);
  case Kind::Power:
    return std::pow(a, b);
  case Kind::Equal:
    return double(a == b);
  case Kind::NotEqual:
    return double(a != b);
  case Kind::Less:
    return double(a < b);
  case Kind::LessEqual:
    return double(a <= b);
  case Kind::Greater:
    return double(a > b);
  default:
    return double(a >= b);
  }
}

Result<double> Expression::evaluate(Lookup lookup) const {
  Result<double> value = evaluate(nodes.back(), lookup);
  if (value && !std::isfinite(*value))
    return Failure("'", source, "' has no finite value");
  return value;
}
