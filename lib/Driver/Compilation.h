//===- Compilation.h - a model on its way to a bundle ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_COMPILATION_H
#define FRIT_LIB_DRIVER_COMPILATION_H

#include "frit/Compiler/Compiler.h"
#include "lib/Driver/Diagnostics.h"
#include "lib/Driver/Progress.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"

#include <optional>
#include <string>
#include <vector>

namespace frit::driver {

/// A model that is no bundle, and how it is compiled.
struct CompileRequest {
  std::string path;
  CompilerOptions options;
  /// Options the user gave, by their name on the command line. One that comes too late is an error:
  /// a bundle, and a .mlir file behind the step that reads the option, must agree with it already.
  std::vector<std::string> given;
  /// All errors are told, not only the first.
  bool everyError = false;
  /// Remarks to print.
  mlir::remark::RemarkCategories remarks;
};

/// What a context needs for all of the compiler.
mlir::DialectRegistry compilerRegistry();

/// A model on its way to a bundle, with a progress display and errors as text.
class Compilation {
public:
  explicit Compilation(const CompileRequest &request);

  Status load();
  /// Runs the steps up to `to`, if they have not been run before.
  Status runTo(PhaseId to);
  Status write(const std::string &bundle);
  /// For the file `output`.
  Result<std::string> emit(EmitKind kind, const std::string &output);

  /// Takes the progress display away, so that something else can be printed.
  void clearProgress() { progress.clear(); }

  mlir::ModuleOp module() { return *model->module; }
  /// That the paths of the module's files are relative to.
  const std::string &directory() const { return model->directory; }
  /// What was reported as diagnostics, or `otherwise`.
  Failure failure(const std::string &otherwise) { return diagnostics.failure(otherwise); }
  /// The step the module was left after.
  PhaseId phase() const { return current; }
  /// The files of weights, and those beside them that say what they are.
  std::vector<std::string> files();

private:
  Status checkGivenOptions() const;

  const CompileRequest &request;
  CompilerOptions options;
  mlir::MLIRContext context;
  DiagnosticCollector diagnostics;
  Progress progress;
  std::optional<LoadedModel> model;
  PhaseId current = PhaseId::Import;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_COMPILATION_H
