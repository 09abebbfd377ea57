//===- Machines.h - machines to plan for, made up ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_PLANNER_MACHINES_H
#define FRIT_TEST_UNIT_PLANNER_MACHINES_H

#include "lib/Cost/Machine.h"

namespace frit::test {

/// One kind of memory a core, a cache and memory for all; matrix and vector operations take turns.
inline cost::Machine cpu(int64_t cores) {
  cost::Machine machine;
  machine.name = "cpu";
  machine.cores = cores;
  machine.memories = {{"l2", 1 << 20, false}, {"l3", 32 << 20, true}, {"dram", 64ll << 30, true}};
  machine.datapaths = {{1, 0, cost::Figure::exact(25e9), false},
                       {0, 1, cost::Figure::exact(25e9), false},
                       {2, 1, cost::Figure::exact(40e9), true},
                       {1, 2, cost::Figure::exact(40e9), true}};
  machine.matrixRates[static_cast<size_t>(cost::Number::F32)] = cost::Figure::exact(50e9);
  machine.matrixRates[static_cast<size_t>(cost::Number::I8)] = cost::Figure::exact(200e9);
  machine.vectorRate = cost::Figure::exact(25e9);
  machine.expRate = cost::Figure::exact(2e9);
  machine.unitsShareIssue = true;
  machine.phaseSeconds = cost::Figure::exact(0.2e-6);
  return machine;
}

/// A matrix and a vector unit with memories of their own, and paths between those or not.
inline cost::Machine cube(bool hasPathsBetweenUnits) {
  cost::Machine machine;
  machine.name = "cube";
  machine.cores = 20;
  machine.memories = {{"l1", 512 << 10, false},
                      {"l0c", 128 << 10, false},
                      {"ub", 192 << 10, false},
                      {"l2", 192 << 20, true},
                      {"hbm", 64ll << 30, true}};
  machine.datapaths = {
      {4, 3, cost::Figure::exact(1.6e12), true}, {3, 4, cost::Figure::exact(1.6e12), true},
      {3, 0, cost::Figure::exact(198e9), false}, {1, 3, cost::Figure::exact(155e9), false},
      {3, 2, cost::Figure::exact(198e9), false}, {2, 3, cost::Figure::exact(155e9), false}};
  if (hasPathsBetweenUnits) {
    machine.datapaths.push_back({1, 2, cost::Figure::exact(400e9), false});
    machine.datapaths.push_back({2, 0, cost::Figure::exact(400e9), false});
  }
  machine.matrixInput = 0;
  machine.matrixOutput = 1;
  machine.vectorMemory = 2;
  machine.tileRows = 128;
  machine.tileColumns = 256;
  machine.sharesRows = true;
  machine.matrixRates[static_cast<size_t>(cost::Number::F16)] = cost::Figure::exact(14.7e12);
  machine.vectorRate = cost::Figure::exact(230e9);
  machine.expRate = cost::Figure::exact(50e9);
  machine.phaseSeconds = cost::Figure::exact(2e-6);
  return machine;
}

} // namespace frit::test

#endif // FRIT_TEST_UNIT_PLANNER_MACHINES_H
