//===- PlanningModel.h - a model and a machine, to be planned ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `frit explain`, `characterize`, `roofline` and `select` begin with.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_PLANNINGMODEL_H
#define FRIT_LIB_DRIVER_PLANNINGMODEL_H

#include "frit/Machine/MachineDescription.h"
#include "lib/Cost/Machine.h"
#include "lib/Driver/Compilation.h"

namespace frit::driver {

/// A checkpoint or a .mlir file in front of `fuse`, compiled up to there for a machine that may be
/// for planning only.
class PlanningModel {
public:
  mlir::ModuleOp module() { return compilation.module(); }

  CompileRequest request;
  Compilation compilation;
  cost::Machine machine;
  /// Nothing of a module that had its machine already.
  std::optional<machine::MachineDescription> description;
  std::vector<std::string> changes; ///< Of the description, for people.

protected:
  explicit PlanningModel(const CompileRequest &request);
  /// `wanted` changes of the machine's description: see WhatIf.h.
  Status load(llvm::ArrayRef<std::string> wanted = {});
  PlanningModel(const PlanningModel &) = delete;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_PLANNINGMODEL_H
