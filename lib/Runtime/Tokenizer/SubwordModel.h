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

  /// Appends the ids of `text`: valid UTF-8, shorter than 2^31 bytes. `atStart`: nothing is in
  /// front of it, no special token either.
  virtual Status encode(std::string_view text, bool atStart, std::vector<int32_t> &ids) const = 0;

  /// What a token spelled like this in the vocabulary stands for.
  virtual std::string decodeSpelling(std::string_view spelling) const = 0;
  /// Likewise of a token that was added to the vocabulary by hand.
  virtual std::string decodeAdded(std::string_view spelling) const { return std::string(spelling); }
  /// Whether encode() puts a space in front of a text that decoding takes away again.
  virtual bool prefixesSpace() const { return false; }
};

/// Makes `data` of GGUF's "llama" what the model below expects.
void prepareSentencePiece(TokenizerData &data);
/// GGUF's "llama": SentencePiece's BPE, with bytes for what the vocabulary lacks. `data` must live
/// as long as the model and have been prepared.
Result<std::unique_ptr<const SubwordModel>> createSentencePieceBPE(const TokenizerData &data);

/// GGUF's "gpt2": BPE over bytes, each byte written as one printable character. `data` must live as
/// long as the model.
Result<std::unique_ptr<const SubwordModel>> createByteLevelBPE(const TokenizerData &data);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H
