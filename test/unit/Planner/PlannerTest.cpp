//===- PlannerTest.cpp - phases of layers on machines of all kinds -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Kernel/Kernel.h"
#include "frit/InitAll.h"
#include "lib/Planner/Crossover.h"
#include "lib/Planner/Explain.h"
#include "mlir/Parser/Parser.h"
#include "test/unit/Planner/Machines.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace frit;
using namespace frit::plan;
using namespace frit::test;

namespace {

constexpr const char *llamaLayer = R"mlir(
kernel.reference @decoder(%x: tensor<?x576xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64, k = <f16>, v = <f16>>, %i: index,
    %wn: !graph.weight<576, f32>, %wq: !graph.weight<576x576, q4_1>, %wk: !graph.weight<192x576, q4_1>,
    %wv: !graph.weight<192x576, q4_1>, %wo: !graph.weight<576x576, q4_1>, %wg: !graph.weight<1536x576, q4_1>,
    %wu: !graph.weight<1536x576, q4_1>, %wd: !graph.weight<576x1536, q4_1>) -> tensor<?x576xf32> {
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
  %nq = graph.quantize %n by 32 : tensor<?x576xf32>
  %q = graph.linear %nq, %wq : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  %k = graph.linear %nq, %wk : !graph.qtensor<?x576, block = 32>, !graph.weight<192x576, q4_1>
  %v = graph.linear %nq, %wv : !graph.qtensor<?x576, block = 32>, !graph.weight<192x576, q4_1>
  %qr = graph.rope %q, %tok halves {dim = 64 : i64, head_dim = 64 : i64, theta = 1.0e5 : f64} : tensor<?x576xf32>
  %kr = graph.rope %k, %tok halves {dim = 64 : i64, head_dim = 64 : i64, theta = 1.0e5 : f64} : tensor<?x192xf32>
  kv.append %kv, %kr, %v, %tok : !kv.cache<3x64, k = <f16>, v = <f16>>, tensor<?x192xf32>, tensor<?x192xf32>, !graph.tokens
  %a = graph.attention %qr cache %kv, %tok heads 9 over 3 {mask = #graph.mask<causal>, scale = 0.125 : f64} : tensor<?x576xf32>, !kv.cache<3x64, k = <f16>, v = <f16>>, !graph.tokens
  %aq = graph.quantize %a by 32 : tensor<?x576xf32>
  %o = graph.linear %aq, %wo : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  %h = graph.residual %x, %o : tensor<?x576xf32>
  %m = graph.norm %h, %wn {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
  %mq = graph.quantize %m by 32 : tensor<?x576xf32>
  %g = graph.linear %mq, %wg : !graph.qtensor<?x576, block = 32>, !graph.weight<1536x576, q4_1>
  %u = graph.linear %mq, %wu : !graph.qtensor<?x576, block = 32>, !graph.weight<1536x576, q4_1>
  %f = graph.glu %g, %u silu : tensor<?x1536xf32>
  %fq = graph.quantize %f by 32 : tensor<?x1536xf32>
  %d = graph.linear %fq, %wd : !graph.qtensor<?x1536, block = 32>, !graph.weight<576x1536, q4_1>
  %y = graph.residual %h, %d : tensor<?x576xf32>
  kernel.yield %y : tensor<?x576xf32>
}
)mlir";

constexpr const char *swiglu = R"mlir(
kernel.reference @ffn(%x: tensor<?x4096xf32>, %wn: !graph.weight<4096, f32>, %wg: !graph.weight<12288x4096, f16>,
    %wu: !graph.weight<12288x4096, f16>, %wd: !graph.weight<4096x12288, f16>) -> tensor<?x4096xf32> {
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x4096xf32>, !graph.weight<4096, f32>
  %g = graph.linear %n, %wg : tensor<?x4096xf32>, !graph.weight<12288x4096, f16>
  %u = graph.linear %n, %wu : tensor<?x4096xf32>, !graph.weight<12288x4096, f16>
  %f = graph.glu %g, %u silu : tensor<?x12288xf32>
  %d = graph.linear %f, %wd : tensor<?x12288xf32>, !graph.weight<4096x12288, f16>
  %y = graph.residual %x, %d : tensor<?x4096xf32>
  kernel.yield %y : tensor<?x4096xf32>
}
)mlir";

class PlannerTest : public ::testing::Test {
protected:
  PlannerTest() {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  Block &parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return cast<kernel::ReferenceOp>(module->getBody()->front()).getBody().front();
  }

