//===- PhaseCost.h - what phases move, and how long they take ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A phase takes as long as the busiest of: the matrix unit, the vector unit, each datapath; then
// all cores wait for each other. See docs/planner.md for the model and its sources.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_PHASECOST_H
#define FRIT_LIB_PLANNER_PHASECOST_H

#include "lib/Cost/Machine.h"
#include "lib/Planner/Partition.h"

namespace frit::plan {

/// Bytes between a phase and memory, each value counted once: what an interpreter of the phase
/// reads and writes.
struct Traffic {
  int64_t weightBytes = 0, inputBytes = 0, outputBytes = 0, cacheBytes = 0;
  /// Written and read where units of a core have no path to each other; no interpreter has units.
  int64_t workspaceBytes = 0;

  int64_t activationBytes() const { return inputBytes + outputBytes; }
  int64_t movedBytes() const { return activationBytes() + workspaceBytes; }
  int64_t totalBytes() const { return weightBytes + inputBytes + outputBytes + cacheBytes; }
  Traffic &operator+=(const Traffic &other);
};

struct PhaseCost {
  cost::Seconds seconds;
  std::string bound; ///< The busiest resource: "matrix unit", "dram to l3", ...; empty of a sum.
  Traffic traffic;
};

/// What a phase keeps busy. `index`: of a datapath or a memory, in the machine's list.
struct Resource {
  enum class Kind {
    Issue,  ///< The ports through which cores issue both matrix and vector operations.
    Matrix, ///< A matrix unit of its own.
    Vector,
    Datapath,
    Memory,
    Barrier
  };
  Kind kind = Kind::Barrier;
  unsigned index = 0;
};

/// What a phase asks of a resource, and how long that takes if nothing else does.
struct Demand {
  Resource resource;
  std::string name;      ///< "matrix unit", "dram to l3", ...
  double amount = 0;     ///< Operations of a core; bytes, of all cores if they share it.
  cost::Seconds seconds; ///< 0 of a memory that only its datapaths bound.
};

/// The values that cross the borders of a phase: to its ops, and from those that are stored. They
/// are the same for every machine and call.
struct Borders {
  llvm::SmallVector<mlir::Value> toPrologue, toAnchors, toEpilogue, stored;
};
Borders bordersOf(const Dataflow &flow, const Partition &partition, const Phase &phase);

/// The nodes of a phase that someone reads who does not compute them.
llvm::SmallVector<unsigned> storedBy(const Dataflow &flow, const Partition &partition,
                                     const Phase &phase);

class CostModel {
public:
  CostModel(const Dataflow &flow, const cost::Machine &machine);

  /// Whether the machine can do what the ops ask of its matrix unit; all else supposes that.
  Status check() const;
  PhaseCost costOf(const Partition &partition, const Phase &phase) const {
    return costOf(phase, bordersOf(flow, partition, phase));
  }
  PhaseCost costOf(const Phase &phase, const Borders &borders) const;
  /// Resources that the phase uses; the barrier is the last. It takes as long as the longest of the
  /// others, and the barrier.
  std::vector<Demand> demandsOf(const Partition &partition, const Phase &phase) const;
  /// Of all phases, one after another.
  PhaseCost totalOf(const Partition &partition) const;
  /// Whether a phase fits the memories of a core.
  bool fits(const Phase &phase) const;
  /// Why it does not, one text for each op that has no room; empty: it does.
  llvm::SmallVector<std::string> capacityObstacles(const Phase &phase) const;

private:
  class Load;
  /// What of `phase` has to have room: calls `check(node, rows, memory)` until it returns false.
  template <typename Check>
  bool checkRoom(const Phase &phase, Check check) const;
  double bytesOf(mlir::Value value) const;
  const std::optional<cost::Route> &route(unsigned from, unsigned to) const;
  Load loadOf(const Phase &phase, const Borders &borders) const;

  const Dataflow &flow;
  const cost::Machine &machine;
  bool isExact;                                    ///< No figure has bounds.
  llvm::DenseMap<mlir::Value, int64_t> valueBytes; ///< Of activations.
  /// [from][to], of those that were asked for.
  mutable llvm::SmallVector<llvm::SmallVector<std::optional<std::optional<cost::Route>>>> routes;
};

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_PHASECOST_H
