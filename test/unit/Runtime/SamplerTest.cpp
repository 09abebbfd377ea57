//===- SamplerTest.cpp - draws what numpy draws ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Sampler.h"

#include "FakeBundle.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <sstream>

using namespace frit;
using namespace frit::test;

static constexpr float infinity = std::numeric_limits<float>::infinity();
static const float notANumber = std::numeric_limits<float>::quiet_NaN();

static Sampler make(const SamplerOptions &options) {
  auto sampler = Sampler::create(options);
  EXPECT_TRUE(sampler) << sampler.error();
  return *std::move(sampler);
}

template <typename Number>
static std::vector<Number> parse(const std::string &text, int base = 10) {
  std::vector<Number> numbers;
  std::istringstream stream(text);
  for (std::string word; stream >> word;)
    numbers.push_back(static_cast<Number>(std::stoul(word, nullptr, base)));
  return numbers;
}

TEST(Sampler, DrawsWhatNumpyDraws) {
  std::istringstream file(readBytes(FRIT_TEST_DIR "/data/sampler.txt"));
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    SCOPED_TRACE(line.substr(0, 100));
    std::vector<std::string> fields;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, '\t');)
      fields.push_back(field);
    ASSERT_EQ(fields.size(), 10u);
    SamplerOptions options;
    options.temperature = std::stof(fields[0]);
    options.topK = std::stoi(fields[1]);
    options.topP = std::stof(fields[2]);
    options.minP = std::stof(fields[3]);
    options.repeatPenalty = std::stof(fields[4]);
    options.repeatWindow = std::stoi(fields[5]);
    options.seed = static_cast<uint32_t>(std::stoul(fields[6]));
    std::vector<float> logits;
    for (uint32_t bits : parse<uint32_t>(fields[8], 16))
      logits.push_back(std::bit_cast<float>(bits));

    Sampler sampler = make(options);
    for (int round = 0; round < 2; ++round) { // the second one after reset()
      for (auto id : parse<int32_t>(fields[7]))
        sampler.accept(id);
      for (auto expected : parse<int32_t>(fields[9])) {
        int32_t drawn = sampler.sample(logits);
        ASSERT_EQ(drawn, expected);
        sampler.accept(drawn);
      }
      sampler.reset();
    }
  }
  EXPECT_GT(cases, 80);
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  for (size_t size : {1023UL, 1024UL, 1025UL, 5000UL})
    for (size_t at = 0; at < size; at += 37) {
      std::vector<float> logits(size, -7);
      logits[at] = logits[size - 1] = -3;
      ASSERT_EQ(findLargest(logits), static_cast<int32_t>(at)) << size;
    }
  // Every length around the vector width, every place of the largest.
  for (size_t size = 1; size < 100; ++size)
    for (size_t at = 0; at < size; ++at) {
      std::vector<float> logits(size, -7);
      logits[at] = logits[size - 1] = -3;
      ASSERT_EQ(findLargest(logits), static_cast<int32_t>(at)) << size;
      ASSERT_EQ(make({}).sample(logits), static_cast<int32_t>(at)) << size;
    }
}

TEST(Sampler, ValuesThatAreNoNumbers) {
  std::vector<float> allNaN(50, notANumber), allMinus(50, -infinity), some(50, -infinity);
  some[7] = notANumber;
  some[9] = -1e30F;
  std::vector<float> plus(50, 1);
  plus[13] = infinity;
  for (float temperature : {0.0F, 1.0F})
    for (float penalty : {1.0F, 2.0F}) {
      Sampler sampler = make({.temperature = temperature,
                              .topK = 20,
                              .topP = 0.9F,
                              .minP = 0.1F,
                              .repeatPenalty = penalty});
      sampler.accept(9);
      EXPECT_EQ(sampler.sample(allNaN), 0);
      EXPECT_EQ(sampler.sample(allMinus), 0);
      EXPECT_EQ(sampler.sample(some), 9);
      EXPECT_EQ(sampler.sample(plus), 13);
    }
  // With a number to choose, NaN is never drawn.
  std::vector<float> mixed(64, notANumber);
  mixed[20] = mixed[40] = 0;
  Sampler sampler = make({.temperature = 5});
  for (int i = 0; i < 100; ++i) {
    int32_t id = sampler.sample(mixed);
    EXPECT_TRUE(id == 20 || id == 40) << id;
  }
}

/// Ids that the logits do not have are no reason to look outside of them.
TEST(Sampler, AcceptsAnyId) {
  Sampler sampler = make({.repeatPenalty = 2});
  for (int32_t id : {-1, INT32_MIN, INT32_MAX, 3})
    sampler.accept(id);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 2, 3}), 2);
}

TEST(Sampler, FrequenciesFollowTheProbabilities) {
  std::vector<float> logits = {0, std::log(2.0F), std::log(5.0F)};
  Sampler sampler = make({.temperature = 1, .seed = 5});
  int counts[3] = {};
  for (int i = 0; i < 80'000; ++i)
    ++counts[sampler.sample(logits)];
  EXPECT_NEAR(counts[0], 10'000, 500);
  EXPECT_NEAR(counts[1], 20'000, 500);
  EXPECT_NEAR(counts[2], 50'000, 500);
}

TEST(Sampler, RefusesOptionsOutOfRange) {
  auto refusal = [](const SamplerOptions &options) {
    auto sampler = Sampler::create(options);
    return sampler ? "accepted" : sampler.error();
  };
  EXPECT_EQ(refusal({.temperature = -1}), "temperature: expected a number from 0, found -1");
  EXPECT_EQ(refusal({.temperature = notANumber}),
            "temperature: expected a number from 0, found nan");
  EXPECT_EQ(refusal({.temperature = infinity}), "temperature: expected a number from 0, found inf");
  EXPECT_EQ(refusal({.topK = -2}), "top-k: expected a number from 0 (all), found -2");
  EXPECT_EQ(refusal({.topP = 1.5F}), "top-p: expected a number from 0 to 1, found 1.5");
  EXPECT_EQ(refusal({.topP = notANumber}), "top-p: expected a number from 0 to 1, found nan");
  EXPECT_EQ(refusal({.minP = -0.5F}), "min-p: expected a number from 0 to 1, found -0.5");
  EXPECT_EQ(refusal({.repeatPenalty = 0}), "repeat penalty: expected a number above 0, found 0");
  EXPECT_EQ(refusal({.repeatPenalty = infinity}),
            "repeat penalty: expected a number above 0, found inf");
  EXPECT_EQ(refusal({.repeatWindow = -1}),
            "repeat window: expected a number from 0 to 1048576, found -1");
}
