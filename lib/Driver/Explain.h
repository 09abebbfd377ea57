//===- Explain.h - frit explain ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_EXPLAIN_H
#define FRIT_LIB_DRIVER_EXPLAIN_H

#include "lib/Driver/Compilation.h"

namespace frit::driver {

struct ExplainOptions {
  int64_t tokens = 0;              ///< Of the calls; 0: of all classes of calls.
  int64_t keys = 1024;             ///< That the newest token sees; there may be more tokens.
  bool json = false;               ///< One line an edge.
  std::vector<std::string> whatIf; ///< PATH=VALUE each, of the machine's description.
  std::vector<std::string> whyNot; ///< Two ops, or nothing.
  std::string html;                ///< The file of a page; empty: the terminal.
};

/// Says which phases the planner makes of a checkpoint or a .mlir file in front of `fuse`, and why.
/// Returns what the process ends with.
int explainModel(const CompileRequest &request, const ExplainOptions &options);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_EXPLAIN_H
