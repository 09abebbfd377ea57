//===- CpuFeatures.h - what this machine's CPU can do ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Features have the names LLVM gives them (llc -mattr=help). A feature counts only if the operating
// system saves its registers, too. From CPUID alone: the runtime links no LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_CPUFEATURES_H
#define FRIT_LIB_RUNTIME_CPUFEATURES_H

#include "frit/Support/Result.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

/// Every feature name this version can look up.
std::vector<std::string_view> knownCpuFeatures();

/// Those of this machine.
std::vector<std::string_view> hostCpuFeatures();

/// Fails unless this machine has all of them; the message lists every one that is missing. Asks the
/// system for the right to use AMX if that is required.
Status requireCpuFeatures(std::span<const std::string> features);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_CPUFEATURES_H
