#!/usr/bin/env python3
"""Prints how many tests of a report passed and failed; skipped ones count as neither.

The report is what ctest --output-junit or lit --output writes.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import xml.etree.ElementTree

LIT_PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
LIT_NEITHER = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def count_lit(report: dict) -> tuple[int, int]:
    codes = [test["code"] for test in report["tests"]]
    passed = sum(code in LIT_PASSED for code in codes)
    return passed, sum(code not in LIT_NEITHER for code in codes) - passed


def count_junit(suite: xml.etree.ElementTree.Element) -> tuple[int, int]:
    passed = failed = 0
    for case in suite.iter("testcase"):
        if case.get("status") == "run":
            passed += 1
        elif case.get("status") != "disabled" and not is_skipped(case):
            failed += 1
    return passed, failed


def is_skipped(case: xml.etree.ElementTree.Element) -> bool:
    """Whether the test itself asked for it; ctest also writes "notrun" when it finds no program."""
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("message", "").startswith("SKIP_")


def count(path: pathlib.Path) -> tuple[int, int]:
    if path.suffix == ".json":
        return count_lit(json.loads(path.read_text()))
    return count_junit(xml.etree.ElementTree.parse(path).getroot())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=pathlib.Path, help="JUnit XML of ctest or JSON of lit")
    options = parser.parse_args()
    try:
        print(*count(options.report))
    except (OSError, ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
        print(f"count_results.py: cannot read {options.report}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
