#!/usr/bin/env python3
# ===- check_partitions.py - any legal cut into phases -------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Whatever has a phase of its own, is in an epilogue or is recomputed in prologues: each phase computes what its
reference does, and the model what it computes as `fuse` cuts it."""

import json
import sys
from pathlib import Path

ARCHITECTURES = Path(__file__).resolve().parent
sys.path.insert(0, str(ARCHITECTURES.parents[1] / "tools/frit/Inputs"))
import cases
import huggingface
import partition
from driver import DriverTest, main, read_npy

SEEDS = range(3)
LIMIT = 1e-4  # of the largest logit, in f32
TOKENS = ",".join(str(37 * i % 288) for i in range(1, 60))
INT8 = ("--activations=int8",)
F32 = ("--activations=f32", "--kv-cache-type=f32")


class PartitionsTest(DriverTest):
    def logits(self, model: str, *options: str) -> list[float]:
        """Of a prefill and some decoding."""
        self.frit("run", model, "--tokens", TOKENS, "-n", "6", "--ignore-eos", "--logits", "l.npy", *options)
        return read_npy(self.directory / "l.npy")[1]

    def assert_close(self, found: list[float], expected: list[float]) -> None:
        largest = max(map(abs, expected))
        worst = max(abs(a - b) for a, b in zip(found, expected, strict=True))
        self.assertLess(worst, LIMIT * largest)

    def check(self, model: str) -> None:
        for options in (INT8, F32):
            self.frit("compile", model, *options, "--compile-to=cache", "--mlir-print-op-generic", "-o", "cache.mlir")
            module = (self.directory / "cache.mlir").read_text()
            fused = self.logits(model, *F32)
            for seed in SEEDS:
                text, description = partition.cut(module, seed)
                (self.directory / "cut.mlir").write_text(text)
                with self.subTest(seed=seed, options=options, cut=description):
                    if options == INT8:
                        self.frit("verify", "cut.mlir")
                        continue
                    # Only in f32, where no code is rounded another way, are the logits of models the same.
                    self.frit("compile", "cut.mlir", "-o", "cut.frit")
                    self.assert_close(self.logits("cut.frit"), fused)

    def test_llama(self):
        self.check(self.make_model())

    def test_norms_of_heads_and_behind_products(self):
        sizes = [f"gemma3.attention.{name}_length=u32:16" for name in ("key", "value")]
        options = [word for size in sizes for word in ("--set", size)]
        self.check(self.make_model("tiny.gguf", "--arch", "gemma3", "--qk-norm", "--post-norms", *options))

    def test_mixture_of_experts(self):
        # As qwen3moe's "wide", but in whole blocks of 32 columns.
        cases.SHAPES["here"] = {"layers": 2, "hidden": 64, "heads": 4, "kv_heads": 2, "head_dim": 16, "ffn": 96}
        cases.EXPERTS["here"] = (6, 2, 64)
        directory = self.directory / "moe"
        directory.mkdir()
        config = json.loads((ARCHITECTURES / "configs.json").read_text())["qwen3moe"]["wide"]
        config |= {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
        config |= {"num_local_experts": 6, "moe_intermediate_size": 64, "intermediate_size": 96}
        (directory / "config.json").write_text(json.dumps(config))
        huggingface.write_safetensors(directory / "model.safetensors", huggingface.tensors("qwen3moe", "here"))
        self.frit("convert", "moe", "--format", "q8_0", "-o", "moe.gguf")
        self.check("moe.gguf")

    def test_none(self):
        model = self.make_model()
        self.frit("verify", model, "--fusion=none")
        self.assert_close(self.logits(model, *F32, "--fusion=none"), self.logits(model, *F32))


if __name__ == "__main__":
    main()
