//===- GraphVerifiers.cpp - what every graph op must satisfy ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace frit;
using namespace frit::graph;

static int64_t getColumns(Value value) {
  if (auto quantized = dyn_cast<QTensorType>(value.getType()))
    return quantized.getColumns();
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

//===----------------------------------------------------------------------===//
// Files, weights, functions
//===----------------------------------------------------------------------===//

LogicalResult FileOp::verify() {
  if (getPath().empty())
    return emitOpError("expected a path, but got an empty one");
  return success();
}

/// Checks what a weight and a column have in common.
static LogicalResult verifyPlaceOfRows(Operation *op, WeightType type, std::optional<RunsAttr> runs,
                                       std::optional<UnpairAttr> rows) {
  int64_t span;
  if (runs && type.getRank() > 2)
    return op->emitOpError("expected no runs for a weight of several matrices, but got ") << type;
  if (runs && type.getShape().front() % runs->getLength())
    return op->emitOpError("expected whole runs of ")
           << runs->getLength() << " rows, but got " << type;
  if (runs && type.getRank() == 1 && formatInfo(type.getFormat()).blockElements != 1)
    return op->emitOpError("expected a format without blocks for runs of elements, but got ")
           << type;
  if (runs &&
      (llvm::MulOverflow(type.getShape().front() / runs->getLength(), runs->getStride(), span) ||
       llvm::MulOverflow(span, type.getBytes() / type.getShape().front(), span)))
    return op->emitOpError("expected runs that a file can hold, but got ") << *runs;
  int64_t paired = type.getRank() == 1 ? type.getColumns() : type.getMatrixRows();
  if (rows && paired % rows->getGroup())
    return op->emitOpError("expected rows in whole groups of ")
           << rows->getGroup() << " for unpair, but got " << type;
  return success();
}

/// The vector that the columns of `op`, a weight of `type`, are multiplied with: one of the model,
/// or another column of the same table.
static LogicalResult verifyTimes(Operation *op, WeightType type, std::optional<TimesAttr> times,
                                 SymbolTableCollection &tables) {
  if (!times)
    return success();
  if (type.getRank() == 1 || !formatInfo(type.getFormat()).isFloat())
    return op->emitOpError("expected a matrix of floats to multiply the columns of, but got ")
           << type;
  Operation *vector = tables.lookupSymbolIn(op->getParentOfType<ModuleOp>(), times->getWeight());
  if (!isa_and_nonnull<WeightOp, ColumnOp>(vector))
    return op->emitOpError("expected a graph.weight or graph.column, but found none called ")
           << times->getWeight();
  if (isa<ColumnOp>(vector) && vector->getParentOp() != op->getParentOp())
    return op->emitOpError("expected a vector of the same table, but got ") << times->getWeight();
  auto factors = cast<WeightType>(vector->getAttrOfType<TypeAttr>("type").getValue());
  if (factors.getRank() != 1 || factors.getColumns() != type.getColumns())
    return op->emitOpError("expected a vector of ")
           << type.getColumns() << " elements to multiply columns with, but got " << factors;
  if (vector->hasAttr("times"))
    return op->emitOpError("expected a vector as the file has it, but got ") << times->getWeight();
  return success();
}

static LogicalResult verifyFile(Operation *op, FlatSymbolRefAttr file,
                                SymbolTableCollection &tables) {
  if (!tables.lookupNearestSymbolFrom<FileOp>(op->getParentOfType<ModuleOp>(), file))
    return op->emitOpError("expected a graph.file, but found none called ") << file;
  return success();
}

LogicalResult WeightOp::verify() {
  if (static_cast<int64_t>(getOffset()) < 0)
    return emitOpError("expected an offset of 0 or more, but got ")
           << static_cast<int64_t>(getOffset());
  return verifyPlaceOfRows(*this, cast<WeightType>(getType()), getRuns(), getRows());
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyFile(*this, getFileAttr(), tables)))
    return failure();
  return verifyTimes(*this, cast<WeightType>(getType()), getTimes(), tables);
}

