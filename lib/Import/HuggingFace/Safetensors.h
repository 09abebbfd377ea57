//===- Safetensors.h - the header of a safetensors file --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source: https://github.com/huggingface/safetensors, "Format": a u64 with the length of the
// header, the header as JSON, the bytes of the tensors without holes between them.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_HUGGINGFACE_SAFETENSORS_H
#define FRIT_LIB_IMPORT_HUGGINGFACE_SAFETENSORS_H

#include "frit/Support/Result.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace frit {

struct SafetensorsTensor {
  std::string name;
  std::string type;                    ///< "F32", "BF16", "I64", ...
  llvm::SmallVector<int64_t, 4> shape; ///< Row-major; a dimension may be 0.
  uint64_t offset = 0;                 ///< Of the first byte in the file.
  uint64_t bytes = 0;                  ///< What shape and type ask for, and all there.
};

/// The tensors of a file of `byteCount` bytes, in the order of their data. A file with anything
/// wrong in it is a Failure: a header that is too long, no JSON or nested deeply; a type without a
/// known size; tensors whose bytes do not follow each other from the end of the header to the end
/// of the file.
Result<std::vector<SafetensorsTensor>> readSafetensors(const uint8_t *bytes, uint64_t byteCount);

} // namespace frit

#endif // FRIT_LIB_IMPORT_HUGGINGFACE_SAFETENSORS_H
