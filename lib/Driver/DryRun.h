//===- DryRun.h - frit compile --dry-run ----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_DRYRUN_H
#define FRIT_LIB_DRIVER_DRYRUN_H

#include "lib/Driver/Compilation.h"

namespace frit::driver {

/// What a process ends with that found something frit does not support.
inline constexpr int exitUnsupported = 2;

/// Compiles as far as every decision is made, writes nothing, and prints what was assumed and how
/// much memory it takes, or everything that is unsupported; returns what the process ends with.
int dryRun(const CompileRequest &request);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_DRYRUN_H
