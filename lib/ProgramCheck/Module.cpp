//===- Module.cpp - programs and dataflow of a module ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/ProgramCheck/Module.h"

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace frit;
using namespace frit::program;

/// As many as a bundle may have.
static constexpr int32_t maxLayers = 1 << 16;

static bool isActivation(Type type) { return isa<RankedTensorType, graph::QTensorType>(type); }

//===----------------------------------------------------------------------===//
// Recording
//===----------------------------------------------------------------------===//

/// One function: [{computes, reads, writes}, ...] with values by number; that of a layer's input is
/// 0. A repeat has `segments` in the place of `computes`.
static DictionaryAttr recordFunction(FunctionOpInterface function) {
  Builder builder(function.getContext());
  DenseMap<mlir::Value, int64_t> numbers;
  auto numbersOf = [&](ValueRange values) {
    SmallVector<int64_t> list;
    for (mlir::Value value : values)
      if (isActivation(value.getType()))
        list.push_back(numbers.try_emplace(value, numbers.size()).first->second);
    return builder.getDenseI64ArrayAttr(list);
  };
  Block &block = function.getFunctionBody().front();
  bool isLayer = isa<graph::LayerOp>(function.getOperation());
  if (isLayer)
    (void)numbersOf(block.getArguments());
  SmallVector<Attribute> calls;
  for (Operation &op : block.without_terminator()) {
    NamedAttrList entry;
    if (auto call = dyn_cast<kernel::CallOp>(op)) {
      auto phase = SymbolTable::lookupNearestSymbolFrom<kernel::PhaseOp>(call, call.getPhaseAttr());
      if (!phase)
        continue;
      entry.set("computes", phase.getReferenceAttr());
    } else if (auto repeat = dyn_cast<graph::RepeatOp>(op)) {
      entry.set("segments", repeat.getSegments());
    } else {
      continue;
    }
    entry.set("reads", numbersOf(op.getOperands()));
    entry.set("writes", numbersOf(op.getResults()));
    calls.push_back(entry.getDictionary(builder.getContext()));
  }
  NamedAttrList result;
  result.set("name", builder.getStringAttr(function.getName()));
  result.set("calls", builder.getArrayAttr(calls));
  result.set("returns", numbersOf(block.getTerminator()->getOperands()));
  if (isLayer)
    result.set("layer", builder.getUnitAttr());
  return result.getDictionary(builder.getContext());
}

void program::recordDataflow(ModuleOp module) {
  SmallVector<Attribute> functions;
  for (Operation &op : *module.getBody())
    if (isa<graph::LayerOp, graph::FuncOp>(op) &&
        cast<FunctionOpInterface>(op).getFunctionBody().hasOneBlock())
      functions.push_back(recordFunction(cast<FunctionOpInterface>(op)));
  module->setAttr(dataflowAttrName, ArrayAttr::get(module.getContext(), functions));
}

//===----------------------------------------------------------------------===//
// Unrolling
//===----------------------------------------------------------------------===//

namespace {
class Unroller {
public:
  explicit Unroller(ModuleOp module) : tables(module) {
    auto list = module->getAttrOfType<ArrayAttr>(dataflowAttrName);
    for (Attribute entry : list ? list.getValue() : ArrayRef<Attribute>())
      if (auto function = dyn_cast<DictionaryAttr>(entry))
        if (auto name = function.getAs<StringAttr>("name"))
          functions[name.getValue()] = function;
  }

  Result<Dataflow> run(StringRef first);

private:
  using Numbers = llvm::DenseMap<int64_t, uint32_t>; ///< values of a function by recorded number

  Status unroll(DictionaryAttr function, Numbers &values, int32_t row, int32_t cache);
  Status unrollCall(DictionaryAttr entry, Numbers &values, int32_t row, int32_t cache);
  Status unrollRepeat(DictionaryAttr entry, Numbers &values);

