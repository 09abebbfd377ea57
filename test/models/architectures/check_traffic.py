#!/usr/bin/env python3
# ===- check_traffic.py - phases and bytes of every architecture ----------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Phases and bytes that are planned for the small models of cases.py, fused and not, are what the reference
interpreter counts; and decoding takes no more phases a layer than it may."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "import"))

import cases
import huggingface

KEYS = ("phases", "weight_bytes", "cache_bytes", "input_bytes", "output_bytes")
# Of tokens that a window slides over, some are not seen any more.
OPTIONS = ("--context", "50", "--prompt", "40")
# Of a layer, in decoding. Norms behind products, which need whole rows of what all cores computed, still cost one each.
MOST_PHASES = {"gemma2": 7, "gemma3": 7, "glm4": 7, "olmo2": 8, "olmo3": 8}


def characterize(frit: str, directory: Path, *options: str) -> dict:
    done = subprocess.run(
        [frit, "characterize", str(directory), "--count", "--json", *OPTIONS, *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[0])
    return json.loads(done.stdout)


def differences(found: dict, has_experts: bool) -> list[str]:
    result = []
    for call in ("decode", "prefill"):
        for cut in ("planned", "unfused"):
            planned, counted = found[call][cut], found[call]["counted"][cut]
            for key in KEYS:
                # Which experts several tokens choose is not known before.
                if has_experts and call == "prefill" and key == "weight_bytes":
                    continue
                if planned[key] != counted[key]:
                    result.append(f"{call}, {cut}: {key} is {planned[key]} as planned, {counted[key]} as counted")
    return result


def check(frit: str, arch: str, shape: str) -> tuple[list[str], int]:
    """What is wrong, and the phases of a layer in decoding."""
    problems, most = [], 0
    try:
        with tempfile.TemporaryDirectory(prefix="frit-check-") as scratch:
            huggingface.write_directory(arch, shape, Path(scratch))
            for options in ((), ("--activations=f32", "--kv-cache-type=f32")):
                found = characterize(frit, Path(scratch), *options)
                problems += differences(found, arch in cases.EXPERTS or "moe" in arch)
                layers = [op["phase"] for op in found["decode"]["ops"] if op["function"] != "forward"]
                most = max(most, *layers)
    except RuntimeError as error:
        problems.append(str(error))
    return [f"{arch} {shape}: {problem}" for problem in problems], most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    parser.add_argument("--only", help="architectures, comma-separated")
    args = parser.parse_args()
    frit = os.path.abspath(args.frit)
    chosen = args.only.split(",") if args.only else [*cases.ARCHITECTURES, *cases.NATIVE]
    shapes = list(cases.SHAPES)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        # One shape of each, in turns.
        jobs = [(arch, shapes[index % len(shapes)]) for index, arch in enumerate(chosen)]
        for (arch, shape), (problems, most) in zip(jobs, workers.map(lambda job: check(frit, *job), jobs)):
            if "moe" not in arch and most > MOST_PHASES.get(arch, 5):
                problems.append(f"{arch} {shape}: expected at most {MOST_PHASES.get(arch, 5)} phases a layer, found {most}")
            failed += bool(problems)
            for problem in problems:
                print(f"      {problem}")
            print(f"{'FAIL' if problems else 'pass'}  {arch:16} {shape:8} {most} phases a layer", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
