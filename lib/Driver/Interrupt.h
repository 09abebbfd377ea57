//===- Interrupt.h - Ctrl-C while a model writes --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_INTERRUPT_H
#define FRIT_LIB_DRIVER_INTERRUPT_H

struct frit_session;

namespace frit::driver {

/// While it lives, the first Ctrl-C cancels what the session evaluates instead of ending the
/// process; a second one ends it as usual. One at a time.
class InterruptScope {
public:
  explicit InterruptScope(frit_session *session);
  ~InterruptScope();

  static bool interrupted();
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_INTERRUPT_H
