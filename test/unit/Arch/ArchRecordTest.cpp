//===- ArchRecordTest.cpp - architecture records from JSON ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/Registry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace frit;
using llvm::StringRef;

/// The smallest record there is; the @-marks are places for changes.
static const char *const smallest = R"json({
  "name": "smallest" @top,
  "hyperparameters": {
    "layers": {"gguf": "{arch}.layers"},
    "context_length": {"default": 100},
    "hidden": {"default": 64},
    "vocabulary": {"length_of": "tokens"},
    "heads": {"default": 4},
    "kv_heads": {"default": "heads"},
    "value_dim": {"default": "head_dim"},
    "head_dim": {"default": "hidden / heads" @head_dim} @hyperparameters
  },
  "norm": {"eps": 1e-6 @norm},
  "attention": {"scale": "1 / sqrt(head_dim)" @attention},
  "ffn": {"kind": "glu" @ffn},
  "tensors": {
    "token_embd": {"gguf": "embd", "shape": ["vocabulary", "hidden"]},
    "output_norm": {"gguf": "norm", "shape": ["hidden"]},
    "output": {"gguf": "output", "shape": ["vocabulary", "hidden"] @output},
    "attn_q": {"gguf": "q{layer}", "shape": ["hidden", "hidden"] @attn_q},
    "attn_k": {"gguf": "k{layer}", "shape": ["hidden", "hidden"]},
    "attn_v": {"gguf": "v{layer}", "shape": ["hidden", "hidden"]},
    "attn_output": {"gguf": "o{layer}", "shape": ["hidden", "hidden"]},
    "ffn_gate": {"gguf": "g{layer}", "shape": [96, "hidden"]},
    "ffn_up": {"gguf": "u{layer}", "shape": [96, "hidden"]},
    "ffn_down": {"gguf": "d{layer}", "shape": ["hidden", 96]} @tensors
  }
})json";

/// `text` with `change` at a mark and nothing at the others.
static std::string recordWith(StringRef mark = "", StringRef change = "") {
  std::string result;
  StringRef rest = smallest;
  while (!rest.empty()) {
    auto [before, after] = rest.split('@');
    result += before;
    StringRef name = after.take_while([](char c) { return llvm::isAlpha(c) || c == '_'; });
    if (!name.empty() && name == mark)
      result += change;
    rest = after.drop_front(name.size());
  }
  return result;
}

/// Stands for the built-in records.
static std::optional<StringRef> findRecord(StringRef name) {
  static const std::string base = recordWith("top", R"(, "description": "d", "gguf": "base")");
  if (name == "base")
    return base;
  if (name == "middle")
    return R"({"name": "middle", "like": "base", "norm": {"eps": 1e-3, "offset": 1},
               "ignore": {"keys": ["a"]}})";
  if (name == "ring")
    return R"({"name": "ring", "like": "ring"})";
  return std::nullopt;
}

static Result<ArchRecord> parse(StringRef json, StringRef like = "") {
  return ArchRecord::parse("r.json", json, findRecord, like);
}

static std::string errorOf(StringRef json) {
  Result<ArchRecord> record = parse(json);
  return record ? "no error" : record.error();
}

static std::string errorWith(StringRef mark, StringRef change) {
  return errorOf(recordWith(mark, change));
}

/// The smallest record with one text in the place of another.
static std::string errorReplacing(StringRef from, StringRef to) {
  std::string text = recordWith();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from.str();
  return errorOf(text.replace(at, from.size(), to));
}

TEST(ArchRecord, Smallest) {
  Result<ArchRecord> record = parse(recordWith());
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->name, "smallest");
  EXPECT_EQ(record->hyperparameters.size(), 8u);
  ASSERT_TRUE(record->findHyperparameter("head_dim"));
  EXPECT_EQ(record->findHyperparameter("head_dim")->fallback[Origin::GGUF]->text(),
            "hidden / heads");
  EXPECT_EQ(record->findHyperparameter("none"), nullptr);
  EXPECT_EQ(record->ropeOrder[Origin::GGUF], RopeOrder::Halves);
  EXPECT_EQ(record->qkNorm, QKNorm::None);
  EXPECT_FALSE(record->tensors[static_cast<unsigned>(Role::AttnNorm)]);
}

