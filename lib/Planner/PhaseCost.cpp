//===- PhaseCost.cpp - what phases move, and how long they take -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/PhaseCost.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace frit;
using namespace frit::plan;

/// Rows that a core must hold of what a prologue computes.
static constexpr int64_t fewestRows = 16;

Traffic &Traffic::operator+=(const Traffic &other) {
  weightBytes += other.weightBytes;
  inputBytes += other.inputBytes;
  outputBytes += other.outputBytes;
  cacheBytes += other.cacheBytes;
  workspaceBytes += other.workspaceBytes;
  return *this;
}

/// Whether all scenarios are the same.
static bool hasNoBounds(const cost::Machine &machine) {
  auto isExact = [](const cost::Figure &figure) {
    return figure.low == figure.value && figure.high == figure.value;
  };
  return isExact(machine.phaseSeconds) && isExact(machine.vectorRate) && isExact(machine.expRate) &&
         llvm::all_of(machine.matrixRates, [&](auto &rate) { return !rate || isExact(*rate); }) &&
         llvm::all_of(machine.datapaths,
                      [&](auto &path) { return isExact(path.bytesPerSecond); }) &&
         llvm::all_of(machine.memories, [&](auto &memory) {
           return !memory.bytesPerSecond || isExact(*memory.bytesPerSecond);
         });
}

CostModel::CostModel(const Dataflow &flow, const cost::Machine &machine)
    : flow(flow), machine(machine), isExact(hasNoBounds(machine)), routes(machine.memories.size()) {
  for (auto &from : routes)
    from.resize(machine.memories.size());
  for (const Node &node : flow.nodes) {
    auto add = [&](Value value) {
      if (!isActivation(value))
        return;
      auto [place, isNew] = valueBytes.try_emplace(value);
      if (isNew)
        place->second = cost::activationBytes(value.getType(), cost::rowsOf(value, flow.shape));
    };
    llvm::for_each(node.op->getOperands(), add);
    llvm::for_each(node.op->getResults(), add);
  }
}

double CostModel::bytesOf(Value value) const {
  return static_cast<double>(valueBytes.lookup(value));
}

const std::optional<cost::Route> &CostModel::route(unsigned from, unsigned to) const {
  std::optional<std::optional<cost::Route>> &known = routes[from][to];
  if (!known)
    known = machine.route(from, to);
  return *known;
}

Status CostModel::check() const {
  for (const Node &node : flow.nodes)
    if (node.work.matrixOps > 0 && !machine.matrixNumber(node.work.number))
      return Failure("machine ", machine.name, " has no matrix instruction for ",
                     std::string_view(cost::nameOf(node.work.number)), ", which ", node.name,
                     " multiplies");
  return {};
}

/// What a phase asks of each resource. The cores stand in a grid over the rows and columns of the
/// anchors. Shared work is dealt out to all of them; repeated work is done once in each column of
/// the grid.
class CostModel::Load {
public:
  Load(const CostModel &model, int64_t rowShares, int64_t columnShares)
      : model(model), machine(model.machine) {
    rowCores = std::clamp<int64_t>(rowShares, 1, machine.cores);
    columnCores = std::clamp<int64_t>(columnShares, 1, machine.cores / rowCores);
    // The last round of shares may leave cores idle.
    int64_t all = std::max<int64_t>(rowShares * columnShares, 1);
    part = static_cast<double>(llvm::divideCeil(all, rowCores * columnCores)) /
           static_cast<double>(all);
    pathBytes.resize(machine.datapaths.size());
    memoryBytes.resize(machine.memories.size());
  }

  double ofCore(double amount, bool isRepeated) const {
    return isRepeated ? amount / static_cast<double>(rowCores) : amount * part;
  }
  void addMatrix(double operations, cost::Number number, bool isRepeated) {
    if (operations > 0)
      matrixOps[static_cast<size_t>(*machine.matrixNumber(number))] +=
          ofCore(operations, isRepeated);
  }
  void addVector(const cost::Work &work, bool isRepeated) {
    vectorOps += ofCore(work.vectorOps, isRepeated);
    exps += ofCore(work.exps, isRepeated);
  }
  /// `bytes` on their way; false: there is none.
  bool move(unsigned from, unsigned to, double bytes, bool isRepeated) {
    const std::optional<cost::Route> &route = model.route(from, to);
    if (!route)
      return false;
    double core = ofCore(bytes, isRepeated);
    double all = bytes * (isRepeated ? static_cast<double>(columnCores) : 1);
    if (route->leavesCore)
      workspaceBytes += std::llround(2 * all);
    for (unsigned path : route->datapaths) {
      const cost::Datapath &datapath = machine.datapaths[path];
      pathBytes[path] += datapath.isShared ? all : core;
      for (unsigned end : {datapath.from, datapath.to})
        memoryBytes[end] += machine.memories[end].isShared ? all : core;
    }
    return true;
  }
  PhaseCost evaluate() const;
  std::vector<Demand> demands() const;
  int64_t workspaceBytes = 0; ///< Of all cores.

private:
  template <typename Take>
  void forEach(const cost::Scenario &scenario, Take take) const;

