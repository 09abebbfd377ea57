//===- Diagnostics.h - MLIR's diagnostics as messages ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_DIAGNOSTICS_H
#define FRIT_LIB_DRIVER_DIAGNOSTICS_H

#include "frit/Support/Result.h"
#include "mlir/IR/Diagnostics.h"

#include <string>

namespace frit::driver {

/// Collects the errors that are emitted in a context while it lives, as text without IR; prints
/// warnings and remarks at once.
class DiagnosticCollector {
public:
  /// \param all whether failure() has the text of every error.
  explicit DiagnosticCollector(mlir::MLIRContext &context, bool all = false);
  ~DiagnosticCollector();

  /// The errors so far: the first with its notes, then how many there were beyond, or all of them.
  /// `fallback` when there was none.
  Failure failure(llvm::StringRef fallback) const;

private:
  void handle(mlir::Diagnostic &diagnostic);

  mlir::MLIRContext &context;
  mlir::DiagnosticEngine::HandlerID handler;
  bool all;
  std::string text;
  unsigned errors = 0;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_DIAGNOSTICS_H
