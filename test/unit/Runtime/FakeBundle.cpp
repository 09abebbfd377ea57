//===- FakeBundle.cpp - bundles of the fake model, and what it computes ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeBundle.h"

#include "frit/Runtime/Abi.h"
#include "lib/Bundle/BundleWriter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

using namespace frit;
using namespace frit::test;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "frit-runtime-XXXXXX").string();
  EXPECT_NE(mkdtemp(name.data()), nullptr);
  path = name;
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path); }

std::vector<std::string> TemporaryDirectory::files() const {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(path))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string frit::test::readBytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot open " << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

void frit::test::writeBytes(const std::string &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  EXPECT_TRUE(file.flush()) << "cannot write " << path;
}

//===----------------------------------------------------------------------===//
// The bundle
//===----------------------------------------------------------------------===//

TokenizerData frit::test::fakeTokenizer() {
  std::string blob = readBytes(FRIT_TEST_DIR "/../Tokenizer/data/tiny.bin");
  auto data = TokenizerData::parse(reinterpret_cast<const uint8_t *>(blob.data()), blob.size());
  EXPECT_TRUE(data) << data.error();
  data->chatTemplate =
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
      "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
      "<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
      "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' "
      "}}{% endif %}";
  return *std::move(data);
}

static void appendWords(std::string &bytes, std::span<const uint32_t> words) {
  bytes.append(reinterpret_cast<const char *>(words.data()), words.size_bytes());
  bytes.resize((bytes.size() + 63) / 64 * 64);
}

static json makeProgram(const std::string &name, int maxTokens, int index) {
  enum { Embed, Append, Attend, Mix, Logits };
  json steps = json::array();
  steps.push_back({Embed, -1, 0, 0});
  for (int layer = 0; layer < FakeLayers; ++layer) {
    steps.push_back({Append, layer, layer, 1});
    steps.push_back({Attend, layer, layer, 1});
    steps.push_back({Mix, -1, -1, layer + 1 == FakeLayers ? 1 : 0});
  }
  steps.push_back({Logits, -1, index, 1});
  return {{"name", name}, {"max_tokens", maxTokens}, {"mixed", false}, {"steps", steps}};
}

FakeBundle::FakeBundle() {
  TokenizerData data = fakeTokenizer();
  auto vocabulary = static_cast<uint32_t>(data.tokens.size());
  tokenizer = data.serialize();
  code = readBytes(FRIT_FAKE_PHASES);

  std::mt19937 random(7); // NOLINT(bugprone-random-generator-seed): the same weights always
  auto words = [&](size_t count) {
    std::vector<uint32_t> numbers(count);
    std::ranges::generate(numbers, [&] { return static_cast<uint32_t>(random()); });
    return numbers;
  };
  appendWords(packs, words(size_t{vocabulary} * FakeHidden));
  size_t weightsAt = packs.size();
  for (int layer = 0; layer < FakeLayers; ++layer)
    appendWords(packs, words(16));
  size_t programAt = packs.size();
  for (uint32_t program = 0; program < 4; ++program)
    appendWords(packs, {{program}});
  size_t vocabularyAt = packs.size();
  appendWords(packs, {{vocabulary}});

  auto pack = [](const char *name, size_t offset, int stride, int rows) {
    return json{{"name", name}, {"offset", offset}, {"stride", stride},
                {"rows", rows}, {"order", "rows"},  {"sources", json::array()}};
  };
  auto phase = [](const char *symbol, json packIndices) {
    return json{{"symbol", symbol}, {"packs", std::move(packIndices)}};
  };
  auto buffer = [](const char *name, const char *rows, uint32_t rowBytes) {
    return json{{"name", name},
                {"rows", rows},
                {"columns", rowBytes / 4},
                {"block", 0},
                {"row_bytes", rowBytes}};
  };
  auto ropeTable = [](int dim, double theta, double scale) {
    return json{{"dim", dim},
                {"theta", theta},
                {"position_scale", scale},
                {"magnitude", 1},
                {"original_context", 0},
                {"factors", json::array()},
                {"long_factors", json::array()}};
  };
  json cache = {{"heads", FakeHeads}, {"key_dim", FakeKeyDim}, {"value_dim", FakeValueDim},
                {"key_type", "f16"},  {"value_type", "f32"},   {"window", 0}};
  // A stride of 0 gives every row the same bytes.
  manifest = {
      {"frit", "0.1.0"},
      {"abi", FRIT_ABI_VERSION},
      {"llvm", "22.1.8"},
      {"model",
       {{"name", "fake"},
        {"architecture", "none"},
        {"context_length", +FakeContext},
        {"vocabulary", vocabulary},
        {"layers", +FakeLayers},
        {"hidden", +FakeHidden}}},
      {"source", {{"file", "fake.gguf"}, {"hash", "0123456789abcdef"}}},
      {"options", {{"activations", "int8"}, {"kv_cache_type", "f16"}, {"fusion", "all"}}},
      {"target", {{"name", "generic"}, {"features", json::array()}}},
      {"token_multiple", +FakeTokenMultiple},
      {"wanted_multiple", +FakeWantedMultiple},
      {"scratch_bytes", +FakeScratchBytes},
      {"rope_tables",
       json::array({ropeTable(FakeRopeDim, 10000, 1), ropeTable(FakeRopeDim - 2, 100, 0.25)})},
      {"caches", json::array({cache, cache})},
      {"buffers",
       json::array({buffer("x", "tokens", FakeHidden * 4), buffer("y", "tokens", FakeHidden * 4),
                    buffer("faults", "tokens", 4), buffer("logits", "wanted", vocabulary * 4)})},
      {"logits", 3},
      {"packs",
       json::array({pack("embedding", 0, 0, 4), pack("weights", weightsAt, 64, FakeLayers),
                    pack("program", programAt, 64, 4), pack("vocabulary", vocabularyAt, 0, 4)})},
      {"phases",
       json::array({phase("fakeEmbed", {0}), phase("fakeAppend", {1}), phase("fakeAttend", {1}),
                    phase("fakeMix", json::array()), phase("fakeLogits", {0, 2, 3})})},
      {"programs", json::array({makeProgram("decode", 1, 0), makeProgram("small", 5, 1),
                                makeProgram("prefill", 32, 2)})},
  };
}

