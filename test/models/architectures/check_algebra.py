#!/usr/bin/env python3
# ===- check_algebra.py - every rule on every kind of architecture -------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Rewrites the small models of cases.py by each rule of docs/algebra.md and compares logits with the stored ones of
transformers. Layers that were written out and outlined again must give the classes, phases and bits of the
import. Needs numpy only."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

import cases
import check_traffic
import huggingface
from check_architectures import F32, LIMIT, run

HERE = Path(__file__).resolve().parent
# One with biases, with layers of two kinds, with post-norms, with multipliers, with (1 + w), with interleaved RoPE, with experts.
ARCHITECTURES = ("llama", "phi", "gemma3", "cohere2", "olmo2", "granite", "minicpm", "ernie4_5", "qwen3moe")
# What of the rules must apply where, so that no check is empty.
RULES = {
    "frit-inline-layers": (),
    "frit-fold-norm-weights": ("llama", "gemma3", "granite", "qwen3moe"),
    "frit-defer-row-factors": ("llama", "gemma3", "granite", "minicpm", "ernie4_5"),
    "frit-fold-norm-weights,frit-defer-row-factors": ("llama", "granite"),
    "frit-merge-scales": ("granite", "minicpm"),
}

# The phases are those of before.
SAME_PHASES = ("frit-inline-layers", "frit-fold-norm-weights", "frit-merge-scales")
# Directories have a tensor for each expert, which only a table can say.
PIECES = ("qwen3moe",)


class Model:
    def __init__(self, frit: str, arch: str, shape: str, scratch: Path):
        self.frit, self.scratch = frit, scratch
        self.expected = np.load(HERE / f"{arch}.npz")[shape]
        directory = scratch / "directory"
        huggingface.write_directory(arch, shape, directory)
        self.imported = scratch / "import.mlir"
        run(frit, "compile", str(directory), "--compile-to=import", "--emit=mlir", "-o", str(self.imported))

    def rewritten(self, passes: str) -> Path:
        path = self.scratch / "rewritten.mlir"
        frit_opt = str(Path(self.frit).with_name("frit-opt"))
        run(frit_opt, str(self.imported), f"--pass-pipeline=builtin.module({passes})", "-o", str(path))
        return path

    def logits(self, module: Path) -> np.ndarray:
        bundle, file = self.scratch / "model.frit", self.scratch / "logits.npy"
        run(self.frit, "compile", str(module), *F32, "-o", str(bundle))
        run(self.frit, "run", str(bundle), "--tokens", ",".join(map(str, cases.TOKENS)), "-n", "0", "--logits", str(file))
        return np.load(file)

    def error(self, logits: np.ndarray) -> float:
        return float(np.abs(logits[list(cases.ROWS)] - self.expected).max() / np.abs(self.expected).max())

    def structure(self, module: Path) -> tuple[list[str], int]:
        """The segments, and how many phases there are."""
        fused = run(self.frit, "compile", str(module), *F32, "--compile-to=fuse", "--emit=mlir", "-o", "-")
        return re.findall(r"#graph.segment<[^>]*>", fused), fused.count("kernel.phase ")


def check(frit: str, arch: str, shape: str) -> list[str]:
    """What is wrong."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="frit-algebra-") as scratch:
        model = Model(frit, arch, shape, Path(scratch))
        plain = model.logits(model.imported)
        structure = model.structure(model.imported)
        for passes, needed in RULES.items():
            if passes == "frit-inline-layers" and arch in PIECES:
                continue
            module = model.rewritten(passes)
            if arch in needed and module.read_text() == model.rewritten("canonicalize").read_text():
                wrong.append(f"{passes}: expected it to change something")
                continue
            module = model.rewritten(passes)
            logits = model.logits(module)
            error = model.error(logits)
            print(f"{arch:10} {shape:10} {passes:46} {error:.1e}", flush=True)
            if not error <= LIMIT:
                wrong.append(f"{passes}: {error:.1e} of the largest logit (limit: {LIMIT:.0e})")
            if passes == "frit-defer-row-factors" and arch not in cases.EXPERTS:
                wrong += [f"{passes}: {text}" for text in check_traffic.differences(check_traffic.characterize(frit, module), False)]
            if passes in SAME_PHASES and (found := model.structure(module)) != structure:
                wrong.append(f"{passes}: expected segments and phases {structure}, found {found}")
            if passes != "frit-inline-layers":
                continue
            if "graph.repeat" in module.read_text():
                wrong.append(f"{passes}: expected no graph.repeat")
            if not np.array_equal(logits, plain):
                wrong.append(f"{passes}: expected the bits of the import")
    return [f"{arch} {shape}: {text}" for text in wrong]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable; frit-opt lies beside it")
    parser.add_argument("--only", help="architectures, comma-separated")
    parser.add_argument("--shapes", default="deep", help="shapes, comma-separated")
    args = parser.parse_args()
    chosen = args.only.split(",") if args.only else ARCHITECTURES
    wrong = [line for arch in chosen for shape in args.shapes.split(",")
             for line in check(os.path.abspath(args.frit), arch, shape)]
    print("\n".join(wrong) or "pass")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
