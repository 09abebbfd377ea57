//===- ModelFile.h - from a MODEL argument to a model that runs -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_MODELFILE_H
#define FRIT_LIB_DRIVER_MODELFILE_H

#include "lib/Driver/Compilation.h"
#include "lib/Driver/Handles.h"

#include <string>

namespace frit::driver {

/// What a user can give as MODEL.
enum class ModelKind { Bundle, Checkpoint, MLIR };

/// Looks at the first bytes of a file; at its name if they say nothing. A directory is a
/// checkpoint.
Result<ModelKind> recognizeModel(llvm::StringRef path);
/// The same for commands that compile: a bundle is refused, `why` says what for.
Result<ModelKind> recognizeSource(llvm::StringRef path, llvm::StringRef why = "");

/// What is not a bundle, for messages.
inline constexpr llvm::StringLiteral sourceKinds =
    "a GGUF file, a Hugging Face directory or an .mlir file";

/// Whether the weights are copied into huge pages instead of used where the file is mapped: much
/// faster on most systems, but memory of this process alone.
enum class HugePages {
  Auto, ///< if that takes no more than a third of the memory that is available
  On,
  Off
};

struct OpenedModel {
  ModelHandle handle;
  std::string path;          ///< as the user gave it
  double compileSeconds = 0; ///< 0: it was a bundle, or compiled before
};

/// Opens a bundle, or compiles the model into the cache first if it is not there yet. Without a
/// cache that can be written to, the bundle goes into a temporary file that is gone when the
/// process ends; a warning says so.
Result<OpenedModel> openModel(const CompileRequest &request, HugePages hugePages);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_MODELFILE_H
