//===- PhaseScheduler.h - a phase as loops over tiles ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_PASSES_SCHEDULE_PHASESCHEDULER_H
#define FRIT_PASSES_SCHEDULE_PHASESCHEDULER_H

#include "dialects/Graph/Graph.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

namespace frit::schedule {

/// A range of batch sizes that share code.
struct Bucket {
  std::string suffix;
  int64_t maxTokens; ///< of one call
  int64_t block;     ///< tokens whose prologue is computed before the weights are read
  int64_t step;      ///< tokens a product takes at once; divides block
};

/// The packs of a module, found again by what they hold.
class Packs {
public:
  explicit Packs(mlir::ModuleOp module) : module(module) {}

  /// The pack of `sources`, created under (about) `name` when there is none yet.
  mlir::FlatSymbolRefAttr get(mlir::Location loc, llvm::StringRef name,
                              llvm::ArrayRef<mlir::SymbolRefAttr> sources,
                              std::optional<int64_t> group, tile::Order order);

private:
  mlir::ModuleOp module;
  llvm::StringMap<mlir::FlatSymbolRefAttr> packs;
};

/// The tile type of the elements of `like`, a tile or a graph value.
mlir::Type withShape(mlir::Type like, int64_t rows, int64_t columns);
/// Of a tile or a graph value.
int64_t columnsOf(mlir::Value value);

/// What every schedule relies on.
mlir::LogicalResult checkPhase(kernel::PhaseOp phase);
/// That each op has rows of tokens, or of wanted ones; `isWanted` says what an argument has.
mlir::LogicalResult checkRows(kernel::PhaseOp phase,
                              llvm::function_ref<bool(mlir::Value argument)> isWanted);

/// Tiles of graph values at one place of the loops.
using TileEnv = llvm::DenseMap<mlir::Value, mlir::Value>;

/// Emits one tile.phase.
class PhaseScheduler {
public:
  /// `buffers` maps the phase's tensor arguments and yielded values to their buffers.
  PhaseScheduler(kernel::PhaseOp phase, const Bucket &bucket, machine::TargetAttr target,
                 Packs &packs, const llvm::DenseMap<mlir::Value, mlir::FlatSymbolRefAttr> &buffers)
      : phase(phase), bucket(bucket), target(target), packs(packs), buffers(buffers),
        builder(phase.getContext()) {}

  mlir::FailureOr<tile::PhaseOp> run();

private:
  /// A place in the output: `rows` rows from index `row`, `columns` columns from `column`.
  struct Place {
    mlir::Value row;
    mlir::Value column;
    int64_t rows;
    int64_t columns;
  };
  /// Anchors whose tiles meet in an epilogue op, and the rows of their weights one share takes.
  struct Component {
    llvm::SmallVector<mlir::Operation *> anchors;
    int64_t rows = 0;
    int64_t width = 0;
    /// Of anchor i: tile s of the component is tile base[i] + s * stride of pack[i].
    llvm::SmallVector<mlir::FlatSymbolRefAttr> pack;
    llvm::SmallVector<int64_t> base;
    int64_t stride = 1;

    /// Of one anchor's weights in their pack, whose last group is filled up.
    int64_t packedRows() const { return llvm::alignTo(rows, tile::groupRows); }
    int64_t shares() const { return packedRows() / width; }
  };

  // ProductSchedule.cpp
  mlir::LogicalResult scheduleProducts();
  mlir::FailureOr<llvm::SmallVector<Component>> findComponents();
  mlir::LogicalResult findWidth(Component &component);
  void assignPacks(llvm::MutableArrayRef<Component> components);
  llvm::SmallVector<mlir::Value> emitWeights(const Component &component, mlir::Value share);
  mlir::StringAttr instructionFor(mlir::Value lhs);
  mlir::LogicalResult emitShare(const Component &component, mlir::Value share, mlir::Value lhs,
                                mlir::Value blockRow, mlir::Value valid);
  // ExpertSchedule.cpp
  mlir::LogicalResult scheduleExperts();
  mlir::FailureOr<std::pair<mlir::Value, mlir::Value>>
  emitWholePrologue(graph::ExpertsOp experts, mlir::Value count, int64_t tokens);
  tile::ExpertOp expertAt(mlir::Value dispatch, mlir::Value index);
  mlir::Value emitGather(mlir::Value lhs, mlir::Value dispatch, mlir::Value place);
  mlir::LogicalResult emitParts(const Component &component, mlir::Value lhs, mlir::Value dispatch,
                                mlir::Value active);
  mlir::LogicalResult emitSums(const Component &component, mlir::Value lhs, mlir::Value dispatch,
                               mlir::Value active, mlir::Value count);
  // AttentionSchedule.cpp
  mlir::LogicalResult scheduleAttention(graph::AttentionOp attention);
  // RowSchedule.cpp
  mlir::LogicalResult scheduleRows();

  // PhaseParts.cpp
  bool usesWantedRows();
  mlir::LogicalResult emitPrologue(TileEnv &env, mlir::Value row, int64_t rows, mlir::Value valid);
  mlir::LogicalResult emitAppend(kv::AppendOp append, TileEnv &env, const Place &place);
  mlir::LogicalResult emitEpilogue(TileEnv &env, const Place &place);

  // Tiling.cpp: graph ops on tiles
  mlir::Value tileOf(TileEnv &env, mlir::Value value, const Place &place);
  mlir::FailureOr<mlir::Value> emitOp(mlir::Operation *op, TileEnv &env, const Place &place);
  mlir::Value emitRowFactor(mlir::Location loc, mlir::Value input, double eps);
  mlir::Value emitNorm(graph::NormOp norm, mlir::Value input, mlir::Value column);
  mlir::FailureOr<mlir::Value> emitRoute(graph::RouteOp route, mlir::Value scores);
  mlir::Value emitActivation(mlir::OpBuilder &b, mlir::Location loc, graph::Activation kind,
                             mlir::Value x);
  mlir::Value emitSoftcap(mlir::Location loc, mlir::Value input, double cap);
  mlir::Value map(mlir::Location loc, tile::TileType type, mlir::ValueRange inputs,
                  llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)> body);
  mlir::Value constant(mlir::Location loc, int64_t value);
  /// How many there are from `first` to `end`, at most `most`.
  mlir::Value rest(mlir::Location loc, mlir::Value end, mlir::Value first, mlir::Value most);
  mlir::Value scalar(mlir::OpBuilder &at, mlir::Location loc, double value);
  mlir::Value vector(mlir::Location loc, mlir::Value param, mlir::Value column, int64_t columns);
  tile::TileType tileType(int64_t rows, int64_t columns);
  tile::SharesOp shares(mlir::Location loc, mlir::Value count, bool cyclic);

  mlir::LogicalResult checkStores(mlir::Operation *op, kv::CacheType cache);
  std::string packName(mlir::Value param);

  kernel::PhaseOp phase;
  const Bucket &bucket;
  machine::TargetAttr target;
  Packs &packs;
  const llvm::DenseMap<mlir::Value, mlir::FlatSymbolRefAttr> &buffers;
  mlir::OpBuilder builder;
};

} // namespace frit::schedule

#endif // FRIT_PASSES_SCHEDULE_PHASESCHEDULER_H
