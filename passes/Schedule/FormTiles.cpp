//===- FormTiles.cpp - buffers, packs and programs of all phases -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Schedule/Passes.h"
#include "passes/Schedule/PhaseScheduler.h"
#include "llvm/ADT/MapVector.h"

namespace frit::schedule {
#define GEN_PASS_DEF_FORMTILES
#include "passes/Schedule/Passes.h.inc"
} // namespace frit::schedule

using namespace mlir;
using namespace frit;
using namespace frit::schedule;

//===----------------------------------------------------------------------===//
// Packs
//===----------------------------------------------------------------------===//

FlatSymbolRefAttr Packs::get(Location loc, StringRef name, ArrayRef<SymbolRefAttr> sources,
                             std::optional<int64_t> group, tile::Order order) {
  std::string key;
  llvm::raw_string_ostream stream(key);
  for (SymbolRefAttr source : sources)
    stream << source << ",";
  stream << group.value_or(0) << "," << static_cast<int>(order);
  auto [found, isNew] = packs.try_emplace(key);
  if (!isNew)
    return found->second;
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  std::string symbol = "pack." + name.str();
  SmallVector<Attribute> attributes(sources.begin(), sources.end());
  auto pack =
      tile::PackOp::create(builder, loc, symbol, builder.getArrayAttr(attributes),
                           group ? builder.getI64IntegerAttr(*group) : IntegerAttr(), order);
  // A pack of one weight may be asked for in two orders.
  for (int n = 2; SymbolTable::lookupSymbolIn(module, pack.getSymNameAttr()) != pack; ++n)
    pack.setSymName(symbol + "." + std::to_string(n));
  return found->second = FlatSymbolRefAttr::get(pack.getSymNameAttr());
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// What every schedule relies on.
static LogicalResult checkPhase(kernel::PhaseOp phase) {
  Operation *first = nullptr;
  for (Operation &op : phase.getBody().front().without_terminator()) {
    if (!isa<graph::ParamOp>(op) && !(isa<FusibleOpInterface>(op) && kernel::getRole(&op)))
      return op.emitOpError("expected a graph.param or an op with a role in a phase");
    for (Value operand : op.getOperands())
      if (isa<graph::WeightType>(operand.getType()) && !operand.getDefiningOp<graph::ParamOp>())
        return op.emitOpError("expected weights from graph.param");
    for (Type type : op.getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type);
          tensor && !tensor.getElementType().isF32())
        return op.emitOpError("expected activations of f32, but got ") << tensor;
    if (kernel::getRole(&op) != kernel::Role::Anchor)
      continue;
    if (first && (!isa<graph::LinearOp>(op) || !isa<graph::LinearOp>(first) ||
                  op.getOperand(0) != first->getOperand(0)))
      return op.emitOpError("expected one anchor, or products of one value");
    first = &op;
  }
  return success();
}

