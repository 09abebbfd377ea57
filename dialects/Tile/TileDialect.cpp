//===- TileDialect.cpp - types and verifiers of tile -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/Tile.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace frit;
using namespace frit::tile;

static ParseResult parseTileShape(AsmParser &parser, int64_t &rows, int64_t &columns) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> shape;
  if (parser.parseDimensionList(shape, /*allowDynamic=*/false, /*withTrailingX=*/false))
    return failure();
  if (shape.size() != 2)
    return parser.emitError(loc, "expected `rows x columns`, but got ")
           << shape.size() << " dimensions";
  rows = shape[0];
  columns = shape[1];
  return success();
}

static void printTileShape(AsmPrinter &printer, int64_t rows, int64_t columns) {
  printer << rows << "x" << columns;
}

/// Without the space that enums print in front of themselves.
static ParseResult parseRows(OpAsmParser &parser, RowsAttr &rows) {
  return parser.parseCustomAttributeWithFallback(rows);
}

static void printRows(OpAsmPrinter &printer, Operation *, RowsAttr rows) {
  printer << stringifyRows(rows.getValue());
}

#include "dialects/Tile/TileDialect.cpp.inc"
#include "dialects/Tile/TileEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/TileAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
      >();
}

int64_t tile::groupBytes(Format format, int64_t columns) {
  const FormatInfo &info = formatInfo(format);
  if (info.isFloat())
    return groupRows * columns * info.blockBytes;
  P16Block block = p16Block(info);
  return static_cast<int64_t>(llvm::divideCeil(columns, block.columns)) * block.blockBytes;
}

tile::P16Block tile::p16Block(const FormatInfo &format) {
  P16Block result = {};
  int64_t end = 0;
  auto place = [&](int64_t bytes) { return std::exchange(end, end + bytes); };
  // 64 columns keep vectors of 64 bytes aligned.
  result.columns = std::max<int64_t>(64, format.blockElements);
  int64_t wholes = 2 * groupRows * (result.columns / format.blockElements);
  int64_t subs = format.hasSubScales() ? groupRows * result.columns / format.subElements : 0;
  result.scales = place(wholes);
  result.mins = place(format.hasMin ? wholes : 0);
  result.subScales = place(subs);
  result.subMins = place(format.hasMin ? subs : 0);
  end = static_cast<int64_t>(llvm::alignTo(end, 64));
  result.halfBytes = groupRows * 32 * format.codeBits / 8;
  result.codes = place(result.halfBytes * result.columns / 32);
  result.blockBytes = end;
  return result;
}

llvm::SmallVector<tile::CodePlane, 2> tile::codePlanes(unsigned codeBits) {
  SmallVector<CodePlane, 2> planes;
  int64_t first = 0;
  for (int64_t bits : {8, 4, 2, 1})
    if (codeBits & bits) {
      planes.push_back({bits, first});
      first += bits;
    }
  return planes;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static LogicalResult verifyShape(function_ref<InFlightDiagnostic()> emitError, int64_t rows,
                                 int64_t columns) {
  // So that products of them fit 64 bits.
  constexpr int64_t most = int64_t{1} << 24;
  if (rows <= 0 || rows > most || columns <= 0 || columns > most)
    return emitError() << "expected rows and columns from 1 to " << most << ", but got " << rows
                       << " x " << columns;
  return success();
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows,
                               int64_t columns) {
  return verifyShape(emitError, rows, columns);
}

LogicalResult QTileType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows,
                                int64_t columns, int64_t block) {
  if (failed(verifyShape(emitError, rows, columns)))
    return failure();
  if (block <= 0 || columns % block)
    return emitError() << "expected columns in whole blocks, but got " << columns
                       << " columns in blocks of " << block;
  return success();
}

LogicalResult MatrixType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows,
                                 int64_t columns, Format format, Order order) {
  if (failed(verifyShape(emitError, rows, columns)))
    return failure();
  if (rows % groupRows)
    return emitError() << "expected rows in whole groups of " << groupRows << ", but got " << rows;
  if (columns % formatInfo(format).blockElements)
    return emitError() << "expected columns in whole blocks of " << formatInfo(format).blockElements
                       << " for " << StringRef(formatInfo(format).name) << ", but got " << columns;
  if (order == Order::Vector)
    return emitError() << "expected order p16 or columns of a matrix, but got vector";
  if (order == Order::ColumnMajor && !formatInfo(format).isFloat())
    return emitError() << "expected a float format in order columns, but got "
                       << StringRef(formatInfo(format).name);
  return success();
}

