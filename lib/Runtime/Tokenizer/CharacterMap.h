//===- CharacterMap.h - what becomes of characters, as SentencePiece stores it ===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_CHARACTERMAP_H
#define FRIT_LIB_RUNTIME_TOKENIZER_CHARACTERMAP_H

#include "frit/Support/Result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace frit {

/// A "precompiled_charsmap": the size of a trie in bytes (u32, little-endian), the trie, and the
/// replacements, each ending with a NUL. The trie is a double array as the library Darts-clone
/// lays it out (its page "Format" says how), of sequences of bytes to places in the replacements.
/// Refers to the bytes.
class CharacterMap {
public:
  static Result<CharacterMap> create(std::string_view bytes);

  struct Match {
    size_t bytes;
    std::string_view replacement;
  };
  /// Of the sequences that `text` starts with, the longest or the shortest.
  std::optional<Match> longest(std::string_view text) const { return find(text, false); }
  std::optional<Match> shortest(std::string_view text) const { return find(text, true); }

  /// Bounds what a text may grow to: Unicode's longest compatibility decomposition has 33 bytes.
  static constexpr size_t maxReplacementBytes = 256;

private:
  CharacterMap(std::string_view units, std::string_view replacements)
      : units(units), replacements(replacements) {}
  std::optional<Match> find(std::string_view text, bool takesFirst) const;
  uint32_t unit(size_t index) const;

  std::string_view units; ///< 4 bytes each
  std::string_view replacements;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_CHARACTERMAP_H
