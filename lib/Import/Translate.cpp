//===- Translate.cpp - frit-translate --import-gguf -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Translate.h"

#include "dialects/Graph/Graph.h"
#include "lib/Import/Import.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

/// Uses only the name of the input: a model may have several files, and its weights stay in them.
static OwningOpRef<Operation *> importGGUF(llvm::SourceMgr &sources, MLIRContext *context) {
  StringRef path = sources.getMemoryBuffer(sources.getMainFileID())->getBufferIdentifier();
  if (path == "<stdin>") {
    emitError(UnknownLoc::get(context)) << "expected the name of a model file, because its weights "
                                           "stay in it, found the standard input";
    return nullptr;
  }
  return frit::importModel(path, *context);
}

void frit::registerImportTranslation() {
  TranslateToMLIRRegistration registration(
      "import-gguf", "Import a GGUF model as graph ops", importGGUF,
      [](DialectRegistry &registry) { registry.insert<graph::GraphDialect, kv::KVDialect>(); });
}
