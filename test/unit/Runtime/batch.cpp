//===- batch.cpp - sequences together and alone ----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// frit-batch MODEL.frit [SLOTS [TOKENS]]: runs SLOTS sequences of TOKENS tokens, each alone, and
// then all in one session, a few tokens of each in every batch. Fails if a single bit of the logits
// differs. Prints the tokens a second of decoding one sequence, and of all at once.
//
//===----------------------------------------------------------------------===//

#include "frit/Runtime/Runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

static void check(frit_status status) {
  if (status == FRIT_OK)
    return;
  std::fprintf(stderr, "error: %s\n", frit_last_error());
  std::exit(1);
}

namespace {
struct Sessions {
  const frit_model *model;
  int64_t context;

  frit_session *open(int32_t slots) const {
    frit_session_options options = {sizeof(options), context, slots, 0};
    frit_session *session = nullptr;
    check(frit_session_create(model, &options, &session));
    return session;
  }
};
} // namespace

static const float *logitsOf(const frit_session *session, size_t index) {
  const float *logits = nullptr;
  check(frit_logits(session, static_cast<int64_t>(index), &logits));
  return logits;
}

/// Tokens a second when each of the first slots gets a token in every batch.
static double decodeRate(const Sessions &sessions, const std::vector<std::vector<int32_t>> &ids,
                         int32_t slots) {
  frit_session *session = sessions.open(slots);
  auto begin = std::chrono::steady_clock::now();
  auto count = static_cast<int32_t>(ids.front().size());
  for (int32_t position = 0; position < count; ++position) {
    std::vector<frit_token> batch;
    batch.reserve(static_cast<size_t>(slots));
    for (int32_t slot = 0; slot < slots; ++slot)
      batch.push_back({ids[slot][position], position, slot, 1});
    check(frit_eval_batch(session, batch.data(), batch.size()));
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  frit_session_free(session);
  return count * slots / seconds.count();
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: %s MODEL.frit [SLOTS [TOKENS]]\n", argv[0]);
    return 2;
  }
  auto number = [&](int index, int32_t otherwise) {
    return argc > index ? static_cast<int32_t>(std::strtol(argv[index], nullptr, 10)) : otherwise;
  };
  int32_t slots = number(2, 5), count = number(3, 60);
  frit_model *model = nullptr;
  check(frit_model_open(argv[1], nullptr, &model));
  frit_model_info info = {};
  info.size = sizeof(info);
  check(frit_model_get_info(model, &info));
  auto vocabulary = static_cast<size_t>(info.vocabulary);

  std::mt19937 random(1); // NOLINT(bugprone-random-generator-seed): the same run every time
  auto below = [&](int64_t limit) {
    return static_cast<int32_t>(random() % static_cast<uint32_t>(limit));
  };
  std::vector<std::vector<int32_t>> ids(slots);
  for (std::vector<int32_t> &sequence : ids)
    for (int32_t i = 0; i < count; ++i)
      sequence.push_back(below(info.vocabulary));

  Sessions sessions{model, count};
  std::vector<std::vector<float>> alone(slots);
  for (int32_t slot = 0; slot < slots; ++slot) {
    frit_session *session = sessions.open(1);
    check(frit_eval(session, 0, ids[slot].data(), ids[slot].size(), FRIT_LOGITS_ALL));
    const float *first = logitsOf(session, 0);
    alone[slot].assign(first, first + static_cast<size_t>(count) * vocabulary);
    frit_session_free(session);
  }

  // In each batch up to four tokens of most slots, sometimes many, in any order.
  frit_session *session = sessions.open(slots);
  std::vector<int32_t> next(slots), order(slots);
  for (int32_t slot = 0; slot < slots; ++slot)
    order[slot] = slot;
  int64_t batches = 0;
  while (std::ranges::any_of(next, [&](int32_t position) { return position < count; })) {
    std::ranges::shuffle(order, random);
    std::vector<frit_token> batch;
    for (int32_t slot : order)
      for (int32_t end = std::min(count, next[slot] + (below(8) ? below(5) : below(30)));
           next[slot] < end; ++next[slot])
        batch.push_back({ids[slot][next[slot]], next[slot], slot, 1});
    if (batch.empty())
      continue;
    ++batches;
    check(frit_eval_batch(session, batch.data(), batch.size()));
    for (size_t i = 0; i < batch.size(); ++i) {
      const float *expected = &alone[batch[i].slot][batch[i].position * vocabulary];
      if (std::memcmp(logitsOf(session, i), expected, vocabulary * sizeof(float)) != 0) {
        std::fprintf(stderr, "error: batch %lld: other logits of position %d of slot %d\n",
                     static_cast<long long>(batches), batch[i].position, batch[i].slot);
        return 1;
      }
    }
  }
  frit_session_free(session);
  std::printf("%lld batches: the same logits\n", static_cast<long long>(batches));
  double single = decodeRate(sessions, ids, 1), together = decodeRate(sessions, ids, slots);
  std::printf("decode: one slot %.1f t/s, %d slots %.1f t/s\n", single, slots, together);
  frit_model_close(model);
  return 0;
}