Type MatrixType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t rows, columns;
  StringRef formatName, orderName;
  if (parser.parseLess() || parseTileShape(parser, rows, columns) || parser.parseComma())
    return {};
  SMLoc formatLoc = parser.getCurrentLocation();
  if (parser.parseKeyword(&formatName) || parser.parseComma())
    return {};
  SMLoc orderLoc = parser.getCurrentLocation();
  if (parser.parseKeyword(&orderName) || parser.parseGreater())
    return {};
  std::optional<Format> format = formatByName(formatName);
  std::optional<Order> order = symbolizeOrder(orderName);
  if (!format) {
    parser.emitError(formatLoc, "expected a weight format, but got ") << formatName;
    return {};
  }
  if (!order) {
    parser.emitError(orderLoc, "expected an order, but got ") << orderName;
    return {};
  }
  return parser.getChecked<MatrixType>(loc, parser.getContext(), rows, columns, *format, *order);
}

void MatrixType::print(AsmPrinter &printer) const {
  printer << "<" << getRows() << "x" << getColumns() << ", "
          << StringRef(formatInfo(getFormat()).name) << ", " << stringifyOrder(getOrder()) << ">";
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

template <typename SymbolOp>
static LogicalResult verifySymbol(Operation *op, FlatSymbolRefAttr name,
                                  SymbolTableCollection &tables, StringRef what) {
  auto module = op->getParentOfType<ModuleOp>();
  if (!isa_and_nonnull<SymbolOp>(tables.lookupSymbolIn(module, name)))
    return op->emitOpError("expected a ") << what << ", but found none called " << name;
  return success();
}

namespace {
/// A source of a pack: its type and, for a column, its table.
struct Source {
  graph::WeightType type;
  graph::WeightsOp table;
};
} // namespace

static std::optional<Source> findSource(PackOp pack, Attribute name,
                                        SymbolTableCollection &tables) {
  auto symbol = dyn_cast<SymbolRefAttr>(name);
  Operation *op =
      symbol ? tables.lookupSymbolIn(pack->getParentOfType<ModuleOp>(), symbol) : nullptr;
  if (auto weight = dyn_cast_or_null<graph::WeightOp>(op))
    return Source{cast<graph::WeightType>(weight.getType()), {}};
  if (auto column = dyn_cast_or_null<graph::ColumnOp>(op))
    if (auto table = dyn_cast<graph::WeightsOp>(column->getParentOp()))
      return Source{cast<graph::WeightType>(column.getType()), table};
  return std::nullopt;
}

/// Rows of a source's matrix, one of them for each expert, in a pack of order p16.
static int64_t packedRows(graph::WeightType type) {
  return static_cast<int64_t>(llvm::alignTo(type.getMatrixRows(), groupRows));
}

LogicalResult PackOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getSources().empty())
    return emitOpError("expected at least one source");
  if (getOrder() == Order::ColumnMajor)
    return emitOpError("expected order p16 or vector, but got columns");
  if (getGroup() && (getOrder() != Order::P16 || *getGroup() % groupRows))
    return emitOpError("expected groups of a multiple of ")
           << groupRows << " rows in order p16, but got " << *getGroup() << " in order "
           << stringifyOrder(getOrder());
  std::optional<Source> first;
  for (Attribute name : getSources()) {
    std::optional<Source> source = findSource(*this, name, tables);
    if (!source)
      return emitOpError("expected weights as sources, but got ") << name;
    if (!first)
      first = source;
    if (source->table != first->table)
      return emitOpError("expected weights, or columns of one table, but got ")
             << getSources()[0] << " and " << name;
    if (source->type.getFormat() != first->type.getFormat() ||
        source->type.getColumns() != first->type.getColumns())
      return emitOpError("expected sources of one format and number of columns, but got ")
             << first->type << " and " << source->type;
    if (source->type.getExperts() != first->type.getExperts())
      return emitOpError("expected sources of as many experts, but got ")
             << first->type << " and " << source->type;
    if (getGroup() && (source->type.getMatrixRows() != first->type.getMatrixRows() ||
                       packedRows(source->type) % static_cast<int64_t>(*getGroup())))
      return emitOpError("expected sources of as many rows, in whole groups of ")
             << *getGroup() << ", but got " << first->type << " and " << source->type;
  }
  return success();
}

