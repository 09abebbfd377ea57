//===- ModelPlan.h - what calls of a planned model ask of a machine ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The phases are those that frit-form-phases cuts; a call goes through all of them, those of a
// layer as often as there are such layers.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_WORKLOAD_MODELPLAN_H
#define FRIT_LIB_WORKLOAD_MODELPLAN_H

#include "lib/Planner/Search.h"
#include "lib/Planner/ShapeClass.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <string>
#include <vector>

namespace frit::workload {

/// How a model is cut: as frit-form-phases is told to.
struct PlanOptions {
  std::string fusion = "planned"; ///< planned, all or none
  int64_t planKeys = 1024;
  int64_t maxTokens = 512; ///< Of one call.
};

/// What is computed and moved, added up.
struct Amounts {
  std::array<double, cost::numNumbers> matrixOps = {}; ///< By what is multiplied.
  double vectorOps = 0, exps = 0;
  plan::Traffic traffic;
  int64_t phases = 0;
  cost::Seconds seconds;

  double operations() const;
  Amounts &operator+=(const Amounts &other);
  friend Amounts operator*(Amounts one, int64_t times);
};

/// One op of a phase, which may be computed in several.
struct OpReport {
  std::string name;
  cost::Work work;
  /// By how much longer it may take until its phase does, if the rest of it stays as it is.
  double slackSeconds = 0;
};

struct PhaseReport {
  std::string function;
  int64_t calls = 1; ///< In one call of the model.
  size_t number = 1; ///< In its function.
  plan::PhaseCost cost;
  std::vector<plan::Demand> demands; ///< As CostModel::demandsOf() has them.
  Amounts amounts;                   ///< Of one of the calls.
  double farBytes = 0;               ///< Read and written in the last memory.
  std::vector<OpReport> ops;
};

/// A call of the model.
struct CallReport {
  cost::Shape shape;
  Amounts planned, unfused;
  std::vector<PhaseReport> phases;
  /// Which phase comes after which: an index of `phases` for each that runs.
  std::vector<size_t> order;
};

enum class Cut {
  Planned,
  Unfused ///< A phase an op.
};

/// Plans for all calls of a model on one machine. Both must live on.
class ModelPlan {
public:
  /// `module`: behind `cache` and in front of `fuse`. Fails when the machine cannot do what the ops
  /// ask of it.
  static Result<ModelPlan> of(mlir::ModuleOp module, const cost::Machine &machine,
                              const PlanOptions &options);

  /// What a call asks for; tokens are at most those of PlanOptions. 0 < tokens <= keys.
  Amounts amountsOf(const cost::Shape &shape, Cut cut = Cut::Planned) const;
  /// The same, phase by phase, and without fusion.
  CallReport reportOf(const cost::Shape &shape) const;
  /// Until the first token of an answer to a prompt: its calls, the largest there are.
  Amounts promptAmounts(int64_t promptTokens, Cut cut = Cut::Planned) const;

  /// What the matrix unit multiplies, in the order of cost::Number.
  std::vector<cost::Number> numbers() const;
  /// All that phases leave in memory in the largest call: a bound of the memory of activations.
  int64_t activationBytes() const;

private:
  struct Function {
    mlir::FunctionOpInterface op;
    int64_t calls = 1;
    std::vector<plan::Partition> partitions; ///< One a class.
  };

  ModelPlan(const cost::Machine &machine, const PlanOptions &options)
      : machine(&machine), options(options) {}
  size_t classOf(int64_t tokens) const;
  void findOrder(const cost::Shape &shape, CallReport &report) const;
  template <typename Visit>
  void forEachFunction(const cost::Shape &shape, Visit visit) const;

  const cost::Machine *machine;
  PlanOptions options;
  llvm::SmallVector<plan::ShapeClass> classes;
  std::vector<Function> functions;
};

} // namespace frit::workload

#endif // FRIT_LIB_WORKLOAD_MODELPLAN_H
