#!/usr/bin/env python3
"""Checks house rules over the files git knows; prints every violation and exits 1 when there is one."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = re.compile(r"\.(cpp|h|c|td|def)$")
# Who may be included by whom: a directory includes only those before it, and itself.
LAYERS = ["include/frit/Support", "include/frit/Formats", "lib/Formats", "dialects", "passes", "lib/Pipeline"]
TARGET_NAMES = re.compile(
    r"ascend|910b|310p|hivm|x86|avx|neon|nvptx|llama|gemma|qwen|ernie|hunyuan|vpdp|vpmadd", re.I)
MACHINE_PATHS = re.compile(r"/(root|work|home/[a-z]+)/")


def files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def check(name: str, text: str) -> list[str]:
    found = []
    lines = text.splitlines()
    source = SOURCE.search(name)

    def report(number: int, message: str) -> None:
        found.append(f"{name}:{number}: {message}")

    if source:
        limit = 400 if name.startswith("passes/") and name.endswith(".cpp") else 800
        if len(lines) > limit:
            report(len(lines), f"expected at most {limit} lines, found {len(lines)}")
        if not lines or not lines[0].startswith(("//===- ", "/*===-")):
            report(1, "expected a banner")
        if "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" not in text:
            report(1, "expected the licence in the banner")
    for number, line in enumerate(lines, 1):
        if re.search(r"cl::(opt|list|bits)<", line) and source and not name.startswith("tools/"):
            report(number, "cl::opt outside tools/")
        if MACHINE_PATHS.search(line) and name != "scripts/lint.py":
            report(number, "a path of one machine")
        neutral = name.startswith(("passes/", "dialects/")) and not name.startswith("passes/Lower/")
        if source and neutral and TARGET_NAMES.search(line):
            report(number, "a target or a model named outside passes/Lower/<target>")
        if name.startswith("lib/Runtime/") and re.search(r'#include "(mlir|llvm)/', line):
            report(number, "the runtime includes MLIR or LLVM")
        if name.startswith("dialects/") and re.search(r'#include "passes/', line):
            report(number, "a dialect includes a pass")
        if name.startswith("passes/") and re.search(r'#include "lib/', line):
            report(number, "a pass includes a service above it")
        message = re.search(r'(?:emitOpError|emitError|Failure|notifyMatchFailure)\((?:[a-z]\w*, )?"([^"]*)"', line)
        if source and message and message.group(1):
            body = message.group(1)
            if body[0].isupper() and not body.split()[0].isupper():
                report(number, "an error that begins with a capital")
            if body.endswith("."):
                report(number, "an error that ends with a full stop")
    if name.startswith("passes/") and name.endswith("Passes.td") or name == "lib/Pipeline/Passes.td":
        for definition in re.finditer(r"^def (\w+) : Pass<.*?^}", text, re.S | re.M):
            if "```mlir" not in definition.group(0) and "Before:" not in definition.group(0):
                report(1, f"pass {definition.group(1)} has no before/after example")
    if name.startswith("dialects/") and name.endswith("Ops.td"):
        for definition in re.finditer(r"^def (\w+Op) : .*?^}", text, re.S | re.M):
            for need in ("let summary", "let description", "```mlir"):
                if need not in definition.group(0):
                    report(1, f"op {definition.group(1)} lacks {need.removeprefix('let ')}")
    return found


def main() -> int:
    found = []
    for name in files():
        path = ROOT / name
        if path.suffix in {".npz", ".gguf", ".bin", ".svg", ".png"} or path.stat().st_size > 2_000_000:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += check(name, text)
    print("\n".join(found) if found else "no house rule is broken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