/// The sources of the pack `op` reads, which must be in `order`.
static FailureOr<SmallVector<Source>> verifyPack(Operation *op, FlatSymbolRefAttr name, Order order,
                                                 SymbolTableCollection &tables) {
  auto pack =
      dyn_cast_or_null<PackOp>(tables.lookupSymbolIn(op->getParentOfType<ModuleOp>(), name));
  if (!pack)
    return op->emitOpError("expected a tile.pack, but found none called ") << name;
  // In a symbol table inside the module, the pack's own turn comes later.
  if (failed(pack.verifySymbolUses(tables)))
    return failure();
  if (pack.getOrder() != order)
    return op->emitOpError("expected a pack in order ")
           << stringifyOrder(order) << ", but " << name << " has order "
           << stringifyOrder(pack.getOrder());
  SmallVector<Source> sources;
  for (Attribute source : pack.getSources())
    sources.push_back(*findSource(pack, source, tables));
  return sources;
}

static std::pair<int64_t, int64_t> getShape(Type type) {
  if (auto tile = dyn_cast<TileType>(type))
    return {tile.getRows(), tile.getColumns()};
  auto quantized = cast<QTileType>(type);
  return {quantized.getRows(), quantized.getColumns()};
}

/// What a buffer holds, or what a tile does, in words.
static std::string describeElements(int64_t block) {
  return block ? "int8 in blocks of " + std::to_string(block) : std::string("f32");
}

/// Columns of the int8 blocks of an activation, 0 for f32.
static int64_t blockOf(Type type) {
  if (auto tensor = dyn_cast<graph::QTensorType>(type))
    return tensor.getBlock();
  auto tile = dyn_cast<QTileType>(type);
  return tile ? tile.getBlock() : 0;
}

static std::optional<int64_t> tensorColumns(Type type) {
  if (auto tensor = dyn_cast<graph::QTensorType>(type))
    return tensor.getColumns();
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 2 ? std::optional(tensor.getDimSize(1)) : std::nullopt;
}

/// Checks that `buffers` are those of the tensors among `types`, in their order.
static LogicalResult verifyInterface(PhaseOp phase, std::optional<ArrayAttr> buffers,
                                     TypeRange types, StringRef what,
                                     SymbolTableCollection &tables) {
  if (!buffers)
    return success();
  SmallVector<Type> tensors;
  for (Type type : types)
    if (isa<RankedTensorType, graph::QTensorType>(type))
      tensors.push_back(type);
  if (buffers->size() != tensors.size())
    return phase.emitOpError("expected ")
           << tensors.size() << " " << what << " like the reference, but got " << buffers->size();
  auto module = phase->getParentOfType<ModuleOp>();
  for (auto [tensor, name] : llvm::zip_equal(tensors, buffers->getAsRange<FlatSymbolRefAttr>())) {
    auto buffer = dyn_cast_or_null<BufferOp>(tables.lookupSymbolIn(module, name));
    if (!buffer)
      return phase.emitOpError("expected a tile.buffer, but found none called ") << name;
    if (tensorColumns(tensor) != static_cast<int64_t>(buffer.getColumns()))
      return phase.emitOpError("expected ") << name << " to have the columns of " << tensor
                                            << ", but it has " << buffer.getColumns();
    if (blockOf(tensor) != buffer.blockColumns())
      return phase.emitOpError("expected ")
             << name << " to have the elements of " << tensor << ", but it has "
             << describeElements(buffer.blockColumns());
  }
  return success();
}

int64_t BufferOp::rowBytes() {
  auto columns = static_cast<int64_t>(getColumns());
  int64_t block = blockColumns();
  return block ? columns / block * activationBlockOf(block).blockBytes : 4 * columns;
}

LogicalResult BufferOp::verify() {
  if (int64_t block = blockColumns(); block && static_cast<int64_t>(getColumns()) % block)
    return emitOpError("expected columns in whole blocks of ")
           << block << ", but got " << getColumns();
  return success();
}

