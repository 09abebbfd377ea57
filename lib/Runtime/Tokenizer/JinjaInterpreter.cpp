//===- JinjaInterpreter.cpp - runs the tree of a chat template -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaInterpreter.h"
#include "lib/Runtime/Tokenizer/JinjaStrings.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>

using namespace frit;
using namespace frit::jinja;

/// Of expressions in expressions in macros: the stack has to hold them.
static constexpr unsigned maxDepth = 500;

struct Interpreter::Depth {
  explicit Depth(Interpreter &interpreter) : interpreter(interpreter) {
    if (++interpreter.depth > maxDepth)
      fail("calls are nested more than ", std::to_string(maxDepth), " deep");
    interpreter.budget.step();
  }
  ~Depth() { --interpreter.depth; }
  Interpreter &interpreter;
};

Interpreter::Interpreter(Budget &budget, Variables variables, std::time_t now)
    : budget(budget), now(now) {
  scopes.push_back({{{"range", Function::Range},
                     {"namespace", Function::Namespace},
                     {"dict", Function::Dict},
                     {"raise_exception", Function::RaiseException},
                     {"strftime_now", Function::StrftimeNow}}});
  for (auto &variable : variables)
    scopes[0].variables.push_back(std::move(variable));
}

std::string Interpreter::run(const Program &program) {
  std::string text;
  output = &text;
  try {
    execute(program.body);
  } catch (Error &error) {
    if (!error.raised)
      error.message += " in line " + std::to_string(line);
    throw;
  }
  return text;
}

