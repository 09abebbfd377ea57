//===- GraphOps.cpp - result types and fusion roles of graph ops -----------===//
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

//===----------------------------------------------------------------------===//
// Result types
//===----------------------------------------------------------------------===//

/// The rows of an activation operand; dynamic when it is not a tensor or has unknown rows.
static int64_t getRows(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.getRank() == 2 ? tensor.getDimSize(0) : ShapedType::kDynamic;
  if (auto quantized = dyn_cast<QTensorType>(type))
    return quantized.getTokens();
  return ShapedType::kDynamic;
}

/// The element type a product of `type` has: its own, or f32 for int8 activations.
static Type getProductElement(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.getElementType();
  return Float32Type::get(type.getContext());
}

static LogicalResult inferProduct(std::optional<Location> location, Type input, Type weight,
                                  SmallVectorImpl<Type> &types) {
  auto matrix = dyn_cast<WeightType>(weight);
  if (!matrix || matrix.getRank() != 2)
    return emitOptionalError(location, "expected a weight of rank 2, but got ", weight);
  types.push_back(
      RankedTensorType::get({getRows(input), matrix.getRows()}, getProductElement(input)));
  return success();
}

LogicalResult EmbedOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                        Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto table = dyn_cast<WeightType>(adaptor.getTable().getType());
  if (!table || table.getRank() != 2)
    return emitOptionalError(location, "expected a table of rank 2, but got ",
                             adaptor.getTable().getType());
  types.push_back(
      RankedTensorType::get({ShapedType::kDynamic, table.getColumns()}, Float32Type::get(context)));
  return success();
}

LogicalResult QuantizeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                           Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto input = dyn_cast<RankedTensorType>(adaptor.getInput().getType());
  int64_t block = adaptor.getBlock();
  if (!input || input.getRank() != 2 || input.isDynamicDim(1))
    return emitOptionalError(location, "expected activations with known columns, but got ",
                             adaptor.getInput().getType());
  if (block <= 0 || input.getDimSize(1) % block)
    return emitOptionalError(location, "expected columns in whole blocks of ", block, ", but got ",
                             input.getDimSize(1), " columns");
  types.push_back(QTensorType::get(context, input.getDimSize(0), input.getDimSize(1), block));
  return success();
}

LogicalResult RowFactorOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto input = dyn_cast<RankedTensorType>(adaptor.getInput().getType());
  if (!input || input.getRank() != 2)
    return emitOptionalError(location, "expected activations, but got ",
                             adaptor.getInput().getType());
  types.push_back(RankedTensorType::get({input.getDimSize(0), 1}, input.getElementType()));
  return success();
}

LogicalResult LinearOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferProduct(location, adaptor.getInput().getType(), adaptor.getWeight().getType(), types);
}

LogicalResult LogitsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferProduct(location, adaptor.getInput().getType(), adaptor.getWeight().getType(), types);
}

LogicalResult RouteOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                        Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto scores = dyn_cast<RankedTensorType>(adaptor.getScores().getType());
  if (!scores || scores.getRank() != 2 || scores.isDynamicDim(1))
    return emitOptionalError(location, "expected scores [tokens, experts], but got ",
                             adaptor.getScores().getType());
  auto top = static_cast<int64_t>(adaptor.getTop());
  if (top < 1 || top > scores.getDimSize(1))
    return emitOptionalError(location, "expected to choose 1 to ", scores.getDimSize(1),
                             " experts, but got ", top);
  types.push_back(RankedTensorType::get({scores.getDimSize(0), 2 * top}, scores.getElementType()));
  return success();
}

