# RUN: %python %s
# ===- verify.py - frit verify: what it compares -------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, parse_json

# Of tokens in a call: lib/Verify/Phases.cpp, tokenCounts.
TOKEN_COUNTS = (1, 5, 7, 47, 48, 49)


class VerifyTest(DriverTest):
    def verify(self, *arguments, code=0):
        out, err = self.frit("verify", *arguments, "--json", code=code)
        self.assertEqual(err, "")
        return parse_json(out)

    def attention_cases(self, window, *arguments):
        model = self.make_model("w.gguf", "--set", f"llama.attention.sliding_window=u32:{window}")
        found = self.verify(model, "--no-layers", *arguments)
        cases = [phase["cases"] for phase in found["phases"] if "attention" in phase["name"]]
        return max(cases), found["notes"]

    def test_edge_of_a_window(self):
        # As large as no cache of ours.
        without, notes = self.attention_cases(5000)
        self.assertEqual(len(notes), 1)
        self.assertIn("the edge of a window of 5000 tokens was not tested", notes[0])
        # For each number of tokens calls that end with the last key in the window, the one behind
        # it, and some more; the caches have grown for them.
        cases, notes = self.attention_cases(200)
        self.assertEqual(notes, [])
        self.assertEqual(cases, without + 3 * len(TOKEN_COUNTS))

    def test_tokens_of_the_user(self):
        # Three tokens that mean nothing: no limit is made for them.
        model = self.make_model()
        run = (model, "--no-phases", "--tokens", "1,2,3")
        self.assertIsNone(self.verify(*run)["logits"]["max_divergence"])
        self.assertIn("not judged: --tokens", self.frit("verify", *run)[0])
        exact = self.verify(*run, "--activations=f32", "--kv-cache-type=f32")
        self.assertEqual(exact["logits"]["max_divergence"], 1e-5)
        self.assertEqual(self.verify(model, "--no-phases")["logits"]["ok"], True)


if __name__ == "__main__":
    main()
