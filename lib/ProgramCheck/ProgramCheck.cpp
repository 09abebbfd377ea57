//===- ProgramCheck.cpp - whether a list of steps computes the model -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/ProgramCheck/ProgramCheck.h"

#include <algorithm>
#include <map>
#include <unordered_map>

using namespace frit;
using namespace frit::program;

namespace {
constexpr size_t never = SIZE_MAX;

/// Bytes [begin, end) of the workspace.
struct Range {
  uint64_t begin, end;

  bool overlaps(const Range &other) const { return begin < other.end && other.begin < end; }
  std::string text() const {
    return "bytes " + std::to_string(begin) + " to " + std::to_string(end) + " of the workspace";
  }
};

/// What some bytes hold.
struct Content {
  Range range;
  uint32_t value;
  size_t step;     ///< that wrote it
  int64_t barrier; ///< how many barriers there were before it
};

/// Bytes that a step has read since the last barrier.
struct Access {
  Range range;
  size_t step;
};

/// A cache, of which each append makes a new version.
struct CacheState {
  int64_t version = 0;
  size_t lastAppend = never, lastRead = never;
  int64_t appendBarrier = -1, readBarrier = -1;
};

class Checker {
public:
  Checker(const Program &program, const Dataflow &dataflow)
      : program(program), dataflow(dataflow) {}

  Status run();

private:
  Status checkIndices() const;
  Status checkBuffers() const;
  Status matchSteps();
  Status readValue(size_t step, size_t operand);
  Status checkReadBetween(size_t step, const Range &range, uint32_t value) const;
  Status checkShares(size_t step) const;
  Status writeValue(size_t step, size_t result);
  Status useCache(size_t step);
  Status checkLogits() const;

  const Phase &phaseOf(size_t step) const { return program.phases[program.steps[step].phase]; }
  const Call &callOf(size_t step) const { return dataflow.calls[calls[step]]; }
  /// The bytes a value takes in a buffer; a failure if it does not fit it.
  Result<Range> rangeOf(uint32_t value, uint32_t buffer) const;
  std::string nameOf(size_t step) const {
    return "step " + std::to_string(step) + " (" + phaseOf(step).name + ")";
  }
  template <typename... Parts>
  Failure fail(size_t step, const Parts &...parts) const {
    return Failure(nameOf(step), ": ", parts...).in("program " + program.name);
  }

  const Program &program;
  const Dataflow &dataflow;
  std::vector<size_t> calls;          ///< of each step
  std::vector<size_t> lastReader;     ///< of each value: a step, or their number for the logits
  std::vector<int64_t> cacheVersions; ///< of each call: appends before it
  std::vector<Content> contents;      ///< disjoint
  std::vector<Access> reads;
  std::map<int32_t, CacheState> caches;
  int64_t barriers = 0;
};
} // namespace

/// A program made by hand, or of a damaged file, may point anywhere.
Status Checker::checkIndices() const {
  auto broken = [&](const char *what) {
    return Failure("expected ", what, " that exists").in("program " + program.name);
  };
  for (const Phase &phase : program.phases) {
    for (const Phase::Input &input : phase.inputs)
      if (input.buffer >= program.buffers.size())
        return broken("a buffer");
    for (uint32_t output : phase.outputs)
      if (output >= program.buffers.size())
        return broken("a buffer");
  }
  for (const Step &step : program.steps)
    if (step.phase >= program.phases.size())
      return broken("a phase");
  if (program.logits >= program.buffers.size())
    return broken("a buffer of the logits");
  for (const Call &call : dataflow.calls)
    for (const std::vector<uint32_t> *list : {&call.reads, &call.writes})
      for (uint32_t value : *list)
        if (value >= dataflow.values.size())
          return broken("a value");
  if (dataflow.logits >= dataflow.values.size())
    return broken("a value of the logits");
  return {};
}

/// Buffers have rooms of their own. Two that shared bytes could still be sound, but nothing makes
/// such plans: sharing is one buffer for two values.
Status Checker::checkBuffers() const {
  std::vector<const Buffer *> order;
  for (const Buffer &buffer : program.buffers) {
    if (buffer.begin + buffer.bytes < buffer.begin)
      return Failure("expected ", buffer.name, " within the address space")
          .in("program " + program.name);
    order.push_back(&buffer);
  }
  std::sort(order.begin(), order.end(),
            [](const Buffer *a, const Buffer *b) { return a->begin < b->begin; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i]->begin < order[i - 1]->begin + order[i - 1]->bytes)
      return Failure("expected buffers that lie apart, but ", order[i - 1]->name, " (",
                     Range{order[i - 1]->begin, order[i - 1]->begin + order[i - 1]->bytes}.text(),
                     ") overlaps ", order[i]->name, " (from ", order[i]->begin, ")")
          .in("program " + program.name);
  return {};
}

