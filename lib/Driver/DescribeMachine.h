//===- DescribeMachine.h - a machine as text -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_DESCRIBEMACHINE_H
#define FRIT_LIB_DRIVER_DESCRIBEMACHINE_H

#include "dialects/Machine/Machine.h"
#include "frit/Machine/MachineDescription.h"

#include <string>

namespace frit::driver {

/// "1.6 TB/s": `number` of `unit` in the power of a thousand that suits it, in at most four digits.
std::string siText(double number, llvm::StringRef unit);

/// "192 KiB" where that is all of it, otherwise as siText() has it.
std::string capacityText(double bytes);

/// All that a description says, for people: figures with their sources, what other sources say,
/// what is not known, claims that do not hold. `target` is what passes see of it.
std::string describe(const machine::MachineDescription &description, machine::TargetAttr target);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_DESCRIBEMACHINE_H
