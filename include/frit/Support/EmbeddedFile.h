//===- EmbeddedFile.h - a data file that is part of a library --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_SUPPORT_EMBEDDEDFILE_H
#define FRIT_SUPPORT_EMBEDDEDFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstddef>

namespace frit {

/// Made by cmake/EmbedFiles.cmake from the files of a source directory.
struct EmbeddedFile {
  const char *name; ///< without directory, with extension
  const char *data;
  size_t size;

  llvm::StringRef text() const { return {data, size}; }
};

} // namespace frit

#endif // FRIT_SUPPORT_EMBEDDEDFILE_H
