//===- MeasureCpu.cpp - how fast this CPU is -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each kernel runs for some milliseconds at a time and all of them in turn, so that what disturbs
// the machine for a while disturbs one sample of each and not all samples of one.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/MeasureCpu.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <sched.h>
#include <sys/mman.h>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace frit;
using namespace frit::driver;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

//===----------------------------------------------------------------------===//
// What the system says
//===----------------------------------------------------------------------===//

static std::string readLine(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFileAsStream(path);
  return file ? (*file)->getBuffer().trim().str() : "";
}

/// How many bits of "ffffffff,00000003" are set.
static unsigned countBits(llvm::StringRef mask) {
  unsigned count = 0;
  for (char c : mask)
    if (unsigned digit = llvm::hexDigitValue(c); digit < 16)
      count += static_cast<unsigned>(llvm::popcount(digit));
  return count;
}

std::vector<Cache> frit::driver::findCaches() {
  std::vector<Cache> caches;
  constexpr unsigned maxIndex = 8;
  for (unsigned index = 0; index < maxIndex; ++index) {
    std::string place = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::string type = readLine(place + "type");
    if (type != "Data" && type != "Unified")
      continue;
    Cache cache;
    std::string size = readLine(place + "size");
    llvm::StringRef kibibytes = size;
    unsigned line = 0;
    if (!kibibytes.consume_back("K") || kibibytes.getAsInteger(10, cache.bytes) ||
        llvm::StringRef(readLine(place + "level")).getAsInteger(10, cache.level) ||
        llvm::StringRef(readLine(place + "coherency_line_size")).getAsInteger(10, line))
      continue;
    cache.bytes *= 1024;
    cache.lineBytes = line;
    cache.sharers = std::max(1u, countBits(readLine(place + "shared_cpu_map")));
    caches.push_back(cache);
  }
  llvm::sort(caches, [](const Cache &a, const Cache &b) { return a.level < b.level; });
  return caches;
}

static std::vector<int> usableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set))
        cpus.push_back(cpu);
  return cpus;
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

static double quantile(std::vector<double> samples, double part) {
  if (samples.empty())
    return 0;
  llvm::sort(samples);
  return samples[static_cast<size_t>(part * static_cast<double>(samples.size() - 1) + 0.5)];
}

double Measurement::median() const { return quantile(samples, 0.5); }
double Measurement::firstQuartile() const { return quantile(samples, 0.25); }
double Measurement::thirdQuartile() const { return quantile(samples, 0.75); }

std::vector<const Measurement *> CpuMeasurements::all() const {
  std::vector<const Measurement *> result = {&clock, &multiplyAdds, &dots};
  for (const Measurement &measurement : cached)
    result.push_back(&measurement);
  for (const Measurement &measurement : written)
    result.push_back(&measurement);
  for (const Measurement *measurement : {&memoryAlone, &memory, &barrier})
    result.push_back(measurement);
  llvm::erase_if(result, [](const Measurement *m) { return m->samples.empty(); });
  return result;
}

#if defined(__x86_64__)

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//
//
// Values are hidden from the compiler (asm), so that it computes what it is told to. Sums of many
// registers, so that none waits for the one before it.

