//===- Machine.cpp - a machine as the cost model sees it --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Cost/Machine.h"

#include <limits>

using namespace frit;
using namespace frit::cost;

const std::array<Scenario, numScenarios> &cost::scenarios() {
  static constexpr std::array<Scenario, numScenarios> all = {{{0, 0, 0},
                                                              {-1, -1, -1},
                                                              {-1, -1, 1},
                                                              {-1, 1, -1},
                                                              {-1, 1, 1},
                                                              {1, -1, -1},
                                                              {1, -1, 1},
                                                              {1, 1, -1},
                                                              {1, 1, 1}}};
  return all;
}

Seconds &Seconds::operator+=(const Seconds &other) {
  for (size_t i = 0; i < numScenarios; ++i)
    in[i] += other.in[i];
  return *this;
}

Seconds cost::operator-(const Seconds &left, const Seconds &right) {
  Seconds result;
  for (size_t i = 0; i < numScenarios; ++i)
    result.in[i] = left.in[i] - right.in[i];
  return result;
}

llvm::StringRef cost::nameOf(Number number) {
  static constexpr llvm::StringLiteral names[] = {"f32", "f16", "i8"};
  return names[static_cast<size_t>(number)];
}

std::optional<unsigned> Machine::findMemory(llvm::StringRef memory) const {
  for (auto [index, candidate] : llvm::enumerate(memories))
    if (candidate.name == memory)
      return static_cast<unsigned>(index);
  return std::nullopt;
}

double Machine::secondsPerByte(const Datapath &path) const {
  // A core gets its part of what all share: a path, or a memory at its end.
  auto share = [&](const Figure &rate, bool isShared) {
    return (isShared ? static_cast<double>(cores) : 1) / rate.value;
  };
  double seconds = share(path.bytesPerSecond, path.isShared);
  for (unsigned end : {path.from, path.to})
    if (const std::optional<Figure> &rate = memories[end].bytesPerSecond)
      seconds = std::max(seconds, share(*rate, memories[end].isShared));
  return seconds;
}

std::optional<Route> Machine::route(unsigned from, unsigned to) const {
  // Dijkstra, over a handful of memories.
  constexpr double far = std::numeric_limits<double>::infinity();
  llvm::SmallVector<double> secondsTo(memories.size(), far);
  llvm::SmallVector<std::optional<unsigned>> arrival(memories.size());
  llvm::SmallVector<bool> done(memories.size(), false);
  secondsTo[from] = 0;
  while (true) {
    std::optional<unsigned> nearest;
    for (unsigned i = 0; i < memories.size(); ++i)
      if (!done[i] && secondsTo[i] < far && (!nearest || secondsTo[i] < secondsTo[*nearest]))
        nearest = i;
    if (!nearest)
      return std::nullopt;
    if (*nearest == to)
      break;
    done[*nearest] = true;
    for (auto [index, path] : llvm::enumerate(datapaths)) {
      double seconds = secondsTo[*nearest] + secondsPerByte(path);
      if (path.from == *nearest && seconds < secondsTo[path.to]) {
        secondsTo[path.to] = seconds;
        arrival[path.to] = static_cast<unsigned>(index);
      }
    }
  }
  Route result;
  for (unsigned place = to; place != from; place = datapaths[result.datapaths.back()].from) {
    result.datapaths.push_back(*arrival[place]);
    if (place != to && memories[place].isShared)
      result.leavesCore = !memories[from].isShared && !memories[to].isShared;
  }
  std::reverse(result.datapaths.begin(), result.datapaths.end());
  return result;
}

unsigned Machine::homeOf(int64_t bytes) const {
  unsigned last = 0;
  for (auto [index, memory] : llvm::enumerate(memories)) {
    if (!memory.isShared)
      continue;
    last = static_cast<unsigned>(index);
    // Half of a cache, for what else flows through it.
    if (bytes <= memory.bytes / 2)
      break;
  }
  return last;
}

std::optional<Number> Machine::matrixNumber(Number number) const {
  if (matrixRates[static_cast<size_t>(number)])
    return number;
  for (Number other : {Number::F32, Number::F16})
    if (number != Number::I8 && matrixRates[static_cast<size_t>(other)])
      return other;
  return std::nullopt;
}

llvm::SmallVector<std::pair<unsigned, unsigned>> Machine::missingRoutes() const {
  llvm::SmallVector<std::pair<unsigned, unsigned>> missing;
  auto need = [&](unsigned from, unsigned to) {
    if (!route(from, to))
      missing.emplace_back(from, to);
  };
  for (unsigned home = 0; home < memories.size(); ++home) {
    if (!memories[home].isShared)
      continue;
    need(home, matrixInput);
    need(matrixOutput, home);
    if (vectorMemory != matrixInput)
      need(home, vectorMemory);
    if (vectorMemory != matrixOutput)
      need(vectorMemory, home);
  }
  return missing;
}

Status Machine::check() const {
  std::string missing;
  auto need = [&](bool present, const llvm::Twine &what) {
    if (!present)
      missing += (missing.empty() ? "" : ", ") + what.str();
  };
  need(cores > 0, "the number of cores");
  need(llvm::any_of(memories, [](const Memory &memory) { return memory.isShared; }),
       "a memory that all cores share");
  need(llvm::any_of(matrixRates, [](const auto &rate) { return rate.has_value(); }),
       "the rate of a matrix instruction");
  need(vectorRate.value > 0, "the rate of vector operations");
  need(expRate.value > 0, "the rate of exponentials");
  if (!missing.empty())
    return Failure("machine ", std::string_view(name), ": to plan phases frit needs ", missing,
                   ", which its description lacks");
  for (auto [from, to] : missingRoutes())
    need(false, "from " + memories[from].name + " to " + memories[to].name);
  if (!missing.empty())
    return Failure("machine ", std::string_view(name), ": to plan phases frit needs datapaths ",
                   missing);
  return {};
}
