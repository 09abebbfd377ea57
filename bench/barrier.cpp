//===- barrier.cpp - how long two threads take to meet --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prints the nanoseconds of one barrier between two threads, the median of several batches. They
// are pinned to the first two CPUs that this process may use; each writes a flag in a cache line of
// its own and waits for the other's. The figure says whether the two CPUs share a last-level cache,
// which on virtual machines changes from one second to the next, and with it the memory bandwidth:
// without it a two-thread measurement cannot be compared with another.
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <sched.h>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
static void relax() { _mm_pause(); }
#else
static void relax() { asm volatile("" ::: "memory"); }
#endif

namespace {

constexpr int batches = 15;
constexpr uint64_t barriersPerBatch = 20000;
// Two lines, since neighbouring lines may be fetched in pairs.
constexpr size_t flagBytes = 128;

struct alignas(flagBytes) Flag {
  std::atomic<uint64_t> reached{0};
};

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

std::vector<int> usableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set))
        cpus.push_back(cpu);
  return cpus;
}

void meet(Flag &mine, const Flag &other, uint64_t count) {
  mine.reached.store(count, std::memory_order_release);
  while (other.reached.load(std::memory_order_acquire) < count)
    relax();
}

} // namespace

int main() {
  std::vector<int> cpus = usableCpus();
  if (cpus.size() < 2) {
    std::fprintf(stderr, "error: expected at least 2 usable CPUs, found %zu\n", cpus.size());
    return 1;
  }
  Flag first, second;
  constexpr uint64_t total = (batches + 1) * barriersPerBatch;
  std::thread partner([&] {
    pin(cpus[1]);
    for (uint64_t count = 1; count <= total; ++count)
      meet(second, first, count);
  });
  pin(cpus[0]);
  std::array<double, batches> nanoseconds;
  uint64_t count = 0;
  for (int batch = -1; batch < batches; ++batch) { // Batch -1 warms up.
    auto begin = std::chrono::steady_clock::now();
    for (uint64_t i = 0; i < barriersPerBatch; ++i)
      meet(first, second, ++count);
    std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begin;
    if (batch >= 0)
      nanoseconds[batch] = elapsed.count() / barriersPerBatch;
  }
  partner.join();
  std::nth_element(nanoseconds.begin(), nanoseconds.begin() + batches / 2, nanoseconds.end());
  std::printf("%.1f\n", nanoseconds[batches / 2]);
  return 0;
}
