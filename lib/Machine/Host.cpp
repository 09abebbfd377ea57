//===- Host.cpp - the CPU this process runs on -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Machine/Host.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cstdlib>

using namespace frit;
using llvm::StringRef;

std::string machine::hostIdentity() {
  auto info = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo");
  if (!info)
    return "";
  // Of the first CPU; on x86 all are of a kind.
  StringRef first = (*info)->getBuffer().split("\n\n").first;
  auto find = [&](StringRef key) {
    llvm::SmallVector<StringRef> lines;
    first.split(lines, '\n');
    for (StringRef line : lines)
      if (auto [name, value] = line.split(':'); name.trim() == key)
        return value.trim().str();
    return std::string();
  };
  std::string maker = find("vendor_id");
  if (maker.empty())
    return "";
  return maker + " family " + find("cpu family") + " model " + find("model") + " stepping " +
         find("stepping") + ": " + find("model name");
}

Result<std::string> machine::calibrationPath() {
  llvm::SmallString<256> path;
  // A relative XDG_CONFIG_HOME is to be ignored, says the specification.
  if (const char *base = std::getenv("XDG_CONFIG_HOME"); base && llvm::sys::path::is_absolute(base))
    path = base;
  else if (llvm::sys::path::home_directory(path) && !path.empty())
    llvm::sys::path::append(path, ".config");
  else
    return Failure("cannot find the configuration: neither XDG_CONFIG_HOME nor HOME is set");
  llvm::sys::path::append(path, "frit", "machine.json");
  return path.str().str();
}
