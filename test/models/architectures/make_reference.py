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
    raise ValueError(arch)


def load(arch: str, shape: str):
    model = transformers.AutoModelForCausalLM.from_config(
        config_of(arch, shape), dtype=torch.float32, attn_implementation="eager"
    ).eval()
    state = model.state_dict()
    missing = set(state) - ({"lm_head.weight"} if not cases.is_untied(arch, shape) else set())
    for name, value in huggingface.tensors(arch, shape).items():
        missing.remove(name)
        assert state[name].shape == value.shape, (name, state[name].shape, value.shape)
        state[name].copy_(torch.from_numpy(value.copy()))
    assert not missing, missing
    return model


def saved_config(arch: str, shape: str) -> dict:
    """What save_pretrained writes, under the name the checkpoints of the architecture have."""
    config = json.loads(config_of(arch, shape).to_json_string())
    del config["transformers_version"]
    if arch == "pangu-embedded":
        config["model_type"] = "PanguEmbedded"
    return config


def main() -> None:
    torch.set_num_threads(1)
    configs = {}
    for arch in cases.ARCHITECTURES:
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
