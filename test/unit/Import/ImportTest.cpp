//===- ImportTest.cpp - the graphs of models ------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"
#include "dialects/Graph/Graph.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <sys/resource.h>

using namespace mlir;
using namespace frit;
using namespace frit::test;

TEST_F(ImportTest, TextOfTheGraphParsesToTheSameGraph) {
  auto module = importMade({"--alternate", "q4_0,q8_0", "--untied", "--attention-bias"});
  ASSERT_TRUE(module) << diagnosticText;
  std::string text = print(*module);
  auto parsed = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(parsed) << diagnosticText;
  EXPECT_EQ(print(*parsed), text);
}

TEST_F(ImportTest, SameModelGivesTheSameText) {
  std::string path = makeModel({"--alternate", "q4_0,q4_1,q8_0", "--layers", "7"});
  auto first = import(path);
  MLIRContext otherContext;
  auto second = importModel(path, otherContext);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(print(*first), print(*second));
}

TEST_F(ImportTest, SmolLM2) {
  const char *path = std::getenv("FRIT_TEST_SMOLLM2");
  // Set but empty is an error: the scripts that count on it always set it.
  if (!path)
    GTEST_SKIP() << "FRIT_TEST_SMOLLM2 names no model";
  auto module = import(path);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  // Shapes, formats and offsets are those gguf 0.19 (PyPI) reads.
  EXPECT_TRUE(hasLines(
      print(*module),
      {"frit.context_length = 8192 : i64, frit.hidden = 576 : i64, frit.layers = 30 : i64, "
       "frit.model = \"Smollm2 135M 8k Lc100K Mix1 Ep2\"",
       "graph.weight @token_embd : !graph.weight<49152x576, q8_0> at @f0, 1785664\n",
       "graph.weights @block[30]",
       "graph.column @attn_norm : !graph.weight<576, f32> at [@f0], [31866688, 34083136, ",
       "graph.column @attn_q : !graph.weight<576x576, q4_1> at [@f0], [33806656, 36023104, ",
       "graph.column @ffn_down : !graph.weight<576x1536, q4_1> at [@f0], [31868992, 34085440, ",
       "graph.layer @decoder(%arg0: tensor<?x576xf32>, %arg1: !graph.tokens, %arg2: "
       "!kv.cache<3x64>",
       "theta = 1.000000e+05 : f64", "heads 9 over 3", "%0 = graph.param @token_embd",
       "[#graph.segment<@decoder, 0, 30>]", "graph.logits %5, %0 :"}));
  auto layers = module->getOps<graph::LayerOp>();
  EXPECT_EQ(std::distance(layers.begin(), layers.end()), 1);
}

TEST_F(ImportTest, LayersOfOneFormatAreOneClass) {
  auto module = importMade({"--layers", "8", "--alternate", "q4_0,q8_0", "--tensor-format",
                            "blk.[2-5].*=q4_0", "--tensor-format", "blk.6.ffn_down.*=f16"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  // Formats by layer: 4 8 4 4 4 4 x 8, where x has one matrix in f16.
  EXPECT_TRUE(hasLines(
      print(*module),
      {"graph.weights @block0[5]", "graph.column @attn_q : !graph.weight<64x64, q4_0>",
       "graph.layer @decoder0(", "graph.param @block0::@attn_norm", "graph.weights @block1[2]",
       "graph.column @attn_q : !graph.weight<64x64, q8_0>", "graph.layer @decoder1(",
       "graph.param @block1::@attn_norm", "graph.weights @block2[1]",
       "graph.column @ffn_down : !graph.weight<64x96, f16>", "graph.layer @decoder2(",
       "[#graph.segment<@decoder0, 0, 1>, #graph.segment<@decoder1, 0, 1>, "
       "#graph.segment<@decoder0, 1, 4>, #graph.segment<@decoder2, 0, 1>, "
       "#graph.segment<@decoder1, 1, 1>]"}));
}

TEST_F(ImportTest, LayersOfOtherHeadCountsAreOtherClasses) {
  auto module = importMade({"--kv-heads", "4", "--set", "llama.attention.head_count_kv=u32[]:4,4"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"@decoder(", "!kv.cache<4x16>", "heads 4 over 4",
                                        "[#graph.segment<@decoder, 0, 2>]"}));

  module = importMade({"--set", "llama.attention.head_count_kv=u32[]:2,1", "--drop",
                       "blk.1.attn_[kv].weight", "--add", "blk.1.attn_k.weight=q8_0:16x64", "--add",
                       "blk.1.attn_v.weight=q8_0:16x64"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(print(*module),
                       {"@decoder0(", "!kv.cache<2x16>", "heads 4 over 2", "@decoder1(",
                        "!kv.cache<1x16>", "heads 4 over 1",
                        "[#graph.segment<@decoder0, 0, 1>, #graph.segment<@decoder1, 0, 1>]"}));
}

TEST_F(ImportTest, WindowsOfSomeLayersAreAPattern) {
  std::vector<std::string> arguments = {"--arch",       "olmo2",
                                        "--layers",     "5",
                                        "--post-norms", "--qk-row-norm",
                                        "--drop",       "blk.*.attn_norm.weight",
                                        "--drop",       "blk.*.ffn_norm.weight",
                                        "--set",        "olmo2.rope.freq_base_swa=f32:5000"};
  auto module = importMade(arguments);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_EQ(print(*module).find("window"), std::string::npos);
  EXPECT_EQ(print(*module).find("5.000000e+03"), std::string::npos);

  arguments.insert(arguments.end(), {"--set", "olmo2.attention.sliding_window=u32:16"});
  module = importMade(arguments);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module),
                       {"@decoder0(", "theta = 5.000000e+03", "window = 16", "@decoder1(",
                        "theta = 1.000000e+04",
                        "[#graph.segment<@decoder0, 0, 3>, #graph.segment<@decoder1, 0, 1>, "
                        "#graph.segment<@decoder0, 3, 1>]"}));

  arguments.insert(arguments.end(), {"--set", "olmo2.attention.sliding_window_pattern=bool[]:"
                                              "false,true,true,true,true"});
  module = importMade(arguments);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"@decoder1(", "window = 16",
                                        "[#graph.segment<@decoder0, 0, 1>, "
                                        "#graph.segment<@decoder1, 0, 4>]"}));

  arguments.back() = "olmo2.attention.sliding_window_pattern=bool[]:true,false";
  EXPECT_TRUE(hasLines(refusalOfMade(arguments),
                       {"key olmo2.attention.sliding_window_pattern: expected one value for each "
                        "of 5 layers, found array of bool of 2"}));
}

