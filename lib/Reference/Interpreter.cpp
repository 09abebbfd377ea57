//===- Interpreter.cpp - values, functions and layers ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::reference;

/// Functions, layers and phases that may run inside one another; models need three.
static constexpr int64_t maxDepth = 16;
/// Elements of a constant: tests write theirs down.
static constexpr int64_t maxConstantElements = 1 << 24;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static std::string describe(int64_t rows, int64_t columns) {
  return std::to_string(rows) + "x" + std::to_string(columns);
}

/// What is wrong with `runtimeValue` as a value of `type`, or nothing.
template <typename T>
static std::optional<std::string> findMismatch(Type type, const RuntimeValue<T> &runtimeValue) {
  if (auto tensorType = dyn_cast<RankedTensorType>(type)) {
    auto *tensor = std::get_if<Tensor<T>>(&runtimeValue);
    if (!tensor || tensorType.getRank() != 2)
      return "something else";
    if (tensorType.isDynamicDim(1))
      return "an unknown number of columns";
    if (tensor->columns != tensorType.getDimSize(1) ||
        (!tensorType.isDynamicDim(0) && tensor->rows != tensorType.getDimSize(0)))
      return describe(tensor->rows, tensor->columns);
    return std::nullopt;
  }
  if (auto quantizedType = dyn_cast<graph::QTensorType>(type)) {
    auto *tensor = std::get_if<QuantizedTensor>(&runtimeValue);
    if (!tensor || tensor->block != quantizedType.getBlock())
      return "something else";
    if (tensor->columns != quantizedType.getColumns() ||
        (!ShapedType::isDynamic(quantizedType.getTokens()) &&
         tensor->rows != quantizedType.getTokens()))
      return describe(tensor->rows, tensor->columns);
    return std::nullopt;
  }
  bool fits = false;
  if (isa<graph::TokensType>(type)) {
    auto *batch = std::get_if<Batch>(&runtimeValue);
    size_t tokens = batch ? batch->ids.size() : 0;
    fits = batch && batch->positions.size() == tokens && batch->slots.size() == tokens &&
           batch->wanted.size() == tokens;
  } else if (isa<graph::WeightType>(type)) {
    auto *weight = std::get_if<Weight>(&runtimeValue);
    fits = weight && weight->type == type;
  } else if (isa<kv::CacheType>(type)) {
    auto *cache = std::get_if<KVCache<T> *>(&runtimeValue);
    if (cache && (*cache)->type() != type)
      return "a cache of another type";
    fits = cache;
  } else if (auto cachesType = dyn_cast<kv::CachesType>(type)) {
    auto *caches = std::get_if<MutableArrayRef<KVCache<T>>>(&runtimeValue);
    if (caches && static_cast<int64_t>(caches->size()) != cachesType.getLayers())
      return std::to_string(caches->size()) + " caches";
    fits = caches;
  } else if (type.isIndex()) {
    fits = std::holds_alternative<int64_t>(runtimeValue);
  }
  return fits ? std::nullopt : std::optional<std::string>("something else");
}

template <typename T>
LogicalResult Interpreter<T>::bind(mlir::Value value, Value runtimeValue) {
  if (std::optional<std::string> found = findMismatch(value.getType(), runtimeValue))
    return emitError(value.getLoc(), "expected a value of type ")
           << value.getType() << ", but got " << *found;
  if (afterValue && failed(afterValue(value, runtimeValue)))
    return failure();
  values.insert_or_assign(value, std::move(runtimeValue));
  return success();
}

template <typename T>
std::vector<T> Interpreter<T>::vector(mlir::Value value) {
  if (!value)
    return {};
  const Weight &stored = weight(value);
  std::vector<float> scratch;
  countRows(stored, 1);
  const float *elements = weights.dequantize(stored, 0, scratch);
  return std::vector<T>(elements, elements + stored.columns());
}

//===----------------------------------------------------------------------===//
// Blocks and functions
//===----------------------------------------------------------------------===//

template <typename T>
FailureOr<std::vector<RuntimeValue<T>>> Interpreter<T>::runBlock(Block &block,
                                                                 ArrayRef<Value> arguments) {
  Operation *parent = block.getParentOp();
  if (arguments.size() != block.getNumArguments())
    return parent->emitError("expected ")
           << block.getNumArguments() << " arguments, but got " << arguments.size();
  if (block.empty() || !block.back().hasTrait<OpTrait::IsTerminator>() ||
      block.back().getNumSuccessors() != 0)
    return parent->emitError("expected a block that ends by giving back values");
  if (depth == maxDepth)
    return parent->emitError("expected at most ") << maxDepth << " calls inside one another";

  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  for (auto [argument, value] : llvm::zip_equal(block.getArguments(), arguments))
    if (failed(bind(argument, value)))
      return failure();
  for (Operation &op : block.without_terminator())
    if (failed(evalOp(&op)))
      return failure();

  std::vector<Value> results;
  for (mlir::Value operand : block.back().getOperands()) {
    if (!values.contains(operand))
      return block.back().emitOpError("expected operands computed in its block");
    results.push_back(values.find(operand)->second);
  }
  // A layer's activations are not needed any more; its caches live elsewhere.
  for (Operation &op : block)
    for (mlir::Value result : op.getResults())
      values.erase(result);
  return results;
}

