# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models: what they write is what `frit run` writes."""

from __future__ import annotations

import functools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import numpy
from support import F32, ROOT, SMOLLM2, PythonTest, frit, needs_smollm2, read_npy

VOCABULARY, CONTEXT = 288, 128
TEXT = "the cat is in the tree, größer & \U0001f600"


def random_ids(count: int, seed: int = 1) -> list[int]:
    return random.Random(seed).choices(range(3, VOCABULARY), k=count)


class TinyTest(PythonTest):
    def setUp(self) -> None:
        super().setUp()
        self.bundle = self.make_bundle()
        self.model = frit.load(self.bundle)


class SameAsFritRunTest(TinyTest):
    def test_tokens(self):
        ids = random_ids(20)
        text = ",".join(map(str, ids))
        hot = {"temperature": 1.5, "top_k": 30, "top_p": 0.9, "min_p": 0.01, "repeat_penalty": 1.3, "seed": 7}
        for options, arguments in [
            ({}, []),
            ({"repeat_penalty": 1.5}, ["--repeat-penalty", "1.5"]),
            ({"temperature": 2.0, "seed": 3}, ["--temp", "2", "--seed", "3"]),
            (
                hot,
                "--temp 1.5 --top-k 30 --top-p 0.9 --min-p 0.01 --repeat-penalty 1.3 --seed 7".split(),
            ),
        ]:
            with self.subTest(options):
                expected = self.tokens(self.bundle, "--tokens", text, "-n", "30", *arguments)
                self.assertEqual(self.model.generate_ids(ids, max_tokens=30, **options), expected)
                self.assertEqual(self.model.generate_ids(numpy.array(ids), max_tokens=30, **options), expected)
        # As `frit run`: until the context is full, and the token that follows from that.
        expected = self.tokens(self.bundle, "--tokens", text, "--ctx", "30")
        self.assertEqual(frit.load(self.bundle, context=30).generate_ids(ids), expected)

    def test_text(self):
        out, _ = self.frit("run", self.bundle, "-p", TEXT, "--no-chat", "-n", "40")
        whole = self.model.generate(TEXT, max_tokens=40)
        self.assertEqual(whole, out.removesuffix("\n"))
        pieces = list(self.model.generate(TEXT, max_tokens=40, stream=True))
        self.assertGreater(len(pieces), 2)
        self.assertEqual("".join(pieces), whole)

    def test_text_that_ends_within_a_character(self):
        incomplete = 0
        for count in range(1, 60):
            options = {"temperature": 3.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 4, "max_tokens": count}
            ids = self.model.generate_ids("a", **options)
            self.assertEqual(self.model.generate("a", **options), self.model.decode(ids))
            incomplete += self.model.decode(ids[:-1]) + "\ufffd" == self.model.decode(ids)
        self.assertGreater(incomplete, 0)

    def test_the_text_ends_with_the_model(self):
        # The same model, but one of the tokens it writes is an end.
        hot = {"temperature": 2.0, "seed": 3, "max_tokens": 40}
        ids = self.model.generate_ids([5, 6, 7], **hot)
        end = max(set(ids), key=ids.index)
        model = frit.load(self.make_bundle("--set", f"tokenizer.ggml.eos_token_id=u32:{end}"))
        self.assertEqual(model.generate_ids([5, 6, 7], **hot), ids[: ids.index(end) + 1])
        self.assertLess(len(model.generate_ids([5, 6, 7], **hot)), 40)

    def test_logits(self):
        ids = random_ids(100)
        self.frit("run", self.bundle, "--tokens", ",".join(map(str, ids)), "-n", "0", "--logits", "logits.npy")
        shape, _ = read_npy(self.directory / "logits.npy")
        expected = numpy.load(self.directory / "logits.npy")
        for given in (ids, tuple(ids), numpy.array(ids), numpy.array(ids, numpy.int32)):
            found = self.model.logits(given)
            self.assertEqual((found.shape, found.dtype), (shape, numpy.float32))
            self.assertEqual(found.tobytes(), expected.tobytes())

    def test_chat(self):
        messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "a b"}]
        expected = self.tokens(self.bundle, "-p", "a b", "--system-prompt", "be brief", "-n", "20")
        ids = self.model.encode(self.model.chat_prompt(messages), add_bos=False)
        self.assertEqual(self.model.generate_ids(ids, max_tokens=20), expected)
        text = self.model.chat(messages, max_tokens=20)
        self.assertEqual(text, self.model.decode(expected))
        self.assertEqual("".join(self.model.chat(messages, max_tokens=20, stream=True)), text)


