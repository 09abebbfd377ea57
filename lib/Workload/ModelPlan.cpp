//===- ModelPlan.cpp - what calls of a planned model ask of a machine --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Workload/ModelPlan.h"

#include "dialects/Graph/Graph.h"
#include "llvm/ADT/StringMap.h"

using namespace frit;
using namespace frit::workload;

double Amounts::operations() const {
  double sum = vectorOps + exps;
  for (double operations : matrixOps)
    sum += operations;
  return sum;
}

Amounts &Amounts::operator+=(const Amounts &other) {
  for (size_t number = 0; number < cost::numNumbers; ++number)
    matrixOps[number] += other.matrixOps[number];
  vectorOps += other.vectorOps;
  exps += other.exps;
  traffic += other.traffic;
  phases += other.phases;
  seconds += other.seconds;
  return *this;
}

Amounts workload::operator*(Amounts one, int64_t times) {
  auto factor = static_cast<double>(times);
  for (double &operations : one.matrixOps)
    operations *= factor;
  one.vectorOps *= factor;
  one.exps *= factor;
  for (int64_t *bytes : {&one.traffic.weightBytes, &one.traffic.inputBytes,
                         &one.traffic.outputBytes, &one.traffic.cacheBytes})
    *bytes *= times;
  one.phases *= times;
  for (double &seconds : one.seconds.in)
    seconds *= factor;
  return one;
}

static void addWork(Amounts &amounts, const cost::Work &work) {
  amounts.matrixOps[static_cast<size_t>(work.number)] += work.matrixOps;
  amounts.vectorOps += work.vectorOps;
  amounts.exps += work.exps;
}

/// Each op of a phase, whether others compute it again or not.
static llvm::SmallVector<unsigned> nodesOf(const plan::Phase &phase) {
  llvm::SmallVector<unsigned> nodes;
  for (const auto *list : {&phase.prologue, &phase.anchors, &phase.epilogue})
    nodes.append(list->begin(), list->end());
  return nodes;
}

static Amounts amountsOfPhase(const plan::Dataflow &flow, const plan::Phase &phase,
                              const plan::PhaseCost &cost) {
  Amounts amounts;
  for (unsigned node : nodesOf(phase))
    addWork(amounts, flow.nodes[node].work);
  amounts.traffic = cost.traffic;
  amounts.phases = 1;
  amounts.seconds = cost.seconds;
  return amounts;
}

static Amounts amountsOfPhases(const plan::Dataflow &flow, const plan::CostModel &model,
                               const plan::Partition &partition) {
  Amounts sum;
  for (const plan::Phase &phase : partition.phases)
    sum += amountsOfPhase(flow, phase, model.costOf(partition, phase));
  return sum;
}

/// The plan of a function for calls like `shape`.
static plan::Partition cut(const plan::Dataflow &flow, const plan::CostModel &model,
                           llvm::StringRef fusion) {
  if (fusion == "all")
    return std::get<plan::Partition>(plan::formPartition(flow, plan::fuseByDataflow(flow)));
  return (fusion == "none" ? plan::planUnfused(flow, model) : plan::planPhases(flow, model))
      .partition;
}

Result<ModelPlan> ModelPlan::of(mlir::ModuleOp module, const cost::Machine &machine,
                                const PlanOptions &options) {
  ModelPlan result(machine, options);
  result.classes = plan::shapeClasses(options.maxTokens);
  llvm::StringMap<int64_t> calls;
  module.walk([&](graph::RepeatOp repeat) {
    for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>())
      calls[segment.getLayer().getValue()] += segment.getCount();
  });
  for (mlir::Operation &op : *module.getBody()) {
    if (!mlir::isa<graph::LayerOp, graph::FuncOp>(op))
      continue;
    Function function;
    function.op = mlir::cast<mlir::FunctionOpInterface>(op);
    if (mlir::isa<graph::LayerOp>(op))
      function.calls = calls.lookup(function.op.getName());
    for (const plan::ShapeClass &shapes : result.classes) {
      plan::Dataflow flow =
          plan::Dataflow::of(function.op.getFunctionBody().front(),
                             {shapes.tokens, std::max(options.planKeys, shapes.tokens)});
      plan::CostModel model(flow, machine);
      if (Status status = model.check(); !status)
        return status.takeFailure();
      function.partitions.push_back(cut(flow, model, options.fusion));
    }
    result.functions.push_back(std::move(function));
  }
  return result;
}

size_t ModelPlan::classOf(int64_t tokens) const {
  for (auto [index, shapes] : llvm::enumerate(classes))
    if (tokens <= shapes.last)
      return index;
  return classes.size() - 1;
}

template <typename Visit>
void ModelPlan::forEachFunction(const cost::Shape &shape, Visit visit) const {
  size_t number = classOf(shape.tokens);
  for (const Function &function : functions) {
    plan::Dataflow flow =
        plan::Dataflow::of(mlir::FunctionOpInterface(function.op).getFunctionBody().front(), shape);
    visit(function, flow, plan::CostModel(flow, *machine), function.partitions[number]);
  }
}

