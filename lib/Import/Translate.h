//===- Translate.h - frit-translate --import-gguf -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_TRANSLATE_H
#define FRIT_LIB_IMPORT_TRANSLATE_H

namespace frit {

/// Registers the translation `--import-gguf` from a model file to the graph dialect. Call once a
/// process.
void registerImportTranslation();

} // namespace frit

#endif // FRIT_LIB_IMPORT_TRANSLATE_H
