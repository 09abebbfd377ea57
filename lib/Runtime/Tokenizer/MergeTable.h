//===- MergeTable.h - from a pair of tokens to what they merge into -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_MERGETABLE_H
#define FRIT_LIB_RUNTIME_TOKENIZER_MERGETABLE_H

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace frit {

/// A hash table with open addressing: one lookup is one or two cache lines, and looking up pairs
/// is most of the time that encoding takes.
class MergeTable {
public:
  struct Merge {
    uint32_t rank; ///< lower merges first
    int32_t id;    ///< the token the pair becomes
  };

  explicit MergeTable(size_t count) : slots(std::bit_ceil(count * 2 + 1)) {}

  /// The last of several merges of one pair counts. At most the constructor's count of pairs.
  void insert(int32_t left, int32_t right, Merge merge) {
    Slot &slot = slots[find(key(left, right))];
    slot = {key(left, right), merge};
  }

  /// Null when the pair does not merge.
  const Merge *lookup(int32_t left, int32_t right) const {
    const Slot &slot = slots[find(key(left, right))];
    return slot.key == empty ? nullptr : &slot.merge;
  }

private:
  static constexpr uint64_t empty = ~uint64_t(0); ///< no pair of ids >= 0
  struct Slot {
    uint64_t key = empty;
    Merge merge = {};
  };

  static uint64_t key(int32_t left, int32_t right) {
    return uint64_t(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }

  size_t find(uint64_t key) const {
    uint64_t hash = (key ^ key >> 29) * 0x9E3779B97F4A7C15u;
    size_t index = (hash ^ hash >> 32) & (slots.size() - 1);
    while (slots[index].key != key && slots[index].key != empty)
      index = (index + 1) & (slots.size() - 1);
    return index;
  }

  std::vector<Slot> slots;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_MERGETABLE_H
