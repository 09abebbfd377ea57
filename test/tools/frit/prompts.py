# RUN: %python %s
# ===- prompts.py - frit run --batch: many prompts of a file --------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import os
import re
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import TIMEOUT, DriverTest, main

# Seven of different lengths: those that end early make room for others.
PROMPTS = [
    "a",
    "the cat is in the tree",
    "the",
    "größer & \U0001f600 than the rest, and it goes on and on",
    "the cat\nthe tree",
    "a \\n b",
    "cat cat cat cat cat cat cat cat",
]


class PromptsTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()
        lines = [prompt.replace("\\", "\\\\").replace("\n", "\\n") for prompt in PROMPTS]
        # Empty lines are none, and lines may end as on Windows.
        self.write("\n" + "\n".join(lines[:3]) + "\r\n  \n" + "\n".join(lines[3:]) + "\n")

    def write(self, text: str) -> None:
        (self.directory / "prompts.txt").write_bytes(text.encode())

    def batch(self, *arguments: str):
        return self.frit("run", self.model, "-f", "prompts.txt", *arguments)

    def test_tokens_are_those_of_each_alone(self):
        for options in (
            ("--activations=f32", "--kv-cache-type=f32"),
            ("--no-chat",),
            ("--system-prompt=be brief", "--repeat-penalty=1.3"),
            ("--temp=1.5", "--top-k=0", "--top-p=1", "--seed=7"),
            ("--ignore-eos", "--ctx=70"),
        ):
            options = ("-n", "40", *options)
            alone = []
            for index, prompt in enumerate(PROMPTS):
                seed = [f"--seed={7 + index}"] if "--seed=7" in options else []
                rest = [option for option in options if not option.startswith("--seed")]
                alone.append(self.tokens(self.model, "-p", prompt, *rest, *seed))
            self.assertGreater(len(set(map(tuple, alone))), 3)
            for count in ("--batch=3", "--batch", "--batch=1"):
                with self.subTest(options=options, count=count):
                    out, _ = self.batch(*options, count, "--print-tokens")
                    lines = [[int(part) for part in line.split(",") if part] for line in out.splitlines()]
                    self.assertEqual(lines, alone)

    def test_texts(self):
        expected = ""
        for number, prompt in enumerate(PROMPTS, start=1):
            text, _ = self.frit("run", self.model, "-p", prompt, "-n", "9")
            expected += f"== {number}\n{text}"
        out, err = self.batch("-n", "9", "--batch=3")
        self.assertEqual(out, expected)
        self.assertRegex(
            err,
            r"(?m)^(compile .* s, )?load .* s, 7 prompts \d+ tokens, answers \d+ tokens [\d.]+ t/s, "
            r"total [\d.]+ t/s$",
        )

    def test_counts(self):
        _, err = self.batch("-n", "5", "--batch=3", "--ignore-eos", "--no-chat")
        self.assertIn("answers 35 tokens", err)
        out, err = self.batch("-n", "0", "--batch=3")
        self.assertEqual(out, "".join(f"== {number}\n" for number in range(1, 8)))
        self.assertIn("answers 0 tokens", err)
        self.assertEqual(self.batch("-n", "0", "--batch=3", "--print-tokens")[0], "\n" * 7)
        _, err = self.batch("--ctx=64", "--batch=3", "--ignore-eos", "--no-chat")
        self.assertIn("note: the context is full: 7 of 7 answers end there", err)

    def test_escapes(self):
        self.write(r"a\nb\\nc\t" + "\n")
        together, _ = self.batch("--batch", "-n", "6", "--print-tokens", "--ignore-eos", "--no-chat")
        alone = self.tokens(self.model, "-p", "a\nb\\nc\\t", "-n", "6", "--ignore-eos", "--no-chat")
        self.assertEqual(together, ",".join(map(str, alone)) + "\n")
        _, err = self.frit("run", self.model, "-p", "a\nb\\nc\\t", "-n", "0", "--no-chat")
        length = re.search(r"prefill (\d+) tokens", err)[1]
        self.assertIn(f"1 prompts {length} tokens", self.batch("--batch", "-n", "0", "--no-chat")[1])

    def test_interrupt_and_closed_pipe(self):
        big = self.make_model("big.gguf", "--set", "llama.context_length=u32:65536")
        arguments = ("run", big, "-f", "prompts.txt", "--batch=3", "--ignore-eos")
        # Slots make room for each other only when an answer ends: the others wait for ever.
        process = self.start(*arguments, "--print-tokens", bufsize=0)
        self.assertTrue(process.stdout.read(100))
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(rest.count(b"\n"), 3)
        self.assertIn(b"7 prompts", err)
        process = self.start(*arguments, bufsize=0)
        self.assertTrue(process.stdout.read(10).startswith(b"== 1\n"))
        process.stdout.close()
        err = process.stderr.read()
        process.wait(TIMEOUT)
        process.stderr.close()
        self.assertEqual((process.returncode, err), (141, b""))

    @unittest.skipUnless(os.environ.get("FRIT_TEST_SMOLLM2"), "FRIT_TEST_SMOLLM2 is not set")
    def test_smollm2(self):
        self.model = os.environ["FRIT_TEST_SMOLLM2"]
        prompts = ["The capital of France is", "Hi", "2+2=", "Once upon a time", "def main():"]
        self.write("\n".join(prompts))
        out, _ = self.batch("--batch=3", "-n", "24", "--print-tokens")
        alone = [self.tokens(self.model, "-p", prompt, "-n", "24") for prompt in prompts]
        self.assertEqual([[int(part) for part in line.split(",")] for line in out.splitlines()], alone)
        # Some end before the others.
        self.assertGreater(len({len(ids) for ids in alone}), 1)

    def test_errors(self):
        arguments = ["run", self.model, "-f", "prompts.txt"]
        self.assert_error([*arguments, "--batch", "--ctx=2", "--no-chat"], "prompts.txt:3: the prompt has", "only 2 (--ctx)")
        self.write("\n\n \n")
        self.assert_error([*arguments, "--batch"], "'prompts.txt' has no prompts")
        self.assert_usage_error(["run", "m", "-p", "a", "--batch"], "--batch needs -f")
        self.assert_usage_error([*arguments, "--batch", "--logits=x.npy"], "gives no --logits")
        for number in ("0", "-1", "x"):
            self.assert_usage_error([*arguments, f"--batch={number}"], "--batch", f"found '{number}'")


if __name__ == "__main__":
    main()
