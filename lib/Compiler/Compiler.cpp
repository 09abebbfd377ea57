//===- Compiler.cpp - from a model to a lowered module ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Compiler/Compiler.h"

#include "dialects/Graph/Graph.h"
#include "dialects/Machine/Machine.h"
#include "frit/InitAll.h"
#include "frit/Machine/MachineModel.h"
#include "lib/Import/Import.h"
#include "lib/Support/Path.h"
#include "lib/Target/Cpu/CodeEmitter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

#include <filesystem>

using namespace mlir;
using namespace frit;

void frit::registerCompiler(DialectRegistry &registry) { registerAllDialects(registry); }

static void report(const CompilerOptions &options, StringRef step, double fraction) {
  if (options.progress)
    options.progress(step, fraction);
}

//===----------------------------------------------------------------------===//
// Load
//===----------------------------------------------------------------------===//

FailureOr<LoadedModel> frit::loadModel(StringRef path, MLIRContext &context,
                                       const CompilerOptions &options) {
  report(options, "import", 0);
  LoadedModel model;
  model.path = path.str();
  model.directory = options.weightsDirectory.empty() ? directoryOf(path) : options.weightsDirectory;
  Location here = FileLineColLoc::get(&context, path, 0, 0);
  if (path.ends_with(".mlir")) {
    if (!llvm::sys::fs::exists(path)) {
      emitError(here, "cannot open ") << path << ": no such file";
      return failure();
    }
    model.module = parseSourceFile<ModuleOp>(path, &context);
  } else {
    model.module = importModel(path, context, {options.archSpecPath, options.like});
  }
  if (!model.module)
    return failure();
  ModuleOp module = *model.module;
  Result<PhaseId> phase = currentPhase(module);
  if (!phase) {
    module.emitError(phase.error());
    return failure();
  }
  if (*phase < PhaseId::Schedule && module.getOps<graph::FuncOp>().empty()) {
    emitError(here) << path << ": expected a graph.func, but got a module without one";
    return failure();
  }
  // The paths of a dump lead from where it was written; --weights names where the files are now.
  if (!options.weightsDirectory.empty())
    for (auto file : module.getOps<graph::FileOp>()) {
      std::filesystem::path directory(options.weightsDirectory), weights(file.getPath().str());
      std::error_code ignored;
      if (!std::filesystem::exists(directory / weights, ignored) &&
          std::filesystem::exists(directory / weights.filename(), ignored))
        file.setPath(weights.filename().string());
    }
  // The machine is part of the module from the start; a module that has seen it keeps it.
  if (*phase < PhaseId::Quantize || !machine::getTarget(module)) {
    Result<machine::TargetAttr> target = readMachine(options.target, context);
    if (!target) {
      emitError(here, target.error());
      return failure();
    }
    if (target->getTriple().empty() && !options.onlyPlans) {
      emitError(here) << "machine " << target->getName()
                      << " is for planning only: frit has no back end for it";
      return failure();
    }
    module->setAttr(machine::targetAttrName, *target);
  }
  return model;
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// Prints a module whose file paths are relative to `from` with paths that are relative to `to`.
static void printFor(ModuleOp module, const std::string &from, const std::string &to,
                     raw_ostream &stream) {
  namespace fs = std::filesystem;
  // A copy would double a large module: change the paths and change them back.
  SmallVector<std::pair<graph::FileOp, std::string>> original;
  for (auto op : module.getOps<graph::FileOp>()) {
    original.push_back({op, op.getPath().str()});
    fs::path weights(op.getPath().str());
    if (weights.is_absolute())
      continue;
    // The file's name stays: what a link leads to may have another one.
    std::error_code error;
    fs::path directory = fs::relative((fs::path(from) / weights).parent_path(), to, error);
    if (!error && !directory.empty())
      op.setPath((directory / weights.filename()).lexically_normal().string());
  }
  module.print(stream);
  for (auto &[op, path] : original)
    op.setPath(path);
}

/// Writes the module beside others.
static LogicalResult dump(ModuleOp module, StringRef name, const std::string &modelDirectory,
                          const std::string &directory) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return module.emitError("cannot create ") << directory << ": " << error.message();
  SmallString<128> path(directory);
  llvm::sys::path::append(path, name);
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_Text);
  if (error)
    return module.emitError("cannot write ") << path << ": " << error.message();
  printFor(module, modelDirectory, directory, file.os());
  file.os().flush();
  if (file.os().has_error()) {
    std::error_code writeError = file.os().error();
    file.os().clear_error();
    return module.emitError("cannot write ") << path << ": " << writeError.message();
  }
  file.keep();
  return success();
}

LogicalResult frit::runPhases(LoadedModel &model, PhaseId to, const CompilerOptions &options) {
  ModuleOp module = *model.module;
  Result<PhaseId> from = currentPhase(module);
  if (!from)
    return module.emitError(from.error());
  PipelineOptions pipeline = options.pipeline;
  auto userCallback = pipeline.afterPhase;
  pipeline.afterPhase = [&](const PhaseInfo &phase, ModuleOp current) -> LogicalResult {
    report(options, phase.name, 1.0);
    if (phase.id == PhaseId::Quantize)
      current->setAttr(activationsAttrName,
                       StringAttr::get(current.getContext(), options.pipeline.activations));
    if (phase.id == PhaseId::Fuse)
      current->setAttr(fusionAttrName,
                       StringAttr::get(current.getContext(), options.pipeline.fusion));
    if (!options.dumpDirectory.empty() &&
        failed(dump(current, phase.dumpName(), model.directory, options.dumpDirectory)))
      return failure();
    return userCallback ? userCallback(phase, current) : success();
  };
  PassManager passes(module.getContext());
  if (options.configure && failed(options.configure(passes)))
    return failure();
  // A freshly imported module has a contract, too.
  if (!module->hasAttr(phaseAttrName))
    buildPhase(passes, PhaseId::Import, pipeline);
  buildPipeline(passes, *from, to, pipeline);
  return passes.run(module);
}

//===----------------------------------------------------------------------===//
// Emit
//===----------------------------------------------------------------------===//

Result<std::string> frit::emitModel(LoadedModel &model, EmitKind kind,
                                    const std::string &directory) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (kind == EmitKind::MLIR) {
    printFor(*model.module, model.directory, directory, stream);
    stream << "\n";
    return text;
  }
  llvm::LLVMContext context;
  auto module = target::cpu::emitLLVM(*model.module, context);
  if (!module)
    return module.takeFailure();
  if (kind == EmitKind::LLVM) {
    (*module)->print(stream, nullptr);
    return text;
  }
  return target::cpu::emitCode(**module, machine::getTarget(*model.module),
                               kind == EmitKind::Assembly);
}