FailureOr<tile::PhaseOp> PhaseScheduler::run() {
  if (failed(checkPhase(phase)))
    return failure();
  TypeAttr cacheType;
  for (Type type : phase.getArgumentTypes())
    if (auto cache = dyn_cast<kv::CacheType>(type))
      cacheType = TypeAttr::get(cache);
  builder.setInsertionPoint(phase);
  Block &body = phase.getBody().front();
  auto buffersOf = [&](ValueRange values) {
    SmallVector<Attribute> result;
    for (Value value : values)
      if (auto found = buffers.find(value); found != buffers.end())
        result.push_back(found->second);
    return builder.getArrayAttr(result);
  };
  auto result = tile::PhaseOp::create(
      builder, phase.getLoc(), (phase.getSymName() + "." + bucket.suffix).str(),
      phase.getReference(), bucket.step, cacheType, buffersOf(body.getArguments()),
      buffersOf(body.getTerminator()->getOperands()));
  builder.createBlock(&result.getBody());
  Operation *anchor = nullptr;
  for (Operation &op : phase.getBody().front())
    if (kernel::getRole(&op) == kernel::Role::Anchor && !anchor)
      anchor = &op;
  LogicalResult scheduled = success();
  if (isa<graph::LinearOp, graph::LogitsOp>(anchor))
    scheduled = scheduleProducts();
  else if (auto attention = dyn_cast<graph::AttentionOp>(anchor))
    scheduled = scheduleAttention(attention);
  else
    scheduled = scheduleRows();
  if (failed(scheduled))
    return failure();
  return result;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

namespace {

/// Gives each tensor that crosses a barrier a buffer. Layers run one after another on the same
/// buffers; a layer's input and output are one buffer, the residual stream.
class BufferPlan {
public:
  explicit BufferPlan(ModuleOp module) : module(module) {}

  LogicalResult planFunction(FunctionOpInterface function);
  FlatSymbolRefAttr lookup(Value value) const { return bufferOf.lookup(value); }

private:
  struct Free {
    tile::Rows rows;
    int64_t columns;
    FlatSymbolRefAttr buffer;
  };
  FlatSymbolRefAttr create(StringRef name, Value value, tile::Rows rows);
  LogicalResult checkBody(Block &block);
  LogicalResult checkStream(graph::LayerOp layer);
  LogicalResult checkStream(ArrayRef<Value> values);

  ModuleOp module;
  DenseMap<Value, FlatSymbolRefAttr> bufferOf;
  llvm::StringMap<FlatSymbolRefAttr> streams;
};

} // namespace

FlatSymbolRefAttr BufferPlan::create(StringRef name, Value value, tile::Rows rows) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto columns = cast<RankedTensorType>(value.getType()).getDimSize(1);
  std::string symbol = "buffer." + name.str();
  for (int n = 2; SymbolTable::lookupSymbolIn(module, symbol); ++n)
    symbol = "buffer." + name.str() + "." + std::to_string(n);
  auto buffer = tile::BufferOp::create(builder, value.getLoc(), symbol, rows, columns);
  return FlatSymbolRefAttr::get(buffer.getSymNameAttr());
}

/// The layer's last phase writes the residual stream over its input: nobody may need it any more.
LogicalResult BufferPlan::checkStream(graph::LayerOp layer) {
  Value input = layer.getArgument(0);
  Value output = layer.getBody().front().getTerminator()->getOperand(0);
  Operation *writer = output.getDefiningOp();
  if (!writer)
    return success();
  for (OpOperand &use : input.getUses()) {
    if (use.getOwner()->isBeforeInBlock(writer))
      continue;
    auto call = dyn_cast<kernel::CallOp>(use.getOwner());
    auto phase =
        call ? SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr())
             : kernel::PhaseOp();
    // In the writing phase itself, an epilogue reads only the tile it writes.
    bool local =
        call == writer && phase &&
        llvm::all_of(
            phase.getBody().front().getArgument(use.getOperandNumber()).getUsers(),
            [](Operation *user) { return kernel::getRole(user) == kernel::Role::Epilogue; });
    if (!local)
      return use.getOwner()->emitError(
          "expected no reader of the layer's input beside the phase that writes its output");
  }
  return success();
}

/// `values` share the residual stream's buffer, in the order in which they are written: none may be
/// needed any more when the next one is. A repeat reads its input and writes its result in place.
LogicalResult BufferPlan::checkStream(ArrayRef<Value> values) {
  for (size_t next = 1; next < values.size(); ++next) {
    Operation *writer = values[next].getDefiningOp();
    for (Value earlier : values.take_front(next))
      for (Operation *user : earlier.getUsers())
        if (!user->isBeforeInBlock(writer) && !(user == writer && isa<graph::RepeatOp>(writer)))
          return user->emitError(
              "expected no reader of the residual stream behind what writes it again");
  }
  return success();
}

/// Whatever computes stands in a phase: nothing else would be scheduled.
LogicalResult BufferPlan::checkBody(Block &block) {
  for (Operation &op : block.without_terminator())
    if (!isa<kernel::CallOp>(op) &&
        !(isa<graph::RepeatOp>(op) && isa<graph::FuncOp>(op.getParentOp())))
      return op.emitOpError("expected only kernel.call, and graph.repeat in a graph.func");
  return success();
}

