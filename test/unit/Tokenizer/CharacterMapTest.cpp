//===- CharacterMapTest.cpp - which sequences of a trie a text starts with --===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/CharacterMap.h"

#include <gtest/gtest.h>

using namespace frit;
using namespace std::literals;

namespace {

/// "a" becomes "x" and "ab" becomes "yy", laid out by hand: the children of a unit are at its own
/// place, exclusive-or its offset, exclusive-or the byte.
class CharacterMapTest : public ::testing::Test {
protected:
  CharacterMapTest() {
    constexpr uint32_t ends = 1u << 8, in256s = 1u << 9, isValue = 1u << 31;
    std::vector<uint32_t> units(1024);
    units[0] = 0x100u << 10;
    units[0x100 ^ 'a'] = 'a' | ends | in256s | 2u << 10;
    size_t below = 0x100 ^ 'a' ^ 0x200;
    units[below] = isValue | 0;
    units[below ^ 'b'] = 'b' | ends | 0x10u << 10;
    units[below ^ 'b' ^ 0x10] = isValue | 2;
    auto add = [&](uint32_t unit) {
      for (int shift = 0; shift < 32; shift += 8)
        bytes += static_cast<char>(unit >> shift & 0xFF);
    };
    add(static_cast<uint32_t>(4 * units.size()));
    for (uint32_t unit : units)
      add(unit);
    bytes += "x\0yy\0"sv;
  }

  std::string bytes;
};

TEST_F(CharacterMapTest, LongestAndShortest) {
  Result<CharacterMap> map = CharacterMap::create(bytes);
  ASSERT_TRUE(map) << map.error();
  std::optional<CharacterMap::Match> longest = map->longest("abc"), shortest = map->shortest("abc");
  ASSERT_TRUE(longest && shortest);
  EXPECT_EQ(longest->bytes, 2u);
  EXPECT_EQ(longest->replacement, "yy");
  EXPECT_EQ(shortest->bytes, 1u);
  EXPECT_EQ(shortest->replacement, "x");
  EXPECT_EQ(map->longest("ac")->replacement, "x");
  EXPECT_FALSE(map->longest("ba"));
  EXPECT_FALSE(map->shortest(""));
}

} // namespace
