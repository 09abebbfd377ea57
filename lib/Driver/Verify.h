//===- Verify.h - frit verify ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_VERIFY_H
#define FRIT_LIB_DRIVER_VERIFY_H

#include "frit/Verify/Verify.h"
#include "lib/Driver/Compilation.h"

namespace frit::driver {

/// Compares the compiled model with the reference and prints the report; returns what the process
/// ends with: ExitFailure if something differs.
int verifyModel(const CompileRequest &request, VerifyOptions options, bool json);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_VERIFY_H
