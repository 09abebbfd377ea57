//===- Hyperparameters.cpp - the numbers of a model -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Hyperparameters.h"

using namespace frit;
using llvm::StringRef;
using llvm::Twine;

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

std::optional<double> Hyperparameters::getForOwnOrigin(StringRef name, int64_t layer) {
  Origin before = std::exchange(says, checkpoint.origin());
  std::optional<double> value = get(name, layer);
  says = before;
  return value;
}

std::optional<double> Hyperparameters::evaluateFor(Origin origin, const Expression &expression,
                                                   StringRef place, ValueKind kind, int64_t layer) {
  says = origin;
  std::optional<double> value = evaluate(expression, place, kind, layer);
  says = checkpoint.origin();
  return value;
}

std::optional<int64_t> Hyperparameters::getCount(StringRef name, int64_t layer) {
  std::optional<double> value = get(name, layer);
  if (!value)
    return std::nullopt;
  if (accepts(ValueKind::Count, *value))
    return static_cast<int64_t>(*value);
  problems.add("record " + record.name, name + " = " + formatNumber(*value) + " is not " +
                                            frit::describe(ValueKind::Count) +
                                            "; say so in the record with \"is\": \"count\"");
  return std::nullopt;
}

std::optional<double> Hyperparameters::evaluate(const Expression &expression, StringRef place,
                                                ValueKind kind, int64_t layer) {
  bool known = true;
  llvm::SmallVector<std::pair<StringRef, double>, 8> inputs;
  Result<double> value = expression.evaluate([&](StringRef name) -> Result<double> {
    std::optional<double> input;
    if (name == "layer" && layer != wholeModel)
      input = static_cast<double>(layer);
    else if (name == "gguf")
      input = double(says == Origin::GGUF);
    else if (name == "layer")
      return Failure("'layer' has no value outside the layers");
    else
      input = getForOwnOrigin(name, layer);
    if (!input) {
      known = false; // And why is in `problems`.
      return Failure("no value");
    }
    if (name != "gguf")
      inputs.emplace_back(name, *input);
    return *input;
  });
  if (!known)
    return std::nullopt;
  if (value && accepts(kind, *value))
    return *value;
  std::string given;
  for (const auto &[name, input] : inputs)
    given += (given.empty() ? " for " : ", ") + (name + " = " + formatNumber(input)).str();
  if (!value)
    problems.add(place, StringRef(value.error()) + given);
  else
    problems.add(place, "expected " + frit::describe(kind) + ", but '" + expression.text() +
                            "' is " + formatNumber(*value) + given);
  return std::nullopt;
}

std::optional<double> Hyperparameters::fromChoices(const Hyperparameter &parameter,
                                                   const std::string &place,
                                                   const CheckpointValue &value, int64_t layer) {
  Result<std::string_view> text = value.asText();
  if (!text) {
    problems.add(place, text.error());
    return std::nullopt;
  }
  for (const auto &[choice, expression] : parameter.choices)
    if (choice == *text)
      return evaluate(expression, place, parameter.kind, layer);
  if (parameter.others)
    return evaluate(*parameter.others, place, parameter.kind, layer);
  problems.add(place, "frit does not support " + parameter.what + " (" + value.describe() + "); " +
                          parameter.instead);
  return std::nullopt;
}

/// A single value, or that of a layer.
std::optional<double> Hyperparameters::fromElement(const Hyperparameter &parameter,
                                                   const std::string &place,
                                                   const CheckpointValue &value, int64_t layer) {
  if (!parameter.choices.empty())
    return fromChoices(parameter, place, value, layer);
  if (parameter.kind == ValueKind::Flag) {
    if (Result<bool> flag = value.asBool())
      return double(*flag);
    problems.add(place, "expected true or false, found " + value.describe());
    return std::nullopt;
  }
  Result<double> number = value.asNumber();
  if (!number) {
    problems.add(place, number.error());
    return std::nullopt;
  }
  if (!accepts(parameter.kind, *number)) {
    problems.add(place,
                 "expected " + frit::describe(parameter.kind) + ", found " + value.describe());
    return std::nullopt;
  }
  return *number;
}

std::optional<double> Hyperparameters::fromFile(const Hyperparameter &parameter,
                                                const std::string &key,
                                                const CheckpointValue &value, int64_t layer) {
  std::string place = checkpoint.describeKey(key);
  // Of a number, one may stand for all layers; a list of texts is a list.
  if (!value.isArray() && parameter.perLayer && !parameter.choices.empty()) {
    problems.add(place, "expected a list of a text for each layer, found " + value.describe());
    return std::nullopt;
  }
  if (!value.isArray() || !parameter.perLayer)
    return fromElement(parameter, place, value, layer);
  if (layer == wholeModel) {
    problems.add(place, "expected one value for the whole model, found " + value.describe());
    return std::nullopt;
  }
  if (layers && value.size() != static_cast<uint64_t>(*layers)) {
    problems.add(place, "expected one value for each of " + Twine(*layers) + " layers, found " +
                            value.describe());
    return std::nullopt;
  }
  std::vector<CheckpointValue> &elements = arrays[&parameter];
  if (elements.empty())
    elements = value.elements();
  return fromElement(parameter, place + " of layer " + std::to_string(layer), elements[layer],
                     layer);
}

const CheckpointValue *Hyperparameters::find(const ByOrigin<Names> &keys, std::string &key) const {
  for (const std::string &name : keys[checkpoint.origin()]) {
    key = expandKey(name);
    if (const CheckpointValue *value = checkpoint.find(key))
      return value;
  }
  return nullptr;
}

std::string Hyperparameters::describe(const Hyperparameter &parameter) const {
  const Names &names = parameter.keys[checkpoint.origin()];
  return names.empty() ? "record " + record.name + ", " + parameter.name
                       : checkpoint.describeKey(expandKey(names.front()));
}

std::optional<double> Hyperparameters::compute(const Hyperparameter &parameter, int64_t layer) {
  std::string key;
  if (const CheckpointValue *value = find(parameter.keys, key))
    return fromFile(parameter, key, *value, layer);

  std::string lengthKey = expandKey(parameter.lengthOf);
  if (const CheckpointValue *array = lengthKey.empty() ? nullptr : checkpoint.find(lengthKey)) {
    double length = static_cast<double>(array->size());
    if (array->isArray() && accepts(parameter.kind, length))
      return length;
    problems.add(checkpoint.describeKey(lengthKey), "expected an array whose length is " +
                                                        frit::describe(parameter.kind) +
                                                        ", found " + array->describe());
    return std::nullopt;
  }
  // null turns off what can be off, whatever it would be if nothing were said.
  bool canBeOff = parameter.kind == ValueKind::Size || parameter.kind == ValueKind::NonNegative ||
                  parameter.kind == ValueKind::Flag;
  if (canBeOff && !parameter.perLayer &&
      llvm::any_of(parameter.keys[checkpoint.origin()],
                   [&](const std::string &name) { return checkpoint.isNull(expandKey(name)); }))
    return 0;
  std::string place = describe(parameter);
  if (const std::optional<Expression> &fallback = parameter.fallback[checkpoint.origin()])
    return evaluate(*fallback,
                    parameter.keys[checkpoint.origin()].empty() ? place : place + " (absent)",
                    parameter.kind, layer);
  problems.add(place, "is missing, but the model's " + parameter.name + " is needed" +
                          (checkpoint.origin() == Origin::GGUF
                               ? "; a converter of this architecture writes it"
                               : "; is the file that of the model, unchanged?"));
  return std::nullopt;
}
