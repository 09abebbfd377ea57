#!/usr/bin/env python3
"""Scripts that source scripts/testing.sh end with a line that counts, whatever happens to them."""

import pathlib
import subprocess
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "testing.sh"
REPORT = """report() { printf '{"tests": [%s]}' "$1" >"$results/r.json"; }
pass='{"code": "PASS"}'; fail='{"code": "FAIL"}'
"""


class LastLine(unittest.TestCase):
    def run_script(self, *lines: str) -> tuple[int, list[str]]:
        text = f"source '{SCRIPT}'\n{REPORT}" + "\n".join(lines)
        result = subprocess.run(["bash", "-c", text], capture_output=True, text=True)
        return result.returncode, result.stdout.splitlines()

    def check(self, last: str, code: int, *lines: str) -> None:
        status, output = self.run_script(*lines)
        self.assertEqual((output[-1], status), (last, code), output)

    def test_good(self):
        self.check("4 passed, 0 failed", 0, "check A true",
                   'suite B "$results/r.json" report "$pass, $pass, $pass"', "total")

    def test_failed_check_and_tests(self):
        self.check("1 passed, 3 failed", 1, "check A false",
                   'suite B "$results/r.json" report "$pass, $fail, $fail"', "total")

    def test_runner_that_reports_success_but_fails(self):
        self.check("1 passed, 1 failed", 1,
                   'run() { report "$pass"; return 3; }', 'suite B "$results/r.json" run', "total")

    def test_runner_that_runs_nothing(self):
        self.check("0 passed, 1 failed", 1, 'suite B "$results/r.json" report ""', "total")
        self.check("0 passed, 1 failed", 1, 'suite B "$results/r.json" true', "total")

    def test_script_that_breaks_off(self):
        self.check("1 passed, 1 failed", 1, "check A true", "heading B", "false", "total")
        self.check("0 passed, 1 failed", 1, "exit 0")

    def test_a_step_inside_a_check_that_fails_last(self):
        self.check("0 passed, 1 failed", 1, "step() { true; false; }", "check A step", "total")


if __name__ == "__main__":
    unittest.main()
