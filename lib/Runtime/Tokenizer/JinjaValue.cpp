//===- JinjaValue.cpp - what expressions of a chat template mean ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/JinjaValue.h"
#include "lib/Runtime/Tokenizer/JinjaStrings.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#include <algorithm>
#include <charconv>
#include <cmath>

using namespace frit;
using namespace frit::jinja;

void Budget::step(size_t count) {
  if (count > maxSteps - steps)
    fail("the template takes more than ", std::to_string(maxSteps), " steps");
  steps += count;
}

void Budget::text(size_t count) {
  if (count > maxTextBytes)
    fail("the template makes a text of more than ", std::to_string(maxTextBytes >> 20), " MiB");
  if (count > maxTotalBytes - bytes)
    fail("the template makes texts of more than ", std::to_string(maxTotalBytes >> 20), " MiB");
  bytes += count;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value Value::text(std::string value) {
  return {Data(std::make_shared<const std::string>(std::move(value)))};
}
Value Value::undefined(std::string why) {
  return {Data(Undefined{std::make_shared<const std::string>(std::move(why))})};
}

static unsigned checkDepth(unsigned depth) {
  if (depth > Budget::maxDepth)
    fail("lists are nested more than ", std::to_string(Budget::maxDepth), " deep");
  return depth;
}

Value Value::list(Budget &budget, Items items, bool isTuple) {
  budget.step(items.size() / 8);
  budget.text(items.size() * sizeof(Value));
  unsigned depth = 0;
  for (const Value &item : items)
    depth = std::max(depth, item.depth());
  checkDepth(depth + 1);
  return {Data(std::make_shared<const List>(std::move(items), isTuple, depth + 1))};
}

Value Value::dict(Budget &budget, std::vector<std::pair<Value, Value>> entries) {
  auto dict = std::make_shared<Dict>();
  dict->depth = 1;
  for (auto &[key, value] : entries) {
    if (!key.asText() && !key.isNone() && !(key.isNumber() && key.toReal() == key.toReal()))
      fail("expected a text or a number as the key of a dict, found a value of type ",
           key.typeName());
    dict->depth = std::max({dict->depth, key.depth() + 1, value.depth() + 1});
    if (const Value *known = dict->find(budget, key))
      *const_cast<Value *>(known) = std::move(value);
    else
      dict->entries.emplace_back(std::move(key), std::move(value));
  }
  checkDepth(dict->depth);
  return {Data(std::shared_ptr<const Dict>(std::move(dict)))};
}

const Value *Dict::find(Budget &budget, const Value &key) const {
  budget.step(entries.size() / 8);
  for (const auto &[known, value] : entries)
    if (equal(budget, known, key))
      return &value;
  return nullptr;
}

double Value::toReal() const {
  return as<double>() ? *as<double>() : static_cast<double>(toInteger());
}
int64_t Value::toInteger() const { return as<int64_t>() ? *as<int64_t>() : int64_t(*as<bool>()); }

bool Value::isTrue() const {
  if (isUndefined() || isNone())
    return false;
  if (isNumber())
    return toReal() != 0;
  if (asText())
    return !asText()->empty();
  if (asList())
    return !asList()->items.empty();
  if (asDict())
    return !asDict()->entries.empty();
  return true;
}

std::string_view Value::typeName() const {
  static constexpr std::string_view names[] = {
      "Undefined", "NoneType", "bool",  "int",       "float",       "str",   "list",
      "dict",      "function", "Macro", "Namespace", "LoopContext", "method"};
  if (asList() && asList()->isTuple)
    return "tuple";
  return names[data.index()];
}

unsigned Value::depth() const {
  if (asList())
    return asList()->depth;
  if (asDict())
    return asDict()->depth;
  if (const auto *method = asShared<Method>())
    return checkDepth(method->receiver.depth() + 1);
  return 0;
}

const Value &Value::used() const {
  if (const auto *undefined = as<Undefined>())
    fail(undefined->why ? *undefined->why : "an undefined value is used");
  return *this;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

static bool equalItems(Budget &budget, const Items &left, const Items &right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [&](const Value &a, const Value &b) { return equal(budget, a, b); });
}

bool jinja::equal(Budget &budget, const Value &left, const Value &right) {
  budget.step();
  if (left.isNumber() && right.isNumber())
    return left.isInteger() && right.isInteger() ? left.toInteger() == right.toInteger()
                                                 : left.toReal() == right.toReal();
  if (left.asText() && right.asText()) {
    budget.step(std::min(left.asText()->size(), right.asText()->size()) / 1024);
    return *left.asText() == *right.asText();
  }
  if (left.asList() && right.asList())
    return left.asList()->isTuple == right.asList()->isTuple &&
           equalItems(budget, left.asList()->items, right.asList()->items);
  if (left.asDict() && right.asDict()) {
    if (left.asDict()->entries.size() != right.asDict()->entries.size())
      return false;
    for (const auto &[key, value] : left.asDict()->entries) {
      const Value *other = right.asDict()->find(budget, key);
      if (!other || !equal(budget, value, *other))
        return false;
    }
    return true;
  }
  if (left.isUndefined() || left.isNone())
    return left.isUndefined() ? right.isUndefined() : right.isNone();
  if (left.as<Namespace *>() && right.as<Namespace *>())
    return *left.as<Namespace *>() == *right.as<Namespace *>();
  return false;
}

int jinja::compare(Budget &budget, const Value &left, const Value &right, std::string_view sign) {
  budget.step();
  left.used();
  right.used();
  if (left.isNumber() && right.isNumber()) {
    if (left.isInteger() && right.isInteger())
      return left.toInteger() < right.toInteger() ? -1 : left.toInteger() > right.toInteger();
    return left.toReal() < right.toReal() ? -1 : left.toReal() > right.toReal();
  }
  if (left.asText() && right.asText()) {
    budget.step(std::min(left.asText()->size(), right.asText()->size()) / 1024);
    return left.asText()->compare(*right.asText());
  }
  if (left.asList() && right.asList() && left.asList()->isTuple == right.asList()->isTuple) {
    const Items &a = left.asList()->items, &b = right.asList()->items;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      if (!equal(budget, a[i], b[i]))
        return compare(budget, a[i], b[i], sign);
    return a.size() < b.size() ? -1 : a.size() > b.size();
  }
  fail("'", sign, "' not supported between instances of '", left.typeName(), "' and '",
       right.typeName(), "'");
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

/// repr() of a float.
static std::string realText(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char digits[64];
  double size = std::abs(value);
  bool exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  auto end = std::to_chars(digits, digits + sizeof(digits), value,
                           exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(digits, end.ptr);
  if (!exponent && text.find('.') == std::string::npos)
    text += ".0";
  return text;
}

static std::string scalarText(const Value &value) {
  if (const bool *boolean = value.as<bool>())
    return *boolean ? "True" : "False";
  if (value.as<int64_t>())
    return std::to_string(value.toInteger());
  if (value.as<double>())
    return realText(value.toReal());
  if (value.isNone())
    return "None";
  if (value.isUndefined())
    return "";
  fail("expected something that can be written, found a value of type ", value.typeName());
}

/// repr() of a text.
static void appendQuoted(std::string &out, const std::string &text) {
  bool doubled = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  char quote = doubled ? '"' : '\'';
  out += quote;
  for (char c : text) {
    static constexpr char hex[] = "0123456789abcdef";
    auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (c == '\n' || c == '\r' || c == '\t')
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else if (byte < 32 || byte == 127)
      out.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    else
      out += c;
  }
  out += quote;
}

static void appendRepr(Budget &budget, std::string &out, const Value &value) {
  budget.step();
  budget.text(0);
  if (out.size() > Budget::maxTextBytes)
    budget.text(out.size());
  if (const std::string *text = value.asText()) {
    budget.text(text->size());
    appendQuoted(out, *text);
  } else if (const List *list = value.asList()) {
    out += list->isTuple ? '(' : '[';
    for (size_t i = 0; i < list->items.size(); ++i) {
      out += i > 0 ? ", " : "";
      appendRepr(budget, out, list->items[i]);
    }
    out += !list->isTuple ? "]" : list->items.size() == 1 ? ",)" : ")";
  } else if (const Dict *dict = value.asDict()) {
    out += '{';
    for (bool first = true; const auto &[key, element] : dict->entries) {
      out += std::exchange(first, false) ? "" : ", ";
      appendRepr(budget, out, key);
      out += ": ";
      appendRepr(budget, out, element);
    }
    out += '}';
  } else {
    out += value.isUndefined() ? "Undefined" : scalarText(value);
  }
}

std::string jinja::toText(Budget &budget, const Value &value) {
  if (const std::string *text = value.asText()) {
    budget.text(text->size());
    return *text;
  }
  if (!value.isSequence())
    return scalarText(value);
  std::string out;
  appendRepr(budget, out, value);
  return out;
}

static void appendJSONText(std::string &out, std::string_view text, bool ascii) {
  static constexpr char hex[] = "0123456789abcdef";
  auto escape = [&](unsigned unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
      out += hex[(unit >> shift) & 15];
  };
  out += '"';
  for (std::string_view character : characters(text)) {
    char c = character[0];
    static constexpr std::string_view escaped = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
    if (size_t at = escaped.find(c); at != std::string_view::npos) {
      out.append(1, '\\').append(1, letters[at]);
    } else if (static_cast<unsigned char>(c) < 32) {
      escape(static_cast<unsigned char>(c));
    } else if (ascii && (static_cast<unsigned char>(c) >= 128)) {
      utf8::Step step = utf8::step(character);
      unsigned code = step.kind == utf8::StepKind::Valid ? step.codePoint : 0xFFFD;
      if (code >= 0x10000) {
        escape(0xD800 + ((code - 0x10000) >> 10));
        code = 0xDC00 + ((code - 0x10000) & 0x3FF);
      }
      escape(code);
    } else {
      out += character;
    }
  }
  out += '"';
}

namespace {
struct JSONWriter {
  Budget &budget;
  const JSONStyle &style;
  std::string out;

  void write(const Value &value, unsigned level);

private:
  void breakLine(unsigned level) {
    if (!style.lines)
      return;
    budget.text(level * style.indent.size());
    out += '\n';
    for (unsigned i = 0; i < level; ++i)
      out += style.indent;
  }
};
} // namespace

void JSONWriter::write(const Value &value, unsigned level) {
  budget.step();
  if (out.size() > Budget::maxTextBytes)
    budget.text(out.size());
  if (const std::string *text = value.asText()) {
    budget.text(text->size());
    appendJSONText(out, *text, style.ascii);
  } else if (const List *list = value.asList()) {
    out += '[';
    for (size_t i = 0; i < list->items.size(); ++i) {
      out += i > 0 ? style.comma : "";
      breakLine(level + 1);
      write(list->items[i], level + 1);
    }
    if (!list->items.empty())
      breakLine(level);
    out += ']';
  } else if (const Dict *dict = value.asDict()) {
    auto entries = dict->entries;
    if (style.sortKeys)
      std::ranges::sort(entries, [&](const auto &a, const auto &b) {
        return compare(budget, a.first, b.first, "<") < 0;
      });
    out += '{';
    for (bool first = true; const auto &[key, element] : entries) {
      out += std::exchange(first, false) ? "" : style.comma;
      breakLine(level + 1);
      if (key.asText()) {
        write(key, level + 1);
      } else {
        out += '"';
        write(key, level + 1);
        out += '"';
      }
      out += style.colon;
      write(element, level + 1);
    }
    if (!dict->entries.empty())
      breakLine(level);
    out += '}';
  } else if (const bool *boolean = value.as<bool>()) {
    out += *boolean ? "true" : "false";
  } else if (value.isNone()) {
    out += "null";
  } else if (value.isNumber()) {
    std::string text = scalarText(value);
    out += text == "nan" ? "NaN" : text == "inf" ? "Infinity" : text == "-inf" ? "-Infinity" : text;
  } else {
    fail("Object of type ", value.typeName(), " is not JSON serializable");
  }
}

std::string jinja::toJSON(Budget &budget, const Value &value, const JSONStyle &style) {
  JSONWriter writer{budget, style, {}};
  writer.write(value, 0);
  return std::move(writer.out);
}

Items jinja::iterate(Budget &budget, const Value &value) {
  Items items;
  if (const std::string *text = value.asText()) {
    budget.step(text->size() / 8);
    budget.text(text->size());
    for (std::string_view character : characters(*text))
      items.push_back(Value::text(std::string(character)));
  } else if (const List *list = value.asList()) {
    budget.step(list->items.size() / 8);
    items = list->items;
  } else if (const Dict *dict = value.asDict()) {
    budget.step(dict->entries.size() / 8);
    for (const auto &[key, element] : dict->entries)
      items.push_back(key);
  } else if (!value.isUndefined()) {
    fail("'", value.typeName(), "' object is not iterable");
  }
  return items;
}
