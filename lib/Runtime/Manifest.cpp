//===- Manifest.cpp - what a bundle says about itself ---------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Manifest.h"

#include "frit/Runtime/Abi.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>

using namespace frit;
using Json = nlohmann::json;

namespace {
constexpr int maxDepth = 16;
constexpr int64_t maxTokensOfProgram = 1 << 20;
constexpr int64_t maxMultiple = 1 << 16;
constexpr int64_t maxHeadsOrDim = 1 << 16;
constexpr int64_t maxBytes = int64_t{1} << 40;
constexpr int64_t maxColumns = int64_t{1} << 30;

/// A value with the way to it. Readers of a wrong value note the first problem and go on with a
/// harmless value, so that a manifest can be read without a branch at every field. A node holds on
/// to the node it came from.
class Node {
public:
  Node(const Json &root, std::optional<Failure> &problem) : value(&root), problem(problem) {}

  Node operator[](const char *key) const {
    const Json *member = nullptr;
    if (value) {
      if (!value->is_object())
        fail("expected an object");
      else if (auto found = value->find(key); found != value->end())
        member = &*found;
      else
        Node(nullptr, this, key, 0).fail("missing");
    }
    return Node(member, this, key, 0);
  }
  Node operator[](size_t index) const {
    return Node(value ? &(*value)[index] : nullptr, this, nullptr, index);
  }

  /// Number of elements; 0 if it is no array.
  size_t size() const {
    if (value && !value->is_array())
      fail("expected an array");
    return value && value->is_array() ? value->size() : 0;
  }

  int64_t integer(int64_t min, int64_t max) const {
    if (!value)
      return min;
    bool fits = value->is_number_integer() &&
                !(value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX);
    if (fits) {
      auto number = value->get<int64_t>();
      if (number >= min && number <= max)
        return number;
    }
    fail("expected an integer from ", min, " to ", max, ", found ", excerpt());
    return min;
  }

  double number(double min, double max) const {
    if (!value)
      return min;
    if (value->is_number()) {
      auto number = value->get<double>();
      if (number >= min && number <= max)
        return number;
    }
    fail(fmt::format("expected a number from {} to {}, found {}", min, max, excerpt()));
    return min;
  }

  bool boolean() const {
    if (value && value->is_boolean())
      return value->get<bool>();
    if (value)
      fail("expected true or false, found ", excerpt());
    return false;
  }

  /// An index into a list of `count` elements; 0 if it is none.
  uint32_t indexBelow(size_t count) const {
    if (value && count == 0)
      fail("the list it points into is empty");
    return count == 0 ? 0 : static_cast<uint32_t>(integer(0, static_cast<int64_t>(count) - 1));
  }

  std::string text() const {
    if (value && value->is_string())
      return value->get<std::string>();
    if (value)
      fail("expected a text, found ", excerpt());
    return {};
  }

  /// Index of the given text in `choices`.
  size_t choice(std::initializer_list<std::string_view> choices) const {
    std::string found = text();
    size_t index = 0;
    std::string list;
    for (std::string_view name : choices) {
      if (name == found)
        return index;
      list += index++ ? " or " : "";
      list += name;
    }
    if (value)
      fail("expected ", list, ", found ", excerpt());
    return 0;
  }

  template <typename... Parts>
  void fail(const Parts &...parts) const {
    if (!problem)
      problem = Failure(parts...).in(path());
  }

private:
  Node(const Json *value, const Node *parent, const char *key, size_t index)
      : value(value), parent(parent), key(key), index(index), problem(parent->problem) {}

  std::string path() const {
    if (!parent)
      return "manifest";
    std::string place = parent->path();
    if (!key)
      return fmt::format("{}[{}]", place, index);
    return place + (parent->parent ? "." : ": ") + key;
  }

  std::string excerpt() const {
    std::string text = value->dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 40)
      text = text.substr(0, 37) + "...";
    return text;
  }

  const Json *value;
  const Node *parent = nullptr;
  const char *key = nullptr;
  size_t index = 0;
  std::optional<Failure> &problem;
};

