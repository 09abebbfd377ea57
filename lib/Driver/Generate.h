//===- Generate.h - token after token -------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_GENERATE_H
#define FRIT_LIB_DRIVER_GENERATE_H

#include "lib/Driver/Handles.h"
#include "lib/Driver/NpyWriter.h"

#include <functional>
#include <string>
#include <vector>

namespace frit::driver {

enum class StopReason {
  Count,       ///< as many tokens as were asked for
  End,         ///< an end-of-generation token
  ContextFull, ///< no room for another one
  Interrupted, ///< Ctrl-C
  Output,      ///< nobody takes the tokens any more
};

/// Continues sequences in slot 0 of a session.
class Generator {
public:
  Generator(const frit_model *model, frit_session *session, frit_sampler *sampler,
            int64_t chunkTokens)
      : model(model), session(session), sampler(sampler), chunkTokens(chunkTokens),
        hasTokenizer(modelInfo(model).has_tokenizer != 0) {}

  /// Where the logits of every evaluated token go.
  NpyWriter *logits = nullptr;
  bool ignoreEnd = false;

  /// Evaluates the part of `ids` that the slot does not hold yet, after forgetting what differs;
  /// then generates up to `count` tokens (-1: no limit) and hands each to `take` at once, which
  /// returns false to stop. The last token is not evaluated.
  Result<StopReason> generate(const std::vector<int32_t> &ids, int64_t count,
                              const std::function<bool(int32_t id, bool isEnd)> &take);

private:
  enum class Evaluated { Yes, Interrupted, ContextFull };
  Result<Evaluated> evaluate(const int32_t *ids, size_t count);

  const frit_model *model;
  frit_session *session;
  frit_sampler *sampler;
  int64_t chunkTokens; ///< how many at most are evaluated together
  bool hasTokenizer;
  std::vector<int32_t> held; ///< what the slot holds
};

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_GENERATE_H