LogicalResult ColumnOp::verify() {
  int64_t rows = static_cast<int64_t>(cast<WeightsOp>((*this)->getParentOp()).getRows());
  auto offsets = static_cast<int64_t>(getOffsets().size());
  int64_t experts = cast<WeightType>(getType()).getExperts(), most;
  if (offsets != rows && (llvm::MulOverflow(rows, experts, most) || offsets != most))
    return emitOpError("expected ")
           << rows << " offsets, one a row" << (experts == 1 ? "" : ", or one a row and expert")
           << ", but got " << offsets;
  if (getFiles().size() != 1 && static_cast<int64_t>(getFiles().size()) != offsets)
    return emitOpError("expected one file or ")
           << offsets << ", one an offset, but got " << getFiles().size();
  for (int64_t offset : getOffsets())
    if (offset < 0)
      return emitOpError("expected offsets of 0 or more, but got ") << offset;
  return verifyPlaceOfRows(*this, cast<WeightType>(getType()), getRuns(), getRows());
}

LogicalResult ColumnOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (auto file : getFiles().getAsRange<FlatSymbolRefAttr>())
    if (failed(verifyFile(*this, file, tables)))
      return failure();
  return verifyTimes(*this, cast<WeightType>(getType()), getTimes(), tables);
}

LogicalResult ParamOp::verifySymbolUses(SymbolTableCollection &tables) {
  ModuleOp module = (*this)->getParentOfType<ModuleOp>();
  Operation *symbol = tables.lookupSymbolIn(module, getWeightAttr());
  Type type;
  if (auto weight = dyn_cast_or_null<WeightOp>(symbol))
    type = weight.getType();
  else if (auto column = dyn_cast_or_null<ColumnOp>(symbol))
    type = column.getType();
  else
    return emitOpError("expected a graph.weight or graph.column, but found none called ")
           << getWeightAttr();
  if (type != getResult().getType())
    return emitOpError("expected type ")
           << type << " of " << getWeightAttr() << ", but got " << getResult().getType();
  if (isa<ColumnOp>(symbol) != static_cast<bool>(getRow()))
    return emitOpError(getRow() ? "expected no row for " : "expected a row for ")
           << getWeightAttr();
  return success();
}

LogicalResult LayerOp::verify() {
  ArrayRef<Type> arguments = getFunctionType().getInputs(),
                 results = getFunctionType().getResults();
  if (arguments.size() != 4 || !isa<RankedTensorType>(arguments[0]) ||
      !isa<TokensType>(arguments[1]) || !isa<kv::CacheType>(arguments[2]) ||
      !arguments[3].isIndex())
    return emitOpError("expected arguments (tensor, !graph.tokens, !kv.cache, index), but got ")
           << getFunctionType();
  auto stream = cast<RankedTensorType>(arguments[0]);
  if (stream.getRank() != 2 || stream.isDynamicDim(1))
    return emitOpError("expected activations [tokens, features] with a known number of features, "
                       "but got ")
           << stream;
  if (results.size() != 1 || results[0] != arguments[0])
    return emitOpError("expected one result of type ")
           << arguments[0] << ", but got " << getFunctionType();
  return success();
}

LogicalResult ReturnOp::verify() {
  auto function = cast<FunctionOpInterface>((*this)->getParentOp());
  if (!llvm::equal(getOperandTypes(), function.getResultTypes()))
    return emitOpError("expected operands of types (")
           << function.getResultTypes() << ") to match the function, but got (" << getOperandTypes()
           << ")";
  return success();
}

LogicalResult RepeatOp::verify() {
  int64_t count = 0;
  for (auto segment : getSegments().getAsRange<SegmentAttr>())
    count += segment.getCount();
  if (count != getCaches().getType().getLayers())
    return emitOpError("expected as many layers as caches, but got ")
           << count << " layers and " << getCaches().getType().getLayers() << " caches";
  return success();
}

