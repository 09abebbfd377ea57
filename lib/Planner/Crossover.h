//===- Crossover.h - where other choices become the best ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PLANNER_CROSSOVER_H
#define FRIT_LIB_PLANNER_CROSSOVER_H

#include "lib/Planner/Search.h"

namespace frit::plan {

/// What the planner chooses for calls of `tokens` tokens, and for more up to the next crossover.
struct Crossover {
  int64_t tokens = 1;
  Choices choices;
};

/// The first for one token, then one for each change up to `maxTokens`, each the first with its
/// choices. A call's newest token sees `keys` keys, or as many as there are tokens. What changes
/// and changes back between two powers of two may be missed. `space` is that of the block.
std::vector<Crossover> crossovers(mlir::Block &block, const cost::Machine &machine, int64_t keys,
                                  int64_t maxTokens, Space &space);

} // namespace frit::plan

#endif // FRIT_LIB_PLANNER_CROSSOVER_H
