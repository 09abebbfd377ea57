//===- Oracle.h - programs run symbolically ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Says whether a program is safe by running it, and knows nothing of how lib/ProgramCheck finds
// out. Some cores run their shares of each step on one workspace, in orders that barriers allow:
// some that are as bad as can be, some at random. Every 16 bytes hold a number that stands for how
// they were computed (a hash of the phase, the row of its weights and all that was read). A program
// is safe if the logits and the caches are, in every run, what the dataflow gives, computed in
// single assignment without any workspace.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_PROGRAMCHECK_ORACLE_H
#define FRIT_TEST_UNIT_PROGRAMCHECK_ORACLE_H

#include "lib/ProgramCheck/ProgramCheck.h"

#include <map>
#include <random>
#include <set>

namespace frit::test {

class Oracle {
public:
  /// `original` tells which inputs a share reads only a part of. References in `withoutRow` have no
  /// weights of their layer, so that the row does not matter to them.
  Oracle(const program::Program &original, const program::Dataflow &dataflow,
         std::set<std::string> withoutRow);

  bool isSafe(const program::Program &program, std::mt19937 &random) const;

private:
  using Cells = std::vector<uint64_t>;
  struct Run;

  bool runsRight(const program::Program &program, int order, std::mt19937 &random) const;
  uint64_t rowFor(const std::string &computes, int32_t row) const {
    return withoutRow.count(computes) ? 0 : static_cast<uint64_t>(row) + 1;
  }

  const program::Program &original;
  const program::Dataflow &dataflow;
  std::set<std::string> withoutRow;
  std::map<std::string, const program::Phase *> phases; ///< by what they compute
  std::map<std::string, const program::Call *> kinds;   ///< a call of each
  Cells logits;
  std::map<int32_t, Cells> caches;
};

} // namespace frit::test

#endif // FRIT_TEST_UNIT_PROGRAMCHECK_ORACLE_H
