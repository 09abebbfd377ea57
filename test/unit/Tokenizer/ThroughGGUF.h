//===- ThroughGGUF.h - a vocabulary as it comes back from a GGUF file ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_TOKENIZER_THROUGHGGUF_H
#define FRIT_TEST_UNIT_TOKENIZER_THROUGHGGUF_H

#include "lib/Import/GGUF/GGUFTokenizer.h"

#include <algorithm>
#include <limits>

namespace frit::test {

/// As `frit convert` writes it and reads it again.
inline Result<TokenizerData> throughGGUF(TokenizerData data) {
  for (float &score : data.scores)
    score = std::max(score, std::numeric_limits<float>::lowest());
  GGUFHeader header;
  writeTokenizer(header, data);
  std::string bytes = header.header();
  Result<GGUFFile> file = GGUFFile::fromMemory(
      "test.gguf", reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  if (!file)
    return file.takeFailure();
  return readTokenizer(*file);
}

/// A vocabulary that was read, and what becomes of it in a GGUF file, give what the reference does.
inline void compareWithAndWithoutGGUF(const TokenizerData &data, const std::string &vocabulary,
                                      const std::string &strings) {
  Result<TokenizerData> converted = throughGGUF(data);
  ASSERT_TRUE(converted) << converted.error();
  for (const TokenizerData &found : {data, *converted}) {
    auto tokenizer = Tokenizer::create(found);
    ASSERT_TRUE(tokenizer) << tokenizer.error();
    compareWithReference(*tokenizer, vocabulary, strings);
  }
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_TOKENIZER_THROUGHGGUF_H