/// The weights that `layer` reads by its row are there for `rows` rows.
static LogicalResult verifyTables(RepeatOp op, LayerOp layer, int64_t rows,
                                  SymbolTableCollection &tables) {
  Block &body = layer.getBody().front();
  for (auto param : body.getOps<ParamOp>()) {
    if (param.getRow() != body.getArgument(3))
      continue;
    StringAttr name = param.getWeight().getRootReference();
    auto table =
        dyn_cast_or_null<WeightsOp>(tables.lookupSymbolIn(op->getParentOfType<ModuleOp>(), name));
    if (table && static_cast<int64_t>(table.getRows()) < rows)
      return op.emitOpError("expected ")
             << rows << " rows of @" << table.getSymName() << ", but it has " << table.getRows();
  }
  return success();
}

LogicalResult RepeatOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (auto segment : getSegments().getAsRange<SegmentAttr>()) {
    auto layer = tables.lookupNearestSymbolFrom<LayerOp>(*this, segment.getLayer());
    if (!layer)
      return emitOpError("expected a graph.layer, but found none called ") << segment.getLayer();
    if (layer.getFunctionType().getInput(0) != getInput().getType())
      return emitOpError("expected ") << segment.getLayer() << " to take " << getInput().getType()
                                      << ", but it takes " << layer.getFunctionType().getInput(0);
    if (failed(verifyTables(*this, layer, segment.getFirst() + segment.getCount(), tables)))
      return failure();
  }
  return success();
}

LogicalResult BatchOp::verify() {
  size_t tokens = getIds().size();
  auto checkLength = [&](size_t length, StringRef what) -> LogicalResult {
    if (length != tokens)
      return emitOpError("expected ")
             << tokens << " " << what << ", one a token, but got " << length;
    return success();
  };
  if (failed(checkLength(getPositions().size(), "positions")) ||
      (getSlots() && failed(checkLength(getSlots()->size(), "slots"))) ||
      (getWanted() && failed(checkLength(getWanted()->size(), "wanted flags"))))
    return failure();
  for (int32_t position : getPositions())
    if (position < 0)
      return emitOpError("expected positions of 0 or more, but got ") << position;
  for (int32_t slot : getSlots().value_or(ArrayRef<int32_t>()))
    if (slot < 0)
      return emitOpError("expected slots of 0 or more, but got ") << slot;
  return success();
}

//===----------------------------------------------------------------------===//
// Computation
//===----------------------------------------------------------------------===//

/// A vector weight of `elements` elements.
static LogicalResult verifyVector(Operation *op, Value weight, int64_t elements, StringRef what) {
  auto type = cast<WeightType>(weight.getType());
  if (type.getRank() != 1)
    return op->emitOpError("expected a ") << what << " of rank 1, but got " << type;
  if (type.getColumns() != elements)
    return op->emitOpError("expected a ")
           << what << " of " << elements << " elements, but got " << type.getColumns();
  return success();
}

static LogicalResult verifyFinite(Operation *op, FloatAttr value, StringRef what) {
  if (!value.getValue().isFinite())
    return op->emitOpError("expected a finite ") << what << ", but got " << value;
  return success();
}

static LogicalResult verifySoftcap(Operation *op, FloatAttr cap) {
  if (cap && (!cap.getValue().isFinite() || !(cap.getValueAsDouble() > 0)))
    return op->emitOpError("expected a finite softcap above 0, but got ") << cap;
  return success();
}

LogicalResult EmbedOp::verify() { return verifyFinite(*this, getScaleAttr(), "scale"); }
LogicalResult ResidualOp::verify() { return verifyFinite(*this, getScaleAttr(), "scale"); }

