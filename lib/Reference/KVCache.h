//===- KVCache.h - keys and values the interpreter remembers ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_REFERENCE_KVCACHE_H
#define FRIT_LIB_REFERENCE_KVCACHE_H

#include "dialects/KV/KV.h"

#include <map>
#include <vector>

namespace frit::reference {

/// The cache of one layer: for each slot and position the keys and values of all heads. Only what
/// was appended takes memory.
template <typename T>
class KVCache {
public:
  struct Entry {
    std::vector<T> keys;   ///< [heads, keyDim]
    std::vector<T> values; ///< [heads, valueDim]
  };
  /// Entries of a slot by position.
  using Slot = std::map<int64_t, Entry>;

  /// Room for positions 0 to `capacity` - 1 in each of `slots` sequences. Fails at `location` when
  /// the type asks for storage other than f64, f32, f16 or bf16, or a size is not positive.
  static mlir::FailureOr<KVCache> create(mlir::Location location, kv::CacheType type,
                                         int64_t capacity, int64_t slots);

  kv::CacheType type() const { return cacheType; }
  int64_t capacity() const { return slotCapacity; }
  int64_t slots() const { return static_cast<int64_t>(entries.size()); }

  /// Writes one token, rounding each element to the storage type; without stores nothing is
  /// rounded. Slot and position must be in range.
  void append(int64_t slot, int64_t position, const T *keys, const T *values);
  /// Forgets positions `keep` and above.
  void evict(int64_t slot, int64_t keep);

  const Slot &slot(int64_t slot) const { return entries[static_cast<size_t>(slot)]; }

private:
  KVCache(kv::CacheType type, int64_t capacity, int64_t slots)
      : cacheType(type), slotCapacity(capacity), entries(static_cast<size_t>(slots)) {}

  kv::CacheType cacheType;
  int64_t slotCapacity;
  std::vector<Slot> entries;
};

extern template class KVCache<float>;
extern template class KVCache<double>;

} // namespace frit::reference

#endif // FRIT_LIB_REFERENCE_KVCACHE_H
