//===- ExplainPlan.h - the plans of a model, with their records --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_EXPLAINPLAN_H
#define FRIT_LIB_DRIVER_EXPLAINPLAN_H

#include "lib/Driver/PlanningModel.h"
#include "lib/Planner/Explain.h"
#include "lib/Planner/ShapeClass.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringMap.h"

#include <map>
#include <memory>

namespace frit::driver {

/// A layer or function, its plan for a call and the reasons.
struct PlannedFunction {
  PlannedFunction(mlir::FunctionOpInterface function, const cost::Shape &shape,
                  const cost::Machine &machine)
      : name(function.getName()), block(function.getFunctionBody().front()),
        flow(plan::Dataflow::of(block, shape)), model(flow, machine) {}

  llvm::StringRef name;
  int64_t calls = 1; ///< In one call of the model.
  mlir::Block &block;
  plan::Dataflow flow;
  plan::CostModel model;
  plan::Plan unfused, planned;
  std::vector<plan::Record> records;

  /// Null when there is none.
  const plan::Record *find(llvm::StringRef producer, llvm::StringRef consumer) const;
};

/// Calls that are planned alike.
struct PlannedCalls {
  plan::ShapeClass shapes;
  cost::Shape shape; ///< What they are planned as.
  std::vector<std::unique_ptr<PlannedFunction>> functions;

  /// Null when there is none.
  const PlannedFunction *find(llvm::StringRef function) const;
};

/// A choice in a function that is made otherwise from some number of tokens on.
struct Flip {
  int64_t tokens = 1;
  llvm::StringRef function;
  size_t choice = 0;
  bool isFused = false;
};

/// A model in front of `fuse`, planned for a machine and calls.
class PlannedModel : public PlanningModel {
public:
  /// For calls of `tokens` tokens, or, if that is 0, for all classes of calls. The newest token
  /// sees `keys` keys, or as many as there are tokens. `changes` of the machine's description: see
  /// WhatIf.h.
  static Result<std::unique_ptr<PlannedModel>> make(const CompileRequest &request, int64_t tokens,
                                                    int64_t keys,
                                                    llvm::ArrayRef<std::string> changes = {});

  std::vector<PlannedCalls> calls; ///< Those of few tokens first.
  std::vector<Flip> flips;         ///< Of all classes, by tokens; of one call: none.

private:
  explicit PlannedModel(const CompileRequest &request) : PlanningModel(request) {}
  Status plan(int64_t tokens, int64_t keys);
  Status planFunction(mlir::FunctionOpInterface op);

  llvm::StringMap<int64_t> callsOf; ///< Layers, in one call of the model.
  /// Of functions with plans, by their structure.
  std::map<std::vector<std::string>, size_t> known;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_EXPLAINPLAN_H
