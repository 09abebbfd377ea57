# RUN: %python %s
# ===- sizes.py - frit verify: sizes that nothing divides, formats -----------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Checkpoints come in all sizes: every number of rows and columns that the formats allow compiles, and
the code computes what the reference does, for every number of tokens that fills tiles differently."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, read_npy

HEADS = ("--heads", "3", "--kv-heads", "1", "--head-dim", "32")
# Rows of all products that are no multiple of a group of 16 rows; 128167 is Hunyuan's vocabulary.
MODELS = {
    "vocabulary": ("--vocabulary", "301"),
    "vocabulary-untied": ("--vocabulary", "259", "--untied", "--format", "q4_1"),
    "everything": ("--vocabulary", "263", "--hidden", "75", "--ffn", "101", "--format", "f16", *HEADS),
    "floats": ("--vocabulary", "287", "--hidden", "97", "--ffn", "17", "--format", "f32", "--untied", *HEADS),
    "hunyuan": ("--vocabulary", "128167", "--layers", "1", "--hidden", "32", "--format", "q4_0"),
}  # fmt: skip


FORMATS = ("q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs", "mxfp4")


class SizeTest(DriverTest):
    def test_every_format(self):
        sizes = ("--vocabulary", "263", "--layers", "1", "--hidden", "256", "--ffn", "512", "--head-dim", "64")
        for fmt in FORMATS:
            with self.subTest(fmt):
                model = self.make_model(f"{fmt}.gguf", *sizes, "--format", fmt)
                self.frit("verify", model)

    def test_verify(self):
        for name, arguments in MODELS.items():
            model = self.make_model(f"{name}.gguf", *arguments)
            for options in ((), ("--activations=f32", "--kv-cache-type=f32")):
                with self.subTest(name, options=options):
                    self.frit("verify", model, *options)

    def test_logits_are_dense(self):
        # Several rows of logits lie behind each other, without what fills up their last group.
        model = self.make_model("odd.gguf", *MODELS["vocabulary"])
        ids = "1,2,3,300,0,17,25"
        self.frit("run", model, "--tokens", ids, "-n", "3", "--logits", "all.npy", "--ignore-eos")
        shape, values = read_npy(self.directory / "all.npy")
        self.assertEqual(shape, (9, 301))
        for count in range(1, 8):
            prefix = ",".join(ids.split(",")[:count])
            self.frit("run", model, "--tokens", prefix, "-n", "1", "--logits", "one.npy")
            _, one = read_npy(self.directory / "one.npy")
            begin = (count - 1) * 301
            self.assertEqual(one[-301:], values[begin : begin + 301])


if __name__ == "__main__":
    main()
