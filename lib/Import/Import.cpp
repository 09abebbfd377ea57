//===- Import.cpp - from a checkpoint to the graph dialect ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Import.h"

#include "lib/Import/Checkpoint.h"
#include "lib/Import/ChooseRecord.h"
#include "lib/Import/GraphBuilder.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace frit;

OwningOpRef<ModuleOp> frit::importModel(const Checkpoint &checkpoint, MLIRContext &context,
                                        const ImportOptions &options) {
  std::optional<ResolvedModel> resolved = resolveCheckpoint(checkpoint, context, options);
  return resolved ? buildGraph(resolved->model, context) : nullptr;
}

OwningOpRef<ModuleOp> frit::importModel(StringRef path, MLIRContext &context,
                                        const ImportOptions &options) {
  Result<Checkpoint> checkpoint = Checkpoint::open(path);
  if (checkpoint)
    return importModel(*checkpoint, context, options);
  emitError(UnknownLoc::get(&context)) << checkpoint.error();
  return nullptr;
}
