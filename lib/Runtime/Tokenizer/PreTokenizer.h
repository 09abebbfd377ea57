//===- PreTokenizer.h - splits text into the words BPE works on -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H
#define FRIT_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H

#include "frit/Runtime/TokenizerData.h"
#include "frit/Support/Result.h"
#include "lib/Runtime/Tokenizer/Compose.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace frit {

/// The patterns of a vocabulary, compiled: its own (TokenizerData::patterns) or those of a family
/// (a row of the table in PreTokenizer.cpp). Immutable.
class PreTokenizer {
public:
  /// An unknown family is an error that lists the known, a pattern that is none one that says why.
  static Result<PreTokenizer> create(const TokenizerData &data);
  /// Whether create() knows the family: the same error.
  static Status check(const TokenizerData &data);
  /// Whether a word that is a token is that token, whatever the merges would make of it
  /// ("ignore_merges" of a tokenizer.json; GGUF does not say).
  bool wholeWords() const;
  /// Unicode's normalization form that text is brought into first.
  std::optional<UnicodeForm> form() const;
  /// Whether a text that begins with no space gets one.
  bool prefixesSpace() const;

  PreTokenizer(PreTokenizer &&) noexcept;
  PreTokenizer &operator=(PreTokenizer &&) noexcept;
  ~PreTokenizer();

  /// Appends the words of `text` (valid UTF-8) in order; joined they are `text`, unless a pattern
  /// keeps nothing but what it matches. Fails only where
  /// PCRE2 does (out of memory).
  Status split(std::string_view text, std::vector<std::string_view> &words) const;

private:
  struct Impl;
  explicit PreTokenizer(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H
