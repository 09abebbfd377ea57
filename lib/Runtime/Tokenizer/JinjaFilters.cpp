//===- JinjaFilters.cpp - the filters of chat templates ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaInterpreter.h"
#include "lib/Runtime/Tokenizer/JinjaStrings.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <charconv>
#include <cmath>

using namespace frit;
using namespace frit::jinja;

namespace {
struct Call {
  Interpreter &interpreter;
  const Value &input;
  Arguments &arguments;

  Budget &budget() const { return interpreter.budget; }
  std::string inputText() const { return toText(budget(), input); }
  Items items() const { return iterate(budget(), input); }
  Value list(Items items) const { return Value::list(budget(), std::move(items)); }
};

struct FilterEntry {
  std::string_view name;
  Value (*run)(Call &call);
};
} // namespace

template <std::string (*function)(std::string_view)>
static Value mapText(Call &call) {
  return call.interpreter.text(function(call.inputText()));
}

static Value trim(Call &call) {
  auto set = call.arguments.findText(0, "chars");
  return call.interpreter.text(std::string(strip(call.inputText(), true, true, set)));
}

static Value length(Call &call) {
  if (const std::string *text = call.input.asText()) {
    call.budget().step(text->size() / 1024);
    return Value::integer(static_cast<int64_t>(characterCount(*text)));
  }
  if (!call.input.isUndefined() && !call.input.isSequence())
    fail("object of type '", call.input.typeName(), "' has no len()");
  return Value::integer(static_cast<int64_t>(call.items().size()));
}

static Value fallback(Call &call) {
  const Value *given = call.arguments.find(0, "default_value");
  bool untrue = call.arguments.boolean(1, "boolean", false);
  bool replaces = call.input.isUndefined() || (untrue && !call.input.isTrue());
  return !replaces ? call.input : given ? *given : Value::text("");
}

static Value writeJSON(Call &call) {
  JSONStyle style;
  style.ascii = call.arguments.boolean(0, "ensure_ascii", false);
  const Value *indent = call.arguments.find(1, "indent");
  if (indent && !indent->isNone()) {
    style.lines = true;
    style.comma = ",";
    if (indent->asText())
      style.indent = *indent->asText();
    else
      style.indent.assign(
          static_cast<size_t>(std::clamp<int64_t>(call.arguments.integer(1, "indent", 0), 0, 1000)),
          ' ');
  }
  const Value *separators = call.arguments.find(2, "separators");
  if (separators && !separators->isNone()) {
    Items parts = iterate(call.budget(), *separators);
    if (parts.size() != 2 || !parts[0].asText() || !parts[1].asText())
      fail("expected two texts as argument 'separators'");
    style.comma = *parts[0].asText();
    style.colon = *parts[1].asText();
  }
  style.sortKeys = call.arguments.boolean(3, "sort_keys", false);
  return call.interpreter.text(toJSON(call.budget(), call.input.used(), style));
}

static Value join(Call &call) {
  const Value *separator = call.arguments.find(0, "d");
  const Value *attribute = call.arguments.find(1, "attribute");
  std::string between = separator ? toText(call.budget(), *separator) : "", out;
  bool first = true;
  for (const Value &item : call.items()) {
    std::string part =
        toText(call.budget(),
               attribute && !attribute->isNone() ? call.interpreter.path(item, *attribute) : item);
    call.budget().text(between.size());
    out.append(std::exchange(first, false) ? "" : between).append(part);
  }
  return call.interpreter.text(std::move(out));
}

static Value first(Call &call) {
  Items items = call.items();
  return items.empty() ? Value::undefined("no first item, sequence was empty") : items.front();
}
static Value last(Call &call) {
  Items items = call.items();
  return items.empty() ? Value::undefined("no last item, sequence was empty") : items.back();
}

static Value replaceText(Call &call) {
  std::string text = call.inputText(),
              from = toText(call.budget(), call.arguments.expect(0, "old")),
              to = toText(call.budget(), call.arguments.expect(1, "new"));
  int64_t count = call.arguments.integer(2, "count", -1);
  return call.interpreter.text(replace(text, from, to, count, Budget::maxTextBytes));
}

