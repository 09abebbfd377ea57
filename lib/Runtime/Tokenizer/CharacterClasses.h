//===- CharacterClasses.h - white space and the characters of words --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_CHARACTERCLASSES_H
#define FRIT_LIB_RUNTIME_TOKENIZER_CHARACTERCLASSES_H

#include <cstddef>
#include <string_view>

namespace frit {

/// Unicode's White_Space.
bool isWhiteSpace(char32_t code);
/// What \w is in Unicode Technical Standard 18: Alphabetic, marks, decimal digits, connecting
/// punctuation, joiners.
bool isWordCharacter(char32_t code);

/// How many bytes of white space valid UTF-8 starts and ends with.
size_t whiteSpaceAtStart(std::string_view text);
size_t whiteSpaceAtEnd(std::string_view text);
bool startsWithWord(std::string_view text);
bool endsWithWord(std::string_view text);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_CHARACTERCLASSES_H
