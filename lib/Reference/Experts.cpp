//===- Experts.cpp - mixtures of experts: routes, products with experts ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

//===----------------------------------------------------------------------===//
// Routes
//===----------------------------------------------------------------------===//

template <typename T>
static std::vector<T> score(const T *scores, int64_t experts, graph::Scoring scoring) {
  std::vector<T> result(scores, scores + experts);
  if (scoring == graph::Scoring::Sigmoid) {
    for (T &value : result)
      value = 1 / (1 + std::exp(-value));
    return result;
  }
  T largest = *std::max_element(result.begin(), result.end()), sum = 0;
  for (T &value : result)
    sum += value = std::exp(value - largest);
  for (T &value : result)
    value /= sum;
  return result;
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::RouteOp op) {
  const Tensor<T> &scores = tensor(op.getScores());
  std::vector<T> bias = vector(op.getBias());
  auto top = static_cast<int64_t>(op.getTop());
  Tensor<T> routes(scores.rows, 2 * top);
  for (int64_t t = 0; t < scores.rows; ++t) {
    std::vector<T> weights = score(scores.row(t), scores.columns, op.getScoring());
    std::vector<int64_t> order(weights.size());
    for (size_t e = 0; e < order.size(); ++e)
      order[e] = static_cast<int64_t>(e);
    auto key = [&](int64_t expert) {
      return bias.empty() ? scores.row(t)[expert] : weights[expert] + bias[expert];
    };
    // Keys that are no numbers have no order: the first come first.
    if (llvm::none_of(order, [&](int64_t expert) { return std::isnan(key(expert)); }))
      llvm::sort(order,
                 [&](int64_t a, int64_t b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
    T sum = 0;
    for (int64_t s = 0; s < top; ++s)
      sum += weights[order[s]];
    T factor = static_cast<T>(op.getScale().convertToDouble());
    for (int64_t s = 0; s < top; ++s) {
      routes.row(t)[s] = static_cast<T>(order[s]);
      routes.row(t)[top + s] =
          factor * (op.getNormalize() ? weights[order[s]] / sum : weights[order[s]]);
    }
  }
  return bind(op.getResult(), std::move(routes));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {
/// Part `part` of the row of `token`.
struct Place {
  int64_t token, part;
};
} // namespace

/// The parts at `places`, of `columns` columns each, as rows.
template <typename T>
static Tensor<T> gather(const Tensor<T> &x, int64_t columns, ArrayRef<Place> places) {
  Tensor<T> result(static_cast<int64_t>(places.size()), columns);
  for (auto [row, place] : llvm::enumerate(places))
    std::copy_n(x.row(place.token) + place.part * columns, columns,
                result.row(static_cast<int64_t>(row)));
  return result;
}

static QuantizedTensor gather(const QuantizedTensor &x, int64_t columns, ArrayRef<Place> places) {
  QuantizedTensor result(static_cast<int64_t>(places.size()), columns, x.block);
  int64_t blocks = result.blocks();
  for (auto [row, place] : llvm::enumerate(places)) {
    auto to = static_cast<int64_t>(row);
    int64_t from = place.token * x.blocks() + place.part * blocks;
    std::copy_n(x.codes.begin() + from * x.block, columns, result.codes.begin() + to * columns);
    std::copy_n(x.scales.begin() + from, blocks, result.scales.begin() + to * blocks);
    std::copy_n(x.sums.begin() + from, blocks, result.sums.begin() + to * blocks);
  }
  return result;
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::ExpertsOp op) {
  const Weight &experts = weight(op.getWeight());
  const Tensor<T> &routes = tensor(op.getRoutes());
  int64_t top = op.getTop(), out = experts.type.getMatrixRows();
  bool sums = op.getParts() == graph::Parts::Sum;
  // Which products each expert has, in the order of its number: so sums have an order, too.
  std::map<int64_t, std::vector<Place>> placesOf;
  for (int64_t t = 0; t < routes.rows; ++t)
    for (int64_t s = 0; s < top; ++s) {
      T expert = routes.row(t)[s];
      if (!(expert >= 0 && expert < static_cast<T>(experts.type.getExperts())))
        return op.emitError("expected the number of an expert below ")
               << experts.type.getExperts() << ", but got " << std::to_string(expert);
      placesOf[static_cast<int64_t>(expert)].push_back({t, s});
    }
  Tensor<T> y(routes.rows, sums ? out : top * out);
  for (const auto &[expert, places] : placesOf) {
    std::vector<Place> inputs = places;
    if (!sums)
      for (Place &place : inputs)
        place.part = 0;
    Weight matrix = experts.expert(expert);
    Tensor<T> products =
        isa<graph::QTensorType>(op.getInput().getType())
            ? multiply(gather(get<QuantizedTensor>(op.getInput()), matrix.columns(), inputs),
                       matrix)
            : multiply(gather(tensor(op.getInput()), matrix.columns(), inputs), matrix);
    for (auto [row, place] : llvm::enumerate(places)) {
      const T *product = products.row(static_cast<int64_t>(row));
      T *result = y.row(place.token) + (sums ? 0 : place.part * out);
      T factor = sums ? routes.row(place.token)[top + place.part] : 1;
      for (int64_t o = 0; o < out; ++o)
        result[o] += factor * product[o];
    }
  }
  return bind(op.getResult(), std::move(y));
}

#define INSTANTIATE(Op)                                                                            \
  template LogicalResult Interpreter<float>::eval(Op);                                             \
  template LogicalResult Interpreter<double>::eval(Op);
INSTANTIATE(graph::RouteOp)
INSTANTIATE(graph::ExpertsOp)
