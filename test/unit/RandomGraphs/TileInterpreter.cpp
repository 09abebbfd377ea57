//===- TileInterpreter.cpp - programs, loops and memory ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/RandomGraphs/TileInterpreter.h"

#include "lib/Reference/Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::reference;
using namespace frit::test;

static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
/// What keys and values hold that no token wrote: no model computes such, but masks may read them.
static constexpr double unwritten = 1e4;

static Failure broken(Operation &op, StringRef what) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op.print(stream, OpPrintingFlags().skipRegions());
  return Failure(std::string_view(what), ": ", text);
}

static TileInterpreter::Tile garbage(int64_t rows, int64_t columns) {
  TileInterpreter::Tile tile(rows, columns);
  std::fill(tile.values.begin(), tile.values.end(), notANumber);
  return tile;
}

static QuantizedTensor garbage(int64_t rows, int64_t columns, int64_t block) {
  QuantizedTensor codes(rows, columns, block);
  std::fill(codes.scales.begin(), codes.scales.end(), std::numeric_limits<float>::quiet_NaN());
  std::fill(codes.codes.begin(), codes.codes.end(), int8_t(77));
  return codes;
}

/// Copies a row of codes, or its first blocks.
static void copyRow(const QuantizedTensor &from, int64_t fromRow, int64_t fromColumn,
                    QuantizedTensor &to, int64_t toRow, int64_t toColumn, int64_t columns) {
  for (int64_t i = 0; i < columns; ++i)
    to.codes[toRow * to.columns + toColumn + i] =
        from.codes[fromRow * from.columns + fromColumn + i];
  for (int64_t b = 0; b < columns / to.block; ++b) {
    int64_t source = fromRow * from.blocks() + fromColumn / from.block + b;
    int64_t target = toRow * to.blocks() + toColumn / to.block + b;
    to.scales[target] = from.scales[source];
    to.sums[target] = from.sums[source];
  }
}

static void copyRow(const TileInterpreter::Tile &from, int64_t fromRow, int64_t fromColumn,
                    TileInterpreter::Tile &to, int64_t toRow, int64_t toColumn, int64_t columns) {
  std::copy_n(from.row(fromRow) + fromColumn, columns, to.row(toRow) + toColumn);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

Result<TileInterpreter::Tile> TileInterpreter::run(tile::ProgramOp program, const Batch &batch,
                                                   int64_t cores, std::mt19937 &random) {
  tokens = &batch;
  wanted.clear();
  for (int64_t t = 0; t < numTokens(); ++t)
    if (batch.wanted[t])
      wanted.push_back(t);
  auto multiple = static_cast<int64_t>(program.getTokenMultiple());
  buffers.clear();
  for (auto op : module.getOps<tile::BufferOp>()) {
    Buffer &buffer = buffers[op.getSymName().str()];
    buffer.isWanted = op.getRows() == tile::Rows::Wanted;
    int64_t rows = buffer.isWanted ? static_cast<int64_t>(wanted.size()) : numTokens();
    rows = (rows + multiple - 1) / multiple * multiple;
    auto columns = static_cast<int64_t>(op.getColumns());
    if (int64_t block = op.blockColumns())
      buffer.rows = garbage(rows, columns, block);
    else
      buffer.rows = garbage(rows, columns);
  }
  for (Operation &op : program.getBody().front()) {
    if (auto run = dyn_cast<tile::RunOp>(op)) {
      if (Status status = runPhase(run.getPhase(), 0, 0, cores, random); !status)
        return status.takeFailure();
      continue;
    }
    auto repeat = cast<tile::RepeatOp>(op);
    for (uint64_t n = 0; n < repeat.getCount(); ++n)
      for (auto run : repeat.getBody().getOps<tile::RunOp>())
        if (Status status = runPhase(run.getPhase(), static_cast<int64_t>(repeat.getLayer() + n),
                                     static_cast<int64_t>(repeat.getRow() + n), cores, random);
            !status)
          return status.takeFailure();
  }
  const auto &logits = std::get<Tile>(buffers.at(program.getLogits().str()).rows);
  Tile result(static_cast<int64_t>(wanted.size()), logits.columns);
  std::copy_n(logits.values.begin(), result.values.size(), result.values.begin());
  return result;
}

Status TileInterpreter::runPhase(StringRef name, int64_t stepLayer, int64_t stepRow, int64_t cores,
                                 std::mt19937 &random) {
  auto phase = tables.lookup<tile::PhaseOp>(name);
  if (!phase)
    return Failure("expected a phase ", std::string_view(name));
  layer = stepLayer;
  row = stepRow;
  numCores = cores;
  cacheType = phase.getCache() ? cast<kv::CacheType>(*phase.getCache()) : kv::CacheType();
  std::vector<int64_t> order;
  for (int64_t n = 0; n < cores; ++n)
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(random() % (order.size() + 1)), n);
  for (int64_t next : order) {
    core = next;
    values.clear();
    if (Status status = runBlock(phase.getBody().front()); !status)
      return std::move(status).takeFailure().in("phase " + name.str());
  }
  return {};
}

