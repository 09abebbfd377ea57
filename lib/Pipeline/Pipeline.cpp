//===- Pipeline.cpp - the steps of a compilation as a pass pipeline --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Pipeline/Pipeline.h"

#include "lib/Pipeline/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Algebra/Passes.h"
#include "passes/Cache/Passes.h"
#include "passes/Fuse/Passes.h"
#include "passes/Lower/Cpu/Passes.h"
#include "passes/Normalize/Passes.h"
#include "passes/Quantize/Passes.h"
#include "passes/Schedule/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace frit;

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

static constexpr PhaseInfo phases[] = {
#define FRIT_PHASE(Id, name, summary, dialects) {PhaseId::Id, name, summary, dialects},
#include "frit/Pipeline/Phases.def"
};

llvm::ArrayRef<PhaseInfo> frit::phaseList() { return phases; }

const PhaseInfo &frit::phaseInfo(PhaseId id) { return phases[static_cast<size_t>(id)]; }

std::string PhaseInfo::dumpName() const {
  return llvm::formatv("{0,0+2}-{1}.mlir", static_cast<int>(id) + 1, name).str();
}

Result<PhaseId> frit::findPhase(llvm::StringRef name) {
  std::string known;
  for (const PhaseInfo &phase : phases) {
    if (phase.name == name)
      return phase.id;
    known += (known.empty() ? "" : ", ") + phase.name.str();
  }
  return Failure("expected a phase, one of ", known, ", but got \"", std::string_view(name), "\"");
}

Result<PhaseId> frit::currentPhase(ModuleOp module) {
  if (auto name = module->getAttrOfType<StringAttr>(phaseAttrName))
    return findPhase(name.getValue());
  return PhaseId::Import;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

namespace {
/// Hands the module to PipelineOptions::afterPhase between two steps of one pass manager, so that
/// timing, IR printing and reproducers see a single pipeline.
struct AfterPhase : PassWrapper<AfterPhase, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AfterPhase)

  AfterPhase(PhaseId id, const PipelineOptions &options) : id(id), callback(options.afterPhase) {}

  StringRef getArgument() const override { return "frit-after-phase"; }
  StringRef getDescription() const override { return "Hand the module to the driver"; }
  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (callback && failed(callback(phaseInfo(id), getOperation())))
      signalPassFailure();
  }

  PhaseId id;
  std::function<LogicalResult(const PhaseInfo &, ModuleOp)> callback;
};
} // namespace

/// tile -> vector, scf, arith -> llvm.
static void buildLower(OpPassManager &passes) {
  passes.addPass(lower::cpu::createLowerTilesToCpu());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

/// Of a conversation: at the begin of a call nobody knows how long it becomes.
static constexpr int64_t planKeys = 1024;

void frit::buildPhase(OpPassManager &passes, PhaseId id, const PipelineOptions &options) {
  switch (id) {
  case PhaseId::Import:
    break;
  case PhaseId::Normalize:
    passes.addPass(algebra::createOutlineLayers());
    passes.addPass(normalize::createNormalizeRope());
    break;
  case PhaseId::Quantize:
    passes.addPass(quantize::createQuantizeActivations({options.activations}));
    break;
  case PhaseId::Cache:
    passes.addPass(cache::createPlanCache({options.kvCacheType}));
    break;
  case PhaseId::Fuse:
    passes.addPass(fuse::createFormPhases({options.fusion, 0, planKeys, options.maxTokens}));
    break;
  case PhaseId::Schedule:
    passes.addPass(pipeline::createRecordDataflow());
    passes.addPass(schedule::createFormTiles({options.maxTokens}));
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    break;
  case PhaseId::Lower:
    buildLower(passes);
    break;
  }
  if (options.verifyPhases)
    passes.addPass(pipeline::createVerifyPhase({phaseInfo(id).name.str()}));
  if (options.afterPhase)
    passes.addPass(std::make_unique<AfterPhase>(id, options));
}

void frit::buildPipeline(OpPassManager &passes, PhaseId from, PhaseId to,
                         const PipelineOptions &options) {
  for (const PhaseInfo &phase : phases)
    if (phase.id > from && phase.id <= to)
      buildPhase(passes, phase.id, options);
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
struct CompileOptions : PassPipelineOptions<CompileOptions> {
  Option<std::string> from{*this, "from", llvm::cl::desc("Step the module was left after"),
                           llvm::cl::init("import")};
  Option<std::string> to{*this, "to", llvm::cl::desc("Last step to run"), llvm::cl::init("lower")};
  Option<std::string> activations{
      *this, "activations", llvm::cl::desc("int8 or f32 activations in front of quantized weights"),
      llvm::cl::init("int8")};
  Option<std::string> kvCacheType{
      *this, "kv-cache-type", llvm::cl::desc("f16 or f32 keys and values"), llvm::cl::init("f16")};
  Option<std::string> fusion{
      *this, "fusion",
      llvm::cl::desc("all: few phases; none: one for each op, to measure and to find faults"),
      llvm::cl::init("all")};
  Option<int64_t> maxTokens{*this, "max-tokens",
                            llvm::cl::desc("Tokens of the largest batch one call takes"),
                            llvm::cl::init(512)};
};
} // namespace

void frit::registerPipelinePasses() {
  pipeline::registerPipelinePasses();
  // Unlike PassPipelineRegistration, this hands over a way to refuse options.
  registerPassPipeline(
      "frit-compile", "The steps from one phase to another (include/frit/Pipeline/Phases.def)",
      [](OpPassManager &passes, StringRef text,
         function_ref<LogicalResult(const Twine &)> refuse) -> LogicalResult {
        CompileOptions options;
        if (failed(options.parseFromString(text)))
          return failure();
        Result<PhaseId> from = findPhase(options.from), to = findPhase(options.to);
        if (!from || !to)
          return refuse("frit-compile: " + Twine(from ? to.error() : from.error()));
        if (*from > *to)
          return refuse("frit-compile: expected from to be a step up to " + Twine(options.to) +
                        ", but got " + options.from);
        PipelineOptions pipeline;
        pipeline.activations = options.activations;
        pipeline.kvCacheType = options.kvCacheType;
        pipeline.fusion = options.fusion;
        pipeline.maxTokens = options.maxTokens;
        buildPipeline(passes, *from, *to, pipeline);
        return success();
      },
      [](function_ref<void(const mlir::detail::PassOptions &)> describe) {
        describe(CompileOptions());
      });
}
