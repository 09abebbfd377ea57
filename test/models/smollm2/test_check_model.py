#!/usr/bin/env python3
# ===- test_check_model.py - tests of check_model's comparisons ----------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Tests of the comparisons in check_model.py: each must let the good pass and stop the bad."""

import argparse
import json
import math
import tempfile
import unittest
from pathlib import Path

import numpy as np

import check_model as cm


class ParseTokens(unittest.TestCase):
    def test_one_line(self):
        self.assertEqual(cm.parse_tokens("7\n"), [7])
        self.assertEqual(cm.parse_tokens("1,22,0\n"), [1, 22, 0])

    def test_anything_else_is_refused(self):
        for text in ("", "\n", "1,2", "1, 2\n", "1,2\n\n", "1,2\ndone\n", "1,,2\n", "-1\n", "Paris\n"):
            with self.subTest(text=text), self.assertRaises(cm.CheckError):
                cm.parse_tokens(text)


class Greedy(unittest.TestCase):
    prompt = {
        "name": "p",
        "tokens": [5, 6, 7, 8],
        "runners_up": [1, 2, 3, 4],
        "gaps": [1.0, 0.029, 1.0, 1.0],
        "spreads": [30.0, 30.0, 30.0, 30.0],
    }

    def test_equal(self):
        self.assertEqual(cm.compare_greedy(self.prompt, [5, 6, 7, 8]), (4, None, None))

    def test_difference_at_a_tie_ends_the_comparison(self):
        compared, note, failure = cm.compare_greedy(self.prompt, [5, 2, 0, 0])
        self.assertEqual((compared, failure), (1, None))
        self.assertIn("a tie", note)

    def test_tie_is_won_by_the_runner_up_only(self):
        self.assertIsNotNone(cm.compare_greedy(self.prompt, [5, 3, 7, 8])[2])

    def test_difference_elsewhere_fails(self):
        compared, note, failure = cm.compare_greedy(self.prompt, [5, 6, 3, 8])
        self.assertEqual((compared, note), (2, None))
        self.assertIn("step 2: expected 7, found 3", failure)

    def test_gap_at_the_limit_is_no_tie(self):
        prompt = self.prompt | {"gaps": [1.0, 0.03, 1.0, 1.0]}
        self.assertIsNotNone(cm.compare_greedy(prompt, [5, 2, 7, 8])[2])

    def test_length(self):
        self.assertIn("expected 4 ids, found 3", cm.compare_greedy(self.prompt, [5, 6, 7])[2])


class KL(unittest.TestCase):
    def setUp(self):
        random = np.random.default_rng(1)
        self.reference = random.normal(0, 4, (150, 300)).astype(np.float32)
        self.other = (self.reference + random.normal(0, 0.1, self.reference.shape)).astype(np.float32)

    def coarse(self, logits, top):
        log_probs = cm.log_softmax(self.reference)
        ids = np.argsort(-log_probs, axis=-1)[:, :top]
        chosen = np.take_along_axis(log_probs, ids, axis=-1)
        rest = np.log1p(-np.exp(chosen).sum(axis=-1))
        return cm.coarse_kl(ids.astype(np.uint16), chosen.astype(np.float32), rest.astype(np.float32), logits)

    def test_by_hand(self):
        # p = (1/2, 1/4, 1/4), q = (1/4, 1/4, 1/2): KL = 1/2 log 2 - 1/4 log 2.
        p, q = np.log(np.float32([[2, 1, 1]])), np.log(np.float32([[1, 1, 2]]))
        self.assertAlmostEqual(cm.full_kl(p, q)[0], 0.25 * math.log(2), places=6)
        # {0}, {1, 2}: 1/2 log 2 + 1/2 log (2/3).
        got = cm.coarse_kl(np.uint16([[0]]), np.log(np.float32([[0.5]])), np.log(np.float32([0.5])), q)[0]
        self.assertAlmostEqual(got, 0.5 * math.log(2) + 0.5 * math.log(2 / 3), places=6)

    def test_zero_for_equal_and_for_shifted_logits(self):
        for logits in (self.reference, self.reference + np.float32(3)):
            self.assertLess(np.abs(cm.full_kl(self.reference, logits)).max(), 1e-6)
            self.assertLess(np.abs(self.coarse(logits, 64)).max(), 1e-6)

    def test_coarse_is_a_lower_bound_that_grows_with_the_partition(self):
        full = cm.full_kl(self.reference, self.other)
        fine, rough = self.coarse(self.other, 64), self.coarse(self.other, 4)
        self.assertGreater(full.mean(), 1e-4)
        self.assertTrue((fine <= full + 1e-6).all())
        self.assertLess(rough.mean(), fine.mean())
        self.assertGreater(fine.mean(), 0.5 * full.mean())

    def test_only_the_row_that_differs(self):
        logits = self.reference.copy()
        logits[100] = logits[100][::-1]
        rows = self.coarse(logits, 64)
        self.assertEqual(int(rows.argmax()), 100)
        self.assertLess(np.delete(rows, 100).max(), 1e-6)


