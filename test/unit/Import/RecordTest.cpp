//===- RecordTest.cpp - models through records of the user's --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"
#include "lib/Arch/Registry.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace frit;
using namespace frit::test;

/// Puts the fields of `changes` into `object`, those of objects one by one.
static void merge(llvm::json::Object &object, const llvm::json::Object &changes) {
  for (const auto &[key, value] : changes) {
    llvm::json::Object *inner = object.getObject(key);
    if (inner && value.getAsObject())
      merge(*inner, *value.getAsObject());
    else
      object[key] = value;
  }
}

namespace {

class RecordTest : public ImportTest {
protected:
  /// The options that use llama's record with `changes` merged into it.
  ImportOptions changedLlama(StringRef changes) {
    llvm::Expected<llvm::json::Value> record = llvm::json::parse(*findBuiltinRecord("llama"));
    llvm::Expected<llvm::json::Value> change = llvm::json::parse(changes);
    EXPECT_TRUE(record && change);
    merge(*record->getAsObject(), *change->getAsObject());
    std::string merged;
    llvm::raw_string_ostream(merged) << *record;
    ImportOptions options;
    options.archSpecPath = directory.write("record.json", merged);
    return options;
  }
};

} // namespace

TEST_F(RecordTest, ServesAnyArchitecture) {
  auto module = importMade({"--arch", "novel"}, changedLlama(R"({"name": "mine", "gguf": []})"));
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(hasLines(print(*module), {"frit.arch = \"novel\""}));
}

TEST_F(RecordTest, LikeUsesTheRecordOfAnotherArchitecture) {
  ImportOptions options;
  options.like = "llama";
  EXPECT_TRUE(importMade({"--arch", "novel"}, options)) << diagnosticText;
}

TEST_F(RecordTest, EveryKnobReachesTheGraph) {
  ImportOptions options = changedLlama(R"json({
    "norm": {"offset": 1},
    "attention": {"scale": "1 / head_dim", "softcap": 50, "qk_norm": "before_rope",
                  "window": "layer % 2 == 0 ? 24 : 0"},
    "embedding": {"scale": "sqrt(hidden)"},
    "residual": {"scale": "1.5 / sqrt(layers + 7)"},
    "logits": {"scale": 0.25, "softcap": 30},
    "rope": {"pairs": "halves"},
    "ffn": {"activation": "gelu_tanh"},
    "tensors": {
      "attn_q_norm": {"gguf": "blk.{layer}.attn_q_norm.weight", "shape": ["head_dim"]},
      "attn_k_norm": {"gguf": "blk.{layer}.attn_k_norm.weight", "shape": ["head_dim"]},
      "attn_post_norm": {"gguf": "blk.{layer}.post_attention_norm.weight", "shape": ["hidden"]},
      "ffn_post_norm": {"gguf": "blk.{layer}.post_ffw_norm.weight", "shape": ["hidden"]}
    }
  })json");
  auto module = importMade({"--qk-norm", "--add", "blk.0.post_attention_norm.weight=f32:64",
                            "--add", "blk.1.post_attention_norm.weight=f32:64", "--add",
                            "blk.0.post_ffw_norm.weight=f32:64", "--add",
                            "blk.1.post_ffw_norm.weight=f32:64"},
                           options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(
      print(*module),
      {"graph.layer @decoder0(",
       "%13 = graph.norm %arg0, %0 {eps = 1.000000e-05 : f64, offset = 1.000000e+00 : f64}",
       "%14 = graph.linear %13, %1",
       "%15 = graph.linear %13, %3",
       "%16 = graph.linear %13, %5",
       "%17 = graph.norm %14, %2 {eps = 1.000000e-05 : f64, group = 16 : i64, offset",
       "%18 = graph.norm %15, %4 {eps = 1.000000e-05 : f64, group = 16 : i64, offset",
       "%19 = graph.rope %17, %arg1 halves",
       "%20 = graph.rope %18, %arg1 halves",
       "kv.append %arg2, %20, %16",
       "%21 = graph.attention %19 cache %arg2, %arg1 heads 4 over 2 {mask = #graph.mask<causal>, "
       "scale = 6.250000e-02 : f64, softcap = 5.000000e+01 : f64, window = 24 : i64}",
       "%22 = graph.linear %21, %6",
       "%23 = graph.norm %22, %7",
       "%24 = graph.residual %arg0, %23 {scale = 5.000000e-01 : f64}",
       "%25 = graph.norm %24, %8",
       "gelu_tanh",
       "%30 = graph.norm %29, %12",
       "%31 = graph.residual %24, %30 {scale = 5.000000e-01 : f64}",
       "graph.return %31",
       "graph.layer @decoder1(",
       "softcap = 5.000000e+01 : f64}",
       "graph.embed %arg0, %0 {scale = 8.000000e+00 : f64}",
       "{scale = 2.500000e-01 : f64, softcap = 3.000000e+01 : f64}"}));
}

