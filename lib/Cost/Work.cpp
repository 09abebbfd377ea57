//===- Work.cpp - what an op of the graph costs, whatever the machine -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Cost/Work.h"

#include "dialects/Graph/Graph.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace frit;
using namespace frit::cost;

int64_t cost::activationBytes(Type type, int64_t rows) {
  if (auto quantized = dyn_cast<graph::QTensorType>(type))
    return rows * (quantized.getColumns() + quantized.getColumns() / quantized.getBlock() * 4);
  if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getRank() == 2)
    return rows * tensor.getDimSize(1) * 4;
  return 0;
}

int64_t cost::rowsOf(Value value, const Shape &shape) {
  for (Operation *op = value.getDefiningOp(); op; op = op->getOperand(0).getDefiningOp()) {
    if (isa<graph::SelectOp>(op))
      return 1;
    if (op->getNumOperands() == 0 || isa<graph::RepeatOp>(op))
      break;
  }
  return shape.tokens;
}

/// Keys that the tokens of a call see, added up: the newest sees `keys`, or a window of them, and
/// each one before it one less.
static double keysSeen(const Shape &shape, std::optional<uint64_t> window) {
  auto tokens = static_cast<double>(shape.tokens), keys = static_cast<double>(shape.keys);
  auto most = window ? std::min(static_cast<double>(*window), keys) : keys;
  double full =
      std::clamp(keys - most + 1, 0.0, tokens); // Tokens that see as many as there may be.
  double rest = tokens - full;                  // They see most - 1, most - 2, ...
  return full * most + rest * (most - 1) - rest * (rest - 1) / 2;
}

/// 0 as long as nobody has chosen how the cache stores them.
static int64_t bytesPerToken(kv::CacheType cache) {
  return cache.hasStores() ? cache.bytesPerToken() : 0;
}

static double elementsOf(Value value, const Shape &shape) {
  int64_t columns = 0;
  if (auto quantized = dyn_cast<graph::QTensorType>(value.getType()))
    columns = quantized.getColumns();
  else if (auto tensor = dyn_cast<RankedTensorType>(value.getType()))
    columns = tensor.getDimSize(1);
  return static_cast<double>(rowsOf(value, shape) * columns);
}

static void addProduct(Work &work, Value input, graph::WeightType weight, double rows) {
  work.number = isa<graph::QTensorType>(input.getType()) ? Number::I8 : Number::F32;
  work.matrixOps = 2 * rows * static_cast<double>(weight.getMatrixRows() * weight.getColumns());
  work.columns = weight.getMatrixRows();
}

static Work workOfAttention(graph::AttentionOp attention, const Shape &shape) {
  Work work;
  auto heads = static_cast<int64_t>(attention.getHeads());
  auto kvHeads = static_cast<int64_t>(attention.getKvHeads());
  double seen = keysSeen(shape, attention.getWindow());
  auto queryDim = cast<RankedTensorType>(attention.getQuery().getType()).getDimSize(1) / heads;
  auto valueDim = cast<RankedTensorType>(attention.getResult().getType()).getDimSize(1) / heads;
  auto dims = static_cast<double>(queryDim + valueDim);
  double scores = seen * static_cast<double>(heads);
  work.matrixOps = 2 * scores * dims;
  work.exps = scores;
  work.vectorOps = 4 * scores; // Scale, mask, maximum, sum.
  work.scoreBytes = static_cast<int64_t>(scores) * 4;
  int64_t keys = shape.keys;
  if (attention.getWindow())
    keys = std::min<int64_t>(keys, static_cast<int64_t>(*attention.getWindow()) + shape.tokens - 1);
  if (attention.getCache())
    work.cacheReadBytes = keys * bytesPerToken(attention.getCache().getType());
  work.rows = shape.tokens;
  work.columns = kvHeads;
  return work;
}

Work cost::workOf(Operation *op, const Shape &shape) {
  Work work;
  double elements = op->getNumResults() == 1 ? elementsOf(op->getResult(0), shape) : 0;
  int64_t rows = op->getNumResults() == 1 ? rowsOf(op->getResult(0), shape) : shape.tokens;
  work.rows = rows;
  for (Value operand : op->getOperands())
    if (auto weight = dyn_cast<graph::WeightType>(operand.getType()))
      work.weightBytes += weight.getBytes();
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](graph::LinearOp linear) {
        auto type = cast<graph::WeightType>(linear.getWeight().getType());
        addProduct(work, linear.getInput(), type, static_cast<double>(rows));
        if (linear.getBias())
          work.vectorOps = elements;
      })
      .Case([&](graph::LogitsOp logits) {
        auto type = cast<graph::WeightType>(logits->getOperand(1).getType());
        addProduct(work, logits->getOperand(0), type, static_cast<double>(rows));
        if (logits.getSoftcap())
          work.exps = elements;
      })
      .Case([&](graph::ExpertsOp experts) {
        auto type = cast<graph::WeightType>(experts.getWeight().getType());
        auto parts = static_cast<double>(rows * experts.getTop());
        addProduct(work, experts.getInput(), type, parts);
        // Each of E experts is among the k of none of n tokens with probability (1 - k/E)^n.
        auto all = static_cast<double>(type.getExperts());
        double part = static_cast<double>(experts.getTop()) / all;
        double chosen = all * (1 - std::pow(1 - part, static_cast<double>(rows)));
        work.weightBytes = std::llround(chosen / all * static_cast<double>(type.getBytes()));
        work.columns *= std::max<int64_t>(std::llround(chosen), 1);
      })
      .Case([&](graph::AttentionOp attention) { work = workOfAttention(attention, shape); })
      .Case([&](graph::EmbedOp embed) {
        auto type = cast<graph::WeightType>(embed.getTable().getType());
        work.weightBytes = rows * type.getBytes() / std::max<int64_t>(type.getMatrixRows(), 1);
        work.vectorOps = elements;
      })
      .Case([&](graph::NormOp) { work.vectorOps = 4 * elements; }) // Square, sum, two factors.
      .Case([&](graph::RowFactorOp factor) {
        work.vectorOps = 2 * elementsOf(factor.getInput(), shape);
      })
      .Case<graph::ScaleRowsOp, graph::ScaleColumnsOp>([&](auto) { work.vectorOps = elements; })
      .Case([&](graph::QuantizeOp) { work.vectorOps = 4 * elements; }) // Maximum, factor, rounding.
      .Case([&](graph::RopeOp) { work.vectorOps = 3 * elements; })
      .Case([&](graph::ActivationOp activation) {
        bool isReLU = activation.getAct() == graph::Activation::ReLU ||
                      activation.getAct() == graph::Activation::ReLUSquared;
        work.vectorOps = (isReLU ? 2 : 3) * elements;
        work.exps = isReLU ? 0 : elements;
      })
      .Case([&](graph::GluOp) {
        work.vectorOps = 4 * elements;
        work.exps = elements;
      })
      .Case([&](graph::ResidualOp) { work.vectorOps = elements; })
      .Case([&](graph::RouteOp route) {
        double scores = elementsOf(route.getScores(), shape);
        work.exps = scores;
        work.vectorOps = scores * static_cast<double>(route.getTop());
      })
      .Case([&](kv::AppendOp append) {
        work.cacheWriteBytes = shape.tokens * bytesPerToken(append.getCache().getType());
        work.vectorOps =
            elementsOf(append.getKeys(), shape) + elementsOf(append.getValues(), shape);
      });
  return work;
}
