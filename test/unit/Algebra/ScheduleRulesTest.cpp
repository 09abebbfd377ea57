//===- ScheduleRulesTest.cpp - what phases and schedules rely on -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The proofs of docs/algebra.md by numbers, for the rules that are no passes but the reason why a
// phase or a schedule may do what it does.
//
//===----------------------------------------------------------------------===//

#include "test/unit/Algebra/Rules.h"

#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

namespace {

using ScheduleRule = Rule;

template <typename Function>
void inBothPrecisions(const Function &function) {
  function(float());
  function(double());
}

/// The columns of `part` are those of `whole` from `first` on, bit for bit (or both are NaN).
template <typename T>
void expectSameColumns(const Tensor<T> &part, const Tensor<T> &whole, int64_t first) {
  for (int64_t r = 0; r < part.rows; ++r)
    for (int64_t i = 0; i < part.columns; ++i) {
      T expected = whole.row(r)[first + i], found = part.row(r)[i];
      EXPECT_TRUE(found == expected || (std::isnan(expected) && std::isnan(found)))
          << "row " << r << ", column " << first + i << ": " << found << ", not " << expected;
    }
}

/// The weight @w of `rows` rows, `offset` floats into the file, in a product.
std::string product(int64_t rows, int64_t firstRow) {
  std::string n = std::to_string(rows);
  return "graph.weight @w : !graph.weight<" + n + "x64, f32> at @f0, " +
         std::to_string(firstRow * 256) + "\n" +
         "graph.func @f(%x: tensor<?x64xf32>) -> tensor<?x" + n + "xf32> {\n" +
         "  %w = graph.param @w : !graph.weight<" + n + "x64, f32>\n" +
         "  %y = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<" + n + "x64, f32>\n" +
         "  graph.return %y : tensor<?x" + n + "xf32>\n}\n";
}

TEST_F(ScheduleRule, ProductsOfOneValueAreOneProductOfStackedRows) {
  Tensor<double> x = makeTensor<double>(adversarialCount, 64, adversarialRows(64));
  inBothPrecisions([&](auto precision) {
    using T = decltype(precision);
    Tensor<T> whole = run<T>(*make(product(48, 0), ""), {x});
    int64_t first = 0;
    for (int64_t rows : {32, 8, 8}) { // queries, keys, values
      expectSameColumns(run<T>(*make(product(rows, first), ""), {x}), whole, first);
      first += rows;
    }
  });
}

std::string gatedUnit(int64_t rows, int64_t firstRow, const char *act) {
  std::string n = std::to_string(rows), type = "!graph.weight<" + n + "x64, f32>";
  std::string text;
  for (const char *name : {"g", "u"})
    text += std::string("graph.weight @") + name + " : " + type + " at @f0, " +
            std::to_string((firstRow + (*name == 'u' ? 100 : 0)) * 256) + "\n";
  return text + "graph.func @f(%x: tensor<?x64xf32>) -> tensor<?x" + n + "xf32> {\n" +
         "  %wg = graph.param @g : " + type + "\n  %wu = graph.param @u : " + type + "\n" +
         "  %g = graph.linear %x, %wg : tensor<?x64xf32>, " + type + "\n" +
         "  %u = graph.linear %x, %wu : tensor<?x64xf32>, " + type + "\n" +
         "  %y = graph.glu %g, %u " + act + " : tensor<?x" + n + "xf32>\n" +
         "  graph.return %y : tensor<?x" + n + "xf32>\n}\n";
}

/// Shares of rows that gate and up have in turn give the shares of the result.
TEST_F(ScheduleRule, GateAndUpPairByTheirRows) {
  Tensor<double> x = makeTensor<double>(adversarialCount, 64, adversarialRows(64));
  for (const char *act : {"silu", "gelu_tanh", "relu"})
    inBothPrecisions([&](auto precision) {
      using T = decltype(precision);
      Tensor<T> whole = run<T>(*make(gatedUnit(64, 0, act), ""), {x});
      for (int64_t first = 0; first < 64; first += 16)
        expectSameColumns(run<T>(*make(gatedUnit(16, first, act), ""), {x}), whole, first);
    });
}

std::string queries(int64_t rows, int64_t firstRow, const char *pairs) {
  std::string n = std::to_string(rows), type = "!graph.weight<" + n + "x64, f32>";
  return "graph.weight @w : " + type + " at @f0, " + std::to_string(firstRow * 256) + "\n" +
         "graph.func @f(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x" + n + "xf32> {\n" +
         "  %w = graph.param @w : " + type + "\n" +
         "  %q = graph.linear %x, %w : tensor<?x64xf32>, " + type + "\n" +
         "  %r = graph.rope %q, %tok " + pairs +
         " {head_dim = 16, dim = 12, theta = 1.0e4} : tensor<?x" + n + "xf32>\n" +
         "  graph.return %r : tensor<?x" + n + "xf32>\n}\n";
}

TEST_F(ScheduleRule, RopeNeedsNoMoreThanTheRowsOfAHead) {
  Tensor<double> x = makeTensor<double>(adversarialCount, 64, adversarialRows(64));
  Batch batch = makeBatch(std::vector<int32_t>(adversarialCount, 0), 5);
  inBothPrecisions([&](auto precision) {
    using T = decltype(precision);
    Tensor<T> whole = run<T>(*make(queries(64, 0, "halves"), ""), {x, batch});
    for (int64_t first = 0; first < 64; first += 16)
      expectSameColumns(run<T>(*make(queries(16, first, "halves"), ""), {x, batch}), whole, first);
  });
}

/// Pairs may be spelled as halves when the rows of the weight are unpaired: within each head, the
/// same elements in another order, which scores do not see.
TEST_F(ScheduleRule, InterleavedPairsAreHalvesOfUnpairedRows) {
  Tensor<double> x = makeTensor<double>(adversarialCount, 64, adversarialRows(64));
  Batch batch = makeBatch(std::vector<int32_t>(adversarialCount, 0), 5);
  const std::string text = queries(32, 0, "interleaved");
  Tensor<double> pairs = run<double>(*make(text, ""), {x, batch});
  Tensor<double> halves = run<double>(*make(text, "frit-normalize-rope"), {x, batch});
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t head = 0; head < 32; head += 16)
      for (int64_t i = 0; i < 16; ++i) {
        int64_t from = i < 6 ? 2 * i : i < 12 ? 2 * (i - 6) + 1 : i;
        EXPECT_EQ(halves.row(r)[head + i], pairs.row(r)[head + from]);
      }
}

