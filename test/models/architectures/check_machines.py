#!/usr/bin/env python3
# ===- check_machines.py - every machine plans every kind of layer ---------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""For each built-in machine, `frit explain` plans small models of several kinds and says so of every edge, or says which
figures the description lacks."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "import"))

import cases
import huggingface

DESCRIPTIONS = HERE.parents[2] / "lib" / "Machine" / "descriptions"
# Norms behind products, mixtures of experts, FFNs beside attention, FFNs without a gate, fused tensors.
ARCHITECTURES = ("llama", "gemma2", "gemma3", "qwen3moe", "hunyuan-moe", "cohere", "gpt_neox", "phi3", "nemotron")
DECISIONS = {"epilogue", "workspace", "recomputed", "together", "stored"}
REFUSAL = re.compile(r"error: the description of machine (\S+) does not say what the planner needs: \S.*\n|"
                     r"error: machine (\S+) has no matrix instruction for (f32|f16|i8), which \S+ multiplies\n")  # fmt: skip
# Of which too little is public.
REFUSED = {"s4000"}


def check(frit: str, model: Path, machine: str) -> str:
    """What is wrong, or nothing."""
    done = subprocess.run(
        [frit, "explain", str(model), "--target", machine, "--json"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    # Small models have no room for some of the ids that transformers has by default.
    errors = "".join(line for line in done.stderr.splitlines(True) if not line.startswith("warning: "))
    if machine in REFUSED:
        found = REFUSAL.fullmatch(errors)
        return "" if done.returncode == 1 and found else f"expected a refusal, found {done.returncode}: {errors}"
    if done.returncode != 0 or errors:
        return f"expected a plan, found {done.returncode}: {errors}"
    records = [json.loads(line) for line in done.stdout.splitlines()]
    if not any(record["decision"] != "stored" for record in records):
        return "nothing is fused"
    for record in records:
        if record["decision"] not in DECISIONS or not record["reason"]:
            return f"a record without a decision or a reason: {record}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    parser.add_argument("--only", help="architectures, comma-separated")
    args = parser.parse_args()
    frit = os.path.abspath(args.frit)
    machines = sorted(path.stem for path in DESCRIPTIONS.glob("*.json"))
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="frit-check-") as scratch,
        concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers,
    ):
        for arch in args.only.split(",") if args.only else ARCHITECTURES:
            model = Path(scratch) / arch
            model.mkdir()
            huggingface.write_directory(arch, next(iter(cases.SHAPES)), model)
            problems = list(workers.map(lambda machine: check(frit, model, machine), machines))
            wrong = [f"{machine}: {problem}" for machine, problem in zip(machines, problems, strict=True) if problem]
            failed += bool(wrong)
            for problem in wrong:
                print(f"      {problem}")
            print(f"{'FAIL' if wrong else 'pass'}  {arch:16} {len(machines)} machines", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