static Value toList(Call &call) { return call.list(call.items()); }
static Value toString(Call &call) {
  return call.input.asText() ? call.input : Value::text(call.inputText());
}

/// The number in a text as Python's float() reads it.
static std::optional<double> readReal(std::string_view text) {
  text = strip(text, true, true);
  if (text.starts_with('+'))
    text.remove_prefix(1);
  double value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

static Value toInt(Call &call) {
  const Value *fallback = call.arguments.find(0, "default");
  int64_t base = call.arguments.integer(1, "base", 10);
  if (base != 10)
    fail("expected base 10 in filter 'int', found ", std::to_string(base));
  std::optional<double> real;
  if (const std::string *text = call.input.asText()) {
    std::string_view digits = strip(*text, true, true);
    digits.remove_prefix(digits.starts_with('+'));
    int64_t value = 0;
    auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec == std::errc() && read.ptr == digits.data() + digits.size())
      return Value::integer(value);
    real = readReal(*text);
  } else if (call.input.isInteger()) {
    return Value::integer(call.input.toInteger());
  } else if (call.input.as<double>()) {
    real = call.input.toReal();
  }
  call.input.used();
  if (real && std::abs(*real) < 9e18)
    return Value::integer(static_cast<int64_t>(*real));
  return fallback ? *fallback : Value::integer(0);
}

static Value toFloat(Call &call) {
  const Value *fallback = call.arguments.find(0, "default");
  call.input.used();
  if (call.input.isNumber())
    return Value::real(call.input.toReal());
  if (call.input.asText())
    if (auto value = readReal(*call.input.asText()))
      return Value::real(*value);
  return fallback ? *fallback : Value::real(0);
}

static Value absolute(Call &call) {
  if (!call.input.used().isNumber())
    fail("bad operand type for abs(): '", call.input.typeName(), "'");
  if (call.input.as<double>())
    return Value::real(std::abs(call.input.toReal()));
  int64_t value = call.input.toInteger();
  if (value == INT64_MIN)
    fail("an integer is beyond 2^63");
  return Value::integer(std::abs(value));
}

static Value pairs(Call &call) {
  if (call.input.isUndefined())
    return call.list({});
  if (!call.input.asDict())
    fail("can only get item pairs from a mapping");
  Arguments none;
  return callMethod(call.interpreter, {call.input, "items"}, none);
}

/// The arguments after the first `count`, for another filter or test.
static Arguments argumentsAfter(const Arguments &arguments, size_t count) {
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + static_cast<ptrdiff_t>(count),
                         arguments.positional.end());
  rest.named = arguments.named;
  return rest;
}

static Value map(Call &call) {
  Items result;
  const Arguments given = call.arguments;
  if (given.positional.empty()) {
    Value path = call.arguments.expect(0, "attribute");
    const Value *fallback = call.arguments.find(Arguments::namedOnly, "default");
    for (const Value &item : call.items()) {
      Value value = call.interpreter.path(item, path);
      result.push_back(value.isUndefined() && fallback ? *fallback : value);
    }
    return call.list(std::move(result));
  }
  std::string name = call.arguments.expectText(0, "filter");
  for (const Value &item : call.items())
    result.push_back(call.interpreter.filter(name, item, argumentsAfter(given, 1)));
  call.arguments = {};
  return call.list(std::move(result));
}

/// select, reject and with an attribute selectattr, rejectattr.
template <bool wanted, bool byAttribute>
static Value select(Call &call) {
  Items result;
  const Arguments given = call.arguments;
  Value path = byAttribute ? call.arguments.expect(0, "attribute") : Value();
  if (byAttribute && given.positional.empty())
    fail("expected the name of an attribute");
  std::string test;
  if (given.positional.size() > byAttribute)
    test = call.arguments.expectText(byAttribute, "test");
  for (const Value &item : call.items()) {
    Value value = byAttribute ? call.interpreter.path(item, path) : item;
    bool holds = test.empty()
                     ? value.isTrue()
                     : call.interpreter.test(test, value, argumentsAfter(given, 1 + byAttribute));
    if (holds == wanted)
      result.push_back(item);
  }
  call.arguments = {};
  return call.list(std::move(result));
}