LogicalResult PhaseOp::verify() {
  if (getBody().getNumArguments())
    return emitOpError("expected a body without arguments, but got ")
           << getBody().getNumArguments();
  return success();
}

LogicalResult PhaseOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto module = (*this)->getParentOfType<ModuleOp>();
  Operation *symbol = tables.lookupSymbolIn(module, getReferenceAttr());
  if (!symbol)
    return emitOpError("expected a kernel.reference, but found none called ") << getReferenceAttr();
  // The dialect of references is above this one: ask the interface they share with functions.
  auto reference = dyn_cast<FunctionOpInterface>(symbol);
  if (!reference)
    return success();
  if (failed(verifyInterface(*this, getInputs(), reference.getArgumentTypes(), "inputs", tables)))
    return failure();
  return verifyInterface(*this, getOutputs(), reference.getResultTypes(), "outputs", tables);
}

LogicalResult ProgramOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifySymbol<BufferOp>(*this, getLogitsAttr(), tables, "tile.buffer");
}
LogicalResult RunOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifySymbol<PhaseOp>(*this, getPhaseAttr(), tables, "tile.phase");
}

/// Checks that the steps of a program or repeat are of the types the runtime knows.
template <typename... StepOps>
static LogicalResult verifySteps(Operation *op, StringRef expected) {
  for (Operation &step : op->getRegion(0).front())
    if (!isa<StepOps...>(step))
      return op->emitOpError("expected only ") << expected << ", but got " << step.getName();
  return success();
}

LogicalResult ProgramOp::verify() {
  return verifySteps<RunOp, RepeatOp>(*this, "tile.run and tile.repeat");
}
LogicalResult RepeatOp::verify() { return verifySteps<RunOp>(*this, "tile.run"); }

/// Every table the phases read by row has the rows of all layers.
LogicalResult RepeatOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto module = (*this)->getParentOfType<ModuleOp>();
  auto last = static_cast<int64_t>(getRow() + getCount());
  auto verifyRows = [&](FlatSymbolRefAttr name) -> LogicalResult {
    auto pack = dyn_cast_or_null<PackOp>(tables.lookupSymbolIn(module, name));
    if (!pack)
      return success(); // its user says so
    for (Attribute attribute : pack.getSources())
      if (std::optional<Source> source = findSource(pack, attribute, tables))
        if (source->table && static_cast<int64_t>(source->table.getRows()) < last)
          return emitOpError("expected ") << last << " rows of @" << source->table.getSymName()
                                          << ", but it has " << source->table.getRows();
    return success();
  };
  for (auto run : getBody().getOps<RunOp>()) {
    Operation *phase = tables.lookupSymbolIn(module, run.getPhaseAttr());
    if (!isa_and_nonnull<PhaseOp>(phase))
      continue;
    WalkResult result = phase->walk([&](Operation *op) {
      return WalkResult(llvm::TypeSwitch<Operation *, LogicalResult>(op)
                            .Case<VectorOp, EmbedOp, WeightsOp>(
                                [&](auto user) { return verifyRows(user.getPackAttr()); })
                            .Default([](Operation *) { return success(); }));
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

/// Checks that a tile of `type` has the elements of the buffer and fits its columns, filled up as
/// the rows of a pack.
static LogicalResult verifyAccess(Operation *op, FlatSymbolRefAttr name, Type type,
                                  SymbolTableCollection &tables) {
  if (failed(verifySymbol<BufferOp>(op, name, tables, "tile.buffer")))
    return failure();
  auto buffer = cast<BufferOp>(tables.lookupSymbolIn(op->getParentOfType<ModuleOp>(), name));
  if (blockOf(type) != buffer.blockColumns())
    return op->emitOpError("expected a tile of ")
           << describeElements(buffer.blockColumns()) << " like " << name << ", but got " << type;
  auto limit = static_cast<int64_t>(llvm::alignTo(buffer.getColumns(), groupRows));
  if (getShape(type).second > limit)
    return op->emitOpError("expected a tile of at most ")
           << limit << " columns of " << name << ", but got " << type;
  return success();
}

LogicalResult LoadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(*this, getBufferAttr(), getResult().getType(), tables);
}
LogicalResult StoreOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(*this, getBufferAttr(), getValue().getType(), tables);
}

LogicalResult VectorOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<SmallVector<Source>> sources = verifyPack(*this, getPackAttr(), Order::Vector, tables);
  if (failed(sources))
    return failure();
  TileType type = getResult().getType();
  int64_t elements = 0;
  for (const Source &source : *sources)
    elements += source.type.getRows() * source.type.getColumns();
  auto limit = static_cast<int64_t>(llvm::alignTo(elements, groupRows));
  if (type.getRows() != 1 || type.getColumns() > limit)
    return emitOpError("expected one row of at most ")
           << limit << " columns of " << getPackAttr() << ", but got " << type;
  return success();
}

