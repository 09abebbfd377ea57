//===- TokenizerJSONFuzzer.cpp - libFuzzer target of tokenizer.json -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UseTokenizer.h"
#include "lib/Import/HuggingFace/TokenizerJSON.h"
#include "lib/Support/JSON.h"

using namespace frit;

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  Result<llvm::json::Value> json = parseJSON({reinterpret_cast<const char *>(bytes), size});
  if (!json) {
    test::requireLine(json.error());
    return 0;
  }
  test::useTokenizer(parseTokenizerJSON(*json));
  return 0;
}
