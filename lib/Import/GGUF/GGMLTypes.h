//===- GGMLTypes.h - block sizes of every tensor type in GGUF files -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// More than frit can compute with (that is Formats.def): the bounds of a tensor are checked even
// when its type is refused later, so that all refused types can be listed at once.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GGUF_GGMLTYPES_H
#define FRIT_LIB_IMPORT_GGUF_GGMLTYPES_H

#include <cstdint>
#include <optional>

namespace frit {

struct GGMLBlock {
  uint32_t elements;
  uint32_t bytes;
};

/// The block of ggml tensor type `type`; nothing for numbers that are unknown or were removed.
std::optional<GGMLBlock> ggmlBlock(uint32_t type);

} // namespace frit

#endif // FRIT_LIB_IMPORT_GGUF_GGMLTYPES_H
