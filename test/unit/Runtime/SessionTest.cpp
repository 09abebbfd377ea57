//===- SessionTest.cpp - programs run as the manifest says ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Session.h"

#include "FakeBundle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

using namespace frit;
using namespace frit::test;
using nlohmann::json;

namespace {
class SessionTest : public testing::Test {
protected:
  void SetUp() override {
    bundle.write(directory.file("fake.frit"));
    auto opened = Model::open(directory.file("fake.frit"));
    ASSERT_TRUE(opened) << opened.error();
    model = *opened;
  }

  std::unique_ptr<Session> start(SessionOptions options) {
    auto session = Session::create(model, options);
    EXPECT_TRUE(session) << session.error();
    return session ? *std::move(session) : nullptr;
  }

  /// Tokens of one slot that begin where the slot ends.
  static std::vector<BatchToken> batchOf(const Session &session, std::span<const int32_t> ids,
                                         int32_t slot, bool allWanted) {
    std::vector<BatchToken> batch;
    int32_t position = session.length(slot);
    for (int32_t id : ids)
      batch.push_back({id, position++, slot, allWanted});
    if (!batch.empty())
      batch.back().wanted = true;
    return batch;
  }

  /// Compares the model's own logits and that no phase found a fault.
  static void expectLogits(std::span<const float> logits, const std::vector<float> &expected) {
    ASSERT_EQ(logits.size(), expected.size());
    EXPECT_EQ(logits[FakeLogitFaults], 0);
    EXPECT_TRUE(std::equal(logits.begin() + FakeLogitCount, logits.end(),
                           expected.begin() + FakeLogitCount));
  }

  TemporaryDirectory directory;
  FakeBundle bundle;
  std::shared_ptr<const Model> model;
};
} // namespace

/// Every way of cutting a sequence into calls, on every number of workers, gives the same logits.
TEST_F(SessionTest, SameBytesWhateverTheThreadsAndCalls) {
  std::vector<int32_t> ids = fakeIds(bundle, 150);
  auto expected = fakeLogits(bundle, ids);
  for (int32_t threads = 1; threads <= 8; ++threads)
    for (size_t piece : {1, 4, 5, 6, 32, 33, 70, 150}) {
      SCOPED_TRACE(testing::Message() << threads << " threads, pieces of " << piece);
      auto session = start({.context = 150, .threads = threads});
      ASSERT_EQ(session->threads(), threads);
      for (size_t begin = 0; begin < ids.size(); begin += piece) {
        auto part = std::span(ids).subspan(begin, std::min(piece, ids.size() - begin));
        auto status = session->evaluate(batchOf(*session, part, 0, true));
        ASSERT_TRUE(status) << status.error();
        ASSERT_EQ(session->logitsCount(), part.size());
        for (size_t i = 0; i < part.size(); ++i) {
          expectLogits(session->logits(i), expected[begin + i]);
          EXPECT_EQ(session->logits(i)[FakeLogitWorkers], threads);
          EXPECT_EQ(session->logits(i)[FakeLogitCapacity], 192);
        }
        if (HasFailure())
          return;
      }
      EXPECT_EQ(session->length(0), 150);
    }
}

TEST_F(SessionTest, FirstProgramThatIsLargeEnoughRuns) {
  std::vector<int32_t> ids = fakeIds(bundle, 32);
  for (auto [tokens, program] : {std::pair{1, 0}, {2, 1}, {5, 1}, {6, 2}, {32, 2}}) {
    auto session = start({.context = 40, .threads = 2});
    ASSERT_TRUE(session->evaluate(
        batchOf(*session, std::span(ids).first(static_cast<size_t>(tokens)), 0, false)));
    EXPECT_EQ(session->logits(0)[FakeLogitProgram], program);
    EXPECT_EQ(session->logits(0)[FakeLogitTokens], tokens);
    EXPECT_EQ(session->logits(0)[FakeLogitWanted], 1);
  }
  // Chunks of 32, 32 and 6: the last one is what the last program sees.
  auto session = start({.context = 70, .threads = 2});
  ids = fakeIds(bundle, 70);
  ASSERT_TRUE(session->evaluate(batchOf(*session, ids, 0, true)));
  ASSERT_EQ(session->logitsCount(), 70u);
  for (size_t i = 0; i < 70; ++i)
    EXPECT_EQ(session->logits(i)[FakeLogitTokens], i < 64 ? 32 : 6);
}

