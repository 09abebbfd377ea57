//===- Compile.h - frit compile -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_COMPILE_H
#define FRIT_LIB_DRIVER_COMPILE_H

#include "lib/Driver/Compilation.h"

#include <optional>
#include <string>

namespace frit::driver {

/// Options of frit compile.
struct CompileJob {
  CompileRequest request;
  std::string output;           ///< -o; "-" is the standard output; empty: nothing
  std::optional<EmitKind> emit; ///< nothing: a bundle
  std::optional<PhaseId> from;  ///< where the model must stand
  PhaseId to = PhaseId::Lower;  ///< the last step to run
  bool dryRun = false;          ///< --dry-run: nothing is written
};

/// Compiles as far as asked; returns what the process ends with.
int compileModel(const CompileJob &job);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_COMPILE_H
