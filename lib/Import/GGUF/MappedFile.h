//===- MappedFile.h - a file mapped read-only into memory -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_IMPORT_GGUF_MAPPEDFILE_H
#define FRIT_LIB_IMPORT_GGUF_MAPPEDFILE_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <string>

namespace frit {

/// A regular file mapped read-only. Pages are read when they are touched, so mapping a file costs
/// the same whatever its size. The address stays the same when the object moves.
///
/// A file that another process shortens while it is mapped raises SIGBUS on access, as with every
/// mapping; files that are replaced by rename are safe.
class MappedFile {
public:
  /// Refuses everything but a regular file, by name, and never blocks (a FIFO is not opened).
  static Result<MappedFile> open(const std::string &path);

  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();

  /// Null when the file is empty.
  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return byteCount; }

private:
  const uint8_t *bytes = nullptr;
  uint64_t byteCount = 0;
};

} // namespace frit

#endif // FRIT_LIB_IMPORT_GGUF_MAPPEDFILE_H
