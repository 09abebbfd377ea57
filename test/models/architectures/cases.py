# ===- cases.py - the small models of every architecture -----------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""What check_architectures.py and make_reference.py have in common: for each architecture the arguments
of test/import/make_tiny_gguf.py, and for each shape its sizes."""

from __future__ import annotations

VOCABULARY = 1009
TOKENS = [(37 * i + 11) % VOCABULARY for i in range(64)]
# Of 64 positions, those whose logits are stored.
ROWS = (31, 63)

# Sizes that no power of two divides, groups of heads, a single head of keys, tied and untied outputs.
SHAPES: dict[str, dict[str, int]] = {
    "wide": {"layers": 2, "hidden": 576, "heads": 9, "kv_heads": 3, "head_dim": 64, "ffn": 100},
    "odd": {"layers": 2, "hidden": 102, "heads": 3, "kv_heads": 1, "head_dim": 80, "ffn": 37},
    "long-heads": {"layers": 2, "hidden": 64, "heads": 4, "kv_heads": 4, "head_dim": 128, "ffn": 100},
    "small": {"layers": 1, "hidden": 36, "heads": 2, "kv_heads": 1, "head_dim": 32, "ffn": 17},
    "deep": {"layers": 7, "hidden": 96, "heads": 8, "kv_heads": 2, "head_dim": 16, "ffn": 301},
}
UNTIED = ("odd", "small", "deep")

# Arguments that all models of an architecture have; with "-bias" behind its name, of one that may have biases.
ARCHITECTURES: dict[str, list[str]] = {
    "llama": [],
    "qwen2": ["--attention-bias"],
    "qwen3": ["--qk-norm"],
    "ernie4_5": [],
    "ernie4_5-bias": ["--attention-bias", "--output-bias", "--ffn-bias"],
    "hunyuan-dense": ["--qk-norm"],
    "pangu-embedded": ["--attention-bias", "--output-bias"],
    "gemma2": ["--post-norms", "--set", "gemma2.attention.sliding_window=u32:16"],
    "gemma3": [
        *("--post-norms", "--qk-norm", "--set", "gemma3.attention.sliding_window=u32:16"),
        *("--set", "gemma3.rope.freq_base=f32:1000000"),
    ],
    "minicpm": [],
    "internlm2": [],
    "olmo2": [*("--post-norms", "--qk-row-norm", "--drop", "blk.*.attn_norm.weight", "--drop", "blk.*.ffn_norm.weight")],
}
TIED_ONLY = ("gemma2", "gemma3", "cohere", "cohere2")
# What is compiled with each op in a phase of its own, too, and in which shapes: every kind of op, and odd sizes.
UNFUSED = ("llama", "qwen3", "gemma3", "olmo2", "glm4", "qwen3moe", "starcoder2", "gpt_neox")
UNFUSED_SHAPES = ("wide", "odd")
# Shapes whose models of the families that may have biases have them: GLM, InternLM.
BIASED = ("wide", "odd")
# Factors of MiniCPM by shape: of the embedding, of the depth, and a width. The first is what readers of GGUF
# files take for granted, the files of which have no keys.
OLD_MINICPM = {"scale_emb": 12.0, "scale_depth": 1.4, "dim_model_base": 256}
MINICPM = {"wide": OLD_MINICPM, "small": OLD_MINICPM}
NEW_MINICPM = {"scale_emb": 3.0, "scale_depth": 1.1, "dim_model_base": 40}

# Made from nothing but a config.json (huggingface.native_tensors), and as GGUF by `frit convert`.
NATIVE = (
    *("llama-3.1", "llama-linear", "llama-old", "mistral", "qwen2-yarn", "smollm3", "granite"),
    *("phi3", "phi3-long", "glm", "glm4", "hunyuan-alpha", "minicpm-long", "internlm3", "olmo3"),
    *("qwen3moe", "ernie4_5-moe", "hunyuan-moe"),
    *("starcoder2", "cohere", "cohere2", "gpt_neox", "gpt_neox-serial", "phi", "stablelm", "nemotron", "arcee"),
)
# Mixtures of experts: how many there are, how many of them a token has, their width.
EXPERTS: dict[str, tuple[int, int, int]] = {
    "wide": (8, 2, 48), "odd": (5, 3, 37), "long-heads": (16, 4, 36), "small": (3, 1, 17), "deep": (6, 6, 33),
}  # fmt: skip
# Keys without which llama.cpp does not read a file of the architecture, whatever their values.
REQUIRED_KEYS = {
    "ernie4_5-moe": tuple(
        f"ernie4_5-moe.{key}"
        for key in ("expert_count", "expert_used_count", "leading_dense_block_count", "interleave_moe_layer_step")
    ),
    "gpt_neox": ("gptneox.use_parallel_residual",),
    "gpt_neox-serial": ("gptneox.use_parallel_residual",),
}
# What a GGUF file cannot say: weights of experts that do not add up to 1, layers with and without experts in turn.
DIRECTORY_ONLY = (("qwen3moe", "odd"), ("qwen3moe", "deep"))


def is_untied(arch: str, shape: str) -> bool:
    return shape in UNTIED and arch not in TIED_ONLY


def arguments(arch: str, shape: str) -> list[str]:
    """Of make_tiny_gguf.py, which leaves lengths of heads that are hidden / heads to the reader."""
    result = ["--arch", arch.removesuffix("-bias"), "--vocabulary", str(VOCABULARY), "--format", "f32", *ARCHITECTURES[arch]]
    for name, value in SHAPES[shape].items():
        result += ["--" + name.replace("_", "-"), str(value)]
    if arch in TIED_ONLY:
        for key in ("key_length", "value_length"):
            result += ["--set", f"{arch}.attention.{key}=u32:{SHAPES[shape]['head_dim']}"]
    if arch == "minicpm" and shape not in MINICPM:
        factors = {"embedding_scale": NEW_MINICPM["scale_emb"]}
        factors["residual_scale"] = NEW_MINICPM["scale_depth"] / SHAPES[shape]["layers"] ** 0.5
        factors["logit_scale"] = SHAPES[shape]["hidden"] / NEW_MINICPM["dim_model_base"]
        for key, value in factors.items():
            result += ["--set", f"minicpm.{key}=f32:{value}"]
    if arch == "internlm2" and shape in BIASED:
        result += ["--attention-bias", "--output-bias"]
    return result + (["--untied"] if is_untied(arch, shape) else [])
