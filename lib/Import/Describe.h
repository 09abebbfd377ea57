//===- Describe.h - what a model is made of -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of `frit inspect` that needs nothing but the graph.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_DESCRIBE_H
#define FRIT_LIB_IMPORT_DESCRIBE_H

#include "frit/Formats/Formats.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace frit {

/// A weight, or the weights of one column of a table.
struct WeightDescription {
  std::string name; ///< "token_embd", "block.attn_q"
  llvm::SmallVector<int64_t, 2> shape;
  Format format = Format::F32;
  int64_t count = 1; ///< How many of it.
  int64_t bytes = 0; ///< Of all of them, in the files.
};

struct LayerClassDescription {
  std::string name;                                  ///< "decoder"
  std::vector<std::pair<int64_t, int64_t>> segments; ///< First layer and number of layers.
  int64_t layers = 0;
  int64_t heads = 0, kvHeads = 0, keyDim = 0, valueDim = 0;
  int64_t ffn = 0;    ///< Inner features of the feed-forward network.
  int64_t window = 0; ///< 0: attention reaches everything.
};

struct FormatDescription {
  Format format = Format::F32;
  int64_t weights = 0, parameters = 0, bytes = 0;
};

struct ModelDescription {
  std::string name, architecture;
  std::string tokenizer; ///< Empty: none.
  std::vector<std::string> files;
  int64_t contextLength = 0, vocabulary = 0, hidden = 0, layers = 0;
  int64_t parameters = 0, weightBytes = 0;
  bool tied = false; ///< The embedding table is also the output matrix.
  std::vector<LayerClassDescription> classes;
  std::vector<FormatDescription> formats; ///< Those that occur, in the order of Formats.def.
  std::vector<WeightDescription> weights;
  /// Elements of K and V that one token adds, all layers together.
  int64_t kvElementsPerToken = 0;

  int64_t kvBytesPerToken(Format format) const {
    return formatInfo(format).rowBytes(kvElementsPerToken);
  }

  /// A table to read.
  void print(llvm::raw_ostream &stream) const;
  /// The same as data; keys are stable.
  llvm::json::Value toJSON() const;
};

/// `module` is an imported one, at any level on which its weights and layers are still graph ops.
ModelDescription describeModel(mlir::ModuleOp module);

} // namespace frit

#endif // FRIT_LIB_IMPORT_DESCRIBE_H
