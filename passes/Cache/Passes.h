//===- Passes.h - passes of the step 'cache' -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_CACHE_PASSES_H
#define FRIT_PASSES_CACHE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::cache {

#define GEN_PASS_DECL
#include "passes/Cache/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Cache/Passes.h.inc"

} // namespace frit::cache

#endif // FRIT_PASSES_CACHE_PASSES_H
