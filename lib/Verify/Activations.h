//===- Activations.h - what goes in and out of phases -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_ACTIVATIONS_H
#define FRIT_LIB_VERIFY_ACTIVATIONS_H

#include "lib/Reference/Values.h"
#include "lib/Runtime/Manifest.h"
#include "lib/Verify/Compare.h"

#include <optional>

namespace frit::verify {

/// Rows of a buffer, as the reference has them: f32, or int8.
struct Activation {
  reference::Tensor<float> tensor; ///< of f32; only its shape for int8
  std::optional<reference::QuantizedTensor> codes;

  /// As they lie in a buffer.
  std::vector<uint8_t> toBytes() const;
  /// The first `rows` rows of a buffer; nothing when a sum is not that of its codes.
  static std::optional<Activation> fromBytes(const Manifest::Buffer &buffer, const uint8_t *bytes,
                                             int64_t rows);
};

/// What int8 activations stand for.
Matrix toMatrix(const reference::QuantizedTensor &codes);
Matrix toMatrix(const Activation &activation);

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_ACTIVATIONS_H