/// The n-th step of a phase is the n-th call of what it computes.
Status Checker::matchSteps() {
  std::unordered_map<std::string, std::vector<size_t>> callsOf;
  for (size_t i = 0; i < dataflow.calls.size(); ++i)
    callsOf[dataflow.calls[i].computes].push_back(i);
  std::unordered_map<std::string, size_t> used;
  std::vector<bool> isRun(dataflow.calls.size());
  calls.assign(program.steps.size(), 0);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Phase &phase = phaseOf(i);
    size_t &next = used[phase.computes];
    const std::vector<size_t> &list = callsOf[phase.computes];
    if (next == list.size())
      return fail(i, "expected ", list.size(), " steps of ", phase.computes,
                  ", as many as the model has calls, but got one more");
    calls[i] = list[next++];
    isRun[calls[i]] = true;
    const Call &call = callOf(i);
    const Step &step = program.steps[i];
    if (step.cache != call.cache)
      return fail(i, "expected cache ", call.cache, ", but got ", step.cache);
    if (step.row != call.row)
      return fail(i, "expected row ", call.row, " of the weights, but got ", step.row);
    if (phase.inputs.size() != call.reads.size() || phase.outputs.size() != call.writes.size())
      return fail(i, "expected ", call.reads.size(), " inputs and ", call.writes.size(),
                  " outputs, but got ", phase.inputs.size(), " and ", phase.outputs.size());
  }
  for (size_t i = 0; i < dataflow.calls.size(); ++i)
    if (const Call &call = dataflow.calls[i]; !isRun[i])
      return Failure("expected a step for each call, but there is none for ", call.computes,
                     " with row ", call.row, " of the weights")
          .in("program " + program.name);

  lastReader.assign(dataflow.values.size(), never);
  for (size_t i = 0; i < program.steps.size(); ++i)
    for (uint32_t value : callOf(i).reads)
      lastReader[value] = i;
  lastReader[dataflow.logits] = program.steps.size();
  std::map<int32_t, int64_t> appends;
  for (const Call &call : dataflow.calls) {
    cacheVersions.push_back(appends[call.cache]);
    appends[call.cache] += call.appends;
  }
  return {};
}

Result<Range> Checker::rangeOf(uint32_t value, uint32_t index) const {
  const Buffer &buffer = program.buffers[index];
  const Value &what = dataflow.values[value];
  if (buffer.perWanted != what.perWanted)
    return Failure("expected a buffer with a row a ", what.perWanted ? "wanted token" : "token",
                   " for ", what.name, ", but ", buffer.name, " has one a ",
                   buffer.perWanted ? "wanted token" : "token");
  if (buffer.rowBytes != what.rowBytes)
    return Failure("expected rows of ", what.rowBytes, " bytes for ", what.name, ", but ",
                   buffer.name, " has rows of ", buffer.rowBytes);
  uint64_t bytes = static_cast<uint64_t>(program.rows) * static_cast<uint64_t>(what.rowBytes);
  if (bytes > buffer.bytes)
    return Failure("expected ", bytes, " bytes for ", what.name, ", but ", buffer.name, " has ",
                   buffer.bytes);
  return Range{buffer.begin, buffer.begin + bytes};
}

/// That every byte of `range` holds `value`, and has since a barrier.
Status Checker::checkReadBetween(size_t step, const Range &range, uint32_t value) const {
  const std::string &name = dataflow.values[value].name;
  uint64_t held = 0;
  for (const Content &content : contents) {
    if (!content.range.overlaps(range))
      continue;
    Range part{std::max(content.range.begin, range.begin), std::min(content.range.end, range.end)};
    if (content.value != value)
      return fail(step, "reads ", name, " in ", part.text(), ", where ", nameOf(content.step),
                  " wrote ", dataflow.values[content.value].name);
    if (content.barrier == barriers)
      return fail(step, "reads ", name, " in ", part.text(), ", with no barrier behind ",
                  nameOf(content.step), ", which writes it");
    held += part.end - part.begin;
  }
  if (held != range.end - range.begin)
    return fail(step, "reads ", name, " in ", range.text(), ", of which ",
                range.end - range.begin - held, " bytes were never written");
  return {};
}

Status Checker::readValue(size_t step, size_t operand) {
  uint32_t value = callOf(step).reads[operand];
  Result<Range> range = rangeOf(value, phaseOf(step).inputs[operand].buffer);
  if (!range)
    return fail(step, range.error());
  if (Status held = checkReadBetween(step, *range, value); !held)
    return held;
  reads.push_back({*range, step});
  return {};
}

/// Cores run the shares of a step in any order: none may write what another reads or writes.
Status Checker::checkShares(size_t step) const {
  const Phase &phase = phaseOf(step);
  const Call &call = callOf(step);
  for (size_t i = 0; i < phase.outputs.size(); ++i) {
    Result<Range> written = rangeOf(call.writes[i], phase.outputs[i]);
    if (!written)
      return fail(step, written.error());
    const std::string &name = dataflow.values[call.writes[i]].name;
    for (size_t other = 0; other < i; ++other)
      if (Result<Range> range = rangeOf(call.writes[other], phase.outputs[other]);
          range && range->overlaps(*written))
        return fail(step, "writes ", name, " and ", dataflow.values[call.writes[other]].name,
                    " to ", written->text());
    for (size_t input = 0; input < phase.inputs.size(); ++input) {
      Result<Range> range = rangeOf(call.reads[input], phase.inputs[input].buffer);
      if (!range || !range->overlaps(*written))
        continue;
      bool sameRows = range->begin == written->begin && range->end == written->end;
      if (!phase.inputs[input].own || !sameRows)
        return fail(step, "writes ", name, " to ", written->text(), ", where other cores read ",
                    dataflow.values[call.reads[input]].name, " in the same step");
    }
  }
  return {};
}

