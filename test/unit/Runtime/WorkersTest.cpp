//===- WorkersTest.cpp - barriers hold, are quick, and end ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <chrono>
#include <csignal>
#include <sched.h>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace frit;
using Clock = std::chrono::steady_clock;

namespace {
using Waiting = Workers::Waiting;

std::unique_ptr<Workers> start(int32_t count, Waiting waiting = Waiting::Automatic) {
  auto workers = Workers::create(count, waiting);
  EXPECT_TRUE(workers) << workers.error();
  return *std::move(workers);
}

template <typename Function>
void runOn(Workers &workers, Function function) {
  workers.run([](void *context, int32_t worker) { (*static_cast<Function *>(context))(worker); },
              &function);
}

/// Each worker writes its cell, meets the others and reads all cells: a barrier that lets one pass
/// too early shows a cell of the round before, and one that does not order memory a stale one.
void stressBarrier(Workers &workers, uint32_t rounds) {
  struct alignas(128) Cell {
    uint32_t value = 0;
    uint64_t wrong = 0;
  };
  auto count = static_cast<size_t>(workers.count());
  std::vector<Cell> cells(count);
  runOn(workers, [&](int32_t worker) {
    for (uint32_t round = 1; round <= rounds; ++round) {
      cells[worker].value = round;
      workers.barrier(worker);
      for (const Cell &cell : cells)
        cells[worker].wrong += cell.value != round;
      workers.barrier(worker);
    }
  });
  for (const Cell &cell : cells) {
    EXPECT_EQ(cell.wrong, 0u);
    EXPECT_EQ(cell.value, rounds);
  }
}
} // namespace

TEST(Workers, EveryWorkerRunsOnce) {
  for (int32_t count : {1, 2, 3, 4, 7, 8, 16, 33}) {
    auto workers = start(count);
    ASSERT_EQ(workers->count(), count);
    std::vector<int> runs(static_cast<size_t>(count));
    for (int round = 1; round <= 100; ++round) {
      runOn(*workers, [&](int32_t worker) { ++runs[worker]; });
      ASSERT_EQ(std::ranges::count(runs, round), count);
    }
  }
}

TEST(Workers, DefaultIsOneACpu) { EXPECT_EQ(start(0)->count(), Workers::availableCpus()); }

TEST(Workers, RefusesOtherCounts) {
  for (int32_t count : {-1, Workers::maxCount + 1, INT32_MAX, INT32_MIN}) {
    auto workers = Workers::create(count);
    ASSERT_FALSE(workers);
    EXPECT_EQ(workers.error(), "expected 1 to 1024 threads, found " + std::to_string(count));
  }
}

