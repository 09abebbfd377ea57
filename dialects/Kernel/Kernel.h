//===- Kernel.h - phases: what all cores do between two barriers -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_KERNEL_KERNEL_H
#define FRIT_DIALECTS_KERNEL_KERNEL_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Kernel/KernelDialect.h.inc"
#include "dialects/Kernel/KernelEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

namespace frit::kernel {

/// Name of the discardable attribute that holds an op's role in its phase.
inline constexpr llvm::StringLiteral roleAttrName = "kernel.role";

/// The role of an op in a phase; nothing for params and terminators.
std::optional<Role> getRole(mlir::Operation *op);
void setRole(mlir::Operation *op, Role role);

/// Name of the discardable attribute of a graph.layer or graph.func, [first, last]: it serves calls
/// of so many tokens. Without, of all.
inline constexpr llvm::StringLiteral tokensAttrName = "kernel.tokens";

/// Numbers of tokens that calls have.
struct TokenRange {
  int64_t first = 1, last = std::numeric_limits<int64_t>::max();
};
TokenRange getTokens(mlir::Operation *function);
void setTokens(mlir::Operation *function, int64_t first, int64_t last);

} // namespace frit::kernel

#endif // FRIT_DIALECTS_KERNEL_KERNEL_H
