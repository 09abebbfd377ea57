//===- Utf8.h - walking through bytes that should be UTF-8 ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_UTF8_H
#define FRIT_LIB_RUNTIME_TOKENIZER_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace frit::utf8 {

inline constexpr std::string_view replacement = "\xEF\xBF\xBD"; ///< U+FFFD

enum class StepKind : uint8_t {
  Valid,      ///< a whole code point
  Invalid,    ///< a maximal subpart of an ill-formed sequence
  Incomplete, ///< the text ends inside of a sequence that was well-formed so far
};

struct Step {
  StepKind kind;
  uint8_t bytes;      ///< 1 to 4
  char32_t codePoint; ///< of a Valid step, else 0
};

/// The first step of a text that is not empty. Well-formed means table 3-7 of the Unicode
/// standard: no overlong forms, no surrogates, nothing above U+10FFFF.
Step step(std::string_view text);

bool isValid(std::string_view text);

/// `text` with U+FFFD for each maximal invalid subpart (an incomplete end is one, too).
std::string replaceInvalid(std::string_view text);

/// Moves the whole code points at the front of `pending` to `out`, with U+FFFD for invalid
/// subparts; an incomplete end stays in `pending`.
void drain(std::string &pending, std::string &out);

/// `text` in quotes for an error message: no line breaks or escape sequences of a terminal, and
/// not longer than a line, whatever a file contains.
std::string quote(std::string_view text);

} // namespace frit::utf8

#endif // FRIT_LIB_RUNTIME_TOKENIZER_UTF8_H
