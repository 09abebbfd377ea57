//===- KVCache.cpp - keys and values the interpreter remembers -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/KVCache.h"

#include "frit/Formats/Formats.h"

using namespace mlir;
using namespace frit;
using namespace frit::reference;

/// Sequences a cache may have; an empty slot costs a few dozen bytes.
static constexpr int64_t maxSlots = 1 << 16;

static bool isSupported(kv::StoreAttr store) {
  return !store || store.getType().isF64() || store.getType().isF32() || store.getType().isF16() ||
         store.getType().isBF16();
}

/// `value` as it reads back from memory of the store's type.
template <typename T>
static T roundToStore(T value, kv::StoreAttr store) {
  if (!store || store.getType().isF64())
    return value;
  float single = static_cast<float>(value);
  if (store.getType().isF16())
    return halfToFloat(floatToHalf(single));
  if (store.getType().isBF16()) {
    APFloat rounded(single);
    bool losesInfo;
    rounded.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &losesInfo);
    return static_cast<T>(rounded.convertToFloat());
  }
  return single;
}

template <typename T>
static std::vector<T> roundToStore(const T *values, int64_t count, kv::StoreAttr store) {
  std::vector<T> rounded(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    rounded[i] = roundToStore(values[i], store);
  return rounded;
}

template <typename T>
FailureOr<KVCache<T>> KVCache<T>::create(Location location, kv::CacheType type, int64_t capacity,
                                         int64_t slots) {
  if (capacity <= 0 || slots <= 0 || slots > maxSlots)
    return emitError(location, "expected a positive capacity and 1 to ")
           << maxSlots << " slots, but got capacity " << capacity << " and " << slots << " slots";
  if (!isSupported(type.getKeyStore()) || !isSupported(type.getValueStore()))
    return emitError(location, "expected a cache stored as f64, f32, f16 or bf16, but got ")
           << type;
  return KVCache(type, capacity, slots);
}

template <typename T>
void KVCache<T>::append(int64_t slot, int64_t position, const T *keys, const T *values) {
  int64_t heads = cacheType.getHeads();
  Entry &entry = entries[static_cast<size_t>(slot)][position];
  entry.keys = roundToStore(keys, heads * cacheType.getKeyDim(), cacheType.getKeyStore());
  entry.values = roundToStore(values, heads * cacheType.getValueDim(), cacheType.getValueStore());
}

template <typename T>
void KVCache<T>::evict(int64_t slot, int64_t keep) {
  Slot &positions = entries[static_cast<size_t>(slot)];
  positions.erase(positions.lower_bound(keep), positions.end());
}

template class reference::KVCache<float>;
template class reference::KVCache<double>;
