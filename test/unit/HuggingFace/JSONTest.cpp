//===- JSONTest.cpp - numbers that no integer holds ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/JSON.h"

#include <gtest/gtest.h>

using namespace frit;

TEST(ParseJSON, SaysWhere) {
  auto message = [](llvm::StringRef text) {
    Result<llvm::json::Value> value = parseJSON(text);
    return value ? "parsed" : value.error();
  };
  EXPECT_EQ(message("{\"a\": 1,\n  2}"), "line 2, column 3: expected object key");
  EXPECT_EQ(message("{\"a\": 1} x"), "line 1, column 9: text after end of document");
  EXPECT_EQ(message("[\n\n\"\xFF\"]").substr(0, 8), "line 3, ");
  EXPECT_EQ(message("{\"a\": nul}").substr(0, 8), "line 1, ");
  EXPECT_EQ(message(""), "line 1, column 0: unexpected EOF");
}

TEST(ParseJSON, BoundsOfIntegers) {
  auto integer = [](const char *text) {
    Result<llvm::json::Value> value = parseJSON(std::string("{\"a\": [") + text + "]}");
    EXPECT_TRUE(value) << text;
    return (*value->getAsObject()->getArray("a"))[0].getAsInteger();
  };
  EXPECT_EQ(integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer("-9.223372036854775808e18"), INT64_MIN);
  EXPECT_EQ(integer("-9.3e18"), std::nullopt);
  for (const char *text : {"9223372036854775808", "9.223372036854775808e18", "1e19"})
    EXPECT_EQ(integer(text), std::nullopt) << text;
  EXPECT_EQ(*parseJSON("9.223372036854775808e18")->getAsNumber(), 0x1p63);
}
