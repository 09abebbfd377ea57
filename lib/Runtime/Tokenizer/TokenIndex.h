//===- TokenIndex.h - from the spelling of a token to its id ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_TOKENINDEX_H
#define FRIT_LIB_RUNTIME_TOKENIZER_TOKENINDEX_H

#include <bit>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// From spelling to id, the last of several. Open addressing: a node a token, as in
/// std::unordered_map, makes loading twice as slow. Refers to the tokens.
class TokenIndex {
public:
  explicit TokenIndex(const std::vector<std::string> &tokens)
      : tokens(&tokens), slots(std::bit_ceil(tokens.size() * 2 + 1), -1) {}

  void insert(int32_t id) { slots[slot((*tokens)[static_cast<size_t>(id)])] = id; }
  void insertAll() {
    for (size_t id = 0; id < tokens->size(); ++id)
      insert(static_cast<int32_t>(id));
  }

  /// -1 for a spelling that was not inserted.
  int32_t find(std::string_view spelling) const { return slots[slot(spelling)]; }

private:
  size_t slot(std::string_view spelling) const {
    size_t index = std::hash<std::string_view>()(spelling) & (slots.size() - 1);
    while (slots[index] >= 0 && (*tokens)[static_cast<size_t>(slots[index])] != spelling)
      index = (index + 1) & (slots.size() - 1);
    return index;
  }

  const std::vector<std::string> *tokens;
  std::vector<int32_t> slots;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_TOKENINDEX_H
