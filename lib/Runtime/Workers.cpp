//===- Workers.cpp - threads that run a program together ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Workers.h"

#include <bit>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstring>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace frit;

static constexpr std::chrono::microseconds barrierSpin{50};
/// Between two tokens the caller picks the next one, decodes and prints it.
static constexpr std::chrono::microseconds regionSpin{100};

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

static void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

static void futexWakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

static inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/// True once `ready()` is, false when that takes longer than `limit`.
template <typename Ready>
static inline bool spinUntil(Ready ready, std::chrono::nanoseconds limit) {
  using Clock = std::chrono::steady_clock;
  constexpr int pausesPerLook = 32; // a look at the clock costs as much as a few pauses
  Clock::time_point deadline = {};
  while (true) {
    for (int i = 0; i < pausesPerLook; ++i) {
      if (ready())
        return true;
      relax();
    }
    Clock::time_point now = Clock::now();
    if (deadline == Clock::time_point{})
      deadline = now + limit;
    else if (now > deadline)
      return false;
  }
}

namespace {
/// A set of CPUs with room for any Linux machine: cpu_set_t ends at 1024.
class CpuSet {
public:
  /// Of the calling thread; empty if the system does not say.
  static CpuSet current() {
    CpuSet set;
    if (sched_getaffinity(0, sizeof(set.words), set.words) != 0)
      CPU_ZERO_S(sizeof(set.words), set.words);
    return set;
  }
  static CpuSet none() { return {}; }
  static CpuSet single(int32_t cpu) {
    CpuSet set;
    CPU_SET_S(static_cast<size_t>(cpu), sizeof(set.words), set.words);
    return set;
  }

  /// Binds the calling thread. Where that is forbidden the thread stays free.
  void bind() const { sched_setaffinity(0, sizeof(words), words); }

  std::vector<int32_t> members() const {
    std::vector<int32_t> list;
    for (size_t cpu = 0; cpu < sizeof(words) * CHAR_BIT; ++cpu)
      if (CPU_ISSET_S(cpu, sizeof(words), words))
        list.push_back(static_cast<int32_t>(cpu));
    return list;
  }
  bool empty() const { return CPU_COUNT_S(sizeof(words), words) == 0; }

private:
  CpuSet() { CPU_ZERO_S(sizeof(words), words); }
  cpu_set_t words[8];
};

/// Rounding and denormals as in a fresh thread, for the lifetime of the object.
class DefaultFloatingPoint {
public:
#if defined(__x86_64__)
  DefaultFloatingPoint() : saved(_mm_getcsr()) { _mm_setcsr(0x1F80); }
  ~DefaultFloatingPoint() { _mm_setcsr(saved); }

private:
  unsigned saved;
#elif defined(__aarch64__)
  DefaultFloatingPoint() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, xzr");
  }
  ~DefaultFloatingPoint() { __asm__ volatile("msr fpcr, %0" ::"r"(saved)); }

private:
  uint64_t saved;
#endif
};
} // namespace

int32_t Workers::availableCpus() {
  auto count = static_cast<int32_t>(CpuSet::current().members().size());
  return std::max(count, 1);
}

//===----------------------------------------------------------------------===//
// Starting and ending
//===----------------------------------------------------------------------===//

static int32_t roundsFor(int32_t count) {
  return static_cast<int32_t>(std::bit_width(static_cast<uint32_t>(count - 1)));
}

Workers::Workers(int32_t count, bool sleeping, std::vector<int32_t> cpus)
    : workerCount(count), roundCount(roundsFor(count)), sleeping(sleeping), cpus(std::move(cpus)),
      flags(new Flag[static_cast<size_t>(count) * static_cast<size_t>(roundCount)]),
      own(new Own[static_cast<size_t>(count)]) {}

namespace {
struct ThreadArgument {
  Workers *workers;
  int32_t worker;
};
} // namespace

Result<std::unique_ptr<Workers>> Workers::create(int32_t count, Waiting waiting) {
  std::vector<int32_t> available = CpuSet::current().members();
  if (count == 0)
    count = std::max(static_cast<int32_t>(std::min<size_t>(available.size(), maxCount)), 1);
  if (count < 1 || count > maxCount)
    return Failure("expected 1 to ", maxCount, " threads, found ", count);
  bool sleeping = waiting == Waiting::Sleep;
  if (waiting == Waiting::Automatic)
    sleeping = static_cast<size_t>(count) > available.size();
  if (static_cast<size_t>(count) != available.size())
    available.clear();
  std::unique_ptr<Workers> workers(new Workers(count, sleeping, std::move(available)));

  // A thread has the mask of the one that creates it: Ctrl-C is for the caller to handle.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  for (int32_t worker = 1; worker < count && !error; ++worker) {
    auto *argument = new ThreadArgument{workers.get(), worker};
    error = pthread_create(&workers->own[worker].thread, nullptr, threadMain, argument);
    if (error)
      delete argument;
    else
      ++workers->startedThreads;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error)
    return Failure("cannot start ", count, " threads: ", std::strerror(error));
  return workers;
}