  SymbolTable tables;
  llvm::MapVector<StringRef, DictionaryAttr> functions;
  Dataflow result;
  int32_t layers = 0; ///< repeated so far
};
} // namespace

static Failure damaged(StringRef what) {
  return Failure(std::string_view(dataflowAttrName), ": expected ", std::string_view(what));
}

static ArrayRef<int64_t> list(DictionaryAttr entry, StringRef name) {
  auto attribute = entry.getAs<DenseI64ArrayAttr>(name);
  return attribute ? attribute.asArrayRef() : ArrayRef<int64_t>();
}

static int64_t rowBytesOf(Type type) {
  if (auto codes = dyn_cast<graph::QTensorType>(type))
    return codes.getColumns() / codes.getBlock() *
           tile::activationBlockOf(codes.getBlock()).blockBytes;
  return 4 * cast<RankedTensorType>(type).getDimSize(1);
}

Status Unroller::unrollCall(DictionaryAttr entry, Numbers &values, int32_t row, int32_t cache) {
  auto name = entry.getAs<FlatSymbolRefAttr>("computes");
  auto reference =
      name ? tables.lookup<kernel::ReferenceOp>(name.getValue()) : kernel::ReferenceOp();
  if (!reference)
    return damaged("a call of a kernel.reference of the module");
  Call call;
  call.computes = name.getValue().str();
  call.row = row;
  bool perWanted = false;
  for (Operation &op : reference.getBody().front()) {
    call.appends |= isa<kv::AppendOp>(op);
    call.readsCache |= isa<graph::AttentionOp>(op);
    perWanted |= isa<graph::SelectOp>(op);
  }
  for (Type type : reference.getArgumentTypes())
    if (isa<kv::CacheType>(type))
      call.cache = cache;
  for (int64_t number : list(entry, "reads")) {
    auto found = values.find(number);
    if (found == values.end())
      return damaged("values that are computed before they are read");
    call.reads.push_back(found->second);
    perWanted |= result.values[found->second].perWanted;
  }
  SmallVector<Type> types;
  for (Type type : reference.getResultTypes())
    if (isActivation(type))
      types.push_back(type);
  ArrayRef<int64_t> writes = list(entry, "writes");
  if (writes.size() != types.size())
    return damaged("as many results as the kernel.reference has");
  for (auto [index, number, type] : llvm::enumerate(writes, types)) {
    values[number] = static_cast<uint32_t>(result.values.size());
    call.writes.push_back(values[number]);
    result.values.push_back({"result " + std::to_string(index) + " of " + call.computes + " (row " +
                                 std::to_string(row) + ")",
                             rowBytesOf(type), perWanted});
  }
  result.calls.push_back(std::move(call));
  return {};
}

Status Unroller::unrollRepeat(DictionaryAttr entry, Numbers &values) {
  ArrayRef<int64_t> reads = list(entry, "reads"), writes = list(entry, "writes");
  auto segments = entry.getAs<ArrayAttr>("segments");
  if (!segments || reads.size() != 1 || writes.size() != 1 || !values.count(reads[0]))
    return damaged("repeats of one value");
  uint32_t stream = values[reads[0]];
  for (auto segment : segments.getAsRange<graph::SegmentAttr>()) {
    auto layer = functions.find(segment.getLayer().getValue());
    if (layer == functions.end() || !layer->second.contains("layer"))
      return damaged("repeats of a layer");
    for (int64_t n = 0; n < segment.getCount(); ++n, ++layers) {
      if (layers == maxLayers)
        return damaged("fewer layers");
      Numbers inner = {{0, stream}};
      if (Status status =
              unroll(layer->second, inner, static_cast<int32_t>(segment.getFirst() + n), layers);
          !status)
        return status;
      ArrayRef<int64_t> returns = list(layer->second, "returns");
      if (returns.size() != 1 || !inner.count(returns[0]))
        return damaged("layers that return one value");
      stream = inner[returns[0]];
    }
  }
  values[writes[0]] = stream;
  return {};
}