TEST(Workers, BarrierHoldsWithACpuEach) {
  stressBarrier(*start(Workers::availableCpus()), 200'000);
}

/// Many more workers than CPUs finish, too: nobody spins while others wait for the CPU.
TEST(Workers, BarrierHoldsWithMoreWorkersThanCpus) {
  auto begin = Clock::now();
  stressBarrier(*start(Workers::availableCpus() + 3), 50'000); // 100,000 barriers
  stressBarrier(*start(8 * Workers::availableCpus()), 2'000);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(60));
}

/// Every number of rounds, also those that need more CPUs than there are: then all ways through a
/// wait are taken, spinning and sleeping.
TEST(Workers, EitherBarrierHoldsForEveryCount) {
  for (int32_t count : {2, 3, 4, 5, 7, 8, 9, 16}) {
    SCOPED_TRACE(count);
    uint32_t rounds = count <= Workers::availableCpus() ? 20'000 : 100;
    stressBarrier(*start(count, Waiting::Spin), rounds);
    stressBarrier(*start(count, Waiting::Sleep), rounds);
  }
}

/// Workers that have gone to sleep, in a barrier and between regions, wake up.
TEST(Workers, LateWorkersAreWaitedFor) {
  for (auto [count, waiting] :
       {std::pair{2, Waiting::Spin}, {5, Waiting::Spin}, {3, Waiting::Sleep}}) {
    auto workers = start(count, waiting);
    for (int32_t late = 0; late < count; ++late) {
      std::vector<uint32_t> seen(static_cast<size_t>(count));
      std::atomic<uint32_t> arrived = 0;
      runOn(*workers, [&](int32_t worker) {
        for (int round = 0; round < 3; ++round) {
          if (worker == late)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          ++arrived;
          workers->barrier(worker);
          seen[worker] += arrived == static_cast<uint32_t>(count * (round + 1));
          workers->barrier(worker);
        }
      });
      EXPECT_EQ(std::ranges::count(seen, 3u), count);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

/// The best of many batches, because other processes may share the CPUs with the test.
TEST(Workers, BarrierTakesLessThanAMicrosecond) {
  constexpr int barriers = 1000;
  if (Workers::availableCpus() < 2)
    GTEST_SKIP() << "needs two CPUs";
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the sanitizer is what takes the time";
#endif
  auto workers = start(2);
  auto best = std::chrono::nanoseconds::max();
  for (auto begin = Clock::now(); Clock::now() - begin < std::chrono::seconds(20);) {
    auto before = Clock::now();
    runOn(*workers, [&](int32_t worker) {
      for (int i = 0; i < barriers; ++i)
        workers->barrier(worker);
    });
    best = std::min<std::chrono::nanoseconds>(best, Clock::now() - before);
    if (best < std::chrono::nanoseconds(500 * barriers) &&
        Clock::now() - begin > std::chrono::milliseconds(200))
      break;
  }
  auto perBarrier = best.count() / barriers;
  RecordProperty("nanosecondsABarrier", std::to_string(perBarrier));
  std::printf("%lld ns a barrier of 2 workers\n", static_cast<long long>(perBarrier));
  EXPECT_LT(perBarrier, 1000);
}

TEST(Workers, CallerKeepsItsCpusAndMode) {
  // All the CPUs that the system lets us have, also if a test before left this thread bound to one.
  cpu_set_t before, after;
  CPU_ZERO(&before);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    CPU_SET(cpu, &before);
  sched_setaffinity(0, sizeof(before), &before);
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  auto workers = start(0);
#if defined(__x86_64__)
  // Rounding upwards and denormals as zero must neither reach the workers nor get lost.
  unsigned saved = _mm_getcsr(), mode = 0x1F80 | 0x4000 | 0x8040;
  _mm_setcsr(mode);
  auto other = start(0); // threads have the mode of their creator at first
  std::vector<unsigned> modes(static_cast<size_t>(other->count()));
  runOn(*other, [&](int32_t worker) { modes[worker] = _mm_getcsr() & ~0x3FU; });
  unsigned kept = _mm_getcsr();
  _mm_setcsr(saved);
  EXPECT_EQ(kept, mode);
  EXPECT_EQ(std::ranges::count(modes, 0x1F80u), other->count());
#endif
  // Begun on each of the CPUs: worker 0 is moved to its own, and back.
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before))
      continue;
    cpu_set_t single;
    CPU_ZERO(&single);
    CPU_SET(cpu, &single);
    sched_setaffinity(0, sizeof(single), &single);
    runOn(*workers, [](int32_t) {});
    ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&single, &after)) << cpu;
  }
  sched_setaffinity(0, sizeof(before), &before);
  runOn(*workers, [](int32_t) {});
  ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

/// Ctrl-C is delivered to a thread of the program, never to a worker.
TEST(Workers, BlockSignals) {
  auto workers = start(4);
  std::vector<int> blocked(4);
  runOn(*workers, [&](int32_t worker) {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    blocked[worker] = sigismember(&set, SIGINT) && sigismember(&set, SIGTERM);
  });
  EXPECT_EQ(blocked, (std::vector<int>{0, 1, 1, 1}));
}
