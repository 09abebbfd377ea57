//===- Passes.h - passes that rewrite by algebra ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_ALGEBRA_PASSES_H
#define FRIT_PASSES_ALGEBRA_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::algebra {

#define GEN_PASS_DECL
#include "passes/Algebra/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Algebra/Passes.h.inc"

} // namespace frit::algebra

#endif // FRIT_PASSES_ALGEBRA_PASSES_H
