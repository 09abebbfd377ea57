//===- JinjaLexer.h - a chat template as tokens --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJALEXER_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJALEXER_H

#include <string>
#include <string_view>
#include <vector>

namespace frit::jinja {

struct Token {
  enum Kind {
    Data,   ///< text between tags, after white space control
    Output, ///< {{
    OutputEnd,
    Block, ///< {%
    BlockEnd,
    Name,
    Text, ///< a string literal, without quotes and escapes
    Integer,
    Real,
    Operator,
    End,
  };
  Kind kind;
  std::string text;
  unsigned line;
};

/// As transformers sets Jinja up: trim_blocks, lstrip_blocks, no trailing newline. Throws Error.
/// The last token is End.
std::vector<Token> lex(std::string_view source);

} // namespace frit::jinja

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJALEXER_H