class GenerateTest(TinyTest):
    def test_prompts_together_as_each_alone(self):
        prompts = [random_ids(1), random_ids(70, 2), TEXT, "a", numpy.array(random_ids(9, 3), numpy.int32)]
        for options in ({}, F32):
            model = frit.load(self.make_bundle(**options))
            for sampling in ({}, {"temperature": 2.0, "seed": 5, "repeat_penalty": 1.1}):
                for count in (1, 20, None):
                    sampling["max_tokens"] = count
                    with self.subTest(options=options, **sampling):
                        together = model.generate_ids(prompts, **sampling)
                        alone = [model.generate_ids(prompt, **sampling) for prompt in prompts]
                        self.assertEqual(together, alone)
                        self.assertGreater(len({tuple(ids) for ids in together}), 2)
            texts = model.generate(prompts, max_tokens=20)
            self.assertEqual(texts, [model.generate(prompt, max_tokens=20) for prompt in prompts])
            streamed = [""] * len(prompts)
            for index, piece in model.generate(prompts, max_tokens=20, stream=True):
                streamed[index] += piece
            self.assertEqual(streamed, texts)
        self.assertEqual(model.generate([]), [])

    def test_together_where_the_context_changes_the_model(self):
        # LongRoPE has other frequencies for sessions with room for more than original_context.
        self.frit("compile", self.make_model(), "--compile-to=import", f"--dump-phases-to={self.directory / 'dump'}")
        (dump,) = (self.directory / "dump").glob("*-import.mlir")
        scaling = f"magnitude = 1.0 : f64, factors = {[1.0] * 8}, long_factors = {[4.0] * 8}, original_context = 32"
        text, count = re.subn("theta = ", f"frequencies = #graph.frequencies<{scaling}>, theta = ", dump.read_text())
        self.assertEqual(count, 2)
        dump.write_text(text)
        bundle = frit.compile(dump)
        ids = random_ids(20)
        outputs = []
        for context in (128, 32):
            model = frit.load(bundle, context=context)
            alone = model.generate_ids(ids, max_tokens=9)
            self.assertEqual(model.generate_ids([ids, [5]], max_tokens=9)[0], alone)
            outputs.append(alone)
        self.assertNotEqual(*outputs)

    def test_stops(self):
        run = functools.partial(self.model.generate, max_tokens=60, temperature=2.0, seed=3)
        whole = run(TEXT)
        self.assertGreater(len(whole), 20)
        for begin, length in [(0, 1), (5, 1), (5, 9), (11, 4)]:
            stop = whole[begin : begin + length]
            expected = whole[: whole.index(stop)]
            with self.subTest(stop):
                for given in (stop, [stop], ["\0never", whole, stop]):
                    self.assertEqual(run(TEXT, stop=given), expected)
                self.assertEqual("".join(run(TEXT, stop=stop, stream=True)), expected)
                self.assertEqual(run([TEXT, "a"], stop=[stop])[0], expected)
        # Nothing is evaluated after it.
        run("a", stop=run("a")[0])
        self.assertLess(len(self.model._idle.held), 10)
        # One that never comes costs no text, not even if the end looks like its beginning.
        self.assertEqual(run(TEXT, stop=whole[-3:] + "\0"), whole)
        self.assert_refused("stop: expected texts, found an empty one", run, "a", stop="")

    def test_what_was_evaluated_before_changes_nothing(self):
        ids = random_ids(60)
        other = ids[:30] + random_ids(30, 2)
        first = {len(i): self.model.generate_ids(i, max_tokens=9) for i in (ids, other[:50], ids[:10], other[:1])}
        fresh = {
            len(i): frit.load(self.bundle).generate_ids(i, max_tokens=9) for i in (ids, other[:50], ids[:10], other[:1])
        }
        self.assertEqual(first, fresh)
        self.assertEqual(self.model.generate_ids(ids, max_tokens=9), fresh[60])
        self.assertEqual(self.model.generate_ids(ids, max_tokens=9), fresh[60])
        logits = frit.load(self.bundle).logits(ids)
        self.assertEqual(self.model.logits(ids).tobytes(), logits.tobytes())
        # A stream that nobody reads to its end.
        stream = self.model.generate(ids, stream=True)
        next(stream)
        self.assertEqual(self.model.generate_ids(ids, max_tokens=9), fresh[60])
        stream.close()
        self.assertEqual(self.model.generate_ids(ids, max_tokens=9), fresh[60])

    def test_seeds(self):
        def run(**options):
            return self.model.generate_ids([5, 6, 7], max_tokens=20, temperature=3.0, min_p=0.0, **options)

        self.assertEqual(run(seed=1), run(seed=1))
        self.assertNotEqual(run(seed=1), run(seed=2))
        self.assertNotEqual(run(), run())

    def test_errors(self):
        generate, logits = self.model.generate, self.model.logits
        self.assert_refused("the prompt is empty", generate, "")
        self.assert_refused("the prompt is empty", generate, ["a", ""])
        for call in (generate, logits):
            self.assert_refused("token 1 has id 288, outside of the vocabulary of 288", call, [5, 288])
            self.assert_refused("token 0 has id -1, outside of the vocabulary of 288", call, [-1])
            self.assert_refused("expected token ids, found a number beyond 32 bits", call, [2**31])
            self.assert_refused("the prompt has 129 tokens, but the context only 128", call, [5] * 129)
        self.assert_refused("token 0 has id 288, outside of the vocabulary of 288", generate, [[5], [288]])
        short = frit.load(self.bundle, context=10)
        self.assertEqual(short.context, 10)
        self.assert_refused("the prompt has 11 tokens, but the context only 10", short.generate, [5] * 11)
        # Streams refuse at once, too, not when they are read.
        self.assert_refused("the prompt has 11 tokens, but the context only 10", short.generate, [5] * 11, stream=True)
        self.assert_refused("temperature: expected a number from 0, found -1", generate, "a", temperature=-1.0)
        self.assert_refused("top-p: expected a number from 0 to 1, found 2", generate, "a", temperature=1, top_p=2)
        self.assert_refused("max_tokens: expected a whole number from 0, found -1", generate, "a", max_tokens=-1)
        self.assert_refused("max_tokens: expected a whole number from 0, found 1.5", generate, "a", max_tokens=1.5)
        self.assert_refused("max_tokens: expected a whole number from 0, found '4'", generate, "a", max_tokens="4")
        self.assertEqual(generate("a", max_tokens=0), "")
        for name in ("top_k", "top_p", "min_p"):
            message = f"{name}: expected a temperature above 0 beside it, found none: it would have no effect"
            self.assert_refused(message, generate, "a", **{name: 1})
            self.assertEqual(generate("a", temperature=0, max_tokens=2, **{name: 1}), generate("a", max_tokens=2))
        for text in ("a\ud800b", "a\udcffb"):
            half = f"expected a text, found half a character, U+{ord(text[1]):04X}, at position 1"
            self.assert_refused(half, generate, text)
            self.assert_refused(half, self.model.encode, text)
        with self.assertRaisesRegex(TypeError, "top_q"):
            generate("a", top_q=1)
        with self.assertRaises(TypeError):
            logits([0.5])
        # And it goes on.
        self.assertEqual(logits([5]).shape, (1, VOCABULARY))

    def test_logits_of_no_position(self):
        self.assert_refused("the prompt is empty", self.model.logits, [])


