//===- ModelTest.cpp - the interpreter on whole models ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// data/tiny.gguf and what transformers computes from it; see make_tiny_expected.py.
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "lib/Import/Import.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "test/unit/Reference/TestModel.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

namespace {

constexpr int64_t tokenCount = 12, vocabulary = 288;
/// Of the largest logit, about 10: the norms and angles of the expected values are f32.
constexpr double tolerance = 2e-5;

std::string dataPath(const char *name) { return std::string(FRIT_TEST_DIR "/data/") + name; }

std::vector<int32_t> testTokens() {
  std::vector<int32_t> tokens;
  tokens.reserve(tokenCount);
  for (int32_t i = 0; i < tokenCount; ++i)
    tokens.push_back((7 + 23 * i) % vocabulary);
  return tokens;
}

std::vector<float> expectedLogits() {
  std::vector<float> logits(tokenCount * vocabulary);
  auto buffer = llvm::MemoryBuffer::getFile(dataPath("tiny.logits"));
  EXPECT_TRUE(buffer && (*buffer)->getBufferSize() == logits.size() * sizeof(float));
  if (buffer)
    std::memcpy(logits.data(), (*buffer)->getBufferStart(), (*buffer)->getBufferSize());
  return logits;
}

class TinyModel : public ::testing::Test, public TestContext {
protected:
  TinyModel() : module(importModel(dataPath("tiny.gguf"), context)) {}

  void SetUp() override { ASSERT_TRUE(module) << (errors.empty() ? "" : errors.front()); }

  /// The logits of `batches`, one after the other, on fresh caches.
  template <typename T>
  std::vector<T> run(llvm::ArrayRef<Batch> batches, uint64_t cacheBytes = 0) {
    WeightReader weights(FRIT_TEST_DIR "/data", cacheBytes);
    Interpreter<T> interpreter(*module, weights);
    FailureOr<std::vector<KVCache<T>>> caches = interpreter.createCaches("forward", 16, 2);
    std::vector<T> logits;
    for (const Batch &batch : batches) {
      if (failed(caches))
        break;
      FailureOr<Tensor<T>> result = interpreter.run("forward", batch, *caches);
      if (failed(result))
        break;
      logits.insert(logits.end(), result->values.begin(), result->values.end());
    }
    EXPECT_TRUE(errors.empty()) << errors.front();
    return logits;
  }

  /// Runs passes, given as in --pass-pipeline, on the module.
  void transform(llvm::StringRef pipeline) {
    static const bool registered = (registerAllPasses(), true);
    (void)registered;
    FailureOr<OpPassManager> passes = parsePassPipeline(pipeline);
    ASSERT_TRUE(succeeded(passes));
    PassManager manager(&context, "builtin.module");
    static_cast<OpPassManager &>(manager) = std::move(*passes);
    ASSERT_TRUE(succeeded(manager.run(*module)));
  }

  OwningOpRef<ModuleOp> module;
};

TEST_F(TinyModel, AgreesWithTransformers) {
  EXPECT_LT(largestDifference(run<double>({makeBatch(testTokens())}), expectedLogits()), tolerance);
  EXPECT_LT(largestDifference(run<float>({makeBatch(testTokens())}), expectedLogits()), tolerance);
}

TEST_F(TinyModel, PrefillAndDecodeGiveTheSame) {
  std::vector<int32_t> tokens = testTokens();
  std::vector<Batch> batches = {makeBatch({tokens.begin(), tokens.begin() + 5}),
                                makeBatch({tokens.begin() + 5, tokens.begin() + 9}, 5)};
  for (int32_t i = 9; i < tokenCount; ++i)
    batches.push_back(makeBatch({tokens[i]}, i));
  // Nothing is summed in another order: not a bit may differ.
  EXPECT_EQ(run<float>(batches), run<float>({makeBatch(tokens)}));
}

TEST_F(TinyModel, SequencesDoNotSeeEachOther) {
  std::vector<int32_t> tokens = testTokens();
  Batch both;
  for (int32_t i = 0; i < tokenCount; ++i) {
    for (int32_t slot : {1, 0}) {
      both.ids.push_back(slot ? tokens[i] : 100 + i);
      both.positions.push_back(i);
      both.slots.push_back(slot);
      both.wanted.push_back(slot == 1);
    }
  }
  EXPECT_EQ(run<float>({both}), run<float>({makeBatch(tokens)}));
}

TEST_F(TinyModel, GivesOnlyWantedLogits) {
  Batch batch = makeBatch(testTokens());
  std::vector<double> all = run<double>({batch});
  batch.wanted.assign(tokenCount, false);
  EXPECT_TRUE(run<double>({batch}).empty());
  batch.wanted[11] = true;
  EXPECT_EQ(run<double>({batch}), std::vector<double>(all.begin() + 11 * vocabulary, all.end()));
}

TEST_F(TinyModel, CachedWeightsGiveTheSame) {
  std::vector<float> logits = run<float>({makeBatch(testTokens())});
  EXPECT_EQ(run<float>({makeBatch(testTokens())}, 20'000), logits); // a few of the weights
  EXPECT_EQ(run<float>({makeBatch(testTokens())}, 1'000'000), logits);
}

TEST_F(TinyModel, ObserversSeeLayersAndValues) {
  WeightReader weights(FRIT_TEST_DIR "/data");
  Interpreter<double> interpreter(*module, weights);
  auto caches = interpreter.createCaches("forward", 16);
  ASSERT_TRUE(succeeded(caches));
  std::vector<int64_t> layers;
  std::vector<double> lastStream;
  interpreter.afterLayer = [&](int64_t layer, const Tensor<double> &stream) {
    layers.push_back(layer);
    lastStream = stream.values;
    return success();
  };
  std::vector<std::string> ops;
  interpreter.afterValue = [&](mlir::Value value, const RuntimeValue<double> &runtimeValue) {
    if (Operation *op = value.getDefiningOp())
      ops.push_back(op->getName().getStringRef().str());
    if (value.getDefiningOp<graph::RepeatOp>()) {
      EXPECT_EQ(std::get<Tensor<double>>(runtimeValue).values, lastStream);
    }
    return success();
  };
  ASSERT_TRUE(succeeded(interpreter.run("forward", makeBatch({1, 2, 3}), *caches)));
  EXPECT_EQ(layers, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(lastStream.size(), 3u * 64);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "graph.attention"), 2);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "graph.linear"), 14);
  EXPECT_EQ(ops.back(), "graph.logits");