TEST_F(ImportTest, UntiedOutputIsAWeightOfItsOwn) {
  auto module = importMade({"--untied", "--tensor-format", "output.weight=f16"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"graph.weight @output : !graph.weight<288x64, f16> at @f0",
                                        "%2 = graph.param @output :", "graph.logits %6, %2 :"}));
}

TEST_F(ImportTest, BiasesAreAddedWhereThereAreTensors) {
  auto module = importMade({"--attention-bias", "--add", "blk.0.ffn_down.bias=f32:64", "--add",
                            "blk.1.ffn_down.bias=f32:64"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(
      hasLines(print(*module),
               {"graph.column @attn_q :", "graph.column @attn_q_bias : !graph.weight<64, f32>",
                "graph.column @ffn_down :", "graph.column @ffn_down_bias : !graph.weight<64, f32>",
                "= graph.linear %13, %1 bias %2 :", "= graph.linear %13, %3 bias %4 :",
                "= graph.linear %13, %5 bias %6 :", "= graph.linear %25, %11 bias %12 :"}));
}

TEST_F(ImportTest, SplitModelHasAFileForEachPart) {
  makeModel({"--layers", "3", "--split", "2"}, "split");
  // Every part is a name of the whole model.
  for (StringRef part : {"split-00001-of-00002.gguf", "split-00002-of-00002.gguf"}) {
    auto module = import(directory.file(part));
    ASSERT_TRUE(module) << diagnosticText;
    EXPECT_TRUE(succeeded(verify(*module)));
    EXPECT_TRUE(
        hasLines(print(*module),
                 {"graph.file @f0 \"split-00001-of-00002.gguf\"",
                  "graph.file @f1 \"split-00002-of-00002.gguf\"",
                  "graph.weight @token_embd : !graph.weight<288x64, q8_0> at @f0, ",
                  "graph.column @attn_norm : !graph.weight<64, f32> at [@f0, @f0, @f1], [",
                  "graph.column @ffn_down : !graph.weight<64x96, q8_0> at [@f0, @f1, @f1], ["}));
  }
}

TEST_F(ImportTest, NameIsTheFilesWhenTheModelHasNone) {
  std::string path = makeModel({"--unset", "general.name"}, "my-model.gguf");
  auto module = import(path);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"frit.model = \"my-model\""}));
}

TEST_F(ImportTest, DefaultsOfAbsentKeys) {
  auto module =
      importMade({"--kv-heads", "4", "--no-tokenizer", "--unset", "llama.attention.head_count_kv",
                  "--unset", "llama.rope.freq_base", "--unset", "llama.rope.dimension_count"});
  ASSERT_TRUE(module) << diagnosticText;
  std::string text = print(*module);
  EXPECT_TRUE(hasLines(text, {"!kv.cache<4x16>", "dim = 16 : i64, head_dim = 16 : i64",
                              "theta = 1.000000e+04", "heads 4 over 4"}));
  EXPECT_EQ(text.find("frit.tokenizer"), std::string::npos);
}