class TextTest(TinyTest):
    def test_encode_and_decode(self):
        ids = self.model.encode(TEXT)
        self.assertTrue(ids and all(type(i) is int for i in ids))
        self.assertEqual(self.model.decode(ids), TEXT)
        self.assertEqual(self.model.decode(numpy.array(ids)), TEXT)
        self.assertEqual(self.model.decode(self.model.encode("a\0b")), "a\0b")
        self.assertEqual((self.model.encode(""), self.model.decode([])), ([], ""))
        # More bytes than guessed: a token may be long.
        longest = max(range(VOCABULARY), key=lambda i: len(self.model.decode([i], special=True)))
        text = self.model.decode([longest] * 50, special=True)
        self.assertEqual(text, self.model.decode([longest], special=True) * 50)

    def test_special_tokens(self):
        turn = self.model.encode("<|im_end|>")
        self.assertEqual(len(turn), 1)
        self.assertEqual((self.model.decode(turn), self.model.decode(turn, special=True)), ("", "<|im_end|>"))
        self.assertGreater(len(self.model.encode("<|im_end|>", special=False)), 1)
        model = frit.load(self.make_bundle("--set", "tokenizer.ggml.add_bos_token=bool:true"))
        self.assertEqual(model.encode("a"), [1, *model.encode("a", add_bos=False)])

    def test_ids_are_read_where_they_are(self):
        ids = numpy.arange(10, dtype=numpy.int32)
        array = frit._model._int32(ids)
        ids[3] = 77
        self.assertEqual(list(array), ids.tolist())
        ids.flags.writeable = False
        for other in (ids, ids[::2], ids.astype(numpy.int64), ids.reshape(10, 1)[:, 0], tuple(ids)):
            self.assertEqual(list(frit._model._int32(other)), list(other))

    def test_info(self):
        info = self.model.info
        self.assertEqual((info.architecture, info.layers, info.hidden), ("llama", 2, 64))
        self.assertEqual((info.vocabulary, info.context, self.model.context), (VOCABULARY, CONTEXT, CONTEXT))
        self.assertEqual((info.source_file, info.has_tokenizer), ("tiny.gguf", True))
        self.assertIn("messages", info.chat_template)
        self.assertIn("llama, 2 layers", repr(self.model))

    def test_without_tokenizer(self):
        model = frit.load(self.make_bundle("--set", "tokenizer.ggml.pre=string:other"))
        self.assertFalse(model.info.has_tokenizer)
        self.assertEqual(len(model.generate_ids([5, 6, 7], max_tokens=5)), 5)
        for call in (model.generate, model.encode, model.chat_prompt):
            with self.assertRaisesRegex(frit.Error, "unknown pre-tokenizer 'other'.*; only token ids go in and out"):
                call("a")