Workers::~Workers() {
  task = nullptr;
  region.value.fetch_add(1);
  futexWakeAll(region.value);
  for (int32_t worker = 1; worker <= startedThreads; ++worker)
    pthread_join(own[worker].thread, nullptr);
}

void *Workers::threadMain(void *argument) {
  std::unique_ptr<ThreadArgument> start(static_cast<ThreadArgument *>(argument));
  pthread_setname_np(pthread_self(), "frit-worker");
  if (!start->workers->cpus.empty())
    CpuSet::single(start->workers->cpus[start->worker]).bind();
  start->workers->work(start->worker);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Parallel regions
//===----------------------------------------------------------------------===//

void Workers::run(Task newTask, void *context) {
  DefaultFloatingPoint floatingPoint;
  if (workerCount == 1) {
    newTask(context, 0);
    return;
  }
  task = newTask;
  taskContext = context;
  region.value.fetch_add(1);
  if (sleepers.value.load() > 0)
    futexWakeAll(region.value);
  // The other workers wake up on their CPUs; this thread must be on none of them. Where it is
  // already on its own, which is the rule, nothing would move it: the system calls take longer than
  // many barriers.
  bool bound = !cpus.empty() && sched_getcpu() != cpus[0];
  CpuSet before = bound ? CpuSet::current() : CpuSet::none();
  bound &= !before.empty();
  if (bound)
    CpuSet::single(cpus[0]).bind();
  newTask(context, 0);
  barrier(0);
  if (bound)
    before.bind();
}

void Workers::work(int32_t worker) {
  DefaultFloatingPoint floatingPoint;
  for (uint32_t seen = 0;;) {
    seen = waitForRegion(seen);
    if (!task)
      return;
    task(taskContext, worker);
    barrier(worker);
  }
}

/// Returns the number of the next region.
uint32_t Workers::waitForRegion(uint32_t seen) {
  uint32_t now = seen;
  auto begun = [&] {
    now = region.value.load(std::memory_order_acquire);
    return now != seen;
  };
  if (!sleeping && spinUntil(begun, regionSpin))
    return now;
  // Whoever begins a region after this sees a sleeper; before, begun() is true.
  sleepers.value.fetch_add(1);
  while (!begun())
    futexWait(region.value, seen);
  sleepers.value.fetch_sub(1);
  return now;
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

static bool hasReached(uint32_t value, uint32_t target) {
  return static_cast<int32_t>((value & ~1U) - target) >= 0;
}

void Workers::waitFor(Flag &flag, uint32_t target) {
  auto reached = [&] { return hasReached(flag.value.load(std::memory_order_acquire), target); };
  if (spinUntil(reached, barrierSpin))
    return;
  uint32_t value = flag.value.load(std::memory_order_acquire);
  while (!hasReached(value, target)) {
    // The one who replaces a value with this bit wakes us.
    if ((value & 1) || flag.value.compare_exchange_weak(value, value | 1)) {
      futexWait(flag.value, value | 1);
      value = flag.value.load(std::memory_order_acquire);
    }
  }
}

void Workers::spinningBarrier(int32_t worker) {
  uint32_t target = own[worker].barriers += 2;
  for (int32_t round = 0; round < roundCount; ++round) {
    int32_t partner = worker + (1 << round);
    if (partner >= workerCount)
      partner -= workerCount;
    Flag &theirs = flags[static_cast<size_t>(partner) * roundCount + round];
    if (theirs.value.exchange(target, std::memory_order_acq_rel) & 1)
      futexWakeAll(theirs.value);
    waitFor(flags[static_cast<size_t>(worker) * roundCount + round], target);
  }
}

void Workers::sleepingBarrier() {
  uint32_t now = generation.value.load(std::memory_order_acquire);
  if (arrived.value.fetch_add(1, std::memory_order_acq_rel) + 1 ==
      static_cast<uint32_t>(workerCount)) {
    arrived.value.store(0, std::memory_order_relaxed);
    generation.value.fetch_add(1, std::memory_order_release);
    futexWakeAll(generation.value);
    return;
  }
  while (generation.value.load(std::memory_order_acquire) == now)
    futexWait(generation.value, now);
}
