//===- DirectoryTest.cpp - what a Hugging Face directory must hold ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestFiles.h"
#include "frit/Runtime/TokenizerData.h"
#include "lib/Import/Checkpoint.h"
#include "lib/Import/HuggingFace/HuggingFace.h"
#include "lib/Import/HuggingFace/TokenizerJSON.h"
#include "test/unit/Tokenizer/SentencePieceBytes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace frit;
using namespace frit::test;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

static std::string oneTensor(StringRef name) {
  return safetensors(
      ("{\"" + name + R"(": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})").str(),
      "1234");
}

namespace {
class DirectoryTest : public testing::Test {
protected:
  DirectoryTest() { EXPECT_FALSE(fs::createUniqueDirectory("frit-hf", directory)); }
  ~DirectoryTest() override { (void)fs::remove_directories(directory); }

  std::string file(StringRef name) const {
    llvm::SmallString<128> result = directory;
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  void write(StringRef name, StringRef text) const {
    std::error_code error;
    llvm::raw_fd_ostream(file(name), error) << text;
    EXPECT_FALSE(error) << error.message();
  }
  /// What opening it says, with $DIR for its path.
  std::string message() const {
    auto opened = HuggingFaceDirectory::open(directory);
    std::string text = opened ? "opened" : opened.error();
    for (size_t at; (at = text.find(directory.str())) != std::string::npos;)
      text.replace(at, directory.size(), "$DIR");
    return text;
  }

  llvm::SmallString<128> directory;
};
} // namespace

TEST_F(DirectoryTest, Config) {
  EXPECT_EQ(message(), "$DIR: expected a directory with a config.json; is it a model that "
                       "transformers saved?");
  write("config.json", "{\"a\": ");
  EXPECT_EQ(message(), "$DIR/config.json: line 1, column 6: unexpected EOF");
  write("config.json", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(message(), "$DIR/config.json: expected at most 1048576 bytes, found 1048577");
  write("config.json", "[1]");
  EXPECT_EQ(message(), "$DIR/config.json: expected an object");
}

TEST_F(DirectoryTest, Weights) {
  write("config.json", "{}");
  EXPECT_EQ(message(), "$DIR: expected model.safetensors or model.safetensors.index.json; weights "
                       "in other files cannot be read (save_pretrained of transformers writes "
                       "these)");
  write("pytorch_model.bin", "");
  EXPECT_TRUE(StringRef(message()).contains(", found pytorch_model.bin; weights"));
  write("model.safetensors", "short");
  EXPECT_EQ(message(), "$DIR/model.safetensors: expected the 8 bytes of a safetensors header's "
                       "length, found a file of 5 bytes");
  write("model.safetensors", oneTensor("t"));
  EXPECT_EQ(message(), "opened");
  // A file of it stands for the directory.
  EXPECT_TRUE(HuggingFaceDirectory::open(file("model.safetensors")));
}

TEST_F(DirectoryTest, Shards) {
  write("config.json", "{}");
  auto index = [&](StringRef map) {
    write("model.safetensors.index.json", ("{\"weight_map\": " + map + "}").str());
    std::string text = message();
    StringRef rest = text;
    return rest.consume_front("$DIR/model.safetensors.index.json: ") ? rest.str() : text;
  };
  EXPECT_EQ(index("1"), "expected an object 'weight_map'");
  EXPECT_EQ(index(R"({"a": 1})"), "expected the name of a file for tensor a");
  EXPECT_EQ(index(R"({"a": "1.safetensors", "b": "2.safetensors"})"),
            "expected the shards it lists, but there is no 1.safetensors, 2.safetensors; is the "
            "download complete?");
  EXPECT_EQ(index(R"({"a": "0", "b": "1", "c": "2", "d": "3", "e": "4", "f": "5", "g": "6",
                      "h": "7", "i": "8", "j": "9", "k": "A", "l": "B"})"),
            "expected the shards it lists, but there is no 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...; is "
            "the download complete?");
  write("1.safetensors", oneTensor("a"));
  write("2.safetensors", oneTensor("b"));
  EXPECT_EQ(index(R"({"a": "1.safetensors", "b": "2.safetensors"})"), "opened");
  EXPECT_EQ(index(R"({"a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors"})"),
            "expected tensor c in 2.safetensors; do index and shards belong together?");
  EXPECT_EQ(index(R"({"a": "1.safetensors", "c": "2.safetensors"})"),
            "expected 2.safetensors to hold only what the index says, found tensor b; do index and "
            "shards belong together?");
  EXPECT_EQ(index(R"({"a": "2.safetensors", "b": "1.safetensors"})"),
            "expected 1.safetensors to hold only what the index says, found tensor a; do index and "
            "shards belong together?");
  write("2.safetensors", oneTensor("a"));
  EXPECT_EQ(index(R"({"a": "1.safetensors", "b": "2.safetensors"})"),
            "expected tensor a in one shard, found it in 1.safetensors and in 2.safetensors");
}

TEST_F(DirectoryTest, NamesThatATerminalWouldObey) {
  write("config.json", "{}");
  write("model.safetensors.index.json", R"({"weight_map": {"a": "\u001b[31m\n"}})");
  EXPECT_EQ(message(), "$DIR/model.safetensors.index.json: expected the shards it lists, but there "
                       "is no \\1B[31m\\0A; is the download complete?");
}

TEST_F(DirectoryTest, LinksThatLeadNowhere) {
  const char *missing = "is a link to a file that does not exist; is the download complete?";
  ASSERT_FALSE(fs::create_link("none", file("config.json")));
  EXPECT_EQ(message(), (StringRef("$DIR/config.json: ") + missing).str());
  ASSERT_FALSE(fs::remove(file("config.json")));
  write("config.json", "{}");
  ASSERT_FALSE(fs::create_link("model.safetensors", file("model.safetensors")));
  EXPECT_EQ(message(),
            "$DIR/model.safetensors: " +
                std::make_error_code(std::errc::too_many_symbolic_link_levels).message());
  ASSERT_FALSE(fs::remove(file("model.safetensors")));
  write("model.safetensors", oneTensor("t"));
  ASSERT_FALSE(fs::create_link("none", file("tokenizer.json")));
  auto opened = HuggingFaceDirectory::open(directory);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(readTokenizer(**opened).error(), file("tokenizer.json") + ": " + missing);
}

TEST_F(DirectoryTest, NothingOutsideIsOpened) {
  write("config.json", "{}");
  write("outside.safetensors", oneTensor("a"));
  ASSERT_FALSE(fs::create_directory(file("model")));
  std::string outer = directory.str().str();
  directory = file("model");
  write("config.json", "{}");
  for (const char *name :
       {"../outside.safetensors", "../none.safetensors", "/etc/hostname", "..", "."}) {
    write("model.safetensors.index.json",
          (StringRef(R"({"weight_map": {"a": ")") + name + "\"}}").str());
    EXPECT_EQ(message(),
              (StringRef("$DIR/model.safetensors.index.json: tensor a: expected the name of a file "
                         "in the model's directory, found '") +
               name + "'")
                  .str());
  }
  // Links may lead to other names of the directory, but not out of it.
  ASSERT_FALSE(fs::create_link(outer + "/outside.safetensors", file("model.safetensors")));
  EXPECT_TRUE(StringRef(message()).starts_with(
      "$DIR/model.safetensors: expected a file in the model's directory, found a link to '"))
      << message();
  ASSERT_FALSE(fs::remove(file("model.safetensors")));
  write("real.safetensors", oneTensor("a"));
  ASSERT_FALSE(fs::create_link(file("real.safetensors"), file("model.safetensors")));
  EXPECT_EQ(message(), "opened");
  directory = outer;
}

TEST_F(DirectoryTest, CacheOfTheHub) {
  std::string outer = directory.str().str();
  directory = file("models--owner--name/snapshots/0123");
  ASSERT_FALSE(fs::create_directories(directory));
  ASSERT_FALSE(fs::create_directories(outer + "/models--owner--name/blobs"));
  for (auto [name, blob] :
       {std::pair("config.json", "../../blobs/a"), {"model.safetensors", "../../blobs/b"}}) {
    write(blob, StringRef(name).ends_with("json") ? "{}" : oneTensor("t"));
    ASSERT_FALSE(fs::create_link(blob, file(name)));
  }
  EXPECT_EQ(message(), "opened");
  directory = outer;
}

TEST_F(DirectoryTest, AnotherConfig) {
  write("config.json", R"({"a": 1, "b": 2})");
  write("model.safetensors", safetensors("{}", ""));
  Result<Checkpoint> checkpoint = Checkpoint::open(directory);
  ASSERT_TRUE(checkpoint) << checkpoint.error();
  EXPECT_TRUE(checkpoint->setConfig("\xEF\xBB\xBF{\"b\": 3, \"c\": {\"d\": 4}}"));
  // What is wrong changes nothing.
  EXPECT_EQ(checkpoint->setConfig("[]").error(),
            (directory + "/config.json: expected an object").str());
  EXPECT_FALSE(checkpoint->setConfig("{"));
  EXPECT_EQ(checkpoint->entries().size(), 2u);
  EXPECT_FALSE(checkpoint->find("a"));
  ASSERT_TRUE(checkpoint->find("b") && checkpoint->find("c.d"));
  EXPECT_EQ(checkpoint->find("b")->describe(), "3");
  EXPECT_EQ(checkpoint->find("c.d")->describe(), "4");
}

TEST_F(DirectoryTest, CheckpointOfALanguageModelThatSees) {
  write("config.json", R"({"model_type": "seer", "vision_config": {"a": 1}, "hidden_size": null,
                           "text_config": {"model_type": "seer_text", "hidden_size": 8, "b": {"c": [1]}}})");
  write("model.safetensors",
        safetensors(
            R"({"language_model.model.x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
                "vision_tower.y": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
                "model.language_model.z": {"dtype": "I64", "shape": [1], "data_offsets": [8, 16]}})",
            "0123456789abcdef"));
  Result<Checkpoint> checkpoint = Checkpoint::open(directory);
  ASSERT_TRUE(checkpoint) << checkpoint.error();
  EXPECT_EQ(*checkpoint->architecture(), "seer");
  std::string entries;
  for (const Checkpoint::Entry &entry : checkpoint->entries())
    entries += entry.key + "=" + entry.value.describe() + " ";
  EXPECT_EQ(entries, "b.c=a list of 1 hidden_size=8 model_type='seer_text' vision_config.a=1 ");
  ASSERT_TRUE(checkpoint->findTensor("model.x"));
  EXPECT_EQ(checkpoint->findTensor("model.x")->format, Format::F32);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(checkpoint->findTensor("model.x")->data), 4),
            "0123");
  ASSERT_TRUE(checkpoint->findTensor("model.z"));
  EXPECT_EQ(checkpoint->findTensor("model.z")->format, std::nullopt);
  EXPECT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->tokenizerKind(), "");
  EXPECT_EQ(checkpoint->readTokenizer()->model, "none");
}