std::string attention(int64_t heads, int64_t kvHeads, const std::string &attributes) {
  std::string q = std::to_string(heads * 8), kv = std::to_string(kvHeads * 8);
  return "graph.func @f(%q: tensor<?x" + q + "xf32>, %k: tensor<?x" + kv + "xf32>, %v: tensor<?x" +
         kv + "xf32>) -> tensor<?x" + q + "xf32> {\n  %y = graph.attention %q keys %k, %v heads " +
         std::to_string(heads) + " over " + std::to_string(kvHeads) + " {" + attributes +
         "} : tensor<?x" + q + "xf32> keys tensor<?x" + kv + "xf32>, tensor<?x" + kv +
         "xf32>\n  graph.return %y : tensor<?x" + q + "xf32>\n}\n";
}

TEST_F(ScheduleRule, QueryHeadsShareTheirKeysAndValues) {
  constexpr int64_t group = 3, kvHeads = 2, rows = adversarialCount;
  Tensor<double> q = makeTensor<double>(rows, 48, adversarialRows(48));
  Tensor<double> k = makeTensor<double>(rows, 16, adversarialRows(16));
  Tensor<double> v = makeTensor<double>(rows, 16, adversarialRows(16));
  Tensor<double> copies[2] = {{rows, 48}, {rows, 48}};
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i = 0; i < 48; ++i) {
      int64_t from = i / 8 / group * 8 + i % 8;
      copies[0].row(r)[i] = k.row(r)[from];
      copies[1].row(r)[i] = v.row(r)[from];
    }
  const std::string attributes = "scale = 0.3, mask = #graph.mask<causal>";
  inBothPrecisions([&](auto precision) {
    using T = decltype(precision);
    Tensor<T> shared =
        run<T>(*make(attention(kvHeads * group, kvHeads, attributes), ""), {q, k, v});
    Tensor<T> copied = run<T>(*make(attention(kvHeads * group, kvHeads * group, attributes), ""),
                              {q, copies[0], copies[1]});
    EXPECT_EQ(shared.values, copied.values);
  });
}

