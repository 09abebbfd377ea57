//===- Like.h - descriptions that are like others --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_MACHINE_LIKE_H
#define FRIT_LIB_MACHINE_LIKE_H

#include "frit/Machine/MachineDescription.h"
#include "llvm/Support/JSON.h"

namespace frit::machine {

/// Puts what a description is like under it: field by field, null removes one, everything else
/// replaces. Of memories, datapaths and instructions those of the same name are laid over each
/// other in the same way, and a new one comes behind the one before it; sources, notes and claims
/// grow.
Status resolveLike(llvm::json::Value &description, FindDescription find);

} // namespace frit::machine

#endif // FRIT_LIB_MACHINE_LIKE_H
