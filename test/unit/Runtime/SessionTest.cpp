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
