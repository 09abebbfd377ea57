//===- Inspect.h - frit inspect -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_INSPECT_H
#define FRIT_LIB_DRIVER_INSPECT_H

#include "lib/Driver/Compilation.h"

namespace frit::driver {

/// Prints what a checkpoint, a .mlir file or a bundle consists of; returns what the process ends
/// with.
int inspectModel(const CompileRequest &request, bool json);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_INSPECT_H
