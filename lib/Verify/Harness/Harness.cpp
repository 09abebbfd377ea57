//===- Harness.cpp - runs the phases of a bundle one by one ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Verify/Harness/Harness.h"

#include "frit/Formats/Formats.h"
#include "lib/Runtime/Memory.h"
#include "lib/Runtime/Model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace frit;
using namespace frit::verify;

/// What the ABI promises of scratch and buffers; a guard of as many bytes keeps the next region so.
static constexpr uint64_t regionAlignment = 128;
static constexpr uint64_t guardBytes = 128;
static constexpr uint8_t guardByte = 0xa5;
/// Four of them are not a number in f32.
static constexpr uint8_t poisonByte = 0xff;
/// Largest number of workers a phase is run with.
static constexpr int32_t maxWorkers = 8;
/// Cache rows that no token wrote: finite in f16 and f32, and far from what a model computes.
static constexpr float staleElement = 30000.0f;

static int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

namespace {
/// A part of the arena with a guard behind it.
struct Region {
  std::string name;
  uint64_t offset;
  uint64_t byteCount;
};
} // namespace

struct Harness::Impl {
  std::shared_ptr<const Model> model;
  Options options;
  int64_t tokenRows, wantedCount, scratchStride;
  std::vector<Region> regions;
  Pages arena;
  Call call;
  frit_ctx context = {};
  uint8_t *ids, *positions, *slots, *wanted, *scratch;
  std::vector<uint8_t *> buffers;
  std::vector<uint8_t *> cacheSides; ///< keys and values of each cache in turn
  std::vector<float *> ropeTables;

  const Manifest &manifest() const { return model->manifest(); }

  size_t addRegion(std::string name, uint64_t byteCount) {
    uint64_t offset = regions.empty() ? 0 : regions.back().offset + regions.back().byteCount;
    if (!regions.empty())
      offset += guardBytes;
    offset = (offset + regionAlignment - 1) / regionAlignment * regionAlignment;
    regions.push_back({std::move(name), offset, byteCount});
    return regions.size() - 1;
  }
  uint8_t *begin(size_t region) { return arena.data() + regions[region].offset; }

  Status allocate();
  void fillGuards();
  Status checkGuards(const std::string &phase);
  int64_t sideBytes(int32_t cache, CacheSide side) const {
    const Manifest::Cache &type = manifest().caches[static_cast<size_t>(cache)];
    return options.slots * options.capacity *
           (side == CacheSide::Keys ? type.keyBytes() : type.valueBytes());
  }
  uint8_t *sideBegin(int32_t cache, CacheSide side) const {
    return cacheSides[static_cast<size_t>(cache) * 2 + (side == CacheSide::Values)];
  }
  bool isHalf(int32_t cache, CacheSide side) const {
    const Manifest::Cache &type = manifest().caches[static_cast<size_t>(cache)];
    return (side == CacheSide::Keys ? type.keyType : type.valueType) == Manifest::Cache::Type::F16;
  }
};

Result<std::shared_ptr<const Model>> verify::openBundle(const std::string &path) {
  return Model::open(path);
}

const Manifest &verify::manifestOf(const Model &model) { return model.manifest(); }