LogicalResult EmbedOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<SmallVector<Source>> sources = verifyPack(*this, getPackAttr(), Order::P16, tables);
  if (failed(sources))
    return failure();
  if (sources->size() != 1 || sources->front().type.getRank() != 2)
    return emitOpError("expected a pack of one table, but ")
           << getPackAttr() << " has " << sources->size() << " sources, the first of type "
           << sources->front().type;
  if (getResult().getType().getColumns() != sources->front().type.getColumns())
    return emitOpError("expected rows of ")
           << sources->front().type << ", but got " << getResult().getType();
  return success();
}

LogicalResult WeightsOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<SmallVector<Source>> sources = verifyPack(*this, getPackAttr(), Order::P16, tables);
  if (failed(sources))
    return failure();
  MatrixType type = getResult().getType();
  graph::WeightType stored = sources->front().type;
  if (type.getFormat() != stored.getFormat() || type.getColumns() != stored.getColumns() ||
      type.getOrder() != Order::P16)
    return emitOpError("expected a p16 matrix of rows of ") << stored << ", but got " << type;
  int64_t rows = 0;
  for (const Source &source : *sources)
    rows += packedRows(source.type);
  if (type.getRows() > rows)
    return emitOpError("expected at most ")
           << rows << " rows of " << getPackAttr() << ", but got " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static LogicalResult verifyHasCache(Operation *op) {
  auto phase = op->getParentOfType<PhaseOp>();
  if (!phase || !phase.getCache())
    return op->emitOpError("expected a phase with a cache");
  return success();
}

LogicalResult CacheOp::verify() {
  if (failed(verifyHasCache(*this)))
    return failure();
  Order expected = getSide() == Side::Keys ? Order::P16 : Order::ColumnMajor;
  if (getResult().getType().getOrder() != expected)
    return emitOpError("expected order ")
           << stringifyOrder(expected) << " of " << stringifySide(getSide()) << ", but got "
           << stringifyOrder(getResult().getType().getOrder());
  return success();
}

LogicalResult AppendOp::verify() { return verifyHasCache(*this); }

static std::pair<int64_t, int64_t> getShape(Value value) { return getShape(value.getType()); }

LogicalResult ProductOp::verify() {
  auto [rows, columns] = getShape(getLhs());
  MatrixType rhs = getRhs().getType();
  if (rhs.getColumns() != columns)
    return emitOpError("expected ")
           << rhs.getColumns() << " columns of the left side, but got " << columns;
  TileType result = getResult().getType();
  if (result.getRows() != rows || result.getColumns() != rhs.getRows())
    return emitOpError("expected a result of ")
           << rows << " x " << rhs.getRows() << ", but got " << result;
  if (getAccumulator() && getAccumulator().getType() != result)
    return emitOpError("expected an accumulator of type ")
           << result << ", but got " << getAccumulator().getType();
  bool integer = isa<QTileType>(getLhs().getType());
  if (integer != getInstruction().has_value())
    return emitOpError(integer ? "expected an instruction for an int8 product"
                               : "expected no instruction for an f32 product");
  if (!integer)
    return success();
  const FormatInfo &format = formatInfo(rhs.getFormat());
  if (format.isFloat())
    return emitOpError("expected a quantized matrix for an int8 product, but got ") << rhs;
  int64_t block = cast<QTileType>(getLhs().getType()).getBlock();
  if (block != activationBlock)
    return emitOpError("expected activation blocks of ")
           << activationBlock << ", but got " << block;
  return success();
}