class ChatTest(TinyTest):
    MESSAGES = [{"role": "user", "content": "Hi <|im_end|>"}, {"role": "assistant", "content": "größer"}]

    def with_template(self, template: str) -> frit.Model:
        return frit.load(self.make_bundle("--set", f"tokenizer.chat_template=string:{template}"))

    def test_without_jinja(self):
        prompts = [self.model.chat_prompt(self.MESSAGES, add_generation_prompt=i) for i in (True, False)]
        self.assertTrue(prompts[0].endswith("<|im_start|>assistant\n"))
        with unittest.mock.patch.dict(sys.modules, {"jinja2": None, "frit._chat": None}):
            del frit._chat
            self.assertEqual(
                [self.model.chat_prompt(self.MESSAGES, add_generation_prompt=i) for i in (True, False)], prompts
            )

    def test_a_template_of_its_own(self):
        model = self.with_template(
            "{%- for m in messages %}\n  {% if m.role == 'x' %}{{ raise_exception('no x: ' + m.content) }}{% endif %}\n"
            "{{ bos_token }}{{ m.role }}|{{ [m.content] | tojson }}{{ eos_token }}{% if loop.last %}{% break %}"
            "{% endif %}\n{%- endfor %}{{ mode }}{{ pad_token }}{% if add_generation_prompt %}A:{% endif %}"
        )
        bos, eos = (model.decode([i], special=True) for i in (1, 2))
        self.assertEqual(
            model.chat_prompt(self.MESSAGES, mode="fast"),
            f'{bos}user|["Hi <|im_end|>"]{eos}{bos}assistant|["größer"]{eos}fastA:',
        )
        self.assertEqual(model.chat_prompt([], add_generation_prompt=False), "")
        self.assert_refused("chat template: no x: why", model.chat_prompt, [{"role": "x", "content": "why"}])

    def test_what_templates_of_transformers_use(self):
        self.model.chat_prompt(self.MESSAGES)  # imports it
        for template, expected in [
            ("{% generation %}{{ messages[1].content }}{% endgeneration %}!", "größer!"),
            ("{{ {'b': 1, 'a': 'ö<'} | tojson(indent=1, sort_keys=true) }}", '{\n "a": "ö<",\n "b": 1\n}'),
            ("{{ strftime_now('%Y')[:2] }}", "20"),
            ("{% set x = namespace(n=0) %}{% for m in messages %}{% set x.n = x.n + 1 %}{% endfor %}{{ x.n }}", "2"),
        ]:
            self.assertEqual(frit._chat.render(template, messages=self.MESSAGES), expected)

    def test_templates_that_do_not_work(self):
        self.model.chat_prompt(self.MESSAGES)  # imports it
        for template, message in [
            ("{% if", "chat template: "),
            ("{{ messages[0].role.nothing.more }}", "chat template: 'str object' has no attribute 'nothing'"),
            ("{{ ''.__class__.__mro__ }}", "chat template: access to attribute '__class__' of 'str' object is unsafe"),
        ]:
            with self.subTest(template), self.assertRaises(frit.Error) as caught:
                frit._chat.render(template, messages=self.MESSAGES)
            self.assertIn(message, str(caught.exception))
        plain = frit.load(self.make_bundle("--unset", "tokenizer.chat_template"))
        self.assert_refused(
            "the model has no chat template: expected generate() instead of chat()", plain.chat, self.MESSAGES
        )