  /// Of a block with `count` ops from the one with number `first` on; what others computed becomes
  /// an argument.
  Block &parse(StringRef text, size_t first, size_t count) {
    Block &block = parse(text);
    SmallVector<Operation *> ops;
    for (Operation &op : block.without_terminator())
      ops.push_back(&op);
    block.getTerminator()->setOperands({});
    for (size_t i = ops.size(); i-- > first + count;)
      ops[i]->erase();
    for (size_t i = first; i-- > 0;) {
      for (Value result : ops[i]->getResults())
        result.replaceAllUsesWith(block.addArgument(result.getType(), result.getLoc()));
      ops[i]->erase();
    }
    return block;
  }

  /// "[norm linear*]": the ops of each phase, prologue first, a star behind anchors.
  static std::string show(const Dataflow &flow, const Plan &plan) {
    std::string text;
    for (const Phase &phase : plan.partition.phases) {
      text += "[";
      auto add = [&](ArrayRef<unsigned> nodes, const char *mark) {
        for (unsigned node : nodes)
          text += (text.back() == '[' ? "" : " ") +
                  flow.nodes[node].op->getName().stripDialect().str() + mark;
      };
      add(phase.prologue, "");
      add(phase.anchors, "*");
      add(phase.epilogue, "");
      text += "]";
    }
    return text;
  }

