//===- ObjectReader.cpp - one object of a record's JSON -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/ObjectReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace frit;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

void FirstProblem::fail(StringRef place, const Twine &message) {
  if (status)
    status = place.empty() ? Failure(message.str()) : Failure(message.str()).in(place);
}

ObjectReader::ObjectReader(FirstProblem &problem, const llvm::json::Value *value, std::string place)
    : problem(problem), place(std::move(place)) {
  if (!value)
    return;
  // Far more than a record needs, far fewer than values that need each other fill the stack with.
  constexpr size_t maxKeys = 512;
  object = value->getAsObject();
  if (!object) {
    fail("", "expected an object");
  } else if (object->size() > maxKeys) {
    fail("", "expected at most " + Twine(maxKeys) + " keys, found " + Twine(object->size()));
    object = nullptr;
  }
}

std::string ObjectReader::inside(StringRef key) const {
  return place.empty() ? key.str() : place + "." + key.str();
}

void ObjectReader::fail(StringRef key, const Twine &message) {
  problem.fail(key.empty() ? StringRef(place) : StringRef(inside(key)), message);
}

const llvm::json::Value *ObjectReader::find(StringRef key) {
  if (!llvm::is_contained(known, key))
    known.push_back(key.str());
  return object ? object->get(key) : nullptr;
}

const llvm::json::Value *ObjectReader::require(StringRef key) {
  const llvm::json::Value *value = find(key);
  if (!value)
    fail(key, "is missing");
  return value;
}

void ObjectReader::readText(StringRef key, std::string &result) {
  if (const llvm::json::Value *value = find(key))
    result = asText(key, *value);
}

void ObjectReader::readTexts(StringRef key, std::vector<std::string> &result) {
  for (const llvm::json::Value &value : elements(key))
    result.push_back(asText(key, value));
}

void ObjectReader::readNames(StringRef key, Names &result) {
  const llvm::json::Value *value = find(key);
  if (value && value->kind() == llvm::json::Value::String)
    result.push_back(asText(key, *value));
  else
    readTexts(key, result);
}

void ObjectReader::readNames(ByOrigin<Names> &result) {
  readNames("gguf", result[Origin::GGUF]);
  readNames("huggingface", result[Origin::HuggingFace]);
}

void ObjectReader::readBool(StringRef key, bool &result) {
  const llvm::json::Value *value = find(key);
  if (!value)
    return;
  if (std::optional<bool> boolean = value->getAsBoolean())
    result = *boolean;
  else
    fail(key, "expected true or false");
}

void ObjectReader::readExpression(StringRef key, Expression &result) {
  if (const llvm::json::Value *value = find(key))
    result = asExpression(key, *value);
}

ArrayRef<llvm::json::Value> ObjectReader::elements(StringRef key) {
  const llvm::json::Value *value = find(key);
  if (!value)
    return {};
  if (const llvm::json::Array *array = value->getAsArray())
    return {array->data(), array->size()};
  fail(key, "expected a list");
  return {};
}

std::string ObjectReader::asText(StringRef key, const llvm::json::Value &value) {
  if (std::optional<StringRef> text = value.getAsString())
    return text->str();
  fail(key, "expected a text");
  return "";
}

Expression ObjectReader::asExpression(StringRef key, const llvm::json::Value &value) {
  if (std::optional<double> number = value.getAsNumber()) {
    if (!std::isfinite(*number))
      fail(key, "expected a finite number");
    return Expression::constant(*number);
  }
  if (std::optional<StringRef> text = value.getAsString()) {
    Result<Expression> expression = Expression::parse(*text);
    if (expression)
      return *std::move(expression);
    fail(key, expression.error());
  } else {
    fail(key, "expected a number or an expression");
  }
  return Expression::constant(0);
}

std::vector<std::string> ObjectReader::keys() const {
  std::vector<std::string> result;
  if (object)
    for (const auto &field : *object)
      result.push_back(field.first.str());
  llvm::sort(result);
  return result;
}

void ObjectReader::finish() {
  std::vector<std::string> unknown;
  for (const std::string &key : keys())
    if (!llvm::is_contained(known, key))
      unknown.push_back("'" + key + "'");
  if (!unknown.empty())
    fail("", (unknown.size() == 1 ? "unknown key " : "unknown keys ") + llvm::join(unknown, ", ") +
                 "; known are " + llvm::join(known, ", "));
}
