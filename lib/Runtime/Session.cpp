//===- Session.cpp - the state of running a model -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace frit;

/// Capacity is a multiple of the largest group of keys that phases walk at once.
static constexpr int64_t capacityMultiple = 64;
/// Smaller caches gain nothing from huge pages.
static constexpr uint64_t minHugeCacheBytes = uint64_t{32} << 20;
/// Two cache lines, so that no two workers' data share what the prefetcher fetches as a pair.
static constexpr uint64_t bufferAlignment = 128;

/// As many tokens of one slot fill tiles of their own: they gain nothing from the weights being
/// read for others, too, and attention of a mixed chunk takes them one by one.
static constexpr size_t longRun = 8;

static int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

namespace {
/// Lays out parts one after the other; the sum is checked once, at the end.
class Layout {
public:
  uint64_t add(uint64_t count, uint64_t bytesEach, uint64_t alignment) {
    uint64_t begin = 0, bytes = 0;
    overflow |= __builtin_add_overflow(end, alignment - 1, &begin);
    begin &= ~(alignment - 1);
    overflow |= __builtin_mul_overflow(count, bytesEach, &bytes);
    overflow |= __builtin_add_overflow(begin, bytes, &end);
    return begin;
  }
  /// All of it; more than any machine has if the sum does not fit.
  uint64_t byteCount() const { return overflow ? UINT64_MAX : end; }

private:
  uint64_t end = 0;
  bool overflow = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

Session::Session(std::shared_ptr<const Model> model, const SessionOptions &options)
    : sharedModel(std::move(model)), contextTokens(options.context),
      capacity(roundUp(options.context, capacityMultiple)),
      lengths(static_cast<size_t>(options.slots)), positions(lengths.size()) {}

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const Model> model,
                                                 SessionOptions options) {
  const Manifest &manifest = model->manifest();
  if (options.context == 0)
    options.context = manifest.contextLength;
  if (options.context < 1 || options.context > manifest.contextLength)
    return Failure("expected a context of 1 to ", manifest.contextLength,
                   " tokens (the model's), found ", options.context);
  if (options.slots < 1 || options.slots > maxSlots)
    return Failure("expected 1 to ", maxSlots, " slots, found ", options.slots);
  std::unique_ptr<Session> session(new Session(std::move(model), options));
  Result<std::unique_ptr<Workers>> workers = Workers::create(options.threads);
  if (!workers)
    return workers.takeFailure();
  session->workers = *std::move(workers);
  if (Status allocated = session->allocateCaches(); !allocated)
    return allocated.takeFailure();
  if (Status allocated = session->allocateBuffers(); !allocated)
    return allocated.takeFailure();
  session->bindPrograms();
  return session;
}

Status Session::allocateCaches() {
  Layout layout;
  std::vector<uint64_t> offsets;
  uint64_t slotTokens = lengths.size() * static_cast<uint64_t>(capacity);
  for (const Manifest::Cache &cache : sharedModel->manifest().caches)
    for (int64_t tokenBytes : {cache.keyBytes(), cache.valueBytes()})
      offsets.push_back(layout.add(slotTokens, static_cast<uint64_t>(tokenBytes), 4096));
  Result<Pages> pages = Pages::allocate(layout.byteCount(), Pages::Size::Small, "the KV cache");
  if (!pages)
    return pages.takeFailure();
  caches = *std::move(pages);
  for (uint64_t offset : offsets)
    cacheBegins.push_back(caches.data() + offset);
  return {};
}

Status Session::allocateBuffers() {
  const Manifest &manifest = sharedModel->manifest();
  maxTokens = std::min(manifest.programs.back().maxTokens,
                       static_cast<int64_t>(lengths.size()) * contextTokens);
  auto tokenRows = static_cast<uint64_t>(roundUp(maxTokens, manifest.tokenMultiple));
  auto wantedCount = static_cast<uint64_t>(roundUp(maxTokens, manifest.wantedMultiple));

  Layout layout;
  uint64_t arrays[3];
  for (uint64_t &array : arrays)
    array = layout.add(tokenRows, sizeof(int32_t), bufferAlignment);
  uint64_t wantedArray = layout.add(wantedCount, sizeof(int32_t), bufferAlignment);
  std::vector<uint64_t> offsets;
  offsets.reserve(manifest.buffers.size());
  for (const Manifest::Buffer &buffer : manifest.buffers)
    offsets.push_back(layout.add(buffer.perWanted ? wantedCount : tokenRows,
                                 static_cast<uint64_t>(buffer.rowBytes), bufferAlignment));
  std::vector<uint64_t> ropeOffsets;
  for (const Manifest::RopeTable &table : manifest.ropeTables) {
    ropeOffsets.push_back(
        layout.add(tokenRows, static_cast<uint64_t>(table.dim) * sizeof(float), bufferAlignment));
    std::vector<double> &frequencies = ropeFrequencies.emplace_back();
    for (int64_t pair = 0; pair < table.dim / 2; ++pair)
      frequencies.push_back(table.frequency(pair, contextTokens));
    ropeMagnitudes.push_back(table.magnitude);
  }
  auto scratchStride =
      static_cast<uint64_t>(roundUp(manifest.scratchBytes, static_cast<int64_t>(bufferAlignment)));
  uint64_t scratch =
      layout.add(static_cast<uint64_t>(workers->count()), scratchStride, bufferAlignment);

  Result<Pages> pages =
      Pages::allocate(layout.byteCount(), Pages::Size::Huge, "activations and scratch");
  if (!pages)
    return pages.takeFailure();
  buffers = *std::move(pages);
  auto array = [&](uint64_t offset) {
    return reinterpret_cast<int32_t *>(buffers.data() + offset);
  };
  tokenIds = array(arrays[0]);
  tokenPositions = array(arrays[1]);
  tokenSlots = array(arrays[2]);
  wantedRows = array(wantedArray);
  for (uint64_t offset : offsets)
    bufferBegins.push_back(buffers.data() + offset);

  for (uint64_t offset : ropeOffsets)
    ropeTables.push_back(reinterpret_cast<float *>(buffers.data() + offset));

  call.size = sizeof(frit_ctx);
  call.version = FRIT_ABI_VERSION;
  call.ids = tokenIds;
  call.positions = tokenPositions;
  call.slots = tokenSlots;
  call.wantedRows = wantedRows;
  call.buffers = bufferBegins.data();
  call.scratch = buffers.data() + scratch;
  call.scratchStride = static_cast<int64_t>(scratchStride);
  call.kvCapacity = capacity;
  call.ropeTables = ropeTables.data();
  return {};
}

void Session::bindPrograms() {
  const Manifest &manifest = sharedModel->manifest();
  constexpr size_t cacheSides = 2;
  size_t rowEntries = 0;
  for (const Manifest::Program &program : manifest.programs)
    for (const Manifest::Step &step : program.steps)
      rowEntries += cacheSides + manifest.phases[step.phase].packs.size();
  rowTable.resize(rowEntries); // before anything points into it

  uint8_t **row = rowTable.data();
  for (const Manifest::Program &program : manifest.programs) {
    BoundProgram &bound = programs.emplace_back();
    bound.maxTokens = program.maxTokens;
    bound.mixed = program.mixed;
    for (const Manifest::Step &step : program.steps) {
      bound.steps.push_back({sharedModel->phase(step.phase), row, step.barrier});
      for (size_t side = 0; side < cacheSides; ++side)
        *row++ = step.layer < 0 ? nullptr
                                : cacheBegins[static_cast<size_t>(step.layer) * cacheSides + side];
      for (uint32_t index : manifest.phases[step.phase].packs) {
        const Manifest::Pack &pack = manifest.packs[index];
        *row++ = const_cast<uint8_t *>(sharedModel->packs()) + pack.offset +
                 static_cast<uint64_t>(step.row) * pack.stride;
      }
    }
    // The region's end is a barrier.
    bound.steps.back().barrier = false;
  }
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

Status Session::check(std::span<const BatchToken> batch) {
  int64_t vocabulary = sharedModel->manifest().vocabulary;
  positions = lengths;
  for (size_t i = 0; i < batch.size(); ++i) {
    const BatchToken &token = batch[i];
    if (token.id < 0 || token.id >= vocabulary)
      return Failure("token ", i, " of the batch has id ", token.id,
                     ", outside of the vocabulary of ", vocabulary);
    if (token.slot < 0 || static_cast<size_t>(token.slot) >= positions.size())
      return Failure("token ", i, " of the batch has slot ", token.slot, ", the session has ",
                     positions.size());
    int32_t &next = positions[static_cast<size_t>(token.slot)];
    if (token.position != next)
      return Failure("token ", i, " of the batch has position ", token.position, ", expected ",
                     next, " (the next one of slot ", token.slot, ")");
    if (next >= contextTokens) {
      lastOutcome = Outcome::ContextFull;
      return Failure("token ", i, " of the batch has position ", next,
                     ", beyond the session's context of ", contextTokens, " tokens");
    }
    ++next;
  }
  return {};
}

/// Where the logits of a batch go: a batch of one chunk leaves them where they are computed.
Status Session::reserveLogits(size_t rows, bool severalChunks) {
  const Manifest &manifest = sharedModel->manifest();
  if (!severalChunks || rows == 0) {
    logitsBegin = reinterpret_cast<const float *>(bufferBegins[manifest.logits]);
    return {};
  }
  auto rowBytes = static_cast<uint64_t>(manifest.buffers[manifest.logits].rowBytes);
  if (logitsStore.size() < rows * rowBytes) {
    logitsStore = Pages();
    Result<Pages> pages = Pages::allocate(rows * rowBytes, Pages::Size::Small, "the logits");
    if (!pages)
      return pages.takeFailure();
    logitsStore = *std::move(pages);
  }
  logitsBegin = reinterpret_cast<const float *>(logitsStore.data());
  return {};
}

/// Where the chunk ends that begins at token `begin`.
size_t Session::chunkEnd(std::span<const BatchToken> batch, size_t begin) const {
  size_t last = begin + std::min(static_cast<size_t>(maxTokens), batch.size() - begin);
  auto runEnd = [&](size_t first) {
    size_t end = std::min(first + 1, last);
    while (end < last && batch[end].slot == batch[first].slot)
      ++end;
    return end;
  };
  size_t end = runEnd(begin);
  if (!programs.back().mixed || end - begin >= longRun)
    return end;
  while (end < last) {
    size_t next = runEnd(end);
    // A run that goes on behind this chunk's last token may be a long one.
    bool cut = next == last && last < batch.size() && batch[last].slot == batch[end].slot;
    if (next - end >= longRun || cut)
      break;
    end = next;
  }
  return end;
}

Status Session::evaluate(std::span<const BatchToken> batch) {
  logitsRows = 0;
  lastOutcome = Outcome::Invalid;
  if (Status checked = check(batch); !checked)
    return checked;
  size_t wantedTotal = static_cast<size_t>(std::count_if(
      batch.begin(), batch.end(), [](const BatchToken &token) { return token.wanted; }));
  bool severalChunks = chunkEnd(batch, 0) < batch.size();
  lastOutcome = Outcome::OutOfMemory;
  if (Status reserved = reserveLogits(wantedTotal, severalChunks); !reserved)
    return reserved;
  lastOutcome = Outcome::Done;

  auto begin = std::chrono::steady_clock::now();
  bool single = batch.size() == 1;
  size_t done = 0;
  while (done < batch.size()) {
    if (cancelRequested.exchange(false, std::memory_order_relaxed)) {
      lastOutcome = Outcome::Cancelled;
      break;
    }
    auto chunk = batch.subspan(done, chunkEnd(batch, done) - done);
    runChunk(chunk);
    if (severalChunks && call.wanted > 0) {
      const Manifest &manifest = sharedModel->manifest();
      auto rowBytes = static_cast<size_t>(manifest.buffers[manifest.logits].rowBytes);
      std::memcpy(logitsStore.data() + logitsRows * rowBytes, bufferBegins[manifest.logits],
                  static_cast<size_t>(call.wanted) * rowBytes);
    }
    logitsRows += static_cast<size_t>(call.wanted);
    done += chunk.size();
    enlargeCachePages();
  }
  auto elapsed = std::chrono::steady_clock::now() - begin;
  (single ? times.decodeTokens : times.prefillTokens) += static_cast<int64_t>(done);
  (single ? times.decode : times.prefill) += elapsed;
  if (lastOutcome == Outcome::Cancelled)
    return Failure("cancelled after ", done, " of ", batch.size(), " tokens");
  return {};
}

/// Angles in f64: at position 8192 an f32 angle would be off by 5e-4.
void Session::fillRopeTables(int64_t tokens) {
  for (size_t table = 0; table < ropeTables.size(); ++table) {
    const std::vector<double> &frequencies = ropeFrequencies[table];
    size_t pairs = frequencies.size();
    double magnitude = ropeMagnitudes[table];
    for (int64_t token = 0; token < tokens; ++token) {
      float *row = ropeTables[table] + static_cast<size_t>(token) * 2 * pairs;
      for (size_t pair = 0; pair < pairs; ++pair) {
        double angle = tokenPositions[token] * frequencies[pair];
        row[pair] = static_cast<float>(magnitude * std::cos(angle));
        row[pairs + pair] = static_cast<float>(magnitude * std::sin(angle));
      }
    }
  }
}

/// Long attention streams faster from huge pages. They are not there from the start because every
/// head's first token would take one, 2 MiB: memory and time are to follow what is used, not what
/// there is room for. Half full, they at most double it.
void Session::enlargeCachePages() {
  if (cachePagesEnlarged || caches.size() < minHugeCacheBytes)
    return;
  int64_t used = 0;
  for (int32_t length : lengths)
    used += length;
  if (used * 2 < capacity * slots())
    return;
  caches.makeHuge();
  cachePagesEnlarged = true;
}

void Session::runChunk(std::span<const BatchToken> chunk) {
  const Manifest &manifest = sharedModel->manifest();
  auto tokens = static_cast<int64_t>(chunk.size());
  int64_t wanted = 0;
  for (int64_t i = 0; i < tokens; ++i) {
    const BatchToken &token = chunk[static_cast<size_t>(i)];
    tokenIds[i] = token.id;
    tokenPositions[i] = token.position;
    tokenSlots[i] = token.slot;
    if (token.wanted)
      wantedRows[wanted++] = static_cast<int32_t>(i);
    ++lengths[static_cast<size_t>(token.slot)];
  }
  for (int64_t i = tokens, end = roundUp(tokens, manifest.tokenMultiple); i < end; ++i) {
    tokenIds[i] = 0;
    tokenPositions[i] = -1;
    tokenSlots[i] = 0;
  }
  std::fill(wantedRows + wanted, wantedRows + roundUp(wanted, manifest.wantedMultiple), 0);
  fillRopeTables(tokens);
  call.tokens = tokens;
  call.wanted = wanted;

  bool mixed = std::any_of(chunk.begin(), chunk.end(), [&](const BatchToken &token) {
    return token.slot != chunk.front().slot;
  });
  const BoundProgram *program = programs.data();
  while (program->maxTokens < tokens || program->mixed != mixed)
    ++program;
  lastProgramIndex = static_cast<size_t>(program - programs.data());
  lastStepSeconds.assign(measuresSteps ? program->steps.size() : 0, 0);
  Region region = {this, program, measuresSteps ? lastStepSeconds.data() : nullptr};
  workers->run(runSteps, &region);
}

void Session::runSteps(void *region, int32_t worker) {
  const auto &[session, program, stepSeconds] = *static_cast<const Region *>(region);
  Workers &workers = *session->workers;
  int32_t count = workers.count();
  using Clock = std::chrono::steady_clock;
  bool measures = stepSeconds && worker == 0;
  Clock::time_point begin = measures ? Clock::now() : Clock::time_point();
  for (const BoundStep &step : program->steps) {
    step.function(&session->call, step.row, worker, count);
    if (step.barrier)
      workers.barrier(worker);
    if (measures) {
      Clock::time_point end = Clock::now();
      stepSeconds[&step - program->steps.data()] =
          std::chrono::duration<double>(end - begin).count();
      begin = end;
    }
  }
}

std::span<const float> Session::logits(size_t index) const {
  auto vocabulary = static_cast<size_t>(sharedModel->manifest().vocabulary);
  return {logitsBegin + index * vocabulary, vocabulary};
}

void Session::truncate(int32_t slot, int32_t length) {
  int32_t &current = lengths[static_cast<size_t>(slot)];
  current = std::min(current, std::max(length, 0));
}
