//===- Import.h - from a checkpoint to the graph dialect ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing here knows an architecture: the record (lib/Arch) says where a checkpoint keeps what, the
// graph builder knows what a decoder looks like. Weights stay in their files; the IR refers to
// them.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_IMPORT_H
#define FRIT_LIB_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace frit {

class Checkpoint;

/// Attributes of an imported module. Texts, but for the counts, which are i64.
inline constexpr llvm::StringLiteral modelAttrName = "frit.model";
inline constexpr llvm::StringLiteral archAttrName = "frit.arch";
/// Model and pre-tokenizer, "gpt2 smollm"; absent when the checkpoint has no tokenizer.
inline constexpr llvm::StringLiteral tokenizerAttrName = "frit.tokenizer";
inline constexpr llvm::StringLiteral contextLengthAttrName = "frit.context_length";
inline constexpr llvm::StringLiteral vocabularyAttrName = "frit.vocabulary";
inline constexpr llvm::StringLiteral hiddenAttrName = "frit.hidden";
inline constexpr llvm::StringLiteral layersAttrName = "frit.layers";

struct ImportOptions {
  /// A record of the user's (`--arch-spec`); serves whatever the checkpoint calls its architecture.
  std::string archSpecPath;
  /// The name of a built-in record to use instead of the checkpoint's own architecture (`--like`);
  /// with archSpecPath, the one that serves where that says nothing.
  std::string like;
};

/// Imports the model at `path`: a GGUF file (any part of a split one) or a Hugging Face directory.
/// On failure the result is null and one error was emitted that holds everything that is wrong or
/// unsupported as notes, each with its place in the model and a way out. Only the header of the
/// file is read.
mlir::OwningOpRef<mlir::ModuleOp> importModel(llvm::StringRef path, mlir::MLIRContext &context,
                                              const ImportOptions &options = {});

/// The same for a model that is open already.
mlir::OwningOpRef<mlir::ModuleOp> importModel(const Checkpoint &checkpoint,
                                              mlir::MLIRContext &context,
                                              const ImportOptions &options = {});

} // namespace frit

#endif // FRIT_LIB_IMPORT_IMPORT_H