/// Only to learn where a text stops being JSON.
struct ErrorPosition : nlohmann::json_sax<Json> {
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t &) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t byte, const std::string &, const nlohmann::detail::exception &) override {
    position = byte;
    return false;
  }

  size_t position = 0;
};
} // namespace

static Result<Json> parseJson(std::string_view text) {
  bool tooDeep = false;
  auto limitDepth = [&](int depth, Json::parse_event_t, Json &) {
    tooDeep |= depth > maxDepth;
    return !tooDeep;
  };
  Json json = Json::parse(text, limitDepth, /*allow_exceptions=*/false);
  if (tooDeep)
    return Failure("manifest: nested deeper than ", maxDepth, " levels");
  if (json.is_discarded()) {
    ErrorPosition error;
    Json::sax_parse(text, &error);
    return Failure("manifest: not JSON at byte ", error.position);
  }
  return json;
}

//===----------------------------------------------------------------------===//
// The parts
//===----------------------------------------------------------------------===//

static Manifest::Cache readCache(const Node &node) {
  Manifest::Cache cache;
  cache.heads = node["heads"].integer(1, maxHeadsOrDim);
  cache.keyDim = node["key_dim"].integer(1, maxHeadsOrDim);
  cache.valueDim = node["value_dim"].integer(1, maxHeadsOrDim);
  cache.keyType = static_cast<Manifest::Cache::Type>(node["key_type"].choice({"f16", "f32"}));
  cache.valueType = static_cast<Manifest::Cache::Type>(node["value_type"].choice({"f16", "f32"}));
  cache.window = node["window"].integer(0, INT32_MAX);
  return cache;
}

static Manifest::Pack readPack(const Node &node, uint64_t packsBytes) {
  constexpr int64_t alignment = 64;
  Manifest::Pack pack;
  pack.name = node["name"].text();
  pack.offset = static_cast<uint64_t>(node["offset"].integer(0, INT64_MAX));
  pack.stride = static_cast<uint64_t>(node["stride"].integer(0, INT64_MAX));
  pack.rows = node["rows"].integer(1, INT32_MAX);
  if (pack.offset % alignment)
    node["offset"].fail("expected a multiple of ", alignment, ", found ", pack.offset);
  if (pack.stride % alignment)
    node["stride"].fail("expected a multiple of ", alignment, ", found ", pack.stride);
  uint64_t bytes, end;
  if (__builtin_mul_overflow(pack.stride, static_cast<uint64_t>(pack.rows), &bytes) ||
      __builtin_add_overflow(pack.offset, bytes, &end) || end > packsBytes ||
      pack.offset >= packsBytes)
    node.fail("'", pack.name, "' has ", pack.rows, " rows of ", pack.stride, " bytes at offset ",
              pack.offset, ", beyond the ", packsBytes, " bytes of the packs section");
  return pack;
}

static Manifest::Phase readPhase(const Node &node, const std::vector<Manifest::Pack> &packs) {
  Manifest::Phase phase;
  phase.symbol = node["symbol"].text();
  if (phase.symbol.empty())
    node["symbol"].fail("expected the name of a function, found an empty text");
  Node list = node["packs"];
  for (size_t i = 0, count = list.size(); i < count; ++i)
    phase.packs.push_back(list[i].indexBelow(packs.size()));
  return phase;
}

static Manifest::Step readStep(const Node &node, const Manifest &manifest) {
  Manifest::Step step = {};
  if (size_t count = node.size(); count != 4) {
    node.fail("expected [phase, layer, row, barrier], found ", count, " elements");
    return step;
  }
  step.phase = node[size_t{0}].indexBelow(manifest.phases.size());
  step.layer =
      static_cast<int32_t>(node[1].integer(-1, static_cast<int64_t>(manifest.caches.size()) - 1));
  step.row = static_cast<int32_t>(node[2].integer(-1, INT32_MAX));
  step.barrier = node[3].integer(0, 1) != 0;
  if (step.phase >= manifest.phases.size())
    return step;
  for (uint32_t index : manifest.phases[step.phase].packs) {
    const Manifest::Pack &pack = manifest.packs[index];
    if (step.row < 0 || step.row >= pack.rows) {
      node[2].fail("expected an integer from 0 to ", pack.rows - 1, " (the rows of pack '",
                   pack.name, "'), found ", step.row);
      break;
    }
  }
  return step;
}

