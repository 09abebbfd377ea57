//===- GraphGenerator.h - random graphs that are like transformers ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layers that nobody planned for: attention and FFNs behind and beside each other, with and without
// norms in front and behind, values that several ops read, gates of other blocks, MLPs without
// gates, mixtures of experts, any number of heads, sizes that nothing divides. A seed decides
// everything. Graphs are lists of ops, so that one that fails can be made smaller.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_RANDOMGRAPHS_GRAPHGENERATOR_H
#define FRIT_TEST_UNIT_RANDOMGRAPHS_GRAPHGENERATOR_H

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace frit::test {

/// Numbers below a bound, the same everywhere: std::uniform_int_distribution is not.
inline int64_t below(std::mt19937_64 &random, int64_t bound) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
}

struct Graph {
  struct Weight {
    std::string type; ///< "64x48, q8_0"
    std::string format;
    bool isNorm = false;
    int64_t offset = 0; ///< in its region of the file
  };
  struct Op {
    std::string name;          ///< "graph.norm"
    std::vector<int> operands; ///< values: 0 is the input of the layer, n the result of op n - 1
    std::vector<Weight> weights;
    std::string words;   ///< between the operands and the colon
    int64_t columns = 0; ///< of the result; 0: none
  };

  uint64_t seed = 0;
  int64_t hidden = 0, vocabulary = 0, layers = 1;
  int64_t heads = 0, keyDim = 0, valueDim = 0, window = 0; ///< of the cache
  std::vector<Op> ops;                                     ///< of the layer
  int output = 0;                                          ///< value
  Weight table, finalNorm, head;
  std::string finalWords; ///< of the logits
  bool hasFinalNorm = true, normsFirst = false;

  int64_t columnsOf(int value) const { return value ? ops[value - 1].columns : hidden; }
  /// Leaves out what does not matter to the output.
  void prune();
  /// The module, with weights in `file`.
  std::string text(const std::string &file) const;
  /// Graphs that are a little smaller.
  std::vector<Graph> smaller() const;
};

Graph makeGraph(uint64_t seed);

/// The file all graphs have their weights in: a region for each format.
std::string weightsFile();

} // namespace frit::test

#endif // FRIT_TEST_UNIT_RANDOMGRAPHS_GRAPHGENERATOR_H