TEST_F(RecordTest, NormsOfQAndKMayComeAfterRopeAndSpanTheRow) {
  ImportOptions options = changedLlama(R"json({
    "attention": {"qk_norm": "after_rope"},
    "tensors": {
      "attn_q_norm": {"gguf": "blk.{layer}.attn_q_norm.weight", "shape": ["heads * head_dim"]}
    }
  })json");
  auto module = importMade(
      {"--add", "blk.0.attn_q_norm.weight=f32:64", "--add", "blk.1.attn_q_norm.weight=f32:64"},
      options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  std::string text = print(*module);
  EXPECT_TRUE(hasLines(text, {"%14 = graph.rope %11", "%15 = graph.rope %12",
                              "%16 = graph.norm %14, %2 {eps", "kv.append %arg2, %15, %13",
                              "graph.attention %16"}));
  EXPECT_EQ(text.find("group"), std::string::npos);
}

TEST_F(RecordTest, FusedTensorsMayHaveGroups) {
  // Of q, k and v a head each, four times.
  ImportOptions options = changedLlama(R"json({
    "tensors": {
      "attn_q": {"gguf": "blk.{layer}.attn_qkv.weight", "rows": {"from": 0, "of": 48, "groups": "heads"}},
      "attn_k": {"gguf": "blk.{layer}.attn_qkv.weight", "rows": {"from": 16, "of": 48, "groups": "heads"}},
      "attn_v": {"gguf": "blk.{layer}.attn_qkv.weight", "rows": {"gguf": {"from": 32, "of": 48, "groups": "heads"}}}
    }
  })json");
  std::vector<std::string> arguments = {"--kv-heads", "4", "--drop", "blk.*.attn_[qkv].weight"};
  auto withTensor = [&](const std::string &shape) {
    std::vector<std::string> result = arguments;
    for (const char *layer : {"0", "1"})
      result.insert(result.end(),
                    {"--add", std::string("blk.") + layer + ".attn_qkv.weight=f32:" + shape});
    return result;
  };
  auto module = importMade(withTensor("192x64"), options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  std::string text = print(*module);
  EXPECT_TRUE(hasLines(text, {"graph.column @attn_q : !graph.weight<64x64, f32> at [@f0], [",
                              "runs <16, 48>\n", "graph.column @attn_k :", "runs <16, 48>\n",
                              "graph.column @attn_v :", "runs <16, 48>\n"}));
  // A head is 16 rows of 64 floats.
  auto offsetOf = [&](StringRef column) {
    StringRef rest =
        StringRef(text).split(("@" + column + " :").str()).second.split("[@f0], [").second;
    int64_t offset = 0;
    rest.consumeInteger(10, offset);
    return offset;
  };
  EXPECT_EQ(offsetOf("attn_k") - offsetOf("attn_q"), 4096);
  EXPECT_EQ(offsetOf("attn_v") - offsetOf("attn_q"), 8192);

  EXPECT_TRUE(hasLines(refusalOfMade(withTensor("64x64"), options),
                       {"blk.*.attn_qkv.weight (layers 0-1): expected shape [heads * (48), "
                        "hidden] = [192, 64], found [64, 64]"}));
}

