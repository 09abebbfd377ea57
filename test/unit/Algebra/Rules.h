//===- Rules.h - run a graph before and after a rule -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_ALGEBRA_RULES_H
#define FRIT_TEST_UNIT_ALGEBRA_RULES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "test/unit/Reference/TestModel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

namespace frit::reference {

/// A function @f of a module whose weights are random numbers in a file of f32.
class Rule : public ::testing::Test, public TestContext {
protected:
  static constexpr size_t fileFloats = 1 << 16;

  static void SetUpTestSuite() { registerAllPasses(); }

  /// Rows that break careless code: random, outliers, zeros, all alike, huge, tiny, subnormal,
  /// one element.
  std::vector<double> adversarialRows(int64_t columns) {
    std::vector<double> rows;
    std::normal_distribution<double> normal;
    for (int kind = 0; kind < 12; ++kind)
      for (int64_t i = 0; i < columns; ++i) {
        double x = normal(random);
        switch (kind) {
        case 0:
          x = i % 37 ? x : 1000 * x;
          break;
        case 1:
          x = 0;
          break;
        case 2:
          x = 0.7;
          break;
        case 3:
          x *= 1e15;
          break;
        case 4:
          x *= 1e-15;
          break;
        case 5:
          x *= 1e-40;
          break;
        case 6:
          x = i == columns / 2 ? x : 0;
          break;
        default:
          break;
        }
        rows.push_back(static_cast<float>(x));
      }
    return rows;
  }
  static constexpr int64_t adversarialCount = 12, subnormalRow = 5;

  void SetUp() override {
    std::vector<float> values(fileFloats);
    std::normal_distribution<float> normal;
    for (float &value : values)
      value = normal(random);
    path = ::testing::TempDir() + "rule-" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".bin";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
  }
  void TearDown() override { std::remove(path.c_str()); }

  /// The module of `text`, whose weights are at @f0, after `pipeline`.
  mlir::OwningOpRef<mlir::ModuleOp> make(const std::string &text, const std::string &pipeline) {
    auto module = parse("graph.file @f0 \"" + path + "\"\n" + text);
    EXPECT_TRUE(module) << (errors.empty() ? "" : errors.front());
    if (!module)
      return module;
    mlir::PassManager passes(&context);
    EXPECT_TRUE(succeeded(mlir::parsePassPipeline(pipeline, passes)));
    EXPECT_TRUE(succeeded(passes.run(*module))) << (errors.empty() ? "" : errors.front());
    return module;
  }

  /// What @f gives for `arguments`: tensors of doubles that floats hold, and others.
  template <typename T>
  Tensor<T> run(mlir::ModuleOp module, const std::vector<RuntimeValue<double>> &arguments) {
    WeightReader weights("");
    Interpreter<T> interpreter(module, weights);
    std::vector<RuntimeValue<T>> values;
    for (const RuntimeValue<double> &argument : arguments) {
      if (auto *tensor = std::get_if<Tensor<double>>(&argument)) {
        Tensor<T> copy(tensor->rows, tensor->columns);
        std::copy(tensor->values.begin(), tensor->values.end(), copy.values.begin());
        values.push_back(copy);
      } else {
        values.push_back(std::get<Batch>(argument));
      }
    }
    auto function = module.lookupSymbol<graph::FuncOp>("f");
    auto results = interpreter.runBlock(function.getBody().front(), values);
    EXPECT_TRUE(succeeded(results)) << (errors.empty() ? "" : errors.front());
    return succeeded(results) ? std::get<Tensor<T>>(results->front()) : Tensor<T>();
  }

  /// A rule may not make results worse: the root mean square of the relative errors of rows in
  /// f32, against f64 before the rule, is at most 1.1 times what it was.
  void expectDominance(mlir::ModuleOp before, mlir::ModuleOp after,
                       const std::vector<RuntimeValue<double>> &arguments) {
    Tensor<double> exact = run<double>(before, arguments);
    double errorBefore = meanError(run<float>(before, arguments), exact);
    double errorAfter = meanError(run<float>(after, arguments), exact);
    EXPECT_LE(errorAfter, 1.1 * errorBefore);
    EXPECT_GT(errorBefore, 0);
    RecordProperty("error_ratio", std::to_string(errorAfter / errorBefore));
  }

  static double meanError(const Tensor<float> &values, const Tensor<double> &exact) {
    double squares = 0;
    int64_t rows = 0;
    for (int64_t r = 0; r < exact.rows; ++r) {
      double error = 0, size = 0;
      for (int64_t i = 0; i < exact.columns; ++i) {
        double difference = values.row(r)[i] - exact.row(r)[i];
        error += difference * difference;
        size += exact.row(r)[i] * exact.row(r)[i];
      }
      if (size == 0)
        continue;
      squares += error / size;
      ++rows;
    }
    return std::sqrt(squares / static_cast<double>(rows));
  }

  /// Equal up to `relative` times the largest value of each row.
  static void expectEqual(const Tensor<double> &a, const Tensor<double> &b, double relative) {
    ASSERT_EQ(a.rows, b.rows);
    ASSERT_EQ(a.columns, b.columns);
    for (int64_t r = 0; r < a.rows; ++r) {
      double largest = 0, difference = 0;
      for (int64_t i = 0; i < a.columns; ++i) {
        largest = std::max(largest, std::fabs(a.row(r)[i]));
        difference = std::max(difference, std::fabs(a.row(r)[i] - b.row(r)[i]));
      }
      EXPECT_LE(difference, relative * largest) << "row " << r;
    }
  }

  std::mt19937 random{7};
  std::string path;
};

} // namespace frit::reference

#endif // FRIT_TEST_UNIT_ALGEBRA_RULES_H
