//===- SentencePieceModel.h - vocabularies that spell spaces U+2581 --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What BPE and the unigram model have in common: what becomes of characters and spaces before words
// are cut into tokens, and bytes ("<0x00>" to "<0xFF>") for what the vocabulary lacks.
//
// There are two orders. Without TokenizerData::metaspace, the normalizer spells spaces and puts one
// in front (SentencePiece itself, GGUF); with it, a pre-tokenizer does, behind the added tokens
// that are found in normalized text (Metaspace of Hugging Face's tokenizers).
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_SENTENCEPIECEMODEL_H
#define FRIT_LIB_RUNTIME_TOKENIZER_SENTENCEPIECEMODEL_H

#include "lib/Runtime/Tokenizer/CharacterMap.h"
#include "lib/Runtime/Tokenizer/PrefixTrie.h"
#include "lib/Runtime/Tokenizer/SubwordModel.h"

#include <array>
#include <limits>
#include <optional>

namespace frit {

class SentencePieceModel : public SubwordModel {
public:
  std::string_view normalize(std::string_view text, bool atStart,
                             std::string &buffer) const override;
  Status encode(std::string_view text, bool atStart, std::vector<int32_t> &ids) const override;
  std::string decodeSpelling(std::string_view spelling) const override;
  std::string decodeAdded(std::string_view spelling) const override;
  LostSpaces lostSpaces() const override;

  static constexpr std::string_view spaceSymbol = "\xE2\x96\x81";
  /// Of what is looked for at each position of a text: bounds the time that takes.
  static constexpr size_t maxTokenBytes = 1024;

protected:
  /// What both kinds need of the data, which must live as long as this.
  struct Common {
    const TokenizerData &data;
    std::optional<CharacterMap> map;
    PrefixTrie unmapped;                ///< tokens that the map leaves alone
    std::array<int32_t, 256> byteIds{}; ///< -1 for a byte the vocabulary lacks
  };
  static Result<Common> readCommon(const TokenizerData &data);
  /// Whether text may become the token: it is none that only stands for something.
  static bool isOfText(const TokenizerData &data, size_t id);
  /// The score of a token that nothing merges into is minus infinity or, in GGUF files, this. (-1e9
  /// is what runs of spaces have in Mistral's files.)
  static constexpr float neverScore = std::numeric_limits<float>::lowest();
  /// Whether a token that was added by hand is none of the model's.
  static bool isNever(const TokenizerData &data, size_t id) {
    return !data.tokenTypes.empty() && data.tokenTypes[id] == TokenType::UserDefined &&
           data.scores[id] <= neverScore;
  }
  explicit SentencePieceModel(Common common) : common(std::move(common)) {}

  /// Appends the ids of `word`, in which spaces are spelled and which is not empty.
  virtual void encodeWord(std::string_view word, std::vector<int32_t> &ids) const = 0;
  /// Appends the bytes of a part that is no token, or the unknown token.
  /// `wasUnknown`: whether that is what was appended last.
  void encodeUnknown(std::string_view part, bool &wasUnknown, std::vector<int32_t> &ids) const;

  const TokenizerData &data() const { return common.data; }
  TokenType type(size_t id) const {
    return data().tokenTypes.empty() ? TokenType::Normal : data().tokenTypes[id];
  }

private:
  void map(std::string_view text, std::string &mapped) const;
  void mapGraphemes(std::string_view text, std::string &mapped) const;
  void spellSpaces(std::string_view text, std::string &spelled) const;
  std::string_view space() const { return data().keepsSpaces ? " " : spaceSymbol; }

  Common common;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_SENTENCEPIECEMODEL_H
