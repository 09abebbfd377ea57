//===- Calibrate.h - frit calibrate ----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_CALIBRATE_H
#define FRIT_LIB_DRIVER_CALIBRATE_H

#include <string>

namespace frit::driver {

struct CalibrateOptions {
  std::string output;    ///< Empty: where `native` looks for it.
  unsigned rounds = 9;   ///< At least 4.
  double tolerance = 10; ///< How far the middle half of the samples may spread, in percent.
};

/// Measures this CPU and writes its description, unless it is too busy to tell; returns what the
/// process ends with.
int calibrate(const CalibrateOptions &options);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_CALIBRATE_H