  std::string planned(Block &block, const cost::Shape &shape, const cost::Machine &machine) {
    Dataflow flow = Dataflow::of(block, shape);
    CostModel model(flow, machine);
    return show(flow, planPhases(flow, model));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

cost::Machine withPhaseSeconds(cost::Machine machine, double seconds) {
  machine.phaseSeconds = cost::Figure::exact(seconds);
  return machine;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

TEST_F(PlannerTest, DecodeOfALayerIsFivePhases) {
  Block &block = parse(llamaLayer);
  for (int64_t cores : {2, 16, 64})
    for (int64_t keys : {1, 1024, 32768}) {
      Dataflow flow = Dataflow::of(block, {1, keys});
      cost::Machine machine = cpu(cores);
      CostModel model(flow, machine);
      EXPECT_EQ(planUnfused(flow, model).partition.phases.size(), 20u);
      Plan plan = planPhases(flow, model);
      EXPECT_EQ(plan.partition.phases.size(), 5u) << show(flow, plan);
    }
  EXPECT_EQ(planned(block, {1, 1024}, cpu(16)),
            "[norm quantize linear* linear* linear* rope rope append][attention* quantize]"
            "[linear* residual][norm quantize linear* linear* glu quantize][linear* residual]");
}

/// An FFN without a gate, of what attention takes.
TEST_F(PlannerTest, DecodeOfALayerWithItsFfnBesideAttentionIsFourPhases) {
  std::string text = llamaLayer;
  auto replace = [&](StringRef from, StringRef end, StringRef to) {
    size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from.str();
    text.replace(at, text.find(end, at) - at, to);
  };
  replace("%m = graph.norm", "%u = ", "");
  replace("graph.linear %mq", ", %wu", "graph.linear %nq");
  replace("graph.glu %g, %u silu", " :", "graph.activation %u gelu_tanh");
  Block &block = parse(text);
  std::string phases = planned(block, {1, 1024}, cpu(16));
  EXPECT_EQ(StringRef(phases).count('['), 4u) << phases;
  EXPECT_TRUE(StringRef(phases).starts_with(
      "[norm quantize linear* linear* linear* linear* rope rope append activation quantize]"
      "[attention* quantize]"))
      << phases;
}

TEST_F(PlannerTest, ManyTokensAreNormedOnceNotOnceACore) {
  Block &block = parse(llamaLayer);
  EXPECT_EQ(planned(block, {64, 1024}, cpu(16)),
            "[norm quantize*][linear* linear* linear* rope rope append][attention* quantize]"
            "[linear* residual][norm quantize*][linear* linear* glu quantize][linear* residual]");
}

TEST_F(PlannerTest, WhereWaitingIsDearItIsDoneOnceACore) {
  Block &block = parse(llamaLayer);
  EXPECT_NE(planned(block, {64, 1024}, withPhaseSeconds(cpu(16), 0.2e-6)),
            planned(block, {64, 1024}, withPhaseSeconds(cpu(16), 20e-6)));
  Dataflow flow = Dataflow::of(block, {64, 1024});
  cost::Machine machine = withPhaseSeconds(cpu(16), 20e-6);
  CostModel model(flow, machine);
  EXPECT_EQ(planPhases(flow, model).partition.phases.size(), 5u);
}

TEST_F(PlannerTest, UncertainGainsAreLeft) {
  // Whether it pays to quantize again in each core depends on a figure that nobody knows well.
  Block &block = parse(llamaLayer);
  cost::Machine machine = withPhaseSeconds(cpu(16), 20e-6);
  machine.phaseSeconds.low = 0.01e-6;
  EXPECT_EQ(planned(block, {64, 1024}, machine), planned(block, {64, 1024}, cpu(16)));
}

TEST_F(PlannerTest, UnitsMeetWhereTheMachineHasAPath) {
  Block &block = parse(swiglu);
  for (bool hasPath : {false, true}) {
    cost::Shape shape{512, 512};
    cost::Machine machine = cube(hasPath);
    Dataflow flow = Dataflow::of(block, shape);
    CostModel model(flow, machine);
    Plan plan = planPhases(flow, model);
    EXPECT_EQ(show(flow, plan), "[norm linear* linear* glu][linear* residual]");
    std::vector<Record> records = explain(block, shape, machine, plan);
    EXPECT_EQ(records[2].producer + " " + records[2].consumer, "linear glu");
    EXPECT_EQ(records[2].decision, hasPath ? Decision::Epilogue : Decision::Workspace);
    // Gate and up, written and read; with them the rows that products in phases of their own read
    // twice. Where those and the norm go through workspaces, the rows alone are saved, and what the
    // norm in front of either product writes and reads: 20 cores are 4 tiles of rows by 5 columns.
    constexpr int64_t products = int64_t(2) * 2 * 512 * 12288 * 4;
    constexpr int64_t rows = int64_t(512) * 4096 * 4;
    EXPECT_EQ(records[2].bytesSaved, hasPath ? products + rows : rows + 2 * 5 * rows);
    EXPECT_EQ(records[2].reason, hasPath ? "l0c to ub" : "through a workspace: l0c to l2 to ub");
    EXPECT_EQ(records[0].producer + " " + records[0].consumer, "norm linear");
    EXPECT_EQ(records[0].reason, hasPath ? "ub to l1" : "through a workspace: ub to l2 to l1");
  }
}

TEST_F(PlannerTest, WhatDoesNotFitACoreIsStored) {
  Block &block = parse(swiglu);
  cost::Machine machine = cube(true);
  machine.memories[0].bytes = 256 << 10;
  cost::Shape shape{512, 512};
  Dataflow flow = Dataflow::of(block, shape);
  CostModel model(flow, machine);
  Plan plan = planPhases(flow, model);
  EXPECT_EQ(show(flow, plan), "[norm*][linear* linear* glu][linear* residual]");
  std::vector<Record> records = explain(block, shape, machine, plan);
  EXPECT_EQ(records[0].decision, Decision::Stored);
  EXPECT_EQ(records[0].reason,
            "16 rows of norm take 262144 bytes, more than half of the 262144 of l1");
  EXPECT_EQ(records[0].flip, "fused with l1 of 524288 bytes or more instead of 262144");
}

//===----------------------------------------------------------------------===//
// Against all plans there are
//===----------------------------------------------------------------------===//

Plan bestOf(const Dataflow &flow, const CostModel &model) {
  EXPECT_LE(flow.numChoices(), 20u);
  Plan best = planUnfused(flow, model);
  for (uint64_t bits = 1; bits < uint64_t(1) << flow.numChoices(); ++bits) {
    Choices choices(flow.numChoices());
    for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
      choices[choice] = bits >> choice & 1;
    if (std::optional<Plan> plan = tryChoices(flow, model, choices);
        plan && plan->isBetterThan(best))
      best = std::move(*plan);
  }
  return best;
}

TEST_F(PlannerTest, IsWithin5PercentOfTheBestOfAllPlans) {
  for (auto [first, count] : {std::pair(0, 12), {9, 11}, {12, 8}, {8, 8}})
    for (int64_t cores : {1, 16, 64})
      for (int64_t tokens : {1, 8, 64, 512})
        for (double barrier : {0.2e-6, 20e-6}) {
          Block &block = parse(llamaLayer, first, count);
          Dataflow flow = Dataflow::of(block, {tokens, 1024});
          cost::Machine machine = withPhaseSeconds(cpu(cores), barrier);
          CostModel model(flow, machine);
          Plan plan = planPhases(flow, model);
          Plan best = bestOf(flow, model);
          EXPECT_LE(plan.seconds.value(), 1.05 * best.seconds.value())
              << show(flow, plan) << " " << show(flow, best) << " of " << cores << " cores, "
              << tokens << " tokens, " << barrier << " s";
        }
}

/// Ops one after another, each reading one or two of the values there are.
std::string randomGraph(std::mt19937 &random) {
  auto below = [&](size_t end) {
    return std::uniform_int_distribution<size_t>(0, end - 1)(random);
  };
  std::string text =
      "kernel.reference @random(%0: tensor<?x256xf32>, %wn: !graph.weight<256, f32>, "
      "%w: !graph.weight<256x256, q8_0>) -> tensor<?x256xf32> {\n";
  const std::string type = "tensor<?x256xf32>";
  size_t count = 4 + below(5);
  for (size_t i = 1; i <= count; ++i) {
    std::string name = "  %" + std::to_string(i) + " = ";
    auto value = [&] { return "%" + std::to_string(below(2) ? i - 1 : below(i)); };
    switch (below(4)) {
    case 0:
      text += name + "graph.norm " + value() + ", %wn {eps = 1.0e-5} : " + type +
              ", !graph.weight<256, f32>\n";
      break;
    case 1:
      text += name + "graph.glu " + value() + ", " + value() + " silu : " + type + "\n";
      break;
    case 2:
      text += name + "graph.residual " + value() + ", " + value() + " : " + type + "\n";
      break;
    case 3:
      text +=
          name + "graph.linear " + value() + ", %w : " + type + ", !graph.weight<256x256, q8_0>\n";
      break;
    }
  }
  return text + "  kernel.yield %" + std::to_string(count) + " : " + type + "\n}\n";
}

TEST_F(PlannerTest, RandomGraphsAreWithin5PercentOfTheBest) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string text = randomGraph(random);
    Block &block = parse(text);
    ASSERT_TRUE(module) << text;
    int64_t tokens = i % 2 ? 1 : 96;
    Dataflow flow = Dataflow::of(block, {tokens, 1024});
    if (flow.numChoices() > 12)
      continue;
    for (cost::Machine machine : {cpu(2), cpu(64), cube(false), cube(true)}) {
      CostModel model(flow, machine);
      Plan plan = planPhases(flow, model);
      Plan best = bestOf(flow, model);
      EXPECT_LE(plan.seconds.value(), 1.05 * best.seconds.value())
          << machine.name << " " << machine.cores << " " << show(flow, plan) << " "
          << show(flow, best) << "\n"
          << text;
    }
  }
}

TEST_F(PlannerTest, WhatEarlierPlansLearnedChangesNoPlan) {
  std::mt19937 random(2);
  for (int i = 0; i < 40; ++i) {
    std::string text = i ? randomGraph(random) : llamaLayer;
    Block &block = parse(text);
    Dataflow flow = Dataflow::of(block, {1, 1024});
    Space space(flow);
    for (int64_t tokens : {1, 96})
      for (cost::Machine machine : {cpu(2), cpu(64), cube(false), cube(true)}) {
        Dataflow called = Dataflow::of(block, {tokens, 1024});
        CostModel model(called, machine);
        if (!model.check())
          continue;
        Plan alone = planPhases(called, model);
        Plan behindOthers = planPhases(called, model, space);
        EXPECT_EQ(show(called, alone), show(called, behindOthers)) << text;
        EXPECT_EQ(alone.choices, behindOthers.choices) << text;
        EXPECT_EQ(planChoices(called, model, space), alone.choices) << text;
        EXPECT_EQ(alone.seconds.in, model.totalOf(alone.partition).seconds.in);
      }
  }
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

TEST_F(PlannerTest, EveryEdgeHasARecord) {
  Block &block = parse(llamaLayer);
  cost::Shape shape{8, 1024};
  Dataflow flow = Dataflow::of(block, shape);
  cost::Machine machine = cpu(16);
  CostModel model(flow, machine);
  Plan plan = planPhases(flow, model);
  std::vector<Record> records = explain(block, shape, machine, plan);
  // The layer's input, which a norm and a residual read, and its output.
  ASSERT_EQ(records.size(), flow.numChoices() + 3);
  auto of = [&](StringRef producer, StringRef consumer) {
    for (const Record &record : records)
      if (record.producer == producer && record.consumer == consumer)
        return record;
    ADD_FAILURE() << producer.str() << " " << consumer.str();
    return Record();
  };
  for (const Record &record : records)
    EXPECT_FALSE(record.reason.empty()) << record.producer << " " << record.consumer;

  Record record = of("quantize", "linear");
  EXPECT_EQ(record.decision, Decision::Recomputed);
  EXPECT_EQ(record.reason, "stays in l2");
  EXPECT_GT(record.saved->low(), 0);
  EXPECT_TRUE(StringRef(record.flip).starts_with("stored with ")) << record.flip;

  record = of("linear.5", "glu");
  EXPECT_EQ(record.decision, Decision::Epilogue);
  EXPECT_GE(record.bytesSaved, 2 * 8 * 1536 * 4);

  record = of("linear", "linear.2");
  EXPECT_EQ(record.decision, Decision::Together);

  record = of("rope", "attention");
  EXPECT_EQ(record.decision, Decision::Stored);
  EXPECT_EQ(record.reason, "attention does not read rope by whole rows");
  EXPECT_FALSE(record.saved);
  EXPECT_EQ(record.flip, "");

  EXPECT_EQ(of("input", "norm").reason, "phases end where functions do");
  EXPECT_EQ(of("input", "residual").decision, Decision::Stored);
  EXPECT_FALSE(of("residual.2", "output").saved);

  record = of("residual", "residual.2");
  EXPECT_EQ(record.reason,
            "linear.7 is computed in another phase than the other operand of residual.2");
}

TEST_F(PlannerTest, FlipsAreWhereThePlanChanges) {
  Block &block = parse(llamaLayer);
  cost::Shape shape{8, 1024};
  Dataflow flow = Dataflow::of(block, shape);
  cost::Machine machine = cpu(16);
  CostModel model(flow, machine);
  Plan plan = planPhases(flow, model);
  size_t checked = 0;
  for (auto [choice, record] : llvm::enumerate(explain(block, shape, machine, plan))) {
    StringRef text = record.flip;
    int64_t tokens = 0;
    if (!(text.consume_front("stored with tokens of ") ||
          text.consume_front("fused with tokens of ")) ||
        text.consumeInteger(10, tokens))
      continue;
    auto isFusedFor = [&](int64_t tokens, unsigned choice) {
      Dataflow other = Dataflow::of(block, {tokens, 1024});
      CostModel model(other, machine);
      return planPhases(other, model).choices.test(choice);
    };
    ++checked;
    bool now = plan.choices.test(choice);
    EXPECT_EQ(isFusedFor(tokens > 8 ? tokens - 1 : tokens + 1, choice), now) << record.flip;
    EXPECT_NE(isFusedFor(tokens, choice), now) << record.flip;
  }
  EXPECT_GE(checked, 1u);
}

TEST_F(PlannerTest, CrossoversAreWhereThePlanChanges) {
  Block &block = parse(llamaLayer);
  cost::Machine machine = cpu(16);
  Dataflow flow = Dataflow::of(block, {1, 256});
  Space space(flow);
  constexpr int64_t most = 300;
  std::vector<Crossover> found = crossovers(block, machine, 256, most, space);
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(found.front().tokens, 1);
  size_t next = 0;
  std::optional<Choices> last;
  for (int64_t tokens = 1; tokens <= most; ++tokens) {
    Dataflow flow = Dataflow::of(block, {tokens, std::max<int64_t>(256, tokens)});
    Choices choices = planPhases(flow, CostModel(flow, machine)).choices;
    if (choices == last)
      continue;
    ASSERT_LT(next, found.size()) << tokens;
    EXPECT_EQ(found[next].tokens, tokens);
    EXPECT_EQ(found[next].choices, choices) << tokens;
    last = choices;
    ++next;
  }
  EXPECT_EQ(next, found.size());
}

TEST_F(PlannerTest, AMemoryMayBoundAPhase) {
  Dataflow flow = Dataflow::of(parse(llamaLayer), {1, 1024});
  cost::Machine machine = cpu(16);
  auto boundOfFirst = [&] {
    CostModel model(flow, machine);
    Plan plan = planPhases(flow, model);
    return model.costOf(plan.partition, plan.partition.phases[0]);
  };
  PhaseCost fast = boundOfFirst();
  EXPECT_EQ(fast.bound, "dram to l3");
  machine.memories[2].bytesPerSecond = cost::Figure::exact(20e9); // Half of its datapath.
  PhaseCost slow = boundOfFirst();
  EXPECT_EQ(slow.bound, "dram");
  // What is read and what is written: weights, keys and values of a token.
  double bytes = (576 + 2 * 192) * 576 / 32 * 20 + 2 * 192 * 2;
  EXPECT_NEAR(slow.seconds.value() - machine.phaseSeconds.value, bytes / 20e9, 1e-12);
}

TEST_F(PlannerTest, EachTokenSeesOneKeyLess) {
  for (int64_t window : {0, 1, 5, 64})
    for (auto [tokens, keys] : {std::pair(1, 1), {1, 9}, {7, 7}, {7, 9}, {7, 100}, {64, 64}}) {
      std::string attribute = window ? ", window = " + std::to_string(window) + " : i64" : "";
      std::string text = "kernel.reference @a(%q: tensor<?x32xf32>, %kv: !kv.cache<1x16, k = "
                         "<f16>, v = <f16>>, %t: !graph.tokens) "
                         "-> tensor<?x32xf32> {\n  %a = graph.attention %q cache %kv, %t heads 2 "
                         "over 1 {mask = #graph.mask<causal>, "
                         "scale = 0.25 : f64" +
                         attribute +
                         "} : tensor<?x32xf32>, !kv.cache<1x16, k = <f16>, v = <f16>>, "
                         "!graph.tokens\n  kernel.yield %a : tensor<?x32xf32>\n}\n";
      Dataflow flow = Dataflow::of(parse(text), {tokens, keys});
      ASSERT_TRUE(module);
      int64_t seen = 0;
      for (int64_t token = 0; token < tokens; ++token)
        seen += window ? std::min<int64_t>(keys - token, window) : keys - token;
      EXPECT_EQ(flow.nodes[0].work.exps, 2.0 * static_cast<double>(seen))
          << window << " " << tokens << " " << keys;
    }
}

TEST_F(PlannerTest, TrafficIsCountedOnceAPhase) {
  Block &block = parse(llamaLayer);
  Dataflow flow = Dataflow::of(block, {1, 1024});
  cost::Machine machine = cpu(16);
  CostModel model(flow, machine);
  Plan plan = planPhases(flow, model);
  Traffic traffic = model.costOf(plan.partition, plan.partition.phases[0]).traffic;
  EXPECT_EQ(traffic.inputBytes, 576 * 4);
  EXPECT_EQ(traffic.outputBytes, 576 * 4);
  EXPECT_EQ(traffic.weightBytes, 576 * 4 + (576 + 2 * 192) * 576 / 32 * 20);
  EXPECT_EQ(traffic.cacheBytes, 2 * 192 * 2);
  traffic = model.costOf(plan.partition, plan.partition.phases[1]).traffic;
  EXPECT_EQ(traffic.cacheBytes, 1024 * 2 * 192 * 2);
  EXPECT_EQ(traffic.outputBytes, 576 + 576 / 32 * 4); // int8 with scales
}

} // namespace
