//===- ChooseRecord.h - the record of a checkpoint, applied to it ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_CHOOSERECORD_H
#define FRIT_LIB_IMPORT_CHOOSERECORD_H

#include "lib/Import/Import.h"
#include "lib/Import/Model.h"

#include <memory>

namespace frit {

struct ResolvedModel {
  std::unique_ptr<const ArchRecord> record; ///< That of the model.
  ModelSpec model;
};

/// Nothing after one error that holds everything that is wrong.
std::optional<ResolvedModel> resolveCheckpoint(const Checkpoint &checkpoint,
                                               mlir::MLIRContext &context,
                                               const ImportOptions &options);

} // namespace frit

#endif // FRIT_LIB_IMPORT_CHOOSERECORD_H
