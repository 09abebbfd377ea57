//===- TargetTest.cpp - targets as the cost model sees them -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Cost/Target.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FormatVariadic.h"

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

TEST_F(CostTarget, AWayAtAnUnknownRateIsMissedWhereThereIsNoOther) {
  auto with = [&](const char *back) {
    return read(
        figures, R"(<"l2", 1048576 per core>, <"l3", 2097152 per cluster>, <"dram" per machine>)",
        std::string(R"(<"dram" to "l2", 1.0e+10 per core>, <"l2" to "dram", 1.0e+10 per core>,
                   <"l3" to "l2">, <"dram" to "l3", 2.0e+10 per core>, <"l2" to "l3", 2.0e+10 per core>)") +
            back);
  };
  EXPECT_EQ(with("").error(),
            "the description of machine m does not say what the planner needs: the "
            "bandwidth from l3 to l2");
  Result<Machine> machine = with(R"(, <"l3" to "dram", 3.0e+10 per core>)");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(show(*machine), "l2 l3* dram*, dram to l2 10, l2 to dram 10, dram to l3 20, l2 to l3 "
                            "20, l3 to dram 30");
}

TEST_F(CostTarget, FiguresHaveTheirBounds) {
  Result<Machine> machine = read(
      "cores = 4, f32_ops_per_second = 5.0e+10 per core within 0.5 to 2, barrier_seconds = "
      "2.0e-07 within 0.5 to 4",
      R"(<"l2", 1048576 per core>, <"dram" per machine, bandwidth = 8.0e+10 per machine within 0.25 to 1>)",
      R"(<"dram" to "l2", 1.0e+10 per core within 0.75 to 1>, <"l2" to "dram">)",
      ", 2.0e+11 per core within 0.5 to 1");
  ASSERT_TRUE(machine) << machine.error();
  auto text = [](const Figure &figure) {
    return llvm::formatv("{0:e1} {1:e1} {2:e1}", figure.value, figure.low, figure.high).str();
  };
  EXPECT_EQ(text(machine->vectorRate), "5.0e+10 2.5e+10 1.0e+11");
  EXPECT_EQ(text(*machine->matrixRates[static_cast<size_t>(Number::I8)]),
            "2.0e+11 1.0e+11 2.0e+11");
  EXPECT_EQ(text(machine->phaseSeconds), "2.0e-07 1.0e-07 8.0e-07");
  EXPECT_EQ(text(*machine->memories[1].bytesPerSecond), "8.0e+10 2.0e+10 8.0e+10");
  EXPECT_EQ(text(machine->datapaths[0].bytesPerSecond), "1.0e+10 7.5e+09 1.0e+10");
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

TEST_F(CostTarget, UnitsKeepMemoriesOfTheirOwn) {
  // Whatever leads back and forth between them; registers count as the larger one. Where units of
  // several cores have their sums is no memory for all.
  Result<Machine> machine =
      read(figures,
           R"(<"sums", 4096 per cluster, serves = [matrix_outputs]>, <"registers", 1024 per core>,
         <"l1", 65536 per core, serves = [matrix_inputs, vectors]>, <"dram" per machine>)",
           R"(<"l1" to "registers", 1.0e+11 per core>, <"registers" to "l1", 1.0e+11 per core>,
         <"registers" to "sums", 5.0e+10 per core>, <"sums" to "registers", 4.0e+10 per core>,
         <"dram" to "l1", 1.0e+10 per core>, <"registers" to "dram", 1.0e+10 per core>)");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(show(*machine),
            "sums l1 dram*, l1 to sums 50, sums to l1 40, dram to l1 10, l1 to dram 10");
  EXPECT_EQ(machine->matrixOutput, 0u);
  EXPECT_EQ(machine->matrixInput, 1u);
  EXPECT_EQ(machine->vectorMemory, 1u);
}

TEST_F(CostTarget, RatesMustBeKnown) {
  EXPECT_EQ(read(figures, R"(<"l2", 1048576 per core>, <"dram" per machine>)",
                 R"(<"dram" to "l2", 1.0e+10 per core>, <"l2" to "dram", 1.0e+10 per core>)", "")
                .error(),
            "the description of machine m does not say what the planner needs: the rate of dot");
}

} // namespace
