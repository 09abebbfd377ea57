//===- RewriteTest.cpp - what rules rewrite stays the same in f64 ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The proofs of docs/algebra.md by numbers, for the rules that are passes: each is applied to a
// graph, and both are run on random and adversarial rows.
//
//===----------------------------------------------------------------------===//

#include "test/unit/Algebra/Rules.h"

using namespace mlir;
using namespace frit;
using namespace frit::reference;

namespace {

using RewriteRule = Rule;

/// A norm read by two products: `kind` and `offset` of the norm.
std::string normAndProducts(const std::string &attributes) {
  return R"mlir(
graph.weight @g : !graph.weight<192, f32> at @f0, 0
graph.weight @a : !graph.weight<48x192, f32> at @f0, 1024
graph.weight @b : !graph.weight<48x192, f32> at @f0, 40960
graph.func @f(%x: tensor<?x192xf32>) -> tensor<?x48xf32> {
  %g = graph.param @g : !graph.weight<192, f32>
  %a = graph.param @a : !graph.weight<48x192, f32>
  %b = graph.param @b : !graph.weight<48x192, f32>
  %n = graph.norm %x, %g {eps = 1.0e-6)mlir" +
         attributes + R"mlir(} : tensor<?x192xf32>, !graph.weight<192, f32>
  %0 = graph.linear %n, %a : tensor<?x192xf32>, !graph.weight<48x192, f32>
  %1 = graph.linear %n, %b : tensor<?x192xf32>, !graph.weight<48x192, f32>
  %y = graph.residual %0, %1 : tensor<?x48xf32>
  graph.return %y : tensor<?x48xf32>
}
)mlir";
}

TEST_F(RewriteRule, WeightsOfNormsFoldIntoProducts) {
  for (const char *attributes : {"", ", offset = 1.0", ", kind = #graph.norm_kind<layer>"}) {
    auto before = make(normAndProducts(attributes), "");
    auto after = make(normAndProducts(attributes), "frit-fold-norm-weights");
    ASSERT_TRUE(succeeded(after->verify()));
    int64_t withWeight = 0;
    after->walk([&](graph::NormOp norm) { withWeight += norm.getWeight() ? 1 : 0; });
    ASSERT_EQ(withWeight, 0);
    Tensor<double> x = makeTensor<double>(adversarialCount, 192, adversarialRows(192));
    // Each product of two weights is rounded to f32; sums of 192 may cancel.
    expectEqual(run<double>(*before, {x}), run<double>(*after, {x}), 1e-5);
    expectDominance(*before, *after, {x});
  }
}

TEST_F(RewriteRule, WeightsOfNormsThatArePowersOfTwoFoldExactly) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  for (int i = 0; i < 192; ++i) {
    float power = std::ldexp(1.0f, i % 5 - 2);
    file.write(reinterpret_cast<const char *>(&power), sizeof(power));
  }
  file.close();
  auto before = make(normAndProducts(""), "");
  auto after = make(normAndProducts(""), "frit-fold-norm-weights");
  Tensor<double> x = makeTensor<double>(adversarialCount, 192, adversarialRows(192));
  expectEqual(run<double>(*before, {x}), run<double>(*after, {x}), 1e-12);
}

/// Why weights of norms are not folded before weights are grouped: a large factor makes the scale
/// of its whole group coarse.
TEST_F(RewriteRule, WeightsOfNormsFoldedBeforeGroupingCostAccuracy) {
  constexpr int64_t outputs = 256, columns = 512;
  std::normal_distribution<double> normal;
  std::vector<double> gamma(columns), x(columns);
  for (int64_t i = 0; i < columns; ++i) {
    gamma[i] = std::exp(normal(random));
    x[i] = normal(random);
  }
  /// The row as codes hold it.
  auto grouped = [](Format format, const std::vector<float> &row) {
    std::vector<uint8_t> codes(formatInfo(format).rowBytes(columns));
    std::vector<float> result(columns);
    quantizeRow(format, row.data(), columns, codes.data());
    dequantizeRow(format, codes.data(), columns, result.data());
    return result;
  };
  for (Format format : {Format::Q4_0, Format::Q8_0}) {
    double errorBehind = 0, errorBefore = 0;
    for (int64_t o = 0; o < outputs; ++o) {
      std::vector<float> row(columns), folded(columns);
      for (int64_t i = 0; i < columns; ++i) {
        row[i] = static_cast<float>(normal(random));
        folded[i] = static_cast<float>(row[i] * gamma[i]);
      }
      std::vector<float> codes = grouped(format, row), foldedCodes = grouped(format, folded);
      double exact = 0, behind = 0, before = 0;
      for (int64_t i = 0; i < columns; ++i) {
        exact += x[i] * gamma[i] * row[i];
        behind += x[i] * gamma[i] * codes[i];
        before += x[i] * foldedCodes[i];
      }
      errorBehind += (behind - exact) * (behind - exact);
      errorBefore += (before - exact) * (before - exact);
    }
    EXPECT_GT(std::sqrt(errorBefore), 1.2 * std::sqrt(errorBehind));
    RecordProperty(formatInfo(format).name.data(),
                   std::to_string(std::sqrt(errorBefore / errorBehind)));
  }
}

