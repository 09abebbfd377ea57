#!/usr/bin/env python3
# ===- porting.py - docs/porting.md, done word for word ------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Ports the architecture of docs/porting.md with the record that stands there. Its checkpoints are those of
`granite` in cases.py under other names, so that the logits that transformers gave are known. Needs numpy."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[2] / "docs" / "porting.md"

import cases
import huggingface

LIMIT = 1e-4  # of the largest logit
KEYS = {
    "num_hidden_layers": "n_layer", "max_position_embeddings": "n_ctx", "hidden_size": "d_model", "vocab_size": "n_vocab",
    "intermediate_size": "d_ff", "num_attention_heads": "n_head", "num_key_value_heads": "n_kv_head", "head_dim": "d_head",
    "rms_norm_eps": "norm_eps", "tie_word_embeddings": "shared_embeddings", "hidden_act": "act_fn", "embedding_multiplier": "embed_gain",
    "residual_multiplier": "branch_gain", "attention_multiplier": "score_gain", "logits_scaling": "logit_divisor",
}  # fmt: skip
PARTS = {
    "model.embed_tokens": "backbone.embed", "model.norm": "backbone.final_norm", "lm_head": "backbone.head", "model.layers": "backbone.blocks",
    "input_layernorm": "mixer_norm", "post_attention_layernorm": "mlp_norm", "self_attn.q_proj": "mixer.q", "self_attn.k_proj": "mixer.k",
    "self_attn.v_proj": "mixer.v", "self_attn.o_proj": "mixer.out", "mlp.gate_proj": "mlp.gate", "mlp.up_proj": "mlp.up",
    "mlp.down_proj": "mlp.down",
}  # fmt: skip


def rename(name: str) -> str:
    for theirs, ours in PARTS.items():
        name = name.replace(theirs, ours)
    return name


def write_quoll(shape: str, directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    granite = json.loads((HERE / "configs.json").read_text())["granite"][shape]
    config = {ours: granite[theirs] for theirs, ours in KEYS.items()}
    config |= {"model_type": "quoll", "rope_base": granite["rope_parameters"]["rope_theta"]}
    (directory / "config.json").write_text(json.dumps(config))
    weights = huggingface.tensors("granite", shape)
    huggingface.write_safetensors(directory / "model.safetensors", {rename(name): value for name, value in weights.items()})


def run(frit: str, directory: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run([frit, *arguments], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != code:
        raise SystemExit(f"frit {' '.join(arguments)}: expected status {code}, found {done.returncode}\n{done.stderr}")
    return done.stdout + done.stderr


def expect(text: str, *parts: str) -> None:
    for part in parts:
        if part not in text:
            raise SystemExit(f"expected '{part}' in\n{text}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    frit = os.path.abspath(parser.parse_args().frit)
    page = PAGE.read_text()
    record = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL).group(1))
    command = re.search(r"^    frit (run quoll/ .*--logits logits.npy)$", page, re.MULTILINE).group(1).split()
    ids = ",".join(map(str, cases.TOKENS))
    command[command.index("--tokens") + 1] = ids
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="frit-port-") as scratch:
        directory = Path(scratch)
        os.environ["XDG_CACHE_HOME"] = str(directory / "cache")
        for shape in cases.SHAPES:
            write_quoll(shape, directory / "quoll")
            unknown = run(frit, directory, "inspect", "quoll/", code=1)
            expect(unknown, "does not know the architecture 'quoll'", "config.json, d_model = ", "mixer.q.weight")
            (directory / "quoll.json").write_text(json.dumps(record | {"hyperparameters": {}}))
            expect(run(frit, directory, "inspect", "quoll/", "--arch-spec", "quoll.json", code=1), "attention.scale: 'score_gain' uses")
            forgetful = json.loads(json.dumps(record))
            del forgetful["hyperparameters"]["score_gain"], forgetful["attention"]
            (directory / "quoll.json").write_text(json.dumps(forgetful))
            missed = run(frit, directory, "inspect", "quoll/", "--arch-spec", "quoll.json", code=1)
            expect(missed, "config.json, score_gain: the record 'quoll' does not know it (its value is 0.15)")
            (directory / "quoll.json").write_text(json.dumps(record))
            run(frit, directory, "inspect", "quoll/", "--arch-spec", "quoll.json")
            run(frit, directory, *command)
            logits, expected = np.load(directory / "logits.npy"), np.load(HERE / "granite.npz")[shape]
            worst = max(worst, float(np.abs(logits[list(cases.ROWS)] - expected).max() / np.abs(expected).max()))
            if shape == "small":
                run(frit, directory, "verify", "quoll/", "--arch-spec", "quoll.json")
    good = worst <= LIMIT
    print(f"{'pass' if good else 'FAIL'}  quoll            {worst:.1e} of the largest logit  (limit: {LIMIT:.0e})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
