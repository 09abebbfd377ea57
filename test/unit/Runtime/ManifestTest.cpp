//===- ManifestTest.cpp - manifests are read, or refused by field ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Manifest.h"

#include "FakeBundle.h"
#include "frit/Runtime/Abi.h"
#include "lib/Runtime/CpuFeatures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

using namespace frit;
using namespace frit::test;
using nlohmann::json;

namespace {
class ManifestTest : public testing::Test {
protected:
  std::string refusalOf(const json &manifest) const {
    auto parsed = Manifest::parse(manifest.dump(), bundle.packs.size());
    return parsed ? "accepted" : parsed.error();
  }

  /// What is said when the value at a JSON pointer is another one.
  std::string refusal(const char *pointer, const json &value) const {
    json changed = bundle.manifest;
    changed[json::json_pointer(pointer)] = value;
    return refusalOf(changed);
  }

  FakeBundle bundle;
};
} // namespace

TEST_F(ManifestTest, ReadsEveryField) {
  auto parsed = Manifest::parse(bundle.manifest.dump(), bundle.packs.size());
  ASSERT_TRUE(parsed) << parsed.error();
  const Manifest &manifest = *parsed;
  EXPECT_EQ(manifest.fritVersion, "0.1.0");
  EXPECT_EQ(manifest.llvmVersion, "22.1.8");
  EXPECT_EQ(manifest.modelName, "fake");
  EXPECT_EQ(manifest.architecture, "none");
  EXPECT_EQ(manifest.contextLength, FakeContext);
  EXPECT_EQ(manifest.vocabulary, bundle.vocabulary());
  EXPECT_EQ(manifest.layers, FakeLayers);
  EXPECT_EQ(manifest.hidden, FakeHidden);
  EXPECT_EQ(manifest.sourceFile, "fake.gguf");
  EXPECT_EQ(manifest.sourceHash, "0123456789abcdef");
  EXPECT_EQ(manifest.targetName, "generic");
  EXPECT_TRUE(manifest.features.empty());
  EXPECT_EQ(manifest.tokenMultiple, FakeTokenMultiple);
  EXPECT_EQ(manifest.wantedMultiple, FakeWantedMultiple);
  EXPECT_EQ(manifest.scratchBytes, FakeScratchBytes);
  ASSERT_EQ(manifest.caches.size(), 2u);
  EXPECT_EQ(manifest.caches[1].heads, FakeHeads);
  EXPECT_EQ(manifest.caches[1].keyType, Manifest::Cache::Type::F16);
  EXPECT_EQ(manifest.caches[1].valueType, Manifest::Cache::Type::F32);
  EXPECT_EQ(manifest.caches[1].keyBytes(), 2 * 4 * 2);
  EXPECT_EQ(manifest.caches[1].valueBytes(), 2 * 6 * 4);
  EXPECT_EQ(manifest.kvBytesPerToken(), 2 * (16 + 48));
  ASSERT_EQ(manifest.ropeTables.size(), 2u);
  EXPECT_EQ(manifest.ropeTables[1].theta, 100);
  ASSERT_EQ(manifest.buffers.size(), 4u);
  EXPECT_FALSE(manifest.buffers[0].perWanted);
  EXPECT_EQ(manifest.buffers[0].columns, FakeHidden);
  EXPECT_EQ(manifest.buffers[0].block, 0);
  EXPECT_EQ(manifest.buffers[0].rowBytes, FakeHidden * 4);
  EXPECT_TRUE(manifest.buffers[3].perWanted);
  EXPECT_EQ(manifest.logits, 3u);
  ASSERT_EQ(manifest.packs.size(), 4u);
  EXPECT_EQ(manifest.packs[1].stride, 64u);
  EXPECT_EQ(manifest.packs[1].rows, FakeLayers);
  ASSERT_EQ(manifest.phases.size(), 5u);
  EXPECT_EQ(manifest.phases[4].symbol, "fakeLogits");
  EXPECT_EQ(manifest.phases[4].packs, (std::vector<uint32_t>{0, 2, 3}));
  ASSERT_EQ(manifest.programs.size(), 3u);
  EXPECT_EQ(manifest.programs[2].name, "prefill");
  EXPECT_EQ(manifest.programs[2].maxTokens, 32);
  ASSERT_EQ(manifest.programs[2].steps.size(), 8u);
  EXPECT_EQ(manifest.programs[2].steps[4].layer, 1);
  EXPECT_EQ(manifest.programs[2].steps[0].layer, -1);
  EXPECT_FALSE(manifest.programs[2].mixed);
  EXPECT_FALSE(manifest.programs[2].steps[0].barrier);
  EXPECT_TRUE(manifest.programs[2].steps[1].barrier);
}

