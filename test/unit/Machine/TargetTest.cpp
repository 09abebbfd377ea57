//===- TargetTest.cpp - what passes see of a machine -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "frit/Machine/MachineModel.h"
#include "mlir/AsmParser/AsmParser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace frit;
using namespace frit::machine;

namespace {

class TargetTest : public ::testing::Test {
protected:
  TargetTest() { context.loadDialect<MachineDialect>(); }

  TargetAttr parse(StringRef fields) {
    return llvm::cast<TargetAttr>(
        parseAttribute(("#machine.target<\"t\", " + fields + ">").str(), &context));
  }
  std::string errorOf(std::string_view json) {
    Result<TargetAttr> target = parseMachine(json, "m.json", context);
    return target ? "nothing" : target.error();
  }

  MLIRContext context;
};

template <typename T>
std::string errorOf(const Result<T> &result) {
  return result ? "nothing" : result.error();
}

constexpr const char *full = R"(dies = 2, cores = 20, vector_units_per_core = 2,
  f32_ops_per_second = 100 per unit, f16_ops_per_second = 400 per cluster, barrier_seconds = 2.0e-6,
  memories = [<"l1", 524288 per core>, <"gm" per machine, bandwidth = 1000 per machine>, <"ub" per unit>,
              <"shared" per cluster, bandwidth = 5 per cluster>],
  datapaths = [<"gm" to "l1" [relayout]>, <"l1" to "ub">, <"ub" to "gm", 20 per unit>, <"gm" to "ub", 30 per unit>,
               <"l1" to "shared", 30 per core>],
  instructions = [<"slow", 16, 16, 16, f16, f16, f32, 50 per core>, <"fast", 16, 16, 16, f16, f16, f32, 2000 per machine>,
                  <"unknown", 16, 16, 16, i8, i8, i32>])";

} // namespace

TEST_F(TargetTest, Counts) {
  TargetAttr target = parse(full);
  EXPECT_EQ(target.count(Scope::Machine), 1);
  EXPECT_EQ(target.count(Scope::Die), 2);
  EXPECT_EQ(target.count(Scope::Core), 20);
  EXPECT_EQ(target.count(Scope::Unit), 40);
  EXPECT_EQ(target.count(Scope::Cluster), std::nullopt);
  EXPECT_EQ(*target.needCount(Scope::Unit, "the planner"), 40);
  EXPECT_EQ(::errorOf(target.needCount(Scope::Cluster, "the planner")),
            "the description of machine t does not say clusters, which the planner needs");
}

TEST_F(TargetTest, RatesInEveryScope) {
  TargetAttr target = parse(full);
  EXPECT_EQ(target.rate(FigureId::F32Rate, Scope::Unit), 100);
  EXPECT_EQ(target.rate(FigureId::F32Rate, Scope::Core), 200);
  EXPECT_EQ(target.rate(FigureId::F32Rate, Scope::Die), 2000);
  EXPECT_EQ(target.rate(FigureId::F32Rate, Scope::Machine), 4000);
  EXPECT_EQ(target.rate(FigureId::F16Rate, Scope::Cluster), 400);
  EXPECT_EQ(target.rate(FigureId::F16Rate, Scope::Core), std::nullopt);
  EXPECT_EQ(target.rate(FigureId::ExpRate, Scope::Core), std::nullopt);
  EXPECT_EQ(*target.needRate(FigureId::F32Rate, Scope::Core, "p"), 200);
  EXPECT_EQ(::errorOf(target.needRate(FigureId::F16Rate, Scope::Core, "p")),
            "the description of machine t does not say clusters, which p needs");
  EXPECT_EQ(::errorOf(target.needRate(FigureId::ExpRate, Scope::Core, "p")),
            "the description of machine t does not say exp_per_second, which p needs");
  EXPECT_EQ(*target.need(FigureId::Barrier, "p"), 2e-6);
  EXPECT_EQ(::errorOf(target.need(FigureId::Launch, "p")),
            "the description of machine t does not say launch_seconds, which p needs");
}

