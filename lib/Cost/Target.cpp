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
  static bool isOfCore(machine::MemoryAttr memory) { return memory.getScope() <= Scope::Core; }
  bool isReached(StringRef from, StringRef to) const;
  void readMemories();
  void readDatapaths();
  void readRates();
  void readPorts();
  void need(bool isThere, const Twine &what) {
    if (!isThere)
      missing += (missing.empty() ? "" : ", ") + what.str();
  }

  machine::TargetAttr target;
  Machine result;
  llvm::StringMap<unsigned> indexOf; ///< In `result`, by the name in the target.
  std::string missing;
};
} // namespace

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
  llvm::SmallVector<machine::MemoryAttr> shared;
  for (machine::MemoryAttr memory : target.getMemories()) {
    if (!isOfCore(memory)) {
      shared.push_back(memory);
      continue;
    }
    // One with those from which data comes back to it.
    for (machine::MemoryAttr other : target.getMemories())
      if (indexOf.count(other.getName()) && isOfCore(other) &&
          isReached(memory.getName(), other.getName()) &&
          isReached(other.getName(), memory.getName()))
        indexOf[memory.getName()] = indexOf[other.getName()];
    if (!indexOf.count(memory.getName())) {
      indexOf[memory.getName()] = result.memories.size();
      result.memories.push_back({memory.getName().str(), 0, false, {}});
    }
    Memory &merged = result.memories[indexOf[memory.getName()]];
    if (memory.getBytes() > merged.bytes)
      merged = {memory.getName().str(), memory.getBytes(), false, {}};
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
    if (std::optional<double> rate = target.rate(memory.getBandwidth(), Scope::Machine))
      added.bytesPerSecond = Figure::exact(*rate);
  }
}

void Reader::readDatapaths() {
  for (machine::DatapathAttr path : target.getDatapaths()) {
    unsigned from = indexOf[path.getFrom()], to = indexOf[path.getTo()];
    if (from == to)
      continue;
    bool isShared = path.getBytes() && path.getBytes().scope > Scope::Core;
    std::optional<double> rate =
        target.rate(path.getBytes(), isShared ? Scope::Machine : Scope::Core);
    bool isBounded = result.memories[from].bytesPerSecond || result.memories[to].bytesPerSecond;
    need(rate || isBounded, "the bandwidth from " + path.getFrom() + " to " + path.getTo());
    Figure figure = Figure::exact(rate.value_or(std::numeric_limits<double>::infinity()));
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
  std::optional<double> vector = target.rate(FigureId::F32Rate, Scope::Core);
  need(vector.has_value(), machine::infoOf(FigureId::F32Rate).key);
  result.vectorRate = Figure::exact(vector.value_or(1));
  std::optional<double> exps = target.rate(FigureId::ExpRate, Scope::Core);
  result.expRate = Figure::exact(exps.value_or(vector.value_or(1) / expOps));
  // Without units of their own, matrix instructions are vector instructions.
  result.unitsShareIssue = !target.find(FigureId::MatrixUnits);
  if (result.unitsShareIssue)
    result.matrixRates[static_cast<size_t>(Number::F32)] = result.vectorRate;
  for (machine::InstructionAttr instruction : target.getInstructions()) {
    std::optional<double> rate = target.rate(instruction.getOps(), Scope::Core);
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
    if (rate && (!known || known->value < *rate))
      known = Figure::exact(*rate);
  }
  need(llvm::any_of(result.matrixRates, [](const auto &rate) { return rate.has_value(); }),
       "the rate of a matrix instruction");
}

/// Where the units read and write: what the memories say, or the only one that a core has.
void Reader::readPorts() {
  auto find = [&](machine::Port port) -> unsigned {
    if (machine::MemoryAttr memory = target.findMemory(port))
      return indexOf[memory.getName()];
    bool isOnly =
        llvm::count_if(result.memories, [](const Memory &memory) { return !memory.isShared; }) == 1;
    need(isOnly, "which memory serves " + machine::nameOf(port));
    return 0;
  };
  result.matrixInput = find(machine::Port::MatrixInputs);
  result.matrixOutput = find(machine::Port::MatrixOutputs);
  result.vectorMemory = find(machine::Port::Vectors);
  if (result.unitsShareIssue)
    return;
  // The tile that a matrix unit sums at once: square as far as the other half of its memory lets
  // it.
  constexpr int64_t rows = 128;
  int64_t bytes = result.memories[result.matrixOutput].bytes;
  result.tileRows = rows;
  result.tileColumns = std::clamp<int64_t>(bytes / 2 / (4 * rows), 16, 256);
  result.sharesRows = true;
}

Result<Machine> Reader::read() {
  result.name = target.getName().str();
  std::optional<double> cores = target.count(Scope::Core);
  need(cores.has_value(), machine::infoOf(FigureId::Cores).key);
  result.cores = static_cast<int64_t>(cores.value_or(1));
  std::optional<double> wait = target.find(FigureId::Barrier);
  if (!wait)
    wait = target.find(FigureId::Launch);
  need(wait.has_value(), machine::infoOf(FigureId::Barrier).key);
  result.phaseSeconds = Figure::exact(wait.value_or(1));
  readMemories();
  readDatapaths();
  readRates();
  readPorts();
  if (!missing.empty())
    return Failure("the description of machine ", std::string_view(result.name),
                   " does not say what the planner needs: ", missing);
  if (Status status = result.check(); !status)
    return status.takeFailure();
  return std::move(result);
}

Result<Machine> cost::machineOf(machine::TargetAttr target) { return Reader(target).read(); }
