#!/usr/bin/env python3
# ===- compare_formats.py - frit and llama.cpp, one weight format after another ---===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Runs compare_llamacpp.py on models of random weights, one for each quantized format.

The models (about 100 million weights; random codes, whose values do not matter for speed) are written
to the work folder once. Arguments behind -- go to compare_llamacpp.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "test/import"))

import make_tiny_gguf  # noqa: E402

FORMATS = [name for name, info in make_tiny_gguf.FORMATS.items() if info.scales is not None]
SHAPE = "--layers 12 --hidden 768 --heads 12 --kv-heads 4 --head-dim 64 --ffn 2048 --vocabulary 32000 --context 2048"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--formats", default=",".join(FORMATS), help="comma-separated (default: all)")
    parser.add_argument("--work-dir", type=Path, default=HERE.parent / "build/bench", help="folder for models and builds")
    parser.add_argument("rest", nargs="*", metavar="ARGUMENT", help="of compare_llamacpp.py, behind --")
    args = parser.parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in args.formats.split(","):
        if name not in FORMATS:
            parser.error(f"--formats: expected some of {', '.join(FORMATS)}, found '{name}'")
        model, record = args.work_dir / f"random-{name}.gguf", args.work_dir / f"random-{name}.json"
        if not model.exists():
            make_tiny_gguf.main([str(model), *SHAPE.split(), "--random-codes", "--format", name])
        command = [sys.executable, str(HERE / "compare_llamacpp.py"), "--model", str(model), "--json", str(record)]
        if done := subprocess.run([*command, "--work-dir", str(args.work_dir), *args.rest]).returncode:
            return done
        rates = json.loads(record.read_text(encoding="utf-8"))["rates"]
        for test in rates["frit"]:
            frit, other = median(rates["frit"][test]), median(rates["llama.cpp"][test])
            lines.append(f"| {name:7} | {test:12} | {other:10.1f} | {frit:10.1f} | {frit / other:6.2f} |")
    print("\n| format  | test         |  llama.cpp |       frit |  ratio |\n|---------|--------------|-----------:|-----------:|-------:|")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
