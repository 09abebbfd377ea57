//===- PhaseLowering.cpp - one tile phase as a function over vectors -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Lower/Cpu/PhaseLowering.h"

#include "frit/Runtime/Abi.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

int64_t ModuleInfo::ropeTable(const RopeTable &wanted) {
  for (auto [index, table] : llvm::enumerate(ropeTables))
    if (table.dim == wanted.dim && table.theta == wanted.theta &&
        table.positionScale == wanted.positionScale && table.frequencies == wanted.frequencies)
      return static_cast<int64_t>(index);
  ropeTables.push_back(wanted);
  return static_cast<int64_t>(ropeTables.size()) - 1;
}

PhaseLowering::PhaseLowering(tile::PhaseOp phase, ModuleInfo &info)
    : phase(phase), info(info), builder(phase.getContext()),
      emit(builder, phase.getLoc(), info.target) {}

/// A C identifier for a phase that nothing in its module has. The function names its phase as an
/// attribute.
static std::string mangle(tile::PhaseOp phase) {
  std::string name = "frit_phase_";
  for (char c : phase.getSymName())
    name += llvm::isAlnum(c) ? c : '_';
  std::string unique = name;
  for (int n = 2; SymbolTable::lookupSymbolIn(phase->getParentOp(), unique); ++n)
    unique = name + "_" + std::to_string(n);
  return unique;
}

/// Whether lowering knows how to read and write the cache of a phase.
static bool isFloatCache(Type type) {
  auto cache = dyn_cast<kv::CacheType>(type);
  return cache && cache.hasStores() &&
         llvm::all_of(
             ArrayRef<kv::StoreAttr>{cache.getKeyStore(), cache.getValueStore()},
             [](kv::StoreAttr store) { return isa<Float16Type, Float32Type>(store.getType()); });
}

FailureOr<func::FuncOp> PhaseLowering::run() {
  if (phase.getCache() && !isFloatCache(*phase.getCache()))
    return phase.emitOpError("expected f16 or f32 storage of the cache, but got ")
           << *phase.getCache();
  phase.walk([&](tile::StoreOp store) { stored.insert(store.getBufferAttr().getAttr()); });
  phase.walk([&](tile::ScatterOp scatter) { stored.insert(scatter.getBufferAttr().getAttr()); });
  builder.setInsertionPoint(phase);
  Type pointer = emit.pointer(), i32 = builder.getI32Type();
  auto function = func::FuncOp::create(builder, phase.getLoc(), mangle(phase),
                                       builder.getFunctionType({pointer, pointer, i32, i32}, {}));
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  context = entry->getArgument(0);
  table = entry->getArgument(1);
  worker = emit.toIndex(entry->getArgument(2));
  workers = emit.toIndex(entry->getArgument(3));
  Value stride = contextSize(offsetof(frit_ctx, scratchStride));
  scratch = emit.address(contextPointer(offsetof(frit_ctx, scratch)), emit.mul(worker, stride));
  if (failed(lowerBlock(phase.getBody().front())))
    return failure();
  func::ReturnOp::create(builder, phase.getLoc());
  function->setAttr("frit.packs", builder.getArrayAttr(packs.getArrayRef()));
  function->setAttr("frit.phase", builder.getStringAttr(phase.getSymName()));
  info.scratchBytes = std::max(info.scratchBytes, scratchBytes);
  return function;
}

//===----------------------------------------------------------------------===//
// The runtime's context
//===----------------------------------------------------------------------===//

Value PhaseLowering::contextPointer(size_t offset) {
  return emit.load(emit.pointer(), emit.address(context, static_cast<int64_t>(offset)), 8);
}

Value PhaseLowering::contextSize(size_t offset) {
  return emit.toIndex(
      emit.load(builder.getI64Type(), emit.address(context, static_cast<int64_t>(offset)), 8));
}

/// Entry `token` of one of the i32 arrays of the context.
Value PhaseLowering::tokenField(size_t offset, Value token) {
  Value array = contextPointer(offset);
  return emit.load(builder.getI32Type(), emit.address(array, emit.mul(token, 4)), 4);
}

