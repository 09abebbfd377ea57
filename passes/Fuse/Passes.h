//===- Passes.h - passes of the step 'fuse' --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_FUSE_PASSES_H
#define FRIT_PASSES_FUSE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::fuse {

#define GEN_PASS_DECL
#include "passes/Fuse/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Fuse/Passes.h.inc"

} // namespace frit::fuse

#endif // FRIT_PASSES_FUSE_PASSES_H
