//===- GGUFTokenizer.h - the vocabulary in a GGUF file --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GGUF_GGUFTOKENIZER_H
#define FRIT_LIB_IMPORT_GGUF_GGUFTOKENIZER_H

#include "frit/Runtime/TokenizerData.h"
#include "lib/Import/GGUF/GGUF.h"
#include "lib/Import/GGUF/GGUFWriter.h"

namespace frit {

/// Copies the tokenizer.ggml.* keys and tokenizer.chat_template. Only the model's name and the
/// tokens must be there. Checked here: types, the lengths of the arrays against the vocabulary, and
/// that ids lie in it; whether frit has the model and the pre-tokenizer is for Tokenizer::create().
Result<TokenizerData> readTokenizer(const GGUFFile &file);

/// Adds the keys as llama.cpp expects them, and behind frit.tokenizer. what they cannot say, so
/// that readTokenizer() gives the same again. There is a name for the pre-tokenizer, and a text and
/// a type for each token.
void writeTokenizer(GGUFHeader &header, const TokenizerData &data);

} // namespace frit

#endif // FRIT_LIB_IMPORT_GGUF_GGUFTOKENIZER_H
