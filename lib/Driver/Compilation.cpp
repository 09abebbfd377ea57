//===- Compilation.cpp - a model on its way to a bundle -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"

#include "dialects/Graph/Graph.h"
#include "lib/Import/HuggingFace/HuggingFace.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace frit;
using namespace frit::driver;
namespace path = llvm::sys::path;

mlir::DialectRegistry frit::driver::compilerRegistry() {
  mlir::DialectRegistry registry;
  registerCompiler(registry);
  return registry;
}

Compilation::Compilation(const CompileRequest &request)
    : request(request), options(request.options), context(compilerRegistry()),
      diagnostics(context, request.everyError),
      progress(("compiling " + path::filename(request.path)).str()) {
  options.progress = [this](llvm::StringRef step, double fraction) {
    progress.show(step, fraction);
  };
}

/// Options that a step behind us would have read.
Status Compilation::checkGivenOptions() const {
  for (llvm::StringRef name : request.given) {
    std::optional<PhaseId> reader;
    if (name == "target" || name == "activations")
      reader = PhaseId::Quantize;
    else if (name == "kv-cache-type")
      reader = PhaseId::Cache;
    else if (name == "fusion")
      reader = PhaseId::Fuse;
    else if (name == "max-tokens")
      reader = PhaseId::Schedule;
    if (reader && *reader <= current)
      return Failure("--", std::string_view(name), " comes too late: '", request.path,
                     "' was left after ", std::string_view(phaseInfo(current).name), ", and ",
                     std::string_view(phaseInfo(*reader).name), " reads it");
  }
  return {};
}

Status Compilation::load() {
  const mlir::remark::RemarkCategories &remarks = request.remarks;
  if (remarks.all)
    if (mlir::failed(mlir::remark::enableOptimizationRemarks(
            context, nullptr, std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), remarks,
            /*printAsEmitRemarks=*/true)))
      return diagnostics.failure("cannot enable remarks");
  mlir::FailureOr<LoadedModel> loaded = loadModel(request.path, context, options);
  if (mlir::failed(loaded))
    return diagnostics.failure("cannot load '" + request.path + "'");
  model = std::move(*loaded);
  Result<PhaseId> found = currentPhase(*model->module);
  if (!found)
    return found.takeFailure().in(request.path);
  current = *found;
  return checkGivenOptions();
}

std::vector<std::string> Compilation::files() {
  std::vector<std::string> result;
  for (auto op : module().getOps<graph::FileOp>()) {
    llvm::SmallString<256> file(model->directory);
    if (path::is_absolute(op.getPath()))
      file = op.getPath();
    else
      path::append(file, op.getPath());
    result.push_back(std::string(file));
  }
  llvm::StringSet<> directories;
  for (size_t index = 0, count = result.size(); index < count; ++index) {
    if (!llvm::StringRef(result[index]).ends_with(".safetensors"))
      continue;
    llvm::StringRef directory = path::parent_path(result[index]);
    if (directories.insert(directory).second)
      for (const std::string &file : HuggingFaceDirectory::metadataFiles(directory))
        result.push_back(file);
  }
  return result;
}

Status Compilation::runTo(PhaseId to) {
  if (mlir::failed(runPhases(*model, to, options)))
    return diagnostics.failure("cannot compile '" + request.path + "'");
  current = std::max(current, to);
  return {};
}

Status Compilation::write(const std::string &bundle) {
  Status status = writeBundle(*model, bundle, options);
  progress.clear();
  if (status)
    return {};
  // Weights that cannot be read are reported as diagnostics, which say why.
  return diagnostics.failure(status.error());
}

Result<std::string> Compilation::emit(EmitKind kind, const std::string &output) {
  llvm::StringRef directory = output == "-" ? "" : path::parent_path(output);
  Result<std::string> text = emitModel(*model, kind, directory.empty() ? "." : directory.str());
  if (text)
    return text;
  // Translations report what is wrong as diagnostics.
  return diagnostics.failure(text.error());
}