LogicalResult ExpertsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto weight = dyn_cast<WeightType>(adaptor.getWeight().getType());
  if (!weight || weight.getRank() != 3)
    return emitOptionalError(location, "expected a weight of rank 3, but got ",
                             adaptor.getWeight().getType());
  auto routes = dyn_cast<RankedTensorType>(adaptor.getRoutes().getType());
  if (!routes || routes.getRank() != 2 || routes.isDynamicDim(1) || routes.getDimSize(1) % 2)
    return emitOptionalError(location, "expected routes [tokens, 2 x top], but got ",
                             adaptor.getRoutes().getType());
  int64_t parts = adaptor.getParts() == Parts::Each ? routes.getDimSize(1) / 2 : 1, columns;
  if (llvm::MulOverflow(parts, weight.getMatrixRows(), columns))
    return emitOptionalError(location, "expected columns that fit, but got ", parts, " parts of ",
                             weight.getMatrixRows());
  Type input = adaptor.getInput().getType();
  types.push_back(RankedTensorType::get({getRows(input), columns}, getProductElement(input)));
  return success();
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto query = dyn_cast<RankedTensorType>(adaptor.getQuery().getType());
  if (!query || query.getRank() != 2)
    return emitOptionalError(location, "expected queries [tokens, heads x dim], but got ",
                             adaptor.getQuery().getType());
  int64_t heads = static_cast<int64_t>(adaptor.getHeads());
  int64_t kvHeads = static_cast<int64_t>(adaptor.getKvHeads());
  auto cache = adaptor.getCache() ? dyn_cast<kv::CacheType>(adaptor.getCache().getType()) : nullptr;
  auto values =
      adaptor.getValues() ? dyn_cast<RankedTensorType>(adaptor.getValues().getType()) : nullptr;
  int64_t valueDim;
  if (cache)
    valueDim = cache.getValueDim();
  else if (values && values.getRank() == 2 && !values.isDynamicDim(1) && kvHeads > 0)
    valueDim = values.getDimSize(1) / kvHeads;
  else
    return emitOptionalError(location,
                             "expected a cache, or keys and values [tokens, kv_heads x dim]");
  int64_t columns;
  if (heads <= 0 || llvm::MulOverflow(heads, valueDim, columns))
    return emitOptionalError(location, "expected a number of heads that fits, but got ", heads);
  types.push_back(RankedTensorType::get({query.getDimSize(0), columns}, query.getElementType()));
  return success();
}

int64_t ColumnOp::getPieces() {
  return static_cast<int64_t>(getOffsets().size()) /
         static_cast<int64_t>(cast<WeightsOp>((*this)->getParentOp()).getRows());
}

//===----------------------------------------------------------------------===//
// Effects
//===----------------------------------------------------------------------===//

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (getCache())
    effects.emplace_back(MemoryEffects::Read::get(), &getCacheMutable()[0]);
}

//===----------------------------------------------------------------------===//
// Fusion roles
//===----------------------------------------------------------------------===//

FusionRole EmbedOp::getFusionRole() { return FusionRole::Anchor; }
FusionRole LinearOp::getFusionRole() { return FusionRole::Anchor; }
FusionRole LogitsOp::getFusionRole() { return FusionRole::Anchor; }
FusionRole ExpertsOp::getFusionRole() { return FusionRole::Anchor; }
FusionRole RouteOp::getFusionRole() { return FusionRole::Row; }
FusionRole AttentionOp::getFusionRole() { return FusionRole::Anchor; }
// A norm per head fits the tile of a head; a norm of whole rows does not fit any tile.
FusionRole NormOp::getFusionRole() { return getGroup() ? FusionRole::Local : FusionRole::Row; }
FusionRole RowFactorOp::getFusionRole() { return FusionRole::Row; }
FusionRole ScaleRowsOp::getFusionRole() { return FusionRole::Local; }
// Cheap enough to be recomputed by whoever reads whole rows of it.
FusionRole ScaleColumnsOp::getFusionRole() { return FusionRole::Row; }
FusionRole QuantizeOp::getFusionRole() { return FusionRole::Row; }
FusionRole SelectOp::getFusionRole() { return FusionRole::Row; }
FusionRole RopeOp::getFusionRole() { return FusionRole::Local; }
FusionRole ActivationOp::getFusionRole() { return FusionRole::Local; }
FusionRole GluOp::getFusionRole() { return FusionRole::Local; }
FusionRole ResidualOp::getFusionRole() { return FusionRole::Local; }
