//===- Manifest.h - what a bundle says about itself -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The JSON text of the manifest section as plain data. parse() checks everything the runtime relies
// on afterwards: types and ranges of fields, indices, and that every row of every pack lies within
// the packs section. Fields that the runtime has no use for are ignored.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_MANIFEST_H
#define FRIT_LIB_RUNTIME_MANIFEST_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// A compiled model. Names of the JSON fields are in the comments where they differ.
struct Manifest {
  struct Cache {
    enum class Type : uint8_t { F16, F32 };
    int64_t heads;
    int64_t keyDim;
    int64_t valueDim;
    Type keyType;
    Type valueType;
    int64_t window; ///< 0: none

    /// Bytes of the keys (values) of one token, all heads.
    int64_t keyBytes() const { return heads * keyDim * (keyType == Type::F16 ? 2 : 4); }
    int64_t valueBytes() const { return heads * valueDim * (valueType == Type::F16 ? 2 : 4); }
  };
  /// Cosines and sines the session computes for the tokens of each call.
  struct RopeTable {
    int64_t dim; ///< even
    double theta;
    double positionScale; ///< position_scale
    double magnitude;     ///< of cosines and sines
    /// Divisors of the frequencies: dim / 2 or none. The long ones, if any, serve sessions with
    /// room for more than original_context tokens.
    std::vector<double> factors, longFactors;
    int64_t originalContext;

    /// Radians from one position to the next, of pair `pair`, in a session of `capacity` tokens.
    double frequency(int64_t pair, int64_t capacity) const;
  };
  struct Buffer {
    std::string name;
    bool perWanted; ///< rows: one a wanted token ("wanted") or one a token ("tokens")
    int64_t columns;
    int64_t block; ///< columns of an int8 block; 0: f32
    int64_t rowBytes;
  };
  struct Pack {
    std::string name;
    uint64_t offset; ///< in the packs section; a multiple of 64
    uint64_t stride; ///< from row to row; a multiple of 64
    int64_t rows;
  };
  struct Phase {
    std::string symbol;
    std::vector<uint32_t> packs;
  };
  struct Step {
    uint32_t phase;
    int32_t layer; ///< index of a cache; -1: the phase uses none
    int32_t row;   ///< of the phase's packs
    bool barrier;  ///< all workers meet after this step
  };
  struct Program {
    std::string name;
    int64_t maxTokens;
    bool mixed; ///< its tokens may be of several slots
    std::vector<Step> steps;
  };

  std::string fritVersion; ///< frit
  std::string llvmVersion; ///< llvm
  std::string modelName;
  std::string architecture;
  int64_t contextLength;
  int64_t vocabulary;
  int64_t layers;
  int64_t hidden;
  std::string sourceFile;
  std::string sourceHash;
  std::string targetName;
  std::vector<std::string> features; ///< target.features

  int64_t tokenMultiple;
  int64_t wantedMultiple;
  int64_t scratchBytes;
  std::vector<RopeTable> ropeTables; ///< rope_tables
  std::vector<Cache> caches;
  std::vector<Buffer> buffers;
  uint32_t logits; ///< index of a buffer
  std::vector<Pack> packs;
  std::vector<Phase> phases;
  /// By increasing maxTokens, those of one slot first; then at most one that is mixed.
  std::vector<Program> programs;

  int64_t kvBytesPerToken() const;

  /// \param packsBytes size of the packs section.
  /// Messages name the field: "manifest: caches[3].heads: expected ...".
  static Result<Manifest> parse(std::string_view json, uint64_t packsBytes);
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_MANIFEST_H
