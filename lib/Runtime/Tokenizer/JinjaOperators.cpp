//===- JinjaOperators.cpp - operators, attributes and elements -----------===//
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

static std::string repeat(Budget &budget, const std::string &text, int64_t count) {
  std::string out;
  if (count <= 0 || text.empty())
    return out;
  if (count > static_cast<int64_t>(Budget::maxTextBytes / text.size()))
    budget.text(Budget::maxTextBytes + 1); // fails
  out.reserve(text.size() * static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    out += text;
  return out;
}

static int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (bool tooLarge = false; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) && (tooLarge || __builtin_mul_overflow(result, base, &result)))
      fail("an integer is beyond 2^63");
    // Only a further factor needs the square.
    tooLarge |= __builtin_mul_overflow(base, base, &base);
  }
  return result;
}

static Value integerArithmetic(const std::string &sign, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflows = false;
  if (sign == "+") {
    overflows = __builtin_add_overflow(left, right, &result);
  } else if (sign == "-") {
    overflows = __builtin_sub_overflow(left, right, &result);
  } else if (sign == "*") {
    overflows = __builtin_mul_overflow(left, right, &result);
  } else if (sign == "**") {
    if (right < 0)
      return Value::real(std::pow(static_cast<double>(left), static_cast<double>(right)));
    result = power(left, right);
  } else if (right == 0) {
    fail("division by zero");
  } else if (sign == "/") {
    return Value::real(static_cast<double>(left) / static_cast<double>(right));
  } else if (right == -1) {
    overflows = sign == "//" && __builtin_sub_overflow(int64_t(0), left, &result);
  } else {
    int64_t rest = left % right;
    bool down = rest != 0 && (rest < 0) != (right < 0); // Python rounds down
    result = sign == "%" ? rest + (down ? right : 0) : left / right - down;
  }
  if (overflows)
    fail("an integer is beyond 2^63");
  return Value::integer(result);
}

static Value realArithmetic(const std::string &sign, double left, double right) {
  if (sign == "+")
    return Value::real(left + right);
  if (sign == "-")
    return Value::real(left - right);
  if (sign == "*")
    return Value::real(left * right);
  if (sign == "**")
    return Value::real(std::pow(left, right));
  if (right == 0)
    fail("division by zero");
  if (sign == "/")
    return Value::real(left / right);
  double rest = std::fmod(left, right);
  if (rest != 0 && (rest < 0) != (right < 0))
    rest += right;
  return Value::real(sign == "%" ? rest : std::round((left - rest) / right));
}

Value Interpreter::arithmetic(const std::string &sign, const Value &left, const Value &right) {
  left.used();
  right.used();
  if (left.isInteger() && right.isInteger())
    return integerArithmetic(sign, left.toInteger(), right.toInteger());
  if (left.isNumber() && right.isNumber())
    return realArithmetic(sign, left.toReal(), right.toReal());
  const List *a = left.asList(), *b = right.asList();
  if (sign == "+" && left.asText() && right.asText()) {
    budget.text(left.asText()->size() + right.asText()->size());
    return Value::text(*left.asText() + *right.asText());
  }
  if (sign == "+" && a && b && a->isTuple == b->isTuple) {
    Items items = a->items;
    items.insert(items.end(), b->items.begin(), b->items.end());
    return Value::list(budget, std::move(items), a->isTuple);
  }
  if (sign == "*" && right.isInteger() && (left.asText() || a)) {
    int64_t count = right.toInteger();
    if (left.asText())
      return text(repeat(budget, *left.asText(), count));
    Items items;
    for (int64_t i = 0; i < count && !a->items.empty(); ++i) {
      budget.step(a->items.size());
      items.insert(items.end(), a->items.begin(), a->items.end());
    }
    return Value::list(budget, std::move(items), a->isTuple);
  }
  if (sign == "*" && left.isInteger() && (right.asText() || b))
    return arithmetic(sign, right, left);
  if (sign == "%" && left.asText())
    fail("unknown operator '%' of a text");
  fail("unsupported operand type(s) for ", sign, ": '", left.typeName(), "' and '",
       right.typeName(), "'");
}

bool Interpreter::contains(const Value &container, const Value &value) {
  if (const std::string *text = container.asText()) {
    const std::string *part = value.used().asText();
    if (!part)
      fail("'in <string>' requires string as left operand, not ", value.typeName());
    budget.step(text->size() * std::min<size_t>(part->size(), 4096) / 65536);
    return text->find(*part) != std::string::npos;
  }
  if (const Dict *dict = container.asDict())
    return dict->find(budget, value) != nullptr;
  if (const List *list = container.asList())
    return std::ranges::any_of(list->items,
                               [&](const Value &item) { return equal(budget, item, value); });
  if (!container.isUndefined())
    fail("argument of type '", container.typeName(), "' is not iterable");
  return false;
}

bool Interpreter::compareBy(const std::string &sign, const Value &left, const Value &right) {
  if (sign == "==" || sign == "!=")
    return equal(budget, left, right) == (sign == "==");
  if (sign == "in" || sign == "not in")
    return contains(right, left) == (sign == "in");
  if (left.isNumber() && right.isNumber() && left.toReal() != left.toReal())
    return false;
  int order = compare(budget, left, right, sign);
  return sign == "<" ? order < 0 : sign == "<=" ? order <= 0 : sign == ">" ? order > 0 : order >= 0;
}

