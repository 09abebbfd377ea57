//===- Require.h - what must hold whatever the input is -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_FUZZ_REQUIRE_H
#define FRIT_TEST_FUZZ_REQUIRE_H

#include <cstdlib>
#include <string_view>

namespace frit::test {

inline void require(bool condition) {
  if (!condition)
    std::abort();
}

/// That `message` is one line without anything a terminal would obey.
inline void requireLine(std::string_view message) {
  require(!message.empty());
  for (char c : message)
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

} // namespace frit::test

#endif // FRIT_TEST_FUZZ_REQUIRE_H
