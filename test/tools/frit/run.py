# RUN: %python %s
# ===- run.py - frit run: prompts, tokens, logits ------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, read_npy

VOCABULARY = 288
CONTEXT = 128


def argmax(values):
    return max(range(len(values)), key=lambda i: (values[i], -i))


class PromptTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def test_prompt_sources_agree(self):
        text = "the cat is in the tree, größer & \U0001f600"
        (self.directory / "prompt.txt").write_text(text + "\n")
        expected, err = self.frit("run", self.model, "-p", text, "-n", "8")
        self.assertRegex(
            err, r"(?m)^compile .* s, load .* s, prefill \d+ tokens .* t/s, decode \d+ tokens .* t/s$"
        )
        for arguments, options in [
            (["-f", "prompt.txt"], {}),
            ([], {"input": text}),
            ([], {"input": text + "\n"}),
            (["-f", "-"], {"input": text + "\n"}),
        ]:
            out, _ = self.frit("run", self.model, *arguments, "-n", "8", **options)
            self.assertEqual(out, expected)
        # Only one newline is taken away.
        more, _ = self.frit("run", self.model, "-n", "8", input=text + "\n\n", code=0)
        same, _ = self.frit("run", self.model, "-p", text + "\n", "-n", "8")
        self.assertEqual(more, same)

    def test_chat_template_adds_tokens(self):
        def prefill(*arguments):
            _, err = self.frit("run", self.model, "-p", "the", "-n", "2", *arguments)
            return int(re.search(r"(?:prefill|decode) (\d+) tokens", err)[1])

        # "Ġthe" is "the" without the space: t, he; a raw prompt is that and no more.
        self.assertEqual(prefill("--no-chat"), 2)
        chat = prefill()
        self.assertGreater(chat, 10)
        self.assertGreater(prefill("--system-prompt", "be brief"), chat)

    def test_templates_refuse_conversations(self):
        template = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ messages[0].content }}"
        model = self.make_model("gemma.gguf", "--set", f"tokenizer.chat_template=string:{template}")
        self.assert_error(
            ["run", model, "-p", "a", "--system-prompt", "x"], "chat template: System role not supported"
        )
        self.assertEqual(
            self.tokens(model, "-p", "the cat", "-n", "4", "--ignore-eos"),
            self.tokens(model, "-p", "the cat", "--no-chat", "-n", "4", "--ignore-eos"),
        )

    def test_special_tokens_are_parsed(self):
        # The chat template by hand gives the same tokens.
        chat = self.tokens(self.model, "-p", "a b", "-n", "6", "--ignore-eos")
        raw = "<|im_start|>user\na b<|im_end|>\n<|im_start|>assistant\n"
        self.assertEqual(
            self.tokens(self.model, "-p", raw, "--no-chat", "-n", "6", "--ignore-eos"), chat
        )

    def test_models_without_known_template(self):
        plain = self.make_model("plain.gguf", "--unset", "tokenizer.chat_template")
        raw = self.tokens(plain, "-p", "the cat", "-n", "4", "--ignore-eos")
        self.assertEqual(
            self.tokens(self.model, "-p", "the cat", "--no-chat", "-n", "4", "--ignore-eos"), raw
        )
        self.assert_error(["run", plain, "-p", "a", "--system-prompt", "x"], "no chat template")

        unknown = self.make_model("unknown.gguf", "--set", "tokenizer.chat_template=string:{{ messages | x }}")
        self.assert_error(["run", unknown, "-p", "a"], "chat template: unknown filter 'x' in line 1", "--no-chat")
        self.assertEqual(
            self.tokens(unknown, "-p", "the cat", "--no-chat", "-n", "4", "--ignore-eos"), raw
        )

    def test_empty_prompts(self):
        (self.directory / "empty").write_text("")
        for arguments in (["-p", ""], ["-f", "empty"], ["--tokens", ""], ["--tokens", " "], []):
            self.assert_error(["run", self.model, *arguments], "the prompt is empty", input="")
        self.assert_error(["run", self.model, "-f", "missing"], "missing", "No such file")
        self.assert_error(["run", "no.gguf"], "cannot open 'no.gguf'", input="")


class TokenTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def test_counts(self):
        run = lambda *arguments: self.tokens(self.model, "--tokens", "5,6,7", *arguments)
        self.assertEqual(run("-n", "0"), [])
        five = run("-n", "5", "--ignore-eos")
        self.assertEqual(len(five), 5)
        self.assertEqual(run("-n", "3", "--ignore-eos"), five[:3])
        # -n and the context bound each other: 128 tokens are 3 of the prompt and 125 fed back; one
        # more is sampled from the last logits.
        everything = run("--ignore-eos")
        self.assertEqual(len(everything), CONTEXT - 3 + 1)
        self.assertEqual(everything[:5], five)
        self.assertEqual(run("-n", "-1", "--ignore-eos"), everything)
        out, err = self.frit(
            "run", self.model, "--tokens", "5,6,7", "--ignore-eos", "-n", "500", "--print-tokens"
        )
        self.assertEqual(out.count(","), len(everything) - 1)
        self.assertIn("note: the context is full", err)
        self.assertEqual(len(run("--ignore-eos", "-c", "10")), 8)
        # Also when nobody asked for a number.
        _, err = self.frit("run", self.model, "--tokens", "5,6,7", "--ignore-eos", "-c", "10")
        self.assertIn("note: the context is full: the answer ends here\n", err)
        _, err = self.frit("run", self.model, "--tokens", "5,6,7", "--ignore-eos", "-c", "10", "-n", "2")
        self.assertNotIn("note: ", err)

    def test_generation_ends_after_an_end_token(self):
        hot = ("--temp", "2", "--top-k", "0", "--top-p", "1", "--min-p", "0", "--seed", "3")
        run = ("--tokens", "5,6,7", "-n", "40", *hot)
        ids = self.tokens(self.model, *run, "--ignore-eos")
        # The same model, but one of these tokens is an end: the one that comes first the latest.
        end = max(set(ids), key=ids.index)
        length = ids.index(end) + 1
        self.assertGreater(length, 5)
        ending = self.make_model("ending.gguf", "--set", f"tokenizer.ggml.eos_token_id=u32:{end}")
        self.assertEqual(self.tokens(ending, *run), ids[:length])
        self.assertEqual(self.tokens(ending, *run, "--ignore-eos"), ids)
        self.tokens(ending, *run, "--logits", "l.npy")
        self.assertEqual(read_npy(self.directory / "l.npy")[0], (3 + length - 1, VOCABULARY))

    def test_threads_do_not_matter(self):
        expected = self.tokens(self.model, "--tokens", "5,6,7", "-n", "20", "--ignore-eos")
        cpus = os.cpu_count() or 1
        for threads in (1, 2, cpus + 3):
            run = self.tokens(
                self.model, "--tokens", "5,6,7", "-n", "20", "--ignore-eos", "-t", str(threads)
            )
            self.assertEqual(run, expected)
        self.assert_error(["run", self.model, "--tokens", "5", "-t", "100000"], "threads")

    def test_huge_pages_do_not_matter(self):
        run = ("--tokens", "5,6,7", "-n", "20", "--ignore-eos")
        expected = self.tokens(self.model, *run)
        for wanted in ("auto", "on", "off"):
            self.assertEqual(self.tokens(self.model, *run, "--huge-pages", wanted), expected)

    def test_limits(self):
        for ids in ("288", "-1", "5,288"):
            self.assert_error(["run", self.model, "--tokens", ids, "-n", "1"], "vocabulary of 288")
        long = ",".join(["5"] * (CONTEXT + 1))
        self.assert_error(["run", self.model, "--tokens", long], "129 tokens", "128")
        self.assert_error(["run", self.model, "--tokens", "5,6,7", "-c", "2"], "3 tokens", "2")
        self.assert_error(["run", self.model, "--tokens", "5", "-c", "129"], "1 to 128", "129")
        # A prompt that fills the context still has one token after it.
        full = ",".join(["5"] * CONTEXT)
        self.assertEqual(len(self.tokens(self.model, "--tokens", full, "-n", "1")), 1)

    def test_sampling(self):
        run = lambda *arguments: self.tokens(
            self.model, "--tokens", "5,6,7", "-n", "40", "--ignore-eos", *arguments
        )
        greedy = run()
        self.assertEqual(run("--temp", "0", "--seed", "5"), greedy)
        # The likeliest of one is the likeliest.
        self.assertEqual(run("--temp", "1", "--top-k", "1"), greedy)
        hot = ["--temp", "2", "--top-k", "0", "--top-p", "1", "--min-p", "0"]
        one, two = run(*hot, "--seed", "1"), run(*hot, "--seed", "2")
        self.assertEqual(run(*hot, "--seed", "1"), one)
        self.assertNotEqual(one, two)
        self.assertNotEqual(one, greedy)
        # Without a seed, the one that was chosen is printed and can be used again.
        out, err = self.frit(
            "run", self.model, "--tokens", "5,6,7", "-n", "40", "--ignore-eos", "--print-tokens", *hot
        )
        seed = re.search(r"seed (\d+)", err)[1]
        self.assertEqual(",".join(map(str, run(*hot, "--seed", seed))) + "\n", out)
        self.assertNotEqual(run("--repeat-penalty", "1.9"), greedy)

    def test_options_of_the_compiler_apply(self):
        int8 = self.tokens(self.model, "--tokens", "5,6,7", "-n", "4", "--ignore-eos")
        self.frit("compile", self.model, "-o", "f32.frit", "--activations", "f32")
        self.assertEqual(len(int8), 4)
        exact = self.logits("f32.frit", "5,6,7")
        self.assertEqual(self.logits(self.model, "5,6,7", "--activations", "f32"), exact)
        self.assertNotEqual(self.logits(self.model, "5,6,7"), exact)
        # A bundle is what it is.
        self.tokens("f32.frit", "--tokens", "5", "-n", "1", "--activations", "f32")
        self.assert_error(
            ["run", "f32.frit", "--tokens", "5", "--activations", "int8"], "--activations=f32"
        )
        self.assert_error(["run", "f32.frit", "--tokens", "5", "--like", "llama"], "--like")

    def logits(self, model, ids, *arguments):
        self.frit("run", model, "--tokens", ids, "-n", "0", "--logits", "l.npy", *arguments)
        return read_npy(self.directory / "l.npy")


class LogitsTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def test_rows(self):
        ids = self.tokens(
            self.model, "--tokens", "5,6,7", "-n", "6", "--ignore-eos", "--logits", "l.npy"
        )
        (positions, vocabulary), values = read_npy(self.directory / "l.npy")
        # The last generated token was not fed back.
        self.assertEqual((positions, vocabulary), (3 + 6 - 1, VOCABULARY))
        rows = [values[i * vocabulary : (i + 1) * vocabulary] for i in range(positions)]
        self.assertEqual([argmax(row) for row in rows[2:]], ids)
        # Nothing generated: the prompt alone, with the same bits.
        out, _ = self.frit(
            "run", self.model, "--tokens", "5,6,7", "-n", "0", "--print-tokens", "--logits", "m.npy"
        )
        self.assertEqual(out, "\n")
        shape, prompt = read_npy(self.directory / "m.npy")
        self.assertEqual((shape, prompt), ((3, vocabulary), values[: 3 * vocabulary]))

    def test_long_prompts_in_chunks(self):
        # Three calls of at most 48 tokens; the result does not depend on whether logits are kept.
        prompt = ",".join(str(3 + i % 200) for i in range(100))
        arguments = ["--tokens", prompt, "-n", "5", "--ignore-eos", "--max-tokens", "48"]
        plain = self.tokens(self.model, *arguments)
        self.assertEqual(self.tokens(self.model, *arguments, "--logits", "l.npy"), plain)
        self.assertEqual(read_npy(self.directory / "l.npy")[0], (104, VOCABULARY))

    def test_files(self):
        self.assert_error(
            ["run", self.model, "--tokens", "5", "--logits", "missing/l.npy"], "missing/l.npy"
        )
        self.assert_error(
            ["run", self.model, "--tokens", "5", "--logits", "/dev/null"], "no regular file"
        )
        # A run that fails leaves an old file as it was, and none of its own.
        (self.directory / "old.npy").write_text("old")
        self.assert_error(
            ["run", self.model, "--tokens", "500", "-n", "1", "--logits", "old.npy"], "500"
        )
        self.assertEqual((self.directory / "old.npy").read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.directory.glob("*.npy*")), ["old.npy"])
        # Others may read it as they may what the user creates.
        os.umask(0o022)
        self.frit("run", self.model, "--tokens", "5", "-n", "0", "--logits", "old.npy")
        self.assertEqual((self.directory / "old.npy").stat().st_mode & 0o777, 0o644)


if __name__ == "__main__":
    main()
