//===- Path.h - names of files and directories -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_SUPPORT_PATH_H
#define FRIT_LIB_SUPPORT_PATH_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace frit {

/// `path` if it is a directory, else the one that it is in, "." if it names none.
std::string directoryOf(llvm::StringRef path);

} // namespace frit

#endif // FRIT_LIB_SUPPORT_PATH_H
