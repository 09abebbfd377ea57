//===- MachineModel.h - descriptions of machines ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_MACHINE_MACHINEMODEL_H
#define FRIT_MACHINE_MACHINEMODEL_H

#include "frit/Support/Result.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <string>
#include <vector>

namespace frit {
namespace machine {
class TargetAttr;
} // namespace machine

/// Name and one-line summary of a description frit comes with.
struct MachineSummary {
  std::string name, summary;
};

/// The built-in descriptions (lib/Machine/descriptions/*.json), by name.
std::vector<MachineSummary> listMachines();

/// Reads the description called `name`, the JSON file `name`, or with `native` the best built-in
/// description whose features this CPU has. Errors name the description and the field.
Result<machine::TargetAttr> readMachine(std::string_view name, mlir::MLIRContext &context);

/// Parses a description; `place` stands for the file in messages.
Result<machine::TargetAttr> parseMachine(std::string_view json, std::string_view place,
                                         mlir::MLIRContext &context);

/// The name of the best built-in description whose features this CPU has.
std::string detectMachine();

} // namespace frit

#endif // FRIT_MACHINE_MACHINEMODEL_H
