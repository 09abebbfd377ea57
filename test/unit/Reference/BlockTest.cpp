//===- BlockTest.cpp - the interpreter on single blocks --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the replay of a phase does: bind the arguments of its reference, run it, take the results.
//
//===----------------------------------------------------------------------===//

#include "test/unit/Reference/TestModel.h"

#include <gtest/gtest.h>

#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

namespace {

constexpr const char *moduleText = R"mlir(
kernel.reference @sum(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %z = graph.residual %x, %y {scale = 2.0} : tensor<?x2xf32>
  kernel.yield %z, %x : tensor<?x2xf32>, tensor<?x2xf32>
}
kernel.reference @append(%k: tensor<?x2xf32>, %kv: !kv.cache<1x2, k = <f16>, v = <bf16>>, %tok: !graph.tokens) {
  kv.append %kv, %k, %k, %tok : !kv.cache<1x2, k = <f16>, v = <bf16>>, tensor<?x2xf32>, tensor<?x2xf32>, !graph.tokens
  kernel.yield
}
kernel.reference @quantize(%x: tensor<?x4xf32>) -> !graph.qtensor<?x4, block = 2> {
  %q = graph.quantize %x by 2 : tensor<?x4xf32>
  kernel.yield %q : !graph.qtensor<?x4, block = 2>
}
kernel.phase @forever(%x: tensor<?x2xf32>, %w: !graph.weight<2x2, f32>) attributes {reference = @forever.reference} {
  %y = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x2xf32>, !graph.weight<2x2, f32>
  kernel.call @forever(%x, %w) : (tensor<?x2xf32>, !graph.weight<2x2, f32>) -> ()
  kernel.yield
}
kernel.reference @forever.reference(%x: tensor<?x2xf32>, %w: !graph.weight<2x2, f32>) {
  kernel.call @forever(%x, %w) : (tensor<?x2xf32>, !graph.weight<2x2, f32>) -> ()
  kernel.yield
}
)mlir";

class Blocks : public ::testing::Test, public TestContext {
protected:
  using Value = RuntimeValue<float>;

  Blocks() : module(parse(moduleText)), weights(""), interpreter(*module, weights) {}

  void SetUp() override { ASSERT_TRUE(module) << (errors.empty() ? "" : errors.front()); }

  FailureOr<std::vector<Value>> run(StringRef name, std::vector<Value> arguments) {
    auto reference = module->lookupSymbol<kernel::ReferenceOp>(name);
    return interpreter.runBlock(reference.getBody().front(), arguments);
  }

  void expectError(const std::string &message) {
    ASSERT_EQ(errors.size(), 1u) << message;
    EXPECT_NE(errors.front().find(message), std::string::npos) << errors.front();
    errors.clear();
  }

  OwningOpRef<ModuleOp> module;
  WeightReader weights;
  Interpreter<float> interpreter;
};

TEST_F(Blocks, GiveTheOperandsOfTheTerminator) {
  Tensor<float> x = makeTensor<float>(1, 2, {1, 2}), y = makeTensor<float>(1, 2, {10, 20});
  auto results = run("sum", {x, y});
  ASSERT_TRUE(succeeded(results));
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ(std::get<Tensor<float>>((*results)[0]).values, (std::vector<float>{21, 42}));
  EXPECT_EQ(std::get<Tensor<float>>((*results)[1]).values, (std::vector<float>{1, 2}));
}

TEST_F(Blocks, RefuseArgumentsThatDoNotFit) {
  Tensor<float> x = makeTensor<float>(1, 2, {1, 2});
  EXPECT_TRUE(failed(run("sum", {x})));
  expectError("expected 2 arguments, but got 1");
  EXPECT_TRUE(failed(run("sum", {x, Tensor<float>(1, 3)})));
  expectError("expected a value of type 'tensor<?x2xf32>', but got 1x3");
  EXPECT_TRUE(failed(run("sum", {x, int64_t{3}})));
  expectError("expected a value of type 'tensor<?x2xf32>', but got something else");
  EXPECT_TRUE(failed(run("sum", {x, QuantizedTensor(1, 2, 2)})));
  expectError("expected a value of type 'tensor<?x2xf32>', but got something else");
}

TEST_F(Blocks, WriteCachesOfTheCaller) {
  auto append = module->lookupSymbol<kernel::ReferenceOp>("append");
  auto type = cast<kv::CacheType>(append.getFunctionType().getInput(1));
  auto cache = KVCache<float>::create(append.getLoc(), type, 8, 1);
  ASSERT_TRUE(succeeded(cache));
  // 1 + 2^-11 + 2^-24 rounds up in f16, and to 1 in bf16; 1 + 2^-11 is a tie and rounds to even.
  Tensor<float> x = makeTensor<float>(1, 2, {0x1.002002p0f, 0x1.002p0f});
  ASSERT_TRUE(succeeded(run("append", {x, &*cache, makeBatch({0}, 5)})));
  const auto &entries = cache->slot(0);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries.begin()->first, 5);
  EXPECT_EQ(entries.begin()->second.keys, (std::vector<float>{0x1.004p0f, 1}));
  EXPECT_EQ(entries.begin()->second.values, (std::vector<float>{1, 1}));
}

