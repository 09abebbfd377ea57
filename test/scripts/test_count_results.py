#!/usr/bin/env python3
"""scripts/count_results.py counts what passed and failed, and nothing that was skipped."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "count_results.py"

# As written by ctest 3.25 for tests that passed, failed, had no program, asked to be skipped, and were disabled.
JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="x" tests="5" failures="1" disabled="1" skipped="2">
  <testcase name="good" status="run"/>
  <testcase name="bad" status="fail"><failure message=""/></testcase>
  <testcase name="missing" status="notrun"><skipped message="Unable to find executable"/></testcase>
  <testcase name="skip" status="notrun"><skipped message="SKIP_RETURN_CODE=7"/></testcase>
  <testcase name="off" status="disabled"><skipped message="Disabled"/></testcase>
</testsuite>
"""
LIT = """{"tests": [{"code": "PASS"}, {"code": "XFAIL"}, {"code": "FAIL"}, {"code": "XPASS"}, {"code": "UNRESOLVED"},
{"code": "TIMEOUT"}, {"code": "UNSUPPORTED"}]}"""


class CountResults(unittest.TestCase):
    def count(self, name: str, text: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, name)
            path.write_text(text)
            return subprocess.run([sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True)

    def test_ctest(self):
        self.assertEqual(self.count("unit.xml", JUNIT).stdout, "1 2\n")

    def test_lit(self):
        self.assertEqual(self.count("lit.json", LIT).stdout, "2 4\n")

    def test_broken_reports(self):
        for name, text in (("unit.xml", ""), ("lit.json", "{"), ("lit.json", "{}")):
            result = self.count(name, text)
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertIn("cannot read", result.stderr)


if __name__ == "__main__":
    unittest.main()
