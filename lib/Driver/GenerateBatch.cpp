//===- GenerateBatch.cpp - many prompts in the slots of one session -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/GenerateBatch.h"

#include "lib/Driver/Interrupt.h"

#include <algorithm>

using namespace frit;
using namespace frit::driver;

Status BatchGenerator::begin(Sequence &sequence, int32_t slot,
                             const std::vector<int32_t> &ids) const {
  frit_sampler_options options = sampling;
  options.seed += static_cast<uint32_t>(sequence.prompt);
  frit_sampler *sampler = nullptr;
  if (frit_sampler_create(&options, &sampler) != FRIT_OK)
    return runtimeFailure();
  sequence.sampler.reset(sampler);
  if (frit_sampler_accept(sampler, ids.data(), ids.size()) != FRIT_OK ||
      frit_truncate(session, slot, 0) != FRIT_OK)
    return runtimeFailure();
  sequence.next = ids;
  return {};
}

/// Chooses the next token from the logits in `row`; the reason if it was the last one.
Result<std::optional<StopReason>>
BatchGenerator::advance(Sequence &sequence, int64_t row, int64_t count,
                        const std::function<bool(size_t, int32_t)> &take) {
  if (count == 0)
    return std::optional(StopReason::Count);
  int32_t id = 0;
  if (frit_sample(sequence.sampler.get(), session, row, &id) != FRIT_OK ||
      frit_sampler_accept(sequence.sampler.get(), &id, 1) != FRIT_OK)
    return runtimeFailure();
  int isEnd = 0;
  if (modelInfo(model).has_tokenizer && frit_is_end(model, id, &isEnd) != FRIT_OK)
    return runtimeFailure();
  if (!take(sequence.prompt, id))
    return std::optional(StopReason::Output);
  ++counted.generatedTokens;
  sequence.next = {id};
  if (isEnd && !ignoreEnd)
    return std::optional(StopReason::End);
  if (++sequence.generated == count)
    return std::optional(StopReason::Count);
  frit_session_info info = {};
  info.size = sizeof(info);
  if (frit_session_get_info(session, &info) != FRIT_OK)
    return runtimeFailure();
  if (sequence.length >= info.context)
    return std::optional(StopReason::ContextFull);
  return std::optional<StopReason>();
}

Result<StopReason>
BatchGenerator::generate(const std::vector<std::vector<int32_t>> &prompts, int64_t count,
                         const std::function<bool(size_t prompt, int32_t id)> &take,
                         const std::function<bool(size_t prompt, StopReason reason)> &end) {
  frit_session_info info = {};
  info.size = sizeof(info);
  if (frit_session_get_info(session, &info) != FRIT_OK)
    return runtimeFailure();
  std::vector<std::optional<Sequence>> slots(static_cast<size_t>(info.slots));
  size_t waiting = 0;
  while (true) {
    std::vector<frit_token> batch;
    for (size_t index = 0; index < slots.size(); ++index) {
      std::optional<Sequence> &sequence = slots[index];
      auto slot = static_cast<int32_t>(index);
      if (!sequence && waiting < prompts.size()) {
        sequence.emplace(Sequence{waiting++, {}, {}});
        if (Status begun = begin(*sequence, slot, prompts[sequence->prompt]); !begun)
          return begun.takeFailure();
        counted.promptTokens += static_cast<int64_t>(sequence->next.size());
      }
      if (!sequence)
        continue;
      for (int32_t id : sequence->next)
        batch.push_back({id, sequence->length++, slot, 0});
      batch.back().wanted = 1;
    }
    if (batch.empty())
      return StopReason::Count;
    frit_status status = frit_eval_batch(session, batch.data(), batch.size());
    if (status == FRIT_CANCELLED || InterruptScope::interrupted())
      return StopReason::Interrupted;
    if (status != FRIT_OK)
      return runtimeFailure();
    int64_t row = 0;
    for (std::optional<Sequence> &sequence : slots) {
      if (!sequence)
        continue;
      Result<std::optional<StopReason>> reason = advance(*sequence, row++, count, take);
      if (!reason)
        return reason.takeFailure();
      if (!*reason)
        continue;
      if (**reason == StopReason::Output || !end(sequence->prompt, **reason))
        return StopReason::Output;
      sequence.reset();
    }
  }
}
