//===- Convert.h - frit convert ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_CONVERT_H
#define FRIT_LIB_DRIVER_CONVERT_H

#include "lib/Import/Convert.h"

#include <string>

namespace frit::driver {

struct ConvertJob {
  std::string path, output;
  ConvertOptions options;
};

/// Prints the error, if any; returns what the process ends with.
int convertModel(const ConvertJob &job);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_CONVERT_H
