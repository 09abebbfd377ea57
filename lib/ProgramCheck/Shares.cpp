//===- Shares.cpp - what the shares of a phase touch -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Follows the index arithmetic of a tile.phase through its loops, with numbers in the place of the
// values: the tiles themselves do not matter, where they lie does. Work that cores divide among
// them is in loops over tile.shares; each time through such a loop is a share.
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "lib/ProgramCheck/Module.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace frit;

namespace {
/// Elements of a buffer, or of a side of the cache: heads are columns.
struct Box {
  int64_t row, rows, column, columns;

  bool overlaps(const Box &other) const {
    return row < other.row + other.rows && other.row < row + rows &&
           column < other.column + other.columns && other.column < column + columns;
  }
  bool contains(const Box &other) const {
    return row <= other.row && other.row + other.rows <= row + rows && column <= other.column &&
           other.column + other.columns <= column + columns;
  }
};

struct Access {
  Box box;
  int64_t share; ///< 0: outside of any
  Operation *op;
};

/// One phase with a number of tokens.
class Walk {
public:
  Walk(tile::PhaseOp phase, int64_t tokens) : phase(phase), tokens(tokens) {}

  LogicalResult run();

private:
  LogicalResult walk(Block &block);
  LogicalResult walk(Operation &op);
  LogicalResult walkFor(scf::ForOp loop);
  LogicalResult load(tile::LoadOp op);
  LogicalResult write(Operation *op, StringRef where, Box box);
  LogicalResult scatter(tile::ScatterOp op);
  LogicalResult checkWrites(StringRef where, MutableArrayRef<Access> list);
  LogicalResult checkCovered(StringRef where, ArrayRef<Access> list, int64_t columns);

  bool isIdle(scf::ForOp loop);
  bool isOutput(StringRef buffer) {
    return !phase.getOutputs() ||
           llvm::is_contained(*phase.getOutputs(),
                              FlatSymbolRefAttr::get(phase.getContext(), buffer));
  }
  FailureOr<int64_t> index(Operation *op, Value value);
  tile::BufferOp buffer(Operation *op, StringAttr name) {
    return SymbolTable::lookupNearestSymbolFrom<tile::BufferOp>(op, name);
  }

  tile::PhaseOp phase;
  int64_t tokens;
  llvm::DenseMap<Value, int64_t> numbers;
  llvm::DenseSet<Value> shareBounds;      ///< upper bounds that tile.shares gives
  llvm::DenseMap<Operation *, bool> idle; ///< loops: what isIdle() has found
  int64_t share = 0, shareCount = 0;
  llvm::StringMap<std::vector<Access>> writes, loads;
};
} // namespace

/// More would be a schedule that nobody can follow.
static constexpr int64_t maxIterations = int64_t(1) << 24;

static std::pair<int64_t, int64_t> shapeOf(Type type) {
  if (auto tile = dyn_cast<tile::TileType>(type))
    return {tile.getRows(), tile.getColumns()};
  auto codes = cast<tile::QTileType>(type);
  return {codes.getRows(), codes.getColumns()};
}

FailureOr<int64_t> Walk::index(Operation *op, Value value) {
  auto found = numbers.find(value);
  if (found != numbers.end())
    return found->second;
  return op->emitOpError("expected an index that depends only on numbers of tokens and shares");
}

LogicalResult Walk::load(tile::LoadOp op) {
  FailureOr<int64_t> row = index(op, op.getRow()), column = index(op, op.getColumn());
  if (failed(row) || failed(column))
    return failure();
  auto [rows, columns] = shapeOf(op.getResult().getType());
  // Columns of the tile behind the buffer's last are not read.
  auto all = static_cast<int64_t>(buffer(op, op.getBufferAttr().getAttr()).getColumns());
  columns = std::min(columns, all - *column);
  // Rows of wanted tokens may be any.
  Box box{*row, rows, *column, columns};
  if (op.getWanted())
    box = {0, std::numeric_limits<int32_t>::max(), *column, columns};
  loads[op.getBuffer()].push_back({box, share, op});
  return success();
}

LogicalResult Walk::write(Operation *op, StringRef where, Box box) {
  if (!share)
    return op->emitOpError("expected to be in a share, but every core does it");
  if (box.row < 0 || box.column < 0)
    return op->emitOpError("expected rows and columns from 0");
  writes[where].push_back({box, share, op});
  return success();
}

