//===- GenerateBatch.h - many prompts in the slots of one session ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_GENERATEBATCH_H
#define FRIT_LIB_DRIVER_GENERATEBATCH_H

#include "lib/Driver/Generate.h"

namespace frit::driver {

/// Continues many prompts at once: as many as the session has slots, the others wait for a free
/// one. Each gets the tokens it gets alone.
class BatchGenerator {
public:
  BatchGenerator(const frit_model *model, frit_session *session) : model(model), session(session) {}

  frit_sampler_options sampling = {}; ///< of the first prompt; the seeds of the others follow
  bool ignoreEnd = false;

  struct Counts {
    int64_t promptTokens = 0;    ///< evaluated
    int64_t generatedTokens = 0; ///< handed to `take`
  };
  const Counts &counts() const { return counted; }

  /// Generates up to `count` tokens (-1: no limit) for each prompt and hands each to `take` at
  /// once, then says why a prompt's answer ended to `end`; both return false to stop everything.
  /// Count: all were answered, each for a reason of its own; else Interrupted or Output.
  Result<StopReason> generate(const std::vector<std::vector<int32_t>> &prompts, int64_t count,
                              const std::function<bool(size_t prompt, int32_t id)> &take,
                              const std::function<bool(size_t prompt, StopReason reason)> &end);

private:
  /// What is in a slot.
  struct Sequence {
    size_t prompt;
    SamplerHandle sampler;
    std::vector<int32_t> next; ///< to be evaluated
    int64_t generated = 0;
    int32_t length = 0;
  };

  Status begin(Sequence &sequence, int32_t slot, const std::vector<int32_t> &ids) const;
  Result<std::optional<StopReason>> advance(Sequence &sequence, int64_t row, int64_t count,
                                            const std::function<bool(size_t, int32_t)> &take);

  const frit_model *model;
  frit_session *session;
  Counts counted;
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_GENERATEBATCH_H