/// Softmax and the sum of values behind it over some of the keys.
struct Partial {
  double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
  std::vector<double> output = std::vector<double>(8);

  /// Of the keys of both.
  static Partial merge(const Partial &a, const Partial &b) {
    Partial both;
    both.maximum = std::max(a.maximum, b.maximum);
    for (const Partial *part : {&a, &b}) {
      if (part->sum == 0)
        continue; // No key of it is seen.
      double decay = std::exp(part->maximum - both.maximum);
      both.sum += decay * part->sum;
      for (size_t i = 0; i < both.output.size(); ++i)
        both.output[i] += decay * part->output[i];
    }
    return both;
  }
};

TEST_F(ScheduleRule, SoftmaxIsARescaledReduction) {
  constexpr int64_t keys = adversarialCount;
  Tensor<double> q = makeTensor<double>(keys, 8, adversarialRows(8));
  Tensor<double> k = makeTensor<double>(keys, 8, adversarialRows(8));
  Tensor<double> v = makeTensor<double>(keys, 8, adversarialRows(8));
  // Scores of every size up to where only one key counts.
  for (double *huge : {q.row(3), k.row(3), v.row(3)})
    for (int64_t i = 0; i < 8; ++i)
      huge[i] *= 1e-12;
  for (bool windowed : {false, true}) {
    auto module = make(attention(1, 1,
                                 std::string("scale = 0.25, mask = #graph.mask<causal>") +
                                     (windowed ? ", window = 4 : i64" : "")),
                       "");
    Tensor<double> expected = run<double>(*module, {q, k, v});
    for (int trial = 0; trial < 200; ++trial) {
      int64_t row = static_cast<int64_t>(random() % keys);
      std::vector<Partial> parts;
      for (int64_t key = 0; key < keys; ++key) {
        Partial one;
        if (key <= row && (!windowed || key > row - 4)) {
          one.maximum = 0;
          for (int64_t i = 0; i < 8; ++i)
            one.maximum += 0.25 * q.row(row)[i] * k.row(key)[i];
          one.sum = 1;
          one.output.assign(v.row(key), v.row(key) + 8);
        }
        parts.push_back(one);
      }
      // Any tree over any order of the keys.
      std::shuffle(parts.begin(), parts.end(), random);
      while (parts.size() > 1) {
        size_t at = random() % (parts.size() - 1);
        parts[at] = Partial::merge(parts[at], parts[at + 1]);
        parts.erase(parts.begin() + static_cast<int64_t>(at) + 1);
      }
      double largest = 0;
      for (double value : v.values)
        largest = std::max(largest, std::fabs(value));
      for (int64_t i = 0; i < 8; ++i)
        EXPECT_NEAR(parts[0].output[i] / parts[0].sum, expected.row(row)[i], 1e-13 * largest);
    }
  }
}

/// A row that sees no key has a sum of 0, whatever it is merged with.
TEST_F(ScheduleRule, NothingSeenIsNeutral) {
  Partial nothing, one;
  one.maximum = 3;
  one.sum = 2;
  one.output.assign(8, 5);
  for (const Partial &merged : {Partial::merge(nothing, one), Partial::merge(one, nothing)}) {
    EXPECT_EQ(merged.sum, one.sum);
    EXPECT_EQ(merged.output, one.output);
  }
  EXPECT_EQ(Partial::merge(nothing, nothing).sum, 0);
}

} // namespace
