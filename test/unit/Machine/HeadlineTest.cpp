//===- HeadlineTest.cpp - what is said of machines against their parts -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The figures here are those of data sheets and articles, typed again; descriptions have the parts
// they are made from. Ascends: a cube core does 16 x 16 x 16 multiplications of f16 with an
// addition per cycle, 8192 operations.
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "frit/Machine/MachineModel.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace frit;
using namespace frit::machine;

namespace {

class Headline : public ::testing::Test {
protected:
  TargetAttr read(std::string_view name) {
    Result<TargetAttr> target = readMachine(name, context);
    EXPECT_TRUE(static_cast<bool>(target)) << (target ? "" : target.error());
    return target ? *target : TargetAttr();
  }
  /// Operations per second of all of the machine, in 1e12.
  double tera(TargetAttr target, StringRef instruction) {
    InstructionAttr found = target.findInstruction(instruction);
    EXPECT_TRUE(found) << instruction.str();
    Result<double> rate = target.needRate(found, Scope::Machine, "the test");
    EXPECT_TRUE(static_cast<bool>(rate)) << (rate ? "" : rate.error());
    return rate ? *rate / 1e12 : 0;
  }

  MLIRContext context;
};

void expectNear(double value, double headline, double percent) {
  EXPECT_NEAR(value / headline, 1, percent / 100) << value << " for " << headline;
}

} // namespace

TEST_F(Headline, AscendCubes) {
  struct {
    const char *name;
    double f16;
  } published[] = {{"ascend910b1", 363.7}, {"ascend910b2", 353.9}, {"ascend910b3", 294.9},
                   {"ascend910b4", 245.8}, {"ascend910c", 707.8},  {"ascend310p", 69.5},
                   {"ascend950pr", 530.8}};
  for (auto [name, f16] : published) {
    SCOPED_TRACE(name);
    TargetAttr target = read(name);
    ASSERT_TRUE(target);
    expectNear(tera(target, "mmad.f16"), f16, 0.1);
    expectNear(*target.find(FigureId::Cores) * 8192 * *target.find(FigureId::Clock) / 1e12, f16,
               0.1);
    expectNear(tera(target, "mmad.i8"), 2 * f16, 0.1);
  }
  // Two 310P, "280 TOPS"; "70 TFLOPS"; a 950, "1 PFLOPS of FP8, 2 of FP4".
  expectNear(2 * tera(read("ascend310p"), "mmad.i8"), 280, 1);
  expectNear(tera(read("ascend310p"), "mmad.f16"), 70, 1);
  expectNear(tera(read("ascend950pr"), "mmad.f8E4M3FN"), 1000, 7);
  expectNear(tera(read("ascend950pr"), "mmad.f4E2M1FN"), 2000, 7);
}

/// "376T" and "313T" are cube and vector cores together, with 256 operations of a vector core per
/// cycle; so are 386.46 of a 910B1.
TEST_F(Headline, AscendNamesCountVectorCores) {
  for (auto [name, total] : {std::pair("ascend910b1", 386.46), std::pair("ascend910b2", 376.0),
                             std::pair("ascend910b3", 313.2)}) {
    TargetAttr target = read(name);
    double vectors = *target.count(Scope::Unit) * 256 * *target.find(FigureId::Clock) / 1e12;
    expectNear(tera(target, "mmad.f16") + vectors, total, 0.1);
  }
  // "320 TFLOPS" is another chip.
  expectNear(32 * 8192 * 1.22e9 / 1e12, 320, 0.1);
}

TEST_F(Headline, Others) {
  TargetAttr h100 = read("h100");
  expectNear(tera(h100, "wgmma.f16"), 989.4, 0.1);
  // 4096 operations of f16 per cycle in an SM, 256 of f32 vectors at 1.98 GHz.
  expectNear(132 * 4096 * *h100.find(FigureId::Clock) / 1e12, 989.4, 0.1);
  expectNear(132 * 256 * 1.98e9, *h100.rate(FigureId::F32Rate, Scope::Machine), 0.1);
  expectNear(tera(read("h200"), "wgmma.i8"), 1979, 0.1);
  expectNear(tera(read("jetson-orin"), "mma.i8"), 170.0 / 2, 0.1);
  expectNear(16 * 4096 * *read("jetson-orin").find(FigureId::Clock) / 1e12, 85, 0.5);
  expectNear(tera(read("br100"), "tcore.i8"), 2048, 0.1);
  expectNear(tera(read("edge-12tops"), "mmad.i8"), 12, 0.1);
  // 2048 operations of int8, 1024 of bf16, per cycle and core.
  TargetAttr xeon = read("sapphire-rapids");
  expectNear(tera(xeon, "tdpbsud"), 56 * 2048 * 2.0e9 / 1e12, 0.1);
  expectNear(tera(xeon, "tdpbf16ps"), 56 * 1024 * 2.0e9 / 1e12, 0.1);
  // 128 operations of vpdpbusd, twice per cycle.
  expectNear(*read("zen5").rate(read("zen5").findInstruction("vpdpbusd.512").getOps(), Scope::Core),
             2 * 128 * 4.1e9, 1);
  // An outer product of 16 x 16 per cycle.
  expectNear(tera(read("apple-m4"), "fmopa.f32"), 512 * 3.9e9 / 1e12, 0.5);
  // Channels x 8 bytes x transfers.
  for (auto [name, bandwidth] :
       {std::pair("zen3", 8 * 8 * 3.2e9), std::pair("zen4", 12 * 8 * 4.8e9),
        std::pair("zen5", 12 * 8 * 6e9), std::pair("sapphire-rapids", 8 * 8 * 4.8e9),
        std::pair("neoverse-v1", 8 * 8 * 4.8e9)}) {
    TargetAttr target = read(name);
    expectNear(*target.rate(target.findMemory("dram").getBandwidth(), Scope::Machine), bandwidth,
               0.1);
  }
}

/// The way of a planner: what there is between the cube and the vector units decides what can be
/// fused.
TEST_F(Headline, DatapathsDecide) {
  TargetAttr a2 = read("ascend910b1"), a5 = read("ascend950pr");
  EXPECT_FALSE(a2.findDatapath("l0c", "ub"));
  EXPECT_FALSE(a2.findDatapath("ub", "l1"));
  EXPECT_TRUE(a5.findDatapath("l0c", "ub"));
  EXPECT_TRUE(a5.findDatapath("ub", "l1"));
  EXPECT_TRUE(a2.findDatapath("l0c", "gm").can(OnTheWay::ChannelScale));
  EXPECT_FALSE(a2.findDatapath("l1", "l0a").can(OnTheWay::ChannelScale));
  EXPECT_EQ(*a2.needBytes("l0c", "the test"), 128 * 1024);
  // 256 bytes per cycle of 1.85 GHz.
  expectNear(*a2.needBandwidth("l1", "l0a", Scope::Core, "the test"), 473.6e9, 0.01);
  // HBM limits what 24 cores read together.
  expectNear(*a2.needBandwidth("gm", "l1", Scope::Machine, "the test"), 1.6e12, 0.01);
  expectNear(*a2.needBandwidth("gm", "ub", Scope::Unit, "the test"), 1.6e12 / 48, 0.01);
  Result<double> exp = read("s4000").needRate(FigureId::ExpRate, Scope::Machine, "the planner");
  ASSERT_FALSE(exp);
  EXPECT_EQ(
      exp.error(),
      "the description of machine s4000 does not say exp_per_second, which the planner needs");
}
