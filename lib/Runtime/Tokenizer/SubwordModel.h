//===- SubwordModel.h - what the kinds of vocabularies have in common -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H
#define FRIT_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H

#include "frit/Runtime/TokenizerData.h"
#include "frit/Support/Result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// Turns text without special tokens into ids, and the spelling of an ordinary token into bytes.
/// Immutable.
class SubwordModel {
public:
  virtual ~SubwordModel() = default;

  /// What the model's normalizer makes of `text` (valid UTF-8): itself, or what is in `buffer`
  /// then. `atStart`: nothing is in front of it, no special token either.
  virtual std::string_view normalize(std::string_view text, bool /*atStart*/,
                                     std::string & /*buffer*/) const {
    return text;
  }

  /// Appends the ids of `text`, which is normalized and shorter than 2^31 bytes.
  virtual Status encode(std::string_view text, bool atStart, std::vector<int32_t> &ids) const = 0;

  /// What a token spelled like this in the vocabulary stands for.
  virtual std::string decodeSpelling(std::string_view spelling) const = 0;
  /// Likewise of a token that was added to the vocabulary by hand.
  virtual std::string decodeAdded(std::string_view spelling) const { return std::string(spelling); }
  /// Which spaces at the beginning of a text decoding leaves out, as encoding may have put them
  /// there: none, one, or one of each token until there is some text.
  enum class LostSpaces : uint8_t { None, One, OneOfEachToken };
  virtual LostSpaces lostSpaces() const { return LostSpaces::None; }
};

/// GGUF's "llama": SentencePiece's BPE, with bytes for what the vocabulary lacks. `data` must live
/// as long as the model.
Result<std::unique_ptr<const SubwordModel>> createSentencePieceBPE(const TokenizerData &data);

/// GGUF's "t5": SentencePiece's unigram model. `data` must live as long as the model.
Result<std::unique_ptr<const SubwordModel>> createUnigram(const TokenizerData &data);

/// GGUF's "gpt2": BPE over bytes, each byte written as one printable character. `data` must live as
/// long as the model.
Result<std::unique_ptr<const SubwordModel>> createByteLevelBPE(const TokenizerData &data);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H
