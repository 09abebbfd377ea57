//===- WeightReader.h - weights of a module, read from their files ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_REFERENCE_WEIGHTREADER_H
#define FRIT_LIB_REFERENCE_WEIGHTREADER_H

#include "dialects/Graph/Graph.h"
#include "lib/Import/GGUF/MappedFile.h"
#include "llvm/ADT/StringMap.h"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace frit::reference {

/// A weight in mapped files, all of whose bytes are there. Valid as long as its reader.
struct Weight {
  graph::WeightType type;
  /// Row 0 as the file has it; of a weight in pieces, row 0 of each expert.
  llvm::SmallVector<const uint8_t *, 1> pieces;
  graph::UnpairAttr unpair;  ///< Of the rows; null: as in the file.
  graph::RunsAttr runs = {}; ///< Of the rows in the file; null: one behind the other.
  /// What its columns are multiplied with; null: nothing.
  const double *factors = nullptr;

  int64_t rows() const { return type.getRows(); }
  int64_t columns() const { return type.getColumns(); }
  const FormatInfo &format() const { return formatInfo(type.getFormat()); }
  /// The bytes of row `row` of the weight, row transforms applied, but no factors. 0 <= row <
  /// rows().
  const uint8_t *row(int64_t row) const;
  /// The same with factors applied, which only weights of floats have; `scratch` may hold them.
  const uint8_t *row(int64_t row, std::vector<uint8_t> &scratch) const;
  /// One matrix of a weight of several. 0 <= number < type.getExperts().
  Weight expert(int64_t number) const;
};

/// Finds and maps weights. Not thread-safe.
class WeightReader {
public:
  /// `graph.file` paths are relative to `directory`. Up to `cacheBytes` bytes of dequantized
  /// weights are kept: the first weights that fit, whole; with 0 rows are dequantized each time.
  explicit WeightReader(std::string directory, uint64_t cacheBytes = 0)
      : directory(std::move(directory)), cacheBytesLeft(cacheBytes) {}

  /// The weight `param` names; `row` is its row of a weight table. Fails at `param` when the file
  /// cannot be mapped or ends before the weight does, or the table has no such row.
  mlir::FailureOr<Weight> find(graph::ParamOp param, int64_t row = 0);
  /// The same for the weight called `name`, of type `type`; failures are reported at `user`.
  mlir::FailureOr<Weight> find(mlir::Operation *user, mlir::SymbolRefAttr name,
                               graph::WeightType type, int64_t row);

  /// The columns of a row, dequantized: in the cache, or else in `scratch`.
  const float *dequantize(const Weight &weight, int64_t row, std::vector<float> &scratch);

private:
  const MappedFile *open(mlir::Operation *user, mlir::FlatSymbolRefAttr file);
  mlir::FailureOr<const double *> findFactors(mlir::Operation *user, graph::TimesAttr times,
                                              int64_t row);
  mlir::FailureOr<const uint8_t *> findPiece(mlir::Operation *user, mlir::SymbolRefAttr name,
                                             mlir::FlatSymbolRefAttr file, int64_t offset,
                                             int64_t bytes);

  std::string directory;
  mlir::SymbolTableCollection tables;
  llvm::StringMap<MappedFile> files; ///< by path
  uint64_t cacheBytesLeft;
  /// By address, type, row transform, runs and factors.
  std::map<std::tuple<const uint8_t *, const void *, const void *, const void *, const void *>,
           std::vector<float>>
      cache;
  std::map<std::pair<const void *, int64_t>, std::vector<double>> factors; ///< by attribute and row
};

} // namespace frit::reference

#endif // FRIT_LIB_REFERENCE_WEIGHTREADER_H
