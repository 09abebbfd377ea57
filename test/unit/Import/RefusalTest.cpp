//===- RefusalTest.cpp - models that cannot be imported -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"
#include "lib/Arch/Registry.h"

using namespace frit;
using namespace frit::test;
using llvm::StringRef;

namespace {

/// Arguments that set metadata keys.
std::vector<std::string> setting(std::initializer_list<const char *> keys) {
  std::vector<std::string> arguments;
  for (const char *key : keys)
    arguments.insert(arguments.end(), {"--set", key});
  return arguments;
}

class RefusalTest : public ImportTest {
protected:
  void expectRefused(std::initializer_list<const char *> keys, const std::string &message) {
    EXPECT_EQ(refusalOfMade(setting(keys)), "$MODEL: cannot import: " + message + "\n");
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

TEST_F(RefusalTest, NoFile) {
  EXPECT_EQ(refusal(directory.file("none.gguf")),
            "$MODEL: cannot open the file: No such file or directory\n");
}

TEST_F(RefusalTest, Directory) {
  EXPECT_EQ(refusal(directory.file("")), "$MODEL: expected a directory with a config.json; is it "
                                         "a model that transformers saved?\n");
}

TEST_F(RefusalTest, NoGGUF) {
  EXPECT_TRUE(
      hasLines(refusal(directory.write("text.gguf", "This is no model, but a long enough text.")),
               {"$MODEL: ", "GGUF"}));
}

TEST_F(RefusalTest, TruncatedAtEveryKilobyte) {
  std::string path = makeModel({});
  auto whole = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE(whole);
  std::string bytes = (*whole)->getBuffer().str();
  whole->reset();
  ASSERT_GT(bytes.size(), 90000u);
  for (size_t size = 0; size < bytes.size(); size += 1024) {
    std::string text = refusal(directory.write("cut.gguf", StringRef(bytes).take_front(size)));
    EXPECT_TRUE(hasLines(text, {"$MODEL: "})) << size;
    EXPECT_EQ(StringRef(text).count('\n'), 1u) << text;
  }
}

TEST_F(RefusalTest, NoArchitecture) {
  EXPECT_EQ(refusalOfMade({"--unset", "general.architecture"}),
            "$MODEL: metadata key 'general.architecture' is missing\n");
}

TEST_F(RefusalTest, ArchitectureIsNoText) {
  EXPECT_TRUE(hasLines(refusalOfMade(setting({"general.architecture=u32:1"})),
                       {"$MODEL: metadata key 'general.architecture': expected", "u32"}));
}

/// "llama, qwen2"
static std::string builtinNames() {
  Result<std::vector<ArchRecord>> records = builtinRecords();
  EXPECT_TRUE(records) << records.error();
  std::string names;
  for (const ArchRecord &record : *records)
    names += (names.empty() ? "" : ", ") + record.name;
  return names;
}

TEST_F(RefusalTest, UnknownArchitectureIsNamedWithWhatTheFileHolds) {
  EXPECT_TRUE(hasLines(
      refusalOfMade({"--arch", "novel"}),
      {"$MODEL: frit does not know the architecture 'novel'; it knows " + builtinNames() +
           "; nearest are ernie4_5 (11 of 11 kinds of tensors), llama (11 of 11 kinds of "
           "tensors), "
           "pangu-embedded (11 of 11 kinds of tensors). If it is like one of them, try --like; "
           "else "
           "describe it in a record of your own and use --arch-spec. The model holds\n",
       "- key novel.block_count = 2\n", "- key novel.attention.layer_norm_rms_epsilon = 1e-05\n",
       "- tensor token_embd.weight: [288, 64] Q8_0\n",
       "- tensor blk.*.attn_q.weight (layers 0-1): [64, 64] Q8_0\n"}));
}

TEST_F(RefusalTest, ListOfWhatTheFileHoldsEnds) {
  std::vector<std::string> arguments = {"--arch", "novel"};
  for (int i = 0; i < 150; ++i)
    arguments.insert(arguments.end(), {"--set", "novel.key_" + std::to_string(i) + "=u32:1"});
  std::string text = refusalOfMade(arguments);
  EXPECT_EQ(StringRef(text).count('\n'), 102u);
  EXPECT_TRUE(hasLines(text, {"- key novel.key_89 = 1\n- and 71 more\n"}));
}

TEST_F(RefusalTest, LikeNothing) {
  ImportOptions options;
  options.like = "nothing";
  EXPECT_EQ(refusalOfMade({}, options),
            "there is no architecture record 'nothing'; there are: " + builtinNames() + "\n");
}

TEST_F(RefusalTest, NoRecordFile) {
  ImportOptions options;
  options.archSpecPath = directory.file("none.json");
  EXPECT_EQ(refusalOfMade({}, options), options.archSpecPath + ": No such file or directory\n");
}

//===----------------------------------------------------------------------===//
// Hyperparameters
//===----------------------------------------------------------------------===//

TEST_F(RefusalTest, NoHeads) {
  expectRefused(
      {"llama.attention.head_count=u32:0"},
      "key llama.attention.head_count: expected a whole number from 1 to 2147483647, found 0");
}

TEST_F(RefusalTest, HeadsThatDoNotDivideTheWidth) {
  EXPECT_EQ(refusalOfMade({"--set", "llama.attention.head_count=u32:3", "--unset",
                           "llama.rope.dimension_count"}),
            "$MODEL: cannot import, for 2 reasons\n"
            "- key llama.attention.key_length (absent): expected a whole number from 1 to "
            "2147483647, but 'hidden / heads' is 21.333333333333332 for hidden = 64, heads = 3\n"
            "- key llama.attention.value_length (absent): expected a whole number from 1 to "
            "2147483647, but 'gguf ? hidden / heads : head_dim' is 21.333333333333332 for hidden = "
            "64, heads = 3\n");
}

TEST_F(RefusalTest, KeyValueHeadsThatDoNotDivideTheHeads) {
  EXPECT_TRUE(
      hasLines(refusalOfMade(setting({"llama.attention.head_count_kv=u32:3"})),
               {"key llama.attention.head_count_kv: expected a divisor of the 4 heads, found 3"}));
}

TEST_F(RefusalTest, HugeCounts) {
  expectRefused({"llama.context_length=u32:4294967295"},
                "key llama.context_length: expected a whole number from 1 to 2147483647, found "
                "4294967295");
  expectRefused({"llama.embedding_length=u64:18446744073709551615"},
                "key llama.embedding_length: expected a whole number from 1 to 2147483647, found "
                "18446744073709551615");
}

TEST_F(RefusalTest, MoreLayersThanTensors) {
  expectRefused({"llama.block_count=u32:2000000000"},
                "key llama.block_count: expected no more layers than the 20 tensors of the file, "
                "found 2000000000");
}

TEST_F(RefusalTest, NegativeCount) {
  expectRefused({"llama.context_length=i32:-8"},
                "key llama.context_length: expected a whole number from 1 to 2147483647, found -8");
}

TEST_F(RefusalTest, CountThatIsNotWhole) {
  expectRefused(
      {"llama.context_length=f32:2.5"},
      "key llama.context_length: expected a whole number from 1 to 2147483647, found 2.5");
}

TEST_F(RefusalTest, EpsilonThatIsNoNumber) {
  expectRefused({"llama.attention.layer_norm_rms_epsilon=f32:nan"},
                "key llama.attention.layer_norm_rms_epsilon: expected a number above 0, found nan");
  expectRefused({"llama.attention.layer_norm_rms_epsilon=f32:inf"},
                "key llama.attention.layer_norm_rms_epsilon: expected a number above 0, found inf");
  expectRefused({"llama.attention.layer_norm_rms_epsilon=f32:-1"},
                "key llama.attention.layer_norm_rms_epsilon: expected a number above 0, found -1");
}

TEST_F(RefusalTest, TextInThePlaceOfANumber) {
  EXPECT_TRUE(hasLines(refusalOfMade(setting({"llama.context_length=string:long"})),
                       {"$MODEL: cannot import: key llama.context_length: expected", "string"}));
}

TEST_F(RefusalTest, ArrayInThePlaceOfANumber) {
  EXPECT_TRUE(
      hasLines(refusalOfMade(setting({"llama.context_length=u32[]:1,2"})),
               {"$MODEL: cannot import: key llama.context_length: expected", "array of u32"}));
}

TEST_F(RefusalTest, ArrayOfTheWrongLength) {
  expectRefused({"llama.attention.head_count=u32[]:4,4,4"},
                "key llama.attention.head_count: expected one value for each of 2 layers, found "
                "array of u32 of 3");
}

TEST_F(RefusalTest, BadElementOfAnArray) {
  expectRefused({"llama.attention.head_count=u32[]:4,0"},
                "key llama.attention.head_count of layer 1: expected a whole number from 1 to "
                "2147483647, found 0");
}

TEST_F(RefusalTest, MissingKey) {
  EXPECT_EQ(
      refusalOfMade({"--unset", "llama.attention.layer_norm_rms_epsilon"}),
      "$MODEL: cannot import: key llama.attention.layer_norm_rms_epsilon: is missing, but the "
      "model's eps is needed; a converter of this architecture writes it\n");
}

TEST_F(RefusalTest, MissingVocabulary) {
  EXPECT_EQ(
      refusalOfMade({"--no-tokenizer", "--unset", "llama.vocab_size"}),
      "$MODEL: cannot import: key llama.vocab_size: is missing, but the model's vocab_size is "
      "needed; a converter of this architecture writes it\n");
}

TEST_F(RefusalTest, TokensThatAreNoArray) {
  EXPECT_EQ(refusalOfMade({"--no-tokenizer", "--unset", "llama.vocab_size", "--set",
                           "tokenizer.ggml.tokens=u32:4"}),
            "$MODEL: cannot import: key tokenizer.ggml.tokens: expected an array whose length is a "
            "whole number from 1 to 2147483647, found 4\n");
}

TEST_F(RefusalTest, OddRopeDimension) {
  expectRefused({"llama.rope.dimension_count=u32:15"},
                "rope.dim: expected an even number up to head_dim = 16, found 15");
  expectRefused({"llama.rope.dimension_count=u32:18"},
                "rope.dim: expected an even number up to head_dim = 16, found 18");
}

//===----------------------------------------------------------------------===//
// What frit does not support
//===----------------------------------------------------------------------===//

TEST_F(RefusalTest, OtherRopeScaling) {
  expectRefused(
      {"llama.rope.scaling.type=string:ntk"},
      "key llama.rope.scaling.type: frit does not support this RoPE scaling ('ntk'); use a "
      "checkpoint whose RoPE scaling is one of default, dynamic, linear, llama3, longrope, none, "
      "su, yarn");
}

TEST_F(RefusalTest, RopeFrequencies) {
  EXPECT_EQ(
      refusalOfMade({"--add", "rope_freqs.weight=f32:8"}),
      "$MODEL: cannot import: tensor rope_freqs.weight: expected frequency factors above 0, found "
      "0\n");
  EXPECT_EQ(refusalOfMade({"--add", "rope_freqs.weight=f32:7"}),
            "$MODEL: cannot import: tensor rope_freqs.weight: expected 8 frequency factors in F32, "
            "found 7 in F32\n");
}

TEST_F(RefusalTest, Experts) {
  EXPECT_TRUE(hasLines(
      refusalOfMade({"--set", "llama.expert_count=u32:8", "--set", "llama.expert_used_count=u32:9",
                     "--add", "blk.0.ffn_gate_inp.weight=f32:8x64", "--add",
                     "blk.1.ffn_gate_inp.weight=f32:7x64"}),
      {"- blk.*.ffn_gate_exps.weight (layers 0-1): is missing; ",
       "- experts.used: expected at most the 8 there are, found 9\n",
       "- blk.1.ffn_gate_inp.weight: expected shape [experts, hidden] = [8, 64], found [7, 64]; ",
       "- blk.*.ffn_gate.weight (layers 0-1): the record 'llama' does not know this tensor; "}));
}

TEST_F(RefusalTest, NoCausalMask) {
  expectRefused({"llama.attention.causal=bool:false"},
                "key llama.attention.causal: frit does not support attention without a causal mask "
                "(false); use a decoder model");
}

TEST_F(RefusalTest, UnknownKeyOfTheArchitecture) {
  expectRefused(
      {"llama.logit_scale=f32:0.5"},
      "key llama.logit_scale: the record 'llama' does not know it (its value is 0.5), and "
      "it may change the result; describe or ignore it in a record of your own "
      "(--arch-spec)");
}

TEST_F(RefusalTest, TextsOfTheFileArePrintable) {
  std::string text =
      refusalOfMade({"--set", "llama.notes=string:a\nb\x1b[31m" + std::string(1000, 'c')});
  EXPECT_TRUE(
      hasLines(text, {"key llama.notes: ", "'a\\0Ab\\1B[31m" + std::string(52, 'c') + "...'"}));
  std::vector<std::string> escape = setting({"general.architecture=string:novel\x1b[31m"});
  EXPECT_TRUE(hasLines(refusalOfMade(escape), {"the architecture 'novel\\1B[31m'; it knows "}));
  ImportOptions options;
  options.like = "llama";
  EXPECT_TRUE(
      hasLines(refusalOfMade(escape, options), {"- key novel\\1B[31m.block_count: is missing"}));
}

TEST_F(RefusalTest, Formats) {
  EXPECT_EQ(
      refusalOfMade({"--hidden", "256", "--head-dim", "64", "--tensor-format", "*attn_q*=iq3_s",
                     "--tensor-format", "token_embd.weight=iq2_xxs"}),
      "$MODEL: cannot import, for 2 reasons\n"
      "- type IQ2_XXS of 1 tensor, token_embd.weight: frit cannot read it; convert the model to "
      "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, "
      "MXFP4 (llama-quantize does that)\n"
      "- type IQ3_S of 2 tensors, first blk.0.attn_q.weight: frit cannot read it; convert the "
      "model to F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, "
      "IQ4_NL, IQ4_XS, MXFP4 (llama-quantize does that)\n");
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

TEST_F(RefusalTest, MissingTensors) {
  EXPECT_EQ(refusalOfMade({"--layers", "6", "--drop", "blk.[0134].attn_k.weight", "--drop",
                           "blk.5.ffn_up.weight", "--drop", "output_norm.weight"}),
            "$MODEL: cannot import, for 3 reasons\n"
            "- output_norm.weight: is missing; is the file complete, and of architecture 'llama'?\n"
            "- blk.*.attn_k.weight (layers 0-1, 3-4): is missing; is the file complete, and of "
            "architecture 'llama'?\n"
            "- blk.5.ffn_up.weight: is missing; is the file complete, and of architecture "
            "'llama'?\n");
}

TEST_F(RefusalTest, UnexpectedTensors) {
  EXPECT_EQ(
      refusalOfMade({"--add", "blk.1.attn_sub_norm.weight=f32:64", "--add",
                     "blk.2.attn_q.weight=f32:64x64", "--add", "extra.weight=f32:64"}),
      "$MODEL: cannot import, for 3 reasons\n"
      "- blk.1.attn_sub_norm.weight: the record 'llama' does not know this tensor; describe or "
      "ignore it in a record of your own (--arch-spec)\n"
      "- blk.2.attn_q.weight: the record 'llama' does not know this tensor; describe or ignore "
      "it in a record of your own (--arch-spec)\n"
      "- extra.weight: the record 'llama' does not know this tensor; describe or ignore it in "
      "a record of your own (--arch-spec)\n");
}

TEST_F(RefusalTest, WrongShapes) {
  EXPECT_EQ(refusalOfMade(setting({"llama.feed_forward_length=u32:128"})),
            "$MODEL: cannot import, for 3 reasons\n"
            "- blk.*.ffn_gate.weight (layers 0-1): expected shape [ffn, hidden] = [128, 64], found "
            "[96, 64]; does the file's metadata belong to its tensors?\n"
            "- blk.*.ffn_up.weight (layers 0-1): expected shape [ffn, hidden] = [128, 64], found "
            "[96, 64]; does the file's metadata belong to its tensors?\n"
            "- blk.*.ffn_down.weight (layers 0-1): expected shape [hidden, ffn] = [64, 128], found "
            "[64, 96]; does the file's metadata belong to its tensors?\n");
}

TEST_F(RefusalTest, WrongRank) {
  EXPECT_TRUE(hasLines(
      refusalOfMade({"--drop", "output_norm.weight", "--add", "output_norm.weight=f32:2x32"}),
      {"output_norm.weight: expected shape [hidden] = [64], found [2, 32]"}));
}

TEST_F(RefusalTest, DimensionsOfOneDoNotMatter) {
  EXPECT_TRUE(
      importMade({"--drop", "output_norm.weight", "--add", "output_norm.weight=f32:1x1x64"}))
      << diagnosticText;
}

TEST_F(RefusalTest, EverythingAtOnce) {
  EXPECT_TRUE(
      hasLines(refusalOfMade({"--tensor-format", "blk.0.attn_q.weight=iq2_xxs", "--hidden", "256",
                              "--heads", "16", "--set", "llama.rope.scaling.type=string:ntk",
                              "--set", "llama.mystery=u32:1", "--drop", "blk.1.ffn_up.weight",
                              "--add", "rope_freqs.weight=f32:8"}),
               {"$MODEL: cannot import, for 5 reasons\n", "- key llama.mystery",
                "- type IQ2_XXS of 1 tensor", "- key llama.rope.scaling.type",
                "- tensor rope_freqs.weight: expected", "- blk.1.ffn_up.weight: is missing"}));
}

TEST_F(RefusalTest, ManyProblemsStayReadable) {
  std::vector<std::string> arguments;
  for (int i = 0; i < 150; ++i)
    arguments.insert(arguments.end(), {"--add", "extra_" + std::to_string(i) + "=f32:1"});
  std::string text = refusalOfMade(arguments);
  EXPECT_EQ(llvm::StringRef(text).count('\n'), 102u);
  EXPECT_TRUE(hasLines(text, {"- extra_99: ", "- and 50 more\n"}));
}
