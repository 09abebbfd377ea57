//===- Expression.h - arithmetic in architecture records ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes, defaults and scales of a record are expressions over its hyperparameters:
//
//   sum       = choice of  a + b, a - b, a * b, a / b, a % b, -a, (a),
//                          sqrt(a), log(a), pow(a, b), f32(a)
//   condition = a == b, a != b, a < b, a <= b, a > b, a >= b   (1 or 0)
//   choice    = condition ? a : b
//
// Numbers are doubles and `/` divides exactly: where a count is needed, the reader of the value
// refuses one that is not whole.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_ARCH_EXPRESSION_H
#define FRIT_LIB_ARCH_EXPRESSION_H

#include "frit/Support/Result.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace frit {

class Expression {
public:
  using Lookup = llvm::function_ref<Result<double>(llvm::StringRef)>;

  /// Fails on bad syntax, and on expressions of more than 1,000 characters.
  static Result<Expression> parse(llvm::StringRef text);
  static Expression constant(double value);
  /// Whether expressions can call it; no hyperparameter has such a name.
  static bool isFunction(llvm::StringRef name);

  /// Fails when a name has no value or the result is no finite number.
  Result<double> evaluate(Lookup lookup) const;

  /// As it was written.
  llvm::StringRef text() const { return source; }
  /// The names that occur, each once, in order.
  std::vector<std::string> names() const;

private:
  friend class ExpressionParser;
  enum class Kind {
    Number,
    Name,
    Negate,
    Sqrt,
    Log,
    F32,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Select,
  };
  struct Node {
    Kind kind;
    double number = 0;
    std::string name;
    /// Indices of earlier nodes.
    unsigned operands[3] = {0, 0, 0};
  };

  Result<double> evaluate(const Node &node, Lookup lookup) const;

  std::string source;
  /// Operands before their users; the last one is the result.
  std::vector<Node> nodes;
};

} // namespace frit

#endif // FRIT_LIB_ARCH_EXPRESSION_H