  const CostModel &model;
  const cost::Machine &machine;
  int64_t rowCores = 1, columnCores = 1;
  double part = 1; ///< Of shared work, that of the core with most of it.
  std::array<double, cost::numNumbers> matrixOps = {}; ///< Of one core.
  double vectorOps = 0, exps = 0;                      ///< Of one core.
  llvm::SmallVector<double, 8> memoryBytes;            ///< The same of memories.
  llvm::SmallVector<double, 24> pathBytes; ///< Of one core; on a path that all share, of all.
};

/// Calls take(resource, name, amount, seconds) for each resource but the barrier, always in the
/// same order; `name` is to be turned into a text by str().
template <typename Take>
void CostModel::Load::forEach(const cost::Scenario &scenario, Take take) const {
  double matrix = 0, operations = 0;
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (matrixOps[number] > 0) {
      operations += matrixOps[number];
      matrix += matrixOps[number] / at(*machine.matrixRates[number], scenario.rate);
    }
  double vector =
      vectorOps / at(machine.vectorRate, scenario.rate) + exps / at(machine.expRate, scenario.rate);
  using Kind = Resource::Kind;
  if (machine.unitsShareIssue)
    take(Resource{Kind::Issue}, matrix >= vector ? "matrix operations" : "vector operations",
         operations + vectorOps + exps, matrix + vector);
  else {
    take(Resource{Kind::Matrix}, "matrix unit", operations, matrix);
    take(Resource{Kind::Vector}, "vector unit", vectorOps + exps, vector);
  }
  for (auto [index, path] : llvm::enumerate(machine.datapaths))
    take(Resource{Kind::Datapath, static_cast<unsigned>(index)},
         machine.memories[path.from].name + llvm::Twine(" to ") + machine.memories[path.to].name,
         pathBytes[index], pathBytes[index] / at(path.bytesPerSecond, scenario.bandwidth));
  for (auto [index, memory] : llvm::enumerate(machine.memories))
    take(Resource{Kind::Memory, static_cast<unsigned>(index)}, memory.name, memoryBytes[index],
         memory.bytesPerSecond ? memoryBytes[index] / at(*memory.bytesPerSecond, scenario.bandwidth)
                               : 0.0);
}

PhaseCost CostModel::Load::evaluate() const {
  PhaseCost result;
  for (size_t index = 0; index < cost::numScenarios; ++index) {
    if (index > 0 && model.isExact) {
      result.seconds.in[index] = result.seconds.in[0];
      continue;
    }
    const cost::Scenario &scenario = cost::scenarios()[index];
    double longest = 0;
    forEach(scenario, [&](Resource, const llvm::Twine &name, double, double seconds) {
      if (seconds <= longest)
        return;
      longest = seconds;
      if (index == 0)
        result.bound = name.str();
    });
    double wait = at(machine.phaseSeconds, scenario.synchronization);
    if (index == 0 && wait > longest)
      result.bound = "synchronization";
    result.seconds.in[index] = longest + wait;
  }
  return result;
}

std::vector<Demand> CostModel::Load::demands() const {
  std::vector<Demand> all;
  for (size_t index = 0; index < cost::numScenarios; ++index) {
    const cost::Scenario &scenario = cost::scenarios()[index];
    size_t next = 0;
    auto take = [&](Resource resource, const llvm::Twine &name, double amount, double seconds) {
      if (index == 0)
        all.push_back({resource, name.str(), amount, {}});
      all[next++].seconds.in[index] = seconds;
    };
    forEach(scenario, take);
    take({Resource::Kind::Barrier}, "synchronization", 1,
         at(machine.phaseSeconds, scenario.synchronization));
  }
  llvm::erase_if(all, [](const Demand &demand) { return demand.amount == 0; });
  return all;
}

llvm::SmallVector<unsigned> plan::storedBy(const Dataflow &flow, const Partition &partition,
                                           const Phase &phase) {
  llvm::SmallVector<unsigned> stored;
  for (const auto *list : {&phase.anchors, &phase.epilogue})
    for (unsigned index : *list) {
      const Node &node = flow.nodes[index];
      if (node.escapes || llvm::any_of(partition.phases, [&](const Phase &other) {
            return &other != &phase && !llvm::is_contained(other.prologue, index) &&
                   llvm::any_of(node.out, [&](unsigned edge) {
                     unsigned consumer = flow.edges[edge].consumer;
                     return other.owns(consumer) || llvm::is_contained(other.prologue, consumer);
                   });
          }))
        stored.push_back(index);
    }
  return stored;
}

