//===- Interrupt.cpp - Ctrl-C while a model writes ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Interrupt.h"

#include "frit/Runtime/Runtime.h"

#include <atomic>
#include <csignal>

using namespace frit::driver;

// A signal handler has no other way to its data.
static std::atomic<frit_session *> interruptedSession{nullptr};
static std::atomic<bool> interruptFlag{false};

static void handleInterrupt(int) {
  interruptFlag.store(true);
  frit_cancel(interruptedSession.load());
}

static void setHandler(void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

InterruptScope::InterruptScope(frit_session *session) {
  interruptFlag.store(false);
  interruptedSession.store(session);
  setHandler(handleInterrupt, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

InterruptScope::~InterruptScope() {
  setHandler(SIG_DFL, 0);
  interruptedSession.store(nullptr);
}

bool InterruptScope::interrupted() { return interruptFlag.load(); }