Status Checker::writeValue(size_t step, size_t result) {
  uint32_t value = callOf(step).writes[result];
  Result<Range> range = rangeOf(value, phaseOf(step).outputs[result]);
  if (!range)
    return fail(step, range.error());
  const std::string &name = dataflow.values[value].name;
  for (const Access &read : reads)
    if (read.step != step && read.range.overlaps(*range))
      return fail(step, "writes ", name, " to ", range->text(), ", with no barrier behind ",
                  nameOf(read.step), ", which reads there");
  std::vector<Content> kept;
  for (const Content &content : contents) {
    if (!content.range.overlaps(*range)) {
      kept.push_back(content);
      continue;
    }
    if (content.barrier == barriers)
      return fail(step, "writes ", name, " to ", range->text(), ", with no barrier behind ",
                  nameOf(content.step), ", which writes there");
    if (size_t last = lastReader[content.value]; last != never && last > step)
      return fail(step, "writes ", name, " over ", dataflow.values[content.value].name, " in ",
                  range->text(), ", which ",
                  last == program.steps.size() ? "the caller" : nameOf(last), " still reads");
    if (content.range.begin < range->begin)
      kept.push_back(
          {{content.range.begin, range->begin}, content.value, content.step, content.barrier});
    if (content.range.end > range->end)
      kept.push_back(
          {{range->end, content.range.end}, content.value, content.step, content.barrier});
  }
  contents = std::move(kept);
  contents.push_back({*range, value, step, barriers});
  return {};
}

Status Checker::useCache(size_t step) {
  const Call &call = callOf(step);
  if (!call.appends && !call.readsCache)
    return {};
  if (call.appends && call.readsCache)
    return fail(step, "appends to cache ", call.cache, ", which other cores read in the same step");
  CacheState &state = caches[call.cache];
  int64_t expected = cacheVersions[calls[step]];
  if (state.version != expected)
    return fail(step, call.appends ? "appends to" : "reads", " cache ", call.cache, " behind ",
                state.version, " of its appends, expected ", expected);
  if (call.readsCache) {
    if (state.lastAppend != never && state.appendBarrier == barriers)
      return fail(step, "reads cache ", call.cache, " with no barrier behind ",
                  nameOf(state.lastAppend), ", which appends to it");
    state.lastRead = step;
    state.readBarrier = barriers;
    return {};
  }
  if (state.lastRead != never && state.readBarrier == barriers)
    return fail(step, "appends to cache ", call.cache, " with no barrier behind ",
                nameOf(state.lastRead), ", which reads it");
  if (state.lastAppend != never && state.appendBarrier == barriers)
    return fail(step, "appends to cache ", call.cache, " with no barrier behind ",
                nameOf(state.lastAppend), ", which appends to it, too");
  ++state.version;
  state.lastAppend = step;
  state.appendBarrier = barriers;
  return {};
}

/// Behind the last step all cores meet.
Status Checker::checkLogits() const {
  Result<Range> range = rangeOf(dataflow.logits, program.logits);
  if (!range)
    return Failure(range.error()).in("program " + program.name);
  uint64_t held = 0;
  for (const Content &content : contents)
    if (content.value == dataflow.logits && content.range.overlaps(*range))
      held += std::min(content.range.end, range->end) - std::max(content.range.begin, range->begin);
  if (held == range->end - range->begin)
    return {};
  return Failure("expected ", dataflow.values[dataflow.logits].name, " in ",
                 program.buffers[program.logits].name, " (", range->text(),
                 ") at the end, but it holds ", held, " of its bytes")
      .in("program " + program.name);
}

Status Checker::run() {
  if (Status status = checkIndices(); !status)
    return status;
  if (Status status = checkBuffers(); !status)
    return status;
  if (Status status = matchSteps(); !status)
    return status;
  for (size_t step = 0; step < program.steps.size(); ++step) {
    for (size_t i = 0; i < callOf(step).reads.size(); ++i)
      if (Status status = readValue(step, i); !status)
        return status;
    if (Status status = checkShares(step); !status)
      return status;
    for (size_t i = 0; i < callOf(step).writes.size(); ++i)
      if (Status status = writeValue(step, i); !status)
        return status;
    if (Status status = useCache(step); !status)
      return status;
    if (program.steps[step].barrier) {
      ++barriers;
      reads.clear();
    }
  }
  return checkLogits();
}

Status program::check(const Program &program, const Dataflow &dataflow) {
  return Checker(program, dataflow).run();
}
