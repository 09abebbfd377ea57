//===- Convert.h - a checkpoint as a GGUF file ------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_CONVERT_H
#define FRIT_LIB_IMPORT_CONVERT_H

#include "frit/Formats/Formats.h"
#include "frit/Support/Result.h"
#include "lib/Import/Import.h"

#include <functional>

namespace frit {

struct ConvertOptions {
  ImportOptions import;
  /// Of matrices: one that canQuantize(). Matrices whose rows are no whole blocks become f16;
  /// vectors are f32.
  Format format = Format::F16;
  /// How much is done, from 0 to 1.
  std::function<void(double)> progress;
};

/// Writes the Hugging Face directory `path` as a GGUF file that llama.cpp loads, under its names
/// and in its order of rows, as the record of the architecture says. The file is written under a
/// temporary name and renamed. What is wrong with the model is reported as importModel() does, and
/// the Failure is then a summary.
Status convertToGGUF(llvm::StringRef path, llvm::StringRef output, mlir::MLIRContext &context,
                     const ConvertOptions &options);

} // namespace frit

#endif // FRIT_LIB_IMPORT_CONVERT_H
