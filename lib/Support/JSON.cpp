//===- JSON.cpp - JSON texts of anybody's ----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/JSON.h"

using namespace frit;

static constexpr unsigned maxDepth = 32;

static bool nestsTooDeep(llvm::StringRef json) {
  unsigned depth = 0;
  bool inText = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (inText) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inText = false;
    } else if (c == '"') {
      inText = true;
    } else if (c == '{' || c == '[') {
      if (++depth > maxDepth)
        return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

Result<llvm::json::Value> frit::parseJSON(llvm::StringRef text) {
  if (nestsTooDeep(text))
    return Failure("expected at most ", maxDepth, " levels of nesting");
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  if (!value)
    return Failure(llvm::toString(value.takeError()));
  return *std::move(value);
}
