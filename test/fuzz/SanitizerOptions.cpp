//===- SanitizerOptions.cpp - what AddressSanitizer does in fuzzers --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// Our code poisons arenas that it shares with an uninstrumented libMLIR. Freed memory is kept
/// about as long as an input lives, so that it stays in the processor's cache; short stacks of
/// allocations are cheap, and a crash is looked at with ASAN_OPTIONS=malloc_context_size=30.
// NOLINTNEXTLINE: the name that the sanitizer calls.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
         "malloc_context_size=3";
}