  // An observer ends the run.
  layers.clear();
  interpreter.afterLayer = [&](int64_t layer, const Tensor<double> &) {
    layers.push_back(layer);
    return failure();
  };
  EXPECT_TRUE(failed(interpreter.run("forward", makeBatch({1}, 3), *caches)));
  EXPECT_EQ(layers, (std::vector<int64_t>{0}));
}

TEST_F(TinyModel, ObserversChangeValues) {
  WeightReader weights(FRIT_TEST_DIR "/data");
  Interpreter<double> interpreter(*module, weights);
  auto caches = interpreter.createCaches("forward", 16);
  ASSERT_TRUE(succeeded(caches));
  interpreter.afterLayer = [](int64_t layer, Tensor<double> &stream) {
    if (layer == 1)
      std::fill(stream.values.begin(), stream.values.end(), 0);
    return success();
  };
  auto zeros = interpreter.run("forward", makeBatch({1, 2, 3}), *caches);
  ASSERT_TRUE(succeeded(zeros));
  EXPECT_EQ(zeros->values, std::vector<double>(3 * vocabulary, 0));

  interpreter.afterValue = [](mlir::Value value, RuntimeValue<double> &runtimeValue) {
    if (value.getDefiningOp<graph::LogitsOp>())
      std::get<Tensor<double>>(runtimeValue).values.assign(3 * vocabulary, 7);
    return success();
  };
  auto sevens = interpreter.run("forward", makeBatch({1, 2, 3}), *caches);
  ASSERT_TRUE(succeeded(sevens));
  EXPECT_EQ(sevens->values, std::vector<double>(3 * vocabulary, 7));
}

// The algebra that runs before fusion, and fusion itself, change no meaning.
TEST_F(TinyModel, NormalizedGivesTheSame) {
  std::vector<double> logits = run<double>({makeBatch(testTokens())});
  transform("builtin.module(frit-normalize-rope)");
  EXPECT_LT(largestDifference(run<double>({makeBatch(testTokens())}), logits), 1e-12);
}

TEST_F(TinyModel, FusedGivesTheSame) {
  transform("builtin.module(frit-normalize-rope,frit-plan-cache{type=f32})");
  std::vector<float> logits = run<float>({makeBatch(testTokens())});
  transform("builtin.module(frit-form-phases)");
  EXPECT_FALSE(module->getOps<kernel::PhaseOp>().empty());
  EXPECT_EQ(run<float>({makeBatch(testTokens())}), logits);
}

/// A machine with an int8 product.
constexpr const char *machineText = R"(#machine.target<"test", triple = "x86_64-unknown-linux-gnu",
    cpu = "x86-64-v3", features = ["avx2"], vector_bytes = 32, vector_registers = 16,
    instructions = [<"vpmaddubsw.256", 1, 8, 4, i8, ui8, i32>], memories = [<"l1", 32768 per core>]>)";

TEST_F(TinyModel, QuantizedStaysNear) {
  (*module)->setAttr(machine::targetAttrName, parseAttribute(machineText, &context));
  std::vector<double> exact = run<double>({makeBatch(testTokens())});
  transform(
      "builtin.module(frit-normalize-rope,frit-quantize-activations,frit-plan-cache{type=f16})");
  double difference = largestDifference(run<double>({makeBatch(testTokens())}), exact);
  EXPECT_LT(difference, 0.5); // of logits up to 10
  EXPECT_GT(difference, 1e-4);
  // In f32 and f64 the codes are the same but for those at a tie.
  EXPECT_LT(largestDifference(run<double>({makeBatch(testTokens())}),
                              run<float>({makeBatch(testTokens())})),
            0.1);
}