TEST(ArchRecord, BuiltIn) {
  Result<std::vector<ArchRecord>> records = builtinRecords();
  ASSERT_TRUE(records) << records.error();
  ASSERT_FALSE(records->empty());
  for (const ArchRecord &record : *records) {
    EXPECT_FALSE(record.description.empty()) << record.name;
    EXPECT_FALSE(record.architectures[Origin::GGUF].empty()) << record.name;
    EXPECT_FALSE(record.architectures[Origin::HuggingFace].empty()) << record.name;
  }
}

TEST(ArchRecord, UnknownKeysAreNamed) {
  EXPECT_EQ(errorWith("attention", ", \"scael\": 1"),
            "r.json: attention: unknown key 'scael'; known are scale, softcap, window, qk_norm");
  EXPECT_EQ(errorWith("top", ", \"a\": 1, \"b\": 2"),
            "r.json: unknown keys 'a', 'b'; known are name, description, like, $schema, gguf, "
            "huggingface, hyperparameters, tensors, norm, attention, rope, ffn, experts, "
            "embedding, residual, logits, ignore, refuse");
  EXPECT_EQ(errorWith("head_dim", ", \"min\": 1"),
            "r.json: hyperparameters.head_dim: unknown key 'min'; known are gguf, huggingface, "
            "length_of, is, per_layer, choices, others, default, what, instead");
  EXPECT_EQ(errorWith("attn_q", ", \"transpose\": true"),
            "r.json: tensors.attn_q: unknown key 'transpose'; known are gguf, huggingface, "
            "shape, optional, if, default, tied, rows");
  EXPECT_EQ(errorWith("tensors", ", \"attn_x\": {}").substr(0, 45),
            "r.json: tensors: unknown key 'attn_x'; known ");
  EXPECT_EQ(
      errorWith("top", R"(, "refuse": [{"keys": ["k"], "what": "w", "instead": "i", "x": 1}])"),
      "r.json: refuse[0]: unknown key 'x'; known are keys, tensors, except, what, instead");
}

TEST(ArchRecord, Experts) {
  // `changes` in the place of part of a record that has experts.
  auto errorOfExperts = [](StringRef from = "", StringRef to = "") {
    std::string tensors = R"(,
      "ffn_gate_inp": {"gguf": "r{layer}", "shape": [4, "hidden"]},
      "ffn_gate_exps": {"gguf": "ge{layer}", "huggingface": "{layer}.{expert}.g", "shape": [4, 32, "hidden"]},
      "ffn_up_exps": {"gguf": "ue{layer}", "shape": [4, 32, "hidden"]},
      "ffn_down_exps": {"gguf": "de{layer}", "shape": [4, "hidden", 32]})";
    std::string text = recordWith("tensors", tensors);
    text.insert(text.find("\"tensors\""), R"("experts": {"count": 4, "used": "heads - 7"}, )");
    if (size_t at = text.find(from); !from.empty()) {
      EXPECT_NE(at, std::string::npos) << from.str();
      text.replace(at, from.size(), to);
    }
    return errorOf(text);
  };
  EXPECT_EQ(errorOfExperts(), "no error");
  EXPECT_EQ(errorOfExperts("\"count\": 4, ", ""), "r.json: experts.count: is missing");
  EXPECT_EQ(errorOfExperts(", \"used\": \"heads - 7\"", ""), "r.json: experts.used: is missing");
  EXPECT_EQ(
      errorOfExperts("\"used\": \"heads", "\"used\": \"hands"),
      "r.json: experts.used: 'hands - 7' uses 'hands', which is no hyperparameter of the record");
  EXPECT_EQ(errorOfExperts("\"count\": 4", "\"count\": 4, \"scoring\": \"relu\""),
            "r.json: experts.scoring: expected one of softmax, sigmoid, found 'relu'");
  EXPECT_EQ(errorOfExperts("[4, 32, \"hidden\"]", "[4, 32]"),
            "r.json: tensors.ffn_gate_exps.shape: expected three dimensions");
  EXPECT_EQ(errorOfExperts("[4, \"hidden\"]", "[4, 1, \"hidden\"]"),
            "r.json: tensors.ffn_gate_inp.shape: expected one or two dimensions");
  EXPECT_EQ(errorOfExperts("r{layer}", "r{layer}{expert}"),
            "r.json: tensors.ffn_gate_inp: expected no {expert} in the names");
  EXPECT_EQ(errorOfExperts("\"gguf\": \"ue{layer}\"",
                           "\"gguf\": \"ue{layer}\", \"rows\": {\"from\": 0, \"of\": 8}"),
            "r.json: tensors.ffn_up_exps.rows: matrices of experts are not parts of others");
  EXPECT_EQ(errorOfExperts(
                "\"ffn_up_exps\": {\"gguf\": \"ue{layer}\", \"shape\": [4, 32, \"hidden\"]},", ""),
            "r.json: experts: expected a tensor 'ffn_up_exps'");
}