static void readPrograms(const Node &node, Manifest &manifest) {
  size_t count = node.size();
  if (count == 0)
    node.fail("expected at least one program");
  for (size_t i = 0; i < count; ++i) {
    Node entry = node[i];
    Manifest::Program &program = manifest.programs.emplace_back();
    program.name = entry["name"].text();
    program.maxTokens = entry["max_tokens"].integer(1, maxTokensOfProgram);
    program.mixed = entry["mixed"].boolean();
    if (program.mixed) {
      if (i == 0 || i + 1 != count)
        entry["mixed"].fail("expected one program behind the others, found program ", i + 1, " of ",
                            count);
    } else if (i > 0 && program.maxTokens <= manifest.programs[i - 1].maxTokens) {
      entry["max_tokens"].fail("expected more than the ", manifest.programs[i - 1].maxTokens,
                               " of the program before, found ", program.maxTokens);
    }
    Node steps = entry["steps"];
    size_t stepCount = steps.size();
    if (stepCount == 0)
      steps.fail("expected at least one step");
    program.steps.reserve(stepCount);
    for (size_t step = 0; step < stepCount; ++step)
      program.steps.push_back(readStep(steps[step], manifest));
  }
}

double Manifest::RopeTable::frequency(int64_t pair, int64_t capacity) const {
  double result =
      positionScale * std::pow(theta, -2.0 * static_cast<double>(pair) / static_cast<double>(dim));
  const std::vector<double> &divisors =
      !longFactors.empty() && capacity > originalContext ? longFactors : factors;
  return divisors.empty() ? result : result / divisors[static_cast<size_t>(pair)];
}

/// Of one for each pair, or none.
static std::vector<double> readFactors(const Node &factors, int64_t pairs) {
  size_t count = factors.size();
  if (count != 0 && count != static_cast<size_t>(pairs))
    factors.fail("expected ", pairs, " numbers or none, found ", count);
  std::vector<double> result;
  result.reserve(count);
  for (size_t i = 0; i < count; ++i)
    result.push_back(factors[i].number(1e-9, 1e9));
  return result;
}

static void readRopeTables(const Node &tables, Manifest &manifest) {
  for (size_t i = 0, count = tables.size(); i < count; ++i) {
    Node entry = tables[i];
    Manifest::RopeTable &table = manifest.ropeTables.emplace_back();
    table.dim = entry["dim"].integer(2, maxHeadsOrDim);
    table.theta = entry["theta"].number(1e-3, 1e12);
    table.positionScale = entry["position_scale"].number(1e-6, 1e6);
    if (table.dim % 2)
      entry["dim"].fail("expected an even number, found ", table.dim);
    table.magnitude = entry["magnitude"].number(1e-3, 1e3);
    table.factors = readFactors(entry["factors"], table.dim / 2);
    table.longFactors = readFactors(entry["long_factors"], table.dim / 2);
    table.originalContext = entry["original_context"].integer(0, maxBytes);
  }
}

