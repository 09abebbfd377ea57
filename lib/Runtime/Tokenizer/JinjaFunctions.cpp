//===- JinjaFunctions.cpp - functions of chat templates, and arguments ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaInterpreter.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>

using namespace frit;
using namespace frit::jinja;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

const Value *Arguments::find(size_t index, std::string_view name) {
  if (index != namedOnly)
    asked = std::max(asked, index + 1);
  askedNames.push_back(name);
  if (index < positional.size())
    return &positional[index];
  for (const auto &[known, value] : named)
    if (known == name)
      return &value;
  return nullptr;
}

const Value &Arguments::expect(size_t index, std::string_view name) {
  const Value *value = find(index, name);
  if (!value)
    fail("expected an argument ", utf8::quote(name));
  return *value;
}

const std::string &Arguments::expectText(size_t index, std::string_view name) {
  const Value &value = expect(index, name).used();
  if (!value.asText())
    fail("expected a text as argument ", utf8::quote(name), ", found a value of type ",
         value.typeName());
  return *value.asText();
}

std::optional<std::string> Arguments::findText(size_t index, std::string_view name) {
  const Value *value = find(index, name);
  return value && !value->isNone() ? std::optional(expectText(index, name)) : std::nullopt;
}

int64_t Arguments::integer(size_t index, std::string_view name, int64_t fallback) {
  const Value *value = find(index, name);
  if (!value || value->isNone())
    return fallback;
  if (!value->used().isInteger())
    fail("expected an integer as argument ", utf8::quote(name), ", found a value of type ",
         value->typeName());
  return value->toInteger();
}

bool Arguments::boolean(size_t index, std::string_view name, bool fallback) {
  const Value *value = find(index, name);
  return value ? value->isTrue() : fallback;
}

void Arguments::finish() const {
  if (positional.size() > asked)
    fail("expected at most ", std::to_string(asked), " arguments, found ",
         std::to_string(positional.size()));
  for (const auto &[name, value] : named)
    if (std::ranges::find(askedNames, name) == askedNames.end())
      fail("unknown argument ", utf8::quote(name));
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

static Value makeRange(Budget &budget, Arguments &arguments) {
  int64_t start = arguments.expect(0, "start").isInteger() ? arguments.integer(0, "start", 0) : 0;
  if (!arguments.positional.empty())
    arguments.positional[0].used();
  if (!arguments.positional[0].isInteger())
    fail("expected integers in range(), found a value of type ",
         arguments.positional[0].typeName());
  int64_t stop = arguments.integer(1, "stop", 0), step = arguments.integer(2, "step", 1);
  if (arguments.positional.size() == 1) {
    stop = start;
    start = 0;
  }
  if (step == 0)
    fail("range() arg 3 must not be zero");
  // Jinja's limit.
  static constexpr int64_t maxRange = 100'000;
  Items items;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (static_cast<int64_t>(items.size()) == maxRange)
      fail("range() is of more than ", std::to_string(maxRange), " elements");
    items.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  return Value::list(budget, std::move(items));
}

Value Interpreter::callFunction(Function function, Arguments arguments) {
  switch (function) {
  case Function::Range: {
    if (arguments.positional.empty() || !arguments.named.empty())
      fail("expected 1 to 3 arguments of range()");
    Value result = makeRange(budget, arguments);
    arguments.finish();
    return result;
  }
  case Function::Namespace:
  case Function::Dict: {
    std::vector<std::pair<Value, Value>> entries;
    if (const Value *base = arguments.find(0, "")) {
      if (!base->used().asDict())
        fail("expected a dict, found a value of type ", base->typeName());
      entries = base->asDict()->entries;
    }
    if (arguments.positional.size() > 1)
      arguments.finish();
    for (auto &[name, value] : arguments.named)
      entries.emplace_back(text(name), value);
    Value made = Value::dict(budget, std::move(entries));
    if (function == Function::Dict)
      return made;
    Namespace &space = namespaces.emplace_back();
    for (const auto &[key, value] : made.asDict()->entries)
      space.attributes.emplace_back(toText(budget, key), value);
    return &space;
  }
  case Function::RaiseException: {
    std::string message = toText(budget, arguments.expect(0, "message"));
    arguments.finish();
    throw Error{std::move(message), /*raised=*/true};
  }
  case Function::StrftimeNow: {
    const std::string &format = arguments.expectText(0, "format");
    arguments.finish();
    std::tm local{};
    localtime_r(&now, &local);
    char buffer[1024];
    size_t length = std::strftime(buffer, sizeof(buffer), format.c_str(), &local);
    if (length == 0 && !format.empty())
      fail("expected a format of a time, found ", utf8::quote(format));
    return text(std::string(buffer, length));
  }
  }
  return {};
}