TEST_F(RecordTest, GroupsOfFusedTensorsThatCannotBe) {
  auto refusedWith = [&](const std::string &rows) {
    return refusalOfMade({}, changedLlama("{\"tensors\": {\"attn_q\": {\"rows\": " + rows + "}}}"));
  };
  EXPECT_EQ(refusedWith(R"({"from": 0, "of": 64, "groups": 5})"),
            "$MODEL: cannot import: shape of attn_q: expected an equal share of each of the 5 "
            "groups of its tensor, found 64 rows\n");
  EXPECT_EQ(
      refusedWith(R"({"from": 8, "of": 16, "groups": 4})"),
      "$MODEL: cannot import: shape of attn_q: expected its rows from 8 to 24 among the 16 of "
      "a group of its tensor\n");
  EXPECT_EQ(
      refusedWith(R"({"from": 8, "of": 64})"),
      "$MODEL: cannot import: shape of attn_q: expected its rows from 8 to 72 among the 64 of "
      "its tensor\n");
  EXPECT_TRUE(hasLines(refusedWith(R"({"from": 0, "of": 64, "groups": 0})"),
                       {"expected a whole number from 1 to 2147483647, but '0' is 0"}));
}

TEST_F(RecordTest, LayerNormsHaveBiases) {
  ImportOptions options = changedLlama(R"json({
    "norm": {"kind": "layer"},
    "tensors": {
      "output_norm_bias": {"gguf": "output_norm.bias", "shape": ["hidden"]},
      "attn_norm_bias": {"gguf": "blk.{layer}.attn_norm.bias", "shape": ["hidden"]}
    }
  })json");
  auto module = importMade({"--add", "output_norm.bias=f32:64", "--add",
                            "blk.0.attn_norm.bias=f32:64", "--add", "blk.1.attn_norm.bias=f32:64"},
                           options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(
      hasLines(print(*module), {"graph.weight @output_norm_bias", "graph.column @attn_norm_bias",
                                "graph.norm %arg0, %0 bias %1 {eps = 1.000000e-05 : f64, kind = "
                                "#graph.norm_kind<layer>}",
                                "graph.norm %5, %1 bias %2 {eps"}));
}

TEST_F(RecordTest, FfnsNeedNoGate) {
  ImportOptions options = changedLlama(R"({"ffn": {"kind": "mlp", "activation": "relu_squared"}})");
  auto module = importMade({"--drop", "blk.*.ffn_gate.weight"}, options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(print(*module),
                       {"%17 = graph.norm %16, %5", "%18 = graph.linear %17, %6",
                        "%19 = graph.activation %18 relu_squared", "%20 = graph.linear %19, %7"}));
  EXPECT_TRUE(hasLines(refusalOfMade({}, options),
                       {"blk.*.ffn_gate.weight (layers 0-1): the record 'llama' does not know"}));
}

TEST_F(RecordTest, ExpertsNeedNoGate) {
  std::vector<std::string> arguments = {"--set", "llama.expert_count=u32:4", "--set",
                                        "llama.expert_used_count=u32:2"};
  for (const char *tensor : {"gate", "up", "down"})
    arguments.insert(arguments.end(), {"--drop", std::string("blk.*.ffn_") + tensor + ".weight"});
  for (std::string layer : {"blk.0.", "blk.1."})
    for (const char *tensor : {"ffn_gate_inp.weight=f32:4x64", "ffn_up_exps.weight=f32:4x96x64",
                               "ffn_down_exps.weight=f32:4x64x96"})
      arguments.insert(arguments.end(), {"--add", layer + tensor});
  auto module = importMade(arguments, changedLlama(R"({"ffn": {"kind": "mlp"}})"));
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(print(*module), {"graph.experts", "graph.activation", "graph.experts"}));
  EXPECT_TRUE(
      hasLines(refusalOfMade(arguments), {"blk.*.ffn_gate_exps.weight (layers 0-1): is missing"}));
}

