//===- RopeScaling.cpp - RoPE beyond the context of training ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/RopeScaling.h"

#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <cstring>

using namespace frit;
using llvm::StringRef;

double RopeReader::evaluate(const Expression &expression, StringRef name, ValueKind kind,
                            int64_t layer) {
  // 1 is harmless in what is computed before the problems are looked at.
  return numbers.evaluate(expression, ("rope." + name).str(), kind, layer).value_or(1);
}

/// transformers 4 says rope_scaling, transformers 5 rope_parameters. A config.json that says both
/// must say one thing: the versions read different ones.
void RopeReader::checkSpellings() {
  constexpr StringRef prefixes[] = {"rope_scaling.", "rope_parameters."};
  llvm::StringMap<const CheckpointValue *> said[2];
  for (const Checkpoint::Entry &entry : checkpoint.entries())
    for (auto [index, prefix] : llvm::enumerate(prefixes))
      if (StringRef key = entry.key; key.consume_front(prefix))
        said[index].try_emplace(key == "type" ? "rope_type" : key, &entry.value);
  if (said[0].empty() || said[1].empty())
    return;
  // That may stand outside, too.
  for (auto &values : said)
    values.erase("rope_theta");
  auto describe = [](const CheckpointValue *value) {
    return value ? value->describe() : std::string("nothing");
  };
  llvm::StringSet<> keys;
  for (auto &values : said)
    for (const auto &entry : values)
      keys.insert(entry.getKey());
  std::vector<StringRef> sorted(keys.keys().begin(), keys.keys().end());
  llvm::sort(sorted);
  for (StringRef key : sorted) {
    const CheckpointValue *older = said[0].lookup(key), *newer = said[1].lookup(key);
    if (!older || !newer || !older->equals(*newer))
      problems.add(checkpoint.describeKey((prefixes[0] + key).str()),
                   "expected what " + prefixes[1] + key + " says, " + describe(newer) + ", found " +
                       describe(older));
  }
}

/// Null: none, or one that is a problem.
const RopeScaling *RopeReader::findScaling() {
  std::string key, name = record.ropeScalingFallback[checkpoint.origin()];
  const CheckpointValue *value = numbers.find(record.ropeScalingKeys, key);
  if (value) {
    Result<std::string_view> text = value->asText();
    if (!text) {
      problems.add(checkpoint.describeKey(key), text.error());
      return nullptr;
    }
    name = *text;
  }
  std::string names;
  for (const auto &[known, scaling] : record.ropeScalings) {
    if (known == name)
      return &scaling;
    names += (names.empty() ? "" : ", ") + known;
  }
  if (value)
    problems.add(checkpoint.describeKey(key), "frit does not support this RoPE scaling (" +
                                                  value->describe() +
                                                  "); use a checkpoint whose RoPE scaling is one "
                                                  "of " +
                                                  names);
  return nullptr;
}

bool RopeReader::reads(const CheckpointTensor &tensor) const {
  return checkpoint.origin() == Origin::GGUF &&
         (llvm::is_contained(record.ropeFactors[Origin::GGUF], tensor.name) ||
          llvm::is_contained(record.ropeLongFactors[Origin::GGUF], tensor.name));
}

