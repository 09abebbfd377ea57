//===- Select.h - frit select -----------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_SELECT_H
#define FRIT_LIB_DRIVER_SELECT_H

#include "lib/Driver/Workload.h"

namespace frit::driver {

/// Prints which targets a model fits and how fast it would be, best first. No targets: all built-in
/// machines that are not instruction sets. Returns what the process ends with.
int selectTarget(const CompileRequest &request, std::vector<std::string> targets,
                 const WorkloadQuestion &question);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_SELECT_H
