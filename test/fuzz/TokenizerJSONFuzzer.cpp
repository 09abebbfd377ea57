//===- TokenizerJSONFuzzer.cpp - libFuzzer target of tokenizer.json -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JSONMutator.h"
#include "Require.h"
#include "frit/Runtime/Tokenizer.h"
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
  Result<TokenizerData> data = parseTokenizerJSON(*json);
  if (!data) {
    test::requireLine(data.error());
    return 0;
  }
  bool known = static_cast<bool>(Tokenizer::check(*data));
  Result<Tokenizer> tokenizer = Tokenizer::create(*std::move(data));
  if (!tokenizer) {
    test::requireLine(tokenizer.error());
    return 0;
  }
  test::require(known);
  for (bool parseSpecial : {false, true}) {
    Result<std::vector<int32_t>> ids = tokenizer->encode(
        "<|im_start|> The  quick fox's 123 \xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x8A\t\n e\xCC\x81 \xFF",
        {parseSpecial, true});
    if (!ids) {
      test::requireLine(ids.error());
      continue;
    }
    for (int32_t id : *ids)
      test::require(id >= 0 && id < tokenizer->vocabularySize());
    (void)tokenizer->decode(*ids);
  }
  return 0;
}
