//===- Attention.cpp - caches and attention --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"

#include "llvm/ADT/DenseSet.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::reference;

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Interpreter<T>::eval(kv::CreateOp op) {
  FailureOr<KVCache<T>> cache = KVCache<T>::create(op.getLoc(), op.getCache().getType(),
                                                   static_cast<int64_t>(op.getCapacity()),
                                                   static_cast<int64_t>(op.getSlots()));
  if (failed(cache))
    return failure();
  createdCaches.push_back(std::move(*cache));
  return bind(op.getCache(), &createdCaches.back());
}

template <typename T>
static LogicalResult checkSlot(Operation *op, const KVCache<T> &cache, int64_t slot) {
  if (slot < 0 || slot >= cache.slots())
    return op->emitOpError("expected slots below ") << cache.slots() << ", but got " << slot;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::eval(kv::AppendOp op) {
  const Tensor<T> &keys = tensor(op.getKeys()), &values = tensor(op.getValues());
  if (!isa<graph::TokensType>(op.getTokens().getType()))
    return op.emitOpError("expected !graph.tokens, but got ") << op.getTokens().getType();
  const Batch &tokens = batch(op.getTokens());
  KVCache<T> &cache = this->cache(op.getCache());
  if (keys.rows != tokens.size() || values.rows != tokens.size())
    return op.emitOpError("expected keys and values of ")
           << tokens.size() << " tokens, but got " << keys.rows << " and " << values.rows;
  if (traffic && cache.type().hasStores())
    traffic->cacheBytes += tokens.size() * cache.type().bytesPerToken();
  for (int64_t t = 0; t < tokens.size(); ++t) {
    int64_t position = tokens.positions[t];
    if (failed(checkSlot(op, cache, tokens.slots[t])))
      return failure();
    if (position < 0 || position >= cache.capacity())
      return op.emitOpError("expected positions below the capacity of ")
             << cache.capacity() << ", but token " << t << " has " << position;
    cache.append(tokens.slots[t], position, keys.row(t), values.row(t));
  }
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::eval(kv::EvictOp op) {
  KVCache<T> &cache = this->cache(op.getCache());
  int64_t slot = static_cast<int64_t>(op.getSlot());
  if (failed(checkSlot(op, cache, slot)))
    return failure();
  cache.evict(slot, static_cast<int64_t>(op.getKeep()));
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {

/// A key one query sees, with its value; all heads.
template <typename T>
struct VisibleKey {
  const T *key;
  const T *value;
};

/// Positions [begin, end) a query may see.
struct Positions {
  int64_t begin = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
};

template <typename T>
struct AttentionShape {
  int64_t heads, kvHeads, keyDim, valueDim;
  T scale, softcap; ///< softcap 0: none
};

} // namespace

/// What a query at `position` may see; `window` 0 is no window.
static Positions visibleRange(graph::Mask mask, int64_t window, int64_t position) {
  Positions range;
  if (mask == graph::Mask::Causal)
    range.end = position + 1;
  if (window)
    range.begin = std::max<int64_t>(0, position + 1 - window);
  return range;
}

/// The keys a token sees in a cache. With a causal mask each position up to its own must be there.
template <typename T>
static FailureOr<std::vector<VisibleKey<T>>>
visibleKeys(graph::AttentionOp op, const KVCache<T> &cache, int64_t slot, int64_t position) {
  int64_t window = op.getWindow().value_or(0), cacheWindow = cache.type().getWindow();
  if (cacheWindow && (!window || cacheWindow < window))
    window = cacheWindow;
  Positions range = visibleRange(op.getMask(), window, position);
  std::vector<VisibleKey<T>> visible;
  const auto &entries = cache.slot(slot);
  for (auto it = entries.lower_bound(range.begin); it != entries.end() && it->first < range.end;
       ++it)
    visible.push_back({it->second.keys.data(), it->second.values.data()});
  if (op.getMask() == graph::Mask::Causal &&
      static_cast<int64_t>(visible.size()) != range.end - range.begin)
    return op.emitOpError("expected keys at positions ")
           << range.begin << " to " << position << " of slot " << slot << ", but only "
           << visible.size() << " of them were appended";
  return visible;
}

/// One query head over the keys it sees: softmax(scale * q k^T) v. Without keys: zeros.
template <typename T>
static void attend(const AttentionShape<T> &shape, int64_t head, const T *query,
                   ArrayRef<VisibleKey<T>> visible, T *result) {
  int64_t kvHead = head / (shape.heads / shape.kvHeads);
  std::vector<T> scores;
  T largest = -std::numeric_limits<T>::infinity();
  for (const VisibleKey<T> &k : visible) {
    T dot = 0;
    for (int64_t i = 0; i < shape.keyDim; ++i)
      dot += query[head * shape.keyDim + i] * k.key[kvHead * shape.keyDim + i];
    T score = shape.scale * dot;
    if (shape.softcap != 0)
      score = shape.softcap * std::tanh(score / shape.softcap);
    scores.push_back(score);
    largest = std::max(largest, score);
  }
  T sum = 0;
  for (T &score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (size_t j = 0; j < scores.size(); ++j)
    for (int64_t i = 0; i < shape.valueDim; ++i)
      result[head * shape.valueDim + i] +=
          scores[j] / sum * visible[j].value[kvHead * shape.valueDim + i];
}

template <typename T>
LogicalResult Interpreter<T>::eval(graph::AttentionOp op) {
  const Tensor<T> &query = tensor(op.getQuery());
  AttentionShape<T> shape;
  shape.heads = op.getHeads();
  shape.kvHeads = op.getKvHeads();
  shape.keyDim = query.columns / shape.heads;
  shape.valueDim = cast<RankedTensorType>(op.getResult().getType()).getDimSize(1) / shape.heads;
  shape.scale = static_cast<T>(op.getScale().convertToDouble());
  shape.softcap = op.getSoftcap() ? static_cast<T>(op.getSoftcap()->convertToDouble()) : 0;

  if (op.getTokens() && batch(op.getTokens()).size() != query.rows)
    return op.emitOpError("expected a query a token, but got ")
           << query.rows << " queries and " << batch(op.getTokens()).size() << " tokens";
  if (op.getKeys() && tensor(op.getKeys()).rows != tensor(op.getValues()).rows)
    return op.emitOpError("expected as many values as keys, but got ")
           << tensor(op.getValues()).rows << " and " << tensor(op.getKeys()).rows;

  Tensor<T> y(query.rows, shape.heads * shape.valueDim);
  llvm::DenseSet<const T *> read; ///< Keys of the cache.
  for (int64_t r = 0; r < query.rows; ++r) {
    std::vector<VisibleKey<T>> visible;
    if (op.getCache()) {
      const Batch &tokens = batch(op.getTokens());
      const KVCache<T> &cache = this->cache(op.getCache());
      if (failed(checkSlot(op, cache, tokens.slots[r])))
        return failure();
      auto found = visibleKeys(op, cache, tokens.slots[r], tokens.positions[r]);
      if (failed(found))
        return failure();
      visible = std::move(*found);
      if (traffic)
        for (const VisibleKey<T> &key : visible)
          read.insert(key.key);
    } else {
      const Tensor<T> &keys = tensor(op.getKeys()), &values = tensor(op.getValues());
      int64_t position = r + keys.rows - query.rows; // bottom-right
      Positions range = visibleRange(op.getMask(), op.getWindow().value_or(0), position);
      for (int64_t k = range.begin; k < std::min(range.end, keys.rows); ++k)
        visible.push_back({keys.row(k), values.row(k)});
    }
    for (int64_t head = 0; head < shape.heads; ++head)
      attend<T>(shape, head, query.row(r), visible, y.row(r));
  }
  if (traffic && op.getCache() && op.getCache().getType().hasStores())
    traffic->cacheBytes +=
        static_cast<int64_t>(read.size()) * op.getCache().getType().bytesPerToken();
  return bind(op.getResult(), std::move(y));
}

#define INSTANTIATE(Op)                                                                            \
  template LogicalResult Interpreter<float>::eval(Op);                                             \
  template LogicalResult Interpreter<double>::eval(Op);
INSTANTIATE(kv::CreateOp)
INSTANTIATE(kv::AppendOp)
INSTANTIATE(kv::EvictOp)
INSTANTIATE(graph::AttentionOp)
