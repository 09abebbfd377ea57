//===- ExpressionTest.cpp - arithmetic in architecture records ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/Expression.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace frit;
using llvm::StringRef;

static Result<double> evaluate(StringRef text) {
  Result<Expression> expression = Expression::parse(text);
  if (!expression)
    return expression.takeFailure();
  return expression->evaluate([](StringRef name) -> Result<double> {
    if (name == "six")
      return 6.0;
    if (name == "zero_point_5")
      return 0.5;
    return Failure("there is no ", name);
  });
}

static double valueOf(StringRef text) {
  Result<double> value = evaluate(text);
  EXPECT_TRUE(value) << text.str() << ": " << (value ? "" : value.error());
  return value ? *value : NAN;
}

static std::string errorOf(StringRef text) {
  Result<double> value = evaluate(text);
  return value ? "value " + std::to_string(*value) : value.error();
}

TEST(Expression, Values) {
  EXPECT_EQ(valueOf("1"), 1);
  EXPECT_EQ(valueOf(" 2.5e-1 "), 0.25);
  EXPECT_EQ(valueOf("six"), 6);
  EXPECT_EQ(valueOf("zero_point_5 * six"), 3);
  EXPECT_EQ(valueOf("sqrt(16)"), 4);
  EXPECT_EQ(valueOf("log(1)"), 0);
  EXPECT_EQ(valueOf("pow(2, 1 + 2)"), 8);
  EXPECT_EQ(valueOf("f32(0.1)"), 0.1);
  EXPECT_EQ(valueOf("f32(0.12345678901)"), 0.12345679);
  EXPECT_EQ(valueOf("7 % 4"), 3);
  EXPECT_EQ(valueOf("1 / 4"), 0.25);
}

TEST(Expression, Precedence) {
  EXPECT_EQ(valueOf("1 + 2 * 3"), 7);
  EXPECT_EQ(valueOf("(1 + 2) * 3"), 9);
  EXPECT_EQ(valueOf("10 - 4 - 3"), 3);
  EXPECT_EQ(valueOf("24 / 4 / 2"), 3);
  EXPECT_EQ(valueOf("-2 * 3"), -6);
  EXPECT_EQ(valueOf("2 - -3"), 5);
  EXPECT_EQ(valueOf("1 + 1 == 2"), 1);
  EXPECT_EQ(valueOf("1 < 2 ? 3 : 4 + 5"), 3);
  EXPECT_EQ(valueOf("0 ? 1 : 0 ? 2 : 3"), 3);
  EXPECT_EQ(valueOf("(0 ? 1 : 2) * 2"), 4);
}

TEST(Expression, Comparisons) {
  EXPECT_EQ(valueOf("1 == 1"), 1);
  EXPECT_EQ(valueOf("1 != 1"), 0);
  EXPECT_EQ(valueOf("1 < 1"), 0);
  EXPECT_EQ(valueOf("1 <= 1"), 1);
  EXPECT_EQ(valueOf("1 > 1"), 0);
  EXPECT_EQ(valueOf("2 >= 3"), 0);
}

TEST(Expression, TheOtherChoiceIsNotEvaluated) {
  EXPECT_EQ(valueOf("six == 0 ? 1 / 0 : six"), 6);
  EXPECT_EQ(valueOf("1 ? six : none"), 6);
}

TEST(Expression, Names) {
  Result<Expression> expression = Expression::parse("a + sqrt(b) * a / (sqrt + c)");
  ASSERT_TRUE(expression);
  EXPECT_EQ(expression->names(), (std::vector<std::string>{"a", "b", "sqrt", "c"}));
  EXPECT_EQ(expression->text(), "a + sqrt(b) * a / (sqrt + c)");
}

TEST(Expression, BadSyntax) {
  EXPECT_EQ(errorOf(""), "expected a number, a name or '(' at character 1 of '', found the end");
  EXPECT_EQ(errorOf("1 +"),
            "expected a number, a name or '(' at character 4 of '1 +', found the end");
  EXPECT_EQ(errorOf("1 2"), "expected an operator or the end at character 3 of '1 2', found '2'");
  EXPECT_EQ(errorOf("(1"), "expected ')' at character 3 of '(1', found the end");
  EXPECT_EQ(errorOf("1 ? 2"), "expected ':' at character 6 of '1 ? 2', found the end");
  EXPECT_EQ(errorOf("3x"), "expected an operator or the end at character 2 of '3x', found 'x'");
  EXPECT_EQ(errorOf("1e999"), "expected a number at character 1 of '1e999', found '1e999'");
  EXPECT_EQ(errorOf("a $ b"),
            "expected an operator or the end at character 3 of 'a $ b', found '$ b'");
  EXPECT_EQ(errorOf("1 < 2 < 3"),
            "expected an operator or the end at character 7 of '1 < 2 < 3', found '< 3'");
}

TEST(Expression, NoValue) {
  EXPECT_EQ(errorOf("six / (six - 6)"), "'six / (six - 6)' has no finite value");
  EXPECT_EQ(errorOf("log(0)"), "'log(0)' has no finite value");
  EXPECT_EQ(errorOf("pow(2)"), "expected ',' at character 6 of 'pow(2)', found ')'");
  EXPECT_EQ(errorOf("sqrt(1, 2)"), "expected ')' at character 7 of 'sqrt(1, 2)', found ', 2)'");
  EXPECT_EQ(errorOf("sqrt(-1)"), "'sqrt(-1)' has no finite value");
  EXPECT_EQ(errorOf("six % 0"), "'six % 0' has no finite value");
  EXPECT_EQ(errorOf("none + 1"), "there is no none");
}

TEST(Expression, DeepAndLongOnesAreRefused) {
  EXPECT_EQ(errorOf(std::string(100, '(') + "1" + std::string(100, ')')).substr(0, 42),
            "expected at most 64 levels of nesting in '");
  EXPECT_EQ(errorOf(std::string(2000, '(')),
            "expected an expression of at most 1000 characters, found 2000");
  // Long but flat is fine.
  std::string sum = "1";
  for (int i = 0; i < 400; ++i)
    sum += "+1";
  EXPECT_EQ(valueOf(sum), 401);
  EXPECT_EQ(valueOf(std::string(998, '-') + "1"), 1);
}
