#!/usr/bin/env python3
# ===- make_reference.py - logits of small models from transformers ------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Writes <architecture>.npz: logits of every shape of cases.py, by `transformers` in fp32.

make_tiny_gguf.py writes the model; its tensors go into the transformers model of the architecture by
name, every one of them used once and none left to chance. Needs ../smollm2/requirements-reference.txt.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "import"))

import cases
import gguf
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
    raise ValueError(arch)


def hf_name(arch: str, name: str) -> str:
    gemma = arch.startswith("gemma")
    parts = {
        "attn_norm": "input_layernorm",
        "ffn_norm": "pre_feedforward_layernorm" if gemma else "post_attention_layernorm",
        "post_attention_norm": "post_attention_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_q_norm": "self_attn.query_layernorm" if arch == "hunyuan-dense" else "self_attn.q_norm",
        "attn_k_norm": "self_attn.key_layernorm" if arch == "hunyuan-dense" else "self_attn.k_norm",
        "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    tops = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }
    if name in tops:
        return tops[name]
    _, layer, part, suffix = name.split(".")
    return f"model.layers.{layer}.{parts[part]}.{suffix}"


def halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """GGUF's llama has the two halves of a head interleaved, transformers one behind the other."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def load(arch: str, shape: str, path: Path):
    model = transformers.AutoModelForCausalLM.from_config(
        config_of(arch, shape), dtype=torch.float32, attn_implementation="eager"
    ).eval()
    state = model.state_dict()
    missing = set(state) - ({"lm_head.weight"} if not cases.is_untied(arch, shape) else set())
    sizes = cases.SHAPES[shape]
    for tensor in gguf.GGUFReader(path).tensors:
        value = gguf.dequantize(tensor.data, tensor.tensor_type)
        if arch.startswith("gemma") and "norm" in tensor.name:
            value = value - np.float32(1)  # GGUF holds 1 + w
        if arch == "llama" and ".attn_q." in tensor.name:
            value = halves(value, sizes["heads"])
        if arch == "llama" and ".attn_k." in tensor.name:
            value = halves(value, sizes["kv_heads"])
        name = hf_name(arch, tensor.name)
        missing.remove(name)
        assert state[name].shape == value.shape, (name, state[name].shape, value.shape)
        state[name].copy_(torch.from_numpy(value.copy()))
    assert not missing, missing
    return model


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        for arch in cases.ARCHITECTURES:
            rows = {}
            for shape in cases.SHAPES:
                path = Path(scratch) / "model.gguf"
                make_tiny_gguf.main([str(path), *cases.arguments(arch, shape)])
                model = load(arch, shape, path)
                with torch.inference_mode():
                    logits = model(torch.tensor([cases.TOKENS]), use_cache=False).logits[0].numpy()
                rows[shape] = logits[list(cases.ROWS)]
                print(f"{arch} {shape}: logits up to {np.abs(logits).max():.3g}", flush=True)
            np.savez_compressed(HERE / f"{arch}.npz", **rows)


if __name__ == "__main__":
    main()
