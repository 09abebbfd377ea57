//===- SpecialTokens.h - finds whole tokens in a text ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_SPECIALTOKENS_H
#define FRIT_LIB_RUNTIME_TOKENIZER_SPECIALTOKENS_H

#include "frit/Runtime/TokenizerData.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

class SubwordModel;

/// Tokens that are never put together from smaller ones: control, unknown and user-defined ones.
/// Immutable.
class SpecialTokens {
public:
  /// Those found in a text as it is, or those found in what the model's normalizer makes of it.
  /// Fails on a token longer than maxBytes.
  static Result<SpecialTokens> create(const TokenizerData &data, const SubwordModel &model,
                                      bool inNormalized);

  struct Piece {
    size_t begin, end;
    int32_t id; ///< -1: text between tokens
  };

  /// Cuts `text`, valid UTF-8, at its tokens: of those that start first the longest, and again
  /// behind it. Without `parseSpecial`, spellings of control and unknown tokens are passed over as
  /// text. As in the reference, a token with white space to its right may overlap one of white
  /// space. O(text * maxBytes) whatever a file contains.
  std::vector<Piece> split(std::string_view text, bool parseSpecial) const;

  static constexpr size_t maxBytes = 1024;

private:
  struct Entry {
    std::string text;
    AddedTokenRule rule;
    bool userDefined;
  };
  const Entry *longestPrefix(std::string_view text) const;

  std::vector<Entry> entries;     ///< by text, without duplicates
  std::array<bool, 256> starts{}; ///< by first byte: whether any token starts with it
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_SPECIALTOKENS_H
