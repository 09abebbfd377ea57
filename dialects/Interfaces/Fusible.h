//===- Fusible.h - what fusion must know of an op --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_INTERFACES_FUSIBLE_H
#define FRIT_DIALECTS_INTERFACES_FUSIBLE_H

#include "mlir/IR/OpDefinition.h"

namespace frit {

/// The part an op can play in a phase.
enum class FusionRole { Anchor, Row, Local };

} // namespace frit

#include "dialects/Interfaces/Fusible.h.inc"

#endif // FRIT_DIALECTS_INTERFACES_FUSIBLE_H
