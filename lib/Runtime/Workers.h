//===- Workers.h - threads that run a program together --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A token of a small model is 150 barriers in 3 ms, so a barrier has to cost well under a
// microsecond, and an idle session no time at all. Workers therefore spin for some 50 us and then
// sleep in the kernel (futex).
//
// While every worker has a CPU of its own, the barrier is a dissemination barrier (Hensgen, Finkel,
// Manber 1988): in round r worker w tells worker w + 2^r and waits for worker w - 2^r, each pair on
// a cache line of its own, so that a barrier of 2 workers is one handover and one of 16 is four.
// With more workers than CPUs a spinning worker keeps the one it waits for from running: the
// barrier is then a counter on which workers sleep at once.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_WORKERS_H
#define FRIT_LIB_RUNTIME_WORKERS_H

#include "frit/Support/Result.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <vector>

namespace frit {

/// A fixed number of workers. Worker 0 is whoever calls run(); the others are threads of this
/// object, which block all signals. If they are as many as the CPUs this process may use, each is
/// bound to one (worker 0 during run()); if they are fewer, the scheduler knows better which CPUs
/// other processes leave free.
class Workers {
public:
  static constexpr int32_t maxCount = 1024;
  using Task = void (*)(void *context, int32_t worker);

  /// What a worker does while it waits. Automatic: spin if there is a CPU for each, else sleep.
  enum class Waiting { Automatic, Spin, Sleep };

  /// How many CPUs this process may use.
  static int32_t availableCpus();

  /// \param count 0: as many as there are CPUs. Fails beyond maxCount and if the system refuses.
  static Result<std::unique_ptr<Workers>> create(int32_t count,
                                                 Waiting waiting = Waiting::Automatic);
  ~Workers();

  int32_t count() const { return workerCount; }

  /// Runs task(context, w) on every worker and returns when all are done. Floating-point state is
  /// the default one (round to nearest, denormals kept) on all workers, whatever the caller's is.
  /// Allocates nothing. Not reentrant, one caller at a time.
  void run(Task task, void *context);

  /// Called by every worker within a task: returns when all have called it, and shows each what the
  /// others wrote before.
  void barrier(int32_t worker) {
    if (workerCount == 1)
      return;
    if (sleeping)
      sleepingBarrier();
    else
      spinningBarrier(worker);
  }

private:
  /// Longer than a cache line: the prefetcher of x86 fetches lines in pairs.
  static constexpr size_t lineBytes = 128;

  /// Counts barriers in steps of 2; the lowest bit says that the waiter sleeps.
  struct alignas(lineBytes) Flag {
    std::atomic<uint32_t> value = 0;
  };
  /// Written by its worker only.
  struct alignas(lineBytes) Own {
    uint32_t barriers = 0;
    pthread_t thread = {};
  };
  struct alignas(lineBytes) Word {
    std::atomic<uint32_t> value = 0;
  };

  Workers(int32_t count, bool sleeping, std::vector<int32_t> cpus);
  static void *threadMain(void *argument);
  void work(int32_t worker);
  void spinningBarrier(int32_t worker);
  void sleepingBarrier();
  static void waitFor(Flag &flag, uint32_t target);
  uint32_t waitForRegion(uint32_t seen);

  const int32_t workerCount;
  const int32_t roundCount;        ///< of the dissemination barrier: log2 of the count, rounded up
  const bool sleeping;             ///< wait without spinning
  const std::vector<int32_t> cpus; ///< the CPU of each worker, or empty
  std::unique_ptr<Flag[]> flags;   ///< [worker][round]
  std::unique_ptr<Own[]> own;      ///< [worker]
  int32_t startedThreads = 0;

  // What run() hands out. The task is written before the region's number and read after.
  Task task = nullptr;
  void *taskContext = nullptr;
  Word region;   ///< number of the parallel region; futex
  Word sleepers; ///< workers that sleep until the next region
  // The sleeping barrier.
  Word arrived;
  Word generation; ///< futex
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_WORKERS_H