TEST_F(DirectoryTest, ArchitectureWithoutAModelType) {
  write("model.safetensors", safetensors("{}", ""));
  auto architecture = [&](StringRef config) {
    write("config.json", config);
    Result<Checkpoint> checkpoint = Checkpoint::open(directory);
    EXPECT_TRUE(checkpoint) << checkpoint.error();
    Result<std::string_view> name = checkpoint->architecture();
    return name ? std::string(*name) : StringRef(name.error()).rsplit(": ").second.str();
  };
  EXPECT_EQ(architecture(R"({"model_type": "a", "architectures": ["B"]})"), "a");
  EXPECT_EQ(architecture(R"({"architectures": ["B", "C"]})"), "B");
  for (StringRef config : {"{}", R"({"architectures": []})", R"({"architectures": [1]})",
                           R"({"architectures": "B"})", R"({"model_type": 1})"})
    EXPECT_EQ(architecture(config), "expected a text 'model_type' in config.json");
}

TEST_F(DirectoryTest, TokensFromTheFilesBesideTheVocabulary) {
  write("config.json", R"({"eos_token_id": 2, "bos_token_id": 99})");
  write("model.safetensors", oneTensor("t"));
  write("tokenizer.json",
        R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3}, "merges": []},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}})");
  write("tokenizer_config.json", R"({"eos_token": {"content": "b"}, "pad_token": "d",
    "chat_template": [{"name": "x", "template": "X"}, {"name": "default", "template": "D"}]})");
  write("generation_config.json", R"({"eos_token_id": [3, 1, 77]})");
  auto opened = HuggingFaceDirectory::open(directory);
  ASSERT_TRUE(opened) << opened.error();
  Result<TokenizerData> data = readTokenizer(**opened);
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->eosId, 1);
  EXPECT_EQ(data->padId, 3);
  EXPECT_EQ(data->bosId, std::nullopt);
  EXPECT_EQ(data->endOfGenerationIds, std::vector<int32_t>({1, 2, 3}));
  EXPECT_EQ(data->chatTemplate, "D");
  write("chat_template.jinja", "J");
  EXPECT_EQ(readTokenizer(**opened)->chatTemplate, "J");
  write("chat_template.jinja", "\xFF");
  EXPECT_EQ(readTokenizer(**opened).error(), file("chat_template.jinja") + ": expected UTF-8");
  write("chat_template.jinja", StringRef("J\0", 2));
  EXPECT_EQ(readTokenizer(**opened).error(),
            (directory.str() + ": expected a chat template without NUL characters").str());
  ASSERT_FALSE(fs::remove(file("chat_template.jinja")));
  write("generation_config.json", "{");
  EXPECT_FALSE(readTokenizer(**opened));
  write("tokenizer.json", "[]");
  EXPECT_EQ(readTokenizer(**opened).error(),
            (directory.str() + "/tokenizer.json: expected an object").str());
}

