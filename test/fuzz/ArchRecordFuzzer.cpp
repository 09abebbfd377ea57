//===- ArchRecordFuzzer.cpp - libFuzzer target of architecture records ----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TinyDirectory.h"
#include "lib/Arch/ArchRecord.h"

using namespace frit;

/// What inputs are like: the smallest record for TinyDirectory, as reading one like a built-in
/// record takes a hundred times as long.
static constexpr llvm::StringLiteral base = R"json({"name": "base", "hyperparameters": {
  "layers": {"huggingface": "num_hidden_layers", "is": "count"},
  "context_length": {"huggingface": "max_position_embeddings", "is": "count"},
  "hidden": {"huggingface": "hidden_size", "is": "count"},
  "vocabulary": {"huggingface": "vocab_size", "is": "count"},
  "heads": {"huggingface": "num_attention_heads", "is": "count"},
  "kv_heads": {"huggingface": "num_key_value_heads", "is": "count", "default": "heads"},
  "head_dim": {"huggingface": "head_dim", "is": "count", "default": "hidden / heads"},
  "value_dim": {"default": "head_dim"},
  "ffn": {"huggingface": "intermediate_size", "is": "count"}},
"norm": {"eps": 1e-5}, "attention": {"scale": "1 / sqrt(head_dim)"}, "rope": {"dim": "head_dim"},
"ffn": {},
"tensors": {
  "token_embd": {"huggingface": "model.embed_tokens.weight", "shape": ["vocabulary", "hidden"]},
  "output_norm": {"huggingface": "model.norm.weight", "shape": ["hidden"]},
  "output": {"huggingface": "lm_head.weight", "shape": ["vocabulary", "hidden"]},
  "attn_norm": {"huggingface": "model.layers.{layer}.input_layernorm.weight", "shape": ["hidden"]},
  "attn_q": {"huggingface": "model.layers.{layer}.self_attn.q_proj.weight",
             "shape": ["heads * head_dim", "hidden"]},
  "attn_k": {"huggingface": "model.layers.{layer}.self_attn.k_proj.weight",
             "shape": ["kv_heads * head_dim", "hidden"]},
  "attn_v": {"huggingface": "model.layers.{layer}.self_attn.v_proj.weight",
             "shape": ["kv_heads * value_dim", "hidden"]},
  "attn_output": {"huggingface": "model.layers.{layer}.self_attn.o_proj.weight",
                  "shape": ["hidden", "heads * value_dim"]},
  "ffn_norm": {"huggingface": "model.layers.{layer}.post_attention_layernorm.weight",
               "shape": ["hidden"]},
  "ffn_gate": {"huggingface": "model.layers.{layer}.mlp.gate_proj.weight",
               "shape": ["ffn", "hidden"]},
  "ffn_up": {"huggingface": "model.layers.{layer}.mlp.up_proj.weight", "shape": ["ffn", "hidden"]},
  "ffn_down": {"huggingface": "model.layers.{layer}.mlp.down_proj.weight",
               "shape": ["hidden", "ffn"]}},
"ignore": {"keys": ["model_type", "rms_norm_eps", "hidden_act", "tie_word_embeddings",
                    "layer_types", "sliding_window", "rope_parameters"]}})json";

static std::optional<llvm::StringRef> find(llvm::StringRef name) {
  if (name == "base")
    return base;
  if (name == "middle")
    return R"({"name": "middle", "like": "base", "norm": {"offset": 1}})";
  if (name == "ring")
    return R"({"name": "ring", "like": "ring"})";
  return std::nullopt;
}

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const test::TinyDirectory denseDirectory, expertsDirectory(/*experts=*/true);
  static const Checkpoint dense = denseDirectory.open(), experts = expertsDirectory.open();
  llvm::StringRef text(reinterpret_cast<const char *>(bytes), size);
  auto record = ArchRecord::parse("fuzz", text, find, size % 2 ? "base" : "");
  if (record)
    test::resolveAndBuild(record->tensor(Role::FfnGateInp) ? experts : dense, *record, "llama");
  else
    test::requireLine(record.error());
  return 0;
}