TEST_F(Blocks, QuantizeWhatIsNotFinite) {
  float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  auto results = run("quantize", {makeTensor<float>(2, 4, {1, infinity, 1, -127, nan, 1, 1, nan})});
  ASSERT_TRUE(succeeded(results));
  const auto &q = std::get<QuantizedTensor>(results->front());
  EXPECT_EQ(q.codes, (std::vector<int8_t>{0, 0, 1, -127, 0, 0, 0, 0}));
  EXPECT_EQ(q.scales[0], infinity);
  EXPECT_EQ(q.scales[1], 1);
  EXPECT_TRUE(std::isnan(q.scales[2]));
  EXPECT_TRUE(std::isnan(q.scales[3]));
  EXPECT_EQ(q.sums, (std::vector<int32_t>{0, -126, 0, 0}));
}

TEST_F(Blocks, QuantizeWhatHasNoScale) {
  float tiny = std::numeric_limits<float>::denorm_min(); // a 127th of it is 0
  auto results = run("quantize", {makeTensor<float>(1, 4, {tiny, -tiny, 0, 0})});
  ASSERT_TRUE(succeeded(results));
  const auto &q = std::get<QuantizedTensor>(results->front());
  EXPECT_EQ(q.codes, (std::vector<int8_t>{0, 0, 0, 0}));
  EXPECT_EQ(q.scales, (std::vector<float>{0, 0}));
}

TEST_F(Blocks, CacheWeightsByAddressTypeAndRows) {
  // Any file of a few floats will do.
  OwningOpRef<ModuleOp> files = parse(R"mlir(
graph.file @f "tiny.logits"
graph.weight @plain : !graph.weight<4x2, f32> at @f, 0
graph.weight @unpaired : !graph.weight<4x2, f32> at @f, 0 rows <4>
graph.weight @wide : !graph.weight<2x4, f32> at @f, 0
)mlir");
  ASSERT_TRUE(files);
  WeightReader direct(FRIT_TEST_DIR "/data"), cached(FRIT_TEST_DIR "/data", 1 << 20);
  std::vector<float> rows[2];
  for (WeightReader *reader : {&direct, &cached}) {
    for (auto op : files->getOps<graph::WeightOp>()) {
      FailureOr<Weight> weight = reader->find(op, FlatSymbolRefAttr::get(op.getSymNameAttr()),
                                              cast<graph::WeightType>(op.getType()), 0);
      ASSERT_TRUE(succeeded(weight));
      std::vector<float> scratch;
      for (int64_t row = 0; row < weight->rows(); ++row) {
        const float *values = reader->dequantize(*weight, row, scratch);
        rows[reader == &cached].insert(rows[reader == &cached].end(), values,
                                       values + weight->columns());
      }
    }
  }
  EXPECT_EQ(rows[0].size(), 24u);
  EXPECT_EQ(rows[0], rows[1]);
  EXPECT_EQ(rows[0][8 + 2], rows[0][4]); // row 1 of @unpaired is row 2 of the file
}

TEST_F(Blocks, SumInt8ProductsInF32OrWider) {
  // Two blocks: 2^24 * 127 + 127 has no f32, there it is rounded to the next multiple of 128.
  OwningOpRef<ModuleOp> product = parse(R"mlir(
kernel.reference @product(%q: !graph.qtensor<?x64, block = 32>, %w: !graph.weight<1x64, q8_0>) -> tensor<?x1xf32> {
  %y = graph.linear %q, %w : !graph.qtensor<?x64, block = 32>, !graph.weight<1x64, q8_0>
  kernel.yield %y : tensor<?x1xf32>
}
)mlir");
  ASSERT_TRUE(product);
  uint8_t bytes[2 * 34] = {};
  bytes[1] = bytes[34 + 1] = 0x3c; // scales of 1
  bytes[2] = bytes[34 + 2] = 1;    // first codes of 1
  Weight weight{graph::WeightType::get(&context, {1, 64}, Format::Q8_0), {bytes}, {}};
  QuantizedTensor q(1, 64, 32);
  q.codes[0] = q.codes[32] = q.sums[0] = q.sums[1] = 127;
  q.scales = {0x1p24f, 1};

  auto reference = product->lookupSymbol<kernel::ReferenceOp>("product");
  Interpreter<double> wide(*product, weights);
  for (bool inT : {false, true}) {
    wide.wideBlockSums = inT;
    auto results = wide.runBlock(reference.getBody().front(), {q, weight});
    ASSERT_TRUE(succeeded(results));
    EXPECT_EQ(std::get<Tensor<double>>(results->front()).values[0],
              inT ? 0x1p24 * 127 + 127 : 0x1p24 * 127 + 128);
  }
}

TEST_F(Blocks, DoNotRunForever) {
  auto type = graph::WeightType::get(&context, {2, 2}, Format::F32);
  float identity[] = {1, 0, 0, 1};
  Weight weight{type, {reinterpret_cast<const uint8_t *>(identity)}, {}};
  EXPECT_TRUE(failed(run("forever.reference", {makeTensor<float>(1, 2, {1, 2}), weight})));
  expectError("expected at most 16 calls inside one another");
}

} // namespace
