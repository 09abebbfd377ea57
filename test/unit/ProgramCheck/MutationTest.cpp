//===- MutationTest.cpp - unsafe programs are refused -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Real plans, of several architectures and the three ways to cut them, are accepted. Each is then
// damaged in many ways; what the oracle has seen go wrong must be refused.
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Machine/Machine.h"
#include "frit/InitAll.h"
#include "frit/Machine/MachineModel.h"
#include "frit/Pipeline/Pipeline.h"
#include "lib/ProgramCheck/Module.h"
#include "mlir/Pass/PassManager.h"
#include "test/unit/Import/TestModels.h"
#include "test/unit/ProgramCheck/Oracle.h"

#include <map>

using namespace frit;
using namespace frit::program;
using namespace frit::test;

namespace {

struct Plan {
  std::string name;
  Program program;
  Dataflow dataflow;
  std::set<std::string> withoutRow;
};

class MutationTest : public ImportTest {
protected:
  MutationTest() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// The programs of a model that test/import/make_tiny_gguf.py makes.
  std::vector<Plan> plansOf(const std::vector<std::string> &arguments, const std::string &fusion,
                            int64_t rows);
};

std::vector<Plan> MutationTest::plansOf(const std::vector<std::string> &arguments,
                                        const std::string &fusion, int64_t rows) {
  std::vector<Plan> plans;
  mlir::OwningOpRef<mlir::ModuleOp> module = importMade(arguments);
  EXPECT_TRUE(module) << diagnosticText;
  Result<machine::TargetAttr> machine = readMachine("avx512-vnni", context);
  if (!module || !machine)
    return plans;
  (*module)->setAttr(machine::targetAttrName, *machine);
  mlir::PassManager passes(&context);
  PipelineOptions options;
  options.fusion = fusion;
  buildPipeline(passes, PhaseId::Import, PhaseId::Schedule, options);
  EXPECT_TRUE(mlir::succeeded(passes.run(*module))) << diagnosticText;

  std::set<std::string> withoutRow;
  for (auto reference : module->getOps<kernel::ReferenceOp>()) {
    bool usesRow = false;
    for (auto param : reference.getBody().getOps<graph::ParamOp>())
      usesRow |= static_cast<bool>(param.getRow());
    if (!usesRow)
      withoutRow.insert(reference.getSymName().str());
  }
  for (auto op : module->getOps<tile::ProgramOp>()) {
    Plan plan;
    for (const std::string &argument : arguments)
      plan.name += argument + " ";
    plan.name += fusion + " " + op.getSymName().str();
    Result<Program> program = programOf(op, rows);
    EXPECT_TRUE(program) << program.error();
    if (!program)
      continue;
    plan.program = *std::move(program);
    Result<Dataflow> dataflow =
        dataflowOf(*module, plan.program.phases[plan.program.steps[0].phase].computes);
    EXPECT_TRUE(dataflow) << dataflow.error();
    if (!dataflow)
      continue;
    plan.dataflow = *std::move(dataflow);
    plan.withoutRow = withoutRow;
    plans.push_back(std::move(plan));
  }
  return plans;
}

/// Numbers below a bound, the same everywhere: std::uniform_int_distribution is not.
size_t below(std::mt19937 &random, size_t bound) { return bound ? random() % bound : 0; }

using Mutation = void (*)(Program &program, std::mt19937 &random);

/// A buffer other than `index`, with rows as long if there is one.
uint32_t anotherBuffer(const Program &program, uint32_t index, std::mt19937 &random) {
  std::vector<uint32_t> alike, others;
  for (uint32_t i = 0; i < program.buffers.size(); ++i)
    if (i != index)
      (program.buffers[i].rowBytes == program.buffers[index].rowBytes ? alike : others)
          .push_back(i);
  const std::vector<uint32_t> &from = alike.empty() ? others : alike;
  return from.empty() ? index : from[below(random, from.size())];
}

/// A phase that a step of the program runs: others do not matter to it.
Phase &usedPhase(Program &program, std::mt19937 &random) {
  return program.phases[program.steps[below(random, program.steps.size())].phase];
}

/// Steps whose place matters most: of a cache.
size_t cacheStep(const Program &program, std::mt19937 &random) {
  std::vector<size_t> list;
  for (size_t i = 0; i < program.steps.size(); ++i)
    if (program.steps[i].cache >= 0)
      list.push_back(i);
  return list.empty() ? 0 : list[below(random, list.size())];
}

const std::pair<const char *, Mutation> mutations[] = {
    {"barrier dropped",
     [](Program &p, std::mt19937 &r) { p.steps[below(r, p.steps.size())].barrier = false; }},
    {"barriers dropped",
     [](Program &p, std::mt19937 &r) {
       for (size_t i = below(r, p.steps.size()), end = i + 3; i < end && i < p.steps.size(); ++i)
         p.steps[i].barrier = false;
     }},
    {"steps swapped",
     [](Program &p, std::mt19937 &r) {
       size_t i = below(r, p.steps.size() - 1);
       std::swap(p.steps[i], p.steps[i + 1]);
     }},
    {"steps far apart swapped",
     [](Program &p, std::mt19937 &r) {
       std::swap(p.steps[below(r, p.steps.size())], p.steps[below(r, p.steps.size())]);
     }},
    {"step of a cache behind the next",
     [](Program &p, std::mt19937 &r) {
       size_t i = cacheStep(p, r);
       if (i + 1 < p.steps.size())
         std::swap(p.steps[i], p.steps[i + 1]);
     }},
    {"step moved",
     [](Program &p, std::mt19937 &r) {
       size_t from = below(r, p.steps.size()), to = below(r, p.steps.size());
       Step step = p.steps[from];
       p.steps.erase(p.steps.begin() + static_cast<std::ptrdiff_t>(from));
       p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(to), step);
     }},
    {"step twice",
     [](Program &p, std::mt19937 &r) {
       size_t i = below(r, p.steps.size());
       p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(i), p.steps[i]);
     }},
    {"step again, later",
     [](Program &p, std::mt19937 &r) {
       size_t i = below(r, p.steps.size());
       Step step = p.steps[i];
       p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(i + below(r, 5)) %
                                            static_cast<std::ptrdiff_t>(p.steps.size()),
                      step);
     }},
    {"step left out",
     [](Program &p, std::mt19937 &r) {
       p.steps.erase(p.steps.begin() + static_cast<std::ptrdiff_t>(below(r, p.steps.size())));
     }},
    {"input from another buffer",
     [](Program &p, std::mt19937 &r) {
       Phase &phase = usedPhase(p, r);
       if (phase.inputs.empty())
         return;
       Phase::Input &input = phase.inputs[below(r, phase.inputs.size())];
       input.buffer = anotherBuffer(p, input.buffer, r);
     }},
    {"output to another buffer",
     [](Program &p, std::mt19937 &r) {
       Phase &phase = usedPhase(p, r);
       if (phase.outputs.empty())
         return;
       uint32_t &output = phase.outputs[below(r, phase.outputs.size())];
       output = anotherBuffer(p, output, r);
     }},
    {"two buffers are one",
     [](Program &p, std::mt19937 &r) {
       auto from = static_cast<uint32_t>(below(r, p.buffers.size()));
       uint32_t to = anotherBuffer(p, from, r);
       for (Phase &phase : p.phases) {
         for (Phase::Input &input : phase.inputs)
           input.buffer = input.buffer == from ? to : input.buffer;
         for (uint32_t &output : phase.outputs)
           output = output == from ? to : output;
       }
       p.logits = p.logits == from ? to : p.logits;
     }},
    {"offset shifted",
     [](Program &p, std::mt19937 &r) {
       Buffer &buffer = p.buffers[below(r, p.buffers.size())];
       uint64_t bytes = 16 * (1 + below(r, 8));
       buffer.begin =
           r() % 2 && buffer.begin >= bytes ? buffer.begin - bytes : buffer.begin + bytes;
     }},
    {"buffer shrunk",
     [](Program &p, std::mt19937 &r) {
       size_t i = below(r, p.buffers.size());
       uint64_t bytes = 16 * (1 + below(r, p.buffers[i].bytes / 16));
       for (Buffer &buffer : p.buffers)
         if (buffer.begin > p.buffers[i].begin)
           buffer.begin -= bytes;
       p.buffers[i].bytes -= bytes;
     }},
    {"buffers overlapped",
     [](Program &p, std::mt19937 &r) {
       Buffer &buffer = p.buffers[below(r, p.buffers.size())];
       buffer.begin = p.buffers[below(r, p.buffers.size())].begin;
     }},
    {"cache of another layer",
     [](Program &p, std::mt19937 &r) {
       Step &step = p.steps[cacheStep(p, r)];
       step.cache = step.cache > 0 ? step.cache - 1 : step.cache + 1;
     }},
    {"weights of another layer",
     [](Program &p, std::mt19937 &r) { ++p.steps[below(r, p.steps.size())].row; }},
    {"logits elsewhere",
     [](Program &p, std::mt19937 &r) { p.logits = anotherBuffer(p, p.logits, r); }},
};

