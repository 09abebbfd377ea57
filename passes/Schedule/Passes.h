//===- Passes.h - passes of the step 'schedule' ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_SCHEDULE_PASSES_H
#define FRIT_PASSES_SCHEDULE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::schedule {

#define GEN_PASS_DECL
#include "passes/Schedule/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Schedule/Passes.h.inc"

} // namespace frit::schedule

#endif // FRIT_PASSES_SCHEDULE_PASSES_H
