//===- Compile.cpp - frit compile -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compile.h"

#include "lib/Driver/Output.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "tools/frit/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct CompileArguments : CommandLine {
  CompileArguments() : CommandLine("compile", "Compile a model to a bundle, or a part of the way") {
    mlir::registerPassManagerCLOptions();
    mlir::registerDefaultTimingManagerCLOptions();
    mlir::registerMLIRContextCLOptions();
    mlir::registerAsmPrinterCLOptions();
    adopt("mlir-");
  }

  ModelArguments model{*this};
  Option<std::string> output{*this, "o", cl::Prefix, cl::value_desc("file"),
                             cl::desc("Where to write; - is the standard output, the default for "
                                      "--emit")};
  Option<std::string> emit{*this, "emit", cl::value_desc("mlir|llvm|asm|obj"),
                           cl::desc("Write this instead of a bundle")};
  Option<std::string> from{*this, "compile-from", cl::value_desc("phase"),
                           cl::desc("Fail unless the model was left after this phase")};
  Option<std::string> to{*this, "compile-to", cl::value_desc("phase"),
                         cl::desc("Stop after this phase; writes MLIR")};
  Option<std::string> dump{*this, "dump-phases-to", cl::value_desc("directory"),
                           cl::desc("Write the module after each phase, as 03-quantize.mlir")};
  Option<bool> list{*this, "list-phases", cl::desc("List the phases and end")};
  Option<bool> dryRun{*this, "dry-run",
                      cl::desc("Write nothing: say what is not supported, or what is assumed\n"
                               "and how much memory it takes")};
  Option<bool> noVerify{*this, "no-verify-phases",
                        cl::desc("Do not check what each phase must leave behind")};
  Option<std::string> remarks{*this, "remarks-filter", cl::value_desc("regex"),
                              cl::desc("Print the remarks of the categories that match: what was "
                                       "done and why")};
  Option<std::string> remarksPassed{*this, "remarks-filter-passed", cl::value_desc("regex"),
                                    cl::Hidden, cl::desc("Only what was done")};
  Option<std::string> remarksMissed{*this, "remarks-filter-missed", cl::value_desc("regex"),
                                    cl::Hidden, cl::desc("Only what was not done")};
  Option<std::string> remarksAnalysis{*this, "remarks-filter-analyse", cl::value_desc("regex"),
                                      cl::Hidden, cl::desc("Only what was found out")};
  Option<std::string> remarksFailed{*this, "remarks-filter-failed", cl::value_desc("regex"),
                                    cl::Hidden, cl::desc("Only what failed")};

  Result<CompileJob> job() const;
};
} // namespace

Result<CompileJob> CompileArguments::job() const {
  CompileJob job;
  Result<CompileRequest> request = model.request();
  if (!request)
    return request.takeFailure();
  job.request = *std::move(request);
  CompilerOptions &options = job.request.options;
  options.pipeline.verifyPhases = !noVerify;
  options.dumpDirectory = dump;
  // Empty stands for none; without a value, MLIR would not apply the filter for all either.
  mlir::remark::RemarkCategories &categories = job.request.remarks;
  bool anyRemarks = remarks.given() || remarksPassed.given() || remarksMissed.given() ||
                    remarksAnalysis.given() || remarksFailed.given();
  for (auto [option, category] :
       {std::pair(&remarks, &categories.all), std::pair(&remarksPassed, &categories.passed),
        std::pair(&remarksMissed, &categories.missed),
        std::pair(&remarksAnalysis, &categories.analysis),
        std::pair(&remarksFailed, &categories.failed)})
    if (anyRemarks) {
      std::string why;
      if (!option->getValue().empty() && !Regex(option->getValue()).isValid(why))
        return Failure("--", std::string_view(option->ArgStr),
                       ": expected a regular expression, found '", option->getValue(), "': ", why);
      *category = option->getValue();
    }
  options.configure = [](mlir::PassManager &passes) {
    mlir::applyDefaultTimingPassManagerCLOptions(passes);
    return mlir::applyPassManagerCLOptions(passes);
  };
  if (dryRun) {
    for (const Option<std::string> *option : {&output, &emit, &from, &to, &dump})
      if (option->given())
        return Failure(option == &output ? "-" : "--", std::string_view(option->ArgStr),
                       " cannot go with --dry-run, which writes nothing");
    job.dryRun = job.request.everyError = true;
    return job;
  }
  if (from.given()) {
    Result<PhaseId> phase = findPhase(from.getValue());
    if (!phase)
      return phase.takeFailure().in("--compile-from");
    job.from = *phase;
  }
  if (to.given()) {
    Result<PhaseId> phase = findPhase(to.getValue());
    if (!phase)
      return phase.takeFailure().in("--compile-to");
    job.to = *phase;
  }
  if (emit.given()) {
    auto kind = StringSwitch<std::optional<EmitKind>>(emit.getValue())
                    .Case("mlir", EmitKind::MLIR)
                    .Case("llvm", EmitKind::LLVM)
                    .Case("asm", EmitKind::Assembly)
                    .Case("obj", EmitKind::Object)
                    .Default(std::nullopt);
    if (!kind)
      return Failure("--emit: expected mlir, llvm, asm or obj, found '", emit.getValue(), "'");
    if (*kind != EmitKind::MLIR && job.to != PhaseId::Lower)
      return Failure("--emit=", emit.getValue(),
                     " needs a lowered model: no --compile-to=", to.getValue());
    job.emit = kind;
  } else if (to.given()) {
    job.emit = EmitKind::MLIR;
  }
  if (output.given())
    job.output = output;
  else if (job.emit && (emit.given() || !dump.given()))
    job.output = "-";
  else if (!dump.given())
    return Failure("expected -o FILE for the bundle");
  if (job.output == "-" && !job.emit)
    return Failure("-o: a bundle cannot go to the standard output");
  if (job.output == "-" && job.emit == EmitKind::Object && isatty(STDOUT_FILENO))
    return Failure("expected -o FILE: the standard output is a terminal");
  return job;
}

int frit::driver::compileCommand(int argc, char **argv) {
  CompileArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  if (arguments.list) {
    for (const PhaseInfo &phase : phaseList())
      outs() << left_justify(phase.name, 11) << phase.summary << "\n";
    return ExitSuccess;
  }
  Result<CompileJob> job = arguments.job();
  if (!job)
    return usageError("compile", job.error());
  return compileModel(*job);
}
