//===- NpyWriter.h - logits as a .npy file --------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NumPy's format 1.0 (numpy/lib/format.py), written row by row beside its place and renamed there
// when it is complete.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_NPYWRITER_H
#define FRIT_LIB_DRIVER_NPYWRITER_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <string>

namespace frit::driver {

/// float32 [rows, columns], C order. Nothing stays behind unless commit() succeeds.
class NpyWriter {
public:
  static Result<NpyWriter> create(const std::string &path, int64_t columns);
  NpyWriter(NpyWriter &&other) noexcept;
  NpyWriter &operator=(NpyWriter &&) = delete;
  ~NpyWriter();

  Status append(const float *row);
  Status commit();

private:
  NpyWriter(std::string path, std::string temporary, int descriptor, int64_t columns)
      : path(std::move(path)), temporary(std::move(temporary)), descriptor(descriptor),
        columns(columns) {}
  Status write(const void *bytes, uint64_t byteCount, uint64_t offset);
  Failure failure(int error) const;

  std::string path, temporary;
  int descriptor; ///< -1: moved from or committed
  int64_t columns, rows = 0;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_NPYWRITER_H
