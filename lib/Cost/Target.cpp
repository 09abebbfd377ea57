//===- Target.cpp - the target of a module as the cost model sees it --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Cost/Target.h"

#include "llvm/ADT/StringMap.h"

#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::cost;
using machine::FigureId;
using machine::Scope;

/// f32 operations of an exponential that is computed by vector instructions: a range reduction and
/// a polynomial (passes/Lower/Cpu/Math.cpp).
static constexpr double expOps = 24;

namespace {
class Reader {
public:
  explicit Reader(machine::TargetAttr target) : target(target) {}

  Result<Machine> read();

private:
  /// Where units of cores have their operands counts as theirs, even if a few share it.
  static bool isOfCore(machine::MemoryAttr memory) {
    return memory.getScope() <= Scope::Core || memory.getServes() != 0;
  }
  bool isReached(StringRef from, StringRef to) const;
  std::optional<Figure> figureOf(machine::Rate rate, Scope scope) const;
  std::optional<Figure> figureOf(FigureId id, Scope scope) const;
  void readMemories();
  void readDatapaths();
  void readRates();
  bool readPorts();
  void needRoutes();
  void need(bool isThere, const Twine &what) {
    if (!isThere)
      missing += (missing.empty() ? "" : ", ") + what.str();
  }

  machine::TargetAttr target;
  Machine result;
  llvm::StringMap<unsigned> indexOf; ///< In `result`, by the name in the target.
  std::string missing;
  llvm::SmallVector<Datapath> unknown; ///< Ways that exist, at a rate that nobody says.
};
} // namespace

std::optional<Figure> Reader::figureOf(machine::Rate rate, Scope scope) const {
  std::optional<double> value = target.rate(rate, scope);
  if (!value)
    return std::nullopt;
  return Figure{*value, *value * rate.bounds.low, *value * rate.bounds.high};
}

std::optional<Figure> Reader::figureOf(FigureId id, Scope scope) const {
  const machine::Figure *figure = target.findFigure(id);
  return figure ? figureOf(figure->rate(), scope) : std::nullopt;
}

/// Whether data gets from one memory of a core to another without leaving it.
bool Reader::isReached(StringRef from, StringRef to) const {
  llvm::SmallVector<StringRef> reached = {from};
  for (size_t i = 0; i < reached.size(); ++i)
    for (machine::DatapathAttr path : target.getDatapaths())
      if (path.getFrom() == reached[i] && !llvm::is_contained(reached, path.getTo()) &&
          isOfCore(target.findMemory(path.getTo())))
        reached.push_back(path.getTo());
  return llvm::is_contained(reached, to);
}

void Reader::readMemories() {
  llvm::SmallVector<machine::MemoryAttr> shared, ofCore, others;
  for (machine::MemoryAttr memory : target.getMemories())
    (!isOfCore(memory) ? shared : memory.getServes() ? ofCore : others).push_back(memory);
  // Those where units have their operands are places of their own, and first; others count as one
  // with the largest of those from which data comes back to them.
  ofCore.append(others);
  for (machine::MemoryAttr memory : ofCore) {
    std::optional<unsigned> place;
    for (auto [index, other] : llvm::enumerate(result.memories))
      if (memory.getServes() == 0 && isReached(memory.getName(), other.name) &&
          isReached(other.name, memory.getName()) &&
          (!place || other.bytes > result.memories[*place].bytes))
        place = static_cast<unsigned>(index);
    indexOf[memory.getName()] = place.value_or(result.memories.size());
    if (!place)
      result.memories.push_back({memory.getName().str(), memory.getBytes(), false, {}});
    else if (memory.getBytes() > result.memories[*place].bytes)
      result.memories[*place] = {memory.getName().str(), memory.getBytes(), false, {}};
  }
  // The nearest are the smallest; one whose size nobody says is the last.
  auto bytesOf = [](machine::MemoryAttr memory) {
    return memory.getBytes() ? memory.getBytes() : std::numeric_limits<int64_t>::max();
  };
  llvm::sort(shared, [&](machine::MemoryAttr a, machine::MemoryAttr b) {
    return std::pair(bytesOf(a), a.getName()) < std::pair(bytesOf(b), b.getName());
  });
  for (machine::MemoryAttr memory : shared) {
    indexOf[memory.getName()] = result.memories.size();
    Memory &added =
        result.memories.emplace_back(Memory{memory.getName().str(), bytesOf(memory), true, {}});
    added.bytesPerSecond = figureOf(memory.getBandwidth(), Scope::Machine);
  }
}

void Reader::readDatapaths() {
  for (machine::DatapathAttr path : target.getDatapaths()) {
    unsigned from = indexOf[path.getFrom()], to = indexOf[path.getTo()];
    if (from == to)
      continue;
    bool isShared = path.getBytes() && path.getBytes().scope > Scope::Core;
    std::optional<Figure> rate = figureOf(path.getBytes(), isShared ? Scope::Machine : Scope::Core);
    bool isBounded = result.memories[from].bytesPerSecond || result.memories[to].bytesPerSecond;
    if (!rate && !isBounded) {
      unknown.push_back({from, to, Figure::exact(1), false});
      continue;
    }
    Figure figure = rate.value_or(Figure::exact(std::numeric_limits<double>::infinity()));
    // Of several ways between memories that count as one, the fastest.
    auto *known = llvm::find_if(result.datapaths, [&](const Datapath &other) {
      return other.from == from && other.to == to;
    });
    if (known == result.datapaths.end())
      result.datapaths.push_back({from, to, figure, isShared});
    else if (known->bytesPerSecond.value < figure.value)
      *known = {from, to, figure, isShared};
  }
}

