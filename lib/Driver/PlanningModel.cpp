//===- PlanningModel.cpp - a model and a machine, to be planned -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/PlanningModel.h"

#include "frit/Machine/MachineModel.h"
#include "lib/Cost/Target.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/WhatIf.h"

using namespace frit;
using namespace frit::driver;

static CompileRequest forPlanning(CompileRequest request) {
  request.options.onlyPlans = true;
  return request;
}

PlanningModel::PlanningModel(const CompileRequest &request)
    : request(forPlanning(request)), compilation(this->request) {}

Status PlanningModel::load(llvm::ArrayRef<std::string> wanted) {
  if (Result<ModelKind> kind = recognizeSource(request.path); !kind)
    return kind.takeFailure();
  if (Status status = compilation.load(); !status)
    return status;
  if (compilation.phase() >= PhaseId::Fuse)
    return Failure("'", request.path, "' was left after ",
                   std::string_view(phaseInfo(compilation.phase()).name),
                   ": expected a model in front of fuse, whose ops are still to be cut");
  bool hasMachine = compilation.phase() >= PhaseId::Quantize;
  if (hasMachine && !wanted.empty())
    return Failure("--what-if comes too late: '", request.path, "' was left after ",
                   std::string_view(phaseInfo(compilation.phase()).name),
                   ", for the machine that it names");
  if (!hasMachine) {
    const std::string &name = request.options.target;
    Result<machine::MachineDescription> described = describeMachine(name);
    if (described && !wanted.empty()) {
      Result<std::string> text = machineText(name);
      Result<ChangedDescription> changed =
          text ? changeDescription(*text, wanted) : Result<ChangedDescription>(text.takeFailure());
      if (!changed)
        return changed.takeFailure();
      changes = changed->changes;
      std::string place = name + " with --what-if";
      described = machine::parseDescription(changed->json, place, {});
      if (!described)
        return described.takeFailure();
      Result<machine::TargetAttr> target = targetOf(*described, place, *module().getContext());
      if (!target)
        return target.takeFailure();
      module()->setAttr(machine::targetAttrName, *target);
    }
    if (!described)
      return described.takeFailure();
    description = *std::move(described);
  }
  if (Status status = compilation.runTo(PhaseId::Cache); !status)
    return status;
  compilation.clearProgress();
  Result<cost::Machine> found = cost::machineOf(machine::getTarget(module()));
  if (!found)
    return found.takeFailure();
  machine = *std::move(found);
  return {};
}
