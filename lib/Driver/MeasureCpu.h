//===- MeasureCpu.h - how fast this CPU is ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_MEASURECPU_H
#define FRIT_LIB_DRIVER_MEASURECPU_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace frit::driver {

/// A cache as the system describes it.
struct Cache {
  unsigned level = 0;
  int64_t bytes = 0, lineBytes = 0;
  unsigned sharers = 1; ///< How many of the CPUs have it together.
};
/// Of data, from near to far; empty where the system says nothing.
std::vector<Cache> findCaches();

/// What was measured once a round, between everything else.
struct Measurement {
  std::string what; ///< "reading L2 with one core".
  std::vector<double> samples;

  double median() const;
  /// The quarters of the samples that are least and most.
  double firstQuartile() const, thirdQuartile() const;
  /// How far they are apart, as a part of the median.
  double spread() const { return (thirdQuartile() - firstQuartile()) / median(); }
};

struct CpuMeasurements {
  unsigned threads = 1;
  std::vector<Cache> caches;
  Measurement clock;                ///< Additions that need each other, per second.
  Measurement multiplyAdds;         ///< Operations of f32 per second of one core.
  Measurement dots;                 ///< Operations of int8 per second of one core.
  std::vector<Measurement> cached;  ///< Bytes read per second from each of the caches by one core.
  std::vector<Measurement> written; ///< The same, written.
  Measurement memoryAlone;          ///< Bytes read per second from memory by one core.
  Measurement memory;               ///< The same by all together.
  Measurement barrier;              ///< Seconds until all have met; no samples with one thread.

  /// Every measurement that has samples.
  std::vector<const Measurement *> all() const;
};

/// Which of our kernels run: they take the widest vectors that `features` (LLVM's names) allow.
enum class VectorLevel { SSE2, AVX2, AVX512 };

/// Measures `rounds` times with as many threads as this process has CPUs. Takes some seconds.
Result<CpuMeasurements> measureCpu(VectorLevel level, unsigned rounds);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_MEASURECPU_H