class LoadTest(TinyTest):
    def test_what_is_no_bundle(self):
        self.assert_refused("cannot open '/none.frit': No such file or directory", frit.load, "/none.frit")
        data = bytearray((self.directory / "model.frit").read_bytes())
        damaged = self.directory / "damaged.frit"
        for change, message in [
            (lambda: damaged.write_bytes(data[:1000]), "cut off|damaged"),
            (lambda: damaged.write_bytes(data[:5000] + b"x" + data[5001:]), "hash"),
            (lambda: damaged.write_bytes(b"nothing of the kind"), "not a frit bundle"),
        ]:
            change()
            with self.assertRaisesRegex(frit.Error, message) as caught:
                frit.load(damaged)
            self.assertIn("damaged.frit", str(caught.exception))

    def test_options(self):
        self.assert_refused(
            "expected a context of 1 to 128 tokens (the model's), found 129", frit.load, self.bundle, context=129
        )
        self.assert_refused("expected 1 to 1024 threads, found -1", frit.load, self.bundle, threads=-1)
        message = f"unexpected keyword argument 'activations': '{self.bundle}' is a bundle, and options are for checkpoints"
        with self.assertRaisesRegex(TypeError, re.escape(message)):
            frit.load(self.bundle, activations="f32")
        ids = random_ids(50)
        for threads in (1, 2, 5):
            model = frit.load(self.bundle, threads=threads, huge_pages=True)
            self.assertEqual(model.logits(ids).tobytes(), self.model.logits(ids).tobytes())


class ThreadsTest(TinyTest):
    def test_calls_at_the_same_time(self):
        prompts = [random_ids(20, seed) for seed in range(12)]
        expected = [self.model.generate_ids(prompt, max_tokens=20) for prompt in prompts]
        model = frit.load(self.bundle, threads=1)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda prompt: model.generate_ids(prompt, max_tokens=20), prompts))
        self.assertEqual(found, expected)

    def test_a_fork(self):
        model = frit.load(self.bundle, threads=2)
        expected = model.generate_ids([5, 6, 7], max_tokens=5)
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # ends a child that waits for threads it does not have
            os._exit(model.generate_ids([5, 6, 7], max_tokens=5) != expected)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_streams_are_open_when_python_ends(self):
        code = "import frit, sys; s = frit.load(sys.argv[1], threads=3).generate('a', stream=True); next(s)"
        done = subprocess.run(
            [sys.executable, "-c", code, self.bundle], env=os.environ | {"PYTHONPATH": str(ROOT / "python")}, timeout=60
        )
        self.assertEqual(done.returncode, 0)


