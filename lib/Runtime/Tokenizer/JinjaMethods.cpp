//===- JinjaMethods.cpp - tests, and methods of texts and dicts ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaInterpreter.h"
#include "lib/Runtime/Tokenizer/JinjaStrings.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <cmath>

using namespace frit;
using namespace frit::jinja;

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

namespace {
struct TestEntry {
  std::string_view name;
  bool (*holds)(const Value &value);
};
struct ComparisonEntry {
  std::string_view name, sign;
};
} // namespace

static constexpr TestEntry tests[] = {
    {"boolean", [](const Value &value) { return value.as<bool>() != nullptr; }},
    {"callable",
     [](const Value &value) {
       return value.as<Function>() || value.as<const Macro *>() || value.asShared<Method>();
     }},
    {"defined", [](const Value &value) { return !value.isUndefined(); }},
    {"false", [](const Value &value) { return value.as<bool>() && !*value.as<bool>(); }},
    {"float", [](const Value &value) { return value.as<double>() != nullptr; }},
    {"integer", [](const Value &value) { return value.as<int64_t>() != nullptr; }},
    {"iterable", [](const Value &value) { return value.isSequence() || value.isUndefined(); }},
    {"mapping", [](const Value &value) { return value.asDict() != nullptr; }},
    {"none", [](const Value &value) { return value.isNone(); }},
    {"number", [](const Value &value) { return value.isNumber(); }},
    {"sequence", [](const Value &value) { return value.isSequence() || value.isUndefined(); }},
    {"string", [](const Value &value) { return value.asText() != nullptr; }},
    {"true", [](const Value &value) { return value.as<bool>() && *value.as<bool>(); }},
    {"undefined", [](const Value &value) { return value.isUndefined(); }},
};

static constexpr ComparisonEntry comparisons[] = {
    {"eq", "=="}, {"equalto", "=="}, {"==", "=="},      {"ne", "!="},
    {"!=", "!="}, {"lt", "<"},       {"lessthan", "<"}, {"<", "<"},
    {"le", "<="}, {"<=", "<="},      {"gt", ">"},       {"greaterthan", ">"},
    {">", ">"},   {"ge", ">="},      {">=", ">="},      {"in", "in"},
};

bool Interpreter::test(const std::string &name, const Value &input, Arguments arguments) {
  budget.step();
  bool result;
  if (const auto *entry = std::ranges::find(tests, name, &TestEntry::name);
      entry != std::end(tests)) {
    result = entry->holds(input);
  } else if (const auto *other = std::ranges::find(comparisons, name, &ComparisonEntry::name);
             other != std::end(comparisons)) {
    result = compareBy(std::string(other->sign), input, arguments.expect(0, "other"));
  } else if (name == "odd" || name == "even") {
    if (!input.used().isNumber())
      fail("expected a number in test ", utf8::quote(name), ", found a value of type ",
           input.typeName());
    double rest = input.isInteger() ? static_cast<double>(input.toInteger() & 1)
                                    : std::abs(std::fmod(input.toReal(), 2));
    result = name == "odd" ? rest == 1 : rest == 0;
  } else {
    fail("unknown test ", utf8::quote(name));
  }
  arguments.finish();
  return result;
}

//===----------------------------------------------------------------------===//
// Methods
//===----------------------------------------------------------------------===//

namespace {
struct MethodCall {
  Interpreter &interpreter;
  const Value &receiver;
  Arguments &arguments;

  const std::string &text() const { return *receiver.asText(); }
  const Dict &dict() const { return *receiver.asDict(); }
  Value make(std::string text) const { return interpreter.text(std::move(text)); }
  Value list(Items items) const { return Value::list(interpreter.budget, std::move(items)); }
};
struct MethodEntry {
  std::string_view name;
  Value (*run)(MethodCall &call);
};
} // namespace

template <std::string (*function)(std::string_view)>
static Value mapText(MethodCall &call) {
  return call.make(function(call.text()));
}

template <bool left, bool right>
static Value stripText(MethodCall &call) {
  auto set = call.arguments.findText(0, "chars");
  call.interpreter.budget.text(call.text().size());
  return call.make(std::string(strip(call.text(), left, right, set)));
}

static Value texts(MethodCall &call, std::vector<std::string> parts) {
  Items items;
  for (std::string &part : parts)
    items.push_back(call.make(std::move(part)));
  return call.list(std::move(items));
}

template <bool fromRight>
static Value splitText(MethodCall &call) {
  auto separator = call.arguments.findText(0, "sep");
  int64_t limit = call.arguments.integer(1, "maxsplit", -1);
  if (separator && separator->empty())
    fail("empty separator");
  call.interpreter.budget.text(call.text().size());
  return texts(call, split(call.text(), separator, limit, fromRight));
}

static Value splitTextLines(MethodCall &call) {
  call.interpreter.budget.text(call.text().size());
  return texts(call, splitLines(call.text()));
}

