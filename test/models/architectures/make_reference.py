#!/usr/bin/env python3
# ===- make_reference.py - logits of small models from transformers ------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Writes <architecture>.npz: logits of every shape of cases.py, by `transformers` in fp32, and configs.json.

The tensors of make_tiny_gguf.py go into the transformers model of the architecture by name, every one of
them used once and none left to chance. Needs ../smollm2/requirements-reference.txt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "import"))

import cases
import huggingface
import make_tiny_gguf
import numpy as np
import torch
import transformers

EPS = make_tiny_gguf.ModelConfig.eps
THETA = make_tiny_gguf.ModelConfig.theta


def config_of(arch: str, shape: str):
    sizes = cases.SHAPES[shape]
    common = {
        "vocab_size": cases.VOCABULARY,
        "hidden_size": sizes["hidden"],
        "intermediate_size": sizes["ffn"],
        "num_hidden_layers": sizes["layers"],
        "num_attention_heads": sizes["heads"],
        "num_key_value_heads": sizes["kv_heads"],
        "head_dim": sizes["head_dim"],
        "rms_norm_eps": EPS,
        "max_position_embeddings": 128,
        "tie_word_embeddings": not cases.is_untied(arch, shape),
        "rope_parameters": {"rope_type": "default", "rope_theta": THETA},
        "pad_token_id": 0,
    }
    gemma = {"query_pre_attn_scalar": sizes["head_dim"], "sliding_window": 16}
    match arch:
        case "llama":
            return transformers.LlamaConfig(**common)
        case "pangu-embedded":  # a Llama with these biases
            return transformers.LlamaConfig(**common, attention_bias=True)
        case "qwen2":
            return transformers.Qwen2Config(**common)
        case "qwen3":
            return transformers.Qwen3Config(**common)
        case "ernie4_5" | "ernie4_5-bias":
            return transformers.Ernie4_5Config(**common, use_bias=arch.endswith("-bias"))
        case "hunyuan-dense":
            return transformers.HunYuanDenseV1Config(**common)
        case "gemma2":
            return transformers.Gemma2Config(**common, **gemma)
        case "gemma3":
            theta = {"full_attention": 1e6, "sliding_attention": 1e4}
            common["rope_parameters"] = {k: {"rope_type": "default", "rope_theta": v} for k, v in theta.items()}
            return transformers.Gemma3TextConfig(**common, **gemma)
        case "minicpm":  # Granite's arithmetic
            return transformers.GraniteConfig(**common, **granite_factors(shape))
        case "internlm2":
            common["rope_parameters"] |= {"rope_type": "dynamic", "factor": 2.0}
            return transformers.LlamaConfig(**common, attention_bias=shape in cases.BIASED)
        case "olmo2":
            return transformers.Olmo2Config(**common)
    return native_config(arch, shape, common)


def minicpm_factors(shape: str) -> dict:
    return cases.MINICPM.get(shape, cases.NEW_MINICPM)


def granite_factors(shape: str) -> dict:
    sizes, factors = cases.SHAPES[shape], minicpm_factors(shape)
    return {
        "embedding_multiplier": factors["scale_emb"],
        "residual_multiplier": factors["scale_depth"] / sizes["layers"] ** 0.5,
        "logits_scaling": sizes["hidden"] / factors["dim_model_base"],
        "attention_multiplier": sizes["head_dim"] ** -0.5,
    }