LogicalResult NormOp::verify() {
  int64_t columns = getColumns(getInput());
  int64_t group = getGroup() ? static_cast<int64_t>(*getGroup()) : columns;
  if (group <= 0 || columns % group)
    return emitOpError("expected columns in whole groups of ") << group << ", but got " << columns;
  if (!getEps().isFinite() || getEps().convertToDouble() < 0)
    return emitOpError("expected a finite eps of 0 or more, but got ") << getEpsAttr();
  if (failed(verifyFinite(*this, getOffsetAttr(), "offset")))
    return failure();
  if (!getWeight() && (getBias() || getOffset().convertToDouble() != 0))
    return emitOpError("expected neither bias nor offset without a weight");
  if (getWeight() && failed(verifyVector(*this, getWeight(), group, "weight")))
    return failure();
  if (getBias() && getKind() == NormKind::RMS)
    return emitOpError("expected no bias for an rms norm");
  return getBias() ? verifyVector(*this, getBias(), group, "bias") : success();
}

LogicalResult RowFactorOp::verify() {
  if (!getEps().isFinite() || getEps().convertToDouble() < 0)
    return emitOpError("expected a finite eps of 0 or more, but got ") << getEpsAttr();
  return success();
}

LogicalResult ScaleRowsOp::verify() {
  if (getColumns(getFactor()) != 1)
    return emitOpError("expected one factor a row, but got ") << getColumns(getFactor());
  if (cast<RankedTensorType>(getFactor().getType()).getElementType() !=
      cast<RankedTensorType>(getInput().getType()).getElementType())
    return emitOpError("expected factors of the input's type, but got ") << getFactor().getType();
  return success();
}

LogicalResult ScaleColumnsOp::verify() {
  if (failed(verifyFinite(*this, getOffsetAttr(), "offset")))
    return failure();
  return verifyVector(*this, getWeight(), getColumns(getInput()), "weight");
}

/// The input has `parts` times the weight's columns.
static LogicalResult verifyProduct(Operation *op, Value input, Value weight, Value bias,
                                   int64_t parts = 1) {
  auto type = cast<WeightType>(weight.getType());
  int64_t columns;
  if (llvm::MulOverflow(parts, type.getColumns(), columns) || columns != getColumns(input))
    return op->emitOpError("expected ")
           << (parts == 1 ? "" : std::to_string(parts) + " times ") << type.getColumns()
           << " input columns to match the weight, but got " << getColumns(input);
  if (auto quantized = dyn_cast<QTensorType>(input.getType())) {
    const FormatInfo &format = formatInfo(type.getFormat());
    if (format.isFloat())
      return op->emitOpError("expected a quantized weight for int8 activations, but got ") << type;
    if (quantized.getBlock() != activationBlock)
      return op->emitOpError("expected activation blocks of ")
             << activationBlock << ", but got " << quantized.getBlock();
  }
  return bias ? verifyVector(op, bias, type.getRows(), "bias") : success();
}

LogicalResult LinearOp::verify() {
  return verifyProduct(*this, getInput(), getWeight(), getBias());
}
LogicalResult LogitsOp::verify() {
  return success(succeeded(verifyProduct(*this, getInput(), getWeight(), getBias())) &&
                 succeeded(verifyFinite(*this, getScaleAttr(), "scale")) &&
                 succeeded(verifySoftcap(*this, getSoftcapAttr())));
}

LogicalResult RouteOp::verify() {
  if (getBias() && failed(verifyVector(*this, getBias(), getColumns(getScores()), "bias")))
    return failure();
  return verifyFinite(*this, getScaleAttr(), "scale");
}

