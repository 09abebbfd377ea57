//===- Explain.h - frit explain ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_EXPLAIN_H
#define FRIT_LIB_DRIVER_EXPLAIN_H

#include "lib/Cost/Work.h"
#include "lib/Driver/Compilation.h"

namespace frit::driver {

/// Prints the phases that the planner makes of a checkpoint or a .mlir file in front of `fuse`, for
/// calls of `shape` on the target, and why; `json`: one line an edge. Returns what the process ends
/// with.
int explainModel(const CompileRequest &request, const cost::Shape &shape, bool json);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_EXPLAIN_H