static Value indent(Call &call) {
  const Value *width = call.arguments.find(0, "width");
  bool first = call.arguments.boolean(1, "first", false);
  bool blank = call.arguments.boolean(2, "blank", false);
  std::string space(4, ' ');
  if (width && width->asText())
    space = *width->asText();
  else if (width)
    space.assign(
        static_cast<size_t>(std::clamp<int64_t>(call.arguments.integer(0, "width", 4), 0, 1000)),
        ' ');
  if (!call.input.used().asText())
    fail("expected a text to indent, found a value of type ", call.input.typeName());
  std::string out;
  bool isFirst = true;
  for (const std::string &line : splitLines(*call.input.asText() + "\n")) {
    call.budget().text(space.size() + line.size() + 1);
    if (isFirst ? first : (blank || !line.empty()))
      out += isFirst ? space : "\n" + space;
    else
      out += isFirst ? "" : "\n";
    out += line;
    isFirst = false;
  }
  return call.interpreter.text(std::move(out));
}

/// What sort and unique compare an element by.
static Value keyOf(Call &call, const Value &item, const Value *attribute, bool caseSensitive) {
  Value key = attribute && !attribute->isNone() ? call.interpreter.path(item, *attribute) : item;
  if (!caseSensitive && key.asText())
    return call.interpreter.text(toLower(*key.asText()));
  return key;
}

static Value unique(Call &call) {
  bool caseSensitive = call.arguments.boolean(0, "case_sensitive", false);
  const Value *attribute = call.arguments.find(1, "attribute");
  Items seen, result;
  for (const Value &item : call.items()) {
    Value key = keyOf(call, item, attribute, caseSensitive);
    if (std::ranges::any_of(seen, [&](const Value &k) { return equal(call.budget(), k, key); }))
      continue;
    seen.push_back(key);
    result.push_back(item);
  }
  return call.list(std::move(result));
}

static Value reverse(Call &call) {
  Items items = call.items();
  std::ranges::reverse(items);
  if (!call.input.asText())
    return call.list(std::move(items));
  std::string out;
  for (const Value &item : items)
    out += *item.asText();
  return call.interpreter.text(std::move(out));
}

static Value sort(Call &call) {
  bool reversed = call.arguments.boolean(0, "reverse", false);
  bool caseSensitive = call.arguments.boolean(1, "case_sensitive", false);
  const Value *attribute = call.arguments.find(2, "attribute");
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value &item : call.items()) {
    Value key = keyOf(call, item, attribute, caseSensitive);
    call.budget().step(keyed.size() / 64);
    auto place = std::ranges::upper_bound(
        keyed, key,
        [&](const Value &a, const Value &b) {
          int order = compare(call.budget(), a, b, "<");
          return reversed ? order > 0 : order < 0;
        },
        &std::pair<Value, Value>::first);
    keyed.emplace(place, key, item);
  }
  Items result;
  for (auto &[key, item] : keyed)
    result.push_back(std::move(item));
  return call.list(std::move(result));
}

static constexpr FilterEntry filters[] = {
    {"abs", absolute},
    {"capitalize", mapText<capitalize>},
    {"count", length},
    {"d", fallback},
    {"default", fallback},
    {"first", first},
    {"float", toFloat},
    {"indent", indent},
    {"int", toInt},
    {"items", pairs},
    {"join", join},
    {"last", last},
    {"length", length},
    {"list", toList},
    {"lower", mapText<toLower>},
    {"map", map},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"replace", replaceText},
    {"reverse", reverse},
    {"safe", toString},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"sort", sort},
    {"string", toString},
    {"title", mapText<titleFilter>},
    {"tojson", writeJSON},
    {"trim", trim},
    {"unique", unique},
    {"upper", mapText<toUpper>},
};

Value Interpreter::filter(const std::string &name, const Value &input, Arguments arguments) {
  budget.step();
  const auto *entry = std::ranges::find(filters, name, &FilterEntry::name);
  if (entry == std::end(filters))
    fail("unknown filter ", utf8::quote(name));
  Call call{*this, input, arguments};
  Value result = entry->run(call);
  arguments.finish();
  return result;
}
