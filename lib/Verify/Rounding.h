//===- Rounding.h - roundings that f32 arithmetic may decide either way ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An int8 code of 127 steps jumps by 1/127 when its element crosses the middle between two codes.
// An element that lies within f32's error of a middle has a code that is undecided: two correct
// programs differ there by 1e5 times what they differ elsewhere. The same is true of f16 keys and
// values. Three things keep such jumps out of comparisons that should see errors of 1e-7:
//
//   - the unfused f32 run takes over the exact run's codes where it differs by one;
//   - keys and values that compiled code stored are taken over where the exact value could have
//   been
//     rounded to them;
//   - codes inside of compiled phases cannot be seen: the exact run is done again with all
//   undecided
//     codes one off, and the bound of a row grows by what that changes in it.
//
// And some rows are worse conditioned than others: where one element is a thousand times the rest
// (the "massive activations" of a first token), the error of the row is the error of that element,
// of which the unfused f32 run is a single sample. Where a layer is beyond its bound, the exact run
// is therefore done some more times with every value off by what f32 arithmetic may make of it, and
// the bound of a row has room for what that changes in it.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_ROUNDING_H
#define FRIT_LIB_VERIFY_ROUNDING_H

#include "lib/Reference/Interpreter.h"
#include "lib/Verify/Compare.h"
#include "lib/Verify/Inputs.h"

namespace frit::verify {

/// What is known of one quantization.
struct CodeRecord {
  reference::QuantizedTensor exact;
  Matrix input; ///< in f64
  /// How far the input of another program may be from the exact one, of each block.
  std::vector<double> uncertainty;
};
/// The quantizations of a run, in order.
using CodeLog = std::vector<CodeRecord>;

enum class RoundingMode {
  Record, ///< write the log (in f64)
  Adopt,  ///< take codes that are one off from the log, and note the uncertainty of inputs (in f32)
  Alternate, ///< turn undecided codes the other way (in f64, after the others)
  Perturb,   ///< codes from the log, everything else a little off (in f64)
};

/// Watches the values of a run and changes its roundings. Call observe() from afterValue.
template <typename T>
class Rounding {
public:
  Rounding(RoundingMode mode, CodeLog *log, uint64_t seed = 0)
      : mode(mode), log(log), random(seed) {}

  void observe(mlir::Value value, reference::RuntimeValue<T> &runtimeValue);

  /// Called with keys and values before they are appended; may change them.
  std::function<void(kv::AppendOp append, bool isKeys, reference::Tensor<T> &)> onAppend;

private:
  double sign() { return random.bits() & 1 ? 1 : -1; }
  void adopt(const reference::Tensor<T> &input, reference::QuantizedTensor &quantized,
             CodeRecord &record);
  void perturb(reference::QuantizedTensor &quantized, const CodeRecord &record);
  void alternate(const reference::Tensor<T> &input, reference::QuantizedTensor &quantized,
                 const CodeRecord &record);

  RoundingMode mode;
  CodeLog *log;
  RandomNumbers random;
  size_t next = 0;                                          ///< in the log
  llvm::DenseMap<mlir::Value, reference::Tensor<T>> inputs; ///< of graph.quantize
};

/// `stored` when `value` could have been rounded to it: when some number within `uncertainty` of it
/// is. Otherwise `value`. For f16 stores; others are as exact as the arithmetic.
double adoptStored(double value, float stored, double uncertainty);

/// Half the distance between the f16 numbers around `value`.
double halfUlpF16(double value);

/// How far the f32 values of a row may be from the exact ones, as a part of the row's largest
/// element: 16 ulp, some ten times what sums of some thousand products are off.
inline constexpr double rowUncertainty = 0x1p-19;

/// What RoundingMode::Perturb multiplies by 1 plus or minus: 2 ulp, what our functions and sums are
/// off where the unfused graph's are not (see Compare.cpp).
inline constexpr double perturbation = 2 * 0x1p-23;

/// Whether a body quantizes activations.
bool hasQuantize(mlir::Operation *op);

extern template class Rounding<float>;
extern template class Rounding<double>;

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_ROUNDING_H
