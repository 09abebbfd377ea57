//===- JSON.cpp - JSON texts of anybody's ----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/JSON.h"

using namespace frit;

static constexpr unsigned maxDepth = 32;
/// Each takes kilobytes, whatever is in it.
static constexpr unsigned maxObjects = 100'000;

static Status checkSize(llvm::StringRef json) {
  unsigned depth = 0, objects = 0;
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
        return Failure("expected at most ", maxDepth, " levels of nesting");
      if (c == '{' && ++objects > maxObjects)
        return Failure("expected at most ", maxObjects, " objects");
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return {};
}

/// llvm::json::Value::getAsInteger() converts 2^63, written with a point or an exponent, to
/// int64_t, which does not hold it. As uint64_t it is no int64_t.
static void storeExactly(llvm::json::Value &value) {
  if (llvm::json::Array *array = value.getAsArray()) {
    for (llvm::json::Value &element : *array)
      storeExactly(element);
  } else if (llvm::json::Object *object = value.getAsObject()) {
    for (auto &field : *object)
      storeExactly(field.second);
  } else if (!value.getAsUINT64() && value.getAsNumber() == 0x1p63) {
    value = uint64_t{1} << 63;
  }
}

Result<llvm::json::Value> frit::parseJSON(llvm::StringRef text) {
  if (Status status = checkSize(text); !status)
    return status.takeFailure();
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  if (!value)
    return Failure(llvm::toString(value.takeError()));
  storeExactly(*value);
  return *std::move(value);
}
