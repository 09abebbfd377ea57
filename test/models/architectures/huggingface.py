# ===- huggingface.py - the small models as Hugging Face directories -----------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""The models of cases.py under the names and in the layout of transformers: what a converter to GGUF does
to a checkpoint, backwards. configs.json holds the config.json that transformers writes for each of them
(make_reference.py makes it)."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "import"))

import cases
import make_tiny_gguf


def hf_name(arch: str, name: str) -> str:
    parts = {
        "attn_norm": "input_layernorm",
        "ffn_norm": "pre_feedforward_layernorm" if arch.startswith("gemma") else "post_attention_layernorm",
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


# Of these, GGUF files have the two halves of a head interleaved, transformers one behind the other.
INTERLEAVED = ("llama", "minicpm", "internlm2")


def halves(weight: np.ndarray, heads: int) -> np.ndarray:
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(weight.shape)


# Those whose heads have no width of their own.
DIVIDED = ("phi", "starcoder2", "cohere", "gpt_neox", "stablelm")
# Those whose FFN has no gate, and those that have one norm a layer.
UNGATED, ONE_NORM = ("starcoder2", "gpt_neox", "phi", "nemotron", "arcee"), ("cohere", "cohere2", "phi")
GPT_NEOX = {
    "model.embed_tokens": "gpt_neox.embed_in", "model.norm": "gpt_neox.final_layer_norm", "lm_head": "embed_out",
    "model.layers": "gpt_neox.layers", "self_attn.qkv_proj": "attention.query_key_value", "self_attn.o_proj": "attention.dense",
    "mlp.up_proj": "mlp.dense_h_to_4h", "mlp.down_proj": "mlp.dense_4h_to_h",
}  # fmt: skip
# What they call the parts of a Llama.
NAMES = {
    "starcoder2": {"mlp.up_proj": "mlp.c_fc", "mlp.down_proj": "mlp.c_proj"},
    "phi": {
        "model.norm": "model.final_layernorm", "self_attn.o_proj": "self_attn.dense",
        "mlp.up_proj": "mlp.fc1", "mlp.down_proj": "mlp.fc2",
    },
    "gpt_neox": GPT_NEOX, "gpt_neox-serial": GPT_NEOX,
}  # fmt: skip


def family(arch: str) -> str:
    return arch.removesuffix("-serial")


def is_biased(arch: str, shape: str, part: str) -> bool:
    """Whether there is a bias beside a weight."""
    norms = ("starcoder2", "gpt_neox", "phi", "stablelm", "nemotron")
    if "norm" in part:
        return family(arch) in norms and part not in ("self_attn.q_norm", "self_attn.k_norm")
    if family(arch) in ("starcoder2", "gpt_neox", "phi"):
        return part.startswith(("self_attn.", "mlp."))
    if shape not in cases.BIASED:
        return arch.startswith("qwen2") and part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    if arch in ("internlm3", "nemotron", "arcee"):
        return part.startswith(("self_attn.", "mlp."))
    if arch.startswith("cohere"):
        return part.startswith("self_attn.")
    return arch.startswith(("qwen2", "glm", "stablelm")) and part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")


def hidden(arch: str, shape: str) -> int:
    sizes = cases.SHAPES[shape]
    return sizes["heads"] * sizes["head_dim"] if arch.startswith(DIVIDED) else sizes["hidden"]


def is_sparse(arch: str, shape: str, layer: int) -> bool:
    """Whether a layer has experts."""
    if arch == "ernie4_5-moe":
        return layer >= min(1, cases.SHAPES[shape]["layers"] - 1)
    return arch == "hunyuan-moe" or (arch == "qwen3moe" and (shape != "deep" or layer % 2 == 1))


def expert_shapes(arch: str, shape: str) -> dict[str, tuple[int, ...]]:
    """The tensors of a layer with experts in the place of those of the FFN."""
    width = hidden(arch, shape)
    count, _, ffn = cases.EXPERTS[shape]
    if arch == "hunyuan-moe":
        ffn = cases.SHAPES[shape]["ffn"]
    shared = {"ernie4_5-moe": ("shared_experts", 2 * ffn), "hunyuan-moe": ("shared_mlp", ffn)}.get(arch)
    groups = [(f"mlp.experts.{expert}", ffn) for expert in range(count)]
    if shared:
        groups.append((f"mlp.{shared[0]}", shared[1]))
    part = {"mlp.gate.wg" if arch == "hunyuan-moe" else "mlp.gate": (count, width)}
    for name, rows in groups:
        part |= {f"{name}.gate_proj": (rows, width), f"{name}.up_proj": (rows, width), f"{name}.down_proj": (width, rows)}
    return part


def native_shapes(arch: str, shape: str) -> dict[str, tuple[int, ...]]:
    """The tensors of an architecture of cases.NATIVE."""
    sizes = cases.SHAPES[shape]
    width, ffn, head_dim = hidden(arch, shape), sizes["ffn"], sizes["head_dim"]
    q, kv = sizes["heads"] * head_dim, sizes["kv_heads"] * head_dim
    result = {"model.embed_tokens": (cases.VOCABULARY, width), "model.norm": (width,)}
    if cases.is_untied(arch, shape):
        result["lm_head"] = (cases.VOCABULARY, width)
    for layer in range(sizes["layers"]):
        first = "post_feedforward_layernorm" if arch == "olmo3" else "input_layernorm"
        part = {first: (width,), "post_attention_layernorm": (width,)}
        if arch in ONE_NORM:
            del part["post_attention_layernorm"]
        part["self_attn.o_proj"] = (width, q)
        if arch.startswith("phi3"):
            part["self_attn.qkv_proj"] = (q + 2 * kv, width)
        elif family(arch) == "gpt_neox":
            part["self_attn.qkv_proj"] = (3 * q, width)
        else:
            part |= {"self_attn.q_proj": (q, width), "self_attn.k_proj": (kv, width), "self_attn.v_proj": (kv, width)}
        if is_sparse(arch, shape, layer):
            part |= expert_shapes(arch, shape)
        elif arch.startswith(("phi3", "glm")):
            part |= {"mlp.gate_up_proj": (2 * ffn, width), "mlp.down_proj": (width, ffn)}
        else:
            gate = {} if family(arch) in UNGATED else {"mlp.gate_proj": (ffn, width)}
            part |= gate | {"mlp.up_proj": (ffn, width), "mlp.down_proj": (width, ffn)}
        if arch == "olmo3":
            part |= {"self_attn.q_norm": (q,), "self_attn.k_norm": (kv,)}
        if arch == "qwen3moe":
            part |= {"self_attn.q_norm": (head_dim,), "self_attn.k_norm": (head_dim,)}
        if arch.startswith("hunyuan"):
            part |= {"self_attn.query_layernorm": (head_dim,), "self_attn.key_layernorm": (head_dim,)}
        if arch == "glm4":
            part |= {"post_self_attn_layernorm": (width,), "post_mlp_layernorm": (width,)}
        result |= {f"model.layers.{layer}.{name}": dims for name, dims in part.items()}
    tensors = {f"{name}.weight": dims for name, dims in result.items()}
    for name, dims in result.items():
        part = name.split(".", 3)[3] if name.startswith("model.layers.") else name
        if is_biased(arch, shape, part):
            tensors[f"{name}.bias"] = dims[:1]
    if arch == "phi":
        tensors["lm_head.bias"] = (cases.VOCABULARY,)
    if arch == "ernie4_5-moe":
        for layer in range(sizes["layers"]):
            if is_sparse(arch, shape, layer):
                tensors[f"model.layers.{layer}.mlp.moe_statics.e_score_correction_bias"] = (1, cases.EXPERTS[shape][0])
    for theirs, ours in NAMES.get(arch, {}).items():
        tensors = {name.replace(theirs, ours): dims for name, dims in tensors.items()}
    return tensors


def native_tensors(arch: str, shape: str) -> dict[str, np.ndarray]:
    result = {}
    for name, dims in native_shapes(arch, shape).items():
        values = np.random.default_rng(zlib.crc32(f"{arch} {shape} {name}".encode())).standard_normal(dims)
        if "norm" in name:
            values = 0.1 * values + (0 if arch == "nemotron" or name.endswith("bias") else 1)
        elif "e_score" in name:
            values = 0.1 * values
        elif len(dims) == 2 and "embed" not in name:
            values = values / np.sqrt(dims[1])
        result[name] = values.astype(np.float32)
    return result


def tensors(arch: str, shape: str) -> dict[str, np.ndarray]:
    """f32 by name in transformers."""
    if arch in cases.NATIVE:
        return native_tensors(arch, shape)
    sizes = cases.SHAPES[shape]
    arguments = make_tiny_gguf.parse_arguments(["model.gguf", *cases.arguments(arch, shape)])
    result = {}
    for tensor in make_tiny_gguf.model_from_arguments(arguments).tensors:
        value = np.frombuffer(tensor.encode(), np.float32).reshape(tensor.shape)
        if arch.startswith("gemma") and "norm" in tensor.name:
            value = value - np.float32(1)  # GGUF holds 1 + w
        for part, heads in ((".attn_q.", sizes["heads"]), (".attn_k.", sizes["kv_heads"])):
            if arch in INTERLEAVED and part in tensor.name:
                value = halves(value, heads)
        result[hf_name(arch, tensor.name)] = value
    return result


INTERNLM2 = {
    "embed_tokens": "tok_embeddings", "lm_head": "output", "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.o_proj": "attention.wo", "mlp.gate_proj": "feed_forward.w1", "mlp.up_proj": "feed_forward.w3", "mlp.down_proj": "feed_forward.w2",
}  # fmt: skip


def as_internlm2(values: dict[str, np.ndarray], shape: str) -> dict[str, np.ndarray]:
    """The tensors of a Llama as InternLM2 stores them: of each key head the queries, then k, then v."""
    kv_heads, head_dim = (cases.SHAPES[shape][name] for name in ("kv_heads", "head_dim"))
    result = {}
    for name, value in values.items():
        for theirs, ours in INTERNLM2.items():
            name = name.replace(theirs, ours)
        if "self_attn.q_proj" in name:
            parts = [values[name.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            groups = [part.reshape(kv_heads, -1, head_dim, *value.shape[1:]) for part in parts]
            name, value = name.replace("self_attn.q_proj", "attention.wqkv"), np.concatenate(groups, 1).reshape(-1, *value.shape[1:])
        if "self_attn" not in name:
            result[name] = value
    return result


def write_safetensors(path: Path, values: dict[str, np.ndarray]) -> None:
    header, at = {}, 0
    for name, value in values.items():
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for value in values.values():
            file.write(value.tobytes())


def write_directory(arch: str, shape: str, directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    config = json.loads((HERE / "configs.json").read_text())[arch][shape]
    (directory / "config.json").write_text(json.dumps(config))
    values = tensors(arch, shape)
    write_safetensors(directory / "model.safetensors", as_internlm2(values, shape) if arch == "internlm2" else values)