void Interpreter::emit(std::string_view text) {
  budget.text(text.size());
  if (output->size() + text.size() > Budget::maxTextBytes)
    budget.text(output->size() + text.size()); // fails
  output->append(text);
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

Interpreter::Flow Interpreter::execute(const Body &body) {
  for (const Statement *statement : body)
    if (Flow flow = execute(*statement); flow != Flow::Normal)
      return flow;
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const Statement &statement) {
  Depth level(*this);
  line = statement.line;
  switch (statement.kind) {
  case Statement::Text:
    emit(statement.text);
    break;
  case Statement::Output: {
    Value value = evaluate(*statement.value);
    line = statement.line;
    emit(toText(budget, value));
    break;
  }
  case Statement::For:
    return executeFor(statement);
  case Statement::If:
    for (const auto &[condition, body] : statement.branches)
      if (evaluate(*condition).isTrue())
        return execute(body);
    return execute(statement.otherwise);
  case Statement::Set:
    assign(*statement.target, evaluate(*statement.value));
    break;
  case Statement::SetBlock: {
    Value value = text(capture(statement.body));
    scopes.push_back({{{std::string(blockName), value}}});
    value = evaluate(*statement.value);
    scopes.pop_back();
    assign(*statement.target, value);
    break;
  }
  case Statement::MacroDefinition:
    scopes.back().variables.emplace_back(statement.macro->name, statement.macro);
    break;
  case Statement::Break:
    return Flow::Break;
  case Statement::Continue:
    return Flow::Continue;
  case Statement::Scope: {
    scopes.emplace_back();
    Flow flow = execute(statement.body);
    scopes.pop_back();
    return flow;
  }
  }
  return Flow::Normal;
}

/// What the body writes.
std::string Interpreter::capture(const Body &body) {
  std::string text;
  std::string *outer = std::exchange(output, &text);
  scopes.emplace_back();
  execute(body);
  scopes.pop_back();
  output = outer;
  return text;
}

Interpreter::Flow Interpreter::executeFor(const Statement &statement) {
  Items items = iterate(budget, evaluate(*statement.value));
  if (statement.filter) {
    Items kept;
    for (const Value &item : items) {
      scopes.emplace_back();
      assign(*statement.target, item);
      if (evaluate(*statement.filter).isTrue())
        kept.push_back(item);
      scopes.pop_back();
    }
    items = std::move(kept);
  }
  if (items.empty()) {
    scopes.emplace_back();
    Flow flow = execute(statement.otherwise);
    scopes.pop_back();
    return flow;
  }
  budget.text(items.size() * sizeof(Value));
  Loop &loop = loops.emplace_back(std::move(items), 0);
  for (; loop.index < loop.items.size(); ++loop.index) {
    budget.step();
    scopes.push_back({{{"loop", &loop}}});
    assign(*statement.target, loop.items[loop.index]);
    Flow flow = execute(statement.body);
    scopes.pop_back();
    if (flow == Flow::Break)
      break;
  }
  return Flow::Normal;
}

void Interpreter::assign(const Expression &target, const Value &value) {
  if (target.kind == Expression::Name) {
    for (auto &[name, known] : scopes.back().variables)
      if (name == target.name) {
        known = value;
        return;
      }
    scopes.back().variables.emplace_back(target.name, value);
  } else if (target.kind == Expression::Tuple) {
    Items items = iterate(budget, value.used());
    if (items.size() != target.operands.size())
      fail("expected ", std::to_string(target.operands.size()), " values, found ",
           std::to_string(items.size()));
    for (size_t i = 0; i < items.size(); ++i)
      assign(*target.operands[i], items[i]);
  } else {
    Value object = evaluate(*target.operands[0]);
    if (!object.as<Namespace *>())
      fail("cannot assign attribute on non-namespace object");
    auto &attributes = (*object.as<Namespace *>())->attributes;
    budget.step(attributes.size() / 8);
    for (auto &[name, known] : attributes)
      if (name == target.name) {
        known = value;
        return;
      }
    attributes.emplace_back(target.name, value);
  }
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value Interpreter::evaluate(const Expression &expression) {
  Depth level(*this);
  line = expression.line;
  switch (expression.kind) {
  case Expression::Constant:
    return expression.constant;
  case Expression::Name:
    return evaluateName(expression);
  case Expression::List:
  case Expression::Tuple:
  case Expression::Dict:
    return evaluateItems(expression);
  case Expression::Attribute: {
    Value object = evaluate(*expression.operands[0]);
    line = expression.line;
    return attribute(object, expression.name);
  }
  case Expression::Index: {
    Value object = evaluate(*expression.operands[0]);
    Value key = evaluate(*expression.operands[1]);
    line = expression.line;
    return item(object, key);
  }
  case Expression::Slice:
    return evaluateSlice(expression);
  case Expression::Call:
    return evaluateCall(expression);
  case Expression::Filter: {
    Value input = evaluate(*expression.operands[0]);
    Arguments arguments = evaluateArguments(expression);
    return filter(expression.name, input, std::move(arguments));
  }
  case Expression::Test: {
    Value input = evaluate(*expression.operands[0]);
    Arguments arguments = evaluateArguments(expression);
    return Value::boolean(test(expression.name, input, std::move(arguments)));
  }
  case Expression::Unary:
    return evaluateUnary(expression);
  case Expression::Binary:
    return evaluateBinary(expression);
  case Expression::Comparison:
    return evaluateComparison(expression);
  case Expression::Concatenation: {
    std::string result;
    for (const Expression *operand : expression.operands) {
      result += toText(budget, evaluate(*operand));
      budget.text(result.size());
    }
    return Value::text(std::move(result));
  }
  case Expression::Conditional: {
    if (evaluate(*expression.operands[1]).isTrue())
      return evaluate(*expression.operands[0]);
    if (expression.operands[2])
      return evaluate(*expression.operands[2]);
    return Value::undefined("the inline if-expression evaluated to false and no else section was "
                            "defined");
  }
  }
  return {};
}

Value Interpreter::evaluateName(const Expression &expression) {
  auto find = [&](const Scope &scope) -> const Value * {
    budget.step(scope.variables.size() / 16);
    for (const auto &[name, value] : scope.variables)
      if (name == expression.name)
        return &value;
    return nullptr;
  };
  for (size_t i = scopes.size(); i-- > 0;) {
    if (const Value *value = find(scopes[i]))
      return *value;
    if (scopes[i].isMacro)
      i = 1; // on to the outermost
  }
  return Value::undefined(utf8::quote(expression.name) + " is undefined");
}

Value Interpreter::evaluateItems(const Expression &expression) {
  Items items;
  for (const Expression *operand : expression.operands)
    items.push_back(evaluate(*operand));
  if (expression.kind != Expression::Dict)
    return Value::list(budget, std::move(items), expression.kind == Expression::Tuple);
  std::vector<std::pair<Value, Value>> entries;
  for (size_t i = 0; i < items.size(); i += 2)
    entries.emplace_back(items[i], items[i + 1]);
  return Value::dict(budget, std::move(entries));
}

Value Interpreter::evaluateUnary(const Expression &expression) {
  Value operand = evaluate(*expression.operands[0]);
  line = expression.line;
  if (expression.name == "not")
    return Value::boolean(!operand.isTrue());
  operand.used();
  bool negate = expression.name == "-";
  if (operand.as<double>())
    return Value::real(negate ? -operand.toReal() : operand.toReal());
  if (operand.isInteger())
    return negate ? arithmetic("-", Value::integer(0), operand)
                  : Value::integer(operand.toInteger());
  fail("bad operand type for unary ", expression.name, ": '", operand.typeName(), "'");
}

Value Interpreter::evaluateBinary(const Expression &expression) {
  Value left = evaluate(*expression.operands[0]);
  if (expression.name == "and" || expression.name == "or")
    return left.isTrue() == (expression.name == "or") ? left : evaluate(*expression.operands[1]);
  Value right = evaluate(*expression.operands[1]);
  line = expression.line;
  return arithmetic(expression.name, left, right);
}

Value Interpreter::evaluateComparison(const Expression &expression) {
  Value left = evaluate(*expression.operands[0]);
  for (size_t i = 0; i < expression.signs.size(); ++i) {
    Value right = evaluate(*expression.operands[i + 1]);
    line = expression.line;
    if (!compareBy(expression.signs[i], left, right))
      return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::evaluateSlice(const Expression &expression) {
  Value parts[4];
  for (size_t i = 0; i < 4; ++i)
    parts[i] = expression.operands[i] ? evaluate(*expression.operands[i]) : Value(None());
  line = expression.line;
  return slice(parts[0].used(), parts[1], parts[2], parts[3]);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Arguments Interpreter::evaluateArguments(const Expression &expression) {
  Arguments arguments;
  for (size_t i = 1; i < expression.operands.size(); ++i)
    arguments.positional.push_back(evaluate(*expression.operands[i]));
  for (const auto &[name, value] : expression.named)
    arguments.named.emplace_back(name, evaluate(*value));
  line = expression.line;
  return arguments;
}

Value Interpreter::evaluateCall(const Expression &expression) {
  Value callee = evaluate(*expression.operands[0]);
  const Expression &name = *expression.operands[0];
  if (callee.isUndefined() && name.kind == Expression::Name)
    fail("unknown function ", utf8::quote(name.name));
  callee.used();
  Arguments arguments = evaluateArguments(expression);
  return call(callee, std::move(arguments));
}

Value Interpreter::call(const Value &callee, Arguments arguments) {
  if (const Method *method = callee.asShared<Method>()) {
    Value result = callMethod(*this, *method, arguments);
    arguments.finish();
    return result;
  }
  if (callee.as<Function>())
    return callFunction(*callee.as<Function>(), std::move(arguments));
  if (callee.as<const Macro *>())
    return callMacro(**callee.as<const Macro *>(), std::move(arguments));
  fail("'", callee.typeName(), "' object is not callable");
}

Value Interpreter::callMacro(const Macro &macro, Arguments arguments) {
  Depth level(*this);
  unsigned callLine = line;
  scopes.push_back({{}, /*isMacro=*/true});
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const auto &[name, fallback] = macro.parameters[i];
    const Value *given = arguments.find(i, name);
    Value value = given ? *given
                  : fallback
                      ? evaluate(*fallback)
                      : Value::undefined("parameter " + utf8::quote(name) + " was not provided");
    scopes.back().variables.emplace_back(name, std::move(value));
  }
  arguments.finish();
  std::string result = capture(macro.body);
  scopes.pop_back();
  line = callLine;
  return text(std::move(result));
}