std::vector<int32_t> verify::encodeText(const Model &model, const std::string &text) {
  if (!model.tokenizer())
    return {};
  Result<std::vector<int32_t>> ids =
      model.tokenizer()->encode(text, {.parseSpecial = false, .addBos = true});
  return ids ? *std::move(ids) : std::vector<int32_t>();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status Harness::Impl::allocate() {
  tokenRows = roundUp(options.maxTokens, manifest().tokenMultiple);
  wantedCount = roundUp(options.maxTokens, manifest().wantedMultiple);
  scratchStride = roundUp(manifest().scratchBytes, static_cast<int64_t>(regionAlignment)) +
                  static_cast<int64_t>(regionAlignment);

  auto arrayBytes = static_cast<uint64_t>(tokenRows) * 4;
  size_t arrays = addRegion("token ids", arrayBytes);
  addRegion("token positions", arrayBytes);
  addRegion("token slots", arrayBytes);
  addRegion("wanted rows", static_cast<uint64_t>(wantedCount) * 4);
  size_t firstBuffer = regions.size();
  for (const Manifest::Buffer &buffer : manifest().buffers)
    addRegion(
        "buffer " + buffer.name,
        static_cast<uint64_t>((buffer.perWanted ? wantedCount : tokenRows) * buffer.rowBytes));
  size_t firstTable = regions.size();
  for (const Manifest::RopeTable &table : manifest().ropeTables)
    addRegion("rotary table", static_cast<uint64_t>(tokenRows * table.dim) * sizeof(float));
  size_t firstCache = regions.size();
  for (size_t cache = 0; cache < manifest().caches.size(); ++cache)
    for (CacheSide side : {CacheSide::Keys, CacheSide::Values})
      addRegion((side == CacheSide::Keys ? "keys of cache " : "values of cache ") +
                    std::to_string(cache),
                static_cast<uint64_t>(sideBytes(static_cast<int32_t>(cache), side)));
  size_t firstScratch = regions.size();
  // Each worker's scratch has a guard of its own.
  for (int32_t worker = 0; worker < maxWorkers; ++worker)
    regions.push_back({"scratch of worker " + std::to_string(worker), 0, 0});
  uint64_t scratchBegin = regions[firstScratch - 1].offset + regions[firstScratch - 1].byteCount;
  scratchBegin =
      (scratchBegin + guardBytes + regionAlignment - 1) / regionAlignment * regionAlignment;
  for (int32_t worker = 0; worker < maxWorkers; ++worker)
    regions[firstScratch + static_cast<size_t>(worker)] = {
        "scratch of worker " + std::to_string(worker),
        scratchBegin + static_cast<uint64_t>(worker) * static_cast<uint64_t>(scratchStride),
        static_cast<uint64_t>(manifest().scratchBytes)};

  Result<Pages> pages =
      Pages::allocate(regions.back().offset + regions.back().byteCount + guardBytes,
                      Pages::Size::Small, "the buffers of phases to verify");
  if (!pages)
    return pages.takeFailure();
  arena = *std::move(pages);
  ids = begin(arrays);
  positions = begin(arrays + 1);
  slots = begin(arrays + 2);
  wanted = begin(arrays + 3);
  for (size_t i = 0; i < manifest().buffers.size(); ++i)
    buffers.push_back(begin(firstBuffer + i));
  for (size_t i = 0; i < manifest().ropeTables.size(); ++i)
    ropeTables.push_back(reinterpret_cast<float *>(begin(firstTable + i)));
  for (size_t i = 0; i < 2 * manifest().caches.size(); ++i)
    cacheSides.push_back(begin(firstCache + i));
  scratch = begin(firstScratch);

  context.size = sizeof(frit_ctx);
  context.version = FRIT_ABI_VERSION;
  context.ids = reinterpret_cast<int32_t *>(ids);
  context.positions = reinterpret_cast<int32_t *>(positions);
  context.slots = reinterpret_cast<int32_t *>(slots);
  context.wantedRows = reinterpret_cast<int32_t *>(wanted);
  context.buffers = buffers.data();
  context.scratch = scratch;
  context.scratchStride = scratchStride;
  context.kvCapacity = options.capacity;
  context.ropeTables = ropeTables.data();
  fillGuards();
  return {};
}

void Harness::Impl::fillGuards() {
  for (const Region &region : regions)
    std::memset(arena.data() + region.offset + region.byteCount, guardByte, guardBytes);
}

Status Harness::Impl::checkGuards(const std::string &phase) {
  for (const Region &region : regions) {
    const uint8_t *guard = arena.data() + region.offset + region.byteCount;
    if (std::all_of(guard, guard + guardBytes, [](uint8_t byte) { return byte == guardByte; }))
      continue;
    fillGuards();
    return Failure("phase ", phase, " writes behind the end of ", region.name);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// The harness
//===----------------------------------------------------------------------===//

Harness::Harness(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Harness::~Harness() = default;

Result<std::unique_ptr<Harness>> Harness::create(std::shared_ptr<const Model> model,
                                                 Options options) {
  if (model->manifest().programs.empty())
    return Failure("expected a bundle with programs");
  auto impl = std::make_unique<Impl>();
  impl->model = std::move(model);
  impl->options = options;
  if (Status allocated = impl->allocate(); !allocated)
    return allocated.takeFailure();
  std::unique_ptr<Harness> harness(new Harness(std::move(impl)));
  harness->poisonCaches();
  harness->poisonBuffers();
  return harness;
}

const Manifest &Harness::manifest() const { return impl->manifest(); }
const Harness::Options &Harness::options() const { return impl->options; }

size_t Harness::programFor(int64_t tokens) const {
  size_t program = 0;
  while (manifest().programs[program].maxTokens < tokens)
    ++program;
  return program;
}

void Harness::poisonCache(int32_t cache) {
  uint16_t half = floatToHalf(staleElement);
  for (CacheSide side : {CacheSide::Keys, CacheSide::Values}) {
    uint8_t *bytes = impl->sideBegin(cache, side);
    int64_t byteCount = impl->sideBytes(cache, side);
    if (impl->isHalf(cache, side))
      std::fill_n(reinterpret_cast<uint16_t *>(bytes), byteCount / 2, half);
    else
      std::fill_n(reinterpret_cast<float *>(bytes), byteCount / 4, staleElement);
  }
}

void Harness::poisonCaches() {
  for (size_t cache = 0; cache < manifest().caches.size(); ++cache)
    poisonCache(static_cast<int32_t>(cache));
}

void Harness::poisonBuffer(uint32_t index) {
  std::memset(impl->buffers[index], poisonByte,
              static_cast<size_t>(bufferRows(index) * manifest().buffers[index].rowBytes));
}

void Harness::poisonBuffers() {
  for (uint32_t i = 0; i < manifest().buffers.size(); ++i)
    poisonBuffer(i);
}

bool Harness::isPoisoned(uint32_t index, int64_t firstRow) const {
  int64_t rowBytes = manifest().buffers[index].rowBytes;
  const uint8_t *begin = impl->buffers[index] + firstRow * rowBytes;
  auto byteCount = static_cast<size_t>((bufferRows(index) - firstRow) * rowBytes);
  // All bytes equal the one before them.
  return byteCount == 0 ||
         (*begin == poisonByte && std::memcmp(begin, begin + 1, byteCount - 1) == 0);
}

/// The same in f64 as Session does it.
static void fillRopeTable(const Manifest::RopeTable &table, const Call &call, float *out) {
  int64_t pairs = table.dim / 2;
  for (size_t token = 0; token < call.positions.size(); ++token)
    for (int64_t pair = 0; pair < pairs; ++pair) {
      // The layers are verified in the context of training.
      double angle = call.positions[token] * table.frequency(pair, 0);
      float *row = out + static_cast<int64_t>(token) * table.dim;
      row[pair] = static_cast<float>(table.magnitude * std::cos(angle));
      row[pairs + pair] = static_cast<float>(table.magnitude * std::sin(angle));
    }
}

void Harness::setCall(const Call &call) {
  impl->call = call;
  auto fill = [](uint8_t *out, const std::vector<int32_t> &values, int64_t rows, int32_t padding) {
    auto *array = reinterpret_cast<int32_t *>(out);
    std::copy(values.begin(), values.end(), array);
    std::fill(array + values.size(), array + rows, padding);
  };
  fill(impl->ids, call.ids, impl->tokenRows, 0);
  fill(impl->positions, call.positions, impl->tokenRows, -1);
  fill(impl->slots, std::vector<int32_t>(call.ids.size(), call.slot), impl->tokenRows, 0);
  fill(impl->wanted, call.wanted, impl->wantedCount, 0);
  for (size_t i = 0; i < impl->ropeTables.size(); ++i) {
    const Manifest::RopeTable &table = manifest().ropeTables[i];
    std::fill(impl->ropeTables[i], impl->ropeTables[i] + impl->tokenRows * table.dim,
              std::numeric_limits<float>::quiet_NaN());
    fillRopeTable(table, call, impl->ropeTables[i]);
  }
  impl->context.tokens = call.tokens();
  impl->context.wanted = static_cast<int64_t>(call.wanted.size());
}

Status Harness::run(const Manifest::Step &step, int32_t workers) {
  const Manifest::Phase &phase = manifest().phases[step.phase];
  std::vector<uint8_t *> row;
  for (CacheSide side : {CacheSide::Keys, CacheSide::Values})
    row.push_back(step.layer < 0 ? nullptr : impl->sideBegin(step.layer, side));
  for (uint32_t index : phase.packs) {
    const Manifest::Pack &pack = manifest().packs[index];
    row.push_back(const_cast<uint8_t *>(impl->model->packs()) + pack.offset +
                  static_cast<uint64_t>(step.row) * pack.stride);
  }
  for (int32_t worker = 0; worker < workers; ++worker) {
    std::memset(impl->scratch + worker * impl->scratchStride, poisonByte,
                static_cast<size_t>(manifest().scratchBytes));
    impl->model->phase(step.phase)(&impl->context, row.data(), worker, workers);
  }
  return impl->checkGuards(phase.symbol);
}

float *Harness::buffer(uint32_t index) { return reinterpret_cast<float *>(impl->buffers[index]); }

uint8_t *Harness::bufferBytes(uint32_t index) { return impl->buffers[index]; }

int64_t Harness::bufferRows(uint32_t index) const {
  return manifest().buffers[index].perWanted ? impl->wantedCount : impl->tokenRows;
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

size_t Harness::elementBytes(const Element &element) const {
  return impl->isHalf(element.cache, element.side) ? 2 : 4;
}

/// Of each slot, of each head: keys [capacity/16][key_dim][16], values [capacity][value_dim].
size_t Harness::elementOffset(const Element &element) const {
  const Manifest::Cache &type = manifest().caches[static_cast<size_t>(element.cache)];
  int64_t head = element.slot * type.heads + element.head, index;
  if (element.side == CacheSide::Keys)
    index = head * impl->options.capacity * type.keyDim + element.position / 16 * type.keyDim * 16 +
            element.dim * 16 + element.position % 16;
  else
    index = (head * impl->options.capacity + element.position) * type.valueDim + element.dim;
  int64_t begin =
      element.side == CacheSide::Keys ? 0 : impl->sideBytes(element.cache, CacheSide::Keys);
  return static_cast<size_t>(begin + index * static_cast<int64_t>(elementBytes(element)));
}

static uint8_t *elementAddress(uint8_t *keys, uint8_t *values, CacheSide side, size_t offset,
                               int64_t keyBytes) {
  return side == CacheSide::Keys ? keys + offset
                                 : values + (offset - static_cast<size_t>(keyBytes));
}

float Harness::load(const Element &element) const {
  const uint8_t *at =
      elementAddress(impl->sideBegin(element.cache, CacheSide::Keys),
                     impl->sideBegin(element.cache, CacheSide::Values), element.side,
                     elementOffset(element), impl->sideBytes(element.cache, CacheSide::Keys));
  if (elementBytes(element) == 2) {
    uint16_t half;
    std::memcpy(&half, at, sizeof(half));
    return halfToFloat(half);
  }
  float value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

void Harness::store(const Element &element, float value) {
  uint8_t *at =
      elementAddress(impl->sideBegin(element.cache, CacheSide::Keys),
                     impl->sideBegin(element.cache, CacheSide::Values), element.side,
                     elementOffset(element), impl->sideBytes(element.cache, CacheSide::Keys));
  if (elementBytes(element) == 2) {
    uint16_t half = floatToHalf(value);
    std::memcpy(at, &half, sizeof(half));
  } else {
    std::memcpy(at, &value, sizeof(value));
  }
}

std::vector<uint8_t> Harness::saveCache(int32_t cache) const {
  std::vector<uint8_t> bytes;
  for (CacheSide side : {CacheSide::Keys, CacheSide::Values}) {
    const uint8_t *begin = impl->sideBegin(cache, side);
    bytes.insert(bytes.end(), begin, begin + impl->sideBytes(cache, side));
  }
  return bytes;
}

void Harness::restoreCache(int32_t cache, const std::vector<uint8_t> &bytes) {
  const uint8_t *from = bytes.data();
  for (CacheSide side : {CacheSide::Keys, CacheSide::Values}) {
    auto count = static_cast<size_t>(impl->sideBytes(cache, side));
    std::memcpy(impl->sideBegin(cache, side), from, count);
    from += count;
  }
}