namespace {

/// What kernels with one width of vectors do.
struct Kernels {
  /// f32 multiplications with an addition: so many rounds; returns operations.
  double (*multiplyAdds)(uint64_t rounds);
  /// Sums of products of int8.
  double (*dots)(uint64_t rounds);
  /// Reads all of it; `bytes` is a multiple of 512.
  void (*read)(const char *memory, size_t bytes);
  /// Writes all of it.
  void (*write)(char *memory, size_t bytes);
};

constexpr unsigned sums = 12;

#define FRIT_KERNELS(Suffix, features, Vector, FloatVector, setFloat, fma, load, merge, dot)       \
  __attribute__((target(features))) double multiplyAdds##Suffix(uint64_t rounds) {                 \
    FloatVector x = setFloat(1.0f), y = setFloat(1e-9f), sum[sums];                                \
    for (FloatVector &s : sum)                                                                     \
      s = y;                                                                                       \
    for (uint64_t round = 0; round < rounds; ++round)                                              \
      for (FloatVector &s : sum) {                                                                 \
        s = fma(s, x, y);                                                                          \
        asm volatile("" : "+x"(s));                                                                \
      }                                                                                            \
    return 2.0 * sums * (sizeof(FloatVector) / 4) * static_cast<double>(rounds);                   \
  }                                                                                                \
  __attribute__((target(features))) double dots##Suffix(uint64_t rounds) {                         \
    Vector a = {}, b = {}, sum[sums] = {};                                                         \
    asm volatile("" : "+x"(a), "+x"(b));                                                           \
    for (uint64_t round = 0; round < rounds; ++round)                                              \
      for (Vector &s : sum) {                                                                      \
        asm volatile("" : "+x"(a));                                                                \
        s = dot(s, a, b);                                                                          \
        asm volatile("" : "+x"(s));                                                                \
      }                                                                                            \
    return 2.0 * sums * sizeof(Vector) * static_cast<double>(rounds);                              \
  }                                                                                                \
  __attribute__((target(features))) void read##Suffix(const char *memory, size_t bytes) {          \
    constexpr size_t step = 512, ahead = 4096;                                                     \
    Vector sum[4] = {};                                                                            \
    for (size_t at = 0; at < bytes; at += step) {                                                  \
      for (size_t line = 0; line < step; line += 64)                                               \
        _mm_prefetch(memory + at + ahead + line, _MM_HINT_T0);                                     \
      for (size_t part = 0; part < step / sizeof(Vector); ++part) {                                \
        Vector &s = sum[part % 4];                                                                 \
        s = merge(s, load(reinterpret_cast<const Vector *>(memory + at + part * sizeof(Vector)))); \
      }                                                                                            \
    }                                                                                              \
    for (Vector &s : sum)                                                                          \
      asm volatile("" : "+x"(s));                                                                  \
  }                                                                                                \
  __attribute__((target(features))) void write##Suffix(char *memory, size_t bytes) {               \
    Vector value = {};                                                                             \
    for (size_t at = 0; at < bytes; at += sizeof(Vector)) {                                        \
      asm volatile("" : "+x"(value));                                                              \
      *reinterpret_cast<Vector *>(memory + at) = value;                                            \
    }                                                                                              \
  }

