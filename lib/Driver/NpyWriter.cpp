//===- NpyWriter.cpp - logits as a .npy file ------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/NpyWriter.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace frit;
using namespace frit::driver;

/// Long enough for any shape, and a multiple of 64, as the format asks for.
static constexpr uint64_t headerBytes = 128;

Result<NpyWriter> NpyWriter::create(const std::string &path, int64_t columns) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return Failure("cannot write '", path, "': it exists and is no regular file");
  std::string temporary = path + ".tmp-XXXXXX";
  int descriptor = mkstemp(temporary.data());
  if (descriptor < 0)
    return Failure("cannot write '", path, "': ", std::strerror(errno));
  // mkstemp makes private files; this one is to be as any other the user creates.
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
  return NpyWriter(path, temporary, descriptor, columns);
}

NpyWriter::NpyWriter(NpyWriter &&other) noexcept
    : path(std::move(other.path)), temporary(std::move(other.temporary)),
      descriptor(std::exchange(other.descriptor, -1)), columns(other.columns), rows(other.rows) {}

NpyWriter::~NpyWriter() {
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporary.c_str());
}

Failure NpyWriter::failure(int error) const {
  return Failure("cannot write '", path, "': ", std::strerror(error));
}

Status NpyWriter::write(const void *bytes, uint64_t byteCount, uint64_t offset) {
  const char *next = static_cast<const char *>(bytes);
  while (byteCount > 0) {
    ssize_t written = pwrite(descriptor, next, byteCount, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return failure(errno);
    next += written;
    offset += static_cast<uint64_t>(written);
    byteCount -= static_cast<uint64_t>(written);
  }
  return {};
}

Status NpyWriter::append(const float *row) {
  uint64_t rowBytes = static_cast<uint64_t>(columns) * sizeof(float);
  return write(row, rowBytes, headerBytes + static_cast<uint64_t>(rows++) * rowBytes);
}

Status NpyWriter::commit() {
  const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, headerBytes - 10, 0};
  std::string header(magic, sizeof(magic));
  std::string text =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  header += fmt::format("{:{}}\n", text, headerBytes - header.size() - 1);
  if (Status status = write(header.data(), headerBytes, 0); !status)
    return status;
  int closed = close(std::exchange(descriptor, -1));
  if (closed != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    int error = errno;
    unlink(temporary.c_str());
    return failure(error);
  }
  return {};
}