class Differences(unittest.TestCase):
    def test_relative_to_the_largest_magnitude_of_its_row(self):
        a = np.float32([[1, -10, 2], [100, 5, 0]])
        b = np.float32([[1, -10, 2.5], [100, 5, 1]])
        self.assertAlmostEqual(cm.relative_difference(a, b), 0.05)
        self.assertEqual(cm.relative_difference(a, a), 0)

    def test_bits(self):
        a = np.zeros((2, 3), np.float32)
        b = a.copy()
        self.assertIsNone(cm.first_difference(a, b))
        b[1, 2] = -0.0  # Equal as a number, other bits.
        self.assertIn("1 values differ, the first in row 1, column 2", cm.first_difference(a, b))


class ReadLogits(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = Path(self.folder.name) / "x.npy"

    def read(self, array):
        np.save(self.file, array)
        return cm.read_logits(self.file, 2, 3)

    def test_good(self):
        self.assertEqual(self.read(np.ones((2, 3), np.float32)).sum(), 6)

    def test_bad(self):
        nan = np.ones((2, 3), np.float32)
        nan[1, 1] = np.nan
        for array in (np.ones((2, 3)), np.ones((3, 3), np.float32), np.ones(6, np.float32), nan):
            with self.subTest(array=array), self.assertRaises(cm.CheckError):
                self.read(array)

    def test_missing_and_damaged(self):
        with self.assertRaises(cm.CheckError):
            cm.read_logits(self.file, 2, 3)
        for content in (b"", b"not numpy", b"\x93NUMPY\x01\x00"):
            self.file.write_bytes(content)
            with self.subTest(content=content), self.assertRaises(cm.CheckError):
                cm.read_logits(self.file, 2, 3)


class Data(unittest.TestCase):
    """The stored files belong together."""

    def test_greedy(self):
        data = json.loads((cm.HERE / "greedy.json").read_text(encoding="utf-8"))
        self.assertEqual(len(data["prompts"]), 20)
        self.assertEqual(sum("raw" in prompt for prompt in data["prompts"]), 5)
        for prompt in data["prompts"]:
            for key in ("tokens", "runners_up", "gaps", "spreads"):
                self.assertEqual(len(prompt[key]), 64)
        # The longest prompt is one of the lengths: the last one it has room for.
        self.assertIn(max(len(p["prompt"]) for p in data["prompts"]), cm.CONSISTENCY_LENGTHS)

    def test_text(self):
        data = json.loads((cm.HERE / "text.json").read_text(encoding="utf-8"))
        self.assertEqual(sum(len(chunk["tokens"]) for chunk in data["chunks"]), 2000)
        for chunk in data["chunks"]:
            stored = np.load(cm.HERE / chunk["distributions"])
            self.assertEqual(stored["ids"].shape, (len(chunk["tokens"]), data["top"]))
            mass = np.exp(stored["log_probs"].astype(float)).sum(-1) + np.exp(stored["log_rest"].astype(float))
            self.assertLess(np.abs(mass - 1).max(), 1e-5)
            self.assertTrue((np.diff(stored["log_probs"], axis=-1) <= 0).all())


class Select(unittest.TestCase):
    def test_select(self):
        self.assertEqual(cm.select(None), list(cm.CHECKS))
        self.assertEqual(cm.select("kl"), ["kl-f32", "kl-int8"])
        self.assertEqual(cm.select("kl-int8, greedy"), ["greedy", "kl-int8"])
        with self.assertRaises(argparse.ArgumentTypeError):
            cm.select("kl-f")


if __name__ == "__main__":
    unittest.main()
