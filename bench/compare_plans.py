#!/usr/bin/env python3
# ===- compare_plans.py - what fusion gains, and how well it was predicted ------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Runs each model as planned and without fusion, in interleaved rounds of one run, for calls of 1, 4, 64 and 512
tokens with an empty cache and with 2048 tokens in it; and compares the time of each phase with what the plan says, on
a description that `frit calibrate` made at the beginning of each round.

Fails when a cell is slower than 0.98 times without fusion, or when the median error of the phases is above 15 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

TOKENS, DEPTHS = (1, 4, 64, 512), (0, 2048)
# A cell is measured so often in a round; the cache has to be filled each time.
REPETITIONS = {0: 5, 2048: 2}
# Calls of one token are short: so many make one sample.
DECODED = 16
LEAST_RATIO, MOST_ERROR = 0.98, 0.15


def run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Model:
    def __init__(self, frit: str, path: Path, environment: dict[str, str]):
        self.frit, self.path, self.environment = frit, path, environment
        self.rates: dict[str, dict[tuple[int, int], list[float]]] = {"planned": {}, "none": {}}
        self.phases: dict[tuple[str, int, str], list[tuple[float, float]]] = {}

    def bench(self, fusion: str, depth: int) -> None:
        """Tokens per second of each cell with so many tokens in the cache."""
        prompts = ",".join(str(count) for count in TOKENS if count > 1)
        options = ["-p", prompts, "-n", str(DECODED), "-d", str(depth), "-r", str(REPETITIONS[depth]), "-o", "json"]
        rows = json.loads(run([self.frit, "bench", str(self.path), "--fusion", fusion, *options], self.environment))
        for row in rows:
            cell = (row["n_prompt"] or 1, depth)
            self.rates[fusion].setdefault(cell, []).append(max(row["samples_ts"]))

    def predict(self) -> None:
        for tokens in TOKENS[1:]:
            options = ["--measure", "--json", "--context", "2048", "--prompt", str(tokens)]
            (roofline,) = json.loads(run([self.frit, "roofline", str(self.path), *options], self.environment))
            for call in ("decode", "prefill"):
                if call == "decode" and tokens != TOKENS[-1]:
                    continue
                for phase in roofline[call]["phases"]:
                    key = (phase["function"], roofline[call]["tokens"], " ".join(phase["ops"]))
                    times = (phase["seconds"]["value"], phase["measured_seconds"])
                    self.phases.setdefault(key, []).append(times)

    def errors(self) -> dict[tuple[str, int, str], float]:
        """Of each phase, the median over the rounds."""
        return {
            key: median(abs(predicted - measured) / measured for predicted, measured in rounds)
            for key, rounds in self.phases.items()
        }


def print_ratios(models: list[Model]) -> list[str]:
    """Returns what is too slow."""
    problems = []
    print(f"\n| {'model':28} | tokens | in cache |  unfused t/s |  planned t/s | planned / unfused |")
    print(f"|{'-' * 30}|-------:|---------:|-------------:|-------------:|------------------:|")
    for model in models:
        for cell, planned in model.rates["planned"].items():
            unfused = model.rates["none"][cell]
            ratio = median(a / b for a, b in zip(planned, unfused))
            tokens, depth = cell
            name = model.path.stem[:28]
            print(f"| {name:28} | {tokens:6} | {depth:8} | {median(unfused):12.1f} | {median(planned):12.1f} | {ratio:17.2f} |")
            if ratio < LEAST_RATIO:
                problems.append(f"{name}, {tokens} tokens, {depth} in the cache: {ratio:.3f} times the speed without fusion")
    return problems


def print_errors(models: list[Model]) -> list[str]:
    problems, everything = [], []
    print(f"\n| {'model':28} | tokens | phases | median error of predicted times |")
    print(f"|{'-' * 30}|-------:|-------:|--------------------------------:|")
    for model in models:
        errors = model.errors()
        everything += errors.values()
        for tokens in TOKENS:
            own = [error for key, error in errors.items() if key[1] == tokens]
            print(f"| {model.path.stem[:28]:28} | {tokens:6} | {len(own):6} | {100 * median(own):29.0f} % |")
    total = median(everything)
    print(f"\nmedian error of all {len(everything)} phases: {100 * total:.0f} %")
    if total > MOST_ERROR:
        problems.append(f"expected a median error of at most {100 * MOST_ERROR:.0f} %, found {100 * total:.0f} %")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL", help="GGUF files")
    parser.add_argument("--frit", default="build/release/bin/frit", help="the frit executable")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tolerance", default="10", help="of frit calibrate, percent")
    parser.add_argument("--json", type=Path, help="where to write what was measured")
    args = parser.parse_args()
    frit = os.path.abspath(args.frit)
    with tempfile.TemporaryDirectory(prefix="frit-plans-") as scratch:
        environment = os.environ | {"XDG_CONFIG_HOME": scratch, "XDG_CACHE_HOME": scratch}
        models = [Model(frit, path, environment) for path in args.models]
        for number in range(args.rounds):
            if sys.stderr.isatty():
                print(f"\rround {number + 1} of {args.rounds}", end="", file=sys.stderr)
            run([frit, "calibrate", "--tolerance", args.tolerance], environment)
            for model in models:
                model.predict()
                for depth in DEPTHS:
                    # Who comes first has it warmer.
                    order = ("planned", "none") if number % 2 else ("none", "planned")
                    for fusion in order:
                        model.bench(fusion, depth)
    if args.json:
        record = [
            {
                "model": model.path.name,
                "rates": {fusion: [[*cell, rates] for cell, rates in cells.items()] for fusion, cells in model.rates.items()},
                "phases": [[*key, times] for key, times in model.phases.items()],
            }
            for model in models
        ]
        args.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    problems = print_ratios(models) + print_errors(models)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