LogicalResult BufferPlan::planFunction(FunctionOpInterface function) {
  size_t blocks = function.getFunctionBody().getBlocks().size();
  if (blocks != 1)
    return function.emitError("expected a function of one block, but got ") << blocks;
  Block &block = function.getFunctionBody().front();
  if (failed(checkBody(block)))
    return failure();
  auto stream = [&](Value value) {
    FlatSymbolRefAttr &buffer =
        streams[std::to_string(cast<RankedTensorType>(value.getType()).getDimSize(1))];
    if (!buffer)
      buffer = create("residual", value, tile::Rows::Tokens);
    return buffer;
  };
  if (auto layer = dyn_cast<graph::LayerOp>(function.getOperation())) {
    if (failed(checkStream(layer)))
      return failure();
    bufferOf[layer.getArgument(0)] = stream(layer.getArgument(0));
    Value output = block.getTerminator()->getOperand(0);
    bufferOf[output] = stream(output);
  }
  llvm::SetVector<Value> streamed;
  for (Operation &op : block)
    if (auto repeat = dyn_cast<graph::RepeatOp>(op)) {
      if (!repeat.getInput().getDefiningOp())
        return repeat.emitOpError("expected an input from a phase or another repeat");
      bufferOf[repeat.getInput()] = stream(repeat.getInput());
      bufferOf[repeat.getResult()] = stream(repeat.getInput());
      streamed.insert(repeat.getInput());
      streamed.insert(repeat.getResult());
    }
  if (failed(checkStream(streamed.getArrayRef())))
    return failure();

  // Linear scan: a buffer is free again behind the last reader of what it held.
  SmallVector<Free> free;
  for (Operation &op : block) {
    auto call = dyn_cast<kernel::CallOp>(op);
    if (!call)
      continue;
    for (Value result : call.getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type || bufferOf.count(result))
        continue;
      bool wanted = false;
      if (auto phase =
              SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr()))
        wanted = llvm::any_of(phase.getBody().front(),
                              [](Operation &o) { return isa<graph::SelectOp>(o); });
      tile::Rows rows = wanted ? tile::Rows::Wanted : tile::Rows::Tokens;
      auto match = llvm::find_if(
          free, [&](const Free &f) { return f.rows == rows && f.columns == type.getDimSize(1); });
      if (match != free.end()) {
        bufferOf[result] = match->buffer;
        free.erase(match);
      } else {
        bufferOf[result] = create(call.getPhase(), result, rows);
      }
    }
    for (Value operand : llvm::SetVector<Value>(op.operand_begin(), op.operand_end())) {
      auto found = bufferOf.find(operand);
      if (found == bufferOf.end() || !operand.getDefiningOp<kernel::CallOp>() ||
          llvm::is_contained(llvm::make_second_range(streams), found->second))
        continue;
      bool last = llvm::all_of(operand.getUsers(), [&](Operation *user) {
        return user == &op || user->isBeforeInBlock(&op);
      });
      auto buffer = SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(&op, found->second);
      if (buffer.getRows() == tile::Rows::Wanted)
        return call.emitOpError(
            "expected the rows of wanted tokens to be read in the phase that selects them");
      if (last)
        free.push_back(
            {buffer.getRows(), static_cast<int64_t>(buffer.getColumns()), found->second});
    }
  }
  return success();
}

namespace {
struct FormTiles : schedule::impl::FormTilesBase<FormTiles> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run();
  SmallVector<Bucket> buckets(machine::TargetAttr target);
  void emitProgram(graph::FuncOp function, const Bucket &bucket, const BufferPlan &plan);
};
} // namespace

SmallVector<Bucket> FormTiles::buckets(machine::TargetAttr target) {
  // Accumulators of `step` tokens must fit the registers beside weights and broadcasts
  // (research: 6 x 32 lanes of 16 with 32 registers, 4 x 16 with 16).
  int64_t step = target.getVectorRegisters() >= 32 ? 6 : 4;
  return {{"m1", 1, 1, 1}, {"m" + std::to_string(step), maxTokens, 48, step}};
}