TEST_F(DirectoryTest, TokenizerModelAndTheFilesBesideIt) {
  write("config.json", R"({"eos_token_id": 2})");
  write("model.safetensors", oneTensor("t"));
  write("tokenizer.model", someFile());
  EXPECT_EQ(Checkpoint::open(directory)->tokenizerKind(), "tokenizer.model");
  auto opened = HuggingFaceDirectory::open(directory);
  ASSERT_TRUE(opened) << opened.error();
  Result<TokenizerData> data = readTokenizer(**opened);
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->bosId, 1);
  EXPECT_EQ(data->eosId, 2);
  EXPECT_EQ(data->endOfGenerationIds, std::vector<int32_t>({2}));
  EXPECT_TRUE(data->addBos);
  EXPECT_TRUE(data->addSpacePrefix);
  EXPECT_FALSE(data->prefixesOnlyStart);

  write("added_tokens.json", R"({"<|x|>": 7, "<|y|>": 6})");
  write("special_tokens_map.json", R"({"bos_token": {"content": "<|x|>"}, "eos_token": "</s>",
    "additional_special_tokens": ["<|y|>", {"content": "b"}]})");
  write("tokenizer_config.json",
        R"({"eos_token": "<|y|>", "add_bos_token": false, "add_eos_token": true, "legacy": false,
    "add_prefix_space": false, "chat_template": "T", "added_tokens_decoder": {
      "3": {"content": "a", "lstrip": true, "special": false, "normalized": true},
      "9": {"content": "<|z|>", "rstrip": true, "single_word": true, "special": true}}})");
  data = readTokenizer(**opened);
  ASSERT_TRUE(data) << data.error();
  EXPECT_EQ(data->tokens, std::vector<std::string>({"<unk>", "<s>", "</s>", "a", "ab", "b", "<|y|>",
                                                    "<|x|>", "", "<|z|>"}));
  constexpr TokenType unknown = TokenType::Unknown, control = TokenType::Control,
                      unused = TokenType::Unused;
  EXPECT_EQ(data->tokenTypes,
            std::vector<TokenType>({unknown, control, control, TokenType::UserDefined, unused,
                                    control, control, control, unused, control}));
  EXPECT_EQ(data->addedTokenRules, std::vector<AddedTokenRule>({{3, true, false, false, false},
                                                                {9, false, true, true, false},
                                                                {.id = 6, .isBehind = true}}));
  EXPECT_EQ(data->bosId, 7);
  EXPECT_EQ(data->eosId, 6);
  EXPECT_EQ(data->unknownId, 0);
  EXPECT_EQ(data->chatTemplate, "T");
  EXPECT_FALSE(data->addBos);
  EXPECT_FALSE(data->addSpacePrefix);
  EXPECT_TRUE(data->prefixesOnlyStart);

  auto errorWith = [&](const char *name, const char *text) {
    write(name, text);
    return readTokenizer(**opened).error();
  };
  for (const char *tokens : {R"({"<|x|>": 4096})", R"({"<|x|>": -1})"})
    EXPECT_EQ(errorWith("added_tokens.json", tokens),
              file("added_tokens.json") + ": expected ids below 1042 for so many tokens, found " +
                  StringRef(tokens).drop_front(10).drop_back().str());
  EXPECT_EQ(errorWith("added_tokens.json", R"({"<|x|>": "a"})"),
            file("added_tokens.json") + ": expected a text and an id of each token");
  EXPECT_FALSE(errorWith("added_tokens.json", "{").empty());
  write("added_tokens.json", "{}");
  for (const char *tokens : {R"({"x": {"content": "a"}})", R"({"1": {}})", R"({"1": "a"})"})
    EXPECT_EQ(errorWith("tokenizer_config.json",
                        (R"({"added_tokens_decoder": )" + std::string(tokens) + "}").c_str()),
              file("tokenizer_config.json") + ": expected a text and an id of each token");
  write("tokenizer_config.json", "{}");
  EXPECT_EQ(errorWith("tokenizer.model", "\x0A\x05pp"),
            file("tokenizer.model") + ": byte 2: expected 5 bytes of field 1, found 2");
  // What a tokenizer.json says counts.
  write("tokenizer.json", "[]");
  EXPECT_EQ(Checkpoint::open(directory)->tokenizerKind(), "tokenizer.json");
  EXPECT_EQ(readTokenizer(**opened).error(), file("tokenizer.json") + ": expected an object");
}
