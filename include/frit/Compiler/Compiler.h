//===- Compiler.h - from a model to a bundle -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_COMPILER_COMPILER_H
#define FRIT_COMPILER_COMPILER_H

#include "frit/Pipeline/Pipeline.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <string>

namespace frit {

struct CompilerOptions {
  /// A description's name, a .json file, or native.
  std::string target = "native";
  /// The target may be a machine that no back end serves: nothing will be emitted.
  bool onlyPlans = false;
  PipelineOptions pipeline;
  /// Record of the user's for the architecture (`--arch-spec`), or the name of another one
  /// (`--like`).
  std::string archSpecPath, like;
  /// Directory for the module after each step; empty for none.
  std::string dumpDirectory;
  /// Directory that `graph.file` paths of a .mlir model are relative to; empty: that of the file.
  std::string weightsDirectory;
  /// Set up the pass manager (timing, IR printing) before it runs.
  std::function<mlir::LogicalResult(mlir::PassManager &)> configure;
  /// What is being done, and how far: 0 to 1.
  std::function<void(llvm::StringRef step, double fraction)> progress;
};

/// Module attribute that names the activations `quantize` was asked for.
inline constexpr llvm::StringLiteral activationsAttrName = "frit.activations";
inline constexpr llvm::StringLiteral fusionAttrName = "frit.fusion";

/// A model as a module, the path it came from, and the directory its files are relative to.
struct LoadedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string path, directory;
};

/// The dialects and translations a context needs for everything below.
void registerCompiler(mlir::DialectRegistry &registry);

/// Imports a GGUF checkpoint, or parses a .mlir file left by any step. Errors are emitted as
/// diagnostics; the result is empty then.
mlir::FailureOr<LoadedModel> loadModel(llvm::StringRef path, mlir::MLIRContext &context,
                                       const CompilerOptions &options);

/// Runs the steps behind the one the module was left after, up to and including `to`.
mlir::LogicalResult runPhases(LoadedModel &model, PhaseId to, const CompilerOptions &options);

/// What --emit stops at.
enum class EmitKind { MLIR, LLVM, Assembly, Object };

/// The module as text in one of those forms; everything but MLIR needs a lowered module. MLIR has
/// paths to the weights that are relative to `directory`, the one it will stand in.
Result<std::string> emitModel(LoadedModel &model, EmitKind kind,
                              const std::string &directory = ".");

/// Writes the bundle of a lowered module: code, packed weights, manifest, tokenizer. Nothing is
/// left behind on failure.
Status writeBundle(LoadedModel &model, llvm::StringRef path, const CompilerOptions &options);

} // namespace frit

#endif // FRIT_COMPILER_COMPILER_H