Status Unroller::unroll(DictionaryAttr function, Numbers &values, int32_t row, int32_t cache) {
  auto calls = function.getAs<ArrayAttr>("calls");
  for (Attribute attribute : calls ? calls.getValue() : ArrayRef<Attribute>()) {
    auto entry = dyn_cast<DictionaryAttr>(attribute);
    if (!entry)
      return damaged("calls");
    bool isRepeat = entry.contains("segments");
    if (isRepeat && function.contains("layer"))
      return damaged("no repeats in layers");
    if (Status status =
            isRepeat ? unrollRepeat(entry, values) : unrollCall(entry, values, row, cache);
        !status)
      return status;
  }
  return {};
}

Result<Dataflow> Unroller::run(StringRef first) {
  for (auto &[name, function] : functions) {
    auto calls = function.getAs<ArrayAttr>("calls");
    if (function.contains("layer") || !calls || calls.empty())
      continue;
    auto entry = dyn_cast<DictionaryAttr>(calls[0]);
    auto computes = entry ? entry.getAs<FlatSymbolRefAttr>("computes") : FlatSymbolRefAttr();
    if (!computes || computes.getValue() != first)
      continue;
    Numbers values;
    if (Status status = unroll(function, values, 0, 0); !status)
      return status.takeFailure();
    ArrayRef<int64_t> returns = list(function, "returns");
    if (returns.size() != 1 || !values.count(returns[0]))
      return damaged("functions that return one value");
    result.logits = values[returns[0]];
    return std::move(result);
  }
  return damaged("a function that begins with " + first.str());
}

