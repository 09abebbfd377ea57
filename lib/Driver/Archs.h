//===- Archs.h - frit archs -----------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_ARCHS_H
#define FRIT_LIB_DRIVER_ARCHS_H

#include "frit/Support/Result.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace frit::driver {

/// Prints the architectures frit reads as a table; returns what the process ends with.
int listArchitectures();

/// The complete record as JSON. The message about an unknown name has those that are near it.
Result<std::string> architectureText(llvm::StringRef name);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_ARCHS_H
