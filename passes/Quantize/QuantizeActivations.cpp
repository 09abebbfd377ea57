//===- QuantizeActivations.cpp - int8 activations for quantized weights ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/Machine/Machine.h"
#include "mlir/IR/Remarks.h"
#include "passes/Quantize/Passes.h"

namespace frit::quantize {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "passes/Quantize/Passes.h.inc"
} // namespace frit::quantize

using namespace mlir;
using namespace frit;

static bool hasInt8Instruction(machine::TargetAttr target) {
  return llvm::any_of(target.getInstructions(), [](machine::InstructionAttr instruction) {
    return instruction.getLhs().isInteger(8);
  });
}

namespace {
struct QuantizeActivations : quantize::impl::QuantizeActivationsBase<QuantizeActivations> {
  using Base::Base;

  void runOnOperation() override {
    if (activations != "int8" && activations != "f32") {
      getOperation().emitError("expected activations int8 or f32, but got ") << activations;
      return signalPassFailure();
    }
    if (activations == "f32")
      return;
    machine::TargetAttr target = machine::getTarget(getOperation());
    if (!target) {
      getOperation().emitError("expected a ")
          << machine::targetAttrName << " on the module to choose the activations of products";
      return signalPassFailure();
    }
    if (!hasInt8Instruction(target))
      return;
    DenseMap<Value, Value> quantized;
    getOperation().walk([&](Operation *op) {
      if (auto experts = dyn_cast<graph::ExpertsOp>(op))
        quantizeInput(op, experts.getWeight(), quantized);
      else if (isa<graph::LinearOp, graph::LogitsOp>(op))
        quantizeInput(op, op->getOperand(1), quantized);
    });
  }

  void quantizeInput(Operation *op, Value weight, DenseMap<Value, Value> &quantized) {
    Value input = op->getOperand(0);
    auto type = cast<graph::WeightType>(weight.getType());
    const FormatInfo &format = formatInfo(type.getFormat());
    if (!isa<RankedTensorType>(input.getType()))
      return;
    if (format.isFloat()) {
      remark::missed(op->getLoc(), remark::RemarkOpts::name("Int8Activations").category("quantize"))
          << remark::reason("the weight has no integer codes")
          << remark::metric("format", StringRef(format.name));
      return;
    }
    Value &result = quantized[input];
    if (!result) {
      // Right behind the definition, so that every product of the value finds it.
      OpBuilder builder(op->getContext());
      builder.setInsertionPointAfterValue(input);
      result = graph::QuantizeOp::create(builder, op->getLoc(), input, activationBlock);
    }
    op->setOperand(0, result);
    remark::passed(op->getLoc(), remark::RemarkOpts::name("Int8Activations").category("quantize"))
        << "int8 activations" << remark::metric("block", activationBlock);
  }
};
} // namespace