Value PhaseLowering::addressTable(int64_t slot) {
  return emit.load(emit.pointer(), emit.address(table, 8 * slot), 8);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

PhaseLowering::Place PhaseLowering::allocate(Type type) {
  Place result;
  if (auto tile = dyn_cast<tile::TileType>(type)) {
    result.rows = tile.getRows();
    result.columns = tile.getColumns();
  } else {
    auto quantized = cast<tile::QTileType>(type);
    result.rows = quantized.getRows();
    result.columns = quantized.getColumns();
    result.isQuantized = true;
  }
  result.rowBytes = rowBytesOf(result.columns, result.isQuantized);
  result.pointer = allocateBytes(result.rows * result.rowBytes);
  return result;
}

Value PhaseLowering::allocateBytes(int64_t bytes) {
  Value pointer = emit.address(scratch, scratchBytes);
  scratchBytes += static_cast<int64_t>(llvm::alignTo(bytes, 64));
  return pointer;
}

Value PhaseLowering::element(const Place &of, Value row, Value column, int64_t elementBytes) {
  Value pointer = of.pointer;
  if (of.indices)
    row = emit.loadIndex(of.indices, row);
  if (of.rows > 1 || of.indices)
    pointer = emit.address(pointer, emit.mul(row, of.rowBytes));
  return column ? emit.address(pointer, emit.mul(column, elementBytes)) : pointer;
}

void PhaseLowering::forRows(const Place &of, function_ref<void(Value)> body) {
  if (of.valid)
    return emit.loop(of.valid, 1, body);
  emit.loop(of.rows, 1, body);
}

/// Calls body(column, lanes) for whole vectors and then for single elements.
void PhaseLowering::forColumns(int64_t columns, function_ref<void(Value, int64_t)> body) {
  int64_t lanes = emit.lanes(), whole = columns / lanes * lanes;
  emit.loop(whole, lanes, [&](Value column) { body(column, lanes); });
  for (int64_t column = whole; column < columns; ++column)
    body(emit.index(column), 1);
}

/// Tiles of int8 are copied as if their rows were f32.
void PhaseLowering::copy(const Place &from, const Place &to) {
  int64_t columns = rowBytesOf(from.columns, from.isQuantized) / 4;
  forRows(from, [&](Value row) {
    forColumns(columns, [&](Value column, int64_t lanes) {
      Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
      emit.store(emit.load(type, element(from, row, column), 4), element(to, row, column), 4);
    });
  });
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

/// The tile whose memory `value` is a view of, maybe itself.
static Value originOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto insert = dyn_cast<tile::InsertOp>(op))
      value = insert.getInto();
    else if (auto combine = dyn_cast<tile::CombineOp>(op))
      value = combine.getInto();
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      value = loop.getInitArgs()[cast<OpResult>(value).getResultNumber()];
    else if (isa<tile::RowsOp, tile::ReshapeOp, tile::GatherOp>(op))
      value = op->getOperand(0);
    else
      break;
  }
  return value;
}

/// Whether a loop that begins with `initial` may change it where it is: nobody else reads it, no
/// buffer holds it, and it is made anew each time the loop begins.
static bool isOwned(Value initial, scf::ForOp loop) {
  if (!initial.hasOneUse() || initial.getParentBlock() != loop->getBlock())
    return false;
  if (Operation *op = initial.getDefiningOp())
    return isa<tile::EmptyOp, tile::FillOp>(op);
  return isa<scf::ForOp>(loop->getParentOp());
}

LogicalResult PhaseLowering::lowerFor(scf::ForOp loop) {
  // Carried tiles stay in one place; other carried values do not occur in phases.
  SmallVector<Place> carried;
  for (Value initial : loop.getInitArgs()) {
    if (!isa<tile::TileType, tile::QTileType>(initial.getType()))
      return loop.emitError("expected a phase to carry only tiles through loops, but got ")
             << initial.getType();
    if (isOwned(initial, loop)) {
      carried.push_back(place(initial));
      carried.back().valid = {};
      continue;
    }
    carried.push_back(allocate(initial.getType()));
    copy(place(initial), carried.back());
  }
  auto lowered = scf::ForOp::create(builder, loop.getLoc(), lookup(loop.getLowerBound()),
                                    lookup(loop.getUpperBound()), lookup(loop.getStep()));
  mapping.map(loop.getInductionVar(), lowered.getInductionVar());
  for (auto [argument, result, where] :
       llvm::zip_equal(loop.getRegionIterArgs(), loop.getResults(), carried))
    places[argument] = places[result] = where;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(lowered.getBody());
  if (failed(lowerBlock(*loop.getBody())))
    return failure();
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  for (auto [value, argument, where] :
       llvm::zip_equal(yield.getOperands(), loop.getRegionIterArgs(), carried)) {
    const Place &from = place(value);
    if (value == argument || (from.pointer == where.pointer && from.rowBytes == where.rowBytes &&
                              !from.indices && originOf(value) == argument))
      continue;
    // A copy of another carried tile, or a view of one, could be overwritten before it is read.
    if (llvm::is_contained(loop.getRegionIterArgs(), originOf(value)))
      return loop.emitError("expected a loop not to exchange its carried tiles");
    copy(place(value), where);
  }
  return success();
}

LogicalResult PhaseLowering::lowerIf(scf::IfOp branch) {
  if (branch.getNumResults())
    return branch.emitError("expected a branch without results in a phase");
  auto lowered = scf::IfOp::create(builder, branch.getLoc(), lookup(branch.getCondition()),
                                   !branch.getElseRegion().empty());
  for (auto [from, to] : llvm::zip_equal(branch->getRegions(), lowered->getRegions())) {
    if (from.empty())
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&to.front());
    if (failed(lowerBlock(from.front())))
      return failure();
  }
  return success();
}

