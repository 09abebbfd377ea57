//===- Passes.h - passes between the steps ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PIPELINE_PASSES_H
#define FRIT_LIB_PIPELINE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace frit::pipeline {

#define GEN_PASS_DECL
#include "lib/Pipeline/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Pipeline/Passes.h.inc"

} // namespace frit::pipeline

#endif // FRIT_LIB_PIPELINE_PASSES_H
