//===- MachineTest.cpp - ways between memories, and what a machine lacks ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/Planner/Machines.h"

#include <gtest/gtest.h>

using namespace frit;
using namespace frit::cost;
using namespace frit::test;

static std::string show(const Machine &machine, std::optional<Route> route) {
  if (!route)
    return "none";
  std::string text = route->leavesCore ? "workspace" : "core";
  for (unsigned path : route->datapaths)
    text += " " + machine.memories[machine.datapaths[path].to].name;
  return text;
}

TEST(CostMachine, RoutesTakeTheFastestWay) {
  Machine machine = cpu(2);
  EXPECT_EQ(show(machine, machine.route(2, 0)), "core l3 l2");
  EXPECT_EQ(show(machine, machine.route(0, 2)), "core l3 dram");
  EXPECT_EQ(show(machine, machine.route(0, 0)), "core");
  Machine apart = cube(false), joined = cube(true);
  EXPECT_EQ(show(apart, apart.route(1, 2)), "workspace l2 ub");
  EXPECT_EQ(show(joined, joined.route(1, 2)), "core ub");
  EXPECT_EQ(show(joined, joined.route(2, 0)), "core l1");
  // A slow way between the units loses against two fast ones through the cache.
  joined.datapaths[6].bytesPerSecond = Figure::exact(50e9);
  EXPECT_EQ(show(joined, joined.route(1, 2)), "workspace l2 ub");
  EXPECT_EQ(show(apart, apart.route(0, 1)), "none");
}

TEST(CostMachine, SharedPathsAreDividedAmongTheCores) {
  // Two cores are better served by the path of 40 GB/s that both share, a hundred are not.
  Machine machine = cpu(2);
  machine.datapaths.push_back({2, 0, Figure::exact(10e9), false});
  EXPECT_EQ(show(machine, machine.route(2, 0)), "core l3 l2");
  machine.cores = 100;
  EXPECT_EQ(show(machine, machine.route(2, 0)), "core l2");
}

TEST(CostMachine, MemoriesAreDividedAmongTheCores) {
  // Nothing is said of the ways from unit to unit through memory, but of that.
  Machine machine = cube(false);
  constexpr double unknown = std::numeric_limits<double>::infinity();
  machine.datapaths.push_back({1, 4, Figure::exact(unknown), false});
  machine.datapaths.push_back({4, 2, Figure::exact(unknown), false});
  EXPECT_EQ(show(machine, machine.route(1, 2)), "workspace hbm ub");
  machine.memories[4].bytesPerSecond = Figure::exact(1.6e12); // 80 GB/s of it for each core.
  EXPECT_EQ(show(machine, machine.route(1, 2)), "workspace l2 ub");
  machine.cores = 2;
  EXPECT_EQ(show(machine, machine.route(1, 2)), "workspace hbm ub");
}

TEST(CostMachine, HomeIsTheNearestMemoryWithRoom) {
  Machine machine = cpu(2);
  EXPECT_EQ(machine.memories[machine.homeOf(16 << 20)].name, "l3");
  EXPECT_EQ(machine.memories[machine.homeOf((16 << 20) + 1)].name, "dram");
  EXPECT_EQ(machine.memories[machine.homeOf(INT64_MAX)].name, "dram");
}

TEST(CostMachine, NumbersOfTheMatrixUnit) {
  EXPECT_EQ(cpu(1).matrixNumber(Number::F32), Number::F32);
  EXPECT_EQ(cpu(1).matrixNumber(Number::I8), Number::I8);
  EXPECT_EQ(cube(true).matrixNumber(Number::F32), Number::F16);
  EXPECT_EQ(cube(true).matrixNumber(Number::I8), std::nullopt);
}

TEST(CostMachine, SaysAllThatIsMissing) {
  EXPECT_TRUE(cpu(2).check());
  EXPECT_TRUE(cube(false).check());
  Machine machine;
  machine.name = "empty";
  machine.cores = 0;
  EXPECT_EQ(machine.check().error(),
            "machine empty: to plan phases frit needs the number of cores, a memory that all cores "
            "share, the rate of a matrix instruction, the rate of vector operations, the rate of "
            "exponentials, which its description lacks");
  machine = cube(true);
  machine.datapaths.erase(machine.datapaths.begin() + 3);
  machine.datapaths.erase(machine.datapaths.begin() + 5, machine.datapaths.end());
  EXPECT_EQ(machine.check().error(),
            "machine cube: to plan phases frit needs datapaths from l0c to l2, from l0c to hbm");
}

TEST(CostMachine, ScenariosSpanTheBounds) {
  Figure figure{2, 1, 4};
  EXPECT_EQ(at(figure, 0), 2);
  EXPECT_EQ(at(figure, -1), 1);
  EXPECT_EQ(at(figure, 1), 4);
  EXPECT_EQ(scenarios()[0].bandwidth, 0);
  std::set<std::tuple<int, int, int>> corners;
  for (const Scenario &scenario : scenarios())
    corners.insert({scenario.bandwidth, scenario.rate, scenario.synchronization});
  EXPECT_EQ(corners.size(), numScenarios);
}