TEST(ArchRecord, NoJSON) {
  EXPECT_EQ(errorOf("{").substr(0, 8), "r.json: ");
  EXPECT_EQ(errorOf("[]"), "r.json: expected an object");
  EXPECT_EQ(errorOf(""), "r.json: line 1, column 0: unexpected EOF");
  EXPECT_EQ(errorOf(std::string(100000, '[')), "r.json: expected at most 32 levels of nesting");
  // Brackets in texts do not nest.
  EXPECT_EQ(errorWith("top", ", \"description\": \"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\""), "no error");
}

TEST(ArchRecord, WrongTypes) {
  EXPECT_EQ(errorReplacing("\"smallest\"", "1"), "r.json: name: expected a text");
  EXPECT_EQ(errorWith("top", ", \"$schema\": 1"), "r.json: $schema: expected a text");
  EXPECT_EQ(errorWith("top", ", \"gguf\": {}"), "r.json: gguf: expected a list");
  EXPECT_EQ(errorWith("top", ", \"gguf\": [1]"), "r.json: gguf: expected a text");
  EXPECT_EQ(errorWith("top", ", \"rope\": []"), "r.json: rope: expected an object");
  EXPECT_EQ(errorWith("norm", ", \"offset\": true"),
            "r.json: norm.offset: expected a number or an expression");
  EXPECT_EQ(errorWith("attn_q", ", \"optional\": 1"),
            "r.json: tensors.attn_q.optional: expected true or false");
}

TEST(ArchRecord, MissingParts) {
  EXPECT_EQ(errorReplacing("\"name\": \"smallest\" ,", ""), "r.json: name: is missing");
  EXPECT_EQ(errorReplacing("\"hidden\": {\"default\": 64},", ""),
            "r.json: hyperparameters.hidden: is missing");
  EXPECT_EQ(errorReplacing("\"output_norm\": {\"gguf\": \"norm\", \"shape\": [\"hidden\"]},", ""),
            "r.json: tensors.output_norm: is missing");
  EXPECT_EQ(errorReplacing("\"ffn\": {\"kind\": \"glu\" },", ""), "r.json: ffn: is missing");
  EXPECT_EQ(errorReplacing("\"gguf\": \"q{layer}\", ", ""),
            "r.json: tensors.attn_q: expected at least one of gguf and huggingface");
}

TEST(ArchRecord, Hyperparameters) {
  EXPECT_EQ(errorWith("hyperparameters", ", \"x\": {}"),
            "r.json: hyperparameters.x: expected at least one of gguf, huggingface, "
            "length_of and default");
  EXPECT_EQ(errorWith("hyperparameters", ", \"layer\": {\"default\": 1}"),
            "r.json: hyperparameters.layer: this name has a meaning in expressions");
  EXPECT_EQ(errorWith("head_dim", ", \"is\": \"prime\""),
            "r.json: hyperparameters.head_dim.is: expected one of count, size, positive, "
            "nonnegative, number, flag, found 'prime'");
  EXPECT_EQ(errorWith("head_dim", ", \"choices\": {\"a\": 1}"),
            "r.json: hyperparameters.head_dim: expected 'others', or 'what' and 'instead', beside "
            "choices");
  EXPECT_EQ(errorWith("head_dim", ", \"others\": 1"),
            "r.json: hyperparameters.head_dim.others: expected 'choices' beside it");
  EXPECT_EQ(errorWith("head_dim", ", \"choices\": {\"a\": 1}, \"others\": \"b\""),
            "r.json: hyperparameters.head_dim.others: 'b' uses 'b', which is no hyperparameter of "
            "the record");
  EXPECT_EQ(errorReplacing("\"hidden / heads\"", "{\"gguf\": \"b\"}"),
            "r.json: hyperparameters.head_dim: 'b' uses 'b', which is no hyperparameter of the "
            "record");
  EXPECT_EQ(errorReplacing("\"hidden / heads\"", "{\"onnx\": 1}"),
            "r.json: hyperparameters.head_dim.default: unknown key 'onnx'; known are gguf, "
            "huggingface");
  EXPECT_EQ(errorWith("hyperparameters",
                      ", \"a\": {\"default\": \"b\"}, \"b\": {\"default\": \"a + 1\"}"),
            "r.json: hyperparameters.a: its value needs itself");
}