/// The parts of a token are side by side in its row.
LogicalResult Walk::scatter(tile::ScatterOp op) {
  FailureOr<int64_t> column = index(op, op.getColumn()), place = index(op, op.getPlace()),
                     valid = index(op, op.getValid());
  if (failed(column) || failed(place) || failed(valid))
    return failure();
  auto type = cast<tile::DispatchType>(op.getDispatch().getType());
  auto [rows, columns] = shapeOf(op.getValue().getType());
  int64_t top = type.getTop();
  int64_t partColumns = static_cast<int64_t>(buffer(op, op.getBufferAttr().getAttr()).getColumns());
  partColumns /= top;
  columns = std::min(columns, partColumns - *column);
  // Each expert has one place after the other: see tile.expert below.
  for (int64_t part = *place, end = *place + std::min(rows, *valid); part < end; ++part)
    if (failed(write(op, op.getBuffer(),
                     {part / top, 1, part % top * partColumns + *column, columns})))
      return failure();
  return success();
}

/// Whether a loop only computes, as those over the columns of a product do: nothing that it loads
/// is written in the phase, and it stores nothing.
bool Walk::isIdle(scf::ForOp loop) {
  auto [found, isNew] = idle.try_emplace(loop, true);
  if (!isNew)
    return found->second;
  bool result = llvm::none_of(loop.getResultTypes(), [](Type type) { return type.isIndex(); });
  loop->walk([&](Operation *op) {
    auto load = dyn_cast<tile::LoadOp>(op);
    if (isa<tile::StoreOp, tile::ScatterOp, tile::AppendOp, tile::SharesOp>(op) ||
        (load && isOutput(load.getBuffer())))
      result = false;
  });
  return idle[loop] = result;
}

LogicalResult Walk::walkFor(scf::ForOp loop) {
  if (isIdle(loop))
    return success();
  FailureOr<int64_t> lower = index(loop, loop.getLowerBound()),
                     upper = index(loop, loop.getUpperBound()), step = index(loop, loop.getStep());
  if (failed(lower) || failed(upper) || failed(step))
    return failure();
  if (*step <= 0 || (*upper - *lower) / *step > maxIterations)
    return loop.emitOpError("expected a loop of at most ") << maxIterations << " steps";
  bool isShares = shareBounds.contains(loop.getUpperBound());
  if (isShares && share)
    return loop.emitOpError("expected no shares within a share");
  for (int64_t i = *lower; i < *upper; i += *step) {
    numbers[loop.getInductionVar()] = i;
    if (isShares)
      share = ++shareCount;
    if (failed(walk(*loop.getBody())))
      return failure();
    if (isShares)
      share = 0;
  }
  return success();
}

LogicalResult Walk::walk(Block &block) {
  for (Operation &op : block)
    if (failed(walk(op)))
      return failure();
  return success();
}

/// The number an op of index arithmetic gives; nothing for any other op.
static std::optional<int64_t> evaluate(Operation &op, ArrayRef<int64_t> in) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto value = dyn_cast<IntegerAttr>(constant.getValue());
    return value ? std::optional(value.getInt()) : std::nullopt;
  }
  if (isa<arith::AddIOp>(op))
    return in[0] + in[1];
  if (isa<arith::SubIOp>(op))
    return in[0] - in[1];
  if (isa<arith::MulIOp>(op))
    return in[0] * in[1];
  if (isa<arith::MinUIOp, arith::MinSIOp>(op))
    return std::min(in[0], in[1]);
  if (isa<arith::MaxUIOp, arith::MaxSIOp>(op))
    return std::max(in[0], in[1]);
  if (isa<arith::SelectOp>(op))
    return in[0] ? in[1] : in[2];
  if (isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp>(op)) {
    if (in[1] <= 0 || in[0] < 0)
      return std::nullopt;
    return isa<arith::DivUIOp>(op)   ? in[0] / in[1]
           : isa<arith::RemUIOp>(op) ? in[0] % in[1]
                                     : (in[0] + in[1] - 1) / in[1];
  }
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return arith::applyCmpPredicate(compare.getPredicate(), APInt(64, in[0], true),
                                    APInt(64, in[1], true));
  return std::nullopt;
}

