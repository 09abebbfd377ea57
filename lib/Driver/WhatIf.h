//===- WhatIf.h - a machine with other figures -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_WHATIF_H
#define FRIT_LIB_DRIVER_WHATIF_H

#include "frit/Support/Result.h"
#include "llvm/ADT/ArrayRef.h"

#include <string>
#include <vector>

namespace frit::driver {

/// A description in which some figures are others.
struct ChangedDescription {
  std::string json;
  /// What changed, for people: "barrier_seconds is 2e-05 instead of 2e-06".
  std::vector<std::string> changes;
};

/// `description`: JSON that is like no other. `changes`: PATH=VALUE each, where VALUE is a number,
/// or `off` to take something away: docs/planner.md has the paths.
Result<ChangedDescription> changeDescription(llvm::StringRef description,
                                             llvm::ArrayRef<std::string> changes);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_WHATIF_H
