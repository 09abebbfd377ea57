//===- Passes.h - passes of the step 'quantize' ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_QUANTIZE_PASSES_H
#define FRIT_PASSES_QUANTIZE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::quantize {

#define GEN_PASS_DECL
#include "passes/Quantize/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Quantize/Passes.h.inc"

} // namespace frit::quantize

#endif // FRIT_PASSES_QUANTIZE_PASSES_H
