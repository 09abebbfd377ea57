//===- Oracle.cpp - programs run symbolically -------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/ProgramCheck/Oracle.h"

#include <algorithm>

using namespace frit;
using namespace frit::program;
using namespace frit::test;

static constexpr uint64_t cellBytes = 16;
static constexpr size_t cores = 3;
/// Orders of cores in front of those at random.
static constexpr int fixedOrders = 3, randomOrders = 5;

static uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccd;
  return x ^ (x >> 32);
}

/// Each core has a part of everything, as near to a third as cells allow.
static std::pair<size_t, size_t> partOf(size_t cells, size_t core) {
  return {cells * core / cores, cells * (core + 1) / cores};
}

namespace {
/// What a core makes of what it reads.
struct Share {
  uint64_t state;

  Share(const std::string &computes, uint64_t row) : state(std::hash<std::string>()(computes)) {
    state = mix(state, row);
  }
  template <typename Load>
  void read(size_t cells, size_t core, bool own, Load load) {
    auto [begin, end] = own ? partOf(cells, core) : std::pair<size_t, size_t>(0, cells);
    state = mix(state, end - begin);
    for (size_t i = begin; i < end; ++i)
      state = mix(state, load(i));
  }
  uint64_t result(size_t output, size_t cell) const { return mix(mix(state, output + 100), cell); }
};
} // namespace

static uint64_t garbage(uint64_t place) { return mix(0xdead, place); }
static std::vector<uint64_t> oldCache(int32_t cache) {
  std::vector<uint64_t> cells;
  for (size_t core = 0; core < cores; ++core)
    cells.push_back(mix(0xcace + static_cast<uint64_t>(cache), core));
  return cells;
}

Oracle::Oracle(const Program &original, const Dataflow &dataflow, std::set<std::string> rowless)
    : original(original), dataflow(dataflow), withoutRow(std::move(rowless)) {
  for (const Phase &phase : original.phases)
    phases[phase.computes] = &phase;
  for (const Call &call : dataflow.calls) {
    kinds[call.computes] = &call;
    if (call.cache >= 0)
      caches.try_emplace(call.cache, oldCache(call.cache));
  }
  std::map<uint32_t, Cells> values;
  for (const Call &call : dataflow.calls) {
    const Phase &phase = *phases.at(call.computes);
    for (uint32_t value : call.writes)
      values[value].resize(static_cast<uint64_t>(original.rows * dataflow.values[value].rowBytes) /
                           cellBytes);
    Cells newKeys(cores);
    for (size_t core = 0; core < cores; ++core) {
      Share share(call.computes, rowFor(call.computes, call.row));
      for (size_t i = 0; i < call.reads.size(); ++i) {
        const Cells &cells = values.at(call.reads[i]);
        share.read(cells.size(), core, phase.inputs[i].own, [&](size_t c) { return cells[c]; });
      }
      if (call.readsCache)
        share.read(cores, core, false, [&](size_t c) { return caches[call.cache][c]; });
      for (size_t i = 0; i < call.writes.size(); ++i) {
        Cells &cells = values[call.writes[i]];
        auto [begin, end] = partOf(cells.size(), core);
        for (size_t c = begin; c < end; ++c)
          cells[c] = share.result(i, c);
      }
      newKeys[core] = share.result(1000, core);
    }
    if (call.appends)
      caches[call.cache] = newKeys;
  }
  logits = values.at(dataflow.logits);
}

/// Whether one order of cores gives what it must. A core's share of a step is two events: it reads,
/// and then it writes.
bool Oracle::runsRight(const Program &program, int order, std::mt19937 &random) const {
  uint64_t end = 0;
  for (const Buffer &buffer : program.buffers)
    end = std::max(end, buffer.begin + buffer.bytes);
  Cells workspace(end / cellBytes);
  for (size_t i = 0; i < workspace.size(); ++i)
    workspace[i] = garbage(i);
  std::map<int32_t, Cells> state;
  for (const auto &[cache, cells] : caches)
    state[cache] = oldCache(cache);

  struct Core {
    size_t step = 0;
    bool hasRead = false, isWaiting = false;
    uint64_t state = 0;
  };
  Core all[cores];
  auto cellsOf = [&](uint32_t value) {
    return static_cast<uint64_t>(program.rows * dataflow.values[value].rowBytes) / cellBytes;
  };
  auto runEvent = [&](size_t number) -> bool {
    Core &core = all[number];
    const Step &step = program.steps[core.step];
    const Phase &phase = program.phases[step.phase];
    const Call &kind = *kinds.at(phase.computes);
    if (!core.hasRead) {
      Share share(phase.computes, rowFor(phase.computes, step.row));
      for (size_t i = 0; i < kind.reads.size(); ++i) {
        uint64_t first = program.buffers[phase.inputs[i].buffer].begin / cellBytes;
        uint64_t cells = cellsOf(kind.reads[i]);
        if (first + cells > workspace.size())
          return false; // outside of the workspace
        share.read(cells, number, phases.at(phase.computes)->inputs[i].own,
                   [&](size_t c) { return workspace[first + c]; });
      }
      if (kind.readsCache) {
        auto found = state.find(step.cache);
        if (found == state.end())
          return false;
        share.read(cores, number, false, [&](size_t c) { return found->second[c]; });
      }
      core.state = share.state;
      core.hasRead = true;
      return true;
    }
    Share share(phase.computes, 0);
    share.state = core.state;
    for (size_t i = 0; i < kind.writes.size(); ++i) {
      uint64_t first = program.buffers[phase.outputs[i]].begin / cellBytes;
      auto [begin, last] = partOf(cellsOf(kind.writes[i]), number);
      if (first + last > workspace.size())
        return false;
      for (size_t c = begin; c < last; ++c)
        workspace[first + c] = share.result(i, c);
    }
    if (kind.appends) {
      auto found = state.find(step.cache);
      if (found == state.end())
        return false;
      found->second[number] = share.result(1000, number);
    }
    core.hasRead = false;
    core.isWaiting = step.barrier;
    ++core.step;
    return true;
  };

  for (size_t turn = 0;; ++turn) {
    std::vector<size_t> able;
    bool done = true;
    for (size_t i = 0; i < cores; ++i) {
      bool isDone = all[i].step == program.steps.size();
      done &= isDone;
      if (!isDone && !all[i].isWaiting)
        able.push_back(i);
    }
    if (done)
      break;
    if (able.empty()) {
      for (Core &core : all)
        core.isWaiting = false;
      continue;
    }
    size_t next = order == 0   ? able.front()
                  : order == 1 ? able.back()
                  : order == 2 ? able[turn % able.size()]
                               : able[random() % able.size()];
    if (!runEvent(next))
      return false;
  }

  uint64_t first = program.buffers[program.logits].begin / cellBytes;
  if (first + logits.size() > workspace.size() ||
      !std::equal(logits.begin(), logits.end(),
                  workspace.begin() + static_cast<std::ptrdiff_t>(first)))
    return false;
  return state == caches;
}

bool Oracle::isSafe(const Program &program, std::mt19937 &random) const {
  // Work that is left out, or done on other operands, shows in the logits or in a cache.
  for (int order = 0; order < fixedOrders + randomOrders; ++order)
    if (!runsRight(program, order, random))
      return false;
  return true;
}
