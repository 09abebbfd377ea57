# RUN: %python %s
# ===- bench.py - frit bench ---------------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, parse_json


class BenchTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def rows(self, *arguments):
        out, err = self.frit("bench", self.model, "-r", "1", "-o", "json", *arguments)
        self.assertEqual(err, "")
        return parse_json(out)

    def combinations(self, *arguments):
        return [
            (row["n_prompt"], row["n_gen"], row["n_depth"], row["n_threads"])
            for row in self.rows(*arguments)
        ]

    def test_json(self):
        rows = self.rows("-p", "8", "-n", "4", "-d", "16", "-t", "1", "-r", "3")
        self.assertEqual(len(rows), 2)
        for row in rows:
            # What llama-bench calls things.
            self.assertLessEqual(
                {
                    "cpu_info", "gpu_info", "backends", "model_filename", "model_type", "model_size",
                    "n_threads", "type_k", "type_v", "n_prompt", "n_gen", "n_depth", "test_time",
                    "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "samples_ns", "samples_ts",
                },
                set(row),
            )  # fmt: skip
            self.assertEqual(row["model_filename"], self.model)
            self.assertEqual((row["type_k"], row["type_v"]), ("f16", "f16"))
            tokens = row["n_prompt"] + row["n_gen"]
            self.assertEqual(len(row["samples_ns"]), 3)
            for ns, rate in zip(row["samples_ns"], row["samples_ts"]):
                self.assertAlmostEqual(rate, 1e9 * tokens / ns, delta=rate * 1e-3)
            self.assertAlmostEqual(row["avg_ts"], statistics.mean(row["samples_ts"]), places=6)
            self.assertAlmostEqual(row["stddev_ts"], statistics.stdev(row["samples_ts"]), places=6)
            self.assertRegex(row["test_time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")

    def test_which_tests(self):
        self.assertEqual(self.combinations("-p", "8", "-n", "4", "-t", "1"), [(8, 0, 0, 1), (0, 4, 0, 1)])
        self.assertEqual(self.combinations("-p", "8", "-n", "0", "-t", "1"), [(8, 0, 0, 1)])
        self.assertEqual(
            self.combinations("-p", "4-16*2", "-n", "1-3+1", "-d", "0,8", "-t", "1"),
            [
                (prompt, generated, depth, 1)
                for depth in (0, 8)
                for prompt, generated in [(4, 0), (8, 0), (16, 0), (0, 1), (0, 2), (0, 3)]
            ],
        )
        self.assertEqual(
            self.combinations("-p", "5", "-n", "0", "-t", "1,2"), [(5, 0, 0, 1), (5, 0, 0, 2)]
        )
        self.assertEqual(self.combinations("--pg", "6,2", "-t", "1"), [(6, 2, 0, 1)])

    def test_table(self):
        out, _ = self.frit(
            "bench", self.model, "-p", "8", "-n", "4", "-d", "0,16", "-r", "2", "-t", "1"
        )
        lines = out.splitlines()
        self.assertEqual(len(lines), 6)
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        self.assertEqual(cells[0], ["model", "size", "target", "threads", "test", "t/s"])
        # The tiny model is faster than the last column is wide.
        self.assertEqual(len({len(line.rsplit("|", 2)[0]) for line in lines}), 1)
        self.assertEqual(
            [row[4] for row in cells[2:]], ["pp8", "tg4", "pp8 @ d16", "tg4 @ d16"]
        )
        for row in cells[2:]:
            self.assertRegex(row[5], r"\A\d+\.\d\d ± \d+\.\d\d\Z")

    def test_bounds(self):
        bench = ["bench", self.model, "-r", "1"]
        self.assert_error([*bench, "-p", "0", "-n", "0"], "nothing to measure")
        self.assert_error([*bench, "-p", "129", "-n", "0"], "pp129", "129", "128")
        self.assert_error([*bench, "-p", "100", "-n", "0", "-d", "100"], "pp100 @ d100", "200")

    def test_bundles(self):
        self.frit("compile", self.model, "-o", "f32.frit", "--kv-cache-type", "f32")
        out, _ = self.frit("bench", "f32.frit", "-p", "4", "-n", "0", "-r", "1", "-o", "json")
        self.assertEqual(parse_json(out)[0]["type_k"], "f32")


if __name__ == "__main__":
    main()