/// startswith and endswith: of a text or one of some texts.
template <bool start>
static Value hasAffix(MethodCall &call) {
  const Value &affix = call.arguments.expect(0, start ? "prefix" : "suffix").used();
  Items all = affix.asList() && affix.asList()->isTuple ? affix.asList()->items : Items{affix};
  bool result = false;
  for (const Value &one : all) {
    if (!one.asText())
      fail("expected a text or a tuple of texts, found a value of type ", one.typeName());
    result |= start ? call.text().starts_with(*one.asText()) : call.text().ends_with(*one.asText());
  }
  return Value::boolean(result);
}

template <bool start>
static Value removeAffix(MethodCall &call) {
  const std::string &affix = call.arguments.expectText(0, "affix");
  std::string_view text = call.text();
  if (start && text.starts_with(affix))
    text.remove_prefix(affix.size());
  else if (!start && text.ends_with(affix))
    text.remove_suffix(affix.size());
  return call.make(std::string(text));
}

static Value replaceText(MethodCall &call) {
  const std::string &from = call.arguments.expectText(0, "old"),
                    &to = call.arguments.expectText(1, "new");
  int64_t count = call.arguments.integer(2, "count", -1);
  return call.make(replace(call.text(), from, to, count, Budget::maxTextBytes));
}

static Value joinText(MethodCall &call) {
  std::string out;
  bool first = true;
  for (const Value &item : iterate(call.interpreter.budget, call.arguments.expect(0, "iterable"))) {
    if (!item.asText())
      fail("expected texts to join, found a value of type ", item.typeName());
    call.interpreter.budget.text(call.text().size() + item.asText()->size());
    out.append(std::exchange(first, false) ? "" : call.text()).append(*item.asText());
  }
  return call.make(std::move(out));
}

static Value findText(MethodCall &call) {
  const std::string &part = call.arguments.expectText(0, "sub");
  if (!call.interpreter.contains(call.receiver, call.arguments.positional[0]))
    return Value::integer(-1);
  return Value::integer(static_cast<int64_t>(
      characterCount(std::string_view(call.text()).substr(0, call.text().find(part)))));
}

static Value countText(MethodCall &call) {
  const std::string &part = call.arguments.expectText(0, "sub");
  if (part.empty())
    return Value::integer(static_cast<int64_t>(characterCount(call.text())) + 1);
  call.interpreter.budget.text(call.text().size());
  return Value::integer(static_cast<int64_t>(split(call.text(), part, -1, false).size()) - 1);
}

static Value dictItems(MethodCall &call) {
  Items items;
  for (const auto &[key, value] : call.dict().entries)
    items.push_back(Value::list(call.interpreter.budget, {key, value}, /*isTuple=*/true));
  return call.list(std::move(items));
}
static Value dictKeys(MethodCall &call) {
  return call.list(iterate(call.interpreter.budget, call.receiver));
}
static Value dictValues(MethodCall &call) {
  Items items;
  for (const auto &[key, value] : call.dict().entries)
    items.push_back(value);
  return call.list(std::move(items));
}
static Value dictGet(MethodCall &call) {
  const Value *fallback = call.arguments.find(1, "default");
  const Value *found = call.dict().find(call.interpreter.budget, call.arguments.expect(0, "key"));
  return found ? *found : fallback ? *fallback : Value(None());
}
static Value copy(MethodCall &call) { return call.receiver; }

static constexpr MethodEntry textMethods[] = {
    {"capitalize", mapText<capitalize>},
    {"count", countText},
    {"endswith", hasAffix<false>},
    {"find", findText},
    {"join", joinText},
    {"lower", mapText<toLower>},
    {"lstrip", stripText<true, false>},
    {"removeprefix", removeAffix<true>},
    {"removesuffix", removeAffix<false>},
    {"replace", replaceText},
    {"rsplit", splitText<true>},
    {"rstrip", stripText<false, true>},
    {"split", splitText<false>},
    {"splitlines", splitTextLines},
    {"startswith", hasAffix<true>},
    {"strip", stripText<true, true>},
    {"title", mapText<titleMethod>},
    {"upper", mapText<toUpper>},
};
static constexpr MethodEntry dictMethods[] = {
    {"copy", copy},     {"get", dictGet},       {"items", dictItems},
    {"keys", dictKeys}, {"values", dictValues},
};

static const MethodEntry *findEntry(const Value &receiver, std::string_view name) {
  auto find = [&](const auto &table) -> const MethodEntry * {
    const auto *entry = std::ranges::find(table, name, &MethodEntry::name);
    return entry == std::end(table) ? nullptr : entry;
  };
  return receiver.asText() ? find(textMethods) : receiver.asDict() ? find(dictMethods) : nullptr;
}

Value jinja::findMethod(const Value &receiver, const std::string &name) {
  if (!findEntry(receiver, name))
    return {};
  return std::make_shared<const Method>(receiver, name);
}

Value jinja::callMethod(Interpreter &interpreter, const Method &method, Arguments &arguments) {
  MethodCall call{interpreter, method.receiver, arguments};
  return findEntry(method.receiver, method.name)->run(call);
}
