//===- Generate.cpp - token after token -----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Generate.h"

#include "lib/Driver/Interrupt.h"

#include <algorithm>

using namespace frit;
using namespace frit::driver;

Result<Generator::Evaluated> Generator::evaluate(const int32_t *ids, size_t count) {
  // Without logits to keep, the runtime cuts long prompts itself; with them, a chunk at a time
  // bounds how many there are at once. Both cut at the same places.
  size_t chunk = logits ? static_cast<size_t>(chunkTokens) : count;
  for (size_t begin = 0; begin < count; begin += chunk) {
    size_t size = std::min(chunk, count - begin);
    frit_status status = FRIT_OK;
    do
      status =
          frit_eval(session, 0, ids + begin, size, logits ? FRIT_LOGITS_ALL : FRIT_LOGITS_LAST);
    // A cancellation may be left from a Ctrl-C after everything was evaluated.
    while (status == FRIT_CANCELLED && !InterruptScope::interrupted());
    if (status == FRIT_CANCELLED || status == FRIT_CONTEXT_FULL) {
      int32_t length = 0;
      frit_length(session, 0, &length);
      held.insert(held.end(), ids + begin,
                  ids + begin + (length - static_cast<int32_t>(held.size())));
      return status == FRIT_CANCELLED ? Evaluated::Interrupted : Evaluated::ContextFull;
    }
    if (status != FRIT_OK)
      return runtimeFailure();
    held.insert(held.end(), ids + begin, ids + begin + size);
    for (size_t row = 0; logits && row < size; ++row) {
      const float *values = nullptr;
      if (frit_logits(session, static_cast<int64_t>(row), &values) != FRIT_OK)
        return runtimeFailure();
      if (Status written = logits->append(values); !written)
        return written.takeFailure();
    }
  }
  return Evaluated::Yes;
}

Result<StopReason> Generator::generate(const std::vector<int32_t> &ids, int64_t count,
                                       const std::function<bool(int32_t id, bool isEnd)> &take) {
  // At least one token is evaluated, for its logits.
  size_t common = 0;
  while (common < std::min(held.size(), ids.size() - 1) && held[common] == ids[common])
    ++common;
  if (frit_truncate(session, 0, static_cast<int32_t>(common)) != FRIT_OK ||
      frit_sampler_reset(sampler) != FRIT_OK ||
      frit_sampler_accept(sampler, ids.data(), ids.size()) != FRIT_OK)
    return runtimeFailure();
  held.resize(common);
  const int32_t *next = ids.data() + common;
  size_t nextCount = ids.size() - common;
  int32_t id = 0;
  for (int64_t generated = 0;; ++generated) {
    // The first round evaluates the prompt even if nothing is to be generated.
    if (generated > 0 && generated == count)
      return StopReason::Count;
    Result<Evaluated> evaluated = evaluate(next, nextCount);
    if (!evaluated)
      return evaluated.takeFailure();
    if (*evaluated == Evaluated::ContextFull)
      return StopReason::ContextFull;
    if (*evaluated == Evaluated::Interrupted || InterruptScope::interrupted())
      return StopReason::Interrupted;
    if (count == 0)
      return StopReason::Count;
    if (frit_sample(sampler, session, -1, &id) != FRIT_OK ||
        frit_sampler_accept(sampler, &id, 1) != FRIT_OK)
      return runtimeFailure();
    int isEnd = 0;
    if (hasTokenizer && frit_is_end(model, id, &isEnd) != FRIT_OK)
      return runtimeFailure();
    if (!take(id, isEnd != 0))
      return StopReason::Output;
    if (isEnd && !ignoreEnd)
      return StopReason::End;
    next = &id;
    nextCount = 1;
  }
}
