//===- Memory.h - pages from the system, given back on destruction --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_MEMORY_H
#define FRIT_LIB_RUNTIME_MEMORY_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace frit {

/// A range of whole pages: anonymous memory or a file mapped read-only. The address stays the same
/// when the object moves.
class Pages {
public:
  enum class Size { Small, Huge };

  /// Zeroed memory, which costs nothing until it is touched. Huge pages are a wish: the system may
  /// have none. `purpose` is for the message ("the KV cache").
  static Result<Pages> allocate(uint64_t byteCount, Size size, std::string_view purpose);

  /// Refuses everything but a regular file, and never blocks (a FIFO is not opened). Pages are read
  /// when they are touched; a file that another process shortens meanwhile raises SIGBUS, one that
  /// is replaced by rename stays as it was.
  static Result<Pages> mapFile(const std::string &path);

  Pages() = default;
  Pages(Pages &&other) noexcept
      : bytes(std::exchange(other.bytes, nullptr)), byteCount(std::exchange(other.byteCount, 0)) {}
  Pages &operator=(Pages &&other) noexcept {
    std::swap(bytes, other.bytes);
    std::swap(byteCount, other.byteCount);
    return *this;
  }
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  ~Pages();

  /// Moves anonymous memory into huge pages: at once if it is not too much, else as the system
  /// finds time. Contents stay; without effect where the system has none.
  void makeHuge();

  uint8_t *data() const { return bytes; }
  uint64_t size() const { return byteCount; }
  std::span<const uint8_t> span() const { return {bytes, byteCount}; }

private:
  Pages(uint8_t *bytes, uint64_t byteCount) : bytes(bytes), byteCount(byteCount) {}

  uint8_t *bytes = nullptr;
  uint64_t byteCount = 0;
};

/// "1.5 GiB", for messages.
std::string formatBytes(uint64_t byteCount);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_MEMORY_H