TEST_F(ManifestTest, NamesTheFieldThatIsWrong) {
  json noPacks = bundle.manifest;
  noPacks["packs"] = json::array();
  EXPECT_EQ(refusalOf(noPacks), "manifest: phases[0].packs[0]: the list it points into is empty");
  EXPECT_EQ(refusal("/abi", FRIT_ABI_VERSION + 1),
            "bundle is for version 4 of the runtime's ABI, this is version 3: "
            "compile the model again");
  EXPECT_EQ(refusal("/abi", "1"),
            "manifest: abi: expected an integer from 0 to 9223372036854775807, found \"1\"");
  EXPECT_EQ(refusal("/model", 3), "manifest: model: expected an object");
  EXPECT_EQ(refusal("/model/vocabulary", 0),
            "manifest: model.vocabulary: expected an integer from 1 to 2147483647, found 0");
  EXPECT_EQ(refusal("/model/vocabulary", 12.0),
            "manifest: model.vocabulary: expected an integer from 1 to 2147483647, found 12.0");
  EXPECT_EQ(refusal("/model/name", nullptr), "manifest: model.name: expected a text, found null");
  EXPECT_EQ(refusal("/model/context_length", UINT64_MAX),
            "manifest: model.context_length: expected an integer from 1 to 2147483647, found "
            "18446744073709551615");
  EXPECT_EQ(refusal("/caches/1/heads", -2),
            "manifest: caches[1].heads: expected an integer from 1 to 65536, found -2");
  EXPECT_EQ(refusal("/caches/0/key_type", "q8_0"),
            "manifest: caches[0].key_type: expected f16 or f32, found \"q8_0\"");
  EXPECT_EQ(refusal("/rope_tables/0/dim", 7),
            "manifest: rope_tables[0].dim: expected an even number, found 7");
  EXPECT_EQ(refusal("/buffers/2/rows", "layers"),
            "manifest: buffers[2].rows: expected tokens or wanted, found \"layers\"");
  EXPECT_EQ(refusal("/buffers/2/row_bytes", 1e3),
            "manifest: buffers[2].row_bytes: expected an integer from 1 to 1099511627776, found "
            "1000.0");
  EXPECT_EQ(refusal("/buffers/2/row_bytes", 8),
            "manifest: buffers[2].row_bytes: expected 4 for 1 columns of f32, found 8");
  EXPECT_EQ(refusal("/buffers/2/columns", 0),
            "manifest: buffers[2].columns: expected an integer from 1 to 1073741824, found 0");
  EXPECT_EQ(refusal("/buffers/0/block", 3),
            "manifest: buffers[0].block: expected whole blocks in 8 columns, found 3");
  EXPECT_EQ(refusal("/buffers/0/block", -1),
            "manifest: buffers[0].block: expected an integer from 0 to 1073741824, found -1");
  EXPECT_EQ(refusal("/buffers/3/block", 1),
            "manifest: logits: expected a buffer with one row of " +
                std::to_string(bundle.vocabulary()) +
                " f32 (one for each id of the vocabulary) a wanted token, found 'logits' with "
                "rows of " +
                std::to_string(bundle.vocabulary()) + " int8 a wanted token");
  EXPECT_EQ(refusal("/logits", 4), "manifest: logits: expected an integer from 0 to 3, found 4");
  EXPECT_EQ(refusal("/logits", 1), "manifest: logits: expected a buffer with one row of " +
                                       std::to_string(bundle.vocabulary()) +
                                       " f32 (one for each id of the vocabulary) a wanted token, "
                                       "found 'y' with rows of 8 f32 a token");
  std::string packsBytes = std::to_string(bundle.packs.size());
  EXPECT_EQ(refusal("/packs/1/rows", 1'000'000),
            "manifest: packs[1]: 'weights' has 1000000 rows of 64 bytes at offset " +
                bundle.manifest["packs"][1]["offset"].dump() + ", beyond the " + packsBytes +
                " bytes of the packs section");
  EXPECT_EQ(refusal("/packs/1/offset", 65),
            "manifest: packs[1].offset: expected a multiple of 64, found 65");
  EXPECT_EQ(refusal("/packs/1/stride", 32),
            "manifest: packs[1].stride: expected a multiple of 64, found 32");
  // Products and sums that wrap around.
  for (uint64_t stride : {uint64_t{1} << 62, uint64_t{1} << 58, INT64_MAX / 64 * uint64_t{64}})
    EXPECT_TRUE(refusal("/packs/1/stride", stride).ends_with("bytes of the packs section"));
  EXPECT_TRUE(
      refusal("/packs/1/offset", INT64_MAX / 64 * uint64_t{64}).ends_with("the packs section"));
  // A stride of 0 says nothing of where a row ends, but it must begin inside.
  EXPECT_TRUE(refusal("/packs/0/offset", (bundle.packs.size() + 63) / 64 * 64)
                  .ends_with("bytes of the packs section"));
  EXPECT_EQ(refusal("/phases/0/symbol", ""),
            "manifest: phases[0].symbol: expected the name of a function, found an empty text");
  EXPECT_EQ(refusal("/phases/4/packs/1", 4),
            "manifest: phases[4].packs[1]: expected an integer from 0 to 3, found 4");
  EXPECT_EQ(refusal("/programs/1/mixed", 1),
            "manifest: programs[1].mixed: expected true or false, found 1");
  EXPECT_EQ(
      refusal("/programs/1/mixed", true),
      "manifest: programs[1].mixed: expected one program behind the others, found program 2 of 3");
  json single = bundle.manifest;
  single["programs"] = json::array({single["programs"][0]});
  single["programs"][0]["mixed"] = true;
  EXPECT_EQ(
      refusalOf(single),
      "manifest: programs[0].mixed: expected one program behind the others, found program 1 of 1");
  EXPECT_EQ(refusal("/programs", json::array()),
            "manifest: programs: expected at least one program");
  EXPECT_EQ(refusal("/programs/1/steps", json::array()),
            "manifest: programs[1].steps: expected at least one step");
  EXPECT_EQ(refusal("/programs/2/max_tokens", 5), "manifest: programs[2].max_tokens: expected more "
                                                  "than the 5 of the program before, found 5");
  EXPECT_EQ(
      refusal("/programs/1/steps/1", {1, 0, 0}),
      "manifest: programs[1].steps[1]: expected [phase, layer, row, barrier], found 3 elements");
  EXPECT_EQ(refusal("/programs/1/steps/1/0", 5),
            "manifest: programs[1].steps[1][0]: expected an integer from 0 to 4, found 5");
  EXPECT_EQ(refusal("/programs/1/steps/1/1", 2),
            "manifest: programs[1].steps[1][1]: expected an integer from -1 to 1, found 2");
  EXPECT_EQ(refusal("/programs/1/steps/1/2", 2),
            "manifest: programs[1].steps[1][2]: expected an integer from 0 to 1 (the rows of pack "
            "'weights'), found 2");
  EXPECT_EQ(refusal("/programs/1/steps/1/2", -1),
            "manifest: programs[1].steps[1][2]: expected an integer from 0 to 1 (the rows of pack "
            "'weights'), found -1");
  EXPECT_EQ(refusal("/programs/1/steps/1/3", 2),
            "manifest: programs[1].steps[1][3]: expected an integer from 0 to 1, found 2");
  EXPECT_EQ(refusal("/programs/1/steps/1/3", std::string(100, 'x')),
            "manifest: programs[1].steps[1][3]: expected an integer from 0 to 1, found \"" +
                std::string(36, 'x') + "...");
}

