//===- Machine.h - a machine as the cost model sees it ----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source of the model: Williams, Waterman and Patterson, "Roofline", CACM 2009, with one roof for
// each datapath as in Ilic, Pratas and Sousa, "Cache-aware Roofline model", IEEE CAL 2014.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_COST_MACHINE_H
#define FRIT_LIB_COST_MACHINE_H

#include "frit/Support/Result.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <optional>
#include <string>

namespace frit::cost {

/// A figure, and the bounds it is known to lie in.
struct Figure {
  double value = 0, low = 0, high = 0;

  static Figure exact(double value) { return {value, value, value}; }
};

/// Where in its bounds each kind of figure is taken: -1 low, 0 the value, 1 high.
struct Scenario {
  int bandwidth = 0, rate = 0, synchronization = 0;
};

/// The value of every figure first, then the eight corners of the bounds. Times are monotone in
/// each kind of figure, so that what is better in every corner is better for all figures in their
/// bounds.
constexpr size_t numScenarios = 9;
const std::array<Scenario, numScenarios> &scenarios();

/// Seconds in each scenario.
struct Seconds {
  std::array<double, numScenarios> in = {};

  double value() const { return in[0]; }
  double low() const { return *std::min_element(in.begin(), in.end()); }
  double high() const { return *std::max_element(in.begin(), in.end()); }
  Seconds &operator+=(const Seconds &other);
  friend Seconds operator+(Seconds left, const Seconds &right) { return left += right; }
  friend Seconds operator-(const Seconds &left, const Seconds &right);
};

/// What a matrix unit multiplies.
enum class Number { F32, F16, I8 };
constexpr size_t numNumbers = 3;
llvm::StringRef nameOf(Number number);

struct Memory {
  std::string name;
  int64_t bytes = 0;
  bool isShared = false; ///< By all cores; otherwise each has one.
  /// Of all that is read and written; of one that is not shared, for each core. None: its datapaths
  /// are all that bounds it.
  std::optional<Figure> bytesPerSecond = {};
};

/// A way for data between two memories.
struct Datapath {
  unsigned from = 0, to = 0;
  Figure bytesPerSecond;
  bool isShared = false; ///< The figure is that of all cores together.
};

/// One or more datapaths behind each other.
struct Route {
  llvm::SmallVector<unsigned, 4> datapaths;
  /// The data leaves the core on its way, and comes back.
  bool leavesCore = false;
};

/// One kind of core and the memories around it. Memories are named by their index.
struct Machine {
  std::string name;
  int64_t cores = 1;
  llvm::SmallVector<Memory>
      memories; ///< Shared ones: the nearest first, the last holds everything.
  llvm::SmallVector<Datapath> datapaths;
  unsigned matrixInput = 0, matrixOutput = 0; ///< Where the matrix unit reads and writes.
  unsigned vectorMemory = 0;                  ///< Where the vector unit reads and writes.
  bool unitsShareIssue = false;               ///< Matrix and vector operations take turns.
  /// Of a product, a core reads the weights of `tileColumns` columns for each `tileRows` rows.
  int64_t tileRows = 48, tileColumns = 32;
  /// Cores share the rows of a product, too, not only its columns.
  bool sharesRows = false;
  /// Operations per second of a core, a multiply-add being two.
  std::array<std::optional<Figure>, numNumbers> matrixRates;
  Figure vectorRate;   ///< f32 operations per second of a core.
  Figure expRate;      ///< exponentials per second of a core.
  Figure phaseSeconds; ///< Of a barrier, or of whatever else parts two phases.

  /// Of a core on a path, when all do the same; 0: nothing bounds it.
  double secondsPerByte(const Datapath &path) const;
  /// The fastest way from one memory to another; none: there is no way.
  std::optional<Route> route(unsigned from, unsigned to) const;
  /// The nearest shared memory with room for `bytes`; the last when none has.
  unsigned homeOf(int64_t bytes) const;
  /// What it multiplies for activations in `number`; f32 does as f16 where there is nothing wider.
  std::optional<Number> matrixNumber(Number number) const;
  std::optional<unsigned> findMemory(llvm::StringRef memory) const;
  /// From where to where data must get and cannot.
  llvm::SmallVector<std::pair<unsigned, unsigned>> missingRoutes() const;
  /// Whether the planner can ask what it must: one error for all that is missing.
  Status check() const;
};

/// `figure` as `where` says.
inline double at(const Figure &figure, int where) {
  return where == 0 ? figure.value : where < 0 ? figure.low : figure.high;
}

} // namespace frit::cost

#endif // FRIT_LIB_COST_MACHINE_H
