//===- Memory.cpp - pages from the system, given back on destruction ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Memory.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 // since Linux 6.1
#endif

using namespace frit;

static constexpr uint64_t hugePageBytes = 2 << 20;

Result<Pages> Pages::allocate(uint64_t byteCount, Size size, std::string_view purpose) {
  if (byteCount == 0)
    return Pages();
  auto refuse = [&] {
    return Failure("not enough memory for ", purpose, ": ", formatBytes(byteCount), " are needed");
  };
  // Room to move the start to a huge page's boundary; what is over is given back.
  uint64_t slack = size == Size::Huge && byteCount >= hugePageBytes ? hugePageBytes : 0;
  if (byteCount > INT64_MAX - slack)
    return refuse();
  uint64_t mappedBytes = byteCount + slack;
  void *address =
      mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    return refuse();
  auto *begin = static_cast<uint8_t *>(address);
  if (slack) {
    uint64_t before = -reinterpret_cast<uintptr_t>(begin) & (hugePageBytes - 1);
    if (before)
      munmap(begin, before);
    begin += before;
    uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    uint64_t keptBytes = (byteCount + page - 1) & ~(page - 1);
    if (uint64_t after = mappedBytes - before; after > keptBytes)
      munmap(begin + keptBytes, after - keptBytes);
    madvise(begin, byteCount, MADV_HUGEPAGE);
  }
  return Pages(begin, byteCount);
}

Result<Pages> Pages::mapFile(const std::string &path) {
  auto refuse = [&](std::string_view reason) {
    return Failure("cannot open '", path, "': ", reason);
  };
  int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    return refuse(std::strerror(errno));
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file);
    return refuse(S_ISDIR(info.st_mode) ? "it is a directory" : "it is no regular file");
  }
  auto byteCount = static_cast<uint64_t>(info.st_size);
  if (byteCount == 0) {
    close(file);
    return Pages();
  }
  void *address = mmap(nullptr, byteCount, PROT_READ, MAP_PRIVATE, file, 0);
  int error = errno;
  close(file);
  if (address == MAP_FAILED)
    return refuse(std::strerror(error));
  return Pages(static_cast<uint8_t *>(address), byteCount);
}

void Pages::makeHuge() {
  constexpr uint64_t atOnceBytes = uint64_t{1} << 30; // some 100 ms
  madvise(bytes, byteCount, MADV_HUGEPAGE);
  // Only whole huge pages can be collapsed.
  uint64_t before = -reinterpret_cast<uintptr_t>(bytes) & (hugePageBytes - 1);
  if (byteCount <= atOnceBytes && byteCount >= before + hugePageBytes)
    madvise(bytes + before, (byteCount - before) & ~(hugePageBytes - 1), MADV_COLLAPSE);
}

Pages::~Pages() {
  if (bytes)
    munmap(bytes, byteCount);
}

std::string frit::formatBytes(uint64_t byteCount) {
  static constexpr const char *units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (byteCount < 1024)
    return fmt::format("{} bytes", byteCount);
  auto value = static_cast<double>(byteCount) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}
