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
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// The tokens that are never put together from smaller ones: control, unknown and user-defined
/// ones. Immutable.
class SpecialTokens {
public:
  /// Fails on a token longer than maxBytes.
  static Result<SpecialTokens> create(const TokenizerData &data);

  struct Match {
    size_t position, bytes;
    int32_t id;
  };

  /// The first one at or after `position`; of those that start there the longest. Without
  /// `parseSpecial`, spellings of control and unknown tokens are passed over as text.
  std::optional<Match> find(std::string_view text, size_t position, bool parseSpecial) const;

  /// Bounds find(), which tries each position: O(text * maxBytes) whatever a file contains.
  static constexpr size_t maxBytes = 1024;

private:
  struct Entry {
    std::string text;
    int32_t id;
    bool userDefined;
  };
  const Entry *longestPrefix(std::string_view text) const;

  std::vector<Entry> entries;     ///< by text, without duplicates
  std::array<bool, 256> starts{}; ///< by first byte: whether any token starts with it
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_SPECIALTOKENS_H
