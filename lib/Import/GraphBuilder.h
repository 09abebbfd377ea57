//===- GraphBuilder.h - the graph dialect from a resolved model -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GRAPHBUILDER_H
#define FRIT_LIB_IMPORT_GRAPHBUILDER_H

#include "lib/Import/Model.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace frit {

/// The result verifies for every consistent model. Locations name tensors and roles.
mlir::OwningOpRef<mlir::ModuleOp> buildGraph(const ModelSpec &model, mlir::MLIRContext &context);

} // namespace frit

#endif // FRIT_LIB_IMPORT_GRAPHBUILDER_H
