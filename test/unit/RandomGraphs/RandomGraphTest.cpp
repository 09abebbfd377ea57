//===- RandomGraphTest.cpp - fused programs compute their graphs ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random graphs, cut into phases as planned, as few or as many as can be, or at random, scheduled
// for one of several machines, and run: the programs must give what the reference interpreter gives
// for the graph. FRIT_TEST_GRAPHS says how many, FRIT_TEST_SEED which is the first.
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "frit/InitAll.h"
#include "frit/Machine/MachineModel.h"
#include "frit/Pipeline/Pipeline.h"
#include "lib/Planner/Partition.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Fuse/Cutter.h"
#include "test/unit/Import/TestModels.h"
#include "test/unit/RandomGraphs/GraphGenerator.h"
#include "test/unit/RandomGraphs/TileInterpreter.h"

#include <cmath>

using namespace frit;
using namespace frit::reference;
using namespace frit::test;

/// Of a row, as ||fused - graph|| / ||graph||. Constants of a program are f32 and caches are: what
/// is more is not rounding.
static constexpr double tolerance = 2e-5;
/// Where an int8 code or a cached f16 is so near to the middle between two values (in units of
/// their distance), such a difference decides which it becomes.
static constexpr double nearMiddle = 1e-4;
static constexpr int64_t capacity = 128, slots = 2;

namespace {

/// How a graph is compiled.
struct Setting {
  std::string machine, fusion, activations, cacheType;
  int64_t maxTokens, cores;
  uint64_t cut; ///< seed of the cut at random

  explicit Setting(uint64_t seed);
  std::string text() const {
    return "target " + machine + ", fusion " + fusion + ", activations " + activations +
           ", cache " + cacheType + ", max-tokens " + std::to_string(maxTokens);
  }
};

/// Cuts functions at choices that a seed decides: whatever formPartition() accepts must be right.
struct CutAtRandom : mlir::PassWrapper<CutAtRandom, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CutAtRandom)

  explicit CutAtRandom(uint64_t seed) : random(seed) {}
  CutAtRandom(const CutAtRandom &other) : PassWrapper(other), random(other.random) {}

  void runOnOperation() override;

  std::mt19937_64 random;
};

class RandomGraphTest : public testing::Test {
protected:
  RandomGraphTest() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.disableMultithreading();
    directory.write("weights.bin", weightsFile());
  }

  /// What is wrong with a graph in a setting; empty for nothing.
  std::string problem(const Graph &graph, const Setting &setting);
  /// The same, but for what a difference of rounding explains.
  std::string compare(mlir::ModuleOp scheduled, mlir::ModuleOp graph, const Setting &setting,
                      uint64_t seed, bool &isDecided);
  void reduceAndReport(Graph graph, const Setting &setting, std::string text);

  TestDirectory directory;
  mlir::MLIRContext context;
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler{&context, [this](mlir::Diagnostic &diagnostic) {
                                          llvm::raw_string_ostream stream(diagnostics);
                                          stream << diagnostic.getLocation() << ": " << diagnostic
                                                 << "\n";
                                          return mlir::success();
                                        }};
  size_t undecided = 0, notFinite = 0, calls = 0;
};

} // namespace

Setting::Setting(uint64_t seed) {
  std::mt19937_64 random(seed * 31 + 7);
  static constexpr const char *machines[] = {"avx512-vnni", "x86-64-v3", "x86-64"};
  static constexpr const char *fusions[] = {"random",  "random", "random", "all",
                                            "planned", "all",    "none",   "random"};
  machine = machines[below(random, 3)];
  fusion = fusions[below(random, 8)];
  activations = below(random, 3) ? "int8" : "f32";
  cacheType = below(random, 3) ? "f32" : "f16";
  maxTokens = below(random, 8) ? 12 : 80;
  cores = 1 + below(random, 3);
  cut = random();
}

