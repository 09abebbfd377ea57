//===- TileOps.cpp - what tiles are computed from tiles ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "test/unit/RandomGraphs/TileInterpreter.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::test;

static constexpr double infinity = std::numeric_limits<double>::infinity();

Status TileInterpreter::product(tile::ProductOp op) {
  const auto &matrix = std::get<Matrix>(values.at(op.getRhs()));
  const Value &lhs = values.at(op.getLhs());
  Tile plain;
  if (const auto *codes = std::get_if<Codes>(&lhs)) {
    plain = Tile(codes->rows, codes->columns);
    for (size_t i = 0; i < plain.values.size(); ++i)
      plain.values[i] = static_cast<double>(codes->scales[i / static_cast<size_t>(codes->block)]) *
                        codes->codes[i];
  } else {
    plain = std::get<Tile>(lhs);
  }
  if (plain.columns != matrix.columns)
    return Failure("expected a product over ", plain.columns, " columns, but got ", matrix.columns);
  Tile result(plain.rows, static_cast<int64_t>(matrix.rows.size()));
  if (op.getAccumulator())
    result = tile(op.getAccumulator());
  for (int64_t r = 0; r < result.rows; ++r)
    for (int64_t n = 0; n < result.columns; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < plain.columns; ++k)
        sum += plain.row(r)[k] * matrix.rows[n][k];
      result.row(r)[n] += sum;
    }
  set(op.getResult(), std::move(result));
  return {};
}

/// One op of the region of a map; nothing if it is not known.
static std::optional<double> compute(Operation &op, ArrayRef<double> in) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return cast<FloatAttr>(constant.getValue()).getValueAsDouble();
  if (isa<arith::AddFOp>(op))
    return in[0] + in[1];
  if (isa<arith::SubFOp>(op))
    return in[0] - in[1];
  if (isa<arith::MulFOp>(op))
    return in[0] * in[1];
  if (isa<arith::DivFOp>(op))
    return in[0] / in[1];
  if (isa<arith::NegFOp>(op))
    return -in[0];
  if (isa<arith::MaxNumFOp>(op))
    return std::fmax(in[0], in[1]);
  if (isa<arith::SelectOp>(op))
    return in[0] != 0 ? in[1] : in[2];
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return arith::applyCmpPredicate(compare.getPredicate(), APFloat(in[0]), APFloat(in[1]));
  if (isa<math::ExpOp>(op))
    return std::exp(in[0]);
  if (isa<math::SqrtOp>(op))
    return std::sqrt(in[0]);
  if (isa<math::TanhOp>(op))
    return std::tanh(in[0]);
  if (isa<math::ErfOp>(op))
    return std::erf(in[0]);
  return std::nullopt;
}

Status TileInterpreter::map(tile::MapOp op) {
  Tile result(op.getType().getRows(), op.getType().getColumns());
  Block &body = op.getBody().front();
  // Where each op of the region finds its operands and leaves its result.
  struct Instruction {
    Operation *op;
    SmallVector<unsigned, 3> operands;
    unsigned result;
  };
  llvm::DenseMap<mlir::Value, unsigned> slots;
  std::vector<double> numbers;
  auto slotOf = [&](mlir::Value value) {
    auto [found, isNew] = slots.try_emplace(value, numbers.size());
    if (isNew) {
      auto outside = values.find(value);
      numbers.push_back(outside != values.end() && std::holds_alternative<double>(outside->second)
                            ? std::get<double>(outside->second)
                            : 0);
    }
    return found->second;
  };
  std::vector<const Tile *> inputs;
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), op.getInputs())) {
    (void)slotOf(argument);
    inputs.push_back(&tile(input));
  }
  std::vector<Instruction> program;
  for (Operation &inner : body.without_terminator()) {
    Instruction next{&inner, {}, 0};
    for (mlir::Value operand : inner.getOperands())
      next.operands.push_back(slotOf(operand));
    next.result = slotOf(inner.getResult(0));
    program.push_back(std::move(next));
  }
  unsigned yielded = slotOf(body.getTerminator()->getOperand(0));
  SmallVector<double, 3> in;
  for (int64_t r = 0; r < result.rows; ++r)
    for (int64_t c = 0; c < result.columns; ++c) {
      for (size_t i = 0; i < inputs.size(); ++i)
        numbers[i] = inputs[i]->row(inputs[i]->rows == 1 ? 0 : r)[inputs[i]->columns == 1 ? 0 : c];
      for (const Instruction &next : program) {
        in.clear();
        for (unsigned operand : next.operands)
          in.push_back(numbers[operand]);
        std::optional<double> computed = compute(*next.op, in);
        if (!computed)
          return Failure("expected an op that the interpreter knows in a map, but got ",
                         std::string_view(next.op->getName().getStringRef()));
        numbers[next.result] = *computed;
      }
      result.row(r)[c] = numbers[yielded];
    }
  set(op.getResult(), std::move(result));
  return {};
}

