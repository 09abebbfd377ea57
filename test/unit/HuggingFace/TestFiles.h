//===- TestFiles.h - directories and files that tests make ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_HUGGINGFACE_TESTFILES_H
#define FRIT_TEST_UNIT_HUGGINGFACE_TESTFILES_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace frit::test {

/// A safetensors file of this header and data.
inline std::string safetensors(llvm::StringRef header, llvm::StringRef data) {
  std::string file;
  for (int shift = 0; shift < 64; shift += 8)
    file += static_cast<char>(static_cast<uint64_t>(header.size()) >> shift & 0xFF);
  return file + header.str() + data.str();
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_HUGGINGFACE_TESTFILES_H
