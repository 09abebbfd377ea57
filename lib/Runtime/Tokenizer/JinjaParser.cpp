//===- JinjaParser.cpp - the statements of a chat template ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaParserImpl.h"

using namespace frit;
using namespace frit::jinja;

void Parser::failExpected(std::string_view what) {
  const Token &token = current();
  if (token.kind == Token::End)
    failHere("expected ", what, ", found the end of the template");
  if (token.kind == Token::Text)
    failHere("expected ", what, ", found a string");
  failHere("expected ", what, ", found ", utf8::quote(token.text));
}

Body Parser::parseBody(Names ends) {
  Nesting level(*this);
  Body body;
  while (current().kind != Token::End) {
    Token token = take();
    if (token.kind == Token::Block) {
      if (isAnyName(ends))
        return body;
      body.push_back(parseTag());
      continue;
    }
    Statement statement{};
    statement.line = token.line;
    statement.text = token.text;
    if (token.kind == Token::Output) {
      statement.kind = Statement::Output;
      statement.value = parseTuple(true);
      if (current().kind != Token::OutputEnd)
        failExpected("}}");
      take();
    }
    program.statements.push_back(std::move(statement));
    body.push_back(&program.statements.back());
  }
  if (ends.size() > 0)
    failExpected("{% " + std::string(*(ends.end() - 1)) + " %}");
  return body;
}

Body Parser::parseInner(Names ends) {
  expectTagEnd();
  Body body = parseBody(ends);
  if (ends.size() == 1) {
    take();
    expectTagEnd();
  }
  return body;
}

const Statement *Parser::parseTag() {
  Statement result{};
  result.line = current().line;
  if (current().kind != Token::Name)
    failExpected("the name of a tag");
  if (takeName("for")) {
    parseFor(result);
  } else if (takeName("if")) {
    parseIf(result);
  } else if (takeName("set")) {
    parseSet(result);
  } else if (takeName("macro")) {
    parseMacro(result);
  } else if (takeName("generation")) {
    result.kind = Statement::Scope;
    result.body = parseInner({"endgeneration"});
  } else if (isName("break") || isName("continue")) {
    if (loops == 0)
      failHere("expected a loop around ", current().text);
    result.kind = take().text == "break" ? Statement::Break : Statement::Continue;
    expectTagEnd();
  } else {
    failHere("unknown tag ", utf8::quote(current().text));
  }
  program.statements.push_back(std::move(result));
  return &program.statements.back();
}

void Parser::parseFor(Statement &result) {
  result.kind = Statement::For;
  result.target = parseTarget(/*withAttribute=*/false);
  if (!takeName("in"))
    failExpected("'in'");
  result.value = parseTuple(/*conditional=*/false);
  if (takeName("if"))
    result.filter = parseExpression();
  if (isName("recursive"))
    failHere("unknown loop 'recursive'");
  ++loops;
  result.body = parseInner({"else", "endfor"});
  --loops;
  if (takeName("else"))
    result.otherwise = parseInner({"endfor"});
  else
    takeName("endfor"), expectTagEnd();
}

void Parser::parseIf(Statement &result) {
  result.kind = Statement::If;
  do {
    const Expression *condition = parseTuple(/*conditional=*/false);
    result.branches.emplace_back(condition, parseInner({"elif", "else", "endif"}));
  } while (takeName("elif"));
  if (takeName("else"))
    result.otherwise = parseInner({"endif"});
  else
    takeName("endif"), expectTagEnd();
}

void Parser::parseSet(Statement &result) {
  result.target = parseTarget(/*withAttribute=*/true);
  if (takeSign("=")) {
    result.kind = Statement::Set;
    result.value = parseTuple(true);
    return expectTagEnd();
  }
  result.kind = Statement::SetBlock;
  result.value = parseFilters(make(node(Expression::Name, std::string(blockName))), true);
  result.body = parseInner({"endset"});
}

void Parser::parseMacro(Statement &result) {
  // Its body sees the names of the template and no others.
  if (inMacro || loops > 0)
    failHere("expected no macro inside of a loop or a macro");
  result.kind = Statement::MacroDefinition;
  Macro macro;
  macro.name = expectName();
  expectSign("(");
  while (!isSign(")")) {
    if (!macro.parameters.empty())
      expectSign(",");
    std::string name = expectName();
    const Expression *fallback = takeSign("=") ? parseExpression() : nullptr;
    if (!fallback && !macro.parameters.empty() && macro.parameters.back().second)
      failHere("expected a default of parameter ", utf8::quote(name));
    macro.parameters.emplace_back(std::move(name), fallback);
  }
  take();
  inMacro = true;
  macro.body = parseInner({"endmacro"});
  inMacro = false;
  program.macros.push_back(std::move(macro));
  result.macro = &program.macros.back();
}

const Expression *Parser::parseTarget(bool withAttribute) {
  Nesting level(*this);
  Expression tuple = node(Expression::Tuple);
  bool isTuple = false;
  do {
    if (isTuple && (isName("in") || isSign("=") || isSign(")")))
      break;
    if (takeSign("(")) {
      tuple.operands.push_back(parseTarget(false));
      expectSign(")");
      continue;
    }
    static constexpr std::string_view constants[] = {"true", "false", "none",
                                                     "True", "False", "None"};
    Expression name = node(Expression::Name, expectName());
    if (std::ranges::find(constants, name.name) != std::end(constants))
      failHere("expected a variable, found ", utf8::quote(name.name));
    const Expression *target = make(std::move(name));
    if (withAttribute && takeSign(".")) {
      Expression attribute = node(Expression::Attribute, expectName());
      attribute.operands = {target};
      target = make(std::move(attribute));
    }
    tuple.operands.push_back(target);
  } while (takeSign(",") && (isTuple = true));
  return isTuple ? make(std::move(tuple)) : tuple.operands[0];
}

Program jinja::parse(std::string_view source) { return Parser(source).run(); }
