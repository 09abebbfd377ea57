//===- TileInterpreter.h - runs fused, scheduled programs in f64 ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a module computes behind `schedule`: its programs, phase by phase, on its buffers and packs,
// with several cores. It knows the tile dialect as dialects/Tile describes it and nothing of the
// graph that was scheduled, so that the two can be compared; f64 leaves nothing of a difference
// that is only one of rounding. Where the contract says nothing, memory is hostile: rows that
// nobody wrote and rows of padding are not-a-number.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_RANDOMGRAPHS_TILEINTERPRETER_H
#define FRIT_TEST_UNIT_RANDOMGRAPHS_TILEINTERPRETER_H

#include "dialects/Tile/Tile.h"
#include "frit/Support/Result.h"
#include "lib/Reference/Values.h"

#include <map>
#include <random>
#include <variant>

namespace frit::test {

/// Some rows of a pack, or of a side of the cache, as a product reads them.
struct Matrix {
  int64_t columns = 0;
  std::vector<std::vector<double>> rows;
};

/// A !tile.dispatch.
struct Dispatch {
  struct Expert {
    int64_t number, first, end;
  };
  std::vector<int64_t> parts; ///< at each place
  std::vector<Expert> active;
  std::vector<double> weights; ///< of each part
};

class TileInterpreter {
public:
  using Tile = reference::Tensor<double>;
  using Codes = reference::QuantizedTensor;

  TileInterpreter(mlir::ModuleOp module, reference::WeightReader &weights)
      : module(module), tables(module), weights(weights) {}

  /// Runs a program on tokens whose keys and values earlier calls left in the caches; gives a row
  /// of logits for each wanted token. Phases are run by `cores` cores, one after the other, in an
  /// order that changes.
  Result<Tile> run(tile::ProgramOp program, const reference::Batch &tokens, int64_t cores,
                   std::mt19937 &random);

private:
  using Value = std::variant<int64_t, double, Tile, Codes, Matrix, Dispatch>;
  struct Buffer {
    bool isWanted = false;
    std::variant<Tile, Codes> rows;
  };
  /// Keys and values of a head at a position of a slot.
  struct Entry {
    std::vector<double> sides[2];
  };

  Status runPhase(llvm::StringRef name, int64_t layer, int64_t row, int64_t cores,
                  std::mt19937 &random);
  Status runBlock(mlir::Block &block);
  Status runOp(mlir::Operation &op);
  Status runFor(mlir::Operation &op);
  Status runIf(mlir::Operation &op);
  Status runIndex(mlir::Operation &op);
  Status load(tile::LoadOp op);
  Status store(tile::StoreOp op);
  Status embed(tile::EmbedOp op);
  Status matrix(tile::WeightsOp op);
  Status vector(tile::VectorOp op);
  Status readCache(tile::CacheOp op);
  Status append(tile::AppendOp op);
  Status product(tile::ProductOp op);
  Status map(tile::MapOp op);
  Status rotate(tile::RotateOp op);
  Status mask(tile::MaskOp op);
  Status top(tile::TopOp op);
  Status dispatch(tile::DispatchOp op);
  Status gather(tile::GatherOp op);
  Status scatter(tile::ScatterOp op);
  Status combine(tile::CombineOp op);
  Status reshape(tile::ReshapeOp op);
  Status insert(tile::InsertOp op);
  void keyRange(tile::KeyRangeOp op);
  void reduce(tile::ReduceOp op);

  /// The rows of a pack, as the current row of the table has them.
  Result<const Matrix *> pack(mlir::Operation *user, llvm::StringRef name);
  int64_t index(mlir::Value value) const { return std::get<int64_t>(values.at(value)); }
  const Tile &tile(mlir::Value value) const { return std::get<Tile>(values.at(value)); }
  template <typename T>
  void set(mlir::Value value, T &&content) {
    values[value] = std::forward<T>(content);
  }
  int64_t numTokens() const { return static_cast<int64_t>(tokens->ids.size()); }

  mlir::ModuleOp module;
  mlir::SymbolTable tables;
  reference::WeightReader &weights;
  std::map<std::pair<std::string, int64_t>, Matrix> packs; ///< by name and row
  std::map<std::string, Buffer> buffers;
  /// By layer, slot, head and position.
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, Entry> cache;

  // The step that runs.
  const reference::Batch *tokens = nullptr;
  std::vector<int64_t> wanted; ///< tokens
  kv::CacheType cacheType;
  int64_t layer = 0, row = 0, core = 0, numCores = 1;
  llvm::DenseMap<mlir::Value, Value> values;
};

} // namespace frit::test

#endif // FRIT_TEST_UNIT_RANDOMGRAPHS_TILEINTERPRETER_H
