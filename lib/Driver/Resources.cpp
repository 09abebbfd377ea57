//===- Resources.cpp - the system refuses memory or a thread ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Resources.h"

#include "lib/Driver/Output.h"
#include "llvm/Support/ErrorHandling.h"

#include <cxxabi.h>
#include <exception>
#include <typeinfo>
#include <unistd.h>

using namespace llvm;
using namespace frit::driver;

/// LLVM is built without exceptions: where memory or a thread is refused, the exception of the
/// standard library ends the process. Nothing may be allocated any more.
[[noreturn]] static void endWithoutResources() {
  static constexpr StringLiteral message =
      "error: not enough memory, or too many threads: the system refuses more\n";
  (void)!write(STDERR_FILENO, message.data(), message.size());
  _exit(ExitFailure);
}

void frit::driver::reportLackOfResources() {
  std::set_terminate([] {
    const std::type_info *type = abi::__cxa_current_exception_type();
    StringRef name = type ? type->name() : "";
    if (name == "St9bad_alloc" || name == "St12system_error")
      endWithoutResources();
    abort();
  });
  install_bad_alloc_error_handler([](void *, const char *, bool) { endWithoutResources(); });
}