LogicalResult Walk::walk(Operation &op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return walkFor(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    FailureOr<int64_t> condition = index(&op, branch.getCondition());
    if (failed(condition))
      return failure();
    Region &region = *condition ? branch.getThenRegion() : branch.getElseRegion();
    return region.empty() ? success() : walk(region.front());
  }
  if (isa<tile::CountOp>(op)) {
    numbers[op.getResult(0)] = tokens;
  } else if (auto shares = dyn_cast<tile::SharesOp>(op)) {
    FailureOr<int64_t> count = index(&op, shares.getCount());
    if (failed(count))
      return failure();
    numbers[shares.getLower()] = 0;
    numbers[shares.getUpper()] = *count;
    numbers[shares.getStep()] = 1;
    shareBounds.insert(shares.getUpper());
  } else if (auto range = dyn_cast<tile::KeyRangeOp>(op)) {
    numbers[range.getLower()] = 0; // one block: keys are only read
    numbers[range.getUpper()] = static_cast<int64_t>(range.getBlock());
  } else if (auto dispatch = dyn_cast<tile::DispatchOp>(op)) {
    auto type = cast<tile::DispatchType>(dispatch.getDispatch().getType());
    numbers[dispatch.getActive()] = std::min(type.getExperts(), tokens * type.getTop());
  } else if (auto expert = dyn_cast<tile::ExpertOp>(op)) {
    // The parts in turn, an equal number for each active expert.
    FailureOr<int64_t> number = index(&op, expert.getIndex());
    if (failed(number))
      return failure();
    auto type = cast<tile::DispatchType>(expert.getDispatch().getType());
    int64_t parts = tokens * type.getTop(), active = std::min(type.getExperts(), parts);
    numbers[expert.getNumber()] = *number;
    numbers[expert.getFirst()] = parts * *number / active;
    numbers[expert.getEnd()] = parts * (*number + 1) / active;
  } else if (auto load = dyn_cast<tile::LoadOp>(op)) {
    return this->load(load);
  } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
    FailureOr<int64_t> row = index(&op, store.getRow()), column = index(&op, store.getColumn());
    if (failed(row) || failed(column))
      return failure();
    auto [rows, columns] = shapeOf(store.getValue().getType());
    auto all = static_cast<int64_t>(buffer(&op, store.getBufferAttr().getAttr()).getColumns());
    return write(&op, store.getBuffer(), {*row, rows, *column, std::min(columns, all - *column)});
  } else if (auto scatter = dyn_cast<tile::ScatterOp>(op)) {
    return this->scatter(scatter);
  } else if (auto append = dyn_cast<tile::AppendOp>(op)) {
    FailureOr<int64_t> head = index(&op, append.getHead()), row = index(&op, append.getRow());
    if (failed(head) || failed(row))
      return failure();
    // Heads are columns.
    auto cache = cast<kv::CacheType>(*phase.getCache());
    bool isKeys = append.getSide() == tile::Side::Keys;
    auto [rows, columns] = shapeOf(append.getValue().getType());
    return write(&op, isKeys ? "keys" : "values",
                 {*row, rows, *head, columns / (isKeys ? cache.getKeyDim() : cache.getValueDim())});
  } else {
    SmallVector<int64_t> in;
    for (Value operand : op.getOperands()) {
      auto found = numbers.find(operand);
      if (found == numbers.end())
        return success(); // a tile; who needs it as an index says so
      in.push_back(found->second);
    }
    if (op.getNumResults() == 1)
      if (std::optional<int64_t> result = evaluate(op, in))
        numbers[op.getResult(0)] = *result;
  }
  return success();
}

/// That no two shares write the same element. Sorts by row, so that few pairs are looked at.
LogicalResult Walk::checkWrites(StringRef where, MutableArrayRef<Access> list) {
  llvm::sort(list, [](const Access &a, const Access &b) {
    return std::pair(a.box.column, a.box.row) < std::pair(b.box.column, b.box.row);
  });
  int64_t widest = 0;
  for (const Access &access : list)
    widest = std::max(widest, access.box.columns);
  for (auto access = list.begin(); access != list.end(); ++access)
    for (auto next = std::next(access);
         next != list.end() && next->box.column < access->box.column + access->box.columns; ++next)
      if (next->share != access->share && next->box.overlaps(access->box)) {
        InFlightDiagnostic error = next->op->emitOpError("writes row ")
                                   << std::max(next->box.row, access->box.row) << ", column "
                                   << next->box.column << " of " << where << ", with " << tokens
                                   << " tokens, which another share writes, too";
        error.attachNote(access->op->getLoc()) << "here";
        return error;
      }
  return success();
}

