//===- Passes.h - passes of the step 'lower::cpu' --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_LOWER_CPU_PASSES_H
#define FRIT_PASSES_LOWER_CPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::lower::cpu {

#define GEN_PASS_DECL
#include "passes/Lower/Cpu/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Lower/Cpu/Passes.h.inc"

} // namespace frit::lower::cpu

#endif // FRIT_PASSES_LOWER_CPU_PASSES_H
