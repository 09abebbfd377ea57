//===- MeasurePhases.h - how long phases take on this machine ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_MEASUREPHASES_H
#define FRIT_LIB_DRIVER_MEASUREPHASES_H

#include "lib/Driver/ModelFile.h"
#include "lib/Workload/ModelPlan.h"

namespace frit::driver {

/// Seconds of each phase of each call, run by run; of the phases of layers, the median over the
/// layers. `runs`: 0 for as many as give steady medians. The first one, which finds caches cold, is
/// left out.
Result<std::vector<std::vector<std::vector<double>>>>
samplePhases(const CompileRequest &request, llvm::ArrayRef<const workload::CallReport *> calls,
             int runs = 0);

/// The medians over the runs.
Result<std::vector<std::vector<double>>>
measurePhases(const CompileRequest &request, llvm::ArrayRef<const workload::CallReport *> calls);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_MEASUREPHASES_H
