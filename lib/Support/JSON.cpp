//===- JSON.cpp - JSON texts of anybody's ----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/JSON.h"

#include "lib/Support/Printable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <vector>

using namespace frit;

static constexpr unsigned maxDepth = 32;
/// Each takes kilobytes, whatever is in it.
static constexpr unsigned maxObjects = 100'000;

/// LLVM writes "[3:5, byte=40]: Expected object key".
static Failure parseFailure(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  llvm::StringRef message = text, place;
  if (message.consume_front("["))
    std::tie(place, message) = message.split("]: ");
  auto [line, column] = place.split(',').first.split(':');
  std::string lower = message.str();
  if (!lower.empty())
    lower.front() = llvm::toLower(lower.front());
  if (column.empty())
    return Failure(lower);
  return Failure("line ", std::string_view(line), ", column ", std::string_view(column), ": ",
                 lower);
}

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
    return parseFailure(value.takeError());
  storeExactly(*value);
  return *std::move(value);
}

Status frit::requireUniqueKeys(llvm::StringRef text) {
  struct Level {
    bool isObject, keyIsNext;
    llvm::StringSet<> keys;
  };
  std::vector<Level> levels;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '{' || c == '[') {
      levels.push_back({c == '{', c == '{', {}});
    } else if ((c == '}' || c == ']') && !levels.empty()) {
      levels.pop_back();
    } else if (c == ',' && !levels.empty()) {
      levels.back().keyIsNext = levels.back().isObject;
    } else if (c == '"') {
      size_t begin = i++;
      while (i < text.size() && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
      if (levels.empty() || !levels.back().keyIsNext)
        continue;
      levels.back().keyIsNext = false;
      // "a" can also be spelled "\u0061".
      llvm::Expected<llvm::json::Value> key = llvm::json::parse(text.slice(begin, i + 1));
      if (!key)
        return parseFailure(key.takeError());
      llvm::StringRef name = key->getAsString().value_or("");
      if (!levels.back().keys.insert(name).second)
        return Failure("expected key '", printable(name), "' once, found it twice");
    }
  }
  return {};
}
