//===- Verify.h - generated code against the reference ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a model and compares what its code computes with the interpreter (lib/Reference) in f64:
//
//   layers  the whole model on a prompt, the residual stream after each layer, against the graph as
//           it was after `cache`. The reference of a layer starts from what the compiled program
//           handed to it, so that the first layer that is wrong is the one that is named.
//   phases  each phase alone, on random and on adversarial inputs, against its kernel.reference.
//
// An error is the largest ||compiled - exact|| / ||exact|| of a row, a row being what belongs to
// one token. It may be 1.1 times that of the unfused graph in f32 and a floor of 4 ulp. Where int8
// codes or f16 keys lie so near to the middle between two values that f32 arithmetic may decide
// either way, the bound also has room for the other decision; and where a layer is beyond it, for
// what a perturbation of 2 ulp at every value does to the row. See lib/Verify/Rounding.h.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_VERIFY_VERIFY_H
#define FRIT_VERIFY_VERIFY_H

#include "frit/Compiler/Compiler.h"

#include <cstdint>
#include <string>
#include <vector>

namespace frit {

struct VerifyOptions {
  CompilerOptions compiler;
  bool layers = true;
  bool phases = true;
  /// The prompt; empty for 24 tokens of a text, from a word on that `seed` decides. All but the
  /// last few (at most 4, and not the first) are one prefill, these are decoded one by one.
  std::vector<int32_t> tokens;
  uint64_t seed = 0;
};

/// One comparison: of several, the one that is nearest to its bound or the furthest beyond it.
struct VerifyError {
  double error = 0;
  double bound = 0;
  double unfused = 0; ///< the error of the unfused graph in f32
  int64_t row = -1;   ///< the token; -1: nothing was compared

  bool ok() const { return error <= bound; }
};

struct VerifyReport {
  struct Layer {
    std::string name; ///< "embed", "layer 0", ..., "logits"
    VerifyError prefill, decode;
    /// Error against a reference that started from the tokens instead of the layer's input: what
    /// piled up on the way. For information.
    double accumulated = 0;
    std::string problem; ///< what else is wrong; empty for nothing

    bool ok() const { return prefill.ok() && decode.ok() && problem.empty(); }
  };
  /// The logits of the prompt against a reference that started from its tokens.
  struct Logits {
    double maxDifference = 0; ///< of the largest logit
    double divergence = 0;    ///< mean Kullback-Leibler divergence from the exact distribution
    double maxDivergence = 0; ///< what it may be
    double unfusedDivergence = 0;
    /// Not with int8 or f16 on tokens of the user's: the limit is for text. On anything else one
    /// code that flips early can change everything behind it.
    bool isJudged = true;

    bool ok() const { return !isJudged || divergence <= maxDivergence; }
  };
  struct Phase {
    std::string name; ///< of the tile.phase
    int64_t cases = 0;
    VerifyError worst;
    std::string worstCase;             ///< "49 tokens at 15, outliers: output 0"
    std::vector<std::string> failures; ///< one line each, at most `maxFailures`

    bool ok() const { return failures.empty(); }
  };
  static constexpr size_t maxFailures = 5;

  std::vector<int32_t> tokens;
  int64_t prefillTokens = 0;
  std::vector<Layer> layers; ///< empty when they were not compared
  Logits logits;
  std::vector<Phase> phases;
  /// Why a part was left out: the model is a .mlir that has lost its graph.
  std::vector<std::string> notes;

  bool ok() const;
  /// The name of the first layer or phase that is not; empty when all are.
  std::string firstBad() const;
  void printTable(llvm::raw_ostream &stream) const;
  void printJSON(llvm::raw_ostream &stream) const;
};

/// Compiles `path` (a checkpoint, or a .mlir left by any step) and compares. A model that cannot be
/// compiled or run is a failure, with diagnostics; one that computes something else is a report
/// that is not ok().
mlir::FailureOr<VerifyReport> verifyModel(llvm::StringRef path, mlir::MLIRContext &context,
                                          const VerifyOptions &options);

} // namespace frit

#endif // FRIT_VERIFY_VERIFY_H
