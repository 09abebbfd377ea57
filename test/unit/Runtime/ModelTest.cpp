//===- ModelTest.cpp - bundles are opened, or refused by name -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Model.h"

#include "FakeBundle.h"
#include "lib/Runtime/CpuFeatures.h"
#include "lib/Runtime/Session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <elf.h>
#include <filesystem>

using namespace frit;
using namespace frit::test;

namespace {
class ModelTest : public testing::Test {
protected:
  /// Why the bundle is refused, without the path.
  std::string refusal() {
    bundle.write(path);
    auto model = Model::open(path);
    if (model)
      return "accepted";
    EXPECT_TRUE(model.error().starts_with(path + ": ")) << model.error();
    return model.error().substr(std::min(path.size() + 2, model.error().size()));
  }

  static std::vector<float> logitsOfTokenFive(std::shared_ptr<const Model> model) {
    auto session = Session::create(std::move(model), {.context = 1, .threads = 1});
    EXPECT_TRUE(session) << session.error();
    EXPECT_TRUE((*session)->evaluate(std::vector<BatchToken>{{5, 0, 0, true}}));
    auto logits = (*session)->logits(0);
    return {logits.begin(), logits.end()};
  }

  TemporaryDirectory directory;
  std::string path = directory.file("model.frit");
  FakeBundle bundle;
};
} // namespace

TEST_F(ModelTest, OpensABundle) {
  bundle.write(path);
  auto opened = Model::open(path);
  ASSERT_TRUE(opened) << opened.error();
  const Model &model = **opened;
  EXPECT_EQ(model.manifest().modelName, "fake");
  EXPECT_EQ(model.manifestText(), bundle.manifest.dump(2));
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(model.packs()), model.packsBytes()),
            bundle.packs);
  EXPECT_EQ(model.fileBytes(), std::filesystem::file_size(path));
  ASSERT_NE(model.tokenizer(), nullptr);
  EXPECT_EQ(model.tokenizer()->data(), fakeTokenizer());
}

TEST_F(ModelTest, HugePagesHoldTheSameWeights) {
  // Long enough for a huge page.
  bundle.packs.resize(3'000'000, 'p');
  bundle.write(path);
  auto model = Model::open(path, {.hugePages = true});
  ASSERT_TRUE(model) << model.error();
  EXPECT_TRUE(std::string(reinterpret_cast<const char *>((*model)->packs()),
                          (*model)->packsBytes()) == bundle.packs);
  EXPECT_EQ(reinterpret_cast<uintptr_t>((*model)->packs()) % (2 << 20), 0u);
  EXPECT_EQ(logitsOfTokenFive(*model), logitsOfTokenFive(*Model::open(path)));
}

TEST_F(ModelTest, WorksWithoutATokenizer) {
  bundle.withTokenizer = false;
  bundle.write(path);
  auto model = Model::open(path);
  ASSERT_TRUE(model) << model.error();
  EXPECT_EQ((*model)->tokenizer(), nullptr);
}

/// The second bundle's code must not be taken for the first one's, as the dynamic linker would if
/// both were loaded under the same name.
TEST_F(ModelTest, EveryModelHasItsOwnCode) {
  FakeBundle salted;
  salted.code = readBytes(FRIT_SALTED_PHASES);
  salted.write(directory.file("salted.frit"));
  bundle.write(path);
  std::vector<float> expected = fakeLogits(bundle, std::vector<int32_t>{5})[0];
  auto check = [&](std::shared_ptr<const Model> model, float salt) {
    std::vector<float> logits = logitsOfTokenFive(std::move(model));
    for (size_t v = FakeLogitCount; v < logits.size(); ++v)
      ASSERT_EQ(logits[v], static_cast<float>(static_cast<int>(expected[v] + salt) % 4096));
  };
  auto plain = Model::open(path), other = Model::open(directory.file("salted.frit"));
  ASSERT_TRUE(plain && other);
  check(*plain, 0);
  check(*other, 1);
  plain->reset();
  plain = Model::open(directory.file("salted.frit"));
  check(*plain, 1);
  other->reset();
  other = Model::open(path);
  check(*other, 0);
}

TEST_F(ModelTest, RefusesOtherMachines) {
  auto host = hostCpuFeatures();
  auto known = knownCpuFeatures();
  auto missing = std::ranges::find_if(
      known, [&](std::string_view name) { return std::ranges::count(host, name) == 0; });
  ASSERT_NE(missing, known.end());
  bundle.manifest["target"]["features"] = host;
  EXPECT_EQ(refusal(), "accepted");
  bundle.manifest["target"]["features"].push_back(*missing);
  EXPECT_EQ(refusal(),
            "bundle needs CPU features that this machine lacks: " + std::string(*missing));
  // Code is not even looked at.
  bundle.code = "";
  EXPECT_EQ(refusal(),
            "bundle needs CPU features that this machine lacks: " + std::string(*missing));
  bundle.manifest["target"]["features"] = {"quantum"};
  EXPECT_EQ(refusal(), "bundle needs CPU features that this version does not know: quantum");
}

TEST_F(ModelTest, RefusesOtherVersions) {
  bundle.manifest["abi"] = 4;
  EXPECT_EQ(refusal(),
            "bundle is for version 4 of the runtime's ABI, this is version 3: compile the "
            "model again");
  bundle.manifest["abi"] = 0;
  EXPECT_EQ(refusal(),
            "bundle is for version 0 of the runtime's ABI, this is version 3: compile the "
            "model again");
}

TEST_F(ModelTest, RefusesCodeThatCannotBeLoaded) {
  std::string good = bundle.code;
  bundle.code = "";
  EXPECT_EQ(refusal(), "code is no shared object: 0 bytes are less than an ELF header");
  bundle.code = std::string(1000, 'x');
  EXPECT_EQ(refusal(), "code is no 64-bit ELF shared object");
  bundle.code = good;
  bundle.code[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(refusal(), "code is no 64-bit ELF shared object");
  bundle.code = good;
  bundle.code[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
  EXPECT_TRUE(refusal().starts_with("code is for ELF machine 243, this machine is "));
  bundle.code = good;
  bundle.manifest["phases"][3]["symbol"] = "fakeNone";
  EXPECT_EQ(refusal(), "code has no function 'fakeNone'");
  bundle.manifest["phases"][3]["symbol"] = std::string("fake\0Mix", 8);
  EXPECT_NE(refusal(), "accepted");
  bundle.manifest["phases"][3]["symbol"] = "malloc"; // of another library
  EXPECT_EQ(refusal(), "code has no function 'malloc'");
}

TEST_F(ModelTest, RefusesOtherVocabularies) {
  std::string good = bundle.tokenizer;
  bundle.tokenizer = good.substr(0, good.size() / 2);
  EXPECT_TRUE(refusal().starts_with("tokenizer: "));
  bundle.tokenizer = "";
  EXPECT_TRUE(refusal().starts_with("tokenizer: "));
  TokenizerData data = fakeTokenizer();
  data.bosId = 1 << 30;
  bundle.tokenizer = data.serialize();
  EXPECT_TRUE(refusal().starts_with("tokenizer: "));
  data = fakeTokenizer();
  data.tokens.push_back("one more");
  if (!data.tokenTypes.empty())
    data.tokenTypes.push_back(TokenType::Normal);
  bundle.tokenizer = data.serialize();
  int32_t vocabulary = bundle.vocabulary();
  EXPECT_EQ(refusal(), "tokenizer has " + std::to_string(vocabulary + 1) + " tokens, the model " +
                           std::to_string(vocabulary));
}
