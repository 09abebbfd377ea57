//===- Targets.h - frit targets --------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_TARGETS_H
#define FRIT_LIB_DRIVER_TARGETS_H

#include "llvm/ADT/StringRef.h"

namespace frit::driver {

/// Prints the machines frit knows, as a table or as JSON; returns what the process ends with.
int listTargets(bool json);

/// Prints all that is known about one of them, or about that of a .json file.
int showTarget(llvm::StringRef name, bool json);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_TARGETS_H
