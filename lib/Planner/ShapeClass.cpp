//===- ShapeClass.cpp - calls that share a plan --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/ShapeClass.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace mlir;
using namespace frit;
using namespace frit::plan;

SmallVector<ShapeClass> plan::shapeClasses(int64_t maxTokens) {
  // Those in the middle are planned at about the geometric mean of their ends.
  constexpr ShapeClass all[] = {
      {1, 1, 1}, {2, 8, 4}, {9, 256, 48}, {257, std::numeric_limits<int64_t>::max(), 512}};
  SmallVector<ShapeClass> classes;
  for (const ShapeClass &shapes : all)
    if (shapes.first <= maxTokens)
      classes.push_back(
          {shapes.first, std::min(shapes.last, maxTokens), std::min(shapes.tokens, maxTokens)});
  return classes;
}

Choices plan::fuseByDataflow(const Dataflow &flow) {
  Choices choices(flow.numChoices());
  choices.set(flow.edges.size(), flow.numChoices());
  for (const Node &node : flow.nodes) {
    bool isRecomputed =
        node.role == FusionRole::Row && !node.escapes && llvm::all_of(node.out, [&](unsigned edge) {
          return !flow.edges[edge].joins && canFuse(flow, flow.edges[edge]);
        });
    if (isRecomputed)
      for (unsigned edge : node.out)
        choices.set(edge);
  }
  for (const Node &node : flow.nodes) {
    if (node.role != FusionRole::Local)
      continue;
    // The last phase is that of the last operand that is not computed again.
    SmallVector<unsigned, 4> in(node.in);
    llvm::sort(in, [&](unsigned a, unsigned b) {
      return flow.edges[a].producer > flow.edges[b].producer;
    });
    for (unsigned edge : in) {
      choices.set(edge);
      if (std::holds_alternative<Obstacle>(formPartition(flow, choices)))
        choices.reset(edge);
    }
  }
  return choices;
}