template <typename T>
LogicalResult Interpreter<T>::evalOp(Operation *op) {
  for (mlir::Value operand : op->getOperands())
    if (!values.contains(operand))
      return op->emitOpError("expected operands computed in its block");
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<arith::ConstantOp, graph::BatchOp, graph::ParamOp, graph::RepeatOp, kernel::CallOp,
            graph::EmbedOp, graph::NormOp, graph::RopeOp, graph::ActivationOp, graph::GluOp,
            graph::ResidualOp, graph::SelectOp, graph::QuantizeOp, graph::LinearOp, graph::LogitsOp,
            graph::RouteOp, graph::ExpertsOp, graph::RowFactorOp, graph::ScaleRowsOp,
            graph::ScaleColumnsOp, kv::CreateOp, kv::LayerOp, kv::AppendOp, kv::EvictOp,
            graph::AttentionOp, check::ExpectCloseOp, check::ExpectEqOp>(
          [&](auto known) { return eval(known); })
      .Default([](Operation *unknown) {
        return unknown->emitOpError("is not known to the reference interpreter");
      });
}

template <typename T>
FailureOr<graph::FuncOp> Interpreter<T>::findFunction(StringRef name) {
  auto function = module.lookupSymbol<graph::FuncOp>(name);
  if (!function)
    return module.emitError("expected a graph.func called @") << name;
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected a body of one block");
  return function;
}

template <typename T>
FailureOr<std::vector<KVCache<T>>> Interpreter<T>::createCaches(StringRef name, int64_t capacity,
                                                                int64_t slots) {
  FailureOr<graph::FuncOp> function = findFunction(name);
  if (failed(function))
    return failure();
  std::vector<KVCache<T>> caches;
  for (auto repeat : function->getBody().getOps<graph::RepeatOp>()) {
    for (auto segment : repeat.getSegments().template getAsRange<graph::SegmentAttr>()) {
      auto layer = tables.lookupNearestSymbolFrom<graph::LayerOp>(repeat, segment.getLayer());
      auto type = cast<kv::CacheType>(layer.getFunctionType().getInput(2));
      for (int64_t i = 0; i < segment.getCount(); ++i) {
        FailureOr<KVCache<T>> cache = KVCache<T>::create(repeat.getLoc(), type, capacity, slots);
        if (failed(cache))
          return failure();
        caches.push_back(std::move(*cache));
      }
    }
  }
  // Of a graph without layers, each cache has the type that its first use takes.
  SmallVector<kv::LayerOp> written(function->getBody().getOps<kv::LayerOp>());
  for (int64_t number = 0; !written.empty(); ++number) {
    auto here = llvm::find_if(
        written, [&](kv::LayerOp op) { return static_cast<int64_t>(op.getNumber()) == number; });
    if (here == written.end())
      break;
    FailureOr<KVCache<T>> cache = KVCache<T>::create(
        here->getLoc(), cast<kv::CacheType>(here->getCache().getType()), capacity, slots);
    if (failed(cache))
      return failure();
    caches.push_back(std::move(*cache));
  }
  return caches;
}

template <typename T>
FailureOr<Tensor<T>> Interpreter<T>::run(StringRef name, const Batch &batch,
                                         MutableArrayRef<KVCache<T>> caches) {
  FailureOr<graph::FuncOp> function = findFunction(name);
  if (failed(function))
    return failure();
  std::vector<Value> arguments;
  for (Type type : function->getFunctionType().getInputs()) {
    if (isa<graph::TokensType>(type))
      arguments.push_back(batch);
    else if (isa<kv::CachesType>(type))
      arguments.push_back(caches);
    else
      return function->emitError("expected a function of tokens and caches, but got ")
             << function->getFunctionType();
  }
  FailureOr<std::vector<Value>> results = runBlock(function->getBody().front(), arguments);
  if (failed(results))
    return failure();
  if (results->size() != 1 || !std::holds_alternative<Tensor<T>>(results->front()))
    return function->emitError("expected a function that gives one tensor, but got ")
           << function->getFunctionType();
  return std::get<Tensor<T>>(std::move(results->front()));
}

template <typename T>
LogicalResult Interpreter<T>::runTests() {
  bool found = false, allHold = true;
  for (auto function : module.getOps<graph::FuncOp>()) {
    if (function.getNumArguments() != 0)
      continue;
    found = true;
    if (failed(findFunction(function.getSymName()))) {
      allHold = false;
      continue;
    }
    expectationFailed = false;
    if (failed(runBlock(function.getBody().front(), {})) || expectationFailed)
      allHold = false;
    createdCaches.clear();
  }
  if (!found)
    return module.emitError("expected a graph.func without arguments to run");
  return success(allHold);
}

