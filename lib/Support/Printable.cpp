//===- Printable.cpp - names of anybody's in messages ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===------------------------------------------------------------------------===//

#include "lib/Support/Printable.h"

#include "llvm/ADT/StringExtras.h"

using namespace frit;

std::string frit::printable(llvm::StringRef text) {
  std::string result;
  for (char c : text) {
    if (llvm::isPrint(c) || static_cast<unsigned char>(c) >= 0x80)
      result += c;
    else
      result += "\\" + llvm::toHex(llvm::StringRef(&c, 1));
  }
  return result;
}
