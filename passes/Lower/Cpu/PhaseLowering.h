//===- PhaseLowering.h - one tile phase as a function over vectors ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_LOWER_CPU_PHASELOWERING_H
#define FRIT_PASSES_LOWER_CPU_PHASELOWERING_H

#include "dialects/Graph/Graph.h"
#include "dialects/KV/KV.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Lower/Cpu/Emitter.h"
#include "llvm/ADT/SetVector.h"

namespace frit::lower::cpu {

/// A rotary table the runtime fills for each call.
struct RopeTable {
  int64_t dim;
  double theta, positionScale;
  graph::FrequenciesAttr frequencies; ///< Null: powers of theta.
};

/// What the phases of a module share, and what the manifest must know of them.
struct ModuleInfo {
  machine::TargetAttr target;
  llvm::DenseMap<mlir::StringAttr, int64_t> bufferIndex;
  llvm::SmallVector<RopeTable> ropeTables;
  int64_t scratchBytes = 0;

  int64_t ropeTable(const RopeTable &wanted);
};

/// Lowers one phase. Every tile has a place in the worker's scratch memory, or is a view of a
/// buffer; places are never shared, so that a value keeps until the phase ends.
class PhaseLowering {
public:
  PhaseLowering(tile::PhaseOp phase, ModuleInfo &info);

  /// Creates the function behind the phase.
  mlir::FailureOr<mlir::func::FuncOp> run();

private:
  /// Where a tile is: row r begins at pointer + r * rowBytes, or, with the i32 array `indices`, at
  /// pointer + indices[r] * rowBytes. `valid` rows count when it is set.
  struct Place {
    mlir::Value pointer;
    int64_t rowBytes = 0;
    int64_t rows = 0;
    int64_t columns = 0;
    mlir::Value valid = {};
    mlir::Value indices = {};
    bool isQuantized = false;
  };
  /// Where a dispatch is: i32 arrays. An expert that has parts is one of the first `active`.
  struct DispatchPlace {
    mlir::Value numbers, firsts, ends; ///< Of experts that have parts.
    mlir::Value parts, tokens;         ///< By place in the list.
    Place routes;
  };

  // PhaseLowering.cpp
  mlir::LogicalResult lowerBlock(mlir::Block &block);
  mlir::LogicalResult lowerOp(mlir::Operation &op);
  mlir::LogicalResult lowerFor(mlir::scf::ForOp loop);
  mlir::LogicalResult lowerIf(mlir::scf::IfOp branch);
  void lowerReshape(tile::ReshapeOp op);
  mlir::Value lookup(mlir::Value value) { return mapping.lookup(value); }
  const Place &place(mlir::Value tile) const { return places.at(tile); }
  Place allocate(mlir::Type type);
  mlir::Value allocateBytes(int64_t bytes);
  void copy(const Place &from, const Place &to);
  void forRows(const Place &of, llvm::function_ref<void(mlir::Value)> body);
  void forColumns(int64_t columns, llvm::function_ref<void(mlir::Value, int64_t)> body);
  mlir::Value element(const Place &of, mlir::Value row, mlir::Value column,
                      int64_t elementBytes = 4);
  mlir::Value contextPointer(size_t offset);
  mlir::Value contextSize(size_t offset);
  mlir::Value tokenField(size_t offset, mlir::Value token);
  mlir::Value addressTable(int64_t slot);

  // Memory.cpp
  void lowerShares(tile::SharesOp op);
  void lowerKeyRange(tile::KeyRangeOp op);
  void lowerLoad(tile::LoadOp op);
  void lowerStore(tile::StoreOp op);
  mlir::Value bufferPointer(tile::BufferOp buffer, mlir::Value column);
  void copyUpTo(const Place &from, const Place &to, mlir::Value column, int64_t columns);
  void lowerVector(tile::VectorOp op);
  void lowerEmbed(tile::EmbedOp op);
  void emitQuantizedRow(const FormatInfo &format, int64_t columns, mlir::Value group,
                        mlir::Value lane, mlir::Value out);
  void lowerWeights(tile::WeightsOp op);
  mlir::LogicalResult lowerCache(tile::CacheOp op);
  mlir::LogicalResult lowerAppend(tile::AppendOp op);
  mlir::Value packPointer(mlir::FlatSymbolRefAttr pack);
  mlir::Value cacheHead(tile::Side side, mlir::Value head, mlir::Value token);
  graph::WeightType packType(mlir::FlatSymbolRefAttr pack);

  // Elementwise.cpp
  mlir::LogicalResult lowerMap(tile::MapOp op);
  mlir::FailureOr<mlir::Value> emitElements(tile::MapOp op, mlir::ValueRange inputs,
                                            mlir::Type type);
  void lowerReduce(tile::ReduceOp op);
  void lowerFill(tile::FillOp op);
  mlir::LogicalResult lowerQuantize(tile::QuantizeOp op);
  void lowerRotate(tile::RotateOp op);
  void lowerMask(tile::MaskOp op);

  // Products.cpp
  mlir::LogicalResult lowerProduct(tile::ProductOp op);

  // Experts.cpp
  mlir::Value takeLargest(mlir::Value keys, int64_t count);
  void lowerTop(tile::TopOp op);
  void lowerDispatch(tile::DispatchOp op);
  void lowerExpert(tile::ExpertOp op);
  void lowerGather(tile::GatherOp op);
  void lowerScatter(tile::ScatterOp op);
  mlir::LogicalResult lowerCombine(tile::CombineOp op);
  mlir::LogicalResult lowerInsert(tile::InsertOp op);

  tile::PhaseOp phase;
  ModuleInfo &info;
  mlir::OpBuilder builder;
  Emitter emit;
  mlir::IRMapping mapping;
  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseMap<mlir::Value, mlir::Value> matrices;
  llvm::DenseMap<mlir::Value, DispatchPlace> dispatches;
  llvm::SetVector<mlir::Attribute> packs;
  llvm::DenseSet<mlir::StringAttr> stored; ///< buffers this phase writes
  int64_t scratchBytes = 0;
  mlir::Value context, table, worker, workers, scratch;
};

/// An int8 activation record: a block of 32 columns.
inline constexpr int64_t recordColumns = 32;
inline constexpr tile::ActivationBlock recordLayout = tile::activationBlockOf(recordColumns);

/// Bytes of a row of a tile, or of as many of its columns.
inline int64_t rowBytesOf(int64_t columns, bool isQuantized) {
  return isQuantized ? columns / recordColumns * recordLayout.blockBytes : 4 * columns;
}

} // namespace frit::lower::cpu

#endif // FRIT_PASSES_LOWER_CPU_PHASELOWERING_H
