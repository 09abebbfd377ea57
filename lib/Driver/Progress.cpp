//===- Progress.cpp - what is being done, on a terminal -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Progress.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <unistd.h>

using namespace frit::driver;

/// A packer reports far more often than anybody can read.
static constexpr std::chrono::milliseconds interval{50};

Progress::Progress(std::string what)
    : what(std::move(what)), enabled(isatty(STDERR_FILENO) != 0), last() {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (enabled && !line.empty())
    llvm::errs() << "\r\x1b[K";
  line.clear();
}

void Progress::show(llvm::StringRef step, double fraction) {
  if (!enabled)
    return;
  std::string text = what + ": " + step.str();
  bool partial = fraction > 0 && fraction < 1;
  auto now = std::chrono::steady_clock::now();
  if (partial && now - last < interval)
    return;
  if (partial)
    text += fmt::format(" {} %", static_cast<int>(fraction * 100));
  if (text == line)
    return;
  last = now;
  line = std::move(text);
  llvm::errs() << "\r\x1b[K" << line;
}
