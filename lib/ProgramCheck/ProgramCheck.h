//===- ProgramCheck.h - whether a list of steps computes the model ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Translation validation of what `schedule` decides about memory. The dataflow is what the model
// computes, in single assignment, as it was before buffers were given out; the program is what the
// runtime executes: steps in order, some with a barrier behind them, on buffers in one workspace.
// check() follows the values through the bytes and proves, for any number of cores, that
//
//   - each call of the dataflow is one step, on the right cache and the right row of its weights;
//   - a step reads from its buffers the values its call reads, all bytes of them, and not before a
//     barrier behind the step that wrote them;
//   - no byte of a value is written over while the value is still to be read;
//   - steps without a barrier between them, and the shares of one step, touch no byte that another
//     of them writes (but for a share that reads only what it will write itself);
//   - a cache is appended to before the attention that reads the new keys, behind a barrier;
//   - buffers lie apart in the workspace and hold the rows they are written with;
//   - the logits are in their buffer at the end.
//
// It shares no code with passes/Schedule, whose work it judges.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_PROGRAMCHECK_PROGRAMCHECK_H
#define FRIT_LIB_PROGRAMCHECK_PROGRAMCHECK_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace frit::program {

//===----------------------------------------------------------------------===//
// What is to be computed
//===----------------------------------------------------------------------===//

/// A tensor that goes from call to call: a row a token, or one a wanted token.
struct Value {
  std::string name; ///< "result 0 of decoder.attention.reference (layer 3)"
  int64_t rowBytes = 0;
  bool perWanted = false;
};

/// A phase as the model calls it, of one layer. Values are indices.
struct Call {
  std::string computes; ///< the kernel.reference
  int32_t cache = -1;   ///< of the layer; -1: the call uses none
  int32_t row = 0;      ///< of the tables of weights
  bool appends = false, readsCache = false;
  std::vector<uint32_t> reads, writes;
};

struct Dataflow {
  std::vector<Value> values;
  std::vector<Call> calls; ///< in an order in which they may run
  uint32_t logits = 0;     ///< a value
};

//===----------------------------------------------------------------------===//
// What is executed
//===----------------------------------------------------------------------===//

/// Rows side by side in the workspace.
struct Buffer {
  std::string name;
  uint64_t begin = 0; ///< in the workspace
  uint64_t bytes = 0;
  int64_t rowBytes = 0;
  bool perWanted = false;
};

struct Phase {
  struct Input {
    uint32_t buffer;
    bool own; ///< a share reads only the elements that it writes, before it writes them
  };
  std::string name;
  std::string computes; ///< the kernel.reference
  std::vector<Input> inputs;
  std::vector<uint32_t> outputs;
};

struct Step {
  uint32_t phase = 0;
  int32_t cache = -1;
  int32_t row = 0;
  bool barrier = true; ///< all cores meet behind the step
};

struct Program {
  std::string name;
  int64_t rows = 1; ///< of the buffers, at most: padded tokens, or padded wanted ones
  std::vector<Buffer> buffers;
  std::vector<Phase> phases;
  std::vector<Step> steps; ///< behind the last all cores meet
  uint32_t logits = 0;     ///< a buffer
};

/// The first thing that is not as it must be, with its step, value and bytes.
Status check(const Program &program, const Dataflow &dataflow);

} // namespace frit::program

#endif // FRIT_LIB_PROGRAMCHECK_PROGRAMCHECK_H
