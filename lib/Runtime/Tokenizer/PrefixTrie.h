//===- PrefixTrie.h - all tokens that a text starts with --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_TOKENIZER_PREFIXTRIE_H
#define FRIT_LIB_RUNTIME_TOKENIZER_PREFIXTRIE_H

#include "lib/Runtime/Tokenizer/MergeTable.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace frit {

/// Its edges are in one hash table: from a node and a byte to a node and the token that ends there.
class PrefixTrie {
public:
  using Tokens = std::vector<std::pair<std::string_view, int32_t>>;

  /// Of several tokens with one spelling, that of the highest id counts; an empty one is never
  /// found.
  explicit PrefixTrie(Tokens tokens) : edges(countNodes(tokens)) {
    std::vector<uint32_t> path{0};
    uint32_t nodes = 0;
    std::string_view previous;
    for (const auto &[text, id] : tokens) {
      path.resize(commonBytes(previous, text) + 1);
      while (path.size() <= text.size()) {
        bool ends = path.size() == text.size();
        edges.insert(static_cast<int32_t>(path.back()), byteAt(text, path.size() - 1),
                     {++nodes, ends ? id : -1});
        path.push_back(nodes);
      }
      if (text.size() == previous.size() && !text.empty())
        edges.insert(static_cast<int32_t>(path[text.size() - 1]), byteAt(text, text.size() - 1),
                     {path.back(), id});
      previous = text;
    }
  }

  /// Calls `found` with the size in bytes and the id of each token, the shortest first.
  template <typename Found>
  void forEachPrefix(std::string_view text, Found found) const {
    int32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const MergeTable::Merge *edge = edges.lookup(node, byteAt(text, i));
      if (!edge)
        return;
      if (edge->id >= 0)
        found(i + 1, edge->id);
      node = static_cast<int32_t>(edge->rank);
    }
  }

private:
  static int32_t byteAt(std::string_view text, size_t index) {
    return static_cast<uint8_t>(text[index]);
  }
  static size_t commonBytes(std::string_view left, std::string_view right) {
    return static_cast<size_t>(std::ranges::mismatch(left, right).in1 - left.begin());
  }
  /// Sorts the tokens, too, so that those with a common beginning are side by side.
  static size_t countNodes(Tokens &tokens) {
    std::ranges::sort(tokens);
    size_t count = 0;
    std::string_view previous;
    for (const auto &[text, id] : tokens) {
      count += text.size() - commonBytes(previous, text);
      previous = text;
    }
    return count;
  }

  MergeTable edges;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_TOKENIZER_PREFIXTRIE_H