/// That every element of the rows of tokens is written.
LogicalResult Walk::checkCovered(StringRef where, ArrayRef<Access> list, int64_t columns) {
  llvm::DenseSet<std::pair<int64_t, int64_t>> seen;
  int64_t elements = 0;
  // Boxes of other shares are disjoint; those of one share may be written twice.
  for (const Access &access : list) {
    if (!seen.insert({access.box.row, access.box.column}).second)
      continue;
    int64_t rows = std::min(access.box.row + access.box.rows, tokens) - access.box.row;
    elements += std::max<int64_t>(rows, 0) * access.box.columns;
  }
  if (elements == tokens * columns)
    return success();
  return phase.emitOpError("expected ")
         << tokens * columns << " elements of " << where << " to be written with " << tokens
         << " tokens, but got " << elements;
}

LogicalResult Walk::run() {
  if (failed(walk(phase.getBody().front())))
    return failure();
  auto declares = [](std::optional<ArrayAttr> list, StringRef name) {
    return !list || llvm::any_of(list->getAsRange<FlatSymbolRefAttr>(),
                                 [&](FlatSymbolRefAttr entry) { return entry.getValue() == name; });
  };
  WalkResult declared = phase.walk([&](tile::LoadOp load) {
    if (declares(phase.getInputs(), load.getBuffer()))
      return WalkResult::advance();
    load.emitOpError("expected to read only inputs of the phase");
    return WalkResult::interrupt();
  });
  if (declared.wasInterrupted())
    return failure();
  for (auto &entry : writes) {
    StringRef where = entry.getKey();
    bool isCache = where == "keys" || where == "values";
    if (!isCache && !declares(phase.getOutputs(), where))
      return entry.second.front().op->emitOpError("expected to write only outputs of the phase");
    if (failed(checkWrites(where, entry.second)))
      return failure();
    int64_t columns =
        isCache ? cast<kv::CacheType>(*phase.getCache()).getHeads()
                : static_cast<int64_t>(
                      buffer(phase, StringAttr::get(phase.getContext(), where)).getColumns());
    if (failed(checkCovered(where, entry.second, columns)))
      return failure();
    for (const Access &load : loads.lookup(where)) {
      bool isOwn = llvm::any_of(entry.second, [&](const Access &write) {
        return write.share == load.share && write.box.contains(load.box);
      });
      if (!isOwn)
        return load.op->emitOpError("reads row ")
               << load.box.row << ", column " << load.box.column << " of " << where
               << ", which another share writes";
    }
  }
  if (auto outputs = phase.getOutputs())
    for (auto name : outputs->getAsRange<FlatSymbolRefAttr>())
      if (!writes.contains(name.getValue()))
        return phase.emitOpError("expected to write ") << name;
  auto reference =
      SymbolTable::lookupNearestSymbolFrom<kernel::ReferenceOp>(phase, phase.getReferenceAttr());
  bool appends = reference && !reference.getBody().getOps<kv::AppendOp>().empty();
  for (StringRef side : {"keys", "values"})
    if (appends != writes.contains(side))
      return phase.emitOpError(appends ? "expected to append " : "expected not to append ") << side;
  return success();
}

LogicalResult program::checkShares(ModuleOp module) {
  int64_t multiple = 1, most = 1;
  for (auto op : module.getOps<tile::ProgramOp>()) {
    multiple = std::max(multiple, static_cast<int64_t>(op.getTokenMultiple()));
    most = std::max(most, static_cast<int64_t>(op.getMaxTokens()));
  }
  for (auto phase : module.getOps<tile::PhaseOp>()) {
    if (phase.getBody().front().empty())
      continue;
    // One of several tokens has room for so many.
    int64_t room = most;
    phase.walk([&](tile::DispatchOp op) {
      room = std::min(room, cast<tile::DispatchType>(op.getDispatch().getType()).getTokens());
    });
    auto step = static_cast<int64_t>(phase.getBucket());
    for (int64_t tokens : {int64_t(1), step, step + 1, multiple + 1, 2 * multiple + step + 1})
      if (tokens <= room && failed(Walk(phase, tokens).run()))
        return failure();
  }
  return success();
}
