//===- Hyperparameters.cpp - the numbers of a model -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Hyperparameters.h"

#include "llvm/ADT/StringExtras.h"

#include <charconv>
#include <cmath>

using namespace frit;
using llvm::StringRef;
using llvm::Twine;

std::string frit::formatNumber(double number) {
  char buffer[32];
  auto result = std::to_chars(buffer, buffer + sizeof(buffer), number);
  return std::string(buffer, result.ptr);
}

Result<double> frit::readNumber(const GGUFValue &value) {
  Result<double> number = value.asFloat();
  if (!number || value.type() != GGUFType::F32 || !std::isfinite(*number))
    return number;
  char buffer[32];
  auto written = std::to_chars(buffer, buffer + sizeof(buffer), static_cast<float>(*number));
  double shortest = 0;
  std::from_chars(buffer, written.ptr, shortest);
  return shortest;
}

std::string frit::formatValue(const GGUFValue &value) {
  if (value.type() == GGUFType::Bool)
    if (Result<bool> boolean = value.asBool())
      return *boolean ? "true" : "false";
  if (value.type() == GGUFType::String)
    if (Result<std::string_view> text = value.asString()) {
      std::string printable;
      llvm::raw_string_ostream stream(printable);
      llvm::printEscapedString(StringRef(*text).take_front(60), stream);
      return "'" + printable + (text->size() > 60 ? "...'" : "'");
    }
  if (value.type() == GGUFType::Array)
    return value.typeName() + " of " + std::to_string(value.size());
  if (Result<uint64_t> number = value.asUInt())
    return std::to_string(*number);
  if (Result<int64_t> number = value.asInt())
    return std::to_string(*number);
  if (Result<double> number = readNumber(value))
    return formatNumber(*number);
  return value.typeName();
}

std::string Hyperparameters::expandKey(StringRef key) const {
  auto [prefix, suffix] = key.split("{arch}");
  return prefix.size() == key.size() ? key.str() : (prefix + architecture + suffix).str();
}

std::optional<double> Hyperparameters::get(StringRef name, int64_t layer) {
  const Hyperparameter *parameter = record.findHyperparameter(name);
  auto cached = values.find({parameter, layer});
  if (cached != values.end())
    return cached->second;
  // Records have no cycles, so that this ends.
  std::optional<double> value = compute(*parameter, layer);
  values[{parameter, layer}] = value;
  return value;
}

std::optional<int64_t> Hyperparameters::getCount(StringRef name, int64_t layer) {
  std::optional<double> value = get(name, layer);
  if (!value)
    return std::nullopt;
  if (accepts(ValueKind::Count, *value))
    return static_cast<int64_t>(*value);
  problems.add("record " + record.name, name + " = " + formatNumber(*value) + " is not " +
                                            describe(ValueKind::Count) +
                                            "; say so in the record with \"is\": \"count\"");
  return std::nullopt;
}

std::optional<double> Hyperparameters::evaluate(const Expression &expression, StringRef place,
                                                ValueKind kind, int64_t layer) {
  bool known = true;
  std::string inputs;
  Result<double> value = expression.evaluate([&](StringRef name) -> Result<double> {
    std::optional<double> input;
    if (name == "layer" && layer != wholeModel)
      input = static_cast<double>(layer);
    else if (name == "layer")
      return Failure("'layer' has no value outside the layers");
    else
      input = get(name, layer);
    if (!input) {
      known = false; // And why is in `problems`.
      return Failure("no value");
    }
    inputs += (inputs.empty() ? "" : ", ") + (name + " = " + formatNumber(*input)).str();
    return *input;
  });
  if (!known)
    return std::nullopt;
  std::string given = inputs.empty() ? "" : " for " + inputs;
  if (!value) {
    problems.add(place, StringRef(value.error()) + given);
    return std::nullopt;
  }
  if (!accepts(kind, *value)) {
    problems.add(place, "expected " + describe(kind) + ", but '" + expression.text() + "' is " +
                            formatNumber(*value) + given);
    return std::nullopt;
  }
  return *value;
}

std::optional<double> Hyperparameters::fromChoices(const Hyperparameter &parameter,
                                                   const std::string &key, const GGUFValue &value,
                                                   int64_t layer) {
  Result<std::string_view> text = value.asString();
  if (!text) {
    problems.add("key " + key, text.error());
    return std::nullopt;
  }
  for (const auto &[choice, expression] : parameter.choices)
    if (choice == *text)
      return evaluate(expression, "key " + key, parameter.kind, layer);
  problems.add("key " + key, "frit does not support " + parameter.what + " (" + formatValue(value) +
                                 "); " + parameter.instead);
  return std::nullopt;
}

std::optional<double> Hyperparameters::fromFile(const Hyperparameter &parameter,
                                                const std::string &key, const GGUFValue &value,
                                                int64_t layer) {
  if (!parameter.choices.empty())
    return fromChoices(parameter, key, value, layer);
  Result<double> number = 0.0;
  std::string place = "key " + key;
  if (value.type() == GGUFType::Array && parameter.perLayer) {
    if (layer == wholeModel) {
      problems.add(place, "expected one number for the whole model, found " + formatValue(value));
      return std::nullopt;
    }
    if (layers && value.size() != static_cast<uint64_t>(*layers)) {
      problems.add(place, "expected one number for each of " + Twine(*layers) + " layers, found " +
                              formatValue(value));
      return std::nullopt;
    }
    std::vector<GGUFValue> &elements = arrays[&parameter];
    if (elements.empty())
      elements = value.elements();
    number = readNumber(elements[layer]);
    place += " of layer " + std::to_string(layer);
  } else {
    number = readNumber(value);
  }
  if (!number) {
    problems.add(place, number.error());
    return std::nullopt;
  }
  if (!accepts(parameter.kind, *number)) {
    problems.add(
        place, "expected " + describe(parameter.kind) + ", found " +
                   (value.type() == GGUFType::Array ? formatNumber(*number) : formatValue(value)));
    return std::nullopt;
  }
  return *number;
}

std::optional<double> Hyperparameters::compute(const Hyperparameter &parameter, int64_t layer) {
  std::string key = expandKey(parameter.key);
  if (const GGUFValue *value = key.empty() ? nullptr : file.find(key))
    return fromFile(parameter, key, *value, layer);

  std::string place = key.empty() ? "record " + record.name + ", " + parameter.name : "key " + key;
  std::string lengthKey = expandKey(parameter.lengthOf);
  if (const GGUFValue *array = lengthKey.empty() ? nullptr : file.find(lengthKey)) {
    double length = static_cast<double>(array->size());
    if (array->type() == GGUFType::Array && accepts(parameter.kind, length))
      return length;
    problems.add("key " + lengthKey, "expected an array whose length is " +
                                         describe(parameter.kind) + ", found " +
                                         formatValue(*array));
    return std::nullopt;
  }
  if (parameter.fallback)
    return evaluate(*parameter.fallback, place + " (absent)", parameter.kind, layer);
  problems.add(place, "is missing, but the model's " + parameter.name +
                          " is needed; a converter of this architecture writes it");
  return std::nullopt;
}
