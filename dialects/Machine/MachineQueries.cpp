//===- MachineQueries.cpp - what passes ask a machine ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "lib/Support/Printable.h"

using namespace mlir;
using namespace frit;
using namespace frit::machine;

TargetAttr machine::getTarget(Operation *op) {
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  return module ? module->getAttrOfType<TargetAttr>(targetAttrName) : TargetAttr();
}

bool TargetAttr::hasFeature(StringRef feature) const {
  return llvm::any_of(getFeatures(), [&](StringAttr attr) { return attr.getValue() == feature; });
}

template <typename Attr>
static Attr findNamed(ArrayRef<Attr> list, StringRef name) {
  for (Attr attr : list)
    if (attr.getName() == name)
      return attr;
  return {};
}

InstructionAttr TargetAttr::findInstruction(StringRef name) const {
  return findNamed(getInstructions(), name);
}

MemoryAttr TargetAttr::findMemory(StringRef name) const { return findNamed(getMemories(), name); }

MemoryAttr TargetAttr::findMemory(Port port) const {
  for (MemoryAttr memory : getMemories())
    if (memory.getServes() & bitOf(port))
      return memory;
  return {};
}

DatapathAttr TargetAttr::findDatapath(StringRef from, StringRef to) const {
  for (DatapathAttr path : getDatapaths())
    if (path.getFrom() == from && path.getTo() == to)
      return path;
  return {};
}

InstructionAttr TargetAttr::fastestInstruction(Type lhs, Type rhs) const {
  InstructionAttr fastest;
  double most = 0;
  for (InstructionAttr instruction : getInstructions()) {
    if (instruction.getLhs() != lhs || instruction.getRhs() != rhs)
      continue;
    double ops = rate(instruction.getOps(), Scope::Machine).value_or(0);
    if (ops > most) {
      fastest = instruction;
      most = ops;
    }
  }
  return fastest;
}

//===----------------------------------------------------------------------===//
// Figures
//===----------------------------------------------------------------------===//

const Figure *TargetAttr::findFigure(FigureId id) const {
  for (const Figure &figure : getFigures())
    if (figure.id == id)
      return &figure;
  return nullptr;
}

std::optional<double> TargetAttr::find(FigureId id) const {
  const Figure *figure = findFigure(id);
  return figure ? std::optional(figure->value) : std::nullopt;
}

/// The figures whose product is how many of these the machine has.
static ArrayRef<FigureId> countedBy(Scope scope) {
  static constexpr FigureId units[] = {FigureId::Cores, FigureId::VectorUnits},
                            clusters[] = {FigureId::Clusters}, dies[] = {FigureId::Dies};
  switch (scope) {
  case Scope::Unit:
    return units;
  case Scope::Core:
    return ArrayRef(units).take_front();
  case Scope::Cluster:
    return clusters;
  case Scope::Die:
    return dies;
  case Scope::Machine:
    return {};
  }
  llvm_unreachable("unknown scope");
}

std::optional<double> TargetAttr::count(Scope scope) const {
  double result = 1;
  for (FigureId id : countedBy(scope)) {
    std::optional<double> factor = find(id);
    if (!factor)
      return std::nullopt;
    result *= *factor;
  }
  return result;
}

std::optional<double> TargetAttr::rate(Rate rate, Scope scope) const {
  if (!rate)
    return std::nullopt;
  if (rate.scope == scope)
    return rate.perSecond;
  std::optional<double> from = count(rate.scope), to = count(scope);
  if (!from || !to)
    return std::nullopt;
  return rate.perSecond * *from / *to;
}

std::optional<double> TargetAttr::rate(FigureId id, Scope scope) const {
  const Figure *figure = findFigure(id);
  return figure ? rate(figure->rate(), scope) : std::nullopt;
}

/// The rates that limit a datapath.
static SmallVector<Rate> limitsOf(TargetAttr target, DatapathAttr path) {
  SmallVector<Rate> limits;
  if (path.getBytes())
    limits.push_back(path.getBytes());
  for (StringRef end : {path.getFrom(), path.getTo()})
    if (MemoryAttr memory = target.findMemory(end); memory && memory.getBandwidth())
      limits.push_back(memory.getBandwidth());
  return limits;
}

std::optional<double> TargetAttr::bandwidth(DatapathAttr path, Scope scope) const {
  std::optional<double> least;
  for (Rate limit : limitsOf(*this, path)) {
    std::optional<double> bytes = rate(limit, scope);
    if (!bytes)
      return std::nullopt;
    least = std::min(*bytes, least.value_or(*bytes));
  }
  return least;
}

//===----------------------------------------------------------------------===//
// Figures that somebody cannot do without
//===----------------------------------------------------------------------===//

/// The one message about what a description does not say.
static Failure unknown(TargetAttr target, StringRef what, StringRef who) {
  return Failure("the description of machine ", printable(target.getName()), " does not say ",
                 printable(what), ", which ", std::string_view(who), " needs");
}

Result<double> TargetAttr::need(FigureId id, StringRef who) const {
  if (std::optional<double> value = find(id))
    return *value;
  return unknown(*this, infoOf(id).key, who);
}

Result<double> TargetAttr::needCount(Scope scope, StringRef who) const {
  for (FigureId id : countedBy(scope))
    if (Result<double> factor = need(id, who); !factor)
      return factor;
  return *count(scope);
}

/// The rate in one `scope`; what it is of stands in the message.
static Result<double> needScoped(TargetAttr target, Rate rate, Scope scope, StringRef what,
                                 StringRef who) {
  if (!rate)
    return unknown(target, what, who);
  if (std::optional<double> value = target.rate(rate, scope))
    return *value;
  for (Scope counted : {rate.scope, scope})
    if (Result<double> count = target.needCount(counted, who); !count)
      return count;
  llvm_unreachable("a rate between two scopes that can be counted is known");
}

Result<double> TargetAttr::needRate(FigureId id, Scope scope, StringRef who) const {
  const Figure *figure = findFigure(id);
  return needScoped(*this, figure ? figure->rate() : Rate(), scope, infoOf(id).key, who);
}

Result<int64_t> TargetAttr::needBytes(StringRef memory, StringRef who) const {
  MemoryAttr found = findMemory(memory);
  if (found && found.getBytes())
    return found.getBytes();
  return unknown(
      *this, ((found ? "the bytes of memory " : "that there is a memory ") + memory).str(), who);
}

Result<double> TargetAttr::needBandwidth(StringRef from, StringRef to, Scope scope,
                                         StringRef who) const {
  std::string path = ("a datapath from " + from + " to " + to).str();
  DatapathAttr found = findDatapath(from, to);
  if (!found)
    return unknown(*this, "that there is " + path, who);
  if (std::optional<double> bytes = bandwidth(found, scope))
    return *bytes;
  for (Rate limit : limitsOf(*this, found))
    if (Result<double> bytes = needScoped(*this, limit, scope, "", who); !bytes)
      return bytes;
  return unknown(*this, "the bandwidth of " + path, who);
}

Result<double> TargetAttr::needRate(InstructionAttr instruction, Scope scope, StringRef who) const {
  return needScoped(*this, instruction.getOps(), scope,
                    ("the rate of instruction " + instruction.getName()).str(), who);
}