TEST_F(SessionTest, LogitsOfTheWantedTokensOnly) {
  std::vector<int32_t> ids = fakeIds(bundle, 80);
  auto expected = fakeLogits(bundle, ids);
  for (size_t count : {20, 80}) { // one chunk and several
    auto session = start({.context = 80, .threads = 3});
    auto batch = batchOf(*session, std::span(ids).first(count), 0, false);
    std::vector<size_t> wanted;
    for (size_t i = 0; i < count; ++i) {
      batch[i].wanted = i % 7 == 3 || i == 40;
      if (batch[i].wanted)
        wanted.push_back(i);
    }
    ASSERT_TRUE(session->evaluate(batch));
    ASSERT_EQ(session->logitsCount(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i)
      expectLogits(session->logits(i), expected[wanted[i]]);
  }
  auto session = start({.context = 80});
  auto batch = batchOf(*session, ids, 0, false);
  batch.back().wanted = false;
  ASSERT_TRUE(session->evaluate(batch));
  EXPECT_EQ(session->logitsCount(), 0u);
  EXPECT_EQ(session->length(0), 80);
}

/// Sequences in slots do not see each other, even in one batch; each has calls of its own.
TEST_F(SessionTest, Slots) {
  constexpr int32_t slots = 3;
  std::vector<std::vector<int32_t>> ids;
  std::vector<std::vector<std::vector<float>>> expected;
  for (uint32_t slot = 0; slot < slots; ++slot) {
    ids.push_back(fakeIds(bundle, 70, slot + 1));
    expected.push_back(fakeLogits(bundle, ids.back()));
  }
  auto session = start({.context = 70, .slots = slots, .threads = 2});
  // Batches of one to three tokens of each slot in turn.
  for (int32_t position = 0; position < 70; position += 2) {
    std::vector<BatchToken> batch;
    for (int32_t slot : {2, 0, 1})
      for (int32_t p = position; p < position + 2; ++p)
        batch.push_back({ids[slot][p], p, slot, true});
    ASSERT_TRUE(session->evaluate(batch));
    for (size_t i = 0; i < batch.size(); ++i) {
      expectLogits(session->logits(i),
                   expected[batch[i].slot][static_cast<size_t>(batch[i].position)]);
      EXPECT_EQ(session->logits(i)[FakeLogitTokens], 2);
    }
  }
  // Emptying one slot leaves the others.
  session->truncate(1, 0);
  EXPECT_EQ(session->length(0), 70);
  EXPECT_EQ(session->length(1), 0);
  ASSERT_TRUE(session->evaluate(batchOf(*session, ids[2], 1, true)));
  for (size_t i = 0; i < 70; ++i)
    expectLogits(session->logits(i), expected[2][i]);
}

/// With a program for it, few tokens of each of several slots are one chunk.
TEST_F(SessionTest, MixedSlots) {
  constexpr int32_t slots = 40;
  bundle.addMixedProgram();
  bundle.write(directory.file("mixed.frit"));
  auto opened = Model::open(directory.file("mixed.frit"));
  ASSERT_TRUE(opened) << opened.error();
  model = *opened;
  std::vector<std::vector<int32_t>> ids;
  std::vector<std::vector<std::vector<float>>> expected;
  for (uint32_t slot = 0; slot < slots; ++slot) {
    ids.push_back(fakeIds(bundle, 50, slot + 1));
    expected.push_back(fakeLogits(bundle, ids.back()));
  }
  auto session = start({.context = 50, .slots = slots, .threads = 2});

  // Runs of tokens of one slot, and the chunks they should become: their tokens, and the program.
  struct Run {
    int32_t slot;
    int32_t count;
  };
  struct Chunk {
    int32_t tokens;
    int32_t program;
  };
  auto check = [&](const std::vector<Run> &runs, const std::vector<Chunk> &chunks) {
    std::vector<BatchToken> batch;
    std::vector<int32_t> next(slots);
    for (int32_t slot = 0; slot < slots; ++slot)
      next[slot] = session->length(slot);
    for (const Run &run : runs)
      for (int32_t i = 0; i < run.count; ++i) {
        int32_t position = next[run.slot]++;
        batch.push_back({ids[run.slot][position], position, run.slot, true});
      }
    ASSERT_TRUE(session->evaluate(batch));
    ASSERT_EQ(session->logitsCount(), batch.size());
    size_t token = 0;
    for (const Chunk &chunk : chunks)
      for (int32_t i = 0; i < chunk.tokens; ++i, ++token) {
        std::span<const float> logits = session->logits(token);
        const std::vector<float> &wanted =
            expected[batch[token].slot][static_cast<size_t>(batch[token].position)];
        EXPECT_TRUE(std::equal(logits.begin() + FakeLogitCount, logits.end(),
                               wanted.begin() + FakeLogitCount));
        EXPECT_EQ(logits[FakeLogitTokens], chunk.tokens);
        EXPECT_EQ(logits[FakeLogitProgram], chunk.program);
        EXPECT_EQ(logits[FakeLogitFaults], chunk.program == 3 ? FakeFaultSlots : 0);
      }
    EXPECT_EQ(token, batch.size());
  };
  check({{2, 1}, {0, 1}, {1, 1}}, {{3, 3}});
  check({{1, 1}}, {{1, 0}});
  check({{1, 4}}, {{4, 1}});
  // The same slot again later is fine: its keys are all there before any is read.
  check({{0, 2}, {1, 1}, {0, 3}}, {{6, 3}});
  check({{0, 10}, {1, 1}, {2, 2}}, {{10, 2}, {3, 3}});
  check({{1, 1}, {2, 7}, {0, 8}, {3, 1}}, {{8, 3}, {8, 2}, {1, 0}});
  std::vector<Run> all;
  all.reserve(static_cast<size_t>(slots));
  for (int32_t slot = 0; slot < slots; ++slot)
    all.push_back({slot, 1});
  check(all, {{32, 3}, {8, 3}});
  // Of slot 39's ten tokens two would fit: they stay together.
  all.erase(all.begin() + 30, all.end());
  all.push_back({39, 10});
  check(all, {{30, 3}, {10, 2}});
}

TEST_F(SessionTest, Truncate) {
  std::vector<int32_t> first = fakeIds(bundle, 60), second = fakeIds(bundle, 60, 2);
  auto session = start({.context = 60, .threads = 2});
  ASSERT_TRUE(session->evaluate(batchOf(*session, first, 0, false)));
  session->truncate(0, 100);
  EXPECT_EQ(session->length(0), 60);
  session->truncate(0, 25);
  EXPECT_EQ(session->length(0), 25);
  std::vector<int32_t> joined(first.begin(), first.begin() + 25);
  joined.insert(joined.end(), second.begin(), second.begin() + 35);
  ASSERT_TRUE(session->evaluate(batchOf(*session, std::span(second).first(35), 0, true)));
  auto expected = fakeLogits(bundle, joined);
  for (size_t i = 0; i < 35; ++i)
    expectLogits(session->logits(i), expected[25 + i]);
  session->truncate(0, -5);
  EXPECT_EQ(session->length(0), 0);
}

/// A batch with a wrong token is refused as a whole, and nothing has happened.
TEST_F(SessionTest, RefusesWrongBatches) {
  std::vector<int32_t> ids = fakeIds(bundle, 10);
  auto expected = fakeLogits(bundle, ids);
  auto session = start({.context = 10, .slots = 2, .threads = 2});
  ASSERT_TRUE(session->evaluate(batchOf(*session, std::span(ids).first(5), 0, false)));
  auto refusal = [&](std::vector<BatchToken> batch) {
    auto status = session->evaluate(batch);
    EXPECT_EQ(session->logitsCount(), 0u);
    EXPECT_EQ(session->length(0), 5);
    EXPECT_EQ(session->length(1), 0);
    return status ? "accepted" : status.error();
  };
  std::string vocabulary = std::to_string(bundle.vocabulary());
  EXPECT_EQ(refusal({{ids[5], 5, 0, true}, {bundle.vocabulary(), 6, 0, true}}),
            "token 1 of the batch has id " + vocabulary + ", outside of the vocabulary of " +
                vocabulary);
  EXPECT_EQ(refusal({{-1, 5, 0, true}}),
            "token 0 of the batch has id -1, outside of the vocabulary of " + vocabulary);
  EXPECT_EQ(refusal({{1, 5, 2, true}}), "token 0 of the batch has slot 2, the session has 2");
  EXPECT_EQ(refusal({{1, 5, -1, true}}), "token 0 of the batch has slot -1, the session has 2");
  for (int32_t position : {4, 6, -1, INT32_MAX})
    EXPECT_EQ(refusal({{1, position, 0, true}}), "token 0 of the batch has position " +
                                                     std::to_string(position) +
                                                     ", expected 5 (the next one of slot 0)");
  EXPECT_EQ(session->outcome(), Session::Outcome::Invalid);
  std::vector<BatchToken> tooMany;
  for (int32_t position = 5; position < 11; ++position)
    tooMany.push_back({1, position, 0, false});
  EXPECT_EQ(refusal(tooMany),
            "token 5 of the batch has position 10, beyond the session's context of "
            "10 tokens");
  EXPECT_EQ(session->outcome(), Session::Outcome::ContextFull);
  // What was in the slot still is.
  ASSERT_TRUE(session->evaluate(batchOf(*session, std::span(ids).subspan(5), 0, true)));
  for (size_t i = 0; i < 5; ++i)
    expectLogits(session->logits(i), expected[5 + i]);
  EXPECT_TRUE(session->evaluate({}));
  EXPECT_EQ(session->logitsCount(), 0u);
}

TEST_F(SessionTest, RefusesWrongOptions) {
  auto refusal = [&](SessionOptions options) {
    auto session = Session::create(model, options);
    return session ? "accepted" : session.error();
  };
  EXPECT_EQ(refusal({.context = 1001}),
            "expected a context of 1 to 1000 tokens (the model's), found 1001");
  EXPECT_EQ(refusal({.context = -1}),
            "expected a context of 1 to 1000 tokens (the model's), found -1");
  EXPECT_EQ(refusal({.slots = 0}), "expected 1 to 65536 slots, found 0");
  EXPECT_EQ(refusal({.slots = 65537}), "expected 1 to 65536 slots, found 65537");
  EXPECT_EQ(refusal({.threads = 1025}), "expected 1 to 1024 threads, found 1025");
  EXPECT_EQ(start({})->context(), 1000);
  EXPECT_EQ(start({})->threads(), Workers::availableCpus());
}

/// Sizes that no machine has, and those that do not fit 64 bits.
TEST_F(SessionTest, RefusesWhatMemoryCannotHold) {
  bundle.manifest["model"]["context_length"] = INT32_MAX;
  for (auto &cache : bundle.manifest["caches"])
    for (const char *field : {"heads", "key_dim", "value_dim"})
      cache[field] = 65536;
  bundle.write(directory.file("huge.frit"));
  auto huge = Model::open(directory.file("huge.frit"));
  ASSERT_TRUE(huge) << huge.error();
  for (int32_t slots : {1, 65536}) {
    auto session = Session::create(*huge, {.slots = slots, .threads = 1});
    ASSERT_FALSE(session);
    EXPECT_TRUE(session.error().starts_with("not enough memory for the KV cache: "))
        << session.error();
  }
  FakeBundle scratch;
  scratch.manifest["scratch_bytes"] = int64_t{1} << 40;
  scratch.manifest["programs"][2]["max_tokens"] = 1 << 20;
  // How many bytes a row of int8 takes is up to the code.
  scratch.manifest["buffers"][0]["block"] = +FakeHidden;
  scratch.manifest["buffers"][0]["row_bytes"] = int64_t{1} << 40;
  scratch.write(directory.file("scratch.frit"));
  auto opened = Model::open(directory.file("scratch.frit"));
  ASSERT_TRUE(opened) << opened.error();
  auto session = Session::create(*opened, {.threads = 2});
  ASSERT_FALSE(session);
  EXPECT_TRUE(session.error().starts_with("not enough memory for activations and scratch: "))
      << session.error();
}

TEST_F(SessionTest, Cancel) {
  std::vector<int32_t> ids = fakeIds(bundle, 1000);
  auto session = start({.threads = 2});
  // Before: nothing is done. The request holds for one call.
  session->cancel();
  auto status = session->evaluate(batchOf(*session, ids, 0, false));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), "cancelled after 0 of 1000 tokens");
  EXPECT_EQ(session->outcome(), Session::Outcome::Cancelled);
  EXPECT_EQ(session->length(0), 0);
  // During: what was done can be gone on from.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    session->truncate(0, 0);
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(attempt % 100 * 50));
      session->cancel();
    });
    status = session->evaluate(batchOf(*session, ids, 0, false));
    other.join();
    if (!status && session->length(0) > 0)
      break;
  }
  ASSERT_FALSE(status);
  int32_t length = session->length(0);
  EXPECT_EQ(length % 32, 0);
  EXPECT_EQ(status.error(), "cancelled after " + std::to_string(length) + " of 1000 tokens");
  auto rest = std::span(ids).subspan(static_cast<size_t>(length));
  ASSERT_TRUE(session->evaluate(batchOf(*session, rest.first(10), 0, true)));
  auto expected = fakeLogits(bundle, std::span(ids).first(static_cast<size_t>(length) + 10));
  expectLogits(session->logits(9), expected.back());
}

