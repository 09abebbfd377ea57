//===- CountTraffic.h - what the interpreter of a cut model moves ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_WORKLOAD_COUNTTRAFFIC_H
#define FRIT_LIB_WORKLOAD_COUNTTRAFFIC_H

#include "lib/Cost/Work.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace frit::workload {

/// Runs one call of a model behind `fuse` in the reference interpreter, over caches of zeros, and
/// counts. Paths of `module` are relative to `directory`. Errors are diagnostics.
mlir::FailureOr<reference::Traffic>
countTraffic(mlir::ModuleOp module, const std::string &directory, const cost::Shape &shape);

} // namespace frit::workload

#endif // FRIT_LIB_WORKLOAD_COUNTTRAFFIC_H