TEST_F(RecordTest, FfnsMayStandBesideAttention) {
  ImportOptions options = changedLlama(R"({"residual": {"parallel": "layer == 0", "scale": 0.5},
                                           "tensors": {"ffn_norm": {"optional": true}}})");
  // The first one has no norm of its own, the second one stands behind attention.
  auto module = importMade({"--drop", "blk.0.ffn_norm.weight"}, options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(
      print(*module),
      {"graph.layer @decoder0(", "%8 = graph.norm %arg0, %0", "%15 = graph.linear %14, %4",
       "%16 = graph.residual %arg0, %15 {scale = 5.000000e-01 : f64}", "%17 = graph.linear %8, %5",
       "%18 = graph.linear %8, %6", "%19 = graph.glu %17, %18", "%20 = graph.linear %19, %7",
       "%21 = graph.residual %16, %20 {scale = 5.000000e-01 : f64}", "graph.return %21",
       "graph.layer @decoder1(", "%17 = graph.residual %arg0, %16", "%18 = graph.norm %17, %5"}));

  // With one, it takes the stream that attention takes.
  module = importMade({}, options);
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_TRUE(hasLines(print(*module), {"graph.layer @decoder0(", "%17 = graph.residual %arg0, %16",
                                        "%18 = graph.norm %arg0, %5", "%19 = graph.linear %18, %6",
                                        "graph.residual %17"}));
}

TEST_F(RecordTest, NoRope) {
  auto module = importMade({}, changedLlama(R"({"rope": {"dim": "layer == 0 ? rope_dim : 0"}})"));
  ASSERT_TRUE(module) << diagnosticText;
  std::string text = print(*module);
  EXPECT_TRUE(hasLines(text, {"@decoder0(", "graph.rope", "graph.rope", "@decoder1("}));
  EXPECT_EQ(text.find("graph.rope", text.find("@decoder1(")), std::string::npos);
}

TEST_F(RecordTest, LayersThatDifferInAnyNumberAreOfTwoClasses) {
  std::string path = makeModel({});
  for (StringRef knob :
       {R"("norm": {"eps": "layer ? 0.1 : 0.2"})", R"("norm": {"offset": "layer"})",
        R"("attention": {"scale": "layer"})", R"("attention": {"softcap": "layer"})",
        R"("attention": {"window": "layer"})", R"("rope": {"dim": "layer ? 4 : 8"})",
        R"("rope": {"theta": "layer + 1"})",
        R"("rope": {"scaling": {"kinds": {"linear": {"factor": "layer + 1"}}}})",
        R"("residual": {"scale": "layer"})", R"("residual": {"parallel": "layer"})"}) {
    ImportOptions options = changedLlama(("{" + knob + "}").str());
    // The norm of the output is in no layer.
    if (knob.starts_with("\"norm\"")) {
      EXPECT_TRUE(hasLines(refusal(path, options), {"'layer' has no value outside the layers"}));
      continue;
    }
    auto module = import(path, options);
    ASSERT_TRUE(module) << knob.str() << diagnosticText;
    EXPECT_TRUE(hasLines(print(*module), {"@decoder0(", "@decoder1("})) << knob.str();
  }
}

TEST_F(RecordTest, AnotherTensorMayStandIn) {
  auto module = importMade({"--drop", "blk.*.attn_v.weight"},
                           changedLlama(R"({"tensors": {"attn_v": {"default": "attn_k"}}})"));
  ASSERT_TRUE(module) << diagnosticText;
  EXPECT_TRUE(succeeded(verify(*module)));
  // Found by fuzzing: it may be missing, too.
  std::string text = refusalOfMade({}, changedLlama(R"({
    "norm": {"kind": "layer"},
    "tensors": {
      "output_norm_bias": {"gguf": "output_norm.bias", "shape": ["hidden"], "optional": true},
      "output": {"default": "output_norm_bias"}
    }
  })"));
  EXPECT_TRUE(hasLines(text, {"record llama: expected a tensor of 'output' or 'output_norm_bias', "
                              "found none"}))
      << text;
}