Amounts ModelPlan::amountsOf(const cost::Shape &shape, Cut cut) const {
  Amounts sum;
  forEachFunction(shape, [&](const Function &function, const plan::Dataflow &flow,
                             const plan::CostModel &model, const plan::Partition &partition) {
    Amounts once = cut == Cut::Planned
                       ? amountsOfPhases(flow, model, partition)
                       : amountsOfPhases(flow, model, plan::planUnfused(flow, model).partition);
    sum += once * function.calls;
  });
  return sum;
}

/// What an op asks of the units of a core that is not given by its phase: by how much longer the
/// unit that it keeps busiest may take.
static double slackOf(const cost::Work &work, llvm::ArrayRef<plan::Demand> demands) {
  using Kind = plan::Resource::Kind;
  double longest = 0, own = 0;
  Kind unit = work.matrixOps > 0 ? Kind::Matrix : Kind::Vector;
  for (const plan::Demand &demand : demands) {
    if (demand.resource.kind == Kind::Barrier)
      continue;
    longest = std::max(longest, demand.seconds.value());
    if (demand.resource.kind == unit || demand.resource.kind == Kind::Issue)
      own = demand.seconds.value();
  }
  return longest - own;
}

CallReport ModelPlan::reportOf(const cost::Shape &shape) const {
  CallReport report;
  report.shape = shape;
  report.unfused = amountsOf(shape, Cut::Unfused);
  unsigned last = machine->memories.size() - 1;
  forEachFunction(shape, [&](const Function &function, const plan::Dataflow &flow,
                             const plan::CostModel &model, const plan::Partition &partition) {
    for (auto [index, phase] : llvm::enumerate(partition.phases)) {
      PhaseReport &line = report.phases.emplace_back();
      line.function = mlir::FunctionOpInterface(function.op).getName().str();
      line.calls = function.calls;
      line.number = index + 1;
      line.cost = model.costOf(partition, phase);
      line.demands = model.demandsOf(partition, phase);
      line.amounts = amountsOfPhase(flow, phase, line.cost);
      for (const plan::Demand &demand : line.demands)
        if (demand.resource.kind == plan::Resource::Kind::Memory && demand.resource.index == last)
          line.farBytes = demand.amount;
      for (unsigned node : nodesOf(phase))
        line.ops.push_back({flow.nodes[node].name, flow.nodes[node].work,
                            slackOf(flow.nodes[node].work, line.demands)});
      report.planned += line.amounts * line.calls;
    }
  });
  findOrder(shape, report);
  return report;
}

/// Phases of the model's function come as they do in its block, those of layers where it repeats
/// them.
void ModelPlan::findOrder(const cost::Shape &shape, CallReport &report) const {
  llvm::StringMap<llvm::SmallVector<size_t>> phasesOf;
  for (auto [index, phase] : llvm::enumerate(report.phases))
    phasesOf[phase.function].push_back(index);
  forEachFunction(shape, [&](const Function &function, const plan::Dataflow &flow,
                             const plan::CostModel &, const plan::Partition &partition) {
    mlir::FunctionOpInterface op = function.op;
    if (mlir::isa<graph::LayerOp>(op))
      return;
    llvm::ArrayRef<size_t> own = phasesOf[op.getName()];
    size_t next = 0;
    auto addUntil = [&](mlir::Operation *end) {
      for (; next < partition.phases.size(); ++next) {
        mlir::Operation *anchor = flow.nodes[partition.phases[next].anchors.front()].op;
        if (end && end->isBeforeInBlock(anchor))
          return;
        report.order.push_back(own[next]);
      }
    };
    for (auto repeat : op.getFunctionBody().getOps<graph::RepeatOp>()) {
      addUntil(repeat);
      for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>())
        for (int64_t layer = 0; layer < segment.getCount(); ++layer)
          llvm::append_range(report.order, phasesOf[segment.getLayer().getValue()]);
    }
    addUntil(nullptr);
  });
}

Amounts ModelPlan::promptAmounts(int64_t promptTokens, Cut cut) const {
  Amounts sum;
  for (int64_t seen = 0; seen < promptTokens;) {
    int64_t tokens = std::min(options.maxTokens, promptTokens - seen);
    seen += tokens;
    sum += amountsOf({tokens, seen}, cut);
  }
  return sum;
}

std::vector<cost::Number> ModelPlan::numbers() const {
  std::array<bool, cost::numNumbers> used = {};
  forEachFunction({1, 1}, [&](const Function &, const plan::Dataflow &flow, const plan::CostModel &,
                              const plan::Partition &) {
    for (const plan::Node &node : flow.nodes)
      if (node.work.matrixOps > 0)
        used[static_cast<size_t>(node.work.number)] = true;
  });
  std::vector<cost::Number> result;
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (used[number])
      result.push_back(static_cast<cost::Number>(number));
  return result;
}

int64_t ModelPlan::activationBytes() const {
  int64_t sum = 0;
  forEachFunction({options.maxTokens, options.maxTokens},
                  [&](const Function &, const plan::Dataflow &flow, const plan::CostModel &model,
                      const plan::Partition &partition) {
                    sum += model.totalOf(partition).traffic.outputBytes;
                  });
  return sum;
}