struct Tally {
  size_t unsafe = 0, missed = 0, safe = 0, safeAccepted = 0;
};

} // namespace

TEST_F(MutationTest, RefusesEveryUnsafeProgram) {
  const std::vector<std::vector<std::string>> models = {
      {"--layers", "2"},
      {"--layers", "1", "--kv-heads", "1", "--format", "f32"},
      {"--layers", "3", "--arch", "gemma3", "--qk-norm", "--post-norms", "--set",
       "gemma3.attention.key_length=u32:16", "--set", "gemma3.attention.value_length=u32:16"},
      {"--layers", "2", "--arch", "qwen2", "--attention-bias", "--untied"},
      {"--layers", "30", "--hidden", "576", "--heads", "9", "--kv-heads", "3", "--head-dim", "64",
       "--ffn", "1536", "--vocabulary", "49152"}, // as SmolLM2
  };
  std::map<std::string, Tally> tallies;
  std::mt19937 random(20240607);
  size_t plans = 0;
  for (const std::vector<std::string> &model : models) {
    bool isLarge = model.size() > 10;
    for (const char *fusion : {"all", "none", "planned"}) {
      for (const Plan &plan : plansOf(model, fusion, isLarge ? 1 : 2)) {
        ++plans;
        Oracle oracle(plan.program, plan.dataflow, plan.withoutRow);
        Status real = check(plan.program, plan.dataflow);
        EXPECT_TRUE(real) << plan.name << ": " << real.error();
        EXPECT_TRUE(oracle.isSafe(plan.program, random)) << plan.name;
        for (const auto &[name, mutate] : mutations) {
          for (int repeat = 0; repeat < (isLarge ? 3 : 6); ++repeat) {
            Program mutant = plan.program;
            mutate(mutant, random);
            bool accepted = static_cast<bool>(check(mutant, plan.dataflow));
            bool isSafe = oracle.isSafe(mutant, random);
            Tally &tally = tallies[name];
            ++(isSafe ? tally.safe : tally.unsafe);
            tally.safeAccepted += isSafe && accepted;
            if (!isSafe && accepted) {
              ++tally.missed;
              ADD_FAILURE() << plan.name << ", " << name << ": accepted, but it goes wrong";
            }
          }
        }
      }
    }
  }
  Tally all;
  for (const auto &[name, tally] : tallies) {
    all.unsafe += tally.unsafe;
    all.safe += tally.safe;
    EXPECT_GT(tally.unsafe, 0u) << name;
    std::printf("%-32s %5zu unsafe, %zu accepted; %5zu safe, %zu accepted\n", name.c_str(),
                tally.unsafe, tally.missed, tally.safe, tally.safeAccepted);
  }
  std::printf("%zu plans, %zu unsafe programs, %zu safe ones\n", plans, all.unsafe, all.safe);
  EXPECT_GE(all.unsafe, 1000u);
}