LogicalResult MapOp::verify() {
  TileType result = getResult().getType();
  for (Value input : getInputs()) {
    auto type = cast<TileType>(input.getType());
    if ((type.getRows() != 1 && type.getRows() != result.getRows()) ||
        (type.getColumns() != 1 && type.getColumns() != result.getColumns()))
      return emitOpError("expected inputs of the result's shape or 1 along a dimension, but got ")
             << type << " for " << result;
  }
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size() ||
      !llvm::all_of(block.getArgumentTypes(), [](Type type) { return type.isF32(); }))
    return emitOpError("expected a region with one f32 argument an input");
  if (!isa<YieldOp>(block.getTerminator()))
    return emitOpError("expected a region that ends in tile.yield");
  return success();
}

LogicalResult ReduceOp::verify() {
  TileType input = getInput().getType(), result = getResult().getType();
  if (result.getColumns() != 1 || result.getRows() != input.getRows())
    return emitOpError("expected a result of ") << input.getRows() << " x 1, but got " << result;
  return success();
}

LogicalResult QuantizeOp::verify() {
  if (getShape(getInput()) != getShape(getResult()))
    return emitOpError("expected a result of the input's shape, but got ")
           << getResult().getType() << " for " << getInput().getType();
  return success();
}

/// Both tiles are f32, or both are int8 in blocks of one length.
static bool sameElements(Type a, Type b) {
  auto from = dyn_cast<QTileType>(a), to = dyn_cast<QTileType>(b);
  return from && to ? from.getBlock() == to.getBlock() : !from && !to;
}

/// Lowering overwrites `value`: nobody else may read it.
static LogicalResult verifyInPlace(Operation *op, Value value) {
  if (!value.hasOneUse())
    return op->emitOpError("expected no other reader of what it changes in place");
  return success();
}

LogicalResult RowsOp::verify() {
  auto [inputRows, inputColumns] = getShape(getInput());
  auto [rows, columns] = getShape(getResult());
  if (!sameElements(getInput().getType(), getResult().getType()) || columns != inputColumns ||
      rows > inputRows)
    return emitOpError("expected at most ") << inputRows << " rows of " << getInput().getType()
                                            << ", but got " << getResult().getType();
  return success();
}

LogicalResult ReshapeOp::verify() {
  auto [inputRows, inputColumns] = getShape(getInput());
  auto [rows, columns] = getShape(getResult());
  if (!sameElements(getInput().getType(), getResult().getType()) ||
      inputRows * inputColumns != rows * columns)
    return emitOpError("expected as many elements as ")
           << getInput().getType() << ", but got " << getResult().getType();
  return success();
}

LogicalResult InsertOp::verify() {
  auto [rows, columns] = getShape(getValue());
  auto [intoRows, intoColumns] = getShape(getInto());
  if (!sameElements(getValue().getType(), getInto().getType()) || columns != intoColumns ||
      rows > intoRows)
    return emitOpError("expected at most ") << intoRows << " rows of " << getInto().getType()
                                            << ", but got " << getValue().getType();
  return verifyInPlace(*this, getInto());
}

LogicalResult RotateOp::verify() {
  int64_t headDim = static_cast<int64_t>(getHeadDim()), dim = static_cast<int64_t>(getDim());
  if (headDim <= 0 || getInput().getType().getColumns() % headDim)
    return emitOpError("expected columns in whole heads of ")
           << headDim << ", but got " << getInput().getType().getColumns();
  if (dim <= 0 || dim > headDim || dim % 2)
    return emitOpError("expected an even number of rotated elements up to ")
           << headDim << ", but got " << dim;
  if (!getTheta().isFinite() || !(getTheta().convertToDouble() > 0))
    return emitOpError("expected a finite theta above 0, but got ") << getThetaAttr();
  if (!getPositionScale().isFinite())
    return emitOpError("expected a finite position_scale, but got ") << getPositionScaleAttr();
  if (graph::FrequenciesAttr frequencies = getFrequenciesAttr())
    if (std::optional<std::string> mismatch = frequencies.mismatch(dim))
      return emitOpError(*mismatch);
  return success();
}

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