//===----------------------------------------------------------------------===//
// Constants, weights, layers, phases
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Interpreter<T>::eval(arith::ConstantOp op) {
  if (auto index = dyn_cast<IntegerAttr>(op.getValue()); index && op.getType().isIndex())
    return bind(op, index.getInt());
  auto elements = dyn_cast<DenseFPElementsAttr>(op.getValue());
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!elements || !type || type.getRank() != 2 || type.getNumElements() > maxConstantElements)
    return op.emitOpError("expected an index or a float tensor of rank 2 and at most ")
           << maxConstantElements << " elements, but got " << op.getType();
  Tensor<T> result(type.getDimSize(0), type.getDimSize(1));
  T *next = result.values.data();
  for (const APFloat &element : elements)
    *next++ = static_cast<T>(element.convertToDouble());
  return bind(op, std::move(result));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::BatchOp op) {
  Batch batch;
  size_t tokens = op.getIds().size();
  batch.ids = op.getIds().vec();
  batch.positions = op.getPositions().vec();
  batch.slots = op.getSlots() ? op.getSlots()->vec() : std::vector<int32_t>(tokens, 0);
  batch.wanted.assign(tokens, true);
  if (op.getWanted())
    batch.wanted.assign(op.getWanted()->begin(), op.getWanted()->end());
  return bind(op, std::move(batch));
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::ParamOp op) {
  FailureOr<Weight> weight = weights.find(op, op.getRow() ? get<int64_t>(op.getRow()) : 0);
  if (failed(weight))
    return failure();
  return bind(op, *weight);
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::RepeatOp op) {
  Value stream = tensor(op.getInput());
  MutableArrayRef<KVCache<T>> caches = get<MutableArrayRef<KVCache<T>>>(op.getCaches());
  int64_t number = 0;
  for (auto segment : op.getSegments().getAsRange<graph::SegmentAttr>()) {
    auto layer = tables.lookupNearestSymbolFrom<graph::LayerOp>(op, segment.getLayer());
    if (!layer.getBody().hasOneBlock())
      return layer.emitError("expected a body of one block");
    for (int64_t i = 0; i < segment.getCount(); ++i, ++number) {
      Value arguments[] = {std::move(stream), batch(op.getTokens()), &caches[number],
                           segment.getFirst() + i};
      FailureOr<std::vector<Value>> results = runBlock(layer.getBody().front(), arguments);
      if (failed(results))
        return failure();
      stream = std::move(results->front());
      if (afterLayer && failed(afterLayer(number, std::get<Tensor<T>>(stream))))
        return failure();
    }
  }
  return bind(op, std::move(stream));
}

/// 0 of what is no activation.
template <typename T>
static int64_t activationBytes(const RuntimeValue<T> &value) {
  if (auto *tensor = std::get_if<Tensor<T>>(&value))
    return tensor->rows * tensor->columns * static_cast<int64_t>(sizeof(float));
  if (auto *tensor = std::get_if<QuantizedTensor>(&value))
    return tensor->rows *
           (tensor->columns + tensor->blocks() * static_cast<int64_t>(sizeof(float)));
  return 0;
}

template <typename T>
LogicalResult Interpreter<T>::eval(kv::LayerOp op) {
  return bind(op.getCache(), &get<MutableArrayRef<KVCache<T>>>(
                                 op.getCaches())[static_cast<size_t>(op.getNumber())]);
}

template <typename T>
LogicalResult Interpreter<T>::eval(kernel::CallOp op) {
  auto phase = tables.lookupNearestSymbolFrom<kernel::PhaseOp>(op, op.getPhaseAttr());
  if (!phase || !phase.getBody().hasOneBlock())
    return op.emitOpError("expected a kernel.phase with a body");
  std::vector<Value> arguments;
  for (mlir::Value operand : op.getOperands())
    arguments.push_back(values.find(operand)->second);
  FailureOr<std::vector<Value>> results = runBlock(phase.getBody().front(), arguments);
  if (failed(results))
    return failure();
  if (traffic) {
    ++traffic->phases;
    llvm::SmallPtrSet<mlir::Value, 8> inputs(op.getOperands().begin(), op.getOperands().end());
    for (mlir::Value input : inputs)
      traffic->inputBytes += activationBytes<T>(values.find(input)->second);
    for (const Value &value : *results)
      traffic->outputBytes += activationBytes<T>(value);
  }
  for (auto [result, value] : llvm::zip_equal(op.getResults(), *results))
    if (failed(bind(result, std::move(value))))
      return failure();
  return success();
}

template class reference::Interpreter<float>;
template class reference::Interpreter<double>;
