//===- Tokenizer.h - text to token ids and back ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_RUNTIME_TOKENIZER_H
#define FRIT_RUNTIME_TOKENIZER_H

#include "frit/Runtime/TokenizerData.h"
#include "frit/Support/Result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

struct EncodeOptions {
  /// Spellings of control tokens in the text become those tokens (a rendered chat). When false
  /// they are text like any other. User-defined tokens are always recognized.
  bool parseSpecial = false;
  /// Start with the beginning-of-sequence token if the vocabulary asks for it
  /// (TokenizerData::addBos); a rendered chat has it already.
  bool addBos = false;
};

struct DecodeOptions {
  bool skipSpecial = false; ///< leave out control tokens
};

/// Encodes and decodes with one vocabulary. Immutable: any number of threads may use one object.
/// The ids are those of Hugging Face's `tokenizers` for the same vocabulary, or of the library
/// SentencePiece for its own files; but no text becomes a control token or a byte's token because
/// it is spelled like one, as it does in unigram models of the former.
class Tokenizer {
public:
  /// Whether create() knows the model and pre-tokenizer: the error that names the known ones.
  static Status check(const TokenizerData &data);
  /// Fails on an unknown model or pre-tokenizer (naming the known ones), ids outside of the
  /// vocabulary, merges of tokens that do not exist, and arrays of the wrong length.
  static Result<Tokenizer> create(TokenizerData data);

  Tokenizer(Tokenizer &&) noexcept;
  Tokenizer &operator=(Tokenizer &&) noexcept;
  ~Tokenizer();

  /// Bytes that are not UTF-8 count as U+FFFD, one for each maximal invalid subpart (Unicode 3.9;
  /// Python's errors='replace'). Bytes that the vocabulary has no token for are left out, as by
  /// the reference. O(n log n) in the length of the text; fails beyond 2^31 - 1 bytes.
  Result<std::vector<int32_t>> encode(std::string_view text, EncodeOptions options = {}) const;

  /// Valid UTF-8: what the tokens spell, invalid parts replaced as above. Ids outside of the
  /// vocabulary spell nothing.
  std::string decode(std::span<const int32_t> ids, DecodeOptions options = {}) const;

  /// The bytes one token stands for, which may be part of a character. Empty for an id outside of
  /// the vocabulary.
  std::string tokenBytes(int32_t id) const;

  int32_t vocabularySize() const;
  bool isEndOfGeneration(int32_t id) const;
  /// A control token or the unknown token: not part of the text a reader wants to see.
  bool isSpecial(int32_t id) const;
  const TokenizerData &data() const;

private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl;
};

/// Decodes while tokens arrive. What push() and finish() return, joined, is what
/// Tokenizer::decode() returns for all ids at once, and each return value is valid UTF-8: a
/// character whose bytes have not all arrived is held back. The tokenizer must outlive it.
class StreamDecoder {
public:
  explicit StreamDecoder(const Tokenizer &tokenizer, DecodeOptions options = {})
      : tokenizer(&tokenizer), options(options) {}

  std::string push(int32_t id);
  /// What is left of an incomplete character, as U+FFFD. The decoder can be used again.
  std::string finish();

private:
  const Tokenizer *tokenizer;
  DecodeOptions options;
  std::string pending; ///< at most 3 bytes: the start of a character
};

} // namespace frit

#endif // FRIT_RUNTIME_TOKENIZER_H