std::vector<double> RopeReader::readFactors(const ByOrigin<Names> &names, int64_t pairs) {
  std::vector<double> factors;
  auto add = [&](StringRef place, double factor) {
    if (!accepts(ValueKind::Positive, factor))
      problems.add(place, "expected frequency factors above 0, found " + formatNumber(factor));
    factors.push_back(factor);
  };
  std::string expected = "expected " + std::to_string(pairs) + " frequency factors, found ";
  if (checkpoint.origin() == Origin::HuggingFace) {
    std::string key;
    const CheckpointValue *value = numbers.find(names, key);
    if (!value)
      return {};
    std::string place = checkpoint.describeKey(key);
    if (!value->isArray() || value->size() != static_cast<uint64_t>(pairs)) {
      problems.add(place, expected + value->describe());
      return {};
    }
    for (const CheckpointValue &element : value->elements()) {
      Result<double> number = element.asNumber();
      add(place, number ? *number : 0);
    }
    return factors;
  }
  for (const std::string &name : names[Origin::GGUF]) {
    const CheckpointTensor *tensor = checkpoint.findTensor(name);
    if (!tensor)
      continue;
    if (tensor->format != Format::F32 || tensor->shape.size() != 1 || tensor->shape[0] != pairs) {
      problems.add("tensor " + name, "expected " + llvm::Twine(pairs) +
                                         " frequency factors in F32, found " +
                                         llvm::Twine(tensor->shape.empty() ? 1 : tensor->shape[0]) +
                                         " in " + StringRef(tensor->typeName));
      return {};
    }
    for (int64_t i = 0; i < pairs; ++i) {
      float factor;
      std::memcpy(&factor, tensor->data + 4 * i, 4);
      add("tensor " + name, std::isfinite(factor) ? shortestDecimal(factor) : 0);
    }
    return factors;
  }
  return {};
}

/// Of a scaling, whose numbers may each be right and give none together.
void RopeReader::addFactor(RopeSpec &rope, double factor) {
  if (!accepts(ValueKind::Positive, factor))
    problems.add("rope.scaling", "expected numbers that give frequency factors above 0, found " +
                                     formatNumber(factor));
  rope.factors.push_back(factor);
}

/// Long waves are stretched, short ones are not. Source: Llama 3.1, `apply_scaling` in model.py.
void RopeReader::scaleLlama3(const RopeScaling &scaling, double factor, int64_t layer,
                             RopeSpec &rope) {
  constexpr StringRef place = "scaling.low_frequency and high_frequency";
  auto number = [&](const Expression &expression) {
    return numbers.evaluate(expression, ("rope." + place).str(), ValueKind::Positive, layer);
  };
  std::optional<double> lowest = number(scaling.lowFrequency);
  std::optional<double> highest = number(scaling.highFrequency);
  if (!lowest || !highest)
    return;
  double low = *lowest, high = *highest;
  if (low >= high)
    return problems.add(("rope." + place).str(),
                        "expected a low frequency below the high one, found " + formatNumber(low) +
                            " and " + formatNumber(high));
  auto context = static_cast<double>(rope.originalContext);
  for (int64_t i = 0; i < rope.dim / 2; ++i) {
    double length =
        2 * M_PI *
        std::pow(rope.theta, 2.0 * static_cast<double>(i) / static_cast<double>(rope.dim));
    double smooth = std::clamp((context / length - low) / (high - low), 0.0, 1.0);
    double scaled = 1 / ((1 - smooth) / factor + smooth);
    // As GGUF files store it, so that the same model gives the same numbers.
    addFactor(rope, shortestDecimal(static_cast<float>(scaled)));
  }
}

/// Source: Peng et al. 2023, YaRN; where it leaves things open, as transformers does.
void RopeReader::scaleYaRN(const RopeScaling &scaling, double factor, int64_t layer,
                           RopeSpec &rope) {
  if (factor < 1)
    return problems.add("rope.scaling.factor",
                        "expected at least 1 for YaRN, found " + formatNumber(factor));
  double fast = evaluate(scaling.betaFast, "scaling.beta_fast", ValueKind::Positive, layer);
  double slow = evaluate(scaling.betaSlow, "scaling.beta_slow", ValueKind::Positive, layer);
  auto dim = static_cast<double>(rope.dim);
  auto pairOfRotations = [&](double rotations) {
    return dim * std::log(static_cast<double>(rope.originalContext) / (rotations * 2 * M_PI)) /
           (2 * std::log(rope.theta));
  };
  double first = std::max(std::floor(pairOfRotations(fast)), 0.0);
  double last = std::min(std::ceil(pairOfRotations(slow)), dim - 1);
  if (first == last)
    last += 0.001;
  for (int64_t i = 0; i < rope.dim / 2; ++i) {
    double ramp = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
    addFactor(rope, 1 / (ramp / factor + (1 - ramp)));
  }
  if (rope.magnitude == 0)
    rope.magnitude = factor <= 1 ? 1 : 0.1 * std::log(factor) + 1;
}