__attribute__((target("sse2"))) __m128 multiplyAdd128(__m128 a, __m128 b, __m128 c) {
  return _mm_add_ps(_mm_mul_ps(a, b), c);
}
__attribute__((target("sse2"))) __m128i dot128(__m128i sum, __m128i a, __m128i b) {
  // Bytes become words, as `portable.128` does it: two multiplications a vector.
  __m128i zero = _mm_setzero_si128();
  __m128i low = _mm_madd_epi16(_mm_unpacklo_epi8(a, zero), _mm_unpacklo_epi8(b, zero));
  __m128i high = _mm_madd_epi16(_mm_unpackhi_epi8(a, zero), _mm_unpackhi_epi8(b, zero));
  return _mm_add_epi32(sum, _mm_add_epi32(low, high));
}
__attribute__((target("avx2"))) __m256i dot256(__m256i sum, __m256i a, __m256i b) {
  __m256i pairs = _mm256_maddubs_epi16(a, b);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

FRIT_KERNELS(SSE2, "sse2", __m128i, __m128, _mm_set1_ps, multiplyAdd128, _mm_load_si128,
             _mm_or_si128, dot128)
FRIT_KERNELS(AVX2, "avx2,fma", __m256i, __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_load_si256,
             _mm256_or_si256, dot256)
FRIT_KERNELS(AVX512, "avx512f,avx512vnni", __m512i, __m512, _mm512_set1_ps, _mm512_fmadd_ps,
             _mm512_load_si512, _mm512_or_si512, _mm512_dpbusd_epi32)

Kernels kernelsOf(VectorLevel level) {
  switch (level) {
  case VectorLevel::SSE2:
    return {multiplyAddsSSE2, dotsSSE2, readSSE2, writeSSE2};
  case VectorLevel::AVX2:
    return {multiplyAddsAVX2, dotsAVX2, readAVX2, writeAVX2};
  case VectorLevel::AVX512:
    return {multiplyAddsAVX512, dotsAVX512, readAVX512, writeAVX512};
  }
  llvm_unreachable("unknown level");
}

double additions(uint64_t rounds) {
  uint64_t value = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    asm volatile("add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0" : "+r"(value));
  return 4.0 * static_cast<double>(rounds);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

// Two lines, since neighbouring lines may be fetched in pairs.
struct alignas(128) Flag {
  std::atomic<uint64_t> reached{0};
};

/// Threads that meet often: each writes a flag in a line of its own and reads those of the others.
class Meeting {
public:
  explicit Meeting(unsigned threads) : threads(threads), flags(new Flag[threads]) {}

  void meet(unsigned thread) {
    uint64_t count = flags[thread].reached.load(std::memory_order_relaxed) + 1;
    flags[thread].reached.store(count, std::memory_order_release);
    for (unsigned other = 0; other < threads; ++other)
      while (flags[other].reached.load(std::memory_order_acquire) < count)
        _mm_pause();
  }

private:
  unsigned threads;
  std::unique_ptr<Flag[]> flags;
};

/// Runs `work` on each of the CPUs at once; the first is the calling thread.
void runOn(const std::vector<int> &cpus, const std::function<void(unsigned)> &work) {
  std::vector<std::thread> others;
  for (unsigned thread = 1; thread < cpus.size(); ++thread)
    others.emplace_back([&, thread] {
      pin(cpus[thread]);
      work(thread);
    });
  pin(cpus[0]);
  work(0);
  for (std::thread &other : others)
    other.join();
}

/// Memory in huge pages where the system gives them.
class Buffer {
public:
  explicit Buffer(size_t bytes) : bytes(bytes) {
    void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
      return;
    memory = static_cast<char *>(mapped);
    madvise(memory, bytes, MADV_HUGEPAGE);
    std::memset(memory, 1, bytes);
  }
  ~Buffer() {
    if (memory)
      munmap(memory, bytes);
  }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  char *memory = nullptr;
  size_t bytes;
};

constexpr size_t readStep = 512;
constexpr double sampleSeconds = 0.01;

/// How often `work` runs in about the time of a sample.
uint64_t repetitions(const std::function<void(uint64_t)> &work) {
  for (uint64_t count = 1;; count *= 2) {
    auto begin = Clock::now();
    work(count);
    if (secondsSince(begin) >= sampleSeconds)
      return count;
  }
}

/// One sample of a rate: `work` returns what it did.
void sampleRate(Measurement &measurement, uint64_t count, double (*work)(uint64_t)) {
  auto begin = Clock::now();
  double done = work(count);
  measurement.samples.push_back(done / secondsSince(begin));
}

} // namespace

/// The memory that is free or can become so.
static uint64_t availableMemory() {
  auto info = llvm::MemoryBuffer::getFileAsStream("/proc/meminfo");
  uint64_t kibibytes = 0;
  if (info) {
    llvm::StringRef rest = (*info)->getBuffer().split("MemAvailable:").second.ltrim();
    rest.consumeInteger(10, kibibytes);
  }
  return kibibytes * 1024;
}

Result<CpuMeasurements> frit::driver::measureCpu(VectorLevel level, unsigned rounds) {
  CpuMeasurements result;
  result.caches = findCaches();
  std::vector<int> cpus = usableCpus();
  if (cpus.empty())
    return Failure("cannot tell which CPUs this process may use");
  result.threads = static_cast<unsigned>(cpus.size());
  // Far more than the caches have, or what they keep counts.
  size_t bytes = size_t(256) << 20;
  for (const Cache &cache : result.caches)
    bytes = std::max(bytes, static_cast<size_t>(8 * cache.bytes));
  uint64_t available = availableMemory();
  if (available / 2 < bytes)
    return Failure("expected ", bytes / 500'000, " MB of free memory to read, found ",
                   available / 1'000'000);
  Buffer buffer(bytes);
  if (!buffer.memory)
    return Failure("cannot get ", bytes / 1'000'000, " MB of memory");
  cpu_set_t before;
  sched_getaffinity(0, sizeof(before), &before);
  pin(cpus[0]);

  Kernels kernels = kernelsOf(level);
  result.clock.what = "additions of one core";
  result.multiplyAdds.what = "f32 multiply-adds of one core";
  result.dots.what = "int8 dot products of one core";
  result.memoryAlone.what = "reading memory with one core";
  result.memory.what = "reading memory with " + std::to_string(result.threads) + " cores";
  result.barrier.what = "a barrier of " + std::to_string(result.threads) + " cores";
  auto repeated = [](double (*work)(uint64_t)) {
    return repetitions([work](uint64_t count) { work(count); });
  };
  uint64_t additionCount = repeated(additions), multiplyCount = repeated(kernels.multiplyAdds),
           dotCount = repeated(kernels.dots);
  // Half of a cache, which others may also use, and a shared one is shared.
  std::vector<std::pair<size_t, uint64_t>> cached;
  for (const Cache &cache : result.caches) {
    size_t part =
        static_cast<size_t>(cache.bytes) / (cache.sharers > 1 ? 4 : 2) / readStep * readStep;
    cached.push_back({part, repetitions([&](uint64_t count) {
                        for (uint64_t i = 0; i < count; ++i)
                          kernels.read(buffer.memory, part);
                      })});
    result.cached.emplace_back();
    std::string with = " L" + std::to_string(cache.level) + " with one core";
    result.cached.back().what = "reading" + with;
    result.written.emplace_back();
    result.written.back().what = "writing" + with;
  }
  Meeting meeting(result.threads);
  size_t share = bytes / result.threads / readStep * readStep;
  for (unsigned round = 0; round < rounds; ++round) {
    sampleRate(result.clock, additionCount, additions);
    sampleRate(result.multiplyAdds, multiplyCount, kernels.multiplyAdds);
    sampleRate(result.dots, dotCount, kernels.dots);
    for (auto [reading, writing, work] : llvm::zip_equal(result.cached, result.written, cached)) {
      auto sample = [&, part = work.first, count = work.second](Measurement &measurement,
                                                                auto kernel) {
        auto begin = Clock::now();
        for (uint64_t i = 0; i < count; ++i)
          kernel(buffer.memory, part);
        measurement.samples.push_back(static_cast<double>(part * count) / secondsSince(begin));
      };
      sample(reading, kernels.read);
      sample(writing, kernels.write);
    }
    auto begin = Clock::now();
    kernels.read(buffer.memory, share);
    result.memoryAlone.samples.push_back(static_cast<double>(share) / secondsSince(begin));
    if (result.threads == 1)
      continue;
    constexpr uint64_t barriers = 4'000;
    double reading = 0, meetingSeconds = 0;
    runOn(cpus, [&](unsigned thread) {
      meeting.meet(thread);
      auto start = Clock::now();
      kernels.read(buffer.memory + thread * share, share);
      meeting.meet(thread);
      if (thread == 0)
        reading = secondsSince(start);
      start = Clock::now();
      for (uint64_t i = 0; i < barriers; ++i)
        meeting.meet(thread);
      if (thread == 0)
        meetingSeconds = secondsSince(start) / barriers;
    });
    result.memory.samples.push_back(static_cast<double>(share * result.threads) / reading);
    result.barrier.samples.push_back(meetingSeconds);
  }
  if (result.threads == 1)
    result.memory.samples = result.memoryAlone.samples;
  sched_setaffinity(0, sizeof(before), &before);
  return result;
}

#else

Result<CpuMeasurements> frit::driver::measureCpu(VectorLevel, unsigned) {
  return Failure("expected an x86-64 CPU: frit has no measurements for others yet");
}

#endif
