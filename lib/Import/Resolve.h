//===- Resolve.h - applies an architecture record to a checkpoint ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_RESOLVE_H
#define FRIT_LIB_IMPORT_RESOLVE_H

#include "lib/Import/Checkpoint.h"
#include "lib/Import/Model.h"
#include "lib/Import/Problems.h"

namespace frit {

/// Reads every hyperparameter and finds every tensor. What is missing, left over, malformed or
/// unsupported goes into `problems`; the model is complete only when there are none. Its record is
/// `record` itself. `architecture` is what {arch} stands for in keys.
ModelSpec resolveModel(const Checkpoint &checkpoint, const ArchRecord &record,
                       llvm::StringRef architecture, Problems &problems);

} // namespace frit

#endif // FRIT_LIB_IMPORT_RESOLVE_H