@needs_smollm2
class SmolLM2Test(PythonTest):
    def test_chat_prompts_and_tokens(self):
        # greedy.json has the ids that transformers makes of the texts, and those it generates.
        here = ROOT / "test" / "models" / "smollm2"
        expected = {p["name"]: p for p in json.loads((here / "greedy.json").read_text())["prompts"]}
        model = frit.load(SMOLLM2, **F32)
        compared = 0
        for text in json.loads((here / "prompts.json").read_text()):
            if "chat" not in text:
                continue
            messages = [{"role": "system", "content": text["system"]}] if "system" in text else []
            messages.append({"role": "user", "content": text["chat"]})
            ids = model.encode(model.chat_prompt(messages), add_bos=False)
            self.assertEqual(ids, expected[text["name"]]["prompt"], text["name"])
            compared += 1
        self.assertGreater(compared, 5)
        question = [{"role": "user", "content": "What is the capital of France?"}]
        self.assertEqual(model.chat(question), "The capital of France is Paris.")
        prompts = [expected[name]["prompt"] for name in ("capital", "one-word", "haiku")]
        self.assertEqual(model.generate_ids(prompts[0], max_tokens=8), expected["capital"]["tokens"][:8])
        together = model.generate_ids(prompts, max_tokens=16)
        self.assertEqual(together, [model.generate_ids(prompt, max_tokens=16) for prompt in prompts])

    def test_same_as_frit_run(self):
        bundle = str(frit.compile(SMOLLM2, self.directory / "smollm2.frit"))
        model = frit.load(bundle)
        text = "Once upon a time, there was a compiler. " * 60
        expected = self.tokens(bundle, "-p", text, "--no-chat", "-n", "16", "--logits", "logits.npy")
        self.assertEqual(model.generate_ids(text, max_tokens=16), expected)
        ids = model.encode(text)
        self.assertGreater(len(ids), 512)
        evaluated = ids + expected[:-1]
        logits = model.logits(evaluated)
        self.assertEqual(logits.tobytes(), numpy.load(self.directory / "logits.npy").tobytes())
        self.assertEqual(logits[len(ids) - 1 :].argmax(axis=1).tolist(), expected)

    def test_other_threads_run_while_the_model_does(self):
        model = frit.load(SMOLLM2, threads=1)
        ids = [5] * 512
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(model.generate_ids, ids, max_tokens=1)
            ticks = 0
            while not result.done():
                time.sleep(0.001)
                ticks += 1
        # One call of the runtime takes most of the time.
        self.assertGreater(ticks, 20)

    def test_interrupts(self):
        code = """if True:
            import frit, os, sys, threading, time
            model = frit.load(sys.argv[1], threads=1)
            before = model.generate_ids([5, 6, 7], max_tokens=5)
            chunk = 1e9
            for token in (8, 10, 11):  # the fastest: a busy machine may stop for a while
                begin = time.monotonic()
                model.generate_ids([token] * 512, max_tokens=1)
                chunk = min(chunk, time.monotonic() - begin)
            threading.Timer(chunk, os.kill, (os.getpid(), 2)).start()
            begin = time.monotonic()
            try:
                model.generate([9] * 8000, max_tokens=1)
            except KeyboardInterrupt:
                print((time.monotonic() - begin) / chunk)
            assert model.generate_ids([5, 6, 7], max_tokens=5) == before
        """
        bundle = str(frit.compile(SMOLLM2, self.directory / "smollm2.frit"))
        done = subprocess.run(
            [sys.executable, "-c", code, bundle],
            env=os.environ | {"PYTHONPATH": str(ROOT / "python")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        self.assertLess(float(done.stdout), 8)  # of 16 chunks


if __name__ == "__main__":
    unittest.main()
