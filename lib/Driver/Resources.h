//===- Resources.h - the system refuses memory or a thread -----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_RESOURCES_H
#define FRIT_LIB_DRIVER_RESOURCES_H

namespace frit::driver {

/// From now on the process ends with an error and status 1, instead of a crash, where LLVM or the
/// standard library cannot have memory or a thread. For programs: it changes the whole process.
void reportLackOfResources();

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_RESOURCES_H