static void readBuffers(const Node &root, Manifest &manifest) {
  Node buffers = root["buffers"];
  for (size_t i = 0, count = buffers.size(); i < count; ++i) {
    Node entry = buffers[i];
    Manifest::Buffer &buffer = manifest.buffers.emplace_back();
    buffer.name = entry["name"].text();
    buffer.perWanted = entry["rows"].choice({"tokens", "wanted"}) == 1;
    buffer.columns = entry["columns"].integer(1, maxColumns);
    buffer.block = entry["block"].integer(0, maxColumns);
    buffer.rowBytes = entry["row_bytes"].integer(1, maxBytes);
    if (buffer.block && buffer.columns % buffer.block)
      entry["block"].fail("expected whole blocks in ", buffer.columns, " columns, found ",
                          buffer.block);
    // How int8 blocks lie in memory is up to the code.
    if (!buffer.block && buffer.rowBytes != 4 * buffer.columns)
      entry["row_bytes"].fail("expected ", 4 * buffer.columns, " for ", buffer.columns,
                              " columns of f32, found ", buffer.rowBytes);
  }
  Node logits = root["logits"];
  manifest.logits = logits.indexBelow(manifest.buffers.size());
  if (manifest.logits >= manifest.buffers.size())
    return;
  const Manifest::Buffer &buffer = manifest.buffers[manifest.logits];
  if (!buffer.perWanted || buffer.columns != manifest.vocabulary || buffer.block)
    logits.fail("expected a buffer with one row of ", manifest.vocabulary,
                " f32 (one for each id of the vocabulary) a wanted token, found '", buffer.name,
                "' with rows of ", buffer.columns, buffer.block ? " int8 a " : " f32 a ",
                buffer.perWanted ? "wanted token" : "token");
}

//===----------------------------------------------------------------------===//
// Manifest
//===----------------------------------------------------------------------===//

Result<Manifest> Manifest::parse(std::string_view text, uint64_t packsBytes) {
  Result<Json> json = parseJson(text);
  if (!json)
    return json.takeFailure();
  std::optional<Failure> problem;
  Node root(*json, problem);

  // Everything else may have another meaning in another version.
  int64_t abi = root["abi"].integer(0, INT64_MAX);
  if (!problem && abi != FRIT_ABI_VERSION)
    return Failure("bundle is for version ", abi, " of the runtime's ABI, this is version ",
                   FRIT_ABI_VERSION, ": compile the model again");

  Manifest manifest;
  manifest.fritVersion = root["frit"].text();
  manifest.llvmVersion = root["llvm"].text();
  Node model = root["model"];
  manifest.modelName = model["name"].text();
  manifest.architecture = model["architecture"].text();
  manifest.contextLength = model["context_length"].integer(1, INT32_MAX);
  manifest.vocabulary = model["vocabulary"].integer(1, INT32_MAX);
  manifest.layers = model["layers"].integer(0, INT32_MAX);
  manifest.hidden = model["hidden"].integer(1, INT32_MAX);
  Node source = root["source"];
  manifest.sourceFile = source["file"].text();
  manifest.sourceHash = source["hash"].text();
  Node target = root["target"];
  manifest.targetName = target["name"].text();
  Node features = target["features"];
  for (size_t i = 0, count = features.size(); i < count; ++i)
    manifest.features.push_back(features[i].text());

  manifest.tokenMultiple = root["token_multiple"].integer(1, maxMultiple);
  manifest.wantedMultiple = root["wanted_multiple"].integer(1, maxMultiple);
  manifest.scratchBytes = root["scratch_bytes"].integer(0, maxBytes);
  Node caches = root["caches"];
  for (size_t i = 0, count = caches.size(); i < count; ++i)
    manifest.caches.push_back(readCache(caches[i]));
  readRopeTables(root["rope_tables"], manifest);
  readBuffers(root, manifest);
  Node packs = root["packs"];
  for (size_t i = 0, count = packs.size(); i < count; ++i)
    manifest.packs.push_back(readPack(packs[i], packsBytes));
  Node phases = root["phases"];
  for (size_t i = 0, count = phases.size(); i < count; ++i)
    manifest.phases.push_back(readPhase(phases[i], manifest.packs));
  if (!problem)
    readPrograms(root["programs"], manifest);
  if (problem)
    return *std::move(problem);
  return manifest;
}

int64_t Manifest::kvBytesPerToken() const {
  int64_t bytes = 0;
  for (const Cache &cache : caches)
    bytes += cache.keyBytes() + cache.valueBytes();
  return bytes;
}
