//===- Target.h - the target of a module as the cost model sees it ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_COST_TARGET_H
#define FRIT_LIB_COST_TARGET_H

#include "dialects/Machine/Machine.h"
#include "lib/Cost/Machine.h"

namespace frit::cost {

/// The error names all that is needed and not described. Memories of a core between which data goes
/// both ways without leaving it, registers and caches, count as the largest of them.
Result<Machine> machineOf(machine::TargetAttr target);

} // namespace frit::cost

#endif // FRIT_LIB_COST_TARGET_H
