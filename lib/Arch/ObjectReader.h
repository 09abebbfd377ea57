//===- ObjectReader.h - one object of a record's JSON ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_ARCH_OBJECTREADER_H
#define FRIT_LIB_ARCH_OBJECTREADER_H

#include "lib/Arch/ArchRecord.h"
#include "llvm/Support/JSON.h"

namespace frit {

/// The first thing that is wrong with a record. Reading goes on behind it.
class FirstProblem {
public:
  bool exists() const { return !status; }
  Failure take() { return status.takeFailure(); }
  void fail(llvm::StringRef place, const llvm::Twine &message);

private:
  Status status;
};

/// One object of a record. Fields that are read are known; finish() refuses the others.
class ObjectReader {
public:
  /// `value` may be null: then there is no object, and nothing in it.
  ObjectReader(FirstProblem &problem, const llvm::json::Value *value, std::string place);

  bool exists() const { return object; }
  std::string inside(llvm::StringRef key) const;
  void fail(llvm::StringRef key, const llvm::Twine &message);

  const llvm::json::Value *find(llvm::StringRef key);
  const llvm::json::Value *require(llvm::StringRef key);

  void readText(llvm::StringRef key, std::string &result);
  void readTexts(llvm::StringRef key, std::vector<std::string> &result);
  /// A text or a list of texts.
  void readNames(llvm::StringRef key, Names &result);
  void readNames(ByOrigin<Names> &result);
  void readBool(llvm::StringRef key, bool &result);
  template <typename Enum>
  void readChoice(llvm::StringRef key, Enum &result,
                  llvm::ArrayRef<std::pair<llvm::StringLiteral, Enum>> choices) {
    const llvm::json::Value *value = find(key);
    if (!value)
      return;
    std::string text = asText(key, *value), names;
    for (const auto &[name, choice] : choices) {
      if (name == text) {
        result = choice;
        return;
      }
      names += (names.empty() ? "" : ", ") + name.str();
    }
    fail(key, "expected one of " + names + ", found '" + text + "'");
  }
  /// A number or the text of an expression.
  void readExpression(llvm::StringRef key, Expression &result);

  llvm::ArrayRef<llvm::json::Value> elements(llvm::StringRef key);
  std::string asText(llvm::StringRef key, const llvm::json::Value &value);
  Expression asExpression(llvm::StringRef key, const llvm::json::Value &value);

  /// The object's keys in a fixed order.
  std::vector<std::string> keys() const;
  void finish();

private:
  FirstProblem &problem;
  std::string place;
  const llvm::json::Object *object = nullptr;
  std::vector<std::string> known;
};

} // namespace frit

#endif // FRIT_LIB_ARCH_OBJECTREADER_H