void PhaseLowering::lowerReshape(tile::ReshapeOp op) {
  Place from = place(op.getInput());
  Place to = from;
  to.valid = {};
  auto setShape = [&](auto type) {
    to.rows = type.getRows();
    to.columns = type.getColumns();
  };
  llvm::TypeSwitch<Type>(op.getResult().getType()).Case<tile::TileType, tile::QTileType>(setShape);
  to.rowBytes = rowBytesOf(to.columns, from.isQuantized);
  // Rows of a view lie apart.
  if ((from.rowBytes != rowBytesOf(from.columns, from.isQuantized) && from.rows > 1) ||
      from.indices) {
    Place whole = allocate(op.getInput().getType());
    copy(from, whole);
    to.pointer = whole.pointer;
    to.indices = {};
  }
  places[op.getResult()] = to;
}

LogicalResult PhaseLowering::lowerBlock(Block &block) {
  for (Operation &op : block) {
    emit.loc = op.getLoc();
    if (failed(lowerOp(op)))
      return failure();
  }
  return success();
}

LogicalResult PhaseLowering::lowerOp(Operation &op) {
  auto ok = [&](auto lower) {
    return [this, lower](auto typed) -> LogicalResult {
      (this->*lower)(typed);
      return success();
    };
  };
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case<scf::ForOp>([&](auto loop) { return lowerFor(loop); })
      .Case<scf::IfOp>([&](auto branch) { return lowerIf(branch); })
      .Case<scf::YieldOp>([](auto) { return success(); })
      .Case<tile::CountOp>([&](auto count) {
        mapping.map(count.getResult(), contextSize(count.getRows() == tile::Rows::Tokens
                                                       ? offsetof(frit_ctx, tokens)
                                                       : offsetof(frit_ctx, wanted)));
        return success();
      })
      .Case<tile::SharesOp>(ok(&PhaseLowering::lowerShares))
      .Case<tile::KeyRangeOp>(ok(&PhaseLowering::lowerKeyRange))
      .Case<tile::LoadOp>(ok(&PhaseLowering::lowerLoad))
      .Case<tile::StoreOp>(ok(&PhaseLowering::lowerStore))
      .Case<tile::VectorOp>(ok(&PhaseLowering::lowerVector))
      .Case<tile::EmbedOp>(ok(&PhaseLowering::lowerEmbed))
      .Case<tile::WeightsOp>(ok(&PhaseLowering::lowerWeights))
      .Case<tile::CacheOp>([&](auto cache) { return lowerCache(cache); })
      .Case<tile::AppendOp>([&](auto append) { return lowerAppend(append); })
      .Case<tile::MapOp>([&](auto map) { return lowerMap(map); })
      .Case<tile::ReduceOp>(ok(&PhaseLowering::lowerReduce))
      .Case<tile::FillOp>(ok(&PhaseLowering::lowerFill))
      .Case<tile::QuantizeOp>([&](auto quantize) { return lowerQuantize(quantize); })
      .Case<tile::RotateOp>(ok(&PhaseLowering::lowerRotate))
      .Case<tile::MaskOp>(ok(&PhaseLowering::lowerMask))
      .Case<tile::ProductOp>([&](auto product) { return lowerProduct(product); })
      .Case<tile::RowsOp>([&](auto rows) {
        Place view = place(rows.getInput());
        if (view.indices)
          view.indices = emit.address(view.indices, emit.mul(lookup(rows.getRow()), 4));
        else
          view.pointer = element(view, lookup(rows.getRow()), Value());
        view.rows = isa<tile::TileType>(rows.getResult().getType())
                        ? cast<tile::TileType>(rows.getResult().getType()).getRows()
                        : cast<tile::QTileType>(rows.getResult().getType()).getRows();
        view.valid = {};
        places[rows.getResult()] = view;
        return success();
      })
      .Case<tile::ReshapeOp>(ok(&PhaseLowering::lowerReshape))
      .Case<tile::EmptyOp>([&](auto empty) {
        places[empty.getResult()] = allocate(empty.getResult().getType());
        return success();
      })
      .Case<tile::InsertOp>([&](auto insert) { return lowerInsert(insert); })
      .Case<tile::TopOp>(ok(&PhaseLowering::lowerTop))
      .Case<tile::DispatchOp>(ok(&PhaseLowering::lowerDispatch))
      .Case<tile::ExpertOp>(ok(&PhaseLowering::lowerExpert))
      .Case<tile::GatherOp>(ok(&PhaseLowering::lowerGather))
      .Case<tile::ScatterOp>(ok(&PhaseLowering::lowerScatter))
      .Case<tile::CombineOp>([&](auto combine) { return lowerCombine(combine); })
      .Default([&](Operation *other) -> LogicalResult {
        if (!isa_and_nonnull<arith::ArithDialect>(other->getDialect()))
          return other->emitOpError(
              "expected an op of tile or arith, scf.for or scf.if in a phase");
        auto isNumber = [](Type type) { return type.isIntOrIndexOrFloat(); };
        if (!llvm::all_of(other->getOperandTypes(), isNumber) ||
            !llvm::all_of(other->getResultTypes(), isNumber))
          return other->emitOpError("expected an op of arith on numbers in a phase");
        builder.clone(*other, mapping);
        return success();
      });
}
