//===- CodeLoader.h - loads a bundle's code into the process --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_CODELOADER_H
#define FRIT_LIB_RUNTIME_CODELOADER_H

#include "frit/Runtime/Abi.h"
#include "frit/Support/Result.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace frit {

/// A shared object that was never a file: it is copied into an anonymous one (memfd) and handed to
/// the dynamic linker. Loading runs its initializers: code is trusted as the program itself is.
class LoadedCode {
public:
  /// Fails if `elf` is no shared object for this machine.
  static Result<LoadedCode> load(std::span<const uint8_t> elf);

  LoadedCode() = default;
  LoadedCode(LoadedCode &&other) noexcept
      : handle(std::exchange(other.handle, nullptr)), file(std::exchange(other.file, -1)) {}
  LoadedCode &operator=(LoadedCode &&other) noexcept {
    std::swap(handle, other.handle);
    std::swap(file, other.file);
    return *this;
  }
  ~LoadedCode();

  Result<frit_phase_fn> phase(const std::string &symbol) const;

private:
  void *handle = nullptr;
  /// Stays open while the code is loaded: the dynamic linker knows objects by their path, and a
  /// second object under the same /proc/self/fd/<n> would be taken for the first.
  int file = -1;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_CODELOADER_H
