//===- Lowered.h - a lowered module beside its manifest --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_LOWERED_H
#define FRIT_LIB_VERIFY_LOWERED_H

#include "dialects/Kernel/Kernel.h"
#include "dialects/Tile/Tile.h"
#include "lib/Runtime/Manifest.h"

namespace frit::verify {

/// A phase of the manifest and what it was made from.
struct LoweredPhase {
  tile::PhaseOp op;
  kernel::ReferenceOp reference;
  /// Buffers of the reference's tensor arguments and results.
  std::vector<uint32_t> inputs, outputs;
};

/// A program of the manifest, cut into what is before its layers, the layers, and what is behind.
struct LoweredProgram {
  /// Behind the last step of each part; the first is the part before the layers. Of the manifest's
  /// steps, without the part behind the layers.
  std::vector<size_t> ends;
  /// Buffers of what the parts compute.
  std::vector<uint32_t> streams;
};

struct LoweredModel {
  std::vector<LoweredPhase> phases;     ///< by index in the manifest
  std::vector<LoweredProgram> programs; ///< by index in the manifest
};

/// Finds the ops of `module` that the manifest of its bundle lists. Fails, with a diagnostic, when
/// the module does not say what goes in and out of a phase.
mlir::FailureOr<LoweredModel> findLowered(mlir::ModuleOp module, const Manifest &manifest);

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_LOWERED_H