LogicalResult ExpertsOp::verify() {
  // A row of each has the same token.
  int64_t inputs = isa<QTensorType>(getInput().getType())
                       ? cast<QTensorType>(getInput().getType()).getTokens()
                       : cast<RankedTensorType>(getInput().getType()).getDimSize(0);
  int64_t routes = cast<RankedTensorType>(getRoutes().getType()).getDimSize(0);
  if (inputs != routes && !ShapedType::isDynamic(inputs) && !ShapedType::isDynamic(routes))
    return emitOpError("expected as many rows of routes as of the input, but got ")
           << routes << " and " << inputs;
  WeightType weight = getWeight().getType();
  if (getTop() > weight.getExperts())
    return emitOpError("expected routes to at most ")
           << weight.getExperts() << " experts, but got " << getTop();
  if (auto route = getRoutes().getDefiningOp<RouteOp>();
      route && getColumns(route.getScores()) != weight.getExperts())
    return emitOpError("expected routes to ")
           << weight.getExperts() << " experts, but got " << getColumns(route.getScores());
  return verifyProduct(*this, getInput(), getWeight(), Value(),
                       getParts() == Parts::Sum ? getTop() : 1);
}

LogicalResult RopeOp::verify() {
  int64_t headDim = static_cast<int64_t>(getHeadDim()), dim = static_cast<int64_t>(getDim());
  if (getColumns(getInput()) % headDim)
    return emitOpError("expected columns in whole heads of ")
           << headDim << ", but got " << getColumns(getInput());
  if (dim > headDim || dim % 2)
    return emitOpError("expected an even number of rotated elements up to ")
           << headDim << ", but got " << dim;
  if (!getTheta().isFinite() || !(getTheta().convertToDouble() > 0))
    return emitOpError("expected a finite theta above 0, but got ") << getThetaAttr();
  if (failed(verifyFinite(*this, getPositionScaleAttr(), "position_scale")))
    return failure();
  if (FrequenciesAttr frequencies = getFrequenciesAttr())
    if (std::optional<std::string> mismatch = frequencies.mismatch(dim))
      return emitOpError(*mismatch);
  return success();
}

LogicalResult AttentionOp::verify() {
  if (static_cast<bool>(getCache()) == static_cast<bool>(getKeys()))
    return emitOpError("expected either a cache or keys and values");
  if (static_cast<bool>(getCache()) != static_cast<bool>(getTokens()))
    return emitOpError("expected tokens together with a cache");
  int64_t heads = static_cast<int64_t>(getHeads()), kvHeads = static_cast<int64_t>(getKvHeads());
  if (heads % kvHeads)
    return emitOpError("expected heads to be a multiple of kv_heads, but got ")
           << heads << " and " << kvHeads;
  int64_t keyDim;
  if (getCache()) {
    kv::CacheType cache = cast<kv::CacheType>(getCache().getType());
    if (cache.getHeads() != kvHeads)
      return emitOpError("expected kv_heads = ")
             << cache.getHeads() << " to match the cache, but got " << kvHeads;
    keyDim = cache.getKeyDim();
  } else {
    if (getColumns(getKeys()) % kvHeads || getColumns(getValues()) % kvHeads)
      return emitOpError("expected columns of keys and values in ") << kvHeads << " whole heads";
    int64_t keys = cast<RankedTensorType>(getKeys().getType()).getDimSize(0);
    int64_t values = cast<RankedTensorType>(getValues().getType()).getDimSize(0);
    if (keys != values)
      return emitOpError("expected as many values as keys, but got ") << values << " and " << keys;
    keyDim = getColumns(getKeys()) / kvHeads;
  }
  // The result type bounds `heads`, but the keys may be longer than the values.
  int64_t queryColumns;
  if (llvm::MulOverflow(heads, keyDim, queryColumns) || getColumns(getQuery()) != queryColumns)
    return emitOpError("expected queries of ")
           << heads << " heads of " << keyDim << " columns, but got " << getColumns(getQuery());
  if (getWindow() && getMask() != Mask::Causal)
    return emitOpError("expected a causal mask for a window");
  return success(succeeded(verifyFinite(*this, getScaleAttr(), "scale")) &&
                 succeeded(verifySoftcap(*this, getSoftcapAttr())));
}