TEST_F(RewriteRule, RowFactorsCommuteWithProducts) {
  for (const char *pipeline :
       {"frit-defer-row-factors", "frit-fold-norm-weights,frit-defer-row-factors"}) {
    auto before = make(normAndProducts(", offset = 1.0"),
                       StringRef(pipeline).contains("fold") ? "frit-fold-norm-weights" : "");
    auto after = make(normAndProducts(", offset = 1.0"), pipeline);
    ASSERT_TRUE(succeeded(after->verify()));
    int64_t norms = 0;
    after->walk([&](graph::NormOp) { ++norms; });
    ASSERT_EQ(norms, 0);
    Tensor<double> x = makeTensor<double>(adversarialCount, 192, adversarialRows(192));
    expectEqual(run<double>(*before, {x}), run<double>(*after, {x}), 1e-12);
    // The product sums elements as they are: subnormal ones lose bits, which is the rule's limit.
    std::fill_n(x.row(subnormalRow), 192, 0);
    expectDominance(*before, *after, {x});
  }
}

TEST_F(RewriteRule, RowFactorsMergeIntoTheScalesOfInt8Activations) {
  std::normal_distribution<float> normal;
  constexpr int64_t rows = 512, columns = 512;
  Tensor<float> x(rows, columns), normalized(rows, columns);
  std::vector<double> factors(rows);
  for (int64_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (int64_t i = 0; i < columns; ++i) {
      x.row(r)[i] = normal(random) * (i % 61 ? 1.0f : 40.0f);
      squares += double(x.row(r)[i]) * x.row(r)[i];
    }
    factors[r] = 1 / std::sqrt(squares / columns + 1e-6);
    for (int64_t i = 0; i < columns; ++i)
      normalized.row(r)[i] = x.row(r)[i] * static_cast<float>(factors[r]);
  }
  QuantizedTensor early = quantize(normalized, 32), late = quantize(x, 32);
  size_t different = 0;
  for (size_t i = 0; i < early.codes.size(); ++i) {
    different += early.codes[i] != late.codes[i];
    ASSERT_LE(std::abs(early.codes[i] - late.codes[i]), 1);
  }
  // Codes are those of the elements that are not scaled, but for ties that rounding decides.
  EXPECT_LE(different, early.codes.size() / 10000);
  for (size_t b = 0; b < early.scales.size(); ++b)
    EXPECT_NEAR(early.scales[b] / (late.scales[b] * factors[b / (columns / 32)]), 1, 1e-6);
}

