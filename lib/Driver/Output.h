//===- Output.h - standard output and standard error ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_OUTPUT_H
#define FRIT_LIB_DRIVER_OUTPUT_H

#include "frit/Support/Result.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace frit::driver {

/// What the process ends with.
enum ExitCode : int {
  ExitSuccess = 0,
  ExitFailure = 1,
  ExitUsage = 2,
  ExitInterrupted = 130, ///< as a shell reports SIGINT
  ExitPipeClosed = 141   ///< as a shell reports SIGPIPE
};

/// "error: <message>" on standard error. Further lines of the message are printed as they are.
void printError(llvm::StringRef message);
void printNote(llvm::StringRef message);
void printRemark(llvm::StringRef message);
void printWarning(llvm::StringRef message);

/// Complete or not at all.
Status writeTextFile(const std::string &path, llvm::StringRef text);

/// "97.9 MB"
std::string bytesText(double bytes);

/// Standard output without a buffer: text is on its way when write() returns. Once a write failed,
/// the following ones do nothing.
class StandardOutput {
public:
  /// False when nobody reads any more or the text could not be written.
  bool write(llvm::StringRef text);

  bool isClosed() const { return errorNumber != 0; }
  /// ExitPipeClosed quietly when the reader went away; else the error is printed.
  int reportFailure() const;

private:
  int errorNumber = 0;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_OUTPUT_H
