//===- TokenizerJSON.h - the vocabulary of a Hugging Face directory --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_HUGGINGFACE_TOKENIZERJSON_H
#define FRIT_LIB_IMPORT_HUGGINGFACE_TOKENIZERJSON_H

#include "frit/Runtime/TokenizerData.h"
#include "llvm/Support/JSON.h"

namespace frit {

class HuggingFaceDirectory;

/// The vocabulary of a tokenizer.json (Hugging Face's `tokenizers`): byte-level BPE, BPE as
/// SentencePiece's and unigram models. What frit does not have gives a model that
/// Tokenizer::check() refuses by name, so that the model can be run on ids; what is malformed, a
/// Failure.
Result<TokenizerData> parseTokenizerJSON(const llvm::json::Value &json);

/// That of tokenizer.json or, where there is none, of tokenizer.model with the tokens that were
/// added to it (tokenizer_config.json, special_tokens_map.json, added_tokens.json); with what the
/// other files say: special tokens (tokenizer_config.json, config.json), ends of generation
/// (generation_config.json), chat template (chat_template.jinja or tokenizer_config.json). A
/// directory with neither has a model "none".
Result<TokenizerData> readTokenizer(const HuggingFaceDirectory &directory);

} // namespace frit

#endif // FRIT_LIB_IMPORT_HUGGINGFACE_TOKENIZERJSON_H
