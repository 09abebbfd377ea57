//===- DescribeTest.cpp - what a model is made of -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Describe.h"
#include "TestModels.h"

using namespace mlir;
using namespace frit;
using namespace frit::test;

namespace {

/// 5 layers, of which 0, 1 and 4 are Q4_0 and 2 and 3 are Q8_0.
class DescribeTest : public ImportTest {
protected:
  DescribeTest() {
    auto module = importMade({"--layers", "5", "--format", "q4_0", "--tensor-format",
                              "blk.[23].*=q8_0", "--tensor-format", "token_embd.weight=f16"});
    EXPECT_TRUE(module) << diagnosticText;
    if (module)
      model = describeModel(*module);
  }

  ModelDescription model;
};

} // namespace

// By hand: the matrices of a layer have 2*64*64 + 2*32*64 + 3*96*64 = 30,720 elements, its norms
// 128; Q4_0 takes 18 bytes and Q8_0 34 for 32 elements.
TEST_F(DescribeTest, Counts) {
  EXPECT_EQ(model.layers, 5);
  EXPECT_EQ(model.parameters, 288 * 64 + 64 + 5 * (30720 + 128));
  EXPECT_EQ(model.weightBytes,
            288 * 64 * 2 + 64 * 4 + 5 * 128 * 4 + 3 * 30720 / 32 * 18 + 2 * 30720 / 32 * 34);
  EXPECT_TRUE(model.tied);
  // 2 heads of 16, K and V, 5 layers.
  EXPECT_EQ(model.kvElementsPerToken, 2 * 16 * 2 * 5);
  EXPECT_EQ(model.kvBytesPerToken(Format::F16), 640);
  EXPECT_EQ(model.kvBytesPerToken(Format::F32), 1280);
}

TEST_F(DescribeTest, Table) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  model.print(stream);
  EXPECT_EQ(text, R"(model         tiny
architecture  llama
file          model.gguf
tokenizer     gpt2 smollm
context       128 tokens
vocabulary    288 tokens, output tied to the embedding
hidden        64
parameters    172,736 (173 k)
weights       157 kB in 4 formats
KV cache      640 B a token as f16 (81.9 kB for the whole context), 1.28 kB as f32
layers        5 in 2 classes
  decoder0: layers 0-1, 4; 4 heads of 16 over 2, FFN 96
  decoder1: layers 2-3; 4 heads of 16 over 2, FFN 96

format   weights      parameters         bytes
f32           11             704       2.82 kB
f16            1          18,432       36.9 kB
q4_0          21          92,160       51.8 kB
q8_0          14          61,440       65.3 kB

weight                      shape  format  count         bytes
token_embd                 288x64  f16         1       36.9 kB
output_norm                    64  f32         1         256 B
block0.attn_norm               64  f32         3         768 B
block0.attn_q               64x64  q4_0        3       6.91 kB
block0.attn_k               32x64  q4_0        3       3.46 kB
block0.attn_v               32x64  q4_0        3       3.46 kB
block0.attn_output          64x64  q4_0        3       6.91 kB
block0.ffn_norm                64  f32         3         768 B
block0.ffn_gate             96x64  q4_0        3       10.4 kB
block0.ffn_up               96x64  q4_0        3       10.4 kB
block0.ffn_down             64x96  q4_0        3       10.4 kB
block1.attn_norm               64  f32         2         512 B
block1.attn_q               64x64  q8_0        2       8.70 kB
block1.attn_k               32x64  q8_0        2       4.35 kB
block1.attn_v               32x64  q8_0        2       4.35 kB
block1.attn_output          64x64  q8_0        2       8.70 kB
block1.ffn_norm                64  f32         2         512 B
block1.ffn_gate             96x64  q8_0        2       13.1 kB
block1.ffn_up               96x64  q8_0        2       13.1 kB
block1.ffn_down             64x96  q8_0        2       13.1 kB
)");
}

TEST_F(DescribeTest, JSON) {
  std::string text;
  llvm::raw_string_ostream(text) << model.toJSON();
  EXPECT_TRUE(hasLines(
      text,
      {R"("architecture":"llama","context_length":128,"files":["model.gguf"])",
       R"({"bytes":2816,"format":"f32","parameters":704,"weights":11})",
       R"("hidden":64,"kv_bytes_per_token":{"f16":640,"f32":1280})",
       R"({"ffn":96,"heads":4,"key_dim":16,"kv_heads":2,"layers":3,"name":"decoder0","segments":[{"count":2,"first":0},{"count":1,"first":4}],"value_dim":16,"window":0})",
       R"("layers":5,"model":"tiny","parameters":172736,"tied":true,"tokenizer":"gpt2 smollm","vocabulary":288,"weight_bytes":156800)",
       R"({"bytes":36864,"count":1,"format":"f16","name":"token_embd","shape":[288,64]})"}));
}

TEST_F(ImportTest, DescriptionOfAnUntiedModelWithAWindow) {
  auto module = importMade({"--untied", "--no-tokenizer", "--head-dim", "32", "--set",
                            "llama.attention.sliding_window=u32:20"});
  ASSERT_TRUE(module) << diagnosticText;
  ModelDescription model = describeModel(*module);
  EXPECT_FALSE(model.tied);
  std::string text;
  llvm::raw_string_ostream stream(text);
  model.print(stream);
  EXPECT_TRUE(hasLines(text, {"tokenizer none\n", "vocabulary 288 tokens\n", "2 in 1 class\n",
                              " decoder: layers 0-1; 4 heads of 32 over 2, FFN 96, window 20\n"}));
}

TEST_F(ImportTest, DescriptionOfNamesThatAreNoText) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  (*module)->setAttr(modelAttrName, StringAttr::get(&context, "a\xff"
                                                              "b"));
  std::string text;
  llvm::raw_string_ostream(text) << describeModel(*module).toJSON();
  EXPECT_TRUE(hasLines(text, {"\"model\":\"a\xef\xbf\xbd"
                              "b\""}));
}
