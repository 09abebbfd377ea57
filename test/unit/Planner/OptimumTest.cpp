//===- OptimumTest.cpp - plans of small graphs against all there are -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Kernel/Kernel.h"
#include "frit/InitAll.h"
#include "frit/Machine/MachineModel.h"
#include "lib/Cost/Target.h"
#include "lib/Planner/Search.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace frit;
using namespace frit::plan;

namespace {

/// Figures without bounds: then the best plan is the fastest, whatever the order they are tried in.
cost::Machine sure(cost::Machine machine) {
  auto fix = [](cost::Figure &figure) { figure = cost::Figure::exact(figure.value); };
  for (cost::Memory &memory : machine.memories)
    if (memory.bytesPerSecond)
      fix(*memory.bytesPerSecond);
  for (cost::Datapath &path : machine.datapaths)
    fix(path.bytesPerSecond);
  for (std::optional<cost::Figure> &rate : machine.matrixRates)
    if (rate)
      fix(*rate);
  fix(machine.vectorRate);
  fix(machine.expRate);
  fix(machine.phaseSeconds);
  return machine;
}

/// 4 to 12 ops, each of one or two of the values there are, most of them new: norms, products,
/// gates, activations and sums.
std::string randomGraph(std::mt19937 &random) {
  auto below = [&](size_t end) {
    return std::uniform_int_distribution<size_t>(0, end - 1)(random);
  };
  std::string text =
      "kernel.reference @random(%0: tensor<?x256xf32>, %wn: !graph.weight<256, f32>, "
      "%w: !graph.weight<256x256, q8_0>) -> tensor<?x256xf32> {\n";
  const std::string type = "tensor<?x256xf32>";
  size_t count = 4 + below(9);
  for (size_t i = 1; i <= count; ++i) {
    std::string name = "  %" + std::to_string(i) + " = graph.";
    auto value = [&] { return "%" + std::to_string(below(4) ? i - 1 : below(i)); };
    switch (below(6)) {
    case 0:
      text += name + "norm " + value() + ", %wn {eps = 1.0e-5} : " + type +
              ", !graph.weight<256, f32>\n";
      break;
    case 1:
      text += name + "glu " + value() + ", " + value() + " silu : " + type + "\n";
      break;
    case 2:
      text += name + "residual " + value() + ", " + value() + " : " + type + "\n";
      break;
    case 3:
      text += name + "activation " + value() + " gelu_tanh : " + type + "\n";
      break;
    default:
      text += name + "linear " + value() + ", %w : " + type + ", !graph.weight<256x256, q8_0>\n";
      break;
    }
  }
  return text + "  kernel.yield %" + std::to_string(count) + " : " + type + "\n}\n";
}

/// The choices that structure leaves free.
SmallVector<unsigned> freeChoices(const Dataflow &flow) {
  SmallVector<unsigned> free;
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    if (choice >= flow.edges.size() || canFuse(flow, flow.edges[choice]))
      free.push_back(choice);
  return free;
}

double fastestOf(const Dataflow &flow, const CostModel &model, ArrayRef<unsigned> free) {
  double fastest = planUnfused(flow, model).seconds.value();
  for (uint64_t bits = 1; bits < uint64_t(1) << free.size(); ++bits) {
    Choices choices(flow.numChoices());
    for (auto [index, choice] : llvm::enumerate(free))
      choices[choice] = bits >> index & 1;
    if (std::optional<Plan> plan = tryChoices(flow, model, choices))
      fastest = std::min(fastest, plan->seconds.value());
  }
  return fastest;
}

TEST(Optimum, RandomGraphsOnTheMachinesThatAreDescribed) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::vector<cost::Machine> machines;
  for (const char *name : {"zen3", "sapphire-rapids", "apple-m4", "ascend910b3", "ascend950pr",
                           "edge-12tops", "h100", "br100"}) {
    Result<machine::TargetAttr> target = readMachine(name, context);
    ASSERT_TRUE(static_cast<bool>(target)) << target.error();
    Result<cost::Machine> machine = cost::machineOf(*target);
    ASSERT_TRUE(static_cast<bool>(machine)) << machine.error();
    machines.push_back(sure(*machine));
  }

  std::mt19937 random(3);
  size_t graphs = 0, large = 0, fastest = 0, plans = 0;
  while (graphs < 600) {
    std::string text = randomGraph(random);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    Block &block = cast<kernel::ReferenceOp>(module->getBody()->front()).getBody().front();
    constexpr std::array<int64_t, 4> tokens = {1, 8, 96, 1024};
    Dataflow flow = Dataflow::of(block, {tokens[graphs % tokens.size()], 1024});
    SmallVector<unsigned> free = freeChoices(flow);
    if (free.size() > 11) // 2,048 plans, of which each has to be made.
      continue;
    ++graphs;
    large += flow.nodes.size() >= 9;
    // Each graph on two of them, so that all have their turn.
    for (size_t turn : {graphs, graphs * 3 + 1}) {
      const cost::Machine &machine = machines[turn % machines.size()];
      CostModel model(flow, machine);
      Plan plan = planPhases(flow, model);
      double best = fastestOf(flow, model, free);
      EXPECT_LE(plan.seconds.value(), 1.05 * best) << machine.name << "\n" << text;
      ++plans;
      fastest += plan.seconds.value() <= best * (1 + 1e-9);
    }
  }
  // The test is about graphs of up to 12 ops, not of four.
  EXPECT_GE(large, 150u);
  RecordProperty("fastest", std::to_string(fastest) + " of " + std::to_string(plans));
  EXPECT_GE(fastest, plans * 95 / 100);
}

} // namespace
