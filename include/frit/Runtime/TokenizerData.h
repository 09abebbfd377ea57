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

/// A vocabulary and everything else that encoding and decoding need. Comments name the GGUF key
/// (prefix tokenizer.ggml. unless given in full).
struct TokenizerData {
  std::string model;                       ///< model: "gpt2" is byte-level BPE
  std::string preTokenizer;                ///< pre: "smollm", "gpt-2", ...
  std::vector<std::string> patterns;       ///< instead of pre: those of a tokenizer.json, in order
  bool wholeWords = false;                 ///< with patterns: ignore_merges
  bool composes = false;                   ///< with patterns: normalizer NFC
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
  bool addSpacePrefix = false;             ///< add_space_prefix: SentencePiece models only
  bool prefixesOnlyStart = false;          ///< with addSpacePrefix: not behind special tokens
  std::string chatTemplate;                ///< tokenizer.chat_template, a Jinja text; may be empty

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
