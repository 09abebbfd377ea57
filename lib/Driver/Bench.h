//===- Bench.h - frit bench -----------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_BENCH_H
#define FRIT_LIB_DRIVER_BENCH_H

#include "lib/Driver/ModelFile.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace frit::driver {

/// Options of frit bench: every combination is a test.
struct BenchOptions {
  CompileRequest model;
  std::vector<int64_t> prompts, generations;     ///< tokens; 0: no such test
  std::vector<std::pair<int64_t, int64_t>> both; ///< prompt and generation in one test
  std::vector<int64_t> depths;                   ///< tokens in the cache before
  std::vector<int64_t> threads;                  ///< 0: one a CPU
  int64_t repetitions = 5;
  bool warmUp = true;
  HugePages hugePages = HugePages::Auto;
  bool json = false;
};

/// Measures and prints; returns what the process ends with.
int benchModel(const BenchOptions &options);

/// Numbers and ranges as llama-bench takes them: "1,2,8-32*2,100-300+100".
Result<std::vector<int64_t>> parseRange(const std::string &text);

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_BENCH_H