TEST_F(ManifestTest, RefusesWhatIsNoJson) {
  auto messageOf = [](const std::string &text) {
    auto parsed = Manifest::parse(text, 0);
    return parsed ? "accepted" : parsed.error();
  };
  EXPECT_EQ(messageOf(""), "manifest: not JSON at byte 1");
  EXPECT_EQ(messageOf("{\"abi\": 1,}"), "manifest: not JSON at byte 11");
  EXPECT_EQ(messageOf("{\"abi\": \"\xff\"}"), "manifest: not JSON at byte 10");
  EXPECT_EQ(messageOf("{} {}"), "manifest: not JSON at byte 4");
  EXPECT_EQ(messageOf("[1]"), "manifest: expected an object");
  EXPECT_EQ(messageOf("null"), "manifest: expected an object");
  EXPECT_EQ(messageOf("{}"), "manifest: abi: missing");
  EXPECT_EQ(messageOf(std::string(100, '[') + std::string(100, ']')),
            "manifest: nested deeper than 16 levels");
  EXPECT_EQ(messageOf(std::string(10'000'000, '[')), "manifest: nested deeper than 16 levels");
  std::string objects;
  for (int i = 0; i < 100'000; ++i)
    objects += "{\"a\":";
  EXPECT_EQ(messageOf(objects), "manifest: nested deeper than 16 levels");
}

/// Every value deleted, and replaced by each of a list of odd ones: never a crash, and without it
/// only fields are accepted that the runtime has no use for.
TEST_F(ManifestTest, AnyFieldAnyValue) {
  const json odd[] = {nullptr,
                      true,
                      -1,
                      0,
                      1,
                      2,
                      INT64_MAX,
                      INT64_MIN,
                      UINT64_MAX,
                      0.5,
                      1e300,
                      "",
                      "x",
                      json::array(),
                      json::object(),
                      json::array({json::array()})};
  const std::set<std::string> unused = {"/options", "/packs/order", "/packs/sources"};
  json flat = bundle.manifest.flatten();
  std::set<std::string> pointers;
  for (const auto &[pointer, value] : flat.items())
    for (size_t slash = pointer.find('/', 1);; slash = pointer.find('/', slash + 1)) {
      pointers.insert(pointer.substr(0, slash));
      if (slash == std::string::npos)
        break;
    }
  ASSERT_GT(pointers.size(), 200u);
  for (const std::string &pointer : pointers) {
    json::json_pointer place(pointer);
    std::string name = pointer;
    std::erase_if(name, [](char letter) { return letter >= '0' && letter <= '9'; });
    for (size_t at; (at = name.find("//")) != std::string::npos;)
      name.erase(at, 1);
    bool needed =
        std::ranges::none_of(unused, [&](auto &known) { return name.starts_with(known); });
    json &parent = bundle.manifest[place.parent_pointer()];
    if (parent.is_object()) {
      json without = bundle.manifest;
      without[place.parent_pointer()].erase(place.back());
      std::string message = refusalOf(without);
      if (needed)
        EXPECT_TRUE(message.ends_with(place.back() + ": missing")) << pointer << " " << message;
      else
        EXPECT_EQ(message, "accepted") << pointer;
    }
    for (const json &value : odd) {
      std::string message = refusal(pointer.c_str(), value);
      EXPECT_TRUE(message == "accepted" || message.starts_with("manifest: ") ||
                  message.starts_with("bundle is for version "))
          << pointer << " " << value << " " << message;
    }
  }
}

//===----------------------------------------------------------------------===//
// CPU features
//===----------------------------------------------------------------------===//

TEST(CpuFeatures, HostHasWhatItSays) {
  std::vector<std::string> host;
  for (std::string_view name : hostCpuFeatures())
    host.emplace_back(name);
  Status all = requireCpuFeatures(host);
  EXPECT_TRUE(all) << all.error();
  EXPECT_TRUE(requireCpuFeatures({}));
#if defined(__x86_64__)
  // The compiler's own look at the CPU.
  auto has = [&](const char *name) { return std::ranges::count(host, name) == 1; };
  EXPECT_TRUE(has("sse2"));
  EXPECT_EQ(has("avx2"), bool(__builtin_cpu_supports("avx2")));
  EXPECT_EQ(has("fma"), bool(__builtin_cpu_supports("fma")));
  EXPECT_EQ(has("f16c"), bool(__builtin_cpu_supports("f16c")));
  EXPECT_EQ(has("bmi2"), bool(__builtin_cpu_supports("bmi2")));
  EXPECT_EQ(has("lzcnt"), bool(__builtin_cpu_supports("lzcnt")));
  EXPECT_EQ(has("popcnt"), bool(__builtin_cpu_supports("popcnt")));
  EXPECT_EQ(has("gfni"), bool(__builtin_cpu_supports("gfni")));
  EXPECT_EQ(has("vaes"), bool(__builtin_cpu_supports("vaes")));
  EXPECT_EQ(has("avx512f"), bool(__builtin_cpu_supports("avx512f")));
  EXPECT_EQ(has("avx512bw"), bool(__builtin_cpu_supports("avx512bw")));
  EXPECT_EQ(has("avx512vl"), bool(__builtin_cpu_supports("avx512vl")));
  EXPECT_EQ(has("avx512dq"), bool(__builtin_cpu_supports("avx512dq")));
  EXPECT_EQ(has("avx512vnni"), bool(__builtin_cpu_supports("avx512vnni")));
  EXPECT_EQ(has("avx512bf16"), bool(__builtin_cpu_supports("avx512bf16")));
  EXPECT_EQ(has("avx512vbmi"), bool(__builtin_cpu_supports("avx512vbmi")));
  EXPECT_EQ(has("avx512vbmi2"), bool(__builtin_cpu_supports("avx512vbmi2")));
  EXPECT_EQ(has("avx512bitalg"), bool(__builtin_cpu_supports("avx512bitalg")));
  EXPECT_EQ(has("avx512vpopcntdq"), bool(__builtin_cpu_supports("avx512vpopcntdq")));
  EXPECT_EQ(has("avx512ifma"), bool(__builtin_cpu_supports("avx512ifma")));
  EXPECT_EQ(has("avxvnni"), bool(__builtin_cpu_supports("avxvnni")));
  EXPECT_EQ(has("xop"), bool(__builtin_cpu_supports("xop")));
  EXPECT_EQ(has("sse4a"), bool(__builtin_cpu_supports("sse4a")));
#endif
}

TEST(CpuFeatures, NamesAllThatAreMissing) {
  std::vector<std::string> missing;
  auto host = hostCpuFeatures();
  for (std::string_view name : knownCpuFeatures())
    if (std::ranges::count(host, name) == 0)
      missing.emplace_back(name);
  ASSERT_GE(missing.size(), 2u) << "no CPU has both xop and amx";
  EXPECT_EQ(requireCpuFeatures(std::vector{missing[0], missing[1]}).error(),
            "bundle needs CPU features that this machine lacks: " + missing[0] + ", " + missing[1]);
  EXPECT_EQ(requireCpuFeatures(std::vector<std::string>{"sse9", "", "+avx2"}).error(),
            "bundle needs CPU features that this version does not know: sse9, , +avx2");
}