TEST(ArchRecord, Expressions) {
  EXPECT_EQ(
      errorReplacing("\"hidden / heads\"", "\"hidden /\""),
      "r.json: hyperparameters.head_dim.default: expected a number, a name or '(' at character "
      "9 of 'hidden /', found the end");
  EXPECT_EQ(errorReplacing("\"hidden / heads\"", "\"hidden / haeds\""),
            "r.json: hyperparameters.head_dim: 'hidden / haeds' uses 'haeds', which is no "
            "hyperparameter of the record");
  EXPECT_EQ(errorReplacing("[96, \"hidden\"]", "[\"ffn\", \"hidden\"]"),
            "r.json: tensors.ffn_gate: 'ffn' uses 'ffn', which is no hyperparameter of the record");
  EXPECT_EQ(
      errorWith("attention", ", \"window\": \"wide\""),
      "r.json: attention.window: 'wide' uses 'wide', which is no hyperparameter of the record");
}

TEST(ArchRecord, Tensors) {
  EXPECT_EQ(errorReplacing("\"q{layer}\"", "\"q\""),
            "r.json: tensors.attn_q.gguf: expected {layer} in it");
  EXPECT_EQ(errorReplacing("\"embd\"", "\"embd{layer}\""),
            "r.json: tensors.token_embd.gguf: expected no {layer} in it");
  EXPECT_EQ(errorReplacing("\"shape\": [\"hidden\"]", "\"shape\": []"),
            "r.json: tensors.output_norm.shape: expected one or two dimensions");
  EXPECT_EQ(errorWith("attn_q", ", \"optional\": true"),
            "r.json: tensors.attn_q.optional: no model does without it");
  EXPECT_EQ(errorWith("output", ", \"default\": \"embedding\""),
            "r.json: tensors.output.default: there is no role 'embedding'");
  EXPECT_EQ(errorReplacing("\"gguf\": \"embd\"", "\"gguf\": \"embd\", \"default\": \"output\""),
            "r.json: tensors.token_embd.default: 'output' cannot stand in for 'token_embd'");
  EXPECT_EQ(errorWith("tensors", ", \"ffn_up_exps\": {\"gguf\": \"u{layer}\", "
                                 "\"shape\": [2, 96, 64], \"default\": \"ffn_up\"}"),
            "r.json: tensors.ffn_up_exps.default: 'ffn_up' cannot stand in for 'ffn_up_exps'");
  EXPECT_EQ(errorWith("output", ", \"tied\": 1"),
            "r.json: tensors.output.tied: expected 'default' beside it");
  EXPECT_EQ(errorWith("output", ", \"default\": \"attn_q\""),
            "r.json: tensors.output.default: 'attn_q' cannot stand in for 'output'");
  EXPECT_EQ(
      errorWith("tensors", ", \"attn_q_norm\": {\"gguf\": \"n{layer}\", \"shape\": [16]}"),
      "r.json: attention.qk_norm: expected before_rope or after_rope, as there are tensors for "
      "it");
  EXPECT_EQ(errorWith("tensors", ", \"output_norm_bias\": {\"gguf\": \"b\", \"shape\": [64]}"),
            "r.json: norm.kind: an rms norm has no output_norm_bias");
}

