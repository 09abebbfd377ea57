//===- JinjaInterpreter.h - runs the tree of a chat template -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJAINTERPRETER_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJAINTERPRETER_H

#include "lib/Runtime/Tokenizer/JinjaParser.h"

#include <ctime>
#include <optional>

namespace frit::jinja {

/// What a call, filter or test is given.
class Arguments {
public:
  Items positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The argument at a position (NamedOnly for none) or of a name, or null.
  const Value *find(size_t index, std::string_view name);
  static constexpr size_t namedOnly = size_t(-1);
  const Value &expect(size_t index, std::string_view name);
  const std::string &expectText(size_t index, std::string_view name);
  std::optional<std::string> findText(size_t index, std::string_view name);
  int64_t integer(size_t index, std::string_view name, int64_t fallback);
  bool boolean(size_t index, std::string_view name, bool fallback);
  /// Fails if there is an argument that nobody asked for.
  void finish() const;

private:
  size_t asked = 0; ///< positions
  std::vector<std::string_view> askedNames;
};

class Interpreter {
public:
  using Variables = std::vector<std::pair<std::string, Value>>;

  /// \param now what strftime_now() formats.
  Interpreter(Budget &budget, Variables variables, std::time_t now);

  /// Throws Error.
  std::string run(const Program &program);

  // For filters and methods.
  Budget &budget;
  Value attribute(const Value &object, const std::string &name); ///< a.b
  Value item(const Value &object, const Value &key);             ///< a[b]
  /// By the name of a dotted path: selectattr('a.b').
  Value path(const Value &object, const Value &path);
  Value filter(const std::string &name, const Value &input, Arguments arguments);
  bool test(const std::string &name, const Value &input, Arguments arguments);
  bool contains(const Value &container, const Value &value);
  Value text(std::string value) {
    budget.text(value.size());
    return Value::text(std::move(value));
  }

private:
  enum class Flow : uint8_t { Normal, Break, Continue };
  struct Scope {
    Variables variables;
    bool isMacro = false; ///< sees the outermost scope below itself, and no other
  };

  struct Depth;
  /// Catches nothing: the line of what failed is in `line`.
  Value evaluate(const Expression &expression);
  Value evaluateUnary(const Expression &expression);
  Value evaluateBinary(const Expression &expression);
  Value evaluateComparison(const Expression &expression);
  Value evaluateSlice(const Expression &expression);
  Value evaluateCall(const Expression &expression);
  Value evaluateName(const Expression &expression);
  Value evaluateItems(const Expression &expression);
  Arguments evaluateArguments(const Expression &expression);
  Value arithmetic(const std::string &sign, const Value &left, const Value &right);
  bool compareBy(const std::string &sign, const Value &left, const Value &right);
  Value slice(const Value &object, const Value &start, const Value &stop, const Value &step);
  Value loopAttribute(const Loop &loop, const std::string &name);

  Value call(const Value &callee, Arguments arguments);
  Value callFunction(Function function, Arguments arguments);
  Value callMacro(const Macro &macro, Arguments arguments);

  Flow execute(const Body &body);
  Flow execute(const Statement &statement);
  Flow executeFor(const Statement &statement);
  std::string capture(const Body &body);
  void assign(const Expression &target, const Value &value);
  void emit(std::string_view text);

  std::vector<Scope> scopes;
  std::string *output = nullptr;
  std::deque<Namespace> namespaces; ///< live as long as the interpreter: they may hold themselves
  std::deque<Loop> loops;
  std::time_t now;
  unsigned line = 0, depth = 0;
};

/// 'x'.strip and such: undefined if the type has no such method.
Value findMethod(const Value &receiver, const std::string &name);
Value callMethod(Interpreter &interpreter, const Method &method, Arguments &arguments);

} // namespace frit::jinja

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJAINTERPRETER_H