TEST_F(TargetTest, MemoriesAndDatapaths) {
  TargetAttr target = parse(full);
  EXPECT_EQ(*target.needBytes("l1", "p"), 524288);
  EXPECT_EQ(::errorOf(target.needBytes("gm", "p")),
            "the description of machine t does not say the bytes of memory gm, which p needs");
  EXPECT_EQ(::errorOf(target.needBytes("l9", "p")),
            "the description of machine t does not say that there is a memory l9, which p needs");
  EXPECT_EQ(*target.needBandwidth("gm", "l1", Scope::Core, "p"), 50);
  EXPECT_TRUE(target.findDatapath("gm", "l1").can(OnTheWay::Relayout));
  EXPECT_FALSE(target.findDatapath("gm", "l1").can(OnTheWay::Relu));
  // 40 units of 20 are less than the memory has, and of 30 they are more.
  EXPECT_EQ(*target.needBandwidth("ub", "gm", Scope::Machine, "p"), 800);
  EXPECT_EQ(*target.needBandwidth("gm", "ub", Scope::Machine, "p"), 1000);
  EXPECT_EQ(*target.needBandwidth("gm", "ub", Scope::Unit, "p"), 25);
  EXPECT_EQ(target.bandwidth(target.findDatapath("l1", "ub"), Scope::Core), std::nullopt);
  EXPECT_EQ(::errorOf(target.needBandwidth("l1", "ub", Scope::Core, "p")),
            "the description of machine t does not say the bandwidth of a datapath from l1 to ub, "
            "which p needs");
  // What limits it cannot be compared.
  EXPECT_EQ(::errorOf(target.needBandwidth("l1", "shared", Scope::Core, "p")),
            "the description of machine t does not say clusters, which p needs");
  EXPECT_EQ(::errorOf(target.needBandwidth("l1", "gm", Scope::Core, "p")),
            "the description of machine t does not say that there is a datapath from l1 to gm, "
            "which p needs");
  EXPECT_FALSE(target.findDatapath("l1", "gm"));
}

TEST_F(TargetTest, Instructions) {
  TargetAttr target = parse(full);
  Type f16 = Float16Type::get(&context), i8 = IntegerType::get(&context, 8);
  InstructionAttr fastest = target.fastestInstruction(f16, f16);
  ASSERT_TRUE(fastest);
  EXPECT_EQ(fastest.getName(), "fast");
  EXPECT_EQ(*target.needRate(fastest, Scope::Core, "p"), 100);
  EXPECT_FALSE(target.fastestInstruction(i8, i8));
  EXPECT_FALSE(target.fastestInstruction(i8, f16));
  EXPECT_EQ(::errorOf(target.needRate(target.findInstruction("unknown"), Scope::Core, "p")),
            "the description of machine t does not say the rate of instruction unknown, which p "
            "needs");
}

/// What only the attributes' verifiers know is said with the place in the file.
TEST_F(TargetTest, FilesAreVerified) {
  auto with = [](StringRef more) {
    return R"({"name": "m", "summary": "s", "kind": "cpu", )" + more.str() + "}";
  };
  constexpr const char *from = R"("provenance": "vendor", "source": "a b"})";
  EXPECT_EQ(
      errorOf(
          with(R"("memories": [{"name": "a", "scope": "core", "alignment_bytes": {"value": 48, )" +
               std::string(from) + "}]")),
      "m.json: memories[0]: expected the alignment of memory a to be a power of two, but got 48");
  EXPECT_EQ(errorOf(with(R"("memories": [{"name": "a", "scope": "core"}],
                            "datapaths": [{"from": "a", "to": "a", "source": "a b"}])")),
            "m.json: datapaths[0]: expected a datapath to lead to another memory, but got a twice");
  for (StringRef type : {"i65", "i0", "int8", "f8"})
    EXPECT_EQ(
        errorOf(
            with(R"("instructions": [{"name": "i", "m": 1, "n": 1, "k": 1, "lhs": "i8", "rhs": ")" +
                 type.str() + R"(", "acc": "i32", "source": "a b"}])")),
        "m.json: instructions[0]: expected an element type such as i8, ui8 or f32, found '" +
            type.str() + "'");
  EXPECT_EQ(errorOf(with(R"("vector_bytes": {"value": 24, )" + std::string(from))),
            "m.json: expected vector_bytes to be a power of two from 16 to 256, but got 24");
  EXPECT_EQ(
      errorOf(with(
          R"("instructions": [{"name": "i", "m": 1000000000, "n": 1000000000, "k": 1000000000, "lhs": "i8",
              "rhs": "i8", "acc": "i32", "source": "a b", "ops_per_second": {"value": 1e24, "scope": "core", )" +
          std::string(from) + "}]")),
      "nothing");
  EXPECT_EQ(
      errorOf(with(R"("clock_hz": {"value": 1e12, )" + std::string(from) +
                   R"(, "exp_per_cycle": {"value": 1e24, "scope": "core", )" + from)),
      "m.json: expected a number above 0, at most 1e24 as exp_per_second, but got 1.000000e+36");
}