TEST_F(RewriteRule, MultipliersOfBranchesMergeIntoTheEmbedding) {
  const std::string text = R"mlir(
graph.weight @e : !graph.weight<16x64, f32> at @f0, 0
graph.weight @g : !graph.weight<64, f32> at @f0, 4096
graph.weight @a : !graph.weight<64x64, f32> at @f0, 8192
graph.func @f(%tok: !graph.tokens) -> tensor<?x64xf32> {
  %e = graph.param @e : !graph.weight<16x64, f32>
  %g = graph.param @g : !graph.weight<64, f32>
  %a = graph.param @a : !graph.weight<64x64, f32>
  %x0 = graph.embed %tok, %e {scale = 12.0} : !graph.weight<16x64, f32>
  %n0 = graph.norm %x0, %g {eps = 1.0e-1} : tensor<?x64xf32>, !graph.weight<64, f32>
  %b0 = graph.linear %n0, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %x1 = graph.residual %x0, %b0 {scale = 0.22} : tensor<?x64xf32>
  %n1 = graph.norm %x1, %g {eps = 1.0e-1, kind = #graph.norm_kind<layer>} : tensor<?x64xf32>, !graph.weight<64, f32>
  %b1 = graph.linear %n1, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %x2 = graph.residual %x1, %b1 {scale = 0.22} : tensor<?x64xf32>
  %y = graph.norm %x2, %g {eps = 1.0e-1, group = 64 : i64} : tensor<?x64xf32>, !graph.weight<64, f32>
  graph.return %y : tensor<?x64xf32>
}
)mlir";
  auto before = make(text, ""), after = make(text, "frit-merge-scales");
  after->walk(
      [](graph::ResidualOp residual) { EXPECT_EQ(residual.getScale().convertToDouble(), 1); });
  Batch batch = makeBatch({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  expectEqual(run<double>(*before, {batch}), run<double>(*after, {batch}), 1e-12);
  expectDominance(*before, *after, {batch});
}

/// Two layers of one class and one of another between them, in f32 and f64, with a cache.
TEST_F(RewriteRule, OutlinedLayersAreTheLayersThatWereWrittenOut) {
  std::string layers, weights, table;
  for (const char *window : {"", ", window = 3"})
    layers += std::string("graph.layer @layer") + (*window ? "1" : "0") +
              R"mlir((%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16)mlir" +
              window +
              R"mlir(>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @table::@qkv[%i] : !graph.weight<32x32, f32>
  %p = graph.param @table::@k[%i] : !graph.weight<16x32, f32>
  %n = graph.norm %x {eps = 1.0e-5} : tensor<?x32xf32>
  %q = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %k = graph.linear %n, %p : tensor<?x32xf32>, !graph.weight<16x32, f32>
  kv.append %kv, %k, %k, %tok : !kv.cache<1x16)mlir" +
              window +
              R"mlir(>, tensor<?x16xf32>, tensor<?x16xf32>, !graph.tokens
  %a = graph.attention %q cache %kv, %tok heads 2 over 1 {scale = 0.25, mask = #graph.mask<causal>)mlir" +
              (*window ? ", window = 3 : i64" : "") +
              R"mlir(} : tensor<?x32xf32>, !kv.cache<1x16)mlir" + window +
              R"mlir(>, !graph.tokens
  %y = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
)mlir";
  const std::string text = layers + R"mlir(
graph.weights @table [3] {
  graph.column @qkv : !graph.weight<32x32, f32> at [@f0], [0, 4096, 8192]
  graph.column @k : !graph.weight<16x32, f32> at [@f0], [12288, 14336, 16384]
}
graph.weight @e : !graph.weight<16x32, f32> at @f0, 20480
graph.func @f(%tok: !graph.tokens, %kv: !kv.caches<3>) -> tensor<?x32xf32> {
  %e = graph.param @e : !graph.weight<16x32, f32>
  %x = graph.embed %tok, %e : !graph.weight<16x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer0, 0, 1>, #graph.segment<@layer1, 1, 1>, #graph.segment<@layer0, 2, 1>] : tensor<?x32xf32>, !kv.caches<3>
  graph.return %y : tensor<?x32xf32>
}
)mlir";
  std::vector<std::vector<double>> results;
  for (const char *pipeline :
       {"", "frit-inline-layers", "frit-inline-layers,frit-outline-layers"}) {
    auto module = make(text, pipeline);
    int64_t repeats = 0, written = 0;
    module->walk([&](graph::RepeatOp) { ++repeats; });
    module->walk([&](kv::LayerOp) { ++written; });
    bool isInlined = StringRef(pipeline).ends_with("inline-layers");
    EXPECT_EQ(repeats, isInlined ? 0 : 1);
    EXPECT_EQ(written, isInlined ? 3 : 0);
    WeightReader reader("");
    Interpreter<double> interpreter(*module, reader);
    auto caches = interpreter.createCaches("f", 16);
    ASSERT_TRUE(succeeded(caches));
    ASSERT_EQ(caches->size(), 3u);
    std::vector<double> all;
    int32_t position = 0;
    for (std::vector<int32_t> ids : {std::vector<int32_t>{1, 5, 9, 2, 11}, {7}, {3, 3}}) {
      auto y = interpreter.run("f", makeBatch(ids, position), *caches);
      ASSERT_TRUE(succeeded(y)) << (errors.empty() ? "" : errors.front());
      position += static_cast<int32_t>(ids.size());
      all.insert(all.end(), y->values.begin(), y->values.end());
    }
    results.push_back(all);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

} // namespace
