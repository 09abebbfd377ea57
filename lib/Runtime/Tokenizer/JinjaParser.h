//===- JinjaParser.h - a chat template as a tree -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_JINJAPARSER_H
#define FRIT_LIB_RUNTIME_TOKENIZER_JINJAPARSER_H

#include "lib/Runtime/Tokenizer/JinjaValue.h"

#include <deque>

namespace frit::jinja {

struct Expression {
  enum Kind : uint8_t {
    Constant,
    Name,
    List,
    Tuple,
    Dict,       ///< operands: keys and values in turn
    Attribute,  ///< operand.name
    Index,      ///< operand[operand]
    Slice,      ///< operand[operand:operand:operand], each but the first may be null
    Call,       ///< operand(operands, named)
    Filter,     ///< operand | name(operands, named)
    Test,       ///< operand is name(operands, named)
    Unary,      ///< name: + - not
    Binary,     ///< name: + - * / // % ** and or
    Comparison, ///< operand sign operand sign operand
    Concatenation,
    Conditional, ///< operand if operand else operand, the last may be null
  };
  Kind kind;
  unsigned line;
  unsigned depth = 1;
  std::string name;
  Value constant;
  std::vector<const Expression *> operands;
  std::vector<std::pair<std::string, const Expression *>> named;
  std::vector<std::string> signs;
};

struct Statement;
using Body = std::vector<const Statement *>;

struct Statement {
  enum Kind : uint8_t {
    Text,
    Output,
    For,
    If,
    Set,
    SetBlock,
    MacroDefinition,
    Break,
    Continue,
    Scope
  };
  Kind kind;
  unsigned line;
  std::string text;
  /// A name, a tuple of them, or an attribute of a namespace.
  const Expression *target = nullptr;
  const Expression *value = nullptr;  ///< printed, assigned, iterated over; the filter of a block
  const Expression *filter = nullptr; ///< for .. if
  std::vector<std::pair<const Expression *, Body>> branches; ///< if and elif
  Body body, otherwise;
  const Macro *macro = nullptr;
};

struct Macro {
  std::string name;
  std::vector<std::pair<std::string, const Expression *>> parameters; ///< with defaults or null
  Body body;
};

/// The name that stands for the body of {% set x | filter %} in its filters.
inline constexpr std::string_view blockName = "{% set %}";

/// Owns the tree: without recursion, whatever its depth.
struct Program {
  std::deque<Expression> expressions;
  std::deque<Statement> statements;
  std::deque<Macro> macros;
  Body body;
};

/// Throws Error.
Program parse(std::string_view source);

} // namespace frit::jinja

#endif // FRIT_LIB_RUNTIME_TOKENIZER_JINJAPARSER_H
