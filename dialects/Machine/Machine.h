//===- Machine.h - the machine as attributes -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_MACHINE_MACHINE_H
#define FRIT_DIALECTS_MACHINE_MACHINE_H

#include "frit/Machine/Quantities.h"
#include "frit/Support/Result.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Machine/MachineDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Machine/MachineAttrs.h.inc"

namespace frit::machine {

/// Name of the module attribute that holds the target.
inline constexpr llvm::StringLiteral targetAttrName = "machine.target";

/// The target of the module around `op`; null when it has none.
TargetAttr getTarget(mlir::Operation *op);

} // namespace frit::machine

#endif // FRIT_DIALECTS_MACHINE_MACHINE_H
