//===- DescribePhases.h - what a model that was cut into phases is made of ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_DESCRIBEPHASES_H
#define FRIT_LIB_DRIVER_DESCRIBEPHASES_H

#include "lib/Import/Describe.h"

namespace frit::driver {

/// Describes a model at any level. Behind `fuse` layers are calls of phases, behind `schedule`
/// programs run them: what is no graph any more is read from the phases' references.
ModelDescription describeAnyModel(mlir::ModuleOp module);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_DESCRIBEPHASES_H
