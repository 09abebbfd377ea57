#!/usr/bin/env python3
# ===- check_records.py - a record of every edge of every architecture ----------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""`frit explain` has exactly one record for each tensor that an op of the small models of cases.py reads or a function
leaves, and for each pair of neighbouring products that read the same; edges are found in the text of the module."""

from __future__ import annotations

import argparse
import collections
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
import partition

TARGET = ("--target", "x86-64-v3")
TENSOR = re.compile(r"tensor<|!graph\.qtensor<")
Edge = tuple[str, str, str]  # function, producer, consumer


def run(*arguments: str) -> str:
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[0])
    return done.stdout


def edges_of_function(function: str, ops: list[partition.Op]) -> list[Edge]:
    names: dict[str, str] = {}  # of values
    counts: collections.Counter[str] = collections.Counter()
    params = {op.result: re.findall(r'@"?([\w.]+)', op.attributes)[-1] for op in ops if op.name == "graph.param"}
    edges: list[Edge] = []
    products: dict[tuple[str, ...], str] = {}  # the last product that reads something
    for op in ops:
        if op.name == "graph.param":
            continue
        if op.name in ("graph.return", "graph.repeat"):
            name = "output" if op.name == "graph.return" else "repeat"
        else:
            name = next((params[operand] for operand in op.operands if operand in params), op.name.split(".")[1])
            counts[name] += 1
            name += f".{counts[name]}" if counts[name] > 1 else ""
        for operand in dict.fromkeys(op.operands):
            if TENSOR.match(op.types[operand]):
                edges.append((function, names.get(operand, "input"), name))
        if op.name in ("graph.linear", "graph.experts"):
            key = (op.operands[0],) if op.name == "graph.linear" else tuple(op.operands[:2])
            if key in products:
                edges.append((function, products[key], name))
            products[key] = name
        if op.result:
            names[op.result] = name
    return edges


def edges_of(module: str) -> list[Edge]:
    edges: list[Edge] = []
    lines = iter(module.splitlines())
    for line in lines:
        if '"graph.layer"' not in line and '"graph.func"' not in line:
            continue
        function = re.search(r'sym_name = "([\w.]+)"', line)[1]
        ops = []
        next(lines)  # the arguments
        for inner in lines:
            if inner.strip().startswith("})"):
                break
            ops.append(partition.parse(inner))
        edges += edges_of_function(function, ops)
    return edges


def check(frit: str, arch: str, shape: str, options: tuple[str, ...]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="frit-check-") as scratch:
        model, cache = Path(scratch) / "model", Path(scratch) / "cache.mlir"
        model.mkdir()
        huggingface.write_directory(arch, shape, model)
        run(frit, "compile", str(model), *TARGET, *options, "--compile-to=cache", "--mlir-print-op-generic", "-o", str(cache))
        expected = edges_of(cache.read_text())
        lines = run(frit, "explain", str(model), *TARGET, *options, "--json").splitlines()
    problems = []
    records: dict[tuple[int, int], list[dict]] = collections.defaultdict(list)
    for record in map(json.loads, lines):
        records[tuple(record["class"])].append(record)
    if len(records) != 4:
        problems.append(f"expected 4 classes of calls, found {sorted(records)}")
    for calls, found in records.items():
        edges = [(record["function"], record["producer"], record["consumer"]) for record in found]
        missing = collections.Counter(expected) - collections.Counter(edges)
        more = collections.Counter(edges) - collections.Counter(expected)
        problems += [f"{calls}: no record of {edge}" for edge in missing.elements()]
        problems += [f"{calls}: a record of {edge}, which is none" for edge in more.elements()]
        problems += [f"{calls}: no reason for {record}" for record in found if not record["reason"]]
    if not expected:
        problems.append("expected edges, found none")
    return [f"{arch} {shape}: {problem}" for problem in problems]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    parser.add_argument("--only", help="architectures, comma-separated")
    args = parser.parse_args()
    frit = os.path.abspath(args.frit)
    chosen = args.only.split(",") if args.only else [*cases.ARCHITECTURES, *cases.NATIVE]
    shapes = list(cases.SHAPES)
    failed = 0
    for index, arch in enumerate(chosen):
        shape = shapes[index % len(shapes)]  # One shape of each, in turns.
        options = ((), ("--activations=f32",))[index // len(shapes) % 2]
        try:
            problems = check(frit, arch, shape, options)
        except RuntimeError as error:
            problems = [f"{arch} {shape}: {error}"]
        failed += bool(problems)
        for problem in problems:
            print(f"      {problem}")
        print(f"{'FAIL' if problems else 'pass'}  {arch:16} {shape:8} {' '.join(options)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
