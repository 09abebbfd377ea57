//===- Crossover.cpp - where other choices become the best -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Crossover.h"

using namespace mlir;
using namespace frit;
using namespace frit::plan;

std::vector<Crossover> plan::crossovers(Block &block, const cost::Machine &machine, int64_t keys,
                                        int64_t maxTokens, Space &space) {
  auto chosen = [&](int64_t tokens) {
    Dataflow flow = Dataflow::of(block, {tokens, std::max(keys, tokens)});
    return Crossover{tokens, planChoices(flow, CostModel(flow, machine), space)};
  };
  std::vector<Crossover> found = {chosen(1)};
  // Between `near`, the last that is known, and `far`: halves in which the ends differ.
  auto bisect = [&](auto &self, const Crossover &near, const Crossover &far) -> void {
    if (near.choices == far.choices)
      return;
    if (near.tokens + 1 == far.tokens) {
      found.push_back(far);
      return;
    }
    Crossover middle = chosen(near.tokens + (far.tokens - near.tokens) / 2);
    self(self, near, middle);
    self(self, middle, far);
  };
  Crossover last = found.front();
  while (last.tokens < maxTokens) {
    Crossover next = chosen(std::min(last.tokens * 2, maxTokens));
    bisect(bisect, last, next);
    last = std::move(next);
  }
  return found;
}
