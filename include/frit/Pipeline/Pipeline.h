//===- Pipeline.h - the steps of a compilation as a pass pipeline ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PIPELINE_PIPELINE_H
#define FRIT_PIPELINE_PIPELINE_H

#include "frit/Support/Result.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <optional>
#include <string>

namespace frit {

/// The steps of Phases.def.
enum class PhaseId {
#define FRIT_PHASE(Id, name, summary, dialects) Id,
#include "frit/Pipeline/Phases.def"
};

struct PhaseInfo {
  PhaseId id;
  llvm::StringRef name, summary, dialects;
  /// "03-quantize.mlir"
  std::string dumpName() const;
};

llvm::ArrayRef<PhaseInfo> phaseList();
const PhaseInfo &phaseInfo(PhaseId id);
/// The error lists the names there are.
Result<PhaseId> findPhase(llvm::StringRef name);

/// Module attribute that names the last step a module went through.
inline constexpr llvm::StringLiteral phaseAttrName = "frit.phase";
/// The step a module was left after; Import when it does not say.
Result<PhaseId> currentPhase(mlir::ModuleOp module);

struct PipelineOptions {
  std::string activations = "int8";
  std::string kvCacheType = "f16";
  std::string fusion = "planned";
  int64_t maxTokens = 512;
  /// Check each step's contract.
  bool verifyPhases = true;
  /// Called after each step with the module as it is then; a failure ends the pipeline.
  std::function<mlir::LogicalResult(const PhaseInfo &, mlir::ModuleOp)> afterPhase;
};

/// Appends the passes of one step, its contract, and the call of afterPhase.
void buildPhase(mlir::OpPassManager &passes, PhaseId id, const PipelineOptions &options);

/// Appends the steps after `from` up to and including `to`.
void buildPipeline(mlir::OpPassManager &passes, PhaseId from, PhaseId to,
                   const PipelineOptions &options);

/// Registers frit-verify-phase and the pipeline frit-compile.
void registerPipelinePasses();

} // namespace frit

#endif // FRIT_PIPELINE_PIPELINE_H