Result<Dataflow> program::dataflowOf(ModuleOp module, StringRef first) {
  return Unroller(module).run(first);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// The arguments of a reference of which each share reads only the elements that it writes: whole
/// rows where rows are shared, and otherwise what no anchor depends on.
static llvm::SmallDenseSet<unsigned> ownArguments(kernel::ReferenceOp reference) {
  Block &body = reference.getBody().front();
  auto isProduct = [](Operation &op) {
    return isa<graph::LinearOp, graph::LogitsOp, graph::ExpertsOp, graph::AttentionOp>(op);
  };
  bool sharesColumns = llvm::any_of(body, isProduct);
  llvm::DenseMap<mlir::Value, llvm::SmallDenseSet<unsigned>> sources;
  llvm::SmallDenseSet<unsigned> result, elsewhere;
  for (BlockArgument argument : body.getArguments()) {
    sources[argument].insert(argument.getArgNumber());
    result.insert(argument.getArgNumber());
  }
  for (Operation &op : body) {
    llvm::SmallDenseSet<unsigned> here;
    for (mlir::Value operand : op.getOperands())
      here.insert(sources[operand].begin(), sources[operand].end());
    if (sharesColumns ? isProduct(op) : isa<graph::SelectOp>(op))
      elsewhere.insert(here.begin(), here.end());
    for (mlir::Value value : op.getResults())
      sources[value] = here;
  }
  for (unsigned argument : elsewhere)
    result.erase(argument);
  return result;
}

Result<std::vector<Phase>> program::phasesOf(ModuleOp module,
                                             const llvm::StringMap<uint32_t> &buffers) {
  std::vector<Phase> phases;
  SymbolTable tables(module);
  for (auto op : module.getOps<tile::PhaseOp>()) {
    auto reference = tables.lookup<kernel::ReferenceOp>(op.getReference());
    if (!reference || !op.getInputs() || !op.getOutputs())
      return Failure("expected phase ", std::string_view(op.getSymName()),
                     " to name its kernel.reference, inputs and outputs");
    Phase &phase = phases.emplace_back();
    phase.name = op.getSymName().str();
    phase.computes = op.getReference().str();
    llvm::SmallDenseSet<unsigned> own = ownArguments(reference);
    SmallVector<unsigned> arguments;
    for (BlockArgument argument : reference.getBody().front().getArguments())
      if (isActivation(argument.getType()))
        arguments.push_back(argument.getArgNumber());
    if (arguments.size() != op.getInputs()->size())
      return Failure("expected ", arguments.size(), " inputs of phase ", phase.name);
    auto find = [&](Attribute name) {
      auto found = buffers.find(cast<FlatSymbolRefAttr>(name).getValue());
      return found == buffers.end() ? UINT32_MAX : found->second;
    };
    ArrayAttr inputs = *op.getInputs(), outputs = *op.getOutputs();
    for (auto [argument, name] : llvm::zip_equal(arguments, inputs))
      phase.inputs.push_back({find(name), own.contains(argument)});
    for (Attribute name : outputs)
      phase.outputs.push_back(find(name));
  }
  return phases;
}

Result<Program> program::programOf(tile::ProgramOp op, int64_t rows) {
  auto module = op->getParentOfType<ModuleOp>();
  Program result;
  result.name = op.getSymName().str();
  result.rows = rows;
  llvm::StringMap<uint32_t> buffers, phases;
  uint64_t end = 0;
  for (auto buffer : module.getOps<tile::BufferOp>()) {
    buffers[buffer.getSymName()] = static_cast<uint32_t>(result.buffers.size());
    uint64_t bytes = static_cast<uint64_t>(rows) * static_cast<uint64_t>(buffer.rowBytes());
    result.buffers.push_back({buffer.getSymName().str(), end, bytes, buffer.rowBytes(),
                              buffer.getRows() == tile::Rows::Wanted});
    end += bytes;
  }
  Result<std::vector<Phase>> found = phasesOf(module, buffers);
  if (!found)
    return found.takeFailure();
  result.phases = *std::move(found);
  for (const auto &[index, phase] : llvm::enumerate(result.phases))
    phases[phase.name] = static_cast<uint32_t>(index);
  llvm::StringSet<> withCache;
  for (auto phase : module.getOps<tile::PhaseOp>())
    if (phase.getCache())
      withCache.insert(phase.getSymName());
  auto add = [&](tile::RunOp run, int64_t layer, int64_t row) {
    result.steps.push_back({phases.lookup(run.getPhase()),
                            withCache.contains(run.getPhase()) ? static_cast<int32_t>(layer) : -1,
                            static_cast<int32_t>(row), true});
  };
  for (Operation &inner : op.getBody().front()) {
    if (auto run = dyn_cast<tile::RunOp>(inner)) {
      add(run, 0, 0);
    } else if (auto repeat = dyn_cast<tile::RepeatOp>(inner)) {
      for (int64_t n = 0; n < static_cast<int64_t>(repeat.getCount()); ++n)
        for (auto run : repeat.getBody().getOps<tile::RunOp>())
          add(run, static_cast<int64_t>(repeat.getLayer()) + n,
              static_cast<int64_t>(repeat.getRow()) + n);
    }
  }
  result.logits = buffers.lookup(op.getLogits());
  return result;
}

LogicalResult program::checkPrograms(ModuleOp module) {
  if (!module->hasAttr(dataflowAttrName))
    return success();
  for (auto op : module.getOps<tile::ProgramOp>()) {
    auto rows = static_cast<int64_t>(llvm::alignTo(op.getMaxTokens(), op.getTokenMultiple()));
    Result<Program> program = programOf(op, rows);
    if (!program)
      return op.emitError(program.error());
    if (program->steps.empty())
      return op.emitError("expected steps in a program");
    Result<Dataflow> dataflow =
        dataflowOf(module, program->phases[program->steps.front().phase].computes);
    if (!dataflow)
      return op.emitError(dataflow.error());
    if (Status status = check(*program, *dataflow); !status)
      return op.emitError(status.error());
  }
  return success();
}