Borders plan::bordersOf(const Dataflow &flow, const Partition &partition, const Phase &phase) {
  Borders borders;
  llvm::SmallPtrSet<Operation *, 16> members;
  for (const auto *list : {&phase.prologue, &phase.anchors, &phase.epilogue})
    for (unsigned node : *list)
      members.insert(flow.nodes[node].op);
  auto inputsOf = [&](llvm::ArrayRef<unsigned> nodes) {
    llvm::SmallSetVector<Value, 8> inputs;
    for (unsigned node : nodes)
      for (Value operand : flow.nodes[node].op->getOperands())
        if (isActivation(operand) &&
            (!operand.getDefiningOp() || !members.contains(operand.getDefiningOp())))
          inputs.insert(operand);
    return llvm::SmallVector<Value>(inputs.begin(), inputs.end());
  };
  borders.toPrologue = inputsOf(phase.prologue);
  borders.toAnchors = inputsOf(phase.anchors);
  borders.toEpilogue = inputsOf(phase.epilogue);
  for (unsigned index : storedBy(flow, partition, phase))
    for (Value result : flow.nodes[index].op->getResults())
      if (isActivation(result))
        borders.stored.push_back(result);
  return borders;
}

CostModel::Load CostModel::loadOf(const Phase &phase, const Borders &borders) const {
  const Node &anchor = flow.nodes[phase.anchors.front()];
  bool isProduct = isa<graph::LinearOp, graph::LogitsOp, graph::ExpertsOp>(anchor.op);
  bool isRows = anchor.role != FusionRole::Anchor || isa<graph::EmbedOp>(anchor.op);
  int64_t rowTiles =
      isProduct ? llvm::divideCeil(anchor.work.rows, machine.tileRows) : anchor.work.rows;
  int64_t columnTiles = 0;
  for (unsigned index : phase.anchors)
    columnTiles += isProduct ? llvm::divideCeil(flow.nodes[index].work.columns, machine.tileColumns)
                             : flow.nodes[index].work.columns;
  Load load(*this, isProduct && !machine.sharesRows ? 1 : rowTiles, columnTiles);
  // In a phase of rows, rows are what cores share: nothing is repeated.
  bool isRepeated = isProduct;
  auto homeOf = [&](Value value) { return machine.homeOf(valueBytes.lookup(value)); };
  unsigned lastHome = machine.homeOf(std::numeric_limits<int64_t>::max());

  for (unsigned index : phase.prologue)
    load.addVector(flow.nodes[index].work, isRepeated);
  for (Value value : borders.toPrologue)
    load.move(homeOf(value), machine.vectorMemory, bytesOf(value), isRepeated);
  if (isRows) {
    for (Value value : borders.toAnchors)
      load.move(homeOf(value), machine.vectorMemory, bytesOf(value), false);
  } else {
    for (Value value : borders.toAnchors)
      load.move(homeOf(value), machine.matrixInput, bytesOf(value), isRepeated);
    // What the prologue computes for the anchors goes from unit to unit.
    llvm::SmallSetVector<Value, 4> fromPrologue; // Once, whoever reads it.
    for (unsigned index : phase.anchors)
      for (unsigned edge : flow.nodes[index].in)
        if (llvm::is_contained(phase.prologue, flow.edges[edge].producer))
          fromPrologue.insert(flow.edges[edge].value);
    for (Value value : fromPrologue)
      load.move(machine.vectorMemory, machine.matrixInput, bytesOf(value), isRepeated);
  }

  for (unsigned index : phase.anchors) {
    const Node &node = flow.nodes[index];
    load.addMatrix(node.work.matrixOps, node.work.number, false);
    load.addVector(node.work, false);
    auto weights = static_cast<double>(node.work.weightBytes);
    unsigned reader = isRows ? machine.vectorMemory : machine.matrixInput;
    load.move(lastHome, reader, weights, false);
    if (isProduct && rowTiles > 1) // Each tile of rows reads them again.
      load.move(machine.homeOf(node.work.weightBytes), reader,
                weights * static_cast<double>(rowTiles - 1), false);
    load.move(lastHome, machine.matrixInput, static_cast<double>(node.work.cacheReadBytes), false);
    auto scores = static_cast<double>(node.work.scoreBytes);
    load.move(machine.matrixOutput, machine.vectorMemory, scores, false);
    load.move(machine.vectorMemory, machine.matrixInput, scores, false);
    // The epilogue's operand goes from unit to unit.
    bool hasEpilogue = llvm::any_of(node.out, [&](unsigned edge) {
      return llvm::is_contained(phase.epilogue, flow.edges[edge].consumer);
    });
    if (!isRows && hasEpilogue)
      load.move(machine.matrixOutput, machine.vectorMemory, bytesOf(node.op->getResult(0)), false);
  }
  for (unsigned index : phase.epilogue)
    load.addVector(flow.nodes[index].work, false);
  for (Value value : borders.toEpilogue)
    load.move(homeOf(value), machine.vectorMemory, bytesOf(value), false);
  for (Value value : borders.stored) {
    bool isAnchors = llvm::any_of(phase.anchors, [&](unsigned index) {
      return flow.nodes[index].op == value.getDefiningOp();
    });
    load.move(isAnchors && !isRows ? machine.matrixOutput : machine.vectorMemory, homeOf(value),
              bytesOf(value), false);
  }
  for (const auto *list : {&phase.anchors, &phase.epilogue})
    for (unsigned index : *list)
      load.move(machine.vectorMemory, lastHome,
                static_cast<double>(flow.nodes[index].work.cacheWriteBytes), false);
  return load;
}