Status TileInterpreter::runBlock(Block &block) {
  for (Operation &op : block)
    if (Status status = runOp(op); !status)
      return status;
  return {};
}

Status TileInterpreter::runFor(Operation &op) {
  auto loop = cast<scf::ForOp>(op);
  int64_t upper = index(loop.getUpperBound()), step = index(loop.getStep());
  for (auto [argument, initial] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getInitArgs())) {
    Value content = values.at(initial);
    values[argument] = std::move(content);
  }
  if (step <= 0)
    return broken(op, "expected a step above 0");
  for (int64_t i = index(loop.getLowerBound()); i < upper; i += step) {
    values[loop.getInductionVar()] = i;
    if (Status status = runBlock(*loop.getBody()); !status)
      return status;
    std::vector<Value> next;
    for (mlir::Value yielded : loop.getBody()->getTerminator()->getOperands())
      next.push_back(values.at(yielded));
    for (auto [argument, content] : llvm::zip_equal(loop.getRegionIterArgs(), next))
      values[argument] = std::move(content);
  }
  for (auto [result, argument] : llvm::zip_equal(loop.getResults(), loop.getRegionIterArgs())) {
    Value content = values.at(argument);
    values[result] = std::move(content);
  }
  return {};
}

Status TileInterpreter::runIf(Operation &op) {
  auto branch = cast<scf::IfOp>(op);
  Region &region = index(branch.getCondition()) ? branch.getThenRegion() : branch.getElseRegion();
  if (region.empty())
    return {};
  if (Status status = runBlock(region.front()); !status)
    return status;
  for (auto [result, yielded] :
       llvm::zip_equal(branch.getResults(), region.front().getTerminator()->getOperands())) {
    Value content = values.at(yielded);
    values[result] = std::move(content);
  }
  return {};
}

Status TileInterpreter::runIndex(Operation &op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
      set(constant.getResult(), static_cast<int64_t>(number.getInt()));
    else
      set(constant.getResult(), cast<FloatAttr>(constant.getValue()).getValueAsDouble());
    return {};
  }
  std::vector<int64_t> in;
  for (mlir::Value operand : op.getOperands())
    in.push_back(index(operand));
  int64_t result = 0;
  if (isa<arith::AddIOp>(op))
    result = in[0] + in[1];
  else if (isa<arith::SubIOp>(op))
    result = in[0] - in[1];
  else if (isa<arith::MulIOp>(op))
    result = in[0] * in[1];
  else if (isa<arith::DivUIOp>(op))
    result = in[0] / in[1];
  else if (isa<arith::CeilDivUIOp>(op))
    result = (in[0] + in[1] - 1) / in[1];
  else if (isa<arith::RemUIOp>(op))
    result = in[0] % in[1];
  else if (isa<arith::MinUIOp>(op))
    result = std::min(in[0], in[1]);
  else if (isa<arith::MaxUIOp>(op))
    result = std::max(in[0], in[1]);
  else if (isa<arith::SelectOp>(op))
    result = in[0] ? in[1] : in[2];
  else if (auto compare = dyn_cast<arith::CmpIOp>(op))
    result = arith::applyCmpPredicate(compare.getPredicate(), APInt(64, in[0], true),
                                      APInt(64, in[1], true));
  else
    return broken(op, "expected an op that the interpreter knows");
  set(op.getResult(0), result);
  return {};
}

