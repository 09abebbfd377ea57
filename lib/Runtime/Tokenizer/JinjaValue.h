//===- JinjaValue.h - what expressions of a chat template mean -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJAVALUE_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJAVALUE_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace frit::jinja {

/// Thrown inside of the interpreter only: Template's functions catch it.
struct Error {
  std::string message;
  bool raised = false; ///< by raise_exception(): the template's own words
};

template <typename... Parts>
[[noreturn]] void fail(const Parts &...parts) {
  std::string message;
  (message.append(parts), ...);
  throw Error{std::move(message)};
}

/// What a template may use. The text comes from a file, so that nothing in it is trusted.
class Budget {
public:
  static constexpr size_t maxSteps = 1'000'000;
  static constexpr size_t maxTextBytes = size_t(16) << 20;   ///< of one text, and of the output
  static constexpr size_t maxTotalBytes = size_t(256) << 20; ///< of all values ever made
  static constexpr unsigned maxDepth = 100;                  ///< lists in lists

  void step(size_t count = 1);
  /// Before a text is made, or looked at from end to end.
  void text(size_t bytes);

private:
  size_t steps = 0, bytes = 0;
};

class Value;
using Items = std::vector<Value>;
struct List;
struct Dict;
struct Namespace;
struct Loop;
struct Method;
struct Macro; // a statement, see JinjaParser.h

struct Undefined {
  std::shared_ptr<const std::string> why; ///< the message when it is used
};
struct None {};
enum class Function : uint8_t { Range, Namespace, Dict, RaiseException, StrftimeNow };

/// Immutable, but for namespaces, and shared: a copy costs nothing.
class Value {
public:
  using Text = std::shared_ptr<const std::string>;

  Value() = default;
  Value(None none) : data(none) {}
  Value(Function function) : data(function) {}
  Value(const Macro *macro) : data(macro) {}
  Value(Namespace *space) : data(space) {}
  Value(const Loop *loop) : data(loop) {}
  Value(std::shared_ptr<const Method> method) : data(std::move(method)) {}
  static Value boolean(bool value) { return {Data(value)}; }
  static Value integer(int64_t value) { return {Data(value)}; }
  static Value real(double value) { return {Data(value)}; }
  static Value text(std::string value);
  static Value undefined(std::string why);
  static Value list(Budget &budget, Items items, bool isTuple = false);
  static Value dict(Budget &budget, std::vector<std::pair<Value, Value>> entries);

  template <typename T>
  const T *as() const {
    return std::get_if<T>(&data);
  }
  template <typename T>
  const T *asShared() const {
    const auto *pointer = std::get_if<std::shared_ptr<const T>>(&data);
    return pointer ? pointer->get() : nullptr;
  }
  const std::string *asText() const { return asShared<std::string>(); }
  const List *asList() const { return asShared<List>(); }
  const Dict *asDict() const { return asShared<Dict>(); }
  bool isUndefined() const { return as<Undefined>() != nullptr; }
  bool isNone() const { return as<None>() != nullptr; }
  bool isInteger() const { return as<int64_t>() || as<bool>(); }
  bool isNumber() const { return isInteger() || as<double>(); }
  bool isSequence() const { return asText() || asList() || asDict(); }
  /// Of a number or boolean.
  double toReal() const;
  int64_t toInteger() const; ///< of an integer or boolean

  /// As `if` sees it.
  bool isTrue() const;
  std::string_view typeName() const; ///< Python's
  unsigned depth() const;
  /// The message of its use fails if it is undefined.
  const Value &used() const;

private:
  using Data =
      std::variant<Undefined, None, bool, int64_t, double, Text, std::shared_ptr<const List>,
                   std::shared_ptr<const Dict>, Function, const Macro *, Namespace *, const Loop *,
                   std::shared_ptr<const Method>>;
  Value(Data data) : data(std::move(data)) {}

  Data data;
};

struct List {
  Items items;
  bool isTuple;
  unsigned depth;
};

/// In the order of insertion, as Python's.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
  unsigned depth;

  const Value *find(Budget &budget, const Value &key) const;
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
};

struct Loop {
  Items items;
  size_t index = 0;
};

/// A function of a value: 'x'.strip.
struct Method {
  Value receiver;
  std::string name;
};

bool equal(Budget &budget, const Value &left, const Value &right);
/// Negative, 0 or positive; fails, naming `sign`, for what has no order.
int compare(Budget &budget, const Value &left, const Value &right, std::string_view sign);

/// As {{ }} prints it.
std::string toText(Budget &budget, const Value &value);

struct JSONStyle {
  std::string indent; ///< of one level; only if there are lines
  bool lines = false, ascii = false, sortKeys = false;
  std::string comma = ", ", colon = ": ";
};
std::string toJSON(Budget &budget, const Value &value, const JSONStyle &style);

/// What iterating over the value gives: code points, keys, elements; fails for others.
Items iterate(Budget &budget, const Value &value);

} // namespace frit::jinja

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJAVALUE_H
