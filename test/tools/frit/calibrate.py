# RUN: %python %s
# ===- calibrate.py - frit calibrate --------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main

CPUINFO = Path("/proc/cpuinfo").read_text()


@unittest.skipUnless("vendor_id" in CPUINFO, "measures x86-64 only")
class CalibrateTest(DriverTest):
    # Whatever else runs here, the samples are accepted.
    ANYTHING = ("--tolerance", "1e9", "--rounds", "4")

    def frit(self, *arguments, **options):
        # However busy it is here: where another program takes the time of one phase, others seem to take none.
        if arguments[0] != "calibrate" or options.get("code"):
            return super().frit(*arguments, **options)
        for _ in range(5):
            try:
                return super().frit(*arguments, **options)
            except AssertionError as error:
                if "seem to take no time" not in str(error):
                    raise
        self.fail("expected to measure once in five times")

    def test_measures(self):
        out, err = self.frit("calibrate", *self.ANYTHING, "-o", "mine.json")
        self.assertEqual(err, "")
        self.assertTrue(out.endswith("mine.json: written\n"), out)
        self.assertRegex(out, r"(?m)^reading memory with one core +[\d.]+ [MG]B/s +within [\d.]+ %$")
        mine = json.loads((self.directory / "mine.json").read_text())
        self.assertEqual(mine["kind"], "cpu")
        model = next(line.split(":")[1].strip() for line in CPUINFO.splitlines() if line.startswith("model name"))
        self.assertTrue(mine["host"].endswith(": " + model))
        # Of any machine that this runs on, in orders of magnitude.
        for figure, least, most in (
            (mine["clock_hz"], 1e8, 1e10),
            (mine["f32_ops_per_second"], 1e7, 1e13),
            (mine["exp_per_second"], 1e6, 1e12),
            (mine["instructions"][0]["ops_per_second"], 1e7, 1e14),
            (mine["memories"][-1]["bytes_per_second"], 1e7, 1e13),
            *((path["bytes_per_second"], 1e7, 1e13) for path in mine["datapaths"] if "bytes_per_second" in path),
        ):
            self.assertEqual(figure["provenance"], "measured")
            self.assertTrue(least < figure["value"] < most, figure)
        shown, err = self.frit("targets", "--show", "mine.json")
        self.assertEqual(err, "")
        self.assertIn("frit calibrate, median of 4 measurements (norms and quantization by one core; the middle half within", shown)
        # It is for code as the instruction set is.
        self.frit("compile", self.make_model(), "--target", "mine.json", "-o", "out.frit")

    def test_native_has_what_was_measured(self):
        file = self.directory / "config" / "frit" / "machine.json"
        before, _ = self.frit("targets", "--show", "native")
        self.assertNotIn("calibrate", before)
        out, _ = self.frit("calibrate", *self.ANYTHING)
        self.assertTrue(out.endswith(f"{file}: written\n"), out)
        native, _ = self.frit("targets", "--show", "native")
        self.assertIn("frit calibrate, median", native)
        self.assertIn(f"native has what frit calibrate measured: {file}\n", self.frit("targets")[0])
        # The name is that of the instruction set, whose own description stays as it is.
        name = native.split(":")[0]
        self.assertNotIn("calibrate", self.frit("targets", "--show", name)[0])
        model = self.make_model()
        self.assertIn(f"{name} (native, as frit calibrate measured it)", self.frit("compile", model, "--dry-run")[0])
        self.frit("run", model, "--tokens", "1", "-n", "1", "--print-tokens")
        entries = len(list((self.cache / "frit" / "bundles").iterdir()))
        text = file.read_text()
        # One of another CPU does not serve.
        file.write_text(json.dumps(json.loads(text) | {"host": "another\u001b CPU"}))
        self.assertEqual(self.frit("targets", "--show", "native")[0], before)
        self.assertIn(f"not used, as it is of another CPU: {file} (another\\1B CPU)\n", self.frit("targets")[0])
        self.frit("run", model, "--tokens", "1", "-n", "1", "--print-tokens")
        self.assertEqual(len(list((self.cache / "frit" / "bundles").iterdir())), entries + 1)
        file.write_text("{")
        self.assert_error(["targets", "--show", "native"], f"{file}: ")
        self.assert_error(["run", model, "--tokens", "1", "-n", "1"], f"{file}: ")

    def test_busy_machines(self):
        self.assert_error(
            ["calibrate", "--tolerance", "1e-9", "--rounds", "4"],
            "the machine is too busy to measure: of 4 measurements of ", " the middle half lay between ",
            "apart, expected at most 1e-09 %",
        )  # fmt: skip
        self.assertFalse((self.directory / "config").exists())

    def test_usage(self):
        self.assert_usage_error(["calibrate", "--rounds", "3"], "--rounds: expected a number from 4 to 1000")
        self.assert_usage_error(["calibrate", "--tolerance", "0"], "--tolerance: expected a number above 0")
        self.assert_error(["calibrate", *self.ANYTHING, "-o", "/proc/nothing/m.json"], "cannot create /proc/nothing: ")


if __name__ == "__main__":
    main()
