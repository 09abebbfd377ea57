//===- CodeLoader.cpp - loads a bundle's code into the process ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/CodeLoader.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace frit;

#if defined(__x86_64__)
static constexpr int hostMachine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr int hostMachine = EM_AARCH64;
#else
#error "frit runs on x86-64 and AArch64"
#endif

/// Only what tells code for another machine from code for this one.
static Status checkHeader(std::span<const uint8_t> elf) {
  Elf64_Ehdr header;
  if (elf.size() < sizeof(header))
    return Failure("code is no shared object: ", elf.size(), " bytes are less than an ELF header");
  std::memcpy(&header, elf.data(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN)
    return Failure("code is no 64-bit ELF shared object");
  if (header.e_machine != hostMachine)
    return Failure("code is for ELF machine ", header.e_machine, ", this machine is ", hostMachine);
  return {};
}

static int createAnonymousFile() {
#ifdef MFD_EXEC
  // Since Linux 6.3 a file that is to be executed should say so.
  int file = memfd_create("frit-code", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (file >= 0 || errno != EINVAL)
    return file;
#endif
  return memfd_create("frit-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

Result<LoadedCode> LoadedCode::load(std::span<const uint8_t> elf) {
  if (Status checked = checkHeader(elf); !checked)
    return checked.takeFailure();
  LoadedCode code;
  code.file = createAnonymousFile();
  if (code.file < 0)
    return Failure("cannot load code: memfd_create: ", std::strerror(errno));
  while (!elf.empty()) {
    ssize_t written = write(code.file, elf.data(), elf.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return Failure("cannot load code: ", std::strerror(written < 0 ? errno : ENOSPC));
    elf = elf.subspan(static_cast<size_t>(written));
  }
  fcntl(code.file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  std::string path = "/proc/self/fd/" + std::to_string(code.file);
  code.handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!code.handle) {
    const char *reason = dlerror();
    return Failure("cannot load code: ", reason ? reason : "unknown error");
  }
  return code;
}

LoadedCode::~LoadedCode() {
  if (handle)
    dlclose(handle);
  if (file >= 0)
    close(file);
}

Result<frit_phase_fn> LoadedCode::phase(const std::string &symbol) const {
  // dlsym also looks into the libraries that the code needs: "malloc" is no phase.
  void *address = dlsym(handle, symbol.c_str());
  link_map *own = nullptr, *found = nullptr;
  Dl_info info;
  if (!address || dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void *>(&own)) != 0 ||
      !dladdr1(address, &info, reinterpret_cast<void **>(&found), RTLD_DL_LINKMAP) || found != own)
    return Failure("code has no function '", symbol, "'");
  return reinterpret_cast<frit_phase_fn>(address);
}
