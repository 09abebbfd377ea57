#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what the runtime's shared library needs and shows.

It must need no library of LLVM or MLIR, neither itself nor through another one, have no symbol of
theirs inside, and show the functions that Runtime.h declares and nothing else.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", help="libfrit-runtime.so")
    parser.add_argument("header", help="frit/Runtime/Runtime.h")
    arguments = parser.parse_args()
    problems = []

    foreign = re.compile(r"libLLVM|libMLIR|libclang|libgomp|libomp", re.IGNORECASE)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", arguments.library))
    if not any(name.startswith("libc.so") for name in needed):
        problems.append(f"readelf lists no libc.so, found {needed}")
    loaded = output("ldd", arguments.library)
    for name in needed + loaded.split():
        if foreign.search(name):
            problems.append(f"needs {name}")

    inside = output("nm", "-C", arguments.library)
    for symbol in re.findall(r"^.*\b(?:llvm|mlir)::.*$", inside, re.MULTILINE):
        problems.append(f"contains {symbol}")

    shown = output("nm", "-D", "--defined-only", arguments.library)
    found = {line.split()[-1].split("@")[0] for line in shown.splitlines()}
    with open(arguments.header, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    declared = set(re.findall(r"FRIT_API\s[^;(]*?\b(frit_\w+)\s*\(", text))
    if len(declared) < 25:
        problems.append(f"found only {len(declared)} declarations in {arguments.header}")
    problems += [f"does not show {name}" for name in sorted(declared - found)]
    problems += [f"shows {name}" for name in sorted(found - declared)]

    for problem in problems:
        print(f"{arguments.library}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
