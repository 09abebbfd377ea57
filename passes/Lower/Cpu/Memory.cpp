//===- Memory.cpp - buffers, packs and caches as addresses -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "frit/Runtime/Abi.h"
#include "passes/Lower/Cpu/PhaseLowering.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::lower::cpu;

//===----------------------------------------------------------------------===//
// Shares and ranges
//===----------------------------------------------------------------------===//

void PhaseLowering::lowerShares(tile::SharesOp op) {
  Value count = lookup(op.getCount());
  if (op.getCyclic()) {
    mapping.map(op.getLower(), worker);
    mapping.map(op.getUpper(), count);
    mapping.map(op.getStep(), workers);
    return;
  }
  auto bound = [&](Value of) -> Value {
    return arith::DivUIOp::create(builder, emit.loc, emit.mul(count, of), workers);
  };
  mapping.map(op.getLower(), bound(worker));
  mapping.map(op.getUpper(), bound(emit.add(worker, emit.index(1))));
  mapping.map(op.getStep(), emit.index(1));
}

void PhaseLowering::lowerKeyRange(tile::KeyRangeOp op) {
  Value row = lookup(op.getRow());
  Value newest, oldest;
  for (int64_t i = 0; i < static_cast<int64_t>(op.getCount()); ++i) {
    Value position = tokenField(offsetof(frit_ctx, positions), emit.add(row, emit.index(i)));
    newest = newest ? Value(arith::MaxSIOp::create(builder, emit.loc, newest, position)) : position;
    // As unsigned, a padding token's -1 is the largest.
    oldest = oldest ? Value(arith::MinUIOp::create(builder, emit.loc, oldest, position)) : position;
  }
  Value upper = emit.toIndex(emit.add(newest, emit.integer(1)));
  Value lower = emit.index(0);
  if (op.getWindow()) {
    Value first = emit.add(oldest, emit.integer(1 - static_cast<int64_t>(*op.getWindow())));
    Value clamped = arith::MaxSIOp::create(builder, emit.loc, first, emit.integer(0));
    Value block = emit.index(static_cast<int64_t>(op.getBlock()));
    Value blocks = arith::DivUIOp::create(builder, emit.loc, emit.toIndex(clamped), block);
    lower = emit.mul(blocks, block);
  }
  mapping.map(op.getLower(), lower);
  mapping.map(op.getUpper(), upper);
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// Where column `column` of the first row of a buffer is.
Value PhaseLowering::bufferPointer(tile::BufferOp buffer, Value column) {
  Value pointers = contextPointer(offsetof(frit_ctx, buffers));
  Value base =
      emit.load(emit.pointer(),
                emit.address(pointers, 8 * info.bufferIndex.lookup(buffer.getSymNameAttr())), 8);
  Value offset = emit.mul(column, 4);
  if (buffer.getBlock())
    offset = emit.mul(arith::DivUIOp::create(builder, emit.loc, column, emit.index(recordColumns)),
                      recordLayout.blockBytes);
  return emit.address(base, offset);
}

void PhaseLowering::lowerLoad(tile::LoadOp op) {
  auto buffer = SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(op, op.getBufferAttr());
  int64_t rowBytes = buffer.rowBytes();
  Value base = bufferPointer(buffer, lookup(op.getColumn()));
  Value row = lookup(op.getRow());
  Value valid = op.getValid() ? lookup(op.getValid()) : Value();
  auto shaped = [&](auto type) -> Place {
    return {{}, rowBytes, type.getRows(), type.getColumns(), valid, {}, bool(buffer.getBlock())};
  };
  Place view = llvm::TypeSwitch<Type, Place>(op.getResult().getType())
                   .Case<tile::TileType, tile::QTileType>(shaped);
  if (!op.getWanted()) {
    view.pointer = emit.address(base, emit.mul(row, rowBytes));
    // A view would change when this phase writes the buffer.
    if (stored.contains(buffer.getSymNameAttr())) {
      Place own = allocate(op.getResult().getType());
      own.valid = valid;
      copy(view, own);
      view = own;
    }
    places[op.getResult()] = view;
    return;
  }
  Place own = allocate(op.getResult().getType());
  own.valid = valid;
  view.rows = 1;
  view.valid = {};
  forRows(own, [&](Value r) {
    Value token = emit.toIndex(tokenField(offsetof(frit_ctx, wantedRows), emit.add(row, r)));
    view.pointer = emit.address(base, emit.mul(token, rowBytes));
    Place to = own;
    to.pointer = element(own, r, Value());
    to.rows = 1;
    copy(view, to);
  });
  places[op.getResult()] = own;
}

void PhaseLowering::lowerStore(tile::StoreOp op) {
  auto buffer = SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(op, op.getBufferAttr());
  Value base = bufferPointer(buffer, lookup(op.getColumn()));
  const Place &from = place(op.getValue());
  Place to = from;
  to.rowBytes = buffer.rowBytes();
  to.pointer = emit.address(base, emit.mul(lookup(op.getRow()), to.rowBytes));
  to.indices = {};
  copyUpTo(from, to, lookup(op.getColumn()), static_cast<int64_t>(buffer.getColumns()));
}

/// Copies a tile to column `column` of rows of `columns`, without what is behind the last.
void PhaseLowering::copyUpTo(const Place &from, const Place &to, Value column, int64_t columns) {
  if (columns % from.columns == 0)
    return copy(from, to);
  Value inside = arith::SubIOp::create(builder, emit.loc, emit.index(columns), column);
  Value whole = arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::uge, inside,
                                      emit.index(from.columns));
  auto branch = scf::IfOp::create(builder, emit.loc, whole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  copy(from, to);
  builder.setInsertionPointToStart(branch.elseBlock());
  if (from.isQuantized)
    // As copy() does, words of records.
    inside = emit.mul(arith::DivUIOp::create(builder, emit.loc, inside, emit.index(recordColumns)),
                      recordLayout.blockBytes / 4);
  forRows(from, [&](Value row) {
    emit.loop(inside, 1, [&](Value column) {
      emit.store(emit.load(builder.getF32Type(), element(from, row, column), 4),
                 element(to, row, column), 4);
    });
  });
}

//===----------------------------------------------------------------------===//
// Packs
//===----------------------------------------------------------------------===//

Value PhaseLowering::packPointer(FlatSymbolRefAttr pack) {
  packs.insert(pack);
  auto slot = std::distance(packs.begin(), llvm::find(packs, Attribute(pack)));
  return addressTable(2 + slot);
}

/// The type of a pack's first source; all sources have its format and columns.
graph::WeightType PhaseLowering::packType(FlatSymbolRefAttr pack) {
  auto module = phase->getParentOfType<ModuleOp>();
  auto op = SymbolTable::lookupNearestSymbolFrom<tile::PackOp>(phase, pack);
  Operation *source = SymbolTable::lookupSymbolIn(module, cast<SymbolRefAttr>(op.getSources()[0]));
  if (auto column = dyn_cast<graph::ColumnOp>(source))
    return cast<graph::WeightType>(column.getType());
  return cast<graph::WeightType>(cast<graph::WeightOp>(source).getType());
}

void PhaseLowering::lowerVector(tile::VectorOp op) {
  tile::TileType type = op.getResult().getType();
  Value pointer = emit.address(packPointer(op.getPackAttr()), emit.mul(lookup(op.getColumn()), 4));
  places[op.getResult()] = {pointer, 4 * type.getColumns(), 1, type.getColumns()};
}

void PhaseLowering::lowerWeights(tile::WeightsOp op) {
  tile::MatrixType type = op.getResult().getType();
  int64_t bytes =
      type.getRows() / tile::groupRows * tile::groupBytes(type.getFormat(), type.getColumns());
  matrices[op.getResult()] =
      emit.address(packPointer(op.getPackAttr()), emit.mul(lookup(op.getTile()), bytes));
}

/// Dequantizes row `lane` of a group of a pack, 32 columns at a time.
void PhaseLowering::emitQuantizedRow(const FormatInfo &format, int64_t columns, Value group,
                                     Value lane, Value out) {
  tile::P16Block layout = tile::p16Block(format);
  Type scaleType =
      format.scaleFormat == Format::BF16 ? Type(builder.getBF16Type()) : builder.getF16Type();
  VectorType four = emit.ints(4, 8), wide = emit.ints(4), real = emit.floats(4);
  auto divide = [&](Value a, int64_t b) -> Value {
    return arith::DivUIOp::create(builder, emit.loc, a, emit.index(b));
  };
  emit.loop(columns, recordColumns, [&](Value column) {
    Value block = emit.address(group, emit.mul(divide(column, layout.columns), layout.blockBytes));
    Value inBlock = arith::RemUIOp::create(builder, emit.loc, column, emit.index(layout.columns));
    auto rowOf = [&](Value index) { return emit.add(emit.mul(index, tile::groupRows), lane); };
    Value whole = emit.mul(rowOf(divide(inBlock, format.blockElements)), 2);
    auto load = [&](Type type, int64_t offset) {
      return emit.loadAsFloat(type, 1, emit.address(emit.address(block, offset), whole));
    };
    Value wholeScale = load(scaleType, layout.scales), wholeMin;
    if (format.hasMin)
      wholeMin = load(builder.getF16Type(), layout.mins);
    Value codes =
        emit.address(emit.address(emit.address(block, layout.codes),
                                  emit.mul(divide(inBlock, recordColumns), layout.halfBytes)),
                     emit.mul(lane, 4));
    Value scale, minimum;
    for (int64_t quad = 0; quad < recordColumns / 4; ++quad) {
      if (quad == 0 || 4 * quad % format.subElements == 0) {
        auto factor = [&](int64_t offset, bool isSigned) -> Value {
          Value sub = divide(emit.add(inBlock, emit.index(4 * quad)), format.subElements);
          Value at = emit.address(emit.address(block, offset), rowOf(sub));
          return emit.bytesToFloat(emit.load(builder.getI8Type(), at), isSigned);
        };
        bool subs = format.hasSubScales();
        scale = subs ? emit.mul(factor(layout.subScales, true), wholeScale) : wholeScale;
        if (format.hasMin)
          minimum = subs ? emit.mul(factor(layout.subMins, false), wholeMin) : wholeMin;
      }
      Value levels = emit.levels(format, quad, [&](int64_t offset) {
        return emit.load(four, emit.address(codes, offset), 4);
      });
      Value centered = arith::SubIOp::create(
          builder, emit.loc, arith::ExtUIOp::create(builder, emit.loc, wide, levels),
          emit.intLike(format.zero, wide));
      Value value = emit.mul(arith::SIToFPOp::create(builder, emit.loc, real, centered),
                             emit.splat(scale, real));
      if (minimum)
        value = emit.add(value, emit.splat(minimum, real));
      emit.store(value, emit.address(emit.address(out, emit.mul(column, 4)), 16 * quad), 4);
    }
  });
}

void PhaseLowering::lowerEmbed(tile::EmbedOp op) {
  tile::TileType type = op.getResult().getType();
  Format format = packType(op.getPackAttr()).getFormat();
  const FormatInfo &layout = formatInfo(format);
  Value base = packPointer(op.getPackAttr());
  Place own = allocate(type);
  if (op.getValid())
    own.valid = lookup(op.getValid());
  Value first = lookup(op.getRow());
  Value sixteen = emit.index(tile::groupRows);
  forRows(own, [&](Value r) {
    Value id = emit.toIndex(tokenField(offsetof(frit_ctx, ids), emit.add(first, r)));
    Value group = arith::DivUIOp::create(builder, emit.loc, id, sixteen);
    Value lane = arith::RemUIOp::create(builder, emit.loc, id, sixteen);
    Value pointer =
        emit.address(base, emit.mul(group, tile::groupBytes(format, type.getColumns())));
    Value out = element(own, r, Value());
    if (layout.isFloat()) {
      Type stored = format == Format::F32   ? Type(builder.getF32Type())
                    : format == Format::F16 ? Type(builder.getF16Type())
                                            : Type(builder.getBF16Type());
      emit.loop(type.getColumns(), 1, [&](Value column) {
        Value offset =
            emit.mul(emit.add(emit.mul(column, tile::groupRows), lane), layout.blockBytes);
        emit.store(emit.loadAsFloat(stored, 1, emit.address(pointer, offset)),
                   emit.address(out, emit.mul(column, 4)), 4);
      });
      return;
    }
    emitQuantizedRow(layout, type.getColumns(), pointer, lane, out);
  });
  places[op.getResult()] = own;
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

static int64_t storeBytes(kv::StoreAttr store) {
  return store.getType().getIntOrFloatBitWidth() / 8;
}

/// Where keys or values of a head begin, in the slot of `token`.
Value PhaseLowering::cacheHead(tile::Side side, Value head, Value token) {
  auto cache = cast<kv::CacheType>(*phase.getCache());
  bool keys = side == tile::Side::Keys;
  int64_t rowBytes = keys ? cache.getKeyDim() * storeBytes(cache.getKeyStore())
                          : cache.getValueDim() * storeBytes(cache.getValueStore());
  Value slot = emit.toIndex(tokenField(offsetof(frit_ctx, slots), token));
  Value headNumber = emit.add(emit.mul(slot, cache.getHeads()), head);
  Value capacity = contextSize(offsetof(frit_ctx, kvCapacity));
  return emit.address(addressTable(keys ? 0 : 1),
                      emit.mul(emit.mul(headNumber, capacity), rowBytes));
}

LogicalResult PhaseLowering::lowerCache(tile::CacheOp op) {
  auto cache = cast<kv::CacheType>(*phase.getCache());
  bool keys = op.getSide() == tile::Side::Keys;
  tile::MatrixType type = op.getResult().getType();
  kv::StoreAttr store = keys ? cache.getKeyStore() : cache.getValueStore();
  int64_t dim = keys ? cache.getKeyDim() : cache.getValueDim();
  if (type.getFormat() != (store.getType().isF16() ? Format::F16 : Format::F32) ||
      (keys ? type.getColumns() : type.getRows()) != dim)
    return op.emitOpError("expected ")
           << stringifySide(op.getSide()) << " of " << cache << ", but got " << type;
  // Keys come in groups of 16, values one by one: position p begins at p rows either way.
  int64_t rowBytes = keys ? cache.getKeyDim() * storeBytes(cache.getKeyStore())
                          : cache.getValueDim() * storeBytes(cache.getValueStore());
  Value head = cacheHead(op.getSide(), lookup(op.getHead()), lookup(op.getRow()));
  matrices[op.getResult()] = emit.address(head, emit.mul(lookup(op.getKey()), rowBytes));
  return success();
}

LogicalResult PhaseLowering::lowerAppend(tile::AppendOp op) {
  auto cache = cast<kv::CacheType>(*phase.getCache());
  bool keys = op.getSide() == tile::Side::Keys;
  int64_t dim = keys ? cache.getKeyDim() : cache.getValueDim();
  kv::StoreAttr store = keys ? cache.getKeyStore() : cache.getValueStore();
  int64_t bytes = storeBytes(store);
  bool half = store.getType().isF16();
  Place from = place(op.getValue());
  if (from.columns % dim)
    return op.emitOpError("expected whole heads of ")
           << dim << " columns, but got " << from.columns;
  Value row = lookup(op.getRow());
  forRows(from, [&](Value r) {
    Value token = emit.add(row, r);
    Value position = tokenField(offsetof(frit_ctx, positions), token);
    Value present = arith::CmpIOp::create(builder, emit.loc, arith::CmpIPredicate::sge, position,
                                          emit.integer(0));
    auto branch = scf::IfOp::create(builder, emit.loc, present, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value key = emit.toIndex(position);
    for (int64_t h = 0; h < from.columns / dim; ++h) {
      Value head = emit.add(lookup(op.getHead()), emit.index(h));
      Value base = cacheHead(op.getSide(), head, token);
      if (keys) {
        Value sixteen = emit.index(tile::groupRows);
        Value group = arith::DivUIOp::create(builder, emit.loc, key, sixteen);
        Value lane = arith::RemUIOp::create(builder, emit.loc, key, sixteen);
        base = emit.address(emit.address(base, emit.mul(group, dim * tile::groupRows * bytes)),
                            emit.mul(lane, bytes));
      } else {
        base = emit.address(base, emit.mul(key, dim * bytes));
      }
      forColumns(dim, [&](Value column, int64_t lanes) {
        Type type = lanes == 1 ? Type(builder.getF32Type()) : Type(emit.floats(lanes));
        Value value = emit.load(type, element(from, r, emit.add(column, emit.index(h * dim))), 4);
        if (half)
          value = emit.toHalf(value);
        if (!keys) {
          emit.store(value, emit.address(base, emit.mul(column, bytes)), bytes);
          return;
        }
        for (int64_t lane = 0; lane < lanes; ++lane) {
          Value single = lanes == 1 ? value
                                    : Value(vector::ExtractOp::create(builder, emit.loc, value,
                                                                      ArrayRef<int64_t>{lane}));
          Value at = emit.mul(emit.add(column, emit.index(lane)), tile::groupRows * bytes);
          emit.store(single, emit.address(base, at), bytes);
        }
      });
    }
  });
  return success();
}
