#!/usr/bin/env python3
# ===- check_architectures.py - every architecture against transformers --------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Compiles the small models of cases.py in f32 and compares logits with the stored ones of transformers,
of a prefill and of a prefill followed by decoding. The same model as a Hugging Face directory and as a GGUF
file must give the same bits. Needs numpy only."""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "import"))

import cases
import huggingface
import make_tiny_gguf

F32 = ("--activations", "f32", "--kv-cache-type", "f32")
LIMIT = 1e-4  # of the largest logit
# A prefill of so many tokens and as many decoded ones must give what a prefill of all gives.
SPLIT, DECODED = 29, 20


def run(frit: str, *arguments: str) -> str:
    done = subprocess.run([frit, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[0])
    return done.stdout


def make_models(frit: str, scratch: Path, arch: str, shape: str) -> list[Path]:
    """The model of a case in every form it comes in."""
    directory, converted, file = scratch / "directory", scratch / "converted.gguf", scratch / "model.gguf"
    huggingface.write_directory(arch, shape, directory)
    if (arch, shape) in cases.DIRECTORY_ONLY:
        return [directory]
    run(frit, "convert", str(directory), "--format", "f32", "-o", str(converted))
    content = converted.read_bytes()
    for key in cases.REQUIRED_KEYS.get(arch, ()):
        if key.encode() not in content:
            raise RuntimeError(f"expected the key {key} in the file that was converted")
    if arch in cases.NATIVE:
        return [directory, converted]
    make_tiny_gguf.main([str(file), *cases.arguments(arch, shape)])
    return [directory, converted, file]


def check(frit: str, scratch: Path, arch: str, shape: str) -> float:
    """The largest difference relative to the largest logit."""
    bundle, file = scratch / "model.frit", scratch / "logits.npy"
    expected = np.load(HERE / f"{arch}.npz")[shape]

    def logits(tokens: list[int], count: int) -> tuple[list[int], np.ndarray]:
        ids = ",".join(map(str, tokens))
        options = ("-n", str(count), "--print-tokens", "--ignore-eos", "--logits", str(file))
        out = run(frit, "run", str(bundle), "--tokens", ids, *options)
        return [int(word) for word in out.strip().split(",") if word], np.load(file)

    def difference(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a - b).max() / np.abs(b).max())

    prefilled = []
    for model in make_models(frit, scratch, arch, shape):
        run(frit, "compile", str(model), *F32, "-o", str(bundle))
        prefilled.append(logits(cases.TOKENS, 0)[1])
        if not np.array_equal(prefilled[0], prefilled[-1]):
            raise RuntimeError(f"expected the same logits from {model.name} as from the Hugging Face directory")

    def check_bundle() -> float:
        """Of a prefill, and of decoding."""
        start = cases.TOKENS[:SPLIT]
        generated, decoded = logits(start, DECODED)
        _, again = logits(start + generated[:-1], 0)
        _, whole = logits(cases.TOKENS, 0)
        return max(difference(whole[list(cases.ROWS)], expected), difference(decoded, again))

    worst = check_bundle()
    if arch in cases.UNFUSED and shape in cases.UNFUSED_SHAPES:
        run(frit, "compile", str(model), *F32, "--fusion", "none", "-o", str(bundle))
        worst = max(worst, check_bundle())
    return worst


def check_all_shapes(frit: str, arch: str) -> tuple[bool, str]:
    """Whether an architecture passes, and what to say of it."""
    worst, where, lines = 0.0, "-", ""
    for shape in cases.SHAPES:
        try:
            with tempfile.TemporaryDirectory(prefix="frit-check-") as scratch:
                difference = check(frit, Path(scratch), arch, shape)
        except RuntimeError as error:
            lines += f"      {arch} {shape}: {error}\n"
            difference = float("inf")
        if not difference <= worst:
            worst, where = difference, shape
    good = worst <= LIMIT
    result = f"{'pass' if good else 'FAIL'}  {arch:16} {worst:.1e} of the largest logit ({where}; limit: {LIMIT:.0e})"
    return good, lines + result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    parser.add_argument("--only", help="architectures, comma-separated")
    args = parser.parse_args()
    frit = os.path.abspath(args.frit)
    chosen = args.only.split(",") if args.only else [*cases.ARCHITECTURES, *cases.NATIVE]
    failed = 0
    # Each compiles on one core for most of the time.
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        for good, text in workers.map(lambda arch: check_all_shapes(frit, arch), chosen):
            failed += not good
            print(text, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
