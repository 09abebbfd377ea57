//===- Verify.cpp - frit verify -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Verify.h"

#include "lib/Driver/Diagnostics.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Progress.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace frit;
using namespace frit::driver;

static Result<bool> verify(const CompileRequest &request, VerifyOptions &options, bool json) {
  if (Result<ModelKind> kind =
          recognizeSource(request.path, " and has lost what to compare it with");
      !kind)
    return kind.takeFailure();
  mlir::MLIRContext context(compilerRegistry());
  DiagnosticCollector diagnostics(context);
  Progress progress(("verifying " + llvm::sys::path::filename(request.path)).str());
  options.compiler = request.options;
  options.compiler.progress = [&](llvm::StringRef step, double fraction) {
    progress.show(step, fraction);
  };
  mlir::FailureOr<VerifyReport> report = frit::verifyModel(request.path, context, options);
  progress.clear();
  if (mlir::failed(report))
    return diagnostics.failure("cannot verify '" + request.path + "'");
  if (json)
    report->printJSON(llvm::outs());
  else
    report->printTable(llvm::outs());
  return report->ok();
}

int frit::driver::verifyModel(const CompileRequest &request, VerifyOptions options, bool json) {
  Result<bool> ok = verify(request, options, json);
  if (ok)
    return *ok ? ExitSuccess : ExitFailure;
  printError(ok.error());
  return ExitFailure;
}
