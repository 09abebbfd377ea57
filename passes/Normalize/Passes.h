//===- Passes.h - passes of the step 'normalize' ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_NORMALIZE_PASSES_H
#define FRIT_PASSES_NORMALIZE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::normalize {

#define GEN_PASS_DECL
#include "passes/Normalize/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Normalize/Passes.h.inc"

} // namespace frit::normalize

#endif // FRIT_PASSES_NORMALIZE_PASSES_H
