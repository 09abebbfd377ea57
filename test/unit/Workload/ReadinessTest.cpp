//===- ReadinessTest.cpp - bits that weights need ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Workload/Readiness.h"

#include "dialects/Graph/Graph.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>
#include <fstream>

using namespace frit;
using namespace frit::workload;

namespace {
class ReadinessTest : public ::testing::Test {
protected:
  ReadinessTest() : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<graph::GraphDialect>();
    llvm::sys::fs::createUniqueDirectory("frit-readiness", directory);
  }
  ~ReadinessTest() override { llvm::sys::fs::remove_directories(directory); }

  /// Of matrices of 32 columns, in rows one behind the other in the file.
  mlir::FailureOr<std::vector<Readiness>> measure(const std::vector<float> &weights,
                                                  const std::string &text) {
    std::ofstream file(std::string(directory) + "/w.bin", std::ios::binary);
    file.write(reinterpret_cast<const char *>(weights.data()),
               static_cast<std::streamsize>(weights.size() * sizeof(float)));
    file.close();
    module = mlir::parseSourceString<mlir::ModuleOp>("graph.file @f0 \"w.bin\"\n" + text, &context);
    return measureReadiness(*module, std::string(directory));
  }

  mlir::MLIRContext context;
  llvm::SmallString<128> directory;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};
} // namespace

TEST_F(ReadinessTest, ErrorsByHand) {
  std::vector<float> weights(32);
  weights[3] = 127;
  weights[17] = -64;
  auto measured = measure(weights, "graph.weight @w : !graph.weight<1x32, f32> at @f0, 0");
  ASSERT_TRUE(mlir::succeeded(measured));
  ASSERT_EQ(measured->size(), 1u);
  const Readiness &weight = measured->front();
  EXPECT_EQ(weight.name, "w");
  EXPECT_EQ(weight.rowsRead, 1);
  // Multiples of 1 up to 127 are those of 8 bits; of 4 bits, -64 is the nearest to -4 * 127 / 7.
  double length = std::sqrt(127. * 127 + 64. * 64);
  EXPECT_EQ(*weight.error8By32, 0);
  EXPECT_EQ(*weight.error8ByRow, 0);
  EXPECT_NEAR(*weight.error4By32, (4 * 127. / 7 - 64) / length, 1e-12);
  EXPECT_FALSE(weight.error4By128);
  EXPECT_NEAR(weight.outlier, 127 / (length / std::sqrt(32.)), 1e-12);
  EXPECT_EQ(weight.bitsFor(0.05), 8);
  EXPECT_EQ(weight.bitsFor(0.07), 4);
}

TEST_F(ReadinessTest, TablesAndVectors) {
  std::vector<float> weights(64 + 32, 1);
  auto measured = measure(weights, R"(
    graph.weight @bias : !graph.weight<32, f32> at @f0, 0
    graph.weights @block [2] {
      graph.column @w : !graph.weight<1x32, f32> at [@f0], [0, 128]
    })");
  ASSERT_TRUE(mlir::succeeded(measured));
  ASSERT_EQ(measured->size(), 1u); // Vectors stay as they are.
  EXPECT_EQ(measured->front().name, "block.w");
  EXPECT_EQ(measured->front().matrices, 2);
  EXPECT_EQ(measured->front().rowsRead, 2);
  EXPECT_EQ(*measured->front().error4By32, 0);
}

TEST_F(ReadinessTest, WeightsOfNothing) {
  auto measured =
      measure(std::vector<float>(32), "graph.weight @w : !graph.weight<1x32, f32> at @f0, 0");
  ASSERT_TRUE(mlir::succeeded(measured));
  EXPECT_EQ(measured->front().outlier, 0);
  EXPECT_EQ(measured->front().bitsFor(0.1), 4);
}

TEST_F(ReadinessTest, FilesThatEndTooEarly) {
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  EXPECT_TRUE(mlir::failed(
      measure(std::vector<float>(31), "graph.weight @w : !graph.weight<1x32, f32> at @f0, 0")));
}
