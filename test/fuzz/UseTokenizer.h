//===- UseTokenizer.h - what fuzzers do with a vocabulary ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_FUZZ_USETOKENIZER_H
#define FRIT_TEST_FUZZ_USETOKENIZER_H

#include "Require.h"
#include "frit/Runtime/Tokenizer.h"

namespace frit::test {

/// Makes a tokenizer from it and encodes and decodes with that, or is told why not.
inline void useTokenizer(Result<TokenizerData> data) {
  if (!data)
    return requireLine(data.error());
  bool known = static_cast<bool>(Tokenizer::check(*data));
  Result<Tokenizer> tokenizer = Tokenizer::create(*std::move(data));
  if (!tokenizer)
    return requireLine(tokenizer.error());
  require(known);
  for (bool parseSpecial : {false, true}) {
    Result<std::vector<int32_t>> ids =
        tokenizer->encode("<|im_start|> The  quick fox's 123 \xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x8A"
                          "\t\n e\xCC\x81 ababa <tool> \xE2\x96\x81\xE2\x96\x81 \xFF",
                          {parseSpecial, true});
    if (!ids) {
      requireLine(ids.error());
      continue;
    }
    for (int32_t id : *ids)
      require(id >= 0 && id < tokenizer->vocabularySize());
    (void)tokenizer->decode(*ids);
  }
}

} // namespace frit::test

#endif // FRIT_TEST_FUZZ_USETOKENIZER_H