LogicalResult DispatchType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t tokens,
                                   int64_t top, int64_t experts, int64_t step) {
  constexpr int64_t most = 1 << 16; // so that products of them fit 64 bits
  for (int64_t number : {tokens, top, experts, step})
    if (number < 1 || number > most)
      return emitError() << "expected numbers from 1 to " << most << ", but got " << number;
  // Places are i32.
  if (tokens * top + experts * (step - 1) > std::numeric_limits<int32_t>::max())
    return emitError() << "expected at most 2147483647 places, but got " << tokens << " x " << top
                       << " + " << experts << " x " << step - 1;
  if (top > experts)
    return emitError() << "expected at most " << experts << " experts a token, but got " << top;
  return success();
}

LogicalResult TopOp::verify() {
  TileType weights = getWeights().getType(), result = getResult().getType();
  if (result.getRows() != weights.getRows() || result.getColumns() % 2 ||
      result.getColumns() / 2 > weights.getColumns())
    return emitOpError("expected a result of ")
           << weights.getRows() << " rows of numbers and weights of at most "
           << weights.getColumns() << " columns, but got " << result;
  if (!getScale().isFinite())
    return emitOpError("expected a finite scale, but got ") << getScaleAttr();
  return success();
}

LogicalResult DispatchOp::verify() {
  DispatchType type = getDispatch().getType();
  TileType routes = getRoutes().getType();
  if (routes.getRows() != type.getTokens() || routes.getColumns() != 2 * type.getTop())
    return emitOpError("expected routes of ")
           << type.getTokens() << " x " << 2 * type.getTop() << ", but got " << routes;
  return success();
}

/// A tile of as many rows as an expert's parts are taken at once.
static LogicalResult verifyStep(Operation *op, Value tile, DispatchType type) {
  auto [rows, columns] = getShape(tile);
  if (rows != type.getStep())
    return op->emitOpError("expected ") << type.getStep() << " rows, but got " << tile.getType();
  return success();
}

LogicalResult GatherOp::verify() {
  DispatchType type = getDispatch().getType();
  if (failed(verifyStep(*this, getResult(), type)))
    return failure();
  auto [inputRows, inputColumns] = getShape(getInput());
  auto [rows, columns] = getShape(getResult());
  if ((inputRows != type.getTokens() && inputRows != type.getTokens() * type.getTop()) ||
      inputColumns != columns || !sameElements(getInput().getType(), getResult().getType()))
    return emitOpError("expected rows of ")
           << getResult().getType() << ", one for each of " << type.getTokens()
           << " tokens or of their " << type.getTop() << " parts, but got " << getInput().getType();
  return success();
}

LogicalResult ScatterOp::verifySymbolUses(SymbolTableCollection &tables) {
  DispatchType type = getDispatch().getType();
  if (failed(verifyStep(*this, getValue(), type)) ||
      failed(verifyAccess(*this, getBufferAttr(), getValue().getType(), tables)))
    return failure();
  auto buffer =
      cast<BufferOp>(tables.lookupSymbolIn((*this)->getParentOfType<ModuleOp>(), getBufferAttr()));
  auto columns = static_cast<int64_t>(buffer.getColumns());
  if (columns % type.getTop())
    return emitOpError("expected ") << type.getTop() << " parts of as many columns, but "
                                    << getBufferAttr() << " has " << columns << " columns";
  if (int64_t block = buffer.blockColumns(); block && columns / type.getTop() % block)
    return emitOpError("expected parts in whole blocks of ")
           << block << ", but got parts of " << columns / type.getTop() << " columns";
  return success();
}

LogicalResult CombineOp::verify() {
  DispatchType type = getDispatch().getType();
  if (failed(verifyStep(*this, getValue(), type)))
    return failure();
  TileType value = getValue().getType(), into = getInto().getType();
  if (into.getRows() != type.getTokens() || into.getColumns() != value.getColumns())
    return emitOpError("expected to add to ")
           << type.getTokens() << " x " << value.getColumns() << ", but got " << into;
  return verifyInPlace(*this, getInto());
}

LogicalResult MaskOp::verify() {
  int64_t heads = static_cast<int64_t>(getHeads());
  if (heads <= 0 || getInput().getType().getRows() % heads)
    return emitOpError("expected rows in whole groups of ")
           << heads << " heads, but got " << getInput().getType().getRows();
  return success();
}
