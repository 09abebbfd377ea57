//===- Packer.h - weights in the order the products read them --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PACK_PACKER_H
#define FRIT_LIB_PACK_PACKER_H

#include "dialects/Tile/Tile.h"
#include "frit/Support/Result.h"
#include "lib/Reference/WeightReader.h"

#include <functional>

namespace frit {

/// Where a pack lies in the bundle's section: row r (a layer) at offset + r * strideBytes.
struct PackLayout {
  tile::PackOp op;
  int64_t offset = 0;
  int64_t strideBytes = 0;
  int64_t rows = 1;
};

/// The layouts of all packs of a module, in its order; each starts on a multiple of 64 bytes.
Result<std::vector<PackLayout>> layOutPacks(mlir::ModuleOp module);

/// Takes the next bytes of the section.
using PackSink = std::function<Status(const uint8_t *bytes, size_t byteCount)>;

/// Reads the weights of `module` and hands the section to `sink` piece by piece: at no time more
/// than one group of 16 rows is in memory beside the mapped files. `progress` gets bytes done and
/// all.
Status writePacks(mlir::ModuleOp module, llvm::ArrayRef<PackLayout> layouts,
                  reference::WeightReader &reader, const PackSink &sink,
                  const std::function<void(int64_t, int64_t)> &progress);

} // namespace frit

#endif // FRIT_LIB_PACK_PACKER_H
