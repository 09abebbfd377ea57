//===- UseEverything.h - calls every accessor of an opened GGUF file ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For files with random contents: nothing may read out of bounds, whatever was accepted. Shared by
// the tests and the fuzzer.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_GGUF_USEEVERYTHING_H
#define FRIT_TEST_UNIT_GGUF_USEEVERYTHING_H

#include "lib/Import/GGUF/GGUF.h"

#include <cstdlib>

namespace frit::test {

inline void require(bool condition) {
  if (!condition)
    std::abort();
}

inline uint64_t useValue(const GGUFValue &value) {
  uint64_t sum = value.typeName().size();
  if (auto result = value.asUInt())
    sum += *result;
  if (auto result = value.asInt())
    sum += static_cast<uint64_t>(*result);
  if (auto result = value.asFloat())
    sum += *result > 0;
  if (auto result = value.asBool())
    sum += *result;
  if (auto result = value.asString())
    for (char character : *result)
      sum += static_cast<unsigned char>(character);
  if (auto result = value.asUIntArray())
    sum += result->size();
  if (auto result = value.asIntArray())
    sum += result->size();
  if (auto result = value.asFloatArray())
    sum += result->size();
  if (auto result = value.asBoolArray())
    sum += result->size();
  if (auto result = value.asStringArray())
    for (std::string_view text : *result)
      sum += text.empty() ? 0 : static_cast<unsigned char>(text.back());
  for (const GGUFValue &element : value.elements())
    sum += useValue(element);
  return sum;
}

/// Aborts when a look-up does not find what the lists hold. Returns a sum over all bytes, so that
/// none of the reads can be left out.
inline uint64_t useEverything(const GGUFFile &file) {
  uint64_t sum = 0;
  for (const GGUFEntry &entry : file.metadata()) {
    require(file.find(entry.key) == &entry.value);
    sum += useValue(entry.value);
  }
  for (const GGUFTensor &tensor : file.tensors()) {
    require(file.findTensor(tensor.name) == &tensor);
    require(tensor.part < file.parts().size());
    require(tensor.fileOffset + tensor.bytes <= file.parts()[tensor.part].fileBytes);
    require(tensor.elements() == tensor.dims[0] * tensor.rows());
    for (uint64_t i = 0; i < tensor.bytes; ++i)
      sum += tensor.data[i];
  }
  return sum + static_cast<bool>(file.checkFormats());
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_GGUF_USEEVERYTHING_H
