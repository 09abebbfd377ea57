# RUN: %python %s
# ===- batch.py - several sequences in one session ---------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import FRIT, DriverTest, main

BATCH = str(Path(FRIT).parent / "frit-batch")


class BatchTest(DriverTest):
    def check_batch(self, model: str, *options: str, slots: int, tokens: int) -> None:
        self.frit("compile", model, *options, "-o", "model.frit")
        command = [BATCH, "model.frit", str(slots), str(tokens)]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"\A\d+ batches: the same logits\n")

    def test_together_as_alone(self):
        model = self.make_model("odd.gguf", "--vocabulary", "301", "--kv-heads", "1")
        for options in ((), ("--activations=f32", "--kv-cache-type=f32")):
            with self.subTest(options=options):
                self.check_batch(model, *options, slots=7, tokens=100)

    @unittest.skipUnless(os.environ.get("FRIT_TEST_SMOLLM2"), "FRIT_TEST_SMOLLM2 is not set")
    def test_smollm2(self):
        self.check_batch(os.environ["FRIT_TEST_SMOLLM2"], slots=4, tokens=40)


if __name__ == "__main__":
    main()