/// Caches that are large enough move into huge pages when they are half full; nobody notices.
TEST_F(SessionTest, CachesGrowIntoHugePages) {
  json &caches = bundle.manifest["caches"];
  while (caches.size() < 600)
    caches.push_back(caches[0]);
  bundle.write(directory.file("large.frit"));
  auto opened = Model::open(directory.file("large.frit"));
  ASSERT_TRUE(opened) << opened.error();
  model = *opened;
  std::vector<int32_t> ids = fakeIds(bundle, 600);
  auto expected = fakeLogits(bundle, ids);
  auto session = start({.threads = 2});
  ASSERT_GT(session->cacheBytes(), 32U << 20);
  for (size_t begin = 0; begin < ids.size(); begin += 100) {
    ASSERT_TRUE(session->evaluate(batchOf(*session, std::span(ids).subspan(begin, 100), 0, true)));
    for (size_t i = 0; i < 100; ++i)
      expectLogits(session->logits(i), expected[begin + i]);
  }
}

TEST(Pages, HugePagesKeepTheContents) {
  for (uint64_t bytes : {uint64_t{1}, uint64_t{4096}, uint64_t{3} << 20, uint64_t{9'000'001}}) {
    auto pages = Pages::allocate(bytes, Pages::Size::Small, "a test");
    ASSERT_TRUE(pages);
    for (uint64_t i = 0; i < bytes; i += 1000)
      pages->data()[i] = static_cast<uint8_t>(i / 1000 % 251);
    pages->makeHuge();
    for (uint64_t i = 0; i < bytes; ++i)
      ASSERT_EQ(pages->data()[i], i % 1000 ? 0 : i / 1000 % 251) << i;
  }
  Pages().makeHuge();
}

