//===- LowerTilesToCpu.cpp - all phases of a module ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Lower/Cpu/Passes.h"
#include "passes/Lower/Cpu/PhaseLowering.h"

namespace frit::lower::cpu {
#define GEN_PASS_DEF_LOWERTILESTOCPU
#include "passes/Lower/Cpu/Passes.h.inc"
} // namespace frit::lower::cpu

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

namespace {
struct LowerTilesToCpu : lower::cpu::impl::LowerTilesToCpuBase<LowerTilesToCpu> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    ModuleInfo info;
    info.target = machine::getTarget(module);
    if (!info.target) {
      module.emitError("expected a ") << machine::targetAttrName << " on the module";
      return signalPassFailure();
    }
    if (info.target.getTriple().empty()) {
      module.emitError("expected a machine with a triple, but ")
          << info.target.getName() << " is for planning only";
      return signalPassFailure();
    }
    if (info.target.vectorLanes() > tile::groupRows) {
      module.emitError("expected vectors of at most ")
          << 4 * tile::groupRows << " bytes, but got " << info.target.getVectorBytes();
      return signalPassFailure();
    }
    for (auto [index, op] : llvm::enumerate(module.getOps<tile::BufferOp>())) {
      tile::BufferOp buffer = op;
      if (buffer.getBlock() && buffer.blockColumns() != recordColumns) {
        buffer.emitOpError("expected blocks of ")
            << recordColumns << ", but got " << buffer.blockColumns();
        return signalPassFailure();
      }
      info.bufferIndex[buffer.getSymNameAttr()] = static_cast<int64_t>(index);
    }
    for (auto phase : llvm::make_early_inc_range(module.getOps<tile::PhaseOp>())) {
      if (failed(PhaseLowering(phase, info).run()))
        return signalPassFailure();
      // The program, the reference and the manifest still name the phase; its body is done with.
      phase.getBody().front().clear();
    }
    OpBuilder builder(&getContext());
    module->setAttr("frit.scratch_bytes", builder.getI64IntegerAttr(info.scratchBytes));
    SmallVector<Attribute> tables;
    for (const RopeTable &table : info.ropeTables) {
      SmallVector<NamedAttribute> fields = {
          builder.getNamedAttr("dim", builder.getI64IntegerAttr(table.dim)),
          builder.getNamedAttr("theta", builder.getF64FloatAttr(table.theta)),
          builder.getNamedAttr("position_scale", builder.getF64FloatAttr(table.positionScale))};
      if (table.frequencies)
        fields.push_back(builder.getNamedAttr("frequencies", table.frequencies));
      tables.push_back(builder.getDictionaryAttr(fields));
    }
    module->setAttr("frit.rope_tables", builder.getArrayAttr(tables));
  }
};
} // namespace
