//===- MathTest.cpp - errors of exp, tanh and erf as compiled --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "frit/InitAll.h"
#include "frit/Machine/MachineModel.h"
#include "frit/Pipeline/Pipeline.h"
#include "frit/Runtime/Abi.h"
#include "lib/Target/Cpu/CodeEmitter.h"
#include "mlir/Parser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace mlir;
using namespace frit;

namespace {

/// A phase that maps one function over rows of 67 values: whole vectors and a tail of each width.
constexpr int64_t columns = 67, rows = 512;

class CompiledMap {
public:
  CompiledMap(const std::string &function, const std::string &target) {
    DialectRegistry registry;
    registerAllDialects(registry);
    MLIRContext context(registry);
    std::string type = "!tile.tile<" + std::to_string(rows) + "x" + std::to_string(columns) + ">";
    std::string buffer = "[tokens, " + std::to_string(columns) + "]\n";
    std::string text = "tile.buffer @in" + buffer + "tile.buffer @out" + buffer + R"(
      kernel.reference @r() { kernel.yield }
      tile.phase @p reference @r bucket 1 {
        %c0 = arith.constant 0 : index
        %x = tile.load @in[%c0, %c0] : )" +
                       type + R"(
        %y = tile.map(%x : )" +
                       type + ") -> " + type + R"( {
        ^bb0(%a: f32):
          %b = math.)" +
                       function + R"( %a : f32
          tile.yield %b
        }
        tile.store %y, @out[%c0, %c0] : )" +
                       type + R"(
      }
      tile.program @decode max_tokens 1 logits @out { tile.run @p })";
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return;
    Result<machine::TargetAttr> machine = readMachine(target, context);
    if (!machine)
      return;
    (*module)->setAttr(machine::targetAttrName, *machine);
    PassManager passes(&context);
    buildPipeline(passes, PhaseId::Schedule, PhaseId::Lower, {});
    if (failed(passes.run(*module)))
      return;
    scratchBytes = (*module)->getAttrOfType<IntegerAttr>("frit.scratch_bytes").getInt();
    llvm::LLVMContext llvmContext;
    auto code = target::cpu::emitLLVM(*module, llvmContext);
    if (!code)
      return;
    auto object = target::cpu::emitCode(**code, *machine, false);
    auto shared = target::cpu::linkShared(*object);
    if (!shared)
      return;
    std::string path = testing::TempDir() + "frit-math-" + std::to_string(getpid()) + ".so";
    std::ofstream(path, std::ios::binary) << *shared;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    unlink(path.c_str());
    if (library)
      phase = reinterpret_cast<frit_phase_fn>(dlsym(library, "frit_phase_p"));
  }
  ~CompiledMap() {
    if (library)
      dlclose(library);
  }

  explicit operator bool() const { return phase; }

  std::vector<float> operator()(const std::vector<float> &values) {
    std::vector<float> input = values, output(values.size());
    std::vector<uint8_t> scratch(static_cast<size_t>(scratchBytes) + 64);
    input.resize(rows * columns);
    output.resize(rows * columns);
    uint8_t *buffers[] = {reinterpret_cast<uint8_t *>(input.data()),
                          reinterpret_cast<uint8_t *>(output.data())};
    frit_ctx context = {};
    context.buffers = buffers;
    context.scratch = scratch.data();
    uint8_t *row[2] = {};
    phase(&context, row, 0, 1);
    output.resize(values.size());
    return output;
  }

private:
  void *library = nullptr;
  frit_phase_fn phase = nullptr;
  int64_t scratchBytes = 0;
};

struct Error {
  double largest = 0;
  float at = 0;
};

/// The largest error over every 997th float from `low` to `high`, in units of `scale(x)`.
Error measure(CompiledMap &compiled, float low, float high, double (*exact)(double),
              const std::function<double(double)> &unit) {
  std::vector<float> batch;
  Error error;
  auto flush = [&] {
    std::vector<float> got = compiled(batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      double value = exact(batch[i]), distance = std::abs(got[i] - value) / unit(value);
      if (!(distance <= error.largest))
        error = {distance, batch[i]};
    }
    batch.clear();
  };
  // Floats of one sign are ordered like their bits.
  for (int sign = 0; sign < 2; ++sign)
    for (uint64_t bits = 0; bits < 0x7f800000; bits += 997) {
      uint32_t word = static_cast<uint32_t>(bits) | (sign ? 0x80000000u : 0u);
      float x;
      std::memcpy(&x, &word, sizeof(x));
      if (x < low || x > high)
        continue;
      batch.push_back(x);
      if (batch.size() == rows * columns)
        flush();
    }
  flush();
  return error;
}

double relative(double value) { return std::abs(value); }

class Math : public testing::TestWithParam<const char *> {};

} // namespace

TEST_P(Math, ExpIsCorrectTo2e7) {
  CompiledMap compiled("exp", GetParam());
  ASSERT_TRUE(compiled);
  Error error = measure(compiled, -87.3f, 88.3f, std::exp, relative);
  EXPECT_LE(error.largest, 2e-7) << "at " << error.at;
}

TEST_P(Math, ExpEndsInZeroAndALargeNumber) {
  CompiledMap compiled("exp", GetParam());
  ASSERT_TRUE(compiled);
  float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> got = compiled({-infinity, -1e30f, -88.0f, 0.0f, -0.0f, 1e-40f});
  EXPECT_EQ(got, (std::vector<float>{0, 0, 0, 1, 1, 1}));
  EXPECT_GE(compiled({1e30f})[0], 2.3e38f);
  EXPECT_GE(compiled({infinity})[0], 2.3e38f);
}

TEST_P(Math, TanhIsCorrectTo4e7) {
  CompiledMap compiled("tanh", GetParam());
  ASSERT_TRUE(compiled);
  Error error = measure(compiled, -1e30f, 1e30f, std::tanh,
                        [](double value) { return std::max(std::abs(value), 1e-30); });
  EXPECT_LE(error.largest, 4e-7) << "at " << error.at;
}

TEST_P(Math, ErfIsCorrectTo3e7) {
  CompiledMap compiled("erf", GetParam());
  ASSERT_TRUE(compiled);
  Error error = measure(compiled, -1e30f, 1e30f, std::erf, [](double) { return 1.0; });
  EXPECT_LE(error.largest, 3e-7) << "at " << error.at;
}

// The portable code and the best this machine runs.
INSTANTIATE_TEST_SUITE_P(Targets, Math, testing::Values("x86-64", "native"), [](const auto &info) {
  return std::string(info.param) == "native" ? "Native" : "Portable";
});
