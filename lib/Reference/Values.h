//===- Values.h - what the reference interpreter computes with -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// T is float or double: the precision of a run, whatever element types the IR has.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_REFERENCE_VALUES_H
#define FRIT_LIB_REFERENCE_VALUES_H

#include "lib/Reference/KVCache.h"
#include "lib/Reference/WeightReader.h"

#include <cstdint>
#include <variant>
#include <vector>

namespace frit::reference {

/// Activations [rows, columns], row-major.
template <typename T>
struct Tensor {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<T> values;

  Tensor() = default;
  /// All zeros.
  Tensor(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(static_cast<size_t>(rows * columns)) {}

  T *row(int64_t r) { return values.data() + r * columns; }
  const T *row(int64_t r) const { return values.data() + r * columns; }
};

/// int8 activations, `!graph.qtensor`: element = scale of its block * code.
struct QuantizedTensor {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t block = 0;
  std::vector<int8_t> codes; ///< [rows, columns]
  std::vector<float> scales; ///< [rows, columns / block]
  std::vector<int32_t> sums; ///< sum of the codes of a block, [rows, columns / block]

  QuantizedTensor() = default;
  QuantizedTensor(int64_t rows, int64_t columns, int64_t block)
      : rows(rows), columns(columns), block(block), codes(static_cast<size_t>(rows * columns)),
        scales(static_cast<size_t>(rows * blocks())), sums(scales.size()) {}

  int64_t blocks() const { return columns / block; }
};

/// `!graph.tokens`: all vectors have one element a token.
struct Batch {
  std::vector<int32_t> ids;
  std::vector<int32_t> positions; ///< 0 or more
  std::vector<int32_t> slots;     ///< 0 or more
  std::vector<bool> wanted;       ///< whose logits are wanted

  int64_t size() const { return static_cast<int64_t>(ids.size()); }
};

/// What an SSA value holds while a module runs. Caches belong to the caller, or to the interpreter
/// when kv.create made them; the int64_t is an index.
template <typename T>
using RuntimeValue = std::variant<Tensor<T>, QuantizedTensor, Batch, Weight, KVCache<T> *,
                                  llvm::MutableArrayRef<KVCache<T>>, int64_t>;

} // namespace frit::reference

#endif // FRIT_LIB_REFERENCE_VALUES_H
