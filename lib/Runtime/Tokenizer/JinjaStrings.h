//===- JinjaStrings.h - what Python does to texts ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Texts are UTF-8, but come from users: a byte that is no UTF-8 counts as a character.

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJASTRINGS_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJASTRINGS_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frit::jinja {

std::vector<std::string_view> characters(std::string_view text);
size_t characterCount(std::string_view text);
void appendCodePoint(std::string &text, char32_t codePoint);

std::string toUpper(std::string_view text);
std::string toLower(std::string_view text);
std::string capitalize(std::string_view text);
std::string titleMethod(std::string_view text); ///< str.title()
std::string titleFilter(std::string_view text); ///< Jinja's

/// Without white space, or the given characters, at its ends.
std::string_view strip(std::string_view text, bool left, bool right,
                       std::optional<std::string_view> set = std::nullopt);
/// At white space, or at the separator; \param limit of splits, -1 for all.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               int64_t limit, bool fromRight);
std::vector<std::string> splitLines(std::string_view text);
std::string replace(std::string_view text, std::string_view from, std::string_view to,
                    int64_t limit, size_t maxBytes);

} // namespace frit::jinja

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJASTRINGS_H
