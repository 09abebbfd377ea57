//===- Host.h - the CPU this process runs on -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_MACHINE_HOST_H
#define FRIT_LIB_MACHINE_HOST_H

#include "frit/Support/Result.h"

#include <string>

namespace frit::machine {

/// Maker, family, model, stepping and name of this CPU, as one line; empty when the system does not
/// say them.
std::string hostIdentity();

/// Where `frit calibrate` writes the description of this CPU: `$XDG_CONFIG_HOME/frit/machine.json`,
/// or in `~/.config`.
Result<std::string> calibrationPath();

} // namespace frit::machine

#endif // FRIT_LIB_MACHINE_HOST_H
