//===- SentencePieceFile.h - the vocabulary in a tokenizer.model -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_HUGGINGFACE_SENTENCEPIECEFILE_H
#define FRIT_LIB_IMPORT_HUGGINGFACE_SENTENCEPIECEFILE_H

#include "frit/Runtime/TokenizerData.h"
#include "llvm/ADT/StringRef.h"

namespace frit {

/// The vocabulary in a file of the library SentencePiece: BPE or a unigram model. As of a
/// tokenizer.json, what frit does not have gives a model that Tokenizer::check() refuses by name;
/// what is malformed, a Failure that says at which byte or piece.
Result<TokenizerData> parseSentencePieceFile(llvm::StringRef bytes);

} // namespace frit

#endif // FRIT_LIB_IMPORT_HUGGINGFACE_SENTENCEPIECEFILE_H
