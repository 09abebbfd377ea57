#!/usr/bin/env python3
"""Runs the checks Inputs/check_NAME.py of a test file run-NAME.mlir on its compiled phases.

Part of frit, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import importlib
import os
import sys

import phases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="run-NAME.mlir")
    parser.add_argument("--target", required=True, choices=phases.TARGETS)
    parser.add_argument("--driver", required=True, help="frit-opt, or mlir-opt with the plug-in")
    arguments = parser.parse_args()
    name = os.path.basename(arguments.file).removeprefix("run-").removesuffix(".mlir")
    checks = importlib.import_module("check_" + name)
    compiled = phases.Phases(arguments.file, arguments.target, arguments.driver)
    done = set()
    for check in dir(checks):
        if check.startswith("check_") and check != "check_close":
            getattr(checks, check)(compiled)
            done.add(check.removeprefix("check_"))
    missing = set(compiled.packs) - {phase for phase in compiled.packs if any(phase.startswith(d) for d in done)}
    if missing:
        sys.exit(f"no check for {', '.join(sorted(missing))}")


main()