PhaseCost CostModel::costOf(const Phase &phase, const Borders &borders) const {
  Load load = loadOf(phase, borders);
  PhaseCost result = load.evaluate();
  result.traffic.workspaceBytes = load.workspaceBytes;
  llvm::SmallSetVector<Value, 8> inputs;
  for (const auto *list : {&borders.toPrologue, &borders.toAnchors, &borders.toEpilogue})
    inputs.insert_range(*list);
  for (Value value : inputs)
    result.traffic.inputBytes += valueBytes.lookup(value);
  for (Value value : borders.stored)
    result.traffic.outputBytes += valueBytes.lookup(value);
  for (const auto *list : {&phase.prologue, &phase.anchors, &phase.epilogue})
    for (unsigned index : *list) {
      const cost::Work &work = flow.nodes[index].work;
      result.traffic.weightBytes += work.weightBytes;
      result.traffic.cacheBytes += work.cacheReadBytes + work.cacheWriteBytes;
    }
  return result;
}

std::vector<Demand> CostModel::demandsOf(const Partition &partition, const Phase &phase) const {
  return loadOf(phase, bordersOf(flow, partition, phase)).demands();
}

PhaseCost CostModel::totalOf(const Partition &partition) const {
  PhaseCost sum;
  for (const Phase &phase : partition.phases) {
    PhaseCost cost = costOf(partition, phase);
    sum.seconds += cost.seconds;
    sum.traffic += cost.traffic;
  }
  return sum;
}

template <typename Check>
bool CostModel::checkRoom(const Phase &phase, Check check) const {
  for (unsigned index : phase.prologue) {
    if (!check(index, int64_t(1), machine.memories[machine.vectorMemory]))
      return false;
    // Rows wait in the core until the last weight has met them.
    bool isRead = llvm::any_of(flow.nodes[index].out, [&](unsigned edge) {
      return llvm::is_contained(phase.anchors, flow.edges[edge].consumer);
    });
    if (isRead && !check(index, std::min(fewestRows, flow.shape.tokens),
                         machine.memories[machine.matrixInput]))
      return false;
  }
  return true;
}

/// Bytes of `rows` rows of an op's result that a memory has no room for; 0: it has.
static int64_t bytesWithoutRoom(const Node &node, int64_t rows, const cost::Memory &memory) {
  if (!memory.isShared)
    for (Value value : node.op->getResults())
      if (int64_t bytes = cost::activationBytes(value.getType(), rows); bytes > memory.bytes / 2)
        return bytes;
  return 0;
}

bool CostModel::fits(const Phase &phase) const {
  return checkRoom(phase, [&](unsigned node, int64_t rows, const cost::Memory &memory) {
    return bytesWithoutRoom(flow.nodes[node], rows, memory) == 0;
  });
}

llvm::SmallVector<std::string> CostModel::capacityObstacles(const Phase &phase) const {
  llvm::SmallVector<std::string> texts;
  checkRoom(phase, [&](unsigned node, int64_t rows, const cost::Memory &memory) {
    if (int64_t bytes = bytesWithoutRoom(flow.nodes[node], rows, memory))
      texts.push_back(std::to_string(rows) + " rows of " + flow.nodes[node].name + " take " +
                      std::to_string(bytes) + " bytes, more than half of the " +
                      std::to_string(memory.bytes) + " of " + memory.name);
    return true;
  });
  return texts;
}