TEST_F(SessionTest, Timings) {
  std::vector<int32_t> ids = fakeIds(bundle, 40);
  auto session = start({.context = 50, .threads = 2});
  ASSERT_TRUE(session->evaluate(batchOf(*session, ids, 0, false)));
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(session->evaluate(batchOf(*session, std::span(ids).first(1), 0, true)));
  EXPECT_EQ(session->timings().prefillTokens, 40);
  EXPECT_EQ(session->timings().decodeTokens, 3);
  EXPECT_GT(session->timings().prefill.count(), 0);
  EXPECT_GT(session->timings().decode.count(), 0);
  session->resetTimings();
  EXPECT_EQ(session->timings().prefillTokens, 0);
}

/// Two sessions of one model at the same time, and a model that is closed before its session.
TEST_F(SessionTest, SessionsShareAModel) {
  std::vector<int32_t> ids = fakeIds(bundle, 50);
  auto expected = fakeLogits(bundle, ids);
  auto first = start({.context = 50, .threads = 2}), second = start({.context = 50, .threads = 3});
  model.reset();
  auto run = [&](Session &session) {
    for (int round = 0; round < 20; ++round) {
      session.truncate(0, 0);
      for (int32_t id : ids)
        ASSERT_TRUE(session.evaluate(batchOf(session, std::span(&id, 1), 0, true)));
      expectLogits(session.logits(0), expected.back());
    }
  };
  std::thread other([&] { run(*first); });
  run(*second);
  other.join();
}
