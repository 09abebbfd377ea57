//===- MachineModel.h - the machines frit knows ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_MACHINE_MACHINEMODEL_H
#define FRIT_MACHINE_MACHINEMODEL_H

#include "frit/Machine/MachineDescription.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <string>
#include <vector>

namespace frit {
namespace machine {
class TargetAttr;
} // namespace machine

/// All built-in descriptions (lib/Machine/descriptions/*.json), sorted by name.
Result<std::vector<machine::MachineDescription>> builtinMachines();

/// Names of the built-in machines that code can be emitted for.
std::vector<std::string> compilableMachines();

/// The description called `name`, the JSON file `name`, or with `native` what
/// `frit calibrate` found out about this CPU, else what detectMachine() names. Errors name the
/// description and the field.
Result<machine::MachineDescription> describeMachine(std::string_view name);

/// The same as JSON that is like no other any more.
Result<std::string> machineText(std::string_view name);

/// What `frit calibrate` left.
struct Calibration {
  std::string path, host;
  bool isOfThisCpu = false; ///< Otherwise it does not serve.
};
/// Nothing where there is none; an error where it cannot be read.
Result<std::optional<Calibration>> findCalibration();

/// What passes see of a description.
Result<machine::TargetAttr> targetOf(const machine::MachineDescription &description,
                                     std::string_view place, mlir::MLIRContext &context);

/// describeMachine() and targetOf().
Result<machine::TargetAttr> readMachine(std::string_view name, mlir::MLIRContext &context);

/// Parses a description and checks what passes see of it; `place` stands for the file in messages.
Result<machine::TargetAttr> parseMachine(std::string_view json, std::string_view place,
                                         mlir::MLIRContext &context);

/// The built-in instruction set with the widest vectors of those whose features this CPU has.
std::string detectMachine();

} // namespace frit

#endif // FRIT_MACHINE_MACHINEMODEL_H