RopeSpec RopeReader::read(int64_t layer) {
  RopeSpec rope;
  rope.dim = static_cast<int64_t>(
      numbers.evaluate(record.ropeDim, "rope.dim", ValueKind::Size, layer).value_or(0));
  if (rope.dim == 0)
    return rope;
  if (rope.dim % 2)
    return rope; // Which the resolver reports.
  // Far above any model's. The factors of 2^31 would fill the memory before the resolver sees that
  // no tensor has such heads.
  constexpr int64_t maxDim = 65536;
  if (rope.dim > maxDim) {
    problems.add("rope.dim",
                 "expected at most " + llvm::Twine(maxDim) + ", found " + llvm::Twine(rope.dim));
    return rope;
  }
  rope.theta = evaluate(record.ropeTheta, "theta", ValueKind::Positive, layer);
  rope.magnitude = evaluate(record.ropeMagnitude, "magnitude", ValueKind::NonNegative, layer);
  int64_t pairs = rope.dim / 2;
  const RopeScaling *scaling = findScaling();
  RopeScalingKind kind = scaling ? scaling->kind : RopeScalingKind::None;
  std::vector<double> factors = readFactors(record.ropeFactors, pairs);
  rope.longFactors = readFactors(record.ropeLongFactors, pairs);
  bool needsContext = kind == RopeScalingKind::Llama3 || kind == RopeScalingKind::YaRN ||
                      kind == RopeScalingKind::LongRope || !rope.longFactors.empty();
  if (needsContext)
    rope.originalContext = static_cast<int64_t>(
        evaluate(record.ropeOriginalContext, "original_context", ValueKind::Count, layer));
  double factor = 1;
  if (kind != RopeScalingKind::None)
    factor = evaluate(scaling->factor, "scaling.factor", ValueKind::Positive, layer);
  switch (kind) {
  case RopeScalingKind::None:
    break;
  case RopeScalingKind::Linear:
    rope.positionScale = 1 / factor;
    break;
  case RopeScalingKind::Llama3:
    // A file with factors has them from there.
    if (factors.empty())
      scaleLlama3(*scaling, factor, layer, rope);
    break;
  case RopeScalingKind::YaRN:
    scaleYaRN(*scaling, factor, layer, rope);
    break;
  case RopeScalingKind::LongRope:
    if (factors.empty() || rope.longFactors.empty())
      problems.add("rope.scaling", "expected short and long frequency factors for LongRoPE");
    if (rope.magnitude == 0 && factor > 1)
      rope.magnitude = shortestDecimal(static_cast<float>(
          std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(rope.originalContext)))));
    break;
  }
  if (!factors.empty())
    rope.factors = std::move(factors);
  if (rope.longFactors.empty() || rope.factors.empty()) {
    rope.longFactors.clear();
    rope.originalContext = 0;
  }
  if (rope.magnitude == 0)
    rope.magnitude = 1;
  for (auto [name, value] :
       {std::pair("magnitude", rope.magnitude), {"scale of positions", rope.positionScale}})
    if (!accepts(ValueKind::Positive, value))
      problems.add("rope.scaling", "expected numbers that give a " + llvm::Twine(name) +
                                       " above 0, found " + formatNumber(value));
  // Whoever asks for no scaling gets the IR of no scaling.
  if (rope.longFactors.empty() && llvm::all_of(rope.factors, [](double f) { return f == 1; }))
    rope.factors.clear();
  return rope;
}