void FakeBundle::addMixedProgram() {
  manifest["programs"].push_back(makeProgram("batch", 32, 3));
  manifest["programs"][3]["mixed"] = true;
}

void FakeBundle::write(const std::string &path) const {
  auto writer = BundleWriter::create(path);
  ASSERT_TRUE(writer) << writer.error();
  ASSERT_TRUE(writer->addSection(BundleSectionKind::Manifest, manifest.dump(2)));
  ASSERT_TRUE(writer->addSection(BundleSectionKind::Code, code));
  if (withTokenizer)
    ASSERT_TRUE(writer->addSection(BundleSectionKind::Tokenizer, tokenizer));
  ASSERT_TRUE(writer->addSection(BundleSectionKind::Packs, packs));
  Status committed = writer->commit();
  ASSERT_TRUE(committed) << committed.error();
}

//===----------------------------------------------------------------------===//
// What it computes
//===----------------------------------------------------------------------===//

std::vector<int32_t> frit::test::fakeIds(const FakeBundle &bundle, size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> ids(count);
  for (int32_t &id : ids)
    id = static_cast<int32_t>(random() % static_cast<uint32_t>(bundle.vocabulary()));
  return ids;
}

std::vector<std::vector<float>> frit::test::fakeLogits(const FakeBundle &bundle,
                                                       std::span<const int32_t> ids) {
  auto word = [&](size_t offset, size_t index) {
    uint32_t value;
    std::memcpy(&value, bundle.packs.data() + offset + index * 4, 4);
    return value;
  };
  size_t weightsAt = bundle.manifest["packs"][1]["offset"];
  using Vector = std::vector<uint32_t>;
  std::vector<Vector> keys[FakeLayers], values[FakeLayers]; // [layer][position][head * dim]
  std::vector<std::vector<float>> result;
  for (size_t position = 0; position < ids.size(); ++position) {
    Vector x(FakeHidden), y(FakeHidden);
    for (size_t j = 0; j < FakeHidden; ++j)
      x[j] = word(0, static_cast<size_t>(ids[position]) * FakeHidden + j) +
             31 * static_cast<uint32_t>(position);
    for (size_t layer = 0; layer < FakeLayers; ++layer) {
      auto weight = [&](size_t index) { return word(weightsAt + layer * 64, index); };
      Vector &key = keys[layer].emplace_back(), &value = values[layer].emplace_back();
      for (size_t h = 0; h < FakeHeads; ++h) {
        for (size_t d = 0; d < FakeKeyDim; ++d)
          key.push_back((x[d] * weight(h) + d) & 0xFFFF);
        for (size_t d = 0; d < FakeValueDim; ++d)
          value.push_back(x[(d + h) % FakeHidden] * weight(8 + h) + static_cast<uint32_t>(d));
      }
      for (size_t j = 0; j < FakeHidden; ++j) {
        y[j] = static_cast<uint32_t>(j);
        for (size_t p = 0; p <= position; ++p) {
          for (size_t i = 0; i < keys[layer][p].size(); ++i)
            y[j] += static_cast<uint32_t>((p + 1) * (i % FakeKeyDim + 1)) * keys[layer][p][i];
          for (size_t i = 0; i < values[layer][p].size(); ++i)
            y[j] +=
                static_cast<uint32_t>((p + 1) * (i % FakeValueDim + 3 + j)) * values[layer][p][i];
        }
        for (size_t i = 0; i < FakeHidden; ++i)
          y[j] += x[i] * weight(i + 1);
      }
      for (size_t j = 0; j < FakeHidden; ++j)
        x[j] = y[(j + 1) % FakeHidden] ^ y[j] >> 7;
    }
    auto &logits = result.emplace_back(static_cast<size_t>(bundle.vocabulary()));
    for (size_t v = FakeLogitCount; v < logits.size(); ++v) {
      uint32_t dot = 0;
      for (size_t j = 0; j < FakeHidden; ++j)
        dot += x[j] * word(0, v * FakeHidden + j);
      logits[v] = static_cast<float>(dot % 4096);
    }
  }
  return result;
}