TEST_F(TargetTest, UnknownNames) {
  Result<TargetAttr> target = readMachine("z80", context);
  ASSERT_FALSE(target);
  EXPECT_TRUE(StringRef(target.error())
                  .starts_with("unknown target z80: expected native, a .json file, or a name that "
                               "frit targets lists, such as avx512-vnni, "))
      << target.error();
  target = readMachine("zen6", context);
  ASSERT_FALSE(target);
  EXPECT_TRUE(StringRef(target.error()).ends_with("; did you mean zen3 or zen4 or zen5"))
      << target.error();
  target = readMachine("/nowhere/m.json", context);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error(),
            "cannot read machine description /nowhere/m.json: No such file or directory");
  target = readMachine("/dev/null/m.json", context);
  EXPECT_FALSE(target);
}

/// Sparse rates are no promise to passes.
TEST_F(TargetTest, SparseInstructionsStayInTheDescription) {
  Result<TargetAttr> target = parseMachine(
      R"({"name": "m", "summary": "s", "kind": "gpu", "instructions": [
        {"name": "d", "m": 1, "n": 1, "k": 1, "lhs": "i8", "rhs": "i8", "acc": "i32", "source": "a b"},
        {"name": "s", "m": 1, "n": 1, "k": 1, "lhs": "i8", "rhs": "i8", "acc": "i32", "sparsity": "2:4", "source": "a b"}]})",
      "m.json", context);
  ASSERT_TRUE(static_cast<bool>(target));
  ASSERT_EQ(target->getInstructions().size(), 1u);
  EXPECT_EQ(target->getInstructions()[0].getName(), "d");
}

TEST_F(TargetTest, BoundsFollowFromProvenance) {
  auto bounds = [&](StringRef provenance, StringRef others) {
    std::string figure = (R"({"value": 100, "scope": "core", "provenance": ")" + provenance +
                          R"(", "source": "a b"%others})")
                             .str();
    figure.replace(figure.find("%others"), 7, others);
    Result<TargetAttr> target =
        parseMachine(R"({"name": "m", "summary": "s", "kind": "gpu", "f32_ops_per_second": )" +
                         figure + R"(, "barrier_seconds": {"value": 2e-6, "provenance": ")" +
                         provenance.str() + R"(", "source": "a b"}})",
                     "m.json", context);
    EXPECT_TRUE(static_cast<bool>(target)) << target.error();
    Bounds rate = target->findFigure(FigureId::F32Rate)->bounds,
           seconds = target->findFigure(FigureId::Barrier)->bounds;
    return std::array<double, 4>{rate.low, rate.high, seconds.low, seconds.high};
  };
  EXPECT_EQ(bounds("vendor", ""), (std::array<double, 4>{0.8, 1, 1, 1.25}));
  EXPECT_EQ(bounds("assumed", ""), (std::array<double, 4>{0.5, 2, 0.5, 2}));
  // Others widen them.
  EXPECT_EQ(bounds("vendor", R"(, "others": [
      {"value": 70, "provenance": "measured", "source": "c d"},
      {"value": 150, "provenance": "claimed", "source": "c d"}])"),
            (std::array<double, 4>{0.7, 1.5, 1, 1.25}));
}

TEST_F(TargetTest, BuiltInDescriptions) {
  Result<std::vector<MachineDescription>> machines = builtinMachines();
  ASSERT_TRUE(static_cast<bool>(machines)) << machines.error();
  for (const MachineDescription &machine : *machines) {
    Result<TargetAttr> target = readMachine(machine.name, context);
    ASSERT_TRUE(static_cast<bool>(target)) << target.error();
    EXPECT_EQ(target->getName(), machine.name);
    // What is printed is read.
    std::string text;
    llvm::raw_string_ostream(text) << *target;
    EXPECT_EQ(parseAttribute(text, &context), *target) << text;
  }
  EXPECT_TRUE(llvm::is_contained(compilableMachines(), detectMachine()));
}
