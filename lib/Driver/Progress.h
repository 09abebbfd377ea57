//===- Progress.h - what is being done, on a terminal ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_PROGRESS_H
#define FRIT_LIB_DRIVER_PROGRESS_H

#include "llvm/ADT/StringRef.h"

#include <chrono>
#include <string>

namespace frit::driver {

/// One line on standard error that is overwritten with each step and gone at the end. Says nothing
/// unless standard error is a terminal.
class Progress {
public:
  explicit Progress(std::string what);
  ~Progress();

  void show(llvm::StringRef step, double fraction);
  /// Takes the line away, so that something else can be printed.
  void clear();

private:
  std::string what, line;
  bool enabled;
  std::chrono::steady_clock::time_point last;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_PROGRESS_H
