//===- Convert.cpp - frit convert -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Convert.h"

#include "lib/Driver/Compilation.h"
#include "lib/Driver/Diagnostics.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Progress.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;

static Status convert(const ConvertJob &job) {
  mlir::MLIRContext context(compilerRegistry());
  DiagnosticCollector diagnostics(context);
  Progress progress(("converting " + llvm::sys::path::filename(job.path)).str());
  ConvertOptions options = job.options;
  options.progress = [&](double fraction) { progress.show("weights", fraction); };
  Status status = convertToGGUF(job.path, job.output, context, options);
  progress.clear();
  if (!status)
    return diagnostics.failure(status.error());
  llvm::sys::fs::file_status file;
  double megabytes =
      llvm::sys::fs::status(job.output, file) ? 0 : static_cast<double>(file.getSize()) * 1e-6;
  llvm::errs() << job.output
               << fmt::format(": {}, {:.1f} MB\n", formatInfo(options.format).name, megabytes);
  return {};
}

int frit::driver::convertModel(const ConvertJob &job) {
  Status status = convert(job);
  if (status)
    return ExitSuccess;
  printError(status.error());
  return ExitFailure;
}