TEST_F(ImportTest, VocabularyIsAsLongAsTheTokenizer) {
  // Files of fine-tuned models may still have the size of the model they began with.
  auto module = importMade({"--set", "llama.vocab_size=u32:280"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"frit.vocabulary = 288 : i64"}));
}

TEST_F(ImportTest, VocabularyOfAModelWithoutTokenizer) {
  auto module = importMade({"--no-tokenizer"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"frit.vocabulary = 288 : i64"}));
}

TEST_F(ImportTest, HeadsMayBeWiderThanTheModel) {
  auto module = importMade({"--head-dim", "32", "--set", "llama.rope.dimension_count=u32:8"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(print(*module), {"!graph.weight<128x64, q8_0>", "!kv.cache<2x32>",
                                        "dim = 8 : i64, head_dim = 32 : i64", "heads 4 over 2",
                                        "scale = 0.1767766952966368"}));
}

TEST_F(ImportTest, LinearRopeScalingIsAFactorOfPositions) {
  for (const std::vector<std::string> &keys :
       {std::vector<std::string>{"llama.rope.scaling.type=string:linear",
                                 "llama.rope.scaling.factor=f32:4"},
        {"llama.rope.scaling.factor=f32:4"},
        {"llama.rope.scale_linear=f32:4"}}) {
    std::vector<std::string> arguments;
    for (const std::string &key : keys)
      arguments.insert(arguments.end(), {"--set", key});
    auto module = importMade(arguments);
    ASSERT_TRUE(module) << diagnosticText;
    EXPECT_TRUE(hasLines(print(*module), {"graph.rope", "position_scale = 2.500000e-01 : f64",
                                          "graph.rope", "position_scale = 2.500000e-01 : f64"}));
  }
  auto module = importMade(
      {"--set", "llama.rope.scaling.type=string:none", "--set", "llama.rope.scaling.factor=f32:4"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_EQ(print(*module).find("position_scale"), std::string::npos);
}

TEST_F(ImportTest, SlidingWindow) {
  auto module = importMade({"--set", "llama.attention.sliding_window=u32:32"});
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(print(*module), {"mask = #graph.mask<causal>", "window = 32 : i64"}));
}

TEST_F(ImportTest, F32MetadataMeansItsShortestDecimal) {
  auto module = importMade({"--eps", "1e-6", "--theta", "1234567.9"});
  ASSERT_TRUE(module) << diagnosticText;
  // And not 9.99999997475242708E-7 and 1234567.875.
  EXPECT_TRUE(hasLines(
      print(*module), {"{eps = 9.9999999999999995E-7 : f64}", "theta = 1234567.8999999999 : f64"}));
}

TEST_F(ImportTest, KeysThatChangeNothingAreIgnored) {
  EXPECT_TRUE(importMade({"--set", "llama.tensor_data_layout=string:Meta AI original pth", "--set",
                          "llama.expert_count=u32:0", "--set", "llama.attention.causal=bool:true",
                          "--set", "llama.rope.scaling.finetuned=bool:true", "--set",
                          "general.anything=string:else"}))
      << diagnosticText;
}

TEST_F(ImportTest, LocationsNameTensorsAndRoles) {
  auto module = importMade({});
  ASSERT_TRUE(module) << diagnosticText;
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().enableDebugInfo(/*enable=*/true));
  EXPECT_TRUE(hasLines(text, {"#loc", "loc(\"token_embd.weight\")"}));
  for (StringRef location : {"blk.*.attn_q.weight", "blk.*.ffn_down.weight", "attention", "rope_q",
                             "rope_k", "kv_append", "ffn_glu", "attn_residual", "ffn_residual"})
    EXPECT_NE(text.find("loc(\"" + location.str() + "\")"), std::string::npos) << location.str();
}

TEST_F(ImportTest, SevenBillionParametersAreCheap) {
  std::string path = makeModel({"--layers", "32", "--hidden", "4096", "--heads", "32", "--kv-heads",
                                "32", "--head-dim", "128", "--ffn", "11008", "--vocabulary",
                                "32000", "--context", "4096", "--untied", "--format", "q4_0"});
  auto seconds = [](const timeval &time) {
    return double(time.tv_sec) + double(time.tv_usec) / 1e6;
  };
  rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  auto module = import(path);
  std::string text = module ? print(*module) : "";
  getrusage(RUSAGE_SELF, &after);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_LT(seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) -
                seconds(before.ru_stime),
            2.0);
  EXPECT_LT(after.ru_maxrss, 500 * 1024) << "kB";
  EXPECT_LT(text.size(), 300u * 1000);
}