Value Interpreter::slice(const Value &object, const Value &start, const Value &stop,
                         const Value &step) {
  auto read = [&](const Value &value, int64_t fallback) {
    if (!value.isNone() && !value.isInteger())
      fail("slice indices must be integers or None");
    return value.isNone() ? fallback : value.toInteger();
  };
  if (!object.asText() && !object.asList())
    fail("'", object.typeName(), "' object has no slices");
  Items items = iterate(budget, object);
  auto size = static_cast<int64_t>(items.size());
  int64_t by = read(step, 1);
  if (by == 0)
    fail("slice step cannot be zero");
  by = std::clamp(by, -size - 1, size + 1);
  int64_t lowest = by < 0 ? -1 : 0, highest = by < 0 ? size - 1 : size;
  auto bound = [&](const Value &value, int64_t fallback) {
    if (value.isNone())
      return fallback;
    int64_t index = read(value, 0);
    return std::clamp(index < 0 ? std::max(index, -size - 1) + size : index, lowest, highest);
  };
  int64_t first = bound(start, by < 0 ? highest : lowest);
  int64_t last = bound(stop, by < 0 ? lowest : highest);
  Items result;
  for (int64_t i = first; by < 0 ? i > last : i < last; i += by)
    result.push_back(items[static_cast<size_t>(i)]);
  if (object.asList())
    return Value::list(budget, std::move(result), object.asList()->isTuple);
  std::string joined;
  for (const Value &item : result)
    joined += *item.asText();
  return text(std::move(joined));
}

static std::string describe(const Value &object) {
  return object.isNone() ? "None" : std::string(object.typeName()) + " object";
}

Value Interpreter::attribute(const Value &object, const std::string &name) {
  object.used();
  if (const auto *loop = object.as<const Loop *>())
    return loopAttribute(**loop, name);
  if (const auto *space = object.as<Namespace *>()) {
    budget.step((*space)->attributes.size() / 8);
    for (const auto &[known, value] : (*space)->attributes)
      if (known == name)
        return value;
  }
  if (Value method = findMethod(object, name); !method.isUndefined())
    return method;
  if (const Dict *dict = object.asDict())
    if (const Value *found = dict->find(budget, Value::text(name)))
      return *found;
  static constexpr std::string_view unsafe[] = {"append",     "clear",  "extend",  "insert",
                                                "pop",        "remove", "popitem", "reverse",
                                                "setdefault", "sort",   "update"};
  if ((object.asList() || object.asDict()) && std::ranges::find(unsafe, name) != std::end(unsafe))
    return Value::undefined("access to attribute " + utf8::quote(name) + " of '" +
                            std::string(object.typeName()) + "' object is unsafe");
  return Value::undefined("'" + describe(object) + "' has no attribute " + utf8::quote(name));
}

Value Interpreter::item(const Value &object, const Value &key) {
  object.used();
  if (const Dict *dict = object.asDict())
    if (const Value *found = dict->find(budget, key))
      return *found;
  if ((object.asList() || object.asText()) && key.isInteger()) {
    const List *list = object.asList();
    auto pick = [&](size_t size) -> std::optional<size_t> {
      int64_t index = key.toInteger(), count = static_cast<int64_t>(size);
      index += index < 0 ? count : 0;
      return index >= 0 && index < count ? std::optional(static_cast<size_t>(index)) : std::nullopt;
    };
    if (list) {
      if (auto index = pick(list->items.size()))
        return list->items[*index];
    } else {
      budget.step(object.asText()->size() / 1024);
      auto all = characters(*object.asText());
      if (auto index = pick(all.size()))
        return Value::text(std::string(all[*index]));
    }
  }
  if (const std::string *name = key.asText())
    return attribute(object, *name);
  return Value::undefined("'" + describe(object) + "' has no element " +
                          (key.isSequence() ? "of this name" : toText(budget, key)));
}

Value Interpreter::path(const Value &object, const Value &path) {
  if (!path.asText())
    return item(object, path);
  Value result = object;
  for (const std::string &part : split(*path.asText(), ".", -1, false)) {
    bool isNumber = !part.empty() && part.size() < 10 &&
                    part.find_first_not_of("0123456789") == std::string::npos;
    result = item(result, isNumber ? Value::integer(std::stoi(part)) : Value::text(part));
  }
  return result;
}

Value Interpreter::loopAttribute(const Loop &loop, const std::string &name) {
  auto index = static_cast<int64_t>(loop.index), size = static_cast<int64_t>(loop.items.size());
  if (name == "index" || name == "index0")
    return Value::integer(index + (name == "index"));
  if (name == "revindex" || name == "revindex0")
    return Value::integer(size - index - (name == "revindex0"));
  if (name == "first" || name == "last")
    return Value::boolean(index == (name == "first" ? 0 : size - 1));
  if (name == "length")
    return Value::integer(size);
  if (name == "depth" || name == "depth0")
    return Value::integer(name == "depth"); // of recursion, of which there is none
  if (name == "previtem")
    return index > 0 ? loop.items[loop.index - 1] : Value::undefined("there is no previous item");
  if (name == "nextitem")
    return index + 1 < size ? loop.items[loop.index + 1]
                            : Value::undefined("there is no next item");
  fail("unknown attribute ", utf8::quote("loop." + name));
}
