//===- Characterize.h - frit characterize -----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_CHARACTERIZE_H
#define FRIT_LIB_DRIVER_CHARACTERIZE_H

#include "lib/Driver/Workload.h"

namespace frit::driver {

/// Prints what a model asks of a machine, call by call and op by op, and how many bits its weights
/// need for errors of up to `mostError`. Returns what the process ends with.
int characterizeModel(const CompileRequest &request, const WorkloadQuestion &question,
                      double mostError);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_CHARACTERIZE_H
