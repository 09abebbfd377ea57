//===- Lowered.cpp - a lowered module beside its manifest ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Verify/Lowered.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace frit;
using namespace frit::verify;

static FailureOr<std::vector<uint32_t>> findBuffers(tile::PhaseOp phase, ArrayAttr names,
                                                    const llvm::StringMap<uint32_t> &indices) {
  std::vector<uint32_t> result;
  for (auto name : names.getAsRange<FlatSymbolRefAttr>()) {
    auto found = indices.find(name.getValue());
    if (found == indices.end())
      return phase.emitError("expected buffer ") << name << " in the manifest";
    result.push_back(found->second);
  }
  return result;
}

static LogicalResult findPhases(ModuleOp module, const Manifest &manifest, LoweredModel &result) {
  llvm::StringMap<uint32_t> buffers;
  for (const auto &[index, buffer] : llvm::enumerate(manifest.buffers))
    buffers[buffer.name] = static_cast<uint32_t>(index);
  llvm::StringMap<LLVM::LLVMFuncOp> functions;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    functions[function.getName()] = function;
  for (const Manifest::Phase &phase : manifest.phases) {
    auto function = functions.lookup(phase.symbol);
    auto name = function ? function->getAttrOfType<StringAttr>("frit.phase") : StringAttr();
    auto op = name ? module.lookupSymbol<tile::PhaseOp>(name) : tile::PhaseOp();
    if (!op)
      return module.emitError("expected a tile.phase of function ") << phase.symbol;
    auto reference = module.lookupSymbol<kernel::ReferenceOp>(op.getReferenceAttr());
    if (!reference || !op.getInputs() || !op.getOutputs())
      return op.emitError("expected a phase that names its kernel.reference, inputs and outputs");
    FailureOr<std::vector<uint32_t>> inputs = findBuffers(op, *op.getInputs(), buffers);
    FailureOr<std::vector<uint32_t>> outputs = findBuffers(op, *op.getOutputs(), buffers);
    if (failed(inputs) || failed(outputs))
      return failure();
    result.phases.push_back({op, reference, *inputs, *outputs});
  }
  return success();
}

FailureOr<LoweredModel> verify::findLowered(ModuleOp module, const Manifest &manifest) {
  LoweredModel result;
  if (failed(findPhases(module, manifest, result)))
    return failure();
  for (const Manifest::Program &program : manifest.programs) {
    auto op = module.lookupSymbol<tile::ProgramOp>(program.name);
    if (!op)
      return module.emitError("expected a tile.program called ") << program.name;
    LoweredProgram &cut = result.programs.emplace_back();
    size_t step = 0;
    auto endPart = [&]() -> LogicalResult {
      LoweredPhase &last = result.phases[program.steps[step - 1].phase];
      if (last.outputs.size() != 1)
        return last.op.emitError("expected one output of the last phase of a layer, but got ")
               << last.outputs.size();
      cut.ends.push_back(step);
      cut.streams.push_back(last.outputs.front());
      return success();
    };
    for (Operation &inner : op.getBody().front()) {
      auto repeat = dyn_cast<tile::RepeatOp>(inner);
      if (!repeat) {
        ++step;
        continue;
      }
      if (cut.ends.empty() && step > 0 && failed(endPart()))
        return failure();
      auto runs = static_cast<size_t>(llvm::range_size(repeat.getBody().getOps<tile::RunOp>()));
      for (uint64_t n = 0; n < repeat.getCount(); ++n) {
        step += runs;
        if (failed(endPart()))
          return failure();
      }
    }
    if (step != program.steps.size() || cut.ends.empty())
      return op.emitError("expected ")
             << program.steps.size() << " steps with layers, as the manifest has, but got " << step;
  }
  return result;
}
