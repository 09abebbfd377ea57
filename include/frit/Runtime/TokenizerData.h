//===- TokenizerData.h - a vocabulary as plain data -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What importers fill, a bundle stores and frit/Runtime/Tokenizer.h runs. C++17, so that the
// compiler can include it, too.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_RUNTIME_TOKENIZERDATA_H
#define FRIT_RUNTIME_TOKENIZERDATA_H

#include "frit/Support/Result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// The numbers of ggml's enum llama_token_type (GGUF key tokenizer.ggml.token_type).
enum class TokenType : uint8_t {
  Undefined = 0, ///< treated as Normal
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

/// How a token that was added by hand is found in a text: AddedToken of Hugging Face's tokenizers.
struct AddedTokenRule {
  int32_t id = 0;
  bool stripsLeft = false;  ///< lstrip: white space in front of it is a part of it
  bool stripsRight = false; ///< rstrip: likewise behind it
  bool singleWord = false;  ///< single_word: not where a letter, mark, digit or '_' is beside it
  bool normalized = false;  ///< found in the text that the normalizer made, as it spells the token
  bool isInFront = false;   ///< a template puts it in front of a text, behind bosId
  bool isBehind = false;    ///< a template puts it behind a text

  bool operator==(const AddedTokenRule &other) const;
};

/// A vocabulary and everything else that encoding and decoding need. Comments name the GGUF key
/// (prefix tokenizer.ggml. unless given in full).
struct TokenizerData {
  std::string model;                       ///< model: "gpt2" is byte-level BPE
  std::string preTokenizer;                ///< pre: "smollm", "gpt-2", ...
  std::vector<std::string> patterns;       ///< instead of pre: those of a tokenizer.json, in order
  bool wholeWords = false;                 ///< with patterns: ignore_merges
  bool composes = false;                   ///< with patterns: normalizer NFC or NFKC
  bool decomposes = false;                 ///< with patterns: NFD or NFKD
  bool isCompatible = false;               ///< with one of those: that with a K
  bool keepsMatchesOnly = false;           ///< with patterns: what the first leaves is left out
  bool prefixesSpace = false;              ///< with patterns: a space in front, unless there is one
  std::vector<std::string> tokens;         ///< tokens: spelling by id, as in the file
  std::vector<TokenType> tokenTypes;       ///< token_type: one a token, or empty: all normal
  std::vector<float> scores;               ///< scores: one a token, or empty (BPE has none)
  std::vector<std::string> merges;         ///< merges: "left right", best first
  std::optional<int32_t> bosId;            ///< bos_token_id
  std::optional<int32_t> eosId;            ///< eos_token_id
  std::optional<int32_t> eotId;            ///< eot_token_id: end of a turn
  std::optional<int32_t> eomId;            ///< eom_token_id: end of a message
  std::optional<int32_t> unknownId;        ///< unknown_token_id
  std::optional<int32_t> padId;            ///< padding_token_id
  std::vector<int32_t> endOfGenerationIds; ///< what findEndOfGenerationIds() says
  bool addBos = false;                     ///< add_bos_token
  std::string chatTemplate;                ///< tokenizer.chat_template, a Jinja text; may be empty
  /// Of control, unknown and user-defined tokens that are found in another way than as they are,
  /// and of those of a template, in its order. Bytes that have one are control tokens besides.
  std::vector<AddedTokenRule> addedTokenRules;

  // What models with U+2581 in the place of spaces ("llama", "t5") do to a text, in this order:
  std::string characterMap;        ///< precompiled_charsmap: what becomes of characters
  bool mapsGraphemes = false;      ///< for a whole grapheme counts the shortest match in it
  bool stripsStart = false;        ///< white space at the start goes away
  bool stripsEnd = false;          ///< likewise at the end
  bool collapsesSpaces = false;    ///< several spaces become one
  bool removesExtraSpaces = false; ///< remove_extra_whitespaces: and none is left at the ends
  bool addSpacePrefix = false;     ///< add_space_prefix: a space in front of a text
  bool prefixesOnlyStart = false;  ///< with addSpacePrefix: not behind special tokens
  bool keepsSpaces = false;        ///< not escape_whitespaces: spaces stay what they are
  /// Spaces are spelled, and put in front of words that begin with none, behind the tokens that are
  /// found in normalized text (a pre-tokenizer does it) and not in front of them (a normalizer).
  bool metaspace = false;
  bool splitsAtSpaces = false;     ///< with metaspace: words begin at each space
  bool splitsAtWhiteSpace = false; ///< with metaspace: white space only separates words
  bool fusesUnknown = false;       ///< unknown characters side by side are one unknown token
  /// As the library SentencePiece: user-defined tokens are found in normalized text, where the map
  /// has left them alone, and a unigram model finds them itself.
  bool matchesInNormalized = false;

  /// The rule of a token; a new one at the end where it has none.
  AddedTokenRule &ruleOf(int32_t id);

  /// The form a bundle stores: little-endian, versioned, laid out in TokenizerData.cpp. Texts and
  /// arrays are limited to 2^32 - 1 bytes and elements.
  std::string serialize() const;

  /// Reads what serialize() wrote. Every length is checked against the bytes that are left before
  /// anything is allocated, so memory stays below ten times `byteCount`. Says what is wrong and at
  /// which byte. Whether ids and types fit the vocabulary is for Tokenizer::create() to check.
  static Result<TokenizerData> parse(const uint8_t *bytes, size_t byteCount);

  bool operator==(const TokenizerData &other) const;
  bool operator!=(const TokenizerData &other) const { return !(*this == other); }
};

/// Tokenizer::check(), for those who cannot include Tokenizer.h, which is C++23.
Status checkTokenizer(const TokenizerData &data);

/// Patterns in the spelling of a tokenizer.json. That of ByteLevel(use_regex=True):
inline constexpr std::string_view byteLevelPattern =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
/// What stands for Digits(individual_digits=True), which has none.
inline constexpr std::string_view singleDigitsPattern = R"(\p{Numeric})";

/// The name (pre) of the known family with the patterns and flags of `data`; empty when there is
/// none.
std::string_view preTokenizerFamily(const TokenizerData &data);

/// The tokens after which generation ends, ascending. As in llama.cpp, these are eosId, eotId and
/// eomId and, since many files name only one of several, tokens with a well-known spelling:
///   - of any type but unused: <|im_end|>, <|endoftext|>, <|end_of_text|>, <|eot_id|>, <|eom_id|>,
///     <|end|>, <|return|>, <|call|>, <end_of_turn>, <end_of_utterance>;
///   - only if of type control, because ordinary text has these spellings, too (Gemma holds </s> as
///     an HTML tag): </s>, <eos>, <EOT>, _<EOT>, [EOT], [EOS].
/// <|end|> is no end where both <|return|> and <|call|> exist (there it separates channels).
/// Fill-in-the-middle separators, which llama.cpp counts too, are not ends.
std::vector<int32_t> findEndOfGenerationIds(const TokenizerData &data);

} // namespace frit

#endif // FRIT_RUNTIME_TOKENIZERDATA_H
