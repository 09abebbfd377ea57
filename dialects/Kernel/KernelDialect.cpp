//===- KernelDialect.cpp - syntax and verifiers of kernel ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::kernel;

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Kernel/KernelAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
}

std::optional<Role> kernel::getRole(Operation *op) {
  if (auto attr = op->getAttrOfType<RoleAttr>(roleAttrName))
    return attr.getValue();
  return std::nullopt;
}

void kernel::setRole(Operation *op, Role role) {
  op->setAttr(roleAttrName, RoleAttr::get(op->getContext(), role));
}

TokenRange kernel::getTokens(Operation *function) {
  auto range = function->getAttrOfType<DenseI64ArrayAttr>(tokensAttrName);
  return range ? TokenRange{range[0], range[1]} : TokenRange();
}

void kernel::setTokens(Operation *function, int64_t first, int64_t last) {
  function->setAttr(tokensAttrName, DenseI64ArrayAttr::get(function->getContext(), {first, last}));
}

LogicalResult KernelDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() != tokensAttrName)
    return success();
  auto range = dyn_cast<DenseI64ArrayAttr>(attribute.getValue());
  if (!range || range.size() != 2 || range[0] < 1 || range[1] < range[0])
    return op->emitOpError("expected ")
           << tokensAttrName << " to be the least and the greatest number of tokens, but got "
           << attribute.getValue();
  return success();
}

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

template <typename OpTy>
static ParseResult parseFunction(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(arguments, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, OpTy::getFunctionTypeAttrName(result.name),
      buildType, OpTy::getArgAttrsAttrName(result.name), OpTy::getResAttrsAttrName(result.name));
}

template <typename OpTy>
static void printFunction(OpTy op, OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, op, /*isVariadic=*/false,
                                           op.getFunctionTypeAttrName(), op.getArgAttrsAttrName(),
                                           op.getResAttrsAttrName());
}

ParseResult PhaseOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<PhaseOp>(parser, result);
}
void PhaseOp::print(OpAsmPrinter &printer) { printFunction(*this, printer); }
ParseResult ReferenceOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<ReferenceOp>(parser, result);
}
void ReferenceOp::print(OpAsmPrinter &printer) { printFunction(*this, printer); }

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

LogicalResult PhaseOp::verify() {
  bool hasAnchor =
      llvm::any_of(getBody().front(), [](Operation &op) { return getRole(&op) == Role::Anchor; });
  if (!hasAnchor)
    return emitOpError("expected an op with the role of an anchor, but found none");
  return success();
}

LogicalResult PhaseOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto reference = tables.lookupNearestSymbolFrom<ReferenceOp>(*this, getReferenceAttr());
  if (!reference)
    return emitOpError("expected a kernel.reference, but found none called ") << getReferenceAttr();
  if (reference.getFunctionType() != getFunctionType())
    return emitOpError("expected the type ")
           << getFunctionType() << " of the phase for its reference, "
           << "but got " << reference.getFunctionType();
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto phase = tables.lookupNearestSymbolFrom<PhaseOp>(*this, getPhaseAttr());
  if (!phase)
    return emitOpError("expected a kernel.phase, but found none called ") << getPhaseAttr();
  if (!llvm::equal(getOperandTypes(), phase.getArgumentTypes()) ||
      !llvm::equal(getResultTypes(), phase.getResultTypes()))
    return emitOpError("expected operands and results of type ")
           << phase.getFunctionType() << ", but got "
           << FunctionType::get(getContext(), getOperandTypes(), getResultTypes());
  return success();
}

LogicalResult YieldOp::verify() {
  auto function = cast<FunctionOpInterface>((*this)->getParentOp());
  if (!llvm::equal(getOperandTypes(), function.getResultTypes()))
    return emitOpError("expected values of types (")
           << function.getResultTypes() << ") to match the "
           << (isa<PhaseOp>(function) ? "phase" : "reference") << ", but got (" << getOperandTypes()
           << ")";
  if (!isa<PhaseOp>(function))
    return success();
  llvm::SmallDenseSet<Value> seen;
  for (auto [index, value] : llvm::enumerate(getValues()))
    if (isa<BlockArgument>(value) || !seen.insert(value).second)
      return emitOpError("expected each value to be computed by the phase and yielded once, but ")
             << "value " << index
             << (isa<BlockArgument>(value) ? " is an argument" : " is repeated");
  return success();
}
