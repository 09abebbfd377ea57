# REQUIRES: smollm2
# RUN: %python %s
# ===- smollm2.py - a real model through the driver ----------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""FRIT_TEST_SMOLLM2 is the path of SmolLM2-135M-Instruct.Q4_1.gguf. What the model computes is checked by test/models/smollm2."""

import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import ROOT, DriverTest, main

MODEL = os.environ["FRIT_TEST_SMOLLM2"]
F32 = ("--activations", "f32", "--kv-cache-type", "f32")


class SmolLM2Test(DriverTest):
    def test_chat_prompts(self):
        # greedy.json holds the ids that transformers renders from the texts in prompts.json, and
        # those it generates after them.
        here = ROOT / "test" / "models" / "smollm2"
        expected = {p["name"]: p for p in json.loads((here / "greedy.json").read_text())["prompts"]}
        self.frit("compile", MODEL, "-o", "smollm2.frit", *F32)
        compared = 0
        for text in json.loads((here / "prompts.json").read_text())[:8]:
            if "chat" not in text:
                continue
            reference = expected[text["name"]]
            arguments = ["run", "smollm2.frit", "-p", text["chat"], "-n", "8", "--ignore-eos"]
            if "system" in text:
                arguments += ["--system-prompt", text["system"]]
            out, err = self.frit(*arguments, "--print-tokens")
            self.assertIn(f"prefill {len(reference['prompt'])} tokens", err, text["name"])
            self.assertEqual(out, ",".join(map(str, reference["tokens"][:8])) + "\n", text["name"])
            compared += 1
        self.assertGreater(compared, 3)

    def test_an_answer(self):
        out, _ = self.frit("run", MODEL, "-p", "What is the capital of France?", *F32)
        self.assertEqual(out, "The capital of France is Paris.\n")

    def test_verify_a_row_of_bad_condition(self):
        # Of the first token layer 9 makes one element a thousand times the rest.
        self.frit("verify", MODEL, "--no-phases", "--tokens", "38720,2384")

    def test_memory_and_time_of_a_compilation(self):
        def limit():
            # Private memory that can be written, touched or not; weights stay in their file.
            most = 250_000_000 + Path(MODEL).stat().st_size // 20
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))

        if os.environ["FRIT_SANITIZE"] == "ON":
            self.skipTest("a sanitizer takes more of both")
        begin = time.monotonic()
        self.frit("compile", MODEL, "-o", "smollm2.frit", preexec_fn=limit)
        self.assertLess(time.monotonic() - begin, 10)


if __name__ == "__main__":
    main()