void CutAtRandom::runOnOperation() {
  llvm::SmallVector<mlir::FunctionOpInterface> functions;
  for (mlir::Operation &op : *getOperation().getBody())
    if (mlir::isa<graph::FuncOp, graph::LayerOp>(op))
      functions.push_back(mlir::cast<mlir::FunctionOpInterface>(op));
  for (mlir::FunctionOpInterface function : functions) {
    plan::Dataflow flow = plan::Dataflow::of(function.getFunctionBody().front(), {1, 1});
    plan::Choices choices(static_cast<unsigned>(flow.numChoices()));
    int64_t percent = 20 + below(random, 80);
    for (unsigned i = 0; i < choices.size(); ++i)
      choices[i] = below(random, 100) < percent;
    for (;;) {
      std::variant<plan::Partition, plan::Obstacle> formed = plan::formPartition(flow, choices);
      if (auto *obstacle = std::get_if<plan::Obstacle>(&formed)) {
        choices.reset(static_cast<unsigned>(obstacle->choice));
        continue;
      }
      if (mlir::failed(fuse::Cutter(function, flow, std::get<plan::Partition>(formed)).run()))
        return signalPassFailure();
      break;
    }
  }
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Whether some number that is rounded may become either of two.
static double middleDistance(double value) {
  return std::fabs(std::fabs(value - std::floor(value)) - 0.5);
}

static double halfDistance(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return middleDistance(std::ldexp(value, 11 - std::max(exponent, -13)));
}

/// One token after the other of one sequence, or of two.
static Batch makeBatch(std::mt19937_64 &random, int64_t count, const std::vector<int32_t> &starts,
                       int64_t vocabulary) {
  Batch batch;
  std::vector<int32_t> next = starts;
  int64_t wantedStep = 1 + below(random, 3);
  for (int64_t t = 0; t < count; ++t) {
    auto slot = static_cast<int32_t>(t * static_cast<int64_t>(starts.size()) / count);
    batch.ids.push_back(static_cast<int32_t>(below(random, vocabulary)));
    batch.positions.push_back(next[slot]++);
    batch.slots.push_back(slot);
    batch.wanted.push_back((count - 1 - t) % wantedStep == 0);
  }
  return batch;
}

std::string RandomGraphTest::compare(mlir::ModuleOp scheduled, mlir::ModuleOp graph,
                                     const Setting &setting, uint64_t seed, bool &isDecided) {
  WeightReader weights(directory.file(""), 1 << 24);
  TileInterpreter fused(scheduled, weights);
  Interpreter<double> reference(graph, weights);
  reference.wideBlockSums = true;
  bool isHalf = setting.cacheType == "f16";
  double nearest = 1;
  reference.afterValue = [&](mlir::Value value, RuntimeValue<double> &content) {
    for (mlir::Operation *user : value.getUsers()) {
      if (!mlir::isa<graph::QuantizeOp>(user) && !(isHalf && mlir::isa<kv::AppendOp>(user)))
        continue;
      const auto *tensor = std::get_if<Tensor<double>>(&content);
      if (!tensor)
        continue;
      if (mlir::isa<kv::AppendOp>(user)) {
        for (double element : tensor->values)
          nearest = std::min(nearest, halfDistance(element));
        continue;
      }
      QuantizedTensor codes = quantize(*tensor, 32);
      for (size_t i = 0; i < tensor->values.size(); ++i)
        if (double scale = codes.scales[i / 32]; scale > 0)
          nearest = std::min(nearest, middleDistance(tensor->values[i] / scale));
    }
    return mlir::success();
  };
  auto caches = reference.createCaches("forward", capacity, slots);
  if (mlir::failed(caches))
    return "no caches: " + diagnostics;

  std::mt19937_64 random(seed);
  std::mt19937 order(static_cast<unsigned>(seed));
  auto vocabulary =
      static_cast<int64_t>(graph->getAttrOfType<mlir::IntegerAttr>("frit.vocabulary").getInt());
  std::vector<int32_t> ends(slots, 0);
  for (int call = 0; call < 4; ++call) {
    // A prompt, a token, tokens of two sequences, and a few more.
    bool isMixed = call == 2;
    int64_t count = call == 1 ? 1
                    : call == 0 && setting.maxTokens > 64
                        ? 61 + below(random, 12)
                        : 2 + below(random, std::min<int64_t>(setting.maxTokens, 12) - 1);
    Batch batch =
        makeBatch(random, count, isMixed ? ends : std::vector<int32_t>{ends[0]}, vocabulary);
    for (int64_t t = 0; t < count; ++t)
      ends[batch.slots[t]] = batch.positions[t] + 1;
    tile::ProgramOp program;
    for (auto candidate : scheduled.getOps<tile::ProgramOp>())
      if (candidate.getSymName() == "batch"
              ? isMixed
              : !isMixed && !program && static_cast<int64_t>(candidate.getMaxTokens()) >= count)
        program = candidate;
    if (!program)
      return "no program for " + std::to_string(count) + " tokens";
    ++calls;
    std::string where =
        "program " + program.getSymName().str() + " with " + std::to_string(count) + " tokens: ";
    Result<Tensor<double>> found = fused.run(program, batch, setting.cores, order);
    if (!found)
      return where + found.error();
    mlir::FailureOr<Tensor<double>> expected = reference.run("forward", batch, *caches);
    if (mlir::failed(expected))
      return where + diagnostics;
    for (int64_t row = 0; row < expected->rows; ++row) {
      double difference = 0, norm = 0;
      for (int64_t i = 0; i < expected->columns; ++i) {
        difference += std::pow(found->row(row)[i] - expected->row(row)[i], 2);
        norm += std::pow(expected->row(row)[i], 2);
      }
      if (!std::isfinite(norm)) {
        ++notFinite;
        return "";
      }
      double error = std::sqrt(difference) / (std::sqrt(norm) + 1e-30);
      if (error <= tolerance)
        continue;
      isDecided = nearest > nearMiddle;
      return where + "row " + std::to_string(row) + " is off by " + std::to_string(error);
    }
  }
  return "";
}

std::string RandomGraphTest::problem(const Graph &graph, const Setting &setting) {
  diagnostics.clear();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(graph.text("weights.bin"), &context);
  if (!module)
    return "cannot parse: " + diagnostics;
  Result<machine::TargetAttr> target = readMachine(setting.machine, context);
  if (!target)
    return target.error();
  (*module)->setAttr(machine::targetAttrName, *target);
  PipelineOptions options;
  options.activations = setting.activations;
  options.kvCacheType = setting.cacheType;
  options.maxTokens = setting.maxTokens;
  options.fusion = setting.fusion;
  mlir::OwningOpRef<mlir::ModuleOp> reference;
  options.afterPhase = [&](const PhaseInfo &phase, mlir::ModuleOp current) {
    if (phase.id == PhaseId::Cache)
      reference = current.clone();
    return mlir::success();
  };
  mlir::PassManager passes(&context);
  buildPipeline(passes, PhaseId::Import, PhaseId::Cache, options);
  if (setting.fusion == "random")
    passes.addPass(std::make_unique<CutAtRandom>(setting.cut));
  else
    buildPhase(passes, PhaseId::Fuse, options);
  buildPhase(passes, PhaseId::Schedule, options);
  if (mlir::failed(passes.run(*module)))
    return "refused: " + diagnostics;
  std::string text;
  // A number between two codes says nothing: on other tokens there may be none.
  for (uint64_t again = 0; again < 4; ++again) {
    bool isDecided = true;
    text = compare(*module, *reference, setting, graph.seed * 16 + again, isDecided);
    if (isDecided)
      return text;
    ++undecided;
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Reporting
//===----------------------------------------------------------------------===//

/// What kind of problem it is: the words without numbers and names.
static std::string kindOf(llvm::StringRef text) {
  std::string kind;
  for (char c : text.take_until([](char c) { return c == '\n'; }))
    if (llvm::isAlpha(c) || c == ' ')
      kind += c;
  return text.contains("is off by") ? "off" : kind;
}

void RandomGraphTest::reduceAndReport(Graph graph, const Setting &setting, std::string text) {
  std::string kind = kindOf(text);
  for (bool isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (Graph &next : graph.smaller()) {
      std::string now = problem(next, setting);
      if (now.empty() || kindOf(now) != kind)
        continue;
      graph = std::move(next);
      text = now;
      isSmaller = true;
      break;
    }
  }
  ADD_FAILURE() << "seed " << graph.seed << ", " << setting.text() << ": " << text
                << "\nFRIT_TEST_SEED=" << graph.seed << " FRIT_TEST_GRAPHS=1 makes it again; "
                << "reduced:\n"
                << graph.text("weights.bin");
}

static uint64_t environment(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  uint64_t value = otherwise;
  if (text && llvm::StringRef(text).getAsInteger(10, value))
    ADD_FAILURE() << "expected " << name << " to be a number, but got " << text;
  return value;
}

TEST_F(RandomGraphTest, FusedProgramsComputeTheirGraphs) {
  uint64_t first = environment("FRIT_TEST_SEED", 1), count = environment("FRIT_TEST_GRAPHS", 1000);
  size_t failures = 0;
  for (uint64_t seed = first; seed < first + count && failures < 5; ++seed) {
    Graph graph = makeGraph(seed);
    Setting setting(seed);
    std::string text = problem(graph, setting);
    if (text.empty())
      continue;
    ++failures;
    reduceAndReport(std::move(graph), setting, std::move(text));
  }
  std::printf("%llu graphs, %zu calls, %zu undecided, %zu not finite\n",
              static_cast<unsigned long long>(count), calls, undecided, notFinite);
  EXPECT_LT(notFinite, count / 20 + 1);
}