void FormTiles::emitProgram(graph::FuncOp function, const Bucket &bucket, const BufferPlan &plan) {
  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
  Block &block = function.getBody().front();
  auto program = tile::ProgramOp::create(
      builder, function.getLoc(), bucket.maxTokens == 1 ? "decode" : "prefill", bucket.maxTokens,
      bucket.block, plan.lookup(block.getTerminator()->getOperand(0)).getValue());
  builder.createBlock(&program.getBody());
  auto emitRun = [&](kernel::CallOp call) {
    tile::RunOp::create(builder, call.getLoc(), (call.getPhase() + "." + bucket.suffix).str());
  };
  int64_t layer = 0;
  for (Operation &op : block) {
    if (auto call = dyn_cast<kernel::CallOp>(op)) {
      emitRun(call);
      continue;
    }
    auto repeat = dyn_cast<graph::RepeatOp>(op);
    if (!repeat)
      continue;
    for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>()) {
      OpBuilder::InsertionGuard guard(builder);
      auto loop = tile::RepeatOp::create(builder, op.getLoc(), segment.getCount(), layer,
                                         segment.getFirst());
      layer += segment.getCount();
      builder.createBlock(&loop.getBody());
      auto callee =
          SymbolTable::lookupNearestSymbolFrom<graph::LayerOp>(repeat, segment.getLayer());
      for (auto call : callee.getBody().getOps<kernel::CallOp>())
        emitRun(call);
    }
  }
}

LogicalResult FormTiles::run() {
  ModuleOp module = getOperation();
  machine::TargetAttr target = machine::getTarget(module);
  if (!target)
    return module.emitError("expected a ")
           << machine::targetAttrName << " on the module to choose tiles";
  if (maxTokens < 2)
    return module.emitError("expected max-tokens of at least 2, but got ") << maxTokens.getValue();

  SmallVector<FunctionOpInterface> functions;
  for (Operation &op : *module.getBody())
    if (isa<graph::LayerOp, graph::FuncOp>(op))
      functions.push_back(cast<FunctionOpInterface>(op));
  BufferPlan plan(module);
  graph::FuncOp forward;
  for (FunctionOpInterface function : functions) {
    if (failed(plan.planFunction(function)))
      return failure();
    auto func = dyn_cast<graph::FuncOp>(function.getOperation());
    if (!func)
      continue;
    if (forward)
      return func.emitOpError("expected one function beside the layers, but there is also ")
             << forward.getSymNameAttr();
    forward = func;
    Operation *end = func.getBody().front().getTerminator();
    if (end->getNumOperands() != 1 || !plan.lookup(end->getOperand(0)))
      return end->emitOpError("expected to return one tensor that a phase computes");
  }

  Packs packs(module);
  SmallVector<Bucket> ranges = buckets(target);
  DenseSet<Operation *> scheduled;
  for (FunctionOpInterface function : functions)
    for (auto call : function.getFunctionBody().getOps<kernel::CallOp>()) {
      auto phase = SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr());
      if (!scheduled.insert(phase).second)
        return call.emitOpError("expected one call of each phase, but ")
               << call.getPhaseAttr() << " is called again";
      Block &body = phase.getBody().front();
      DenseMap<Value, FlatSymbolRefAttr> buffers;
      for (auto [argument, operand] : llvm::zip_equal(body.getArguments(), call.getOperands()))
        if (FlatSymbolRefAttr buffer = plan.lookup(operand))
          buffers[argument] = buffer;
      for (auto [yielded, result] :
           llvm::zip_equal(body.getTerminator()->getOperands(), call.getResults()))
        buffers[yielded] = plan.lookup(result);
      for (const Bucket &bucket : ranges)
        if (failed(PhaseScheduler(phase, bucket, target, packs, buffers).run()))
          return failure();
    }
  if (forward)
    for (const Bucket &bucket : ranges)
      emitProgram(forward, bucket, plan);
  for (FunctionOpInterface function : functions)
    function.erase();
  for (auto phase : llvm::make_early_inc_range(module.getOps<kernel::PhaseOp>()))
    phase.erase();
  return success();
}
