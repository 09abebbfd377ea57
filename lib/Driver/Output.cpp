//===- Output.cpp - standard output and standard error --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Output.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>

using namespace frit::driver;

static void print(llvm::StringRef kind, llvm::StringRef message) {
  // In one piece, so that lines of several processes do not mix.
  std::string text = (kind + ": " + message.rtrim('\n') + "\n").str();
  llvm::errs() << text;
}

void frit::driver::printError(llvm::StringRef message) { print("error", message); }
void frit::driver::printNote(llvm::StringRef message) { print("note", message); }
void frit::driver::printRemark(llvm::StringRef message) { print("remark", message); }
void frit::driver::printWarning(llvm::StringRef message) { print("warning", message); }

std::string frit::driver::bytesText(double bytes) {
  const char *units[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit)
    bytes /= 1000;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

bool StandardOutput::write(llvm::StringRef text) {
  while (errorNumber == 0 && !text.empty()) {
    ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0)
      text = text.drop_front(static_cast<size_t>(written));
    else if (errno != EINTR)
      errorNumber = errno;
  }
  return errorNumber == 0;
}

int StandardOutput::reportFailure() const {
  if (errorNumber == EPIPE)
    return ExitPipeClosed;
  printError(std::string("cannot write to the standard output: ") + std::strerror(errorNumber));
  return ExitFailure;
}

frit::Status frit::driver::writeTextFile(const std::string &path, llvm::StringRef text) {
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    stream << text;
    return llvm::Error::success();
  });
  if (!error)
    return {};
  return frit::Failure("cannot write '", path, "': ", llvm::toString(std::move(error)));
}
