//===- Version.h - which compiler this is, and on what it runs ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_VERSION_H
#define FRIT_LIB_DRIVER_VERSION_H

#include <string>
#include <vector>

namespace frit::driver {

/// The CPU features that matter to machine descriptions and that this machine has.
std::vector<std::string> hostFeatures();
/// "AMD EPYC ..."
std::string hostName();

/// What `frit --version` prints.
std::string versionText();

/// A text that is another one whenever the compiler might write other bundles: versions, this
/// executable, CPU features.
std::string compilerIdentity();

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_VERSION_H
