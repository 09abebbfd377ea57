//===- SafetensorsFuzzer.cpp - libFuzzer target of safetensors headers ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Require.h"
#include "lib/Import/HuggingFace/Safetensors.h"

using namespace frit;

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  Result<std::vector<SafetensorsTensor>> tensors = readSafetensors(bytes, size);
  if (!tensors) {
    test::requireLine(tensors.error());
    return 0;
  }
  uint64_t end = tensors->empty() ? size : tensors->front().offset;
  for (const SafetensorsTensor &tensor : *tensors) {
    test::require(tensor.offset == end);
    end += tensor.bytes;
  }
  test::require(end == size);
  return 0;
}
