//===- Roofline.h - frit roofline -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_ROOFLINE_H
#define FRIT_LIB_DRIVER_ROOFLINE_H

#include "lib/Driver/Workload.h"

namespace frit::driver {

/// Prints how long each phase keeps each resource of each target busy, for a token and for the last
/// call of a prompt. `plotPath`: an SVG file to write, or empty. Returns what the process ends
/// with.
int rooflineModel(const CompileRequest &request, llvm::ArrayRef<std::string> targets,
                  const WorkloadQuestion &question, const std::string &plotPath);

/// A model on one target.
struct Roofline {
  std::unique_ptr<Workload> workload;
  workload::CallReport decode, prefill;
  /// Seconds of the phases of both, as they were measured; or empty.
  std::vector<double> decodeSeconds, prefillSeconds;
};

/// Phases below the roofs of their machines, a panel each.
std::string plotRooflines(llvm::ArrayRef<Roofline> rooflines);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_ROOFLINE_H
