//===- Result.h - a value or the message that says why there is none ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The error type of everything that reads user data. C++17 and free of LLVM, so that the same
// header serves the runtime (C++23, no LLVM) and the compiler (C++17, MLIR).
//
//   Result<int> parse(std::string_view text) {
//     if (text.empty())
//       return Failure("expected a number, found an empty text");
//     ...
//   }
//   Result<int> number = parse(text);
//   if (!number)
//     return number.takeFailure().in(path);   // "model.gguf: expected a number, ..."
//   use(*number);
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_SUPPORT_RESULT_H
#define FRIT_SUPPORT_RESULT_H

#include <cassert>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace frit {

/// Why something did not work: one line, lower case, no full stop. Converts to every Result.
class [[nodiscard]] Failure {
public:
  /// Concatenates texts and integers: Failure("expected ", 3, " dimensions, found ", count).
  template <typename... Parts,
            typename = std::enable_if_t<(sizeof...(Parts) > 0) &&
                                        !(std::is_same_v<std::decay_t<Parts>, Failure> || ...)>>
  explicit Failure(const Parts &...parts) {
    (append(parts), ...);
  }

  const std::string &message() const { return text; }

  /// The same failure with the place it happened in in front: "<place>: <message>".
  Failure in(std::string_view place) && {
    text.insert(0, ": ").insert(0, place);
    return std::move(*this);
  }

private:
  void append(std::string_view part) { text += part; }
  void append(char part) { text += part; }
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer> &&
                                                          !std::is_same_v<Integer, bool> &&
                                                          !std::is_same_v<Integer, char>>>
  void append(Integer part) {
    text += std::to_string(part);
  }

  std::string text;
};

/// A T, or the Failure that says why there is none. True when there is a value.
template <typename T>
class [[nodiscard]] Result {
public:
  Result(Failure failure) : state(std::in_place_index<1>, std::move(failure)) {}

  template <typename U = T, typename = std::enable_if_t<std::is_convertible_v<U &&, T> &&
                                                        !std::is_same_v<std::decay_t<U>, Failure> &&
                                                        !std::is_same_v<std::decay_t<U>, Result>>>
  Result(U &&value) : state(std::in_place_index<0>, std::forward<U>(value)) {}

  explicit operator bool() const { return state.index() == 0; }

  T &operator*() & { return value(); }
  const T &operator*() const & { return const_cast<Result *>(this)->value(); }
  T &&operator*() && { return std::move(value()); }
  T *operator->() { return &value(); }
  const T *operator->() const { return &const_cast<Result *>(this)->value(); }

  /// The message; only when there is no value.
  const std::string &error() const {
    assert(!*this && "error() of a Result that holds a value");
    return std::get_if<1>(&state)->message();
  }
  /// Hands the failure on to another Result.
  Failure takeFailure() {
    assert(!*this && "takeFailure() of a Result that holds a value");
    return std::move(*std::get_if<1>(&state));
  }

private:
  T &value() {
    assert(*this && "value of a Result that holds a failure");
    return *std::get_if<0>(&state);
  }

  std::variant<T, Failure> state;
};

/// Success, or a Failure. True on success: `return {};` succeeds.
template <>
class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Failure failure) : state(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state.index() == 0; }

  const std::string &error() const {
    assert(!*this && "error() of a success");
    return std::get_if<1>(&state)->message();
  }
  Failure takeFailure() {
    assert(!*this && "takeFailure() of a success");
    return std::move(*std::get_if<1>(&state));
  }

private:
  std::variant<std::monostate, Failure> state;
};

/// What a function that only can fail returns.
using Status = Result<void>;

} // namespace frit

#endif // FRIT_SUPPORT_RESULT_H