TEST_F(RecordTest, TensorsMayBeIgnored) {
  ImportOptions options = changedLlama(R"json({
    "ignore": {"tensors": ["blk.{layer}.statistics", "extra"], "keys": ["{arch}.mystery"]}})json");
  EXPECT_TRUE(importMade({"--add", "blk.1.statistics=f32:3", "--add", "extra=f32:3x3x3", "--set",
                          "llama.mystery=u32:1"},
                         options))
      << diagnosticText;
}

//===----------------------------------------------------------------------===//
// Records that do not describe a decoder
//===----------------------------------------------------------------------===//

TEST_F(RecordTest, ShapesThatDoNotFitTheStructure) {
  ImportOptions options = changedLlama(R"json({
    "tensors": {"attn_q": {"shape": ["2 * heads * head_dim", "hidden"]}}})json");
  EXPECT_EQ(
      refusalOfMade({"--drop", "blk.*.attn_q.weight", "--add", "blk.0.attn_q.weight=q8_0:128x64",
                     "--add", "blk.1.attn_q.weight=q8_0:128x64"},
                    options),
      "$MODEL: cannot import, for 2 reasons\n"
      "- record llama: expected 'attn_q' of layer 0 to have shape [64, 64], but its "
      "expressions give [128, 64]\n"
      "- record llama: expected 'attn_q' of layer 1 to have shape [64, 64], but its "
      "expressions give [128, 64]\n");
}

TEST_F(RecordTest, LogitsThatAreNoVocabulary) {
  EXPECT_EQ(
      refusalOfMade({"--drop", "token_embd.weight", "--add", "token_embd.weight=f16:99x64"},
                    changedLlama(R"({"tensors": {"token_embd": {"shape": [99, "hidden"]}}})")),
      "$MODEL: cannot import, for 2 reasons\n"
      "- record llama: expected 'token_embd' to have shape [288, 64], but its expressions "
      "give [99, 64]\n"
      "- record llama: expected 'output' to have shape [288, 64], but its expressions give "
      "[99, 64]\n");
}

TEST_F(RecordTest, NegativeValues) {
  EXPECT_EQ(
      refusalOfMade({}, changedLlama(R"({"attention": {"softcap": "-heads"}})")),
      "$MODEL: cannot import: attention.softcap: expected a number of 0 or more, but '-heads' "
      "is -4 for heads = 4\n");
}

TEST_F(RecordTest, DivisionByZero) {
  EXPECT_EQ(
      refusalOfMade({}, changedLlama(R"json({"residual": {"scale": "1 / (heads - 4)"}})json")),
      "$MODEL: cannot import: residual.scale: '1 / (heads - 4)' has no finite value for heads "
      "= 4\n");
}

TEST_F(RecordTest, LayerOutsideOfTheLayers) {
  EXPECT_EQ(refusalOfMade({}, changedLlama(R"({"embedding": {"scale": "layer"}})")),
            "$MODEL: cannot import: embedding.scale: 'layer' has no value outside the layers\n");
}

TEST_F(RecordTest, ArrayOutsideOfTheLayers) {
  EXPECT_EQ(refusalOfMade({"--set", "llama.attention.head_count=u32[]:4,4"},
                          changedLlama(R"({"embedding": {"scale": "heads"}})")),
            "$MODEL: cannot import: key llama.attention.head_count: expected one value for the "
            "whole model, found array of u32 of 2\n");
}

TEST_F(RecordTest, CountThatIsNone) {
  ImportOptions options = changedLlama(R"({"hyperparameters": {
    "context_length": {"gguf": "", "is": "number", "default": "hidden + 0.5"}}})");
  EXPECT_EQ(
      refusalOfMade({"--unset", "llama.context_length"}, options),
      "$MODEL: cannot import: record llama: context_length = 64.5 is not a whole number from 1 "
      "to 2147483647; say so in the record with \"is\": \"count\"\n");
}

TEST_F(RecordTest, BadRecord) {
  ImportOptions options;
  options.archSpecPath = directory.write("bad.json", "{\"name\": 5}");
  EXPECT_EQ(refusalOfMade({}, options), options.archSpecPath + ": name: expected a text\n");
}
