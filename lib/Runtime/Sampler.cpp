//===- Sampler.cpp - picks the next token from logits ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Sampler.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace frit;

static constexpr float minusInfinity = -std::numeric_limits<float>::infinity();

Result<Sampler> Sampler::create(const SamplerOptions &options) {
  auto number = [](float value) { return fmt::format("{}", value); };
  if (!(options.temperature >= 0) || std::isinf(options.temperature))
    return Failure("temperature: expected a number from 0, found ", number(options.temperature));
  if (options.topK < 0)
    return Failure("top-k: expected a number from 0 (all), found ", options.topK);
  if (!(options.topP >= 0 && options.topP <= 1))
    return Failure("top-p: expected a number from 0 to 1, found ", number(options.topP));
  if (!(options.minP >= 0 && options.minP <= 1))
    return Failure("min-p: expected a number from 0 to 1, found ", number(options.minP));
  if (!(options.repeatPenalty > 0) || std::isinf(options.repeatPenalty))
    return Failure("repeat penalty: expected a number above 0, found ",
                   number(options.repeatPenalty));
  if (options.repeatWindow < 0 || options.repeatWindow > maxRepeatWindow)
    return Failure("repeat window: expected a number from 0 to ", maxRepeatWindow, ", found ",
                   options.repeatWindow);
  return Sampler(options);
}

void Sampler::accept(int32_t id) {
  auto window = static_cast<size_t>(options.repeatWindow);
  if (window == 0)
    return;
  if (history.size() < window) {
    history.push_back(id);
  } else {
    history[oldest] = id;
    oldest = (oldest + 1) % window;
  }
}

void Sampler::reset() {
  history.clear();
  oldest = 0;
  random.seed(options.seed);
}

//===----------------------------------------------------------------------===//
// The filters
//===----------------------------------------------------------------------===//

/// Independent maxima, which the compiler keeps in vector registers. A NaN is never greater.
static float largestOf(std::span<const float> values) {
  constexpr size_t lanes = 32;
  float largest[lanes];
  std::fill(std::begin(largest), std::end(largest), minusInfinity);
  size_t whole = values.size() / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes)
    for (size_t lane = 0; lane < lanes; ++lane)
      largest[lane] = values[i + lane] > largest[lane] ? values[i + lane] : largest[lane];
  for (size_t i = whole; i < values.size(); ++i)
    largest[0] = values[i] > largest[0] ? values[i] : largest[0];
  return *std::max_element(std::begin(largest), std::end(largest));
}

int32_t frit::findLargest(std::span<const float> values) {
  // The block with the first of the largest values, then the value in it.
  constexpr size_t blockSize = 1024;
  float maximum = minusInfinity;
  size_t bestBlock = 0;
  for (size_t begin = 0; begin < values.size(); begin += blockSize) {
    auto block = values.subspan(begin, std::min(blockSize, values.size() - begin));
    float largest = largestOf(block);
    if (largest > maximum) {
      maximum = largest;
      bestBlock = begin;
    }
  }
  for (size_t i = bestBlock; i < values.size(); ++i)
    if (values[i] == maximum)
      return static_cast<int32_t>(i);
  return 0;
}

void Sampler::applyRepeatPenalty(std::vector<float> &logits) {
  std::vector<int32_t> ids = history;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (int32_t id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= logits.size())
      continue;
    float &logit = logits[static_cast<size_t>(id)];
    logit = logit > 0 ? logit / options.repeatPenalty : logit * options.repeatPenalty;
  }
}

void Sampler::keepTopK() {
  auto k = static_cast<size_t>(options.topK);
  if (k == 0 || k >= candidates.size())
    return;
  std::nth_element(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(k) - 1,
                   candidates.end());
  candidates.resize(k);
}

void Sampler::keepTopP() {
  if (options.topP >= 1)
    return;
  double largest = std::min_element(candidates.begin(), candidates.end())->logit;
  auto weight = [&](const Candidate &candidate) { return std::exp(candidate.logit - largest); };
  double total = 0;
  for (const Candidate &candidate : candidates)
    total += weight(candidate);
  // Few of many are kept as a rule: sort a growing part, not all of them.
  double sum = 0;
  size_t sorted = 0;
  for (size_t part = 64; sorted < candidates.size(); part *= 4) {
    auto begin = candidates.begin() + static_cast<ptrdiff_t>(sorted);
    auto end = candidates.begin() + static_cast<ptrdiff_t>(std::min(part, candidates.size()));
    std::partial_sort(begin, end, candidates.end());
    for (auto candidate = begin; candidate != end; ++candidate) {
      sum += weight(*candidate);
      if (sum >= options.topP * total) {
        candidates.erase(candidate + 1, candidates.end());
        return;
      }
    }
    sorted = static_cast<size_t>(end - candidates.begin());
  }
}

void Sampler::keepMinP() {
  if (options.minP <= 0)
    return;
  double bound = std::min_element(candidates.begin(), candidates.end())->logit +
                 std::log(static_cast<double>(options.minP));
  std::erase_if(candidates, [&](const Candidate &candidate) { return candidate.logit < bound; });
}

int32_t Sampler::draw() {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate &a, const Candidate &b) { return a.id < b.id; });
  const Candidate &best = *std::min_element(candidates.begin(), candidates.end());
  double largest = best.logit;
  double total = 0;
  for (const Candidate &candidate : candidates)
    total += std::exp((candidate.logit - largest) / options.temperature);
  uint32_t high = random() >> 5, low = random() >> 6;
  double u = (high * 67108864.0 + low) / 9007199254740992.0;
  double sum = 0;
  for (const Candidate &candidate : candidates) {
    sum += std::exp((candidate.logit - largest) / options.temperature);
    if (sum > u * total)
      return candidate.id;
  }
  return best.id;
}

int32_t Sampler::sample(std::span<const float> logits) {
  if (options.repeatPenalty != 1 && !history.empty()) {
    penalized.assign(logits.begin(), logits.end());
    applyRepeatPenalty(penalized);
    logits = penalized;
  }
  int32_t best = findLargest(logits);
  // The largest survives every filter. Where it is infinite there are no probabilities.
  if (options.temperature == 0 || !std::isfinite(logits[static_cast<size_t>(best)]))
    return best;
  candidates.clear();
  for (size_t id = 0; id < logits.size(); ++id)
    candidates.push_back(
        {std::isnan(logits[id]) ? minusInfinity : logits[id], static_cast<int32_t>(id)});
  keepTopK();
  keepTopP();
  keepMinP();
  return draw();
}
