//===- FormTiles.cpp - buffers, packs and programs of all phases -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "passes/Schedule/BufferPlan.h"
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

FailureOr<tile::PhaseOp> PhaseScheduler::run() {
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
  else if (isa<graph::ExpertsOp>(anchor))
    scheduled = scheduleExperts();
  else if (auto attention = dyn_cast<graph::AttentionOp>(anchor))
    scheduled = scheduleAttention(attention);
  else
    scheduled = scheduleRows();
  if (failed(scheduled))
    return failure();
  return result;
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

namespace {
struct FormTiles : schedule::impl::FormTilesBase<FormTiles> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run();
  SmallVector<Bucket> buckets(int64_t registers);
  void emitPrograms(ArrayRef<graph::FuncOp> functions, const Bucket &single, const Bucket &many,
                    const BufferPlan &plan);
  void emitProgram(graph::FuncOp function, StringRef name, const Bucket &bucket,
                   const Bucket &attention, const BufferPlan &plan);
};
} // namespace

SmallVector<Bucket> FormTiles::buckets(int64_t registers) {
  // Sums of `step` tokens must fit the registers beside weights and broadcasts: with two vectors of
  // rows, 6 tokens take 12 of 32 registers and 4 take 8 of 16.
  int64_t step = registers >= 32 ? 6 : 4;
  Bucket many{"m" + std::to_string(step), maxTokens, 48, step};
  remark::passed(getOperation().getLoc(), remark::RemarkOpts::name("Bucket").category("schedule"))
      << remark::metric("registers", registers) << remark::metric("step", many.step)
      << remark::metric("block", many.block) << remark::metric("maxTokens", many.maxTokens);
  return {{"m1", 1, 1, 1}, many};
}

static bool readsCache(kernel::PhaseOp phase) {
  return llvm::any_of(phase.getBody().front(),
                      [](Operation &op) { return isa<graph::AttentionOp>(op); });
}

