//===- Path.cpp - names of files and directories ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/Path.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

std::string frit::directoryOf(llvm::StringRef path) {
  if (llvm::sys::fs::is_directory(path))
    return path.str();
  llvm::StringRef parent = llvm::sys::path::parent_path(path);
  return parent.empty() ? "." : parent.str();
}
