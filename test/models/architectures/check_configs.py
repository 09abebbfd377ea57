#!/usr/bin/env python3
# ===- check_configs.py - what a config.json may leave out or say besides -------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Other spellings of the config.json of models of cases.py must give the same graph: without keys whose value is
the default of the class in transformers, with keys that change nothing, inside of a text_config. And Gemma 3 4B,
as it is published (tensors are holes), whose config.json says little. Needs numpy only."""

from __future__ import annotations

import argparse
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RECORDS = HERE.parents[2] / "lib" / "Arch"

import cases
import huggingface

Config = dict[str, Any]
LONG = "long-heads"  # whose heads have 128 elements
# Architecture, shape, keys that are taken out, keys that are put in or replaced.
SAME: list[tuple[str, str, tuple[str, ...], Config]] = [
    *((arch, LONG, ("head_dim",), {}) for arch in ("qwen3", "glm", "glm4", "ernie4_5")),
    *((arch, LONG, ("attention_bias",), {}) for arch in ("qwen3", "glm", "cohere", "granite")),
    ("llama", "wide", ("head_dim", "hidden_act", "attention_bias", "mlp_bias", "rope_parameters"), {"rope_theta": 10000}),
    ("mistral", "wide", (), {"layer_types": ["full_attention"] * 2, "use_sliding_window": False}),
    ("gemma2", "wide", ("hidden_activation", "attn_logit_softcapping", "final_logit_softcapping", "layer_types"), {"hidden_act": "relu"}),
    ("gemma3", "wide", ("hidden_activation", "layer_types", "rope_parameters"), {"rope_theta": 1e6, "rope_local_base_freq": 1e4}),
    ("qwen3moe", "wide", ("decoder_sparse_step", "sliding_window", "use_sliding_window", "mlp_only_layers"), {}),
    ("ernie4_5-moe", "wide", ("moe_layer_interval", "moe_num_shared_experts", "moe_layer_end_index"), {}),
    ("starcoder2", "wide", ("use_bias", "hidden_act"), {}),
]  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 4.0, "rope_theta": 10000.0, "original_max_position_embeddings": 32}
# The bits of YaRN that have a default, and what this is: the graph stays; with another one it does not.
YARN_BITS = {"beta_fast": (32, 0.5), "beta_slow": (1, 0.1), "attention_factor": (None, 2.0)}


class Checker:
    def __init__(self, frit: str, scratch: Path):
        self.frit, self.scratch, self.problems, self.count = frit, scratch, [], 0
        self.model = scratch / "model"

    def run(self, *arguments: str) -> str:
        done = subprocess.run([self.frit, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else done.stderr

    def graph(self, config: Config) -> str:
        (self.model / "config.json").write_text(json.dumps(config))
        return self.run("compile", str(self.model), "--compile-to=import", "-o", "-")

    def expect(self, what: str, config: Config, graph: str, same: bool = True) -> None:
        self.count += 1
        found = self.graph(config)
        if (found == graph) != same or "graph.layer" not in found:
            lines = [line for line in found.splitlines() if line not in graph] or ["no difference"]
            self.problems.append(f"{what}: expected {'the same' if same else 'another'} graph, found {lines[0].strip()[:200]}")

    def write(self, arch: str, shape: str) -> tuple[Config, str]:
        huggingface.write_directory(arch, shape, self.model)
        config = json.loads((self.model / "config.json").read_text())
        return config, self.graph(config)

    def check_same(self) -> None:
        for arch, shape, absent, more in SAME:
            config, graph = self.write(arch, shape)
            changed = {key: value for key, value in config.items() if key not in absent} | more
            self.expect(f"{arch} {shape} without {', '.join(absent)}", changed, graph)

    def check_yarn(self) -> None:
        config, graph = self.write("qwen2-yarn", "wide")
        self.expect("YaRN", config | {"rope_parameters": YARN}, graph)
        for key, (default, other) in YARN_BITS.items():
            self.expect(f"YaRN, {key}", config | {"rope_parameters": YARN | {key: default}}, graph)
            self.expect(f"YaRN, {key}", config | {"rope_parameters": YARN | {key: other}}, graph, same=False)

    def check_nested(self) -> None:
        """The language model of a model that also sees."""
        config, graph = self.write("gemma3", "wide")
        outer = {"model_type": "gemma3", "vision_config": {"hidden_size": 7}, "mm_tokens_per_image": 256, "image_token_index": 5}
        self.expect("gemma3 in text_config", outer | {"text_config": config}, graph.replace("gemma3_text", "gemma3", 1))

    def check_ignored(self) -> None:
        """Keys that a record ignores, whatever they say."""
        for path in sorted(RECORDS.glob("*.json")):
            own = json.loads(path.read_text())
            ignored = [key for key in own.get("ignore", {}).get("keys", []) if "." not in key and "{" not in key]
            arch = own["name"] if own["name"] in (*cases.ARCHITECTURES, *cases.NATIVE) else None
            if not ignored or arch is None:
                continue
            config, graph = self.write(arch, "wide")
            read: set[str] = set()
            for number in json.loads(self.run("archs", "--show", arch))["hyperparameters"].values():
                keys = number.get("huggingface", [])
                read.update([keys] if isinstance(keys, str) else keys)
            more = {key: "of no account" for key in ignored if key not in read and key not in ("model_type", "architectures", "eos_token_id")}
            self.expect(f"{arch} with {', '.join(more)}", config | more, graph)

    def check_gemma3_4b(self) -> None:
        text = {
            "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024,
        }  # fmt: skip
        config = {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "eos_token_id": [1, 106], "text_config": text}
        h, f, q, kv, d = 2560, 10240, 2048, 1024, 256
        layer = {
            "input_layernorm": (h,), "post_attention_layernorm": (h,), "pre_feedforward_layernorm": (h,), "post_feedforward_layernorm": (h,),
            "self_attn.q_proj": (q, h), "self_attn.k_proj": (kv, h), "self_attn.v_proj": (kv, h), "self_attn.o_proj": (h, q),
            "self_attn.q_norm": (d,), "self_attn.k_norm": (d,), "mlp.gate_proj": (f, h), "mlp.up_proj": (f, h), "mlp.down_proj": (h, f),
        }  # fmt: skip
        shapes = {"embed_tokens": (262208, h), "norm": (h,)}
        shapes |= {f"layers.{n}.{name}": shape for n in range(34) for name, shape in layer.items()}
        header, at = {}, 0
        for name, shape in shapes.items():
            size = 2 * math.prod(shape)
            header[f"language_model.model.{name}.weight"] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
            at += size
        data = json.dumps(header).encode()
        with (self.model / "model.safetensors").open("wb") as file:
            file.write(struct.pack("<Q", len(data)) + data)
            file.truncate(8 + len(data) + at)
        graph = self.graph(config)
        # Five layers with a window, RoPE of theta 10,000 and its own positions, then one without.
        wanted = {
            "window = 1024": "a window of 1024", "heads 8 over 4": "8 heads, 4 of keys", "theta = 1.000000e+06": "theta of 1,000,000",
            "theta = 1.000000e+04": "theta of 10,000", "scale = 1.250000e-01": "positions / 8", "scale = 6.250000e-02": "scores / 16",
        }  # fmt: skip
        self.count += len(wanted)
        self.problems += [f"Gemma 3 4B: expected {what} ({text})" for text, what in wanted.items() if text not in graph]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    frit = os.path.abspath(parser.parse_args().frit)
    with tempfile.TemporaryDirectory(prefix="frit-check-") as scratch:
        checker = Checker(frit, Path(scratch))
        for check in (checker.check_same, checker.check_yarn, checker.check_nested, checker.check_ignored, checker.check_gemma3_4b):
            check()
    print(*checker.problems, f"{checker.count} configurations, {len(checker.problems)} problems", sep="\n")
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
