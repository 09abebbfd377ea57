//===- Compile.cpp - frit compile -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compile.h"

#include "dialects/Machine/Machine.h"
#include "lib/Driver/DryRun.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/Output.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;
namespace fs = llvm::sys::fs;

/// Through a temporary file, except into devices and pipes.
static Status writeFile(const std::string &file, llvm::StringRef text) {
  if (file == "-") {
    llvm::outs() << text;
    return {};
  }
  auto failure = [&](const std::string &why) {
    return Failure("cannot write '", file, "': ", why);
  };
  fs::file_status status;
  std::error_code error = fs::status(file, status);
  if (!error && status.type() != fs::file_type::regular_file) {
    llvm::raw_fd_ostream stream(file, error, fs::CD_OpenExisting);
    if (error)
      return failure(error.message());
    stream << text;
    stream.flush();
    error = stream.error();
    stream.clear_error();
    return error ? Status(failure(error.message())) : Status();
  }
  llvm::Error written = llvm::writeToOutput(file, [&](llvm::raw_ostream &stream) {
    stream << text;
    return llvm::Error::success();
  });
  if (written)
    return failure(llvm::toString(std::move(written)));
  return {};
}

static Status compile(const CompileJob &job) {
  auto begin = std::chrono::steady_clock::now();
  const std::string &path = job.request.path;
  if (Result<ModelKind> kind = recognizeSource(path); !kind)
    return kind.takeFailure();
  Compilation compilation(job.request);
  if (Status status = compilation.load(); !status)
    return status;
  // Reading goes on while the output is written, and nobody wants to lose a part of the model.
  std::vector<std::string> inputs = compilation.files();
  inputs.push_back(path);
  for (const std::string &input : inputs)
    if (!job.output.empty() && fs::equivalent(input, job.output))
      return Failure("'", job.output, "' is a part of the model: expected another file for -o");
  auto name = [](PhaseId phase) { return std::string_view(phaseInfo(phase).name); };
  if (job.from && *job.from != compilation.phase())
    return Failure("--compile-from=", name(*job.from), ": '", path, "' was left after ",
                   name(compilation.phase()));
  if (job.to < compilation.phase())
    return Failure("--compile-to=", name(job.to), ": '", path, "' was left after ",
                   name(compilation.phase()), " already");
  if (Status status = compilation.runTo(job.to); !status)
    return status;
  if (job.output.empty())
    return {};
  if (job.emit) {
    Result<std::string> text = compilation.emit(*job.emit, job.output);
    if (!text)
      return text.takeFailure();
    return writeFile(job.output, *text);
  }
  if (Status status = compilation.write(job.output); !status)
    return status;
  fs::file_status status;
  double megabytes =
      fs::status(job.output, status) ? 0 : static_cast<double>(status.getSize()) * 1e-6;
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  llvm::errs() << job.output << ": " << machine::getTarget(compilation.module()).getName()
               << fmt::format(", {:.1f} MB, {:.2f} s\n", megabytes, seconds.count());
  return {};
}

int frit::driver::compileModel(const CompileJob &job) {
  if (job.dryRun)
    return dryRun(job.request);
  Status status = compile(job);
  if (status)
    return ExitSuccess;
  printError(status.error());
  return ExitFailure;
}
