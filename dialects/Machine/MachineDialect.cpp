//===- MachineDialect.cpp - verifiers of machine ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::machine;

#include "mlir/IR/DialectImplementation.h"

#include "dialects/Machine/MachineDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Machine/MachineAttrs.cpp.inc"

void MachineDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Machine/MachineAttrs.cpp.inc"
      >();
}

using EmitError = function_ref<InFlightDiagnostic()>;

static LogicalResult verifyBounds(EmitError emitError, const Bounds &bounds, const Twine &what) {
  // Not with NaN.
  if (bounds.low > 0 && bounds.low <= 1 && bounds.high >= 1 && bounds.high <= 1000)
    return success();
  return emitError() << "expected bounds of " << what
                     << " above 0, at most 1, and from 1 to 1000, but got " << bounds.low << " to "
                     << bounds.high;
}

/// `rate` may be 0, not known.
static LogicalResult verifyRate(EmitError emitError, const Rate &rate, const Twine &what) {
  if (!rate)
    return success();
  if (StringRef expected = checkFigure(FigureKind::Rate, rate.perSecond); !expected.empty())
    return emitError() << "expected " << expected << " as the rate of " << what << ", but got "
                       << rate.perSecond;
  return verifyBounds(emitError, rate.bounds, "the rate of " + what);
}

LogicalResult InstructionAttr::verify(EmitError emitError, StringRef name, int64_t m, int64_t n,
                                      int64_t k, Type, Type, Type, Rate ops) {
  auto fits = [](int64_t size) { return size > 0 || ShapedType::isDynamic(size); };
  if (!fits(m) || !fits(n) || !fits(k))
    return emitError() << "expected a positive shape of instruction " << name << ", but got " << m
                       << " x " << n << " x " << k;
  return verifyRate(emitError, ops, "instruction " + name);
}

LogicalResult MemoryAttr::verify(EmitError emitError, StringRef name, int64_t bytes, Scope,
                                 int64_t alignment, uint32_t, Rate bandwidth) {
  if (name.empty())
    return emitError() << "expected a memory to have a name";
  if (bytes < 0)
    return emitError() << "expected a positive size of memory " << name << ", but got " << bytes;
  if (alignment < 0 || (alignment & (alignment - 1)))
    return emitError() << "expected the alignment of memory " << name
                       << " to be a power of two, but got " << alignment;
  return verifyRate(emitError, bandwidth, "memory " + name);
}

LogicalResult DatapathAttr::verify(EmitError emitError, StringRef from, StringRef to, Rate bytes,
                                   uint32_t) {
  if (from == to)
    return emitError() << "expected a datapath to lead to another memory, but got " << from
                       << " twice";
  return verifyRate(emitError, bytes, "the datapath from " + from + " to " + to);
}

static LogicalResult verifyFigures(EmitError emitError, ArrayRef<Figure> figures) {
  for (auto [index, figure] : llvm::enumerate(figures)) {
    const FigureInfo &info = infoOf(figure.id);
    if (StringRef expected = checkFigure(info.kind, figure.value); !expected.empty())
      return emitError() << "expected " << expected << " as " << info.key << ", but got "
                         << figure.value;
    if (failed(verifyBounds(emitError, figure.bounds, info.key)))
      return failure();
    if (index > 0 && figure.id <= figures[index - 1].id)
      return emitError() << "expected the figures in the order of Figures.def, but got " << info.key
                         << " behind " << infoOf(figures[index - 1].id).key;
  }
  return success();
}

/// `key` of two of the list must differ.
template <typename Attr, typename Key>
static LogicalResult verifyUnique(EmitError emitError, ArrayRef<Attr> list, StringRef what,
                                  Key key) {
  llvm::StringSet<> seen;
  for (Attr attr : list)
    if (std::string name = key(attr); !seen.insert(name).second)
      return emitError() << "expected one " << what << " " << name << ", but got two";
  return success();
}

LogicalResult TargetAttr::verify(EmitError emitError, StringRef, StringRef triple, StringRef cpu,
                                 ArrayRef<StringAttr> features, ArrayRef<Figure> figures,
                                 ArrayRef<InstructionAttr> instructions,
                                 ArrayRef<MemoryAttr> memories, ArrayRef<DatapathAttr> datapaths) {
  if (failed(verifyFigures(emitError, figures)))
    return failure();
  auto find = [&](FigureId id) {
    for (const Figure &figure : figures)
      if (figure.id == id)
        return static_cast<int64_t>(figure.value);
    return int64_t(0);
  };
  int64_t vectorBytes = find(FigureId::VectorBytes),
          vectorRegisters = find(FigureId::VectorRegisters);
  if (vectorBytes && (vectorBytes < 16 || vectorBytes > 256 || (vectorBytes & (vectorBytes - 1))))
    return emitError() << "expected vector_bytes to be a power of two from 16 to 256, but got "
                       << vectorBytes;
  if (vectorRegisters && vectorRegisters < 8)
    return emitError() << "expected at least 8 vector registers, but got " << vectorRegisters;
  if (!triple.empty() && (!vectorBytes || !vectorRegisters))
    return emitError() << "expected a machine with a triple to say vector_bytes and "
                          "vector_registers";
  if (triple.empty() && (!cpu.empty() || !features.empty()))
    return emitError() << "expected a machine without a triple to have no cpu and no features";
  auto nameOf = [](auto attr) { return attr.getName().str(); };
  if (failed(verifyUnique(emitError, instructions, "instruction", nameOf)) ||
      failed(verifyUnique(emitError, memories, "memory", nameOf)) ||
      failed(verifyUnique(emitError, datapaths, "datapath", [](DatapathAttr path) {
        return ("from " + path.getFrom() + " to " + path.getTo()).str();
      })))
    return failure();
  for (DatapathAttr path : datapaths)
    for (StringRef end : {path.getFrom(), path.getTo()})
      if (llvm::none_of(memories, [&](MemoryAttr memory) { return memory.getName() == end; }))
        return emitError() << "expected the datapath from " << path.getFrom() << " to "
                           << path.getTo() << " to be between memories of the machine, but got "
                           << end;
  return success();
}
