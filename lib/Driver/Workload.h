//===- Workload.h - a model planned for a machine, to be reported on --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `frit characterize`, `roofline` and `select` share.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_WORKLOAD_H
#define FRIT_LIB_DRIVER_WORKLOAD_H

#include "lib/Driver/PlanningModel.h"
#include "lib/Import/Describe.h"
#include "lib/Workload/ModelPlan.h"
#include "llvm/Support/JSON.h"

#include <array>
#include <memory>

namespace frit::driver {

/// Which calls are looked at, and how long they may take.
struct WorkloadQuestion {
  int64_t context = 0;      ///< Keys that a decoded token sees; 0: 2048, or all of the model's.
  int64_t promptTokens = 0; ///< 0: 512, or the context.
  double secondsToFirstToken = 1, secondsPerToken = 0.05;
  std::vector<std::string> whatIf; ///< Changes of the machine: see WhatIf.h.
  bool json = false;
  bool counts = false;   ///< Compare with what the reference interpreter moves.
  bool measures = false; ///< Compare with how long it takes here.
};

/// Puts numbers in the place of 0. Fails when the model has no context of so many tokens.
Status settleQuestion(WorkloadQuestion &question, const ModelDescription &model);

/// A checkpoint or a .mlir file in front of `fuse`, planned for a machine.
class Workload : public PlanningModel {
public:
  /// For the target of `request`.
  static Result<std::unique_ptr<Workload>> make(const CompileRequest &request,
                                                WorkloadQuestion question);

  /// Of the figure that says how fast a resource is: "vendor", "measured", ...; empty where the
  /// module had its machine already.
  std::string provenanceOf(const plan::Resource &resource) const;
  int64_t keyValueBytesPerToken();
  /// Of weights, keys and values of the whole context, and activations.
  int64_t memoryBytes();
  /// Of one decoded token, and the largest and last call of the prompt.
  cost::Shape decodeShape() const { return {1, question.context}; }
  cost::Shape prefillShape() const;

  WorkloadQuestion question; ///< With numbers in the place of 0.
  std::optional<workload::ModelPlan> plan;
  ModelDescription model;

private:
  Workload(const CompileRequest &request, const WorkloadQuestion &question)
      : PlanningModel(request), question(question) {}
  Status makePlan();
};

/// "12.3 us".
std::string secondsText(double seconds);
/// "12.3 us (10 to 15)": the value and its bounds in one unit.
std::string intervalText(const cost::Seconds &seconds);
llvm::json::Object secondsJSON(const cost::Seconds &seconds);
llvm::json::Object amountsJSON(const workload::Amounts &amounts);

/// Prints lines below each other; columns of `isNumber` to the right.
void printColumns(const std::vector<std::vector<std::string>> &lines,
                  const std::vector<bool> &isNumber);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_WORKLOAD_H