void TileInterpreter::reduce(tile::ReduceOp op) {
  const Tile &from = tile(op.getInput());
  Tile result(from.rows, 1);
  for (int64_t r = 0; r < from.rows; ++r) {
    double total = op.getKind() == tile::Reduction::Add ? 0 : -infinity;
    for (int64_t c = 0; c < from.columns; ++c)
      total = op.getKind() == tile::Reduction::Add ? total + from.row(r)[c]
                                                   : std::fmax(total, from.row(r)[c]);
    result.values[r] = total;
  }
  set(op.getResult(), std::move(result));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

void TileInterpreter::keyRange(tile::KeyRangeOp op) {
  int64_t first = index(op.getRow()), block = static_cast<int64_t>(op.getBlock());
  int64_t lower = std::numeric_limits<int64_t>::max(), upper = 0;
  for (int64_t t = first; t < first + static_cast<int64_t>(op.getCount()) && t < numTokens(); ++t) {
    int64_t position = tokens->positions[t];
    int64_t oldest =
        op.getWindow() ? std::max<int64_t>(0, position - static_cast<int64_t>(*op.getWindow()) + 1)
                       : 0;
    lower = std::min(lower, oldest / block * block);
    upper = std::max(upper, position + 1);
  }
  set(op.getLower(), upper ? lower : int64_t(0));
  set(op.getUpper(), upper);
}

Status TileInterpreter::rotate(tile::RotateOp op) {
  if (op.getFrequenciesAttr())
    return Failure("expected a rotation without frequencies of its own");
  Tile result = tile(op.getInput());
  int64_t first = index(op.getRow()), head = op.getHeadDim(), half = op.getDim() / 2;
  for (int64_t r = 0; r < result.rows; ++r) {
    double position = first + r < numTokens() ? tokens->positions[first + r] : 0;
    for (int64_t i = 0; i < half; ++i) {
      double frequency = std::pow(op.getTheta().convertToDouble(),
                                  -static_cast<double>(i) / static_cast<double>(half));
      double angle = position * op.getPositionScale().convertToDouble() * frequency;
      for (int64_t begin = 0; begin < result.columns; begin += head) {
        double &x = result.row(r)[begin + i], &y = result.row(r)[begin + half + i];
        double turned = x * std::cos(angle) - y * std::sin(angle);
        y = x * std::sin(angle) + y * std::cos(angle);
        x = turned;
      }
    }
  }
  set(op.getResult(), std::move(result));
  return {};
}

Status TileInterpreter::mask(tile::MaskOp op) {
  Tile result = tile(op.getInput());
  int64_t first = index(op.getRow()), key = index(op.getKey()), heads = op.getHeads();
  for (int64_t r = 0; r < result.rows; ++r) {
    int64_t token = first + r / heads;
    for (int64_t c = 0; c < result.columns; ++c) {
      bool sees = token < numTokens() && key + c <= tokens->positions[token];
      if (sees && op.getWindow())
        sees = key + c > tokens->positions[token] - static_cast<int64_t>(*op.getWindow());
      if (!sees)
        result.row(r)[c] = -infinity;
    }
  }
  set(op.getResult(), std::move(result));
  return {};
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

Status TileInterpreter::top(tile::TopOp op) {
  const Tile &shares = tile(op.getWeights()), &keys = tile(op.getKeys());
  Tile result(op.getType().getRows(), op.getType().getColumns());
  int64_t count = result.columns / 2;
  for (int64_t r = 0; r < result.rows; ++r) {
    std::vector<bool> isChosen(static_cast<size_t>(keys.columns));
    double sum = 0;
    for (int64_t s = 0; s < count; ++s) {
      int64_t best = -1;
      for (int64_t c = 0; c < keys.columns; ++c)
        if (!isChosen[c] && keys.row(r)[c] > -infinity &&
            (best < 0 || keys.row(r)[c] > keys.row(r)[best]))
          best = c;
      best = std::max<int64_t>(best, 0);
      isChosen[best] = true;
      result.row(r)[s] = static_cast<double>(best);
      sum += result.row(r)[count + s] = shares.row(r)[best];
    }
    for (int64_t s = 0; s < count; ++s)
      result.row(r)[count + s] *= op.getScale().convertToDouble() / (op.getNormalize() ? sum : 1.0);
  }
  set(op.getResult(), std::move(result));
  return {};
}

Status TileInterpreter::dispatch(tile::DispatchOp op) {
  const Tile &routes = tile(op.getRoutes());
  tile::DispatchType type = op.getDispatch().getType();
  int64_t tokensHere = index(op.getValid()), count = type.getTop();
  if (tokensHere > type.getTokens() || tokensHere > routes.rows)
    return Failure("expected at most ", type.getTokens(), " tokens to dispatch, but got ",
                   tokensHere);
  Dispatch result;
  result.weights.assign(static_cast<size_t>(routes.rows * count), 0);
  std::map<int64_t, std::vector<int64_t>> partsOf;
  for (int64_t t = 0; t < tokensHere; ++t)
    for (int64_t s = 0; s < count; ++s) {
      partsOf[static_cast<int64_t>(routes.row(t)[s])].push_back(t * count + s);
      result.weights[t * count + s] = routes.row(t)[count + s];
    }
  for (const auto &[expert, parts] : partsOf) {
    auto first = static_cast<int64_t>(result.parts.size());
    result.parts.insert(result.parts.end(), parts.begin(), parts.end());
    result.active.push_back({expert, first, static_cast<int64_t>(result.parts.size())});
    while (result.parts.size() % static_cast<size_t>(type.getStep()))
      result.parts.push_back(0);
  }
  if (static_cast<int64_t>(result.parts.size()) > type.getPlaces())
    return Failure("expected at most ", type.getPlaces(), " places of a dispatch");
  set(op.getActive(), static_cast<int64_t>(result.active.size()));
  set(op.getDispatch(), std::move(result));
  return {};
}

Status TileInterpreter::combine(tile::CombineOp op) {
  const auto &listed = std::get<Dispatch>(values.at(op.getDispatch()));
  const Tile &from = tile(op.getValue());
  Tile result = tile(op.getInto());
  int64_t count = op.getDispatch().getType().getTop(), first = index(op.getPlace());
  for (int64_t r = 0; r < std::min(from.rows, index(op.getValid())); ++r) {
    int64_t part = listed.parts.at(first + r);
    for (int64_t c = 0; c < from.columns; ++c)
      result.row(part / count)[c] += listed.weights[part] * from.row(r)[c];
  }
  set(op.getResult(), std::move(result));
  return {};
}