TEST_F(TinyModel, RefusesWhatDoesNotFit) {
  WeightReader weights(FRIT_TEST_DIR "/data");
  Interpreter<float> interpreter(*module, weights);
  auto caches = interpreter.createCaches("forward", 4);
  ASSERT_TRUE(succeeded(caches));
  auto expectError = [&](auto result, const std::string &message) {
    EXPECT_TRUE(failed(result));
    ASSERT_EQ(errors.size(), 1u) << message;
    EXPECT_NE(errors.front().find(message), std::string::npos) << errors.front();
    errors.clear();
  };
  MutableArrayRef<KVCache<float>> all(*caches);
  Batch uneven = makeBatch({1, 2});
  uneven.positions.pop_back();
  expectError(interpreter.run("forward", uneven, all),
              "expected a value of type '!graph.tokens', but got something else");
  expectError(interpreter.run("forward", makeBatch({1}), all.take_front(1)),
              "expected a value of type '!kv.caches<2>', but got 1 caches");
  expectError(interpreter.run("backward", makeBatch({1}), all),
              "expected a graph.func called @backward");
  expectError(interpreter.run("forward", makeBatch({288}), all),
              "expected ids from 0 to 287, but token 0 has 288");
  expectError(interpreter.run("forward", makeBatch({1, 2, 3, 4, 5}), all),
              "expected positions below the capacity of 4, but token 4 has 4");
  expectError(interpreter.run("forward", makeBatch({1}, -1), all),
              "expected positions below the capacity of 4, but token 0 has -1");
  expectError(interpreter.run("forward", makeBatch({1}, 0, 1), all),
              "expected slots below 1, but got 1");
  expectError(interpreter.run("forward", makeBatch({1}, 0, -1), all),
              "expected slots below 1, but got -1");
  expectError(interpreter.createCaches("forward", 0),
              "expected a positive capacity and 1 to 65536 slots");
  // After all this it still works.
  EXPECT_TRUE(succeeded(interpreter.run("forward", makeBatch({1}), all)));
}

// A weight of another model's cache: the types tell.
TEST_F(TinyModel, RefusesCachesOfAnotherType) {
  WeightReader weights(FRIT_TEST_DIR "/data");
  Interpreter<float> interpreter(*module, weights);
  std::vector<KVCache<float>> caches;
  for (int i = 0; i < 2; ++i) {
    auto cache = KVCache<float>::create(UnknownLoc::get(&context),
                                        kv::CacheType::get(&context, 2, 8), 16, 1);
    ASSERT_TRUE(succeeded(cache));
    caches.push_back(std::move(*cache));
  }
  EXPECT_TRUE(failed(interpreter.run("forward", makeBatch({1}), caches)));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("but got a cache of another type"), std::string::npos) << errors[0];
}

/// SmolLM2, whose GGUF file FRIT_TEST_SMOLLM2 names: greedy tokens of transformers, from the
/// expected values in test/models/smollm2, each predicted from those before it.
TEST(SmolLM2, PredictsTheTokensOfTransformers) {
  const char *path = std::getenv("FRIT_TEST_SMOLLM2");
  // Set but empty is an error: the scripts that count on it always set it.
  if (!path)
    GTEST_SKIP() << "FRIT_TEST_SMOLLM2 names no model";
  TestContext test;
  OwningOpRef<ModuleOp> module = importModel(path, test.context);
  ASSERT_TRUE(module) << (test.errors.empty() ? "" : test.errors.front());
  auto buffer = llvm::MemoryBuffer::getFile(FRIT_TEST_DIR "/../../models/smollm2/greedy.json");
  ASSERT_TRUE(static_cast<bool>(buffer));
  auto json = llvm::json::parse((*buffer)->getBuffer());
  ASSERT_TRUE(static_cast<bool>(json));

  llvm::StringRef directory = llvm::StringRef(path).rsplit('/').first;
  WeightReader weights(directory.str(), 1 << 30);
  Interpreter<float> interpreter(*module, weights);
  const llvm::json::Object &prompt = *(*json->getAsObject()->getArray("prompts"))[0].getAsObject();
  std::vector<int32_t> ids;
  for (const char *key : {"prompt", "tokens"})
    for (const llvm::json::Value &id : *prompt.getArray(key))
      ids.push_back(static_cast<int32_t>(*id.getAsInteger()));
  size_t promptTokens = prompt.getArray("prompt")->size();
  ids.resize(promptTokens + 12);

  auto caches = interpreter.createCaches("forward", static_cast<int64_t>(ids.size()));
  ASSERT_TRUE(succeeded(caches));
  auto logits = interpreter.run("forward", makeBatch(ids), *caches);
  ASSERT_TRUE(succeeded(logits)) << (test.errors.empty() ? "" : test.errors.front());
  for (size_t i = promptTokens; i < ids.size(); ++i) {
    const float *row = logits->row(static_cast<int64_t>(i) - 1);
    EXPECT_EQ(std::max_element(row, row + logits->columns) - row, ids[i]) << "at " << i;
  }
}

} // namespace