TEST(ArchRecord, Choices) {
  EXPECT_EQ(errorReplacing("\"kind\": \"glu\"", "\"kind\": \"plain\""),
            "r.json: ffn.kind: expected one of glu, mlp, found 'plain'");
  EXPECT_EQ(errorWith("ffn", ", \"activation\": \"tanh\""),
            "r.json: ffn.activation: expected one of silu, gelu, gelu_tanh, relu, relu_squared, "
            "found 'tanh'");
  EXPECT_EQ(errorWith("norm", ", \"kind\": \"batch\""),
            "r.json: norm.kind: expected one of rms, layer, found 'batch'");
}

TEST(ArchRecord, Gates) {
  std::string gate = "\"ffn_gate\": {\"gguf\": \"g{layer}\", \"shape\": [96, \"hidden\"]},";
  EXPECT_EQ(errorReplacing(gate, ""), "r.json: tensors.ffn_gate: is missing, and ffn.kind is glu");
  EXPECT_EQ(errorReplacing("[96, \"hidden\"]", "[96, \"hidden\"], \"optional\": true"),
            "r.json: tensors.ffn_gate.optional: no FFN of kind glu does without it");

  std::string ungated = recordWith();
  ungated.replace(ungated.find("glu"), 3, "mlp");
  Result<ArchRecord> record = parse(ungated);
  ASSERT_TRUE(record) << record.error();
  EXPECT_FALSE(record->uses(Role::FfnGate));
  EXPECT_TRUE(record->uses(Role::FfnUp));
  EXPECT_EQ(errorOf(ungated.replace(ungated.find(gate), gate.size(), "")), "no error");
}

TEST(ArchRecord, Refusals) {
  EXPECT_EQ(errorWith("top", R"(, "refuse": [{"what": "w", "instead": "i"}])"),
            "r.json: refuse[0]: expected keys or tensors");
  EXPECT_EQ(errorWith("top", R"(, "refuse": [{"keys": ["k"], "what": "w"}])"),
            "r.json: refuse[0]: expected 'what' and 'instead'");
  for (StringRef value : {"[]", "{}", "null"})
    EXPECT_EQ(errorWith("top", (R"(, "refuse": [{"keys": ["k"], "what": "w", "instead": "i",
                                   "except": [)" +
                                value + "]}]")
                                   .str()),
              "r.json: refuse[0].except: expected numbers, texts, true and false");
}

TEST(ArchRecord, FilesThatAreNone) {
  EXPECT_EQ(loadRecord("/nonexistent/r.json").error(),
            "/nonexistent/r.json: No such file or directory");
  EXPECT_EQ(loadRecord("/dev/zero").error(), "/dev/zero: expected a regular file");
  llvm::SmallString<128> path;
  int descriptor;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("frit-record", "json", descriptor, path));
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << std::string((1 << 20) + 1, ' ');
  EXPECT_EQ(loadRecord(path).error(),
            (path + ": expected a record of at most 1048576 bytes, found 1048577").str());
  (void)llvm::sys::fs::remove(path);
}

TEST(ArchRecord, LikeAnother) {
  Result<ArchRecord> record = parse(R"({
    "name": "mine", "like": "middle", "norm": {"offset": null},
    "hyperparameters": {"hidden": {"default": 128}}, "ignore": {"keys": ["b"]}})");
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->name, "mine");
  // Whose record it is is not inherited.
  EXPECT_EQ(record->description, "");
  EXPECT_TRUE(record->architectures[Origin::GGUF].empty());
  EXPECT_EQ(record->normEps.text(), "0.001");
  EXPECT_EQ(record->normOffset.text(), "0");
  EXPECT_EQ(record->findHyperparameter("hidden")->fallback[Origin::GGUF]->text(), "128");
  EXPECT_EQ(record->ignoredKeys, Names({"a", "b"}));

  Result<std::string> text =
      ArchRecord::resolve("r.json", R"({"b": {"d": 1, "c": 2}, "a": "x"})", findRecord);
  ASSERT_TRUE(text) << text.error();
  EXPECT_EQ(*text, "{\n  \"a\": \"x\",\n  \"b\": {\n    \"c\": 2,\n    \"d\": 1\n  }\n}");
  text = ArchRecord::resolve("r.json", R"({"like": "none"})", findRecord);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error(), "r.json: like: there is no built-in record 'none'");
  // What it removes may be of any of those it is like.
  EXPECT_EQ(errorOf(R"({"name": "mine", "like": "middle", "attention": null})"),
            "r.json: attention: is missing");
  // What --like says serves where the record says nothing.
  EXPECT_TRUE(parse(R"({"name": "mine"})", "base"));
  EXPECT_EQ(errorOf(R"({"name": "mine", "like": "none"})"),
            "r.json: like: there is no built-in record 'none'");
  EXPECT_EQ(errorOf(R"({"name": "mine", "like": 1})"), "r.json: like: expected a text");
  EXPECT_EQ(errorOf(R"({"name": "mine", "like": "ring"})"),
            "r.json: like: expected an end of what records are like, found 'ring' again");
}

