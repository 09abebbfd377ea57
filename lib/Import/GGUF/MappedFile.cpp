//===- MappedFile.cpp - a file mapped read-only into memory ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/MappedFile.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

using namespace frit;

namespace {

Failure systemFailure(std::string_view what, int code) {
  return Failure(what, ": ", std::generic_category().message(code));
}

/// What a thing that is not a regular file is called.
std::string_view kindName(mode_t mode) {
  if (S_ISDIR(mode))
    return "a directory";
  if (S_ISFIFO(mode))
    return "a named pipe";
  if (S_ISSOCK(mode))
    return "a socket";
  return "a device";
}

/// Closes the descriptor; the mapping outlives it.
struct Descriptor {
  int fd;
  ~Descriptor() { ::close(fd); }
};

} // namespace

Result<MappedFile> MappedFile::open(const std::string &path) {
  // O_NONBLOCK: opening a FIFO without a writer would wait forever. It has no effect on files.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    int code = errno;
    struct stat status;
    if (code == ENXIO && ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
      return Failure("is ", kindName(status.st_mode), ", expected a regular file");
    return systemFailure("cannot open the file", code);
  }
  Descriptor descriptor{fd};
  struct stat status;
  if (::fstat(fd, &status) != 0)
    return systemFailure("cannot read the size of the file", errno);
  if (!S_ISREG(status.st_mode))
    return Failure("is ", kindName(status.st_mode), ", expected a regular file");

  MappedFile file;
  file.byteCount = static_cast<uint64_t>(status.st_size);
  if (file.byteCount == 0)
    return file;
  void *address = ::mmap(nullptr, file.byteCount, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) {
    int code = errno;
    file.byteCount = 0;
    return systemFailure("cannot map the file into memory", code);
  }
  file.bytes = static_cast<const uint8_t *>(address);
  return file;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : bytes(std::exchange(other.bytes, nullptr)), byteCount(std::exchange(other.byteCount, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(bytes, other.bytes);
  std::swap(byteCount, other.byteCount);
  return *this;
}

MappedFile::~MappedFile() {
  if (bytes)
    ::munmap(const_cast<uint8_t *>(bytes), byteCount);
}