/// `attention` is the bucket of phases that read a cache: their tiles are tokens of one sequence,
/// so that tokens of several need tiles of one token. All others take tokens of any.
void FormTiles::emitProgram(graph::FuncOp function, StringRef name, const Bucket &bucket,
                            const Bucket &attention, const BufferPlan &plan) {
  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
  Block &block = function.getBody().front();
  auto program = tile::ProgramOp::create(
      builder, function.getLoc(), name, bucket.maxTokens, bucket.block,
      attention.step != bucket.step, plan.lookup(block.getTerminator()->getOperand(0)).getValue());
  builder.createBlock(&program.getBody());
  auto emitRun = [&](kernel::CallOp call) {
    auto phase = SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr());
    const Bucket &tiles = readsCache(phase) ? attention : bucket;
    tile::RunOp::create(builder, call.getLoc(), (call.getPhase() + "." + tiles.suffix).str());
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

/// The function for tokens of several sequences: it may be called with any number, so that the one
/// that serves most of them does.
static graph::FuncOp functionOfBatches(ArrayRef<graph::FuncOp> functions, int64_t maxTokens) {
  constexpr int64_t many = 16;
  graph::FuncOp result = functions.front();
  for (graph::FuncOp function : functions)
    if (int64_t first = kernel::getTokens(function).first; first <= std::min(many, maxTokens))
      result = function;
  return result;
}

void FormTiles::emitPrograms(ArrayRef<graph::FuncOp> functions, const Bucket &single,
                             const Bucket &many, const BufferPlan &plan) {
  for (graph::FuncOp function : functions) {
    auto [first, last] = kernel::getTokens(function);
    if (first > many.maxTokens)
      break;
    if (first == 1)
      emitProgram(function, "decode", single, single, plan);
    Bucket bucket = many;
    bucket.maxTokens = std::min(last, many.maxTokens);
    if (bucket.maxTokens > 1)
      emitProgram(function, last >= many.maxTokens ? "prefill" : "prefill" + std::to_string(last),
                  bucket, bucket, plan);
  }
  if (!functions.empty())
    emitProgram(functionOfBatches(functions, many.maxTokens), "batch", many, single, plan);
}

/// The tilings of a phase of a function for calls of `tokens`. Of `batches`, phases that read a
/// cache take tokens of several sequences one by one.
static SmallVector<Bucket> bucketsOf(kernel::PhaseOp phase, ArrayRef<Bucket> all,
                                     kernel::TokenRange tokens, kernel::TokenRange batches) {
  bool oneByOne = tokens.first == batches.first && readsCache(phase);
  SmallVector<Bucket> result;
  for (const Bucket &bucket : all)
    if (bucket.maxTokens == 1 ? tokens.first == 1 || oneByOne
                              : tokens.last > 1 && tokens.first <= bucket.maxTokens)
      result.push_back(bucket);
  return result;
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
  for (auto phase : module.getOps<kernel::PhaseOp>())
    if (failed(checkPhase(phase)))
      return failure();
  BufferPlan plan(module);
  SmallVector<graph::FuncOp> forwards; // One for each class of calls.
  for (FunctionOpInterface function : functions) {
    if (failed(plan.planFunction(function)))
      return failure();
    auto func = dyn_cast<graph::FuncOp>(function.getOperation());
    if (!func)
      continue;
    int64_t served = forwards.empty() ? 0 : kernel::getTokens(forwards.back()).last;
    if (served == kernel::TokenRange().last)
      return func.emitOpError("expected one function beside the layers, but there is also ")
             << forwards.back().getSymNameAttr();
    if (kernel::getTokens(func).first != served + 1)
      return func.emitOpError("expected a function for calls of ")
             << served + 1 << " tokens and more, but got one from "
             << kernel::getTokens(func).first;
    forwards.push_back(func);
    Operation *end = func.getBody().front().getTerminator();
    if (end->getNumOperands() != 1 || !plan.lookup(end->getOperand(0)))
      return end->emitOpError("expected to return one tensor that a phase computes");
  }

  kernel::TokenRange batches;
  if (!forwards.empty())
    batches = kernel::getTokens(functionOfBatches(forwards, maxTokens));

  Packs packs(module);
  Result<double> registers = target.need(machine::FigureId::VectorRegisters, getArgument());
  if (!registers)
    return module.emitError(registers.error());
  SmallVector<Bucket> ranges = buckets(static_cast<int64_t>(*registers));
  DenseSet<Operation *> scheduled;
  for (FunctionOpInterface function : functions)
    for (auto call : function.getFunctionBody().getOps<kernel::CallOp>()) {
      auto phase = SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr());
      if (!scheduled.insert(phase).second)
        return call.emitOpError("expected one call of each phase, but ")
               << call.getPhaseAttr() << " is called again";
      Block &body = phase.getBody().front();
      DenseMap<Value, FlatSymbolRefAttr> buffers;
      for (auto [argument, operand] : llvm::zip_equal(body.getArguments(), call.getOperands())) {
        if (!isa<RankedTensorType, graph::QTensorType>(operand.getType()))
          continue;
        buffers[argument] = plan.lookup(operand);
        if (!buffers[argument])
          return call.emitOpError("expected activations that a phase or a repeat computes, but got "
                                  "an argument of the function");
      }
      for (auto [yielded, result] :
           llvm::zip_equal(body.getTerminator()->getOperands(), call.getResults()))
        buffers[yielded] = plan.lookup(result);
      if (failed(checkRows(phase, [&](Value argument) {
            return plan.rowsOf(buffers.lookup(argument)) == tile::Rows::Wanted;
          })))
        return failure();
      for (const Bucket &bucket : bucketsOf(phase, ranges, kernel::getTokens(function), batches))
        if (failed(PhaseScheduler(phase, bucket, target, packs, buffers).run()))
          return failure();
    }
  emitPrograms(forwards, ranges.front(), ranges.back(), plan);
  for (FunctionOpInterface function : functions)
    function.erase();
  for (auto phase : llvm::make_early_inc_range(module.getOps<kernel::PhaseOp>()))
    phase.erase();
  return success();
}