TEST(ArchRecord, MoreKeysThanThereCanBeUse) {
  std::string many;
  for (int i = 0; i < 513; ++i)
    many += (i ? ", \"h" : "\"h") + std::to_string(i) + R"(": {"default": "h)" +
            std::to_string(i + 1) + "\"}";
  EXPECT_EQ(errorOf("{\"name\": \"x\", \"hyperparameters\": {" + many + "}}"),
            "r.json: hyperparameters: expected at most 512 keys, found 513");
}

TEST(ArchRecord, NamesThatATerminalWouldObey) {
  EXPECT_EQ(StringRef(errorOf(R"({"a\u001b[31m\n": 1})")).count('\n'), 0u);
  EXPECT_EQ(errorOf(R"({"like": "a\u001b[31m\n"})"),
            "r.json: like: there is no built-in record 'a\\1B[31m\\0A'");
}

TEST(ArchRecord, Rope) {
  Result<ArchRecord> record = parse(recordWith("top", R"(, "rope": {
      "pairs": {"gguf": "interleaved"}, "dim": 16,
      "scaling": {"huggingface": ["a.b", "c"], "kinds": {"x": {"kind": "yarn", "factor": 4}}}})"));
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->ropeOrder[Origin::GGUF], RopeOrder::Interleaved);
  EXPECT_EQ(record->ropeOrder[Origin::HuggingFace], RopeOrder::Halves);
  EXPECT_EQ(record->ropeScalingKeys[Origin::HuggingFace], Names({"a.b", "c"}));
  ASSERT_EQ(record->ropeScalings.size(), 1u);
  EXPECT_EQ(record->ropeScalings[0].second.kind, RopeScalingKind::YaRN);
  EXPECT_EQ(errorWith("top", R"(, "rope": {"scaling": {"kinds": {}, "default": "y"}})"),
            "r.json: rope.scaling.default: expected one of the kinds, found 'y'");
  EXPECT_EQ(errorWith("top", R"(, "rope": {"scaling": {"kinds": {"x": {"kind": "ntk"}}}})"),
            "r.json: rope.scaling.kinds.x.kind: expected one of none, linear, llama3, yarn, "
            "longrope, found 'ntk'");
  EXPECT_EQ(errorWith("top", R"(, "rope": {"scaling": {}})"),
            "r.json: rope.scaling.kinds: is missing");
}

TEST(ArchRecord, PartsOfFusedTensors) {
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"from": 0, "of": 192})"), "no error");
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"from": 0})"),
            "r.json: tensors.attn_q.rows.of: is missing");
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"from": "none", "of": 192})"),
            "r.json: tensors.attn_q: 'none' uses 'none', which is no hyperparameter of the record");
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"from": 0, "of": 96, "groups": 2})"), "no error");
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"from": 0, "of": 96, "groups": "none"})"),
            "r.json: tensors.attn_q: 'none' uses 'none', which is no hyperparameter of the record");
  // Of one origin only.
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"gguf": {"from": 0, "of": 192}})"), "no error");
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"huggingface": {"from": 0}})"),
            "r.json: tensors.attn_q.rows.huggingface.of: is missing");
  EXPECT_EQ(errorWith("attn_q", R"(, "rows": {"gguf": {"from": 0, "of": 9}, "from": 0})"),
            "r.json: tensors.attn_q.rows: unknown key 'from'; known are gguf, huggingface");
}