Status TileInterpreter::runOp(Operation &op) {
  if (isa<scf::YieldOp>(op))
    return {};
  if (isa<scf::ForOp>(op))
    return runFor(op);
  if (isa<scf::IfOp>(op))
    return runIf(op);
  if (auto count = dyn_cast<tile::CountOp>(op)) {
    set(count.getResult(),
        count.getRows() == tile::Rows::Wanted ? static_cast<int64_t>(wanted.size()) : numTokens());
    return {};
  }
  if (auto shares = dyn_cast<tile::SharesOp>(op)) {
    int64_t count = index(shares.getCount());
    set(shares.getLower(), shares.getCyclic() ? core : count * core / numCores);
    set(shares.getUpper(), shares.getCyclic() ? count : count * (core + 1) / numCores);
    set(shares.getStep(), shares.getCyclic() ? numCores : int64_t(1));
    return {};
  }
  return llvm::TypeSwitch<Operation *, Status>(&op)
      .Case([&](tile::LoadOp op) { return load(op); })
      .Case([&](tile::StoreOp op) { return store(op); })
      .Case([&](tile::EmbedOp op) { return embed(op); })
      .Case([&](tile::WeightsOp op) { return matrix(op); })
      .Case([&](tile::VectorOp op) { return vector(op); })
      .Case([&](tile::CacheOp op) { return readCache(op); })
      .Case([&](tile::AppendOp op) { return append(op); })
      .Case([&](tile::ProductOp op) { return product(op); })
      .Case([&](tile::MapOp op) { return map(op); })
      .Case([&](tile::RotateOp op) { return rotate(op); })
      .Case([&](tile::MaskOp op) { return mask(op); })
      .Case([&](tile::TopOp op) { return top(op); })
      .Case([&](tile::DispatchOp op) { return dispatch(op); })
      .Case([&](tile::GatherOp op) { return gather(op); })
      .Case([&](tile::ScatterOp op) { return scatter(op); })
      .Case([&](tile::CombineOp op) { return combine(op); })
      .Case([&](tile::ReshapeOp op) { return reshape(op); })
      .Case([&](tile::InsertOp op) { return insert(op); })
      .Case([&](tile::KeyRangeOp op) { return keyRange(op), Status(); })
      .Case([&](tile::ReduceOp op) { return reduce(op), Status(); })
      .Case([&](tile::QuantizeOp op) {
        set(op.getResult(), quantize(tile(op.getInput()), op.getResult().getType().getBlock()));
        return Status();
      })
      .Case([&](tile::FillOp op) {
        Tile result = garbage(op.getType().getRows(), op.getType().getColumns());
        int64_t valid = op.getValid() ? index(op.getValid()) : result.rows;
        std::fill_n(result.values.begin(), std::min(valid, result.rows) * result.columns,
                    op.getValue().convertToDouble());
        set(op.getResult(), std::move(result));
        return Status();
      })
      .Case([&](tile::EmptyOp op) {
        if (auto type = dyn_cast<tile::QTileType>(op.getType()))
          set(op.getResult(), garbage(type.getRows(), type.getColumns(), type.getBlock()));
        else
          set(op.getResult(), garbage(cast<tile::TileType>(op.getType()).getRows(),
                                      cast<tile::TileType>(op.getType()).getColumns()));
        return Status();
      })
      .Case([&](tile::ExpertOp op) {
        const auto &expert =
            std::get<Dispatch>(values.at(op.getDispatch())).active.at(index(op.getIndex()));
        set(op.getNumber(), expert.number);
        set(op.getFirst(), expert.first);
        set(op.getEnd(), expert.end);
        return Status();
      })
      .Case([&](tile::RowsOp op) -> Status {
        int64_t first = index(op.getRow());
        return std::visit(
            [&](const auto &input) -> Status {
              using T = std::decay_t<decltype(input)>;
              if constexpr (std::is_same_v<T, Tile> || std::is_same_v<T, Codes>) {
                T result;
                if constexpr (std::is_same_v<T, Tile>)
                  result = garbage(cast<tile::TileType>(op.getType()).getRows(), input.columns);
                else
                  result = garbage(cast<tile::QTileType>(op.getType()).getRows(), input.columns,
                                   input.block);
                for (int64_t r = 0; r < result.rows && first + r < input.rows; ++r)
                  copyRow(input, first + r, 0, result, r, 0, input.columns);
                set(op.getResult(), std::move(result));
                return {};
              } else {
                return broken(*op, "expected a tile");
              }
            },
            values.at(op.getInput()));
      })
      .Default([&](Operation *) { return runIndex(op); });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status TileInterpreter::load(tile::LoadOp op) {
  const Buffer &buffer = buffers.at(op.getBuffer().str());
  int64_t first = index(op.getRow()), column = index(op.getColumn());
  auto read = [&](const auto &from, auto result) -> Status {
    int64_t valid = op.getValid() ? std::min(index(op.getValid()), result.rows) : result.rows;
    int64_t columns = std::min(result.columns, from.columns - column);
    if (column < 0 || columns <= 0)
      return broken(*op, "expected columns of the buffer");
    for (int64_t r = 0; r < valid; ++r) {
      int64_t source = first + r;
      if (op.getWanted()) {
        if (source >= static_cast<int64_t>(wanted.size()))
          continue; // padding
        source = wanted[source];
      }
      if (source < 0 || source >= from.rows)
        return broken(*op, "expected rows of the buffer, but got row " + std::to_string(source));
      copyRow(from, source, column, result, r, 0, columns);
    }
    set(op.getResult(), std::move(result));
    return {};
  };
  if (auto type = dyn_cast<tile::QTileType>(op.getType()))
    return read(std::get<Codes>(buffer.rows),
                garbage(type.getRows(), type.getColumns(), type.getBlock()));
  auto type = cast<tile::TileType>(op.getType());
  return read(std::get<Tile>(buffer.rows), garbage(type.getRows(), type.getColumns()));
}

Status TileInterpreter::store(tile::StoreOp op) {
  Buffer &buffer = buffers.at(op.getBuffer().str());
  int64_t first = index(op.getRow()), column = index(op.getColumn());
  auto write = [&](const auto &from, auto &to) -> Status {
    int64_t columns = std::min(from.columns, to.columns - column);
    if (column < 0 || columns <= 0 || first < 0 || first + from.rows > to.rows)
      return broken(*op, "expected rows and columns of the buffer, but got row " +
                             std::to_string(first) + ", column " + std::to_string(column));
    for (int64_t r = 0; r < from.rows; ++r)
      copyRow(from, r, 0, to, first + r, column, columns);
    return {};
  };
  const Value &value = values.at(op.getValue());
  if (const auto *codes = std::get_if<Codes>(&value))
    return write(*codes, std::get<Codes>(buffer.rows));
  return write(std::get<Tile>(value), std::get<Tile>(buffer.rows));
}

Result<const Matrix *> TileInterpreter::pack(Operation *user, StringRef name) {
  auto op = tables.lookup<tile::PackOp>(name);
  if (!op)
    return Failure("expected a pack ", std::string_view(name));
  auto [found, isNew] = packs.try_emplace({name.str(), row});
  Matrix &result = found->second;
  if (!isNew)
    return &result;
  std::vector<Weight> sources;
  for (auto symbol : op.getSources().getAsRange<SymbolRefAttr>()) {
    Operation *source = SymbolTable::lookupSymbolIn(module, symbol);
    auto type = cast<graph::WeightType>(isa<graph::WeightOp>(source)
                                            ? cast<graph::WeightOp>(source).getType()
                                            : cast<graph::ColumnOp>(source).getType());
    FailureOr<Weight> weight = weights.find(user, symbol, type, row);
    if (failed(weight))
      return Failure("expected weights that can be read");
    sources.push_back(*weight);
  }
  bool isVector = op.getOrder() == tile::Order::Vector;
  auto add = [&](const Weight &weight, int64_t number) {
    std::vector<double> &to = result.rows.emplace_back(static_cast<size_t>(weight.columns()));
    if (number >= weight.rows())
      return; // filled up with zeros
    std::vector<float> scratch;
    const float *from = weights.dequantize(weight, number, scratch);
    std::copy_n(from, weight.columns(), to.begin());
  };
  for (int64_t expert = 0; expert < sources.front().type.getExperts(); ++expert) {
    std::vector<Weight> here;
    for (const Weight &source : sources)
      here.push_back(source.type.getRank() == 3 ? source.expert(expert) : source);
    int64_t step = op.getGroup() ? static_cast<int64_t>(*op.getGroup()) : 0;
    if (!step) {
      for (const Weight &source : here)
        for (int64_t r = 0; r < (isVector ? source.rows() : (source.rows() + 15) / 16 * 16); ++r)
          add(source, r);
      continue;
    }
    for (int64_t first = 0; first < here.front().rows(); first += step)
      for (const Weight &source : here)
        for (int64_t r = first; r < first + step; ++r)
          add(source, r);
  }
  if (isVector) {
    // One row after the other.
    std::vector<double> flat;
    for (const std::vector<double> &part : result.rows)
      flat.insert(flat.end(), part.begin(), part.end());
    flat.resize((flat.size() + 15) / 16 * 16);
    result.rows = {std::move(flat)};
  }
  result.columns = static_cast<int64_t>(result.rows.front().size());
  return &result;
}

Status TileInterpreter::vector(tile::VectorOp op) {
  Result<const Matrix *> from = pack(op, op.getPack());
  if (!from)
    return from.takeFailure();
  int64_t column = index(op.getColumn());
  Tile result = garbage(1, op.getType().getColumns());
  for (int64_t i = 0; i < result.columns && column + i < (*from)->columns; ++i)
    result.values[i] = (*from)->rows[0][column + i];
  set(op.getResult(), std::move(result));
  return {};
}

Status TileInterpreter::embed(tile::EmbedOp op) {
  Result<const Matrix *> from = pack(op, op.getPack());
  if (!from)
    return from.takeFailure();
  Tile result = garbage(op.getType().getRows(), op.getType().getColumns());
  int64_t first = index(op.getRow());
  int64_t valid = op.getValid() ? std::min(index(op.getValid()), result.rows) : result.rows;
  for (int64_t r = 0; r < valid && first + r < numTokens(); ++r)
    std::copy_n((*from)->rows[tokens->ids[first + r]].begin(), result.columns, result.row(r));
  set(op.getResult(), std::move(result));
  return {};
}

Status TileInterpreter::matrix(tile::WeightsOp op) {
  Result<const Matrix *> from = pack(op, op.getPack());
  if (!from)
    return from.takeFailure();
  int64_t rows = op.getType().getRows(), first = index(op.getTile()) * rows;
  Matrix result;
  result.columns = (*from)->columns;
  for (int64_t r = first; r < first + rows; ++r)
    if (r < static_cast<int64_t>((*from)->rows.size()))
      result.rows.push_back((*from)->rows[r]);
    else
      result.rows.emplace_back(static_cast<size_t>(result.columns), notANumber);
  set(op.getResult(), std::move(result));
  return {};
}

Status TileInterpreter::readCache(tile::CacheOp op) {
  int64_t head = index(op.getHead()), key = index(op.getKey()), token = index(op.getRow());
  int side = op.getSide() == tile::Side::Keys ? 0 : 1;
  int64_t slot = tokens->slots[std::min(token, numTokens() - 1)];
  bool byRow = op.getType().getOrder() == tile::Order::P16;
  int64_t keys = byRow ? op.getType().getRows() : op.getType().getColumns();
  int64_t dim = byRow ? op.getType().getColumns() : op.getType().getRows();
  Matrix result;
  result.columns = op.getType().getColumns();
  result.rows.assign(static_cast<size_t>(op.getType().getRows()),
                     std::vector<double>(static_cast<size_t>(result.columns), unwritten));
  for (int64_t k = 0; k < keys; ++k) {
    auto found = cache.find({layer, slot, head, key + k});
    if (found == cache.end() || found->second.sides[side].empty())
      continue;
    if (static_cast<int64_t>(found->second.sides[side].size()) != dim)
      return broken(*op, "expected keys and values as long as those that were appended");
    for (int64_t i = 0; i < dim; ++i)
      (byRow ? result.rows[k][i] : result.rows[i][k]) = found->second.sides[side][i];
  }
  set(op.getResult(), std::move(result));
  return {};
}

Status TileInterpreter::append(tile::AppendOp op) {
  const Tile &from = tile(op.getValue());
  int64_t head = index(op.getHead()), first = index(op.getRow());
  bool isKeys = op.getSide() == tile::Side::Keys;
  kv::StoreAttr stored = isKeys ? cacheType.getKeyStore() : cacheType.getValueStore();
  int64_t dim = isKeys ? cacheType.getKeyDim() : cacheType.getValueDim();
  if (from.columns % dim || head < 0 || head + from.columns / dim > cacheType.getHeads())
    return broken(*op, "expected heads of the cache");
  for (int64_t r = 0; r < from.rows && first + r < numTokens(); ++r)
    for (int64_t i = 0; i < from.columns; ++i) {
      std::vector<double> &to =
          cache[{layer, tokens->slots[first + r], head + i / dim, tokens->positions[first + r]}]
              .sides[isKeys ? 0 : 1];
      to.resize(static_cast<size_t>(dim));
      auto single = static_cast<float>(from.row(r)[i]);
      to[i % dim] = stored.getType().isF16() ? halfToFloat(floatToHalf(single)) : single;
    }
  return {};
}

//===----------------------------------------------------------------------===//
// Rows of tiles
//===----------------------------------------------------------------------===//

Status TileInterpreter::insert(tile::InsertOp op) {
  int64_t first = index(op.getRow());
  Value into = values.at(op.getInto());
  auto copy = [&](const auto &from, auto &to) -> Status {
    if (first < 0 || first + from.rows > to.rows || from.columns != to.columns)
      return broken(*op, "expected rows of the tile");
    for (int64_t r = 0; r < from.rows; ++r)
      copyRow(from, r, 0, to, first + r, 0, from.columns);
    return {};
  };
  const Value &value = values.at(op.getValue());
  const auto *codes = std::get_if<Codes>(&value);
  Status status = codes ? copy(*codes, std::get<Codes>(into))
                        : copy(std::get<Tile>(value), std::get<Tile>(into));
  values[op.getResult()] = std::move(into);
  return status;
}

Status TileInterpreter::reshape(tile::ReshapeOp op) {
  Value value = values.at(op.getInput());
  if (auto *codes = std::get_if<Codes>(&value)) {
    auto type = cast<tile::QTileType>(op.getType());
    codes->rows = type.getRows();
    codes->columns = type.getColumns();
  } else {
    auto type = cast<tile::TileType>(op.getType());
    auto &plain = std::get<Tile>(value);
    plain.rows = type.getRows();
    plain.columns = type.getColumns();
  }
  values[op.getResult()] = std::move(value);
  return {};
}

Status TileInterpreter::gather(tile::GatherOp op) {
  const auto &listed = std::get<Dispatch>(values.at(op.getDispatch()));
  tile::DispatchType type = op.getDispatch().getType();
  int64_t first = index(op.getPlace());
  auto copy = [&](const auto &from, auto result) -> Status {
    bool byPart = from.rows == type.getTokens() * type.getTop() && type.getTop() > 1;
    for (int64_t r = 0; r < result.rows; ++r) {
      int64_t place = first + r;
      int64_t part = place < static_cast<int64_t>(listed.parts.size()) ? listed.parts[place] : 0;
      copyRow(from, byPart ? part : part / type.getTop(), 0, result, r, 0, result.columns);
    }
    set(op.getResult(), std::move(result));
    return {};
  };
  const Value &value = values.at(op.getInput());
  if (const auto *codes = std::get_if<Codes>(&value))
    return copy(*codes, garbage(cast<tile::QTileType>(op.getType()).getRows(), codes->columns,
                                codes->block));
  const auto &plain = std::get<Tile>(value);
  return copy(plain, garbage(cast<tile::TileType>(op.getType()).getRows(), plain.columns));
}

Status TileInterpreter::scatter(tile::ScatterOp op) {
  const auto &listed = std::get<Dispatch>(values.at(op.getDispatch()));
  tile::DispatchType type = op.getDispatch().getType();
  int64_t first = index(op.getPlace()), column = index(op.getColumn());
  Buffer &buffer = buffers.at(op.getBuffer().str());
  auto copy = [&](const auto &from, auto &to) -> Status {
    int64_t partColumns = to.columns / type.getTop();
    int64_t columns = std::min(from.columns, partColumns - column);
    if (column < 0 || columns <= 0)
      return broken(*op, "expected columns of a part");
    for (int64_t r = 0; r < std::min(from.rows, index(op.getValid())); ++r) {
      int64_t part = listed.parts.at(first + r);
      copyRow(from, r, 0, to, part / type.getTop(), part % type.getTop() * partColumns + column,
              columns);
    }
    return {};
  };
  const Value &value = values.at(op.getValue());
  if (const auto *codes = std::get_if<Codes>(&value))
    return copy(*codes, std::get<Codes>(buffer.rows));
  return copy(std::get<Tile>(value), std::get<Tile>(buffer.rows));
}
