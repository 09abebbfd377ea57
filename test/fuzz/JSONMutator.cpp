//===- JSONMutator.cpp - changes of JSON inputs that stay JSON -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes changed at random rarely leave a text JSON. In every fuzzer whose inputs are JSON.
//
//===----------------------------------------------------------------------===//

#include "lib/Support/JSON.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstring>
#include <limits>
#include <random>
#include <vector>

// NOLINTBEGIN(readability-identifier-naming): the names libFuzzer calls and has.
extern "C" size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t maxSize);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t maxSize,
                                          unsigned seed);
// NOLINTEND(readability-identifier-naming)

namespace {
/// All values and keys of an input.
struct Parts {
  std::vector<llvm::json::Value *> values;
  std::vector<std::string> keys;

  void collect(llvm::json::Value &value) {
    values.push_back(&value);
    if (llvm::json::Array *array = value.getAsArray())
      for (llvm::json::Value &element : *array)
        collect(element);
    else if (llvm::json::Object *object = value.getAsObject())
      for (auto &field : *object) {
        keys.push_back(field.first.str());
        collect(field.second);
      }
  }
};
} // namespace

static std::string mutateText(llvm::StringRef text) {
  std::string result = text.str();
  result.resize(text.size() + 16);
  result.resize(
      LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(result.data()), text.size(), result.size()));
  return llvm::json::isUTF8(result) ? result : llvm::json::fixUTF8(result);
}

static void mutate(llvm::json::Value &json, std::minstd_rand &random) {
  using llvm::json::Array;
  using llvm::json::Object;
  using llvm::json::Value;
  Parts parts;
  parts.collect(json);
  auto any = [&]() -> Value & { return *parts.values[random() % parts.values.size()]; };
  Value &value = any();
  static const Value edges[] = {nullptr,
                                true,
                                false,
                                0,
                                1,
                                2,
                                7,
                                -1,
                                0.5,
                                1e308,
                                1e-308,
                                2147483646,
                                2147483647,
                                int64_t{1} << 53,
                                std::numeric_limits<int64_t>::max(),
                                std::numeric_limits<int64_t>::min(),
                                "",
                                "\x1B[31m\n",
                                "0",
                                std::string(200, 'a'),
                                std::string(70, '('),
                                Array{},
                                Object{}};
  Array *array = value.getAsArray();
  Object *object = value.getAsObject();
  std::optional<int64_t> number = value.getAsInteger();
  unsigned choice = random() % 8;
  if (choice < 3) {
    value = edges[random() % std::size(edges)];
  } else if (choice < 5) {
    // A copy: the other may be a part of this one.
    Value other = any();
    value = std::move(other);
  } else if (array) {
    if (array->empty() || choice == 5)
      array->push_back(Value(any()));
    else
      array->erase(array->begin() + random() % array->size());
  } else if (object && !object->empty()) {
    auto field = object->begin();
    std::advance(field, random() % object->size());
    std::string key = field->first.str();
    if (choice == 5)
      object->erase(key);
    else if (choice == 6)
      (*object)[parts.keys[random() % parts.keys.size()]] = Value(field->second);
    else
      (*object)[mutateText(key)] = Value(field->second);
  } else if (std::optional<llvm::StringRef> text = value.getAsString()) {
    value = mutateText(*text);
  } else if (number) {
    value = *number / 2 + (choice == 5 ? 0 : choice == 6 ? 1 : *number / 3);
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  auto json = frit::parseJSON({reinterpret_cast<const char *>(bytes), size});
  if (!json || random() % 4 == 0)
    return LLVMFuzzerMutate(bytes, size, maxSize);
  mutate(*json, random);
  std::string text = llvm::formatv("{0}", *json).str();
  if (text.size() > maxSize)
    return LLVMFuzzerMutate(bytes, size, maxSize);
  std::memcpy(bytes, text.data(), text.size());
  return text.size();
}
