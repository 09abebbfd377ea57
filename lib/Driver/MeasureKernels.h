//===- MeasureKernels.h - how fast the code is that frit generates here -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_MEASUREKERNELS_H
#define FRIT_LIB_DRIVER_MEASUREKERNELS_H

#include "lib/Driver/MeasureCpu.h"

namespace frit::driver {

/// Of one core, per second, in a call of many tokens: what instructions reach with all that comes
/// with them, loads, unpacking, and the ends of loops.
struct KernelMeasurements {
  Measurement rows;         ///< f32 operations of norms and quantization, as cost::workOf() counts.
  Measurement products;     ///< int8 operations of products with weights.
  Measurement attention;    ///< f32 operations of attention.
  Measurement exponentials; ///< Elements of gated activations.
};

/// Compiles a model of zeros for the machine that the description (JSON) at `path` is of, this one,
/// and measures its phases `rounds` times.
Result<KernelMeasurements> measureKernels(const std::string &path, unsigned rounds);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_MEASUREKERNELS_H
