//===- Module.h - programs and dataflow of a module ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PROGRAMCHECK_MODULE_H
#define FRIT_LIB_PROGRAMCHECK_MODULE_H

#include "dialects/Tile/Tile.h"
#include "lib/ProgramCheck/ProgramCheck.h"

namespace frit::program {

/// On the module: the calls of each function and layer, with the values between them by number.
/// `schedule` turns functions into programs; this is what the programs are held against.
inline constexpr llvm::StringLiteral dataflowAttrName = "frit.dataflow";

/// Sets the attribute, of a module that is cut into phases.
void recordDataflow(mlir::ModuleOp module);

/// The dataflow of the function whose first call computes `first` (a kernel.reference), its layers
/// unrolled. Fails when the module has lost it.
Result<Dataflow> dataflowOf(mlir::ModuleOp module, llvm::StringRef first);

/// The phases of a module behind `schedule`, and the numbers of its buffers by name.
Result<std::vector<Phase>> phasesOf(mlir::ModuleOp module,
                                    const llvm::StringMap<uint32_t> &buffers);

/// A program of the module, for calls of `rows` tokens, with one buffer behind the other.
Result<Program> programOf(tile::ProgramOp op, int64_t rows);

/// check()s each program of a module behind `schedule`; nothing when it has lost its dataflow.
mlir::LogicalResult checkPrograms(mlir::ModuleOp module);

/// Walks the loops of each tile.phase for some numbers of tokens. Proves, for those, that it
/// touches the buffers it declares, that no two shares write the same element, that all elements of
/// its outputs are written, that everything is written in a share, and that a share reads from what
/// it writes only what no other share does.
mlir::LogicalResult checkShares(mlir::ModuleOp module);

} // namespace frit::program

#endif // FRIT_LIB_PROGRAMCHECK_MODULE_H
