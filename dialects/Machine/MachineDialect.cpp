//===- MachineDialect.cpp - verifiers and queries of machine ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Machine/Machine.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::machine;

/// `[a, b]`; unlike upstream's arrays it may be empty.
template <typename T>
static ParseResult parseList(AsmParser &parser, SmallVector<T> &list) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    FailureOr<T> element = FieldParser<T>::parse(parser);
    if (succeeded(element))
      list.push_back(*element);
    return success(succeeded(element));
  });
}

template <typename T>
static void printList(AsmPrinter &printer, ArrayRef<T> list) {
  printer << "[";
  llvm::interleaveComma(list, printer,
                        [&](T element) { printer.printStrippedAttrOrType(element); });
  printer << "]";
}

#include "dialects/Machine/MachineDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Machine/MachineAttrs.cpp.inc"

void MachineDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Machine/MachineAttrs.cpp.inc"
      >();
}

LogicalResult InstructionAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name,
                                      int64_t m, int64_t n, int64_t k, Type, Type, Type) {
  if (m <= 0 || n <= 0 || k <= 0)
    return emitError() << "expected a positive shape of instruction " << name << ", but got " << m
                       << " x " << n << " x " << k;
  return success();
}

LogicalResult MemoryAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name,
                                 int64_t bytes, StringRef scope) {
  if (bytes <= 0)
    return emitError() << "expected a positive size of memory " << name << ", but got " << bytes;
  if (scope != "core" && scope != "die" && scope != "machine")
    return emitError() << "expected scope core, die or machine of memory " << name << ", but got "
                       << scope;
  return success();
}

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name,
                                 StringRef, StringRef, ArrayRef<StringAttr>, int64_t vectorBytes,
                                 int64_t vectorRegisters, ArrayRef<InstructionAttr>,
                                 ArrayRef<MemoryAttr>) {
  if (vectorBytes < 16 || vectorBytes > 256 || (vectorBytes & (vectorBytes - 1)))
    return emitError() << "expected vector_bytes to be a power of two from 16 to 256, but got "
                       << vectorBytes;
  if (vectorRegisters < 8)
    return emitError() << "expected at least 8 vector registers, but got " << vectorRegisters;
  return success();
}

bool TargetAttr::hasFeature(StringRef feature) const {
  return llvm::any_of(getFeatures(), [&](StringAttr attr) { return attr.getValue() == feature; });
}

InstructionAttr TargetAttr::findInstruction(StringRef name) const {
  for (InstructionAttr instruction : getInstructions())
    if (instruction.getName() == name)
      return instruction;
  return {};
}

TargetAttr machine::getTarget(Operation *op) {
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  return module ? module->getAttrOfType<TargetAttr>(targetAttrName) : TargetAttr();
}
