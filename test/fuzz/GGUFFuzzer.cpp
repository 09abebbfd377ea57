//===- GGUFFuzzer.cpp - libFuzzer target of the GGUF reader ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUFTokenizer.h"
#include "test/unit/GGUF/UseEverything.h"

using namespace frit;

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  Result<GGUFFile> file = GGUFFile::fromMemory("fuzz", bytes, size);
  if (!file) {
    test::require(std::string_view(file.error()).starts_with("fuzz: "));
    test::require(file.error().find('\n') == std::string::npos);
    return 0;
  }
  // The sum must not be optimized away, or the reads would be.
  [[maybe_unused]] volatile uint64_t sink =
      test::useEverything(*file) + static_cast<bool>(readTokenizer(*file));
  return 0;
}