def native_config(arch: str, shape: str, common: dict):
    """The architectures of cases.NATIVE. 64 tokens are more than the context of training where RoPE is scaled."""
    scaled = {"rope_theta": THETA, "original_max_position_embeddings": 32, "factor": 4.0}
    if arch.startswith(huggingface.DIVIDED):
        del common["head_dim"]  # of which it is made
        common["hidden_size"] = huggingface.hidden(arch, shape)
    if huggingface.is_biased(arch, shape, "model.norm") or arch.startswith("cohere"):
        del common["rms_norm_eps"]
    if arch.startswith("gpt_neox"):
        del common["num_key_value_heads"]
    biased = shape in cases.BIASED
    match arch:
        case "llama-3.1":
            common["rope_parameters"] = scaled | {"rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0}
            return transformers.LlamaConfig(**common)
        case "llama-linear":
            common["rope_parameters"] = {"rope_type": "linear", "rope_theta": THETA, "factor": 2.0}
            return transformers.LlamaConfig(**common)
        case "llama-old":
            return transformers.LlamaConfig(**common)
        case "mistral":
            return transformers.MistralConfig(**common, sliding_window=16)
        case "qwen2-yarn":
            common["rope_parameters"] = scaled | {"rope_type": "yarn"}
            return transformers.Qwen2Config(**common)
        case "smollm3":
            return transformers.SmolLM3Config(**common, no_rope_layer_interval=4)
        case "granite":
            factors = {"embedding": 3.0, "residual": 0.4, "attention": 0.15}
            return transformers.GraniteConfig(**common, **{f"{k}_multiplier": v for k, v in factors.items()}, logits_scaling=2.5)
        case "phi3":
            return transformers.Phi3Config(**common, sliding_window=16)
        case "phi3-long":
            pairs = cases.SHAPES[shape]["head_dim"] // 2
            factors = {"short_factor": [1.0 + i / 8 for i in range(pairs)], "long_factor": [2.0 + i / 4 for i in range(pairs)]}
            common["rope_parameters"] = {"rope_type": "longrope", "rope_theta": THETA, **factors}
            return transformers.Phi3Config(**common, original_max_position_embeddings=32)
        case "minicpm-long":
            pairs = cases.SHAPES[shape]["head_dim"] // 2
            factors = {"short_factor": [1.0 + i / 8 for i in range(pairs)], "long_factor": [2.0 + i / 4 for i in range(pairs)]}
            longrope = {"rope_type": "longrope", "original_max_position_embeddings": 32, **factors}
            common["rope_parameters"] = {"rope_theta": THETA, **longrope}
            return transformers.GraniteConfig(**common, **granite_factors(shape))
        case "olmo3":
            kinds = ["sliding_attention" if i % 3 != 1 else "full_attention" for i in range(cases.SHAPES[shape]["layers"])]
            default = {"rope_type": "default", "rope_theta": 2 * THETA if shape == "odd" else THETA}
            common["rope_parameters"] = {"full_attention": scaled | {"rope_type": "yarn"}, "sliding_attention": default}
            return transformers.Olmo3Config(**common, sliding_window=16, layer_types=kinds)
        case "internlm3":  # a Llama with these biases
            common["rope_parameters"] |= {"rope_type": "dynamic", "factor": 6.0}
            return transformers.LlamaConfig(**common, attention_bias=biased, mlp_bias=biased)
        case "hunyuan-alpha":  # with what checkpoints of Hunyuan hold besides alpha
            unused = {"factor": 1.0, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 0.0}
            common["rope_parameters"] = {"rope_type": "dynamic", "rope_theta": THETA, "alpha": 1000.0} | unused
            return transformers.HunYuanDenseV1Config(**common)
        case "qwen3moe":
            count, used, ffn = cases.EXPERTS[shape]
            return transformers.Qwen3MoeConfig(
                **common, num_experts=count, num_experts_per_tok=used, moe_intermediate_size=ffn, norm_topk_prob=shape != "odd",
                decoder_sparse_step=2 if shape == "deep" else 1,
            )  # fmt: skip
        case "ernie4_5-moe":
            count, used, ffn = cases.EXPERTS[shape]
            return transformers.Ernie4_5_MoeConfig(
                **common, moe_num_experts=count, moe_k=used, moe_intermediate_size=ffn, moe_num_shared_experts=2,
                moe_layer_start_index=min(1, common["num_hidden_layers"] - 1),
            )  # fmt: skip
        case "hunyuan-moe":
            count, used, _ = cases.EXPERTS[shape]
            used = [used - (layer % 2 if used > 1 else 0) for layer in range(common["num_hidden_layers"])] if shape == "deep" else used
            return transformers.HunYuanMoEV1Config(**common, num_experts=count, moe_topk=used)
        case "glm" | "glm4":
            common["rope_parameters"] |= {"partial_rotary_factor": 0.5}
            kind = transformers.GlmConfig if arch == "glm" else transformers.Glm4Config
            return kind(**common, attention_bias=biased)
        case "starcoder2":
            return transformers.Starcoder2Config(**common, norm_epsilon=EPS, sliding_window=16 if biased else None)
        case "cohere":
            return transformers.CohereConfig(**common, layer_norm_eps=EPS, logit_scale=0.3, attention_bias=biased)
        case "cohere2":
            return transformers.Cohere2Config(
                **common, layer_norm_eps=EPS, logit_scale=0.3, attention_bias=biased, sliding_window=16
            )  # fmt: skip
        case "gpt_neox" | "gpt_neox-serial":
            common["rope_parameters"] |= {"partial_rotary_factor": 0.25}
            return transformers.GPTNeoXConfig(**common, layer_norm_eps=EPS, use_parallel_residual=arch == "gpt_neox")
        case "phi":
            common["rope_parameters"] |= {"partial_rotary_factor": 0.5}
            return transformers.PhiConfig(**common, layer_norm_eps=EPS)
        case "stablelm":
            common["rope_parameters"] |= {"partial_rotary_factor": 0.25}
            return transformers.StableLmConfig(**common, layer_norm_eps=EPS, use_qkv_bias=biased)
        case "nemotron":
            common["rope_parameters"] |= {"partial_rotary_factor": 0.5}
            return transformers.NemotronConfig(**common, norm_eps=EPS, attention_bias=biased, mlp_bias=biased)
        case "arcee":
            return transformers.ArceeConfig(**common, attention_bias=biased, mlp_bias=biased)
    raise ValueError(arch)


def stack_experts(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """transformers holds the matrices of a layer's experts in one tensor, gate and up behind each other."""
    single = {name: value for name, value in tensors.items() if ".mlp.experts." not in name}
    result = {name.replace(".mlp.moe_statics.", ".mlp.gate.moe_statics."): value for name, value in single.items()}
    lists: dict[str, list[np.ndarray]] = {}
    for name, value in tensors.items():
        if ".mlp.experts." in name:
            layer, rest = name.split(".mlp.experts.")
            lists.setdefault(f"{layer}.mlp.experts.{rest.split('.')[1]}", []).append(value)
    for name, values in lists.items():
        if name.endswith("gate_proj"):
            ups = lists[name.replace("gate_proj", "up_proj")]
            result[name.replace("gate_proj", "gate_up_proj")] = np.stack([np.concatenate(pair) for pair in zip(values, ups)])
        elif name.endswith("down_proj"):
            result[name] = np.stack(values)
    return result


def load(arch: str, shape: str):
    model = transformers.AutoModelForCausalLM.from_config(
        config_of(arch, shape), dtype=torch.float32, attn_implementation="eager", experts_implementation="eager"
    ).eval()
    state = model.state_dict()
    missing = set(state) - ({"lm_head.weight"} if not cases.is_untied(arch, shape) else set())
    for name, value in stack_experts(huggingface.tensors(arch, shape)).items():
        name = name.replace("embed_out.", "lm_head.")  # as transformers calls it once it is read
        missing.remove(name)
        assert state[name].shape == value.shape, (name, state[name].shape, value.shape)
        state[name].copy_(torch.from_numpy(value.copy()))
    assert not missing, missing
    return model


def saved_config(arch: str, shape: str) -> dict:
    """What save_pretrained writes, under the name the checkpoints of the architecture have."""
    config = json.loads(config_of(arch, shape).to_json_string())
    del config["transformers_version"]
    if arch == "llama-old":  # as transformers 4 wrote it
        config |= {"rope_theta": config.pop("rope_parameters")["rope_theta"], "rope_scaling": None}
    if arch == "pangu-embedded":
        config["model_type"] = "PanguEmbedded"
    if arch.startswith(("minicpm", "internlm")):  # whose code transformers does not have
        rope = config.pop("rope_parameters")
        config |= {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope if len(rope) > 1 else None}
        config["model_type"] = arch.removesuffix("-long")
    if arch.startswith("minicpm"):
        config = {key: value for key, value in config.items() if key not in granite_factors(shape)}
        config |= minicpm_factors(shape)
        if shape == "deep":  # As the first MiniCPM.
            config |= {"architectures": ["MiniCPMForCausalLM"]}
            del config["model_type"]
    if arch.startswith("internlm"):
        config |= {"bias": config.pop("mlp_bias") or config["attention_bias"]}
        biased = config.pop("attention_bias")
        config |= {"attn_implementation": "eager"} if arch == "internlm2" else {"qkv_bias": biased}
    return config


def main() -> None:
    """Of the architectures that are named, or of all."""
    torch.set_num_threads(1)
    wanted = sys.argv[1:] or (*cases.ARCHITECTURES, *cases.NATIVE)
    configs = json.loads((HERE / "configs.json").read_text()) if sys.argv[1:] else {}
    for arch in wanted:
        rows = {}
        for shape in cases.SHAPES:
            model = load(arch, shape)
            with torch.inference_mode():
                logits = model(torch.tensor([cases.TOKENS]), use_cache=False).logits[0].numpy()
            rows[shape] = logits[list(cases.ROWS)]
            print(f"{arch} {shape}: logits up to {np.abs(logits).max():.3g}", flush=True)
        np.savez_compressed(HERE / f"{arch}.npz", **rows)
        configs[arch] = {shape: saved_config(arch, shape) for shape in cases.SHAPES}
    lines = [f'"{arch}": {{\n' + ",\n".join(f'  "{s}": {json.dumps(c)}' for s, c in of.items()) + "\n}" for arch, of in configs.items()]
    (HERE / "configs.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
