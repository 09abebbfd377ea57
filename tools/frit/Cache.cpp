//===- Cache.cpp - frit cache ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CompileCache.h"
#include "lib/Driver/Output.h"
#include "tools/frit/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <ctime>

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct CacheArguments : CommandLine {
  CacheArguments() : CommandLine("cache", "List or clear the models compiled by run and bench") {}

  Option<bool> clear{*this, "clear", cl::desc("Remove all of them")};
};
} // namespace

static std::string dateText(int64_t seconds) {
  std::time_t time = seconds;
  std::tm local = {};
  char text[32];
  localtime_r(&time, &local);
  size_t length = std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local);
  return std::string(text, length);
}

static Status showOrClear(bool clear) {
  Result<std::string> location = CompileCache::location();
  if (!location)
    return location.takeFailure();
  if (!sys::fs::exists(*location)) {
    outs() << *location << ": empty\n";
    return {};
  }
  Result<CompileCache> cache = CompileCache::open();
  if (!cache)
    return cache.takeFailure();
  if (clear) {
    Result<uint64_t> bytes = cache->clear();
    if (!bytes)
      return bytes.takeFailure();
    outs() << *location << ": removed " << format("%.1f", static_cast<double>(*bytes) * 1e-6)
           << " MB\n";
    return {};
  }
  uint64_t bytes = 0;
  for (const CompileCache::Entry &entry : cache->list()) {
    bytes += entry.bytes;
    outs() << format("%9.1f MB  ", static_cast<double>(entry.bytes) * 1e-6)
           << dateText(entry.usedSeconds) << "  " << sys::path::filename(entry.path) << "\n";
  }
  outs() << format("%9.1f MB  in ", static_cast<double>(bytes) * 1e-6) << *location << "\n";
  return {};
}

int frit::driver::cacheCommand(int argc, char **argv) {
  CacheArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  if (Status status = showOrClear(arguments.clear); !status) {
    printError(status.error());
    return ExitFailure;
  }
  return ExitSuccess;
}
