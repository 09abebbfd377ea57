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

} // namespace frit::test

#endif // FRIT_TEST_UNIT_TOKENIZER_THROUGHGGUF_H
