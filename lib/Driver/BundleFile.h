//===- BundleFile.h - what a bundle says about itself ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_BUNDLEFILE_H
#define FRIT_LIB_DRIVER_BUNDLEFILE_H

#include "frit/Support/Result.h"
#include "lib/Runtime/BundleFormat.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace frit::driver {

/// Sections and manifest of a bundle, read without loading its code: also one for another machine
/// can be looked at. Only what is read is checked; the runtime checks the rest.
struct BundleFile {
  uint64_t fileBytes = 0;
  std::vector<BundleSection> sections;
  llvm::json::Value manifest = nullptr;

  static Result<BundleFile> read(const std::string &path);
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_BUNDLEFILE_H
