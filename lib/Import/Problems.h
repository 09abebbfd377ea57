//===- Problems.h - everything that is wrong with a model -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_PROBLEMS_H
#define FRIT_LIB_IMPORT_PROBLEMS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

#include <optional>
#include <string>
#include <vector>

namespace frit {

/// `name` with every {layer} replaced.
std::string expandLayer(llvm::StringRef name, llvm::StringRef layer);

/// `name` with every {expert} replaced.
std::string expandExpert(llvm::StringRef name, llvm::StringRef expert);

/// The layer for which `pattern`, which has one {layer} in it, is `name`; nothing when it is not.
std::optional<int64_t> matchLayer(llvm::StringRef pattern, llvm::StringRef name);

/// "blk.7.attn_q.weight" as "blk.{layer}.attn_q.weight" and 7; further numbers are {expert}. The
/// name itself and 0 where no part of it is a number.
std::pair<std::string, int64_t> generalizeLayer(llvm::StringRef name);

/// Collects what is wrong, so that it can be said at once. Problems that differ only in the layer
/// become one.
class Problems {
public:
  bool empty() const { return items.empty(); }

  /// `place`: what in the model, e.g. "key llama.block_count".
  void add(const llvm::Twine &place, const llvm::Twine &message);
  /// `name` is a tensor's with {layer} in the place of its number; {expert} stands for any.
  void addTensor(llvm::StringRef name, const llvm::Twine &message, int64_t layer);

  /// One line for each problem, in the order they were found; the last one may say how many more
  /// there are.
  std::vector<std::string> lines() const;

private:
  struct Item {
    std::string place, message;
    std::vector<int64_t> layers; ///< Increasing; empty for what is not in a layer.
  };
  Item &insert(const llvm::Twine &place, const llvm::Twine &message);

  std::vector<Item> items;
  llvm::StringMap<size_t> indices;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_PROBLEMS_H