void Reader::readRates() {
  std::optional<Figure> vector = figureOf(FigureId::F32Rate, Scope::Core);
  need(vector.has_value(), machine::infoOf(FigureId::F32Rate).key);
  result.vectorRate = vector.value_or(Figure::exact(1));
  const Figure &ops = result.vectorRate;
  result.expRate = figureOf(FigureId::ExpRate, Scope::Core)
                       .value_or(Figure{ops.value / expOps, ops.low / expOps, ops.high / expOps});
  // Without units of their own, matrix instructions are vector instructions.
  result.unitsShareIssue = !target.find(FigureId::MatrixUnits);
  if (result.unitsShareIssue)
    result.matrixRates[static_cast<size_t>(Number::F32)] = result.vectorRate;
  for (machine::InstructionAttr instruction : target.getInstructions()) {
    std::optional<Figure> rate = figureOf(instruction.getOps(), Scope::Core);
    std::optional<Number> number;
    if (instruction.getLhs().isInteger(8))
      number = Number::I8;
    else if (isa<Float16Type, BFloat16Type>(instruction.getLhs()))
      number = Number::F16;
    else if (isa<Float32Type>(instruction.getLhs()))
      number = Number::F32;
    if (!number)
      continue;
    need(rate || !result.unitsShareIssue, "the rate of " + instruction.getName());
    std::optional<Figure> &known = result.matrixRates[static_cast<size_t>(*number)];
    if (rate && (!known || known->value < rate->value))
      known = rate;
  }
  need(llvm::any_of(result.matrixRates, [](const auto &rate) { return rate.has_value(); }),
       "the rate of a matrix instruction");
}

/// Where the units read and write: what the memories say, or the only one that a core has. Returns
/// whether they do.
bool Reader::readPorts() {
  bool found = true;
  auto find = [&](machine::Port port) -> unsigned {
    if (machine::MemoryAttr memory = target.findMemory(port))
      return indexOf[memory.getName()];
    bool isOnly =
        llvm::count_if(result.memories, [](const Memory &memory) { return !memory.isShared; }) == 1;
    need(isOnly, "which memory serves " + machine::nameOf(port));
    found &= isOnly;
    return 0;
  };
  result.matrixInput = find(machine::Port::MatrixInputs);
  result.matrixOutput = find(machine::Port::MatrixOutputs);
  result.vectorMemory = find(machine::Port::Vectors);
  if (result.unitsShareIssue || !found)
    return found;
  // The tile that a matrix unit sums at once: square as far as the other half of its memory lets
  // it.
  constexpr int64_t rows = 128;
  int64_t bytes = result.memories[result.matrixOutput].bytes;
  result.tileRows = rows;
  result.tileColumns = std::clamp<int64_t>(bytes / 2 / (4 * rows), 16, 256);
  result.sharesRows = true;
  return true;
}

/// Where a way is missing, the rates that would make one.
void Reader::needRoutes() {
  Machine supposed = result;
  supposed.datapaths.append(unknown);
  llvm::SmallSetVector<size_t, 4> wanted;
  for (auto [from, to] : result.missingRoutes())
    if (std::optional<Route> route = supposed.route(from, to))
      for (unsigned path : route->datapaths)
        if (path >= result.datapaths.size())
          wanted.insert(path);
  for (size_t path : wanted) {
    const Datapath &datapath = supposed.datapaths[path];
    need(false, "the bandwidth from " + result.memories[datapath.from].name + " to " +
                    result.memories[datapath.to].name);
  }
}

Result<Machine> Reader::read() {
  result.name = target.getName().str();
  std::optional<double> cores = target.count(Scope::Core);
  need(cores.has_value(), machine::infoOf(FigureId::Cores).key);
  result.cores = static_cast<int64_t>(cores.value_or(1));
  const machine::Figure *wait = target.findFigure(FigureId::Barrier);
  if (!wait)
    wait = target.findFigure(FigureId::Launch);
  need(wait, machine::infoOf(FigureId::Barrier).key);
  if (wait)
    result.phaseSeconds = {wait->value, wait->value * wait->bounds.low,
                           wait->value * wait->bounds.high};
  readMemories();
  readDatapaths();
  readRates();
  if (readPorts())
    needRoutes();
  if (!missing.empty())
    return Failure("the description of machine ", std::string_view(result.name),
                   " does not say what the planner needs: ", missing);
  if (Status status = result.check(); !status)
    return status.takeFailure();
  return std::move(result);
}

Result<Machine> cost::machineOf(machine::TargetAttr target) { return Reader(target).read(); }
