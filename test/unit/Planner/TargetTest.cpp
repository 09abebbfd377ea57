//===- TargetTest.cpp - targets as the cost model sees them -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Cost/Target.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace frit;
using namespace frit::cost;

namespace {

class CostTarget : public ::testing::Test {
protected:
  CostTarget() { context.loadDialect<machine::MachineDialect>(); }

  Result<Machine> read(const std::string &figures, const std::string &memories,
                       const std::string &datapaths,
                       const std::string &rate = ", 2.0e+11 per core") {
    std::string text = "#machine.target<\"m\", triple = \"\", cpu = \"\", features = [], " +
                       figures + ", instructions = [<\"dot\", 1, 8, 4, i8, ui8, i32" + rate +
                       ">], memories = [" + memories + "], datapaths = [" + datapaths + "]>";
    auto target = dyn_cast_or_null<machine::TargetAttr>(parseAttribute(text, &context));
    EXPECT_TRUE(target) << text;
    return machineOf(target);
  }
  static std::string show(const Machine &machine) {
    std::string text;
    for (const Memory &memory : machine.memories)
      text += (text.empty() ? "" : " ") + memory.name + (memory.isShared ? "*" : "");
    for (const Datapath &path : machine.datapaths)
      text += ", " + machine.memories[path.from].name + " to " + machine.memories[path.to].name +
              " " + std::to_string(static_cast<int64_t>(path.bytesPerSecond.value / 1e9)) +
              (path.isShared ? "*" : "");
    return text;
  }

  static constexpr const char *figures =
      "cores = 4, f32_ops_per_second = 5.0e+10 per core, barrier_seconds = 2.0e-07";
  MLIRContext context;
};

TEST_F(CostTarget, MemoriesOfACoreThatLeadBothWaysAreOne) {
  Result<Machine> machine = read(
      figures,
      R"(<"registers", 1024 per core>, <"l2", 1048576 per core>, <"dram" per machine>, <"l3", 33554432 per cluster>)",
      R"(<"l2" to "registers", 1.0e+11 per core>, <"registers" to "l2", 1.0e+11 per core>,
         <"l3" to "registers", 2.0e+10 per core>, <"l3" to "l2", 3.0e+10 per core>,
         <"registers" to "l3", 2.5e+10 per core>, <"dram" to "l3", 4.0e+10 per machine>,
         <"l3" to "dram", 4.0e+10 per machine>)");
  ASSERT_TRUE(machine) << machine.error();
  // The caches of all cores are in order of size, and of several ways the fastest counts.
  EXPECT_EQ(show(*machine),
            "l2 l3* dram*, l3 to l2 30, l2 to l3 25, dram to l3 40*, l3 to dram 40*");
  EXPECT_EQ(machine->memories[0].bytes, 1048576);
  EXPECT_EQ(machine->matrixInput + machine->matrixOutput + machine->vectorMemory, 0u);
  EXPECT_TRUE(machine->unitsShareIssue);
  EXPECT_FALSE(machine->sharesRows);
  EXPECT_EQ(machine->matrixRates[static_cast<size_t>(Number::F32)]->value, 5e10);
  EXPECT_EQ(machine->matrixRates[static_cast<size_t>(Number::I8)]->value, 2e11);
  EXPECT_EQ(machine->expRate.value, 5e10 / 24);
}

TEST_F(CostTarget, AMemoryMayBoundItsDatapaths) {
  auto with = [&](const char *bandwidth) {
    return read(figures,
                std::string(R"(<"l2", 1048576 per core>, <"dram" per machine)") + bandwidth + ">",
                R"(<"dram" to "l2">, <"l2" to "dram">)");
  };
  Result<Machine> machine = with(", bandwidth = 4.0e+10 per machine");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(machine->memories[1].bytesPerSecond->value, 4e10);
  EXPECT_EQ(with("").error(),
            "the description of machine m does not say what the planner needs: the "
            "bandwidth from dram to l2, the bandwidth from l2 to dram");
}

TEST_F(CostTarget, UnitsWithMemoriesOfTheirOwnSayWhich) {
  auto with = [&](const char *l1, const char *l0c) {
    return read("cores = 4, matrix_units_per_core = 1, f32_ops_per_second = 5.0e+10 per core, "
                "exp_per_second = 1.0e+10 per core, barrier_seconds = 2.0e-07",
                std::string(R"(<"l1", 524288 per core)") + l1 + R"(>, <"l0c", 131072 per core)" +
                    l0c + R"(>, <"ub", 196608 per core, serves = [vectors]>, <"hbm" per machine>)",
                R"(<"hbm" to "l1", 1.0e+11 per core>, <"l0c" to "hbm", 1.0e+11 per core>,
                   <"hbm" to "ub", 1.0e+11 per core>, <"ub" to "hbm", 1.0e+11 per core>)");
  };
  Result<Machine> machine = with(", serves = [matrix_inputs]", ", serves = [matrix_outputs]");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(machine->matrixInput, 0u);
  EXPECT_EQ(machine->matrixOutput, 1u);
  EXPECT_EQ(machine->vectorMemory, 2u);
  EXPECT_EQ(machine->tileRows, 128);
  EXPECT_EQ(machine->tileColumns, 128);
  EXPECT_TRUE(machine->sharesRows);
  EXPECT_FALSE(machine->unitsShareIssue);
  EXPECT_EQ(with("", "").error(),
            "the description of machine m does not say what the planner needs: which "
            "memory serves matrix_inputs, which memory serves matrix_outputs");
}

TEST_F(CostTarget, RatesMustBeKnown) {
  EXPECT_EQ(read(figures, R"(<"l2", 1048576 per core>, <"dram" per machine>)",
                 R"(<"dram" to "l2", 1.0e+10 per core>, <"l2" to "dram", 1.0e+10 per core>)", "")
                .error(),
            "the description of machine m does not say what the planner needs: the rate of dot");
}

} // namespace
