//===- Model.h - a checkpoint after its record was applied to it ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the graph builder builds from: independent of the checkpoint's file format, complete and
// consistent.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_MODEL_H
#define FRIT_LIB_IMPORT_MODEL_H

#include "frit/Formats/Formats.h"
#include "lib/Arch/ArchRecord.h"
#include "llvm/ADT/SmallVector.h"

namespace frit {

/// Where a weight lies.
struct WeightRef {
  llvm::SmallVector<int64_t, 2> shape; ///< Row-major.
  Format format = Format::F32;
  unsigned file = 0;  ///< Index into ModelSpec::files.
  int64_t offset = 0; ///< Of its first byte in that file.
  /// Of a matrix an expert that are tensors of their own: where each lies.
  std::vector<std::pair<unsigned, int64_t>> pieces;
  /// Its rows are runs of so many rows in the file, each so many behind the one before it; 0: all
  /// of them are one run.
  int64_t runLength = 0, runStride = 0;
};

/// A mixture of experts in the place of the FFN.
struct ExpertsSpec {
  int64_t count = 0; ///< 0: none.
  int64_t used = 0;  ///< By each token.
  bool shared = false;
  bool normalize = false;
  double scale = 1;
};

struct NormSpec {
  double eps = 0, offset = 0;
};

/// angle of pair i = position * positionScale * theta^(-2i/dim) / factors[i]
struct RopeSpec {
  int64_t dim = 0; ///< 0: no RoPE.
  double theta = 0, positionScale = 1;
  double magnitude = 1;                     ///< Of the rotated elements.
  std::vector<double> factors, longFactors; ///< dim / 2, or empty: all 1.
  int64_t originalContext = 0;              ///< Tokens beyond which longFactors serve.
};

struct LayerSpec {
  int64_t heads = 0, kvHeads = 0, headDim = 0, valueDim = 0;
  NormSpec norm;
  double attentionScale = 0;
  double attentionSoftcap = 0; ///< 0: none.
  int64_t window = 0;          ///< 0: none.
  RopeSpec rope;
  ExpertsSpec experts;
  double residualScale = 1;
  bool parallel = false; ///< The FFN sees the stream that attention sees.
  std::array<std::optional<WeightRef>, numRoles> weights;

  /// Null when there is none.
  const WeightRef *weight(Role role) const {
    const std::optional<WeightRef> &weight = weights[static_cast<unsigned>(role)];
    return weight ? &*weight : nullptr;
  }
  /// All numbers but the offset of norms, which belongs to the weights; lists with their length in
  /// front.
  std::vector<std::pair<llvm::StringRef, double>> numbers() const;
  /// Equal for layers of one class: those that differ only in where their weights lie.
  std::string classKey() const;
};

struct ModelSpec {
  const ArchRecord *record = nullptr;
  std::string name, architecture;
  Origin origin = Origin::GGUF;
  RopeOrder ropeOrder = RopeOrder::Halves; ///< Of rows in the files.
  FfnActivation activation = FfnActivation::SiLU;
  std::string tokenizer;          ///< Empty: the checkpoint has none.
  std::vector<std::string> files; ///< Relative to the directory of the model.
  int64_t contextLength = 0, vocabulary = 0, hidden = 0;
  NormSpec outputNorm;
  double embeddingScale = 1, logitsScale = 1;
  double logitsSoftcap = 0; ///< 0: none.
  /// Roles outside the layers.
  std::array<std::optional<WeightRef>, numRoles> weights;
  bool tied = false; ///< `output` is `token_embd`.
  std::vector<LayerSpec> layers;

  /// Null when there is none.
  const WeightRef *weight(Role role) const {
    const std::optional<WeightRef> &weight = weights[static_cast<unsigned>(role)];
    return weight ? &*weight : nullptr;
  }
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_MODEL_H
