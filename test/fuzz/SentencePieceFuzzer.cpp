//===- SentencePieceFuzzer.cpp - libFuzzer target of tokenizer.model ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UseTokenizer.h"
#include "lib/Import/HuggingFace/SentencePieceFile.h"

using namespace frit;

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  test::useTokenizer(parseSentencePieceFile({reinterpret_cast<const char *>(bytes), size}));
  return 0;
}
