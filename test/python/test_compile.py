# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From checkpoints to bundles: the program, its options, and the cache."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from support import F32, ROOT, PythonTest, frit

import huggingface  # of the driver's tests


class CompileTest(PythonTest):
    def test_where_the_bundle_is(self):
        model = self.make_model()
        bundle = frit.compile(model)
        self.assertEqual(bundle, self.directory / "tiny.frit")
        named = frit.compile(Path(model), self.directory / "named", target="x86-64")
        self.assertEqual(named, self.directory / "named")
        self.assertEqual(frit.load(named).info.target, "x86-64")
        self.assertEqual(frit.load(bundle).info.source_file, "tiny.gguf")

    def test_options_are_those_of_the_program(self):
        model = self.make_model()
        found = frit.compile(model, self.directory / "ours.frit", **F32, max_tokens=16)
        arguments = ["--activations=f32", "--kv-cache-type=f32", "--max-tokens=16"]
        self.frit("compile", model, "-o", "theirs.frit", *arguments)
        self.assertEqual(found.read_bytes(), (self.directory / "theirs.frit").read_bytes())

    def test_errors_are_those_of_the_program(self):
        self.assert_refused("cannot open '/none.gguf': No such file or directory", frit.compile, "/none.gguf", "out")
        model = self.make_model("bad.gguf", "--drop", "output_norm.weight")
        with self.assertRaisesRegex(frit.Error, r"\A.*output_norm\.weight[^\n]*\Z"):
            frit.compile(model)
        self.assert_refused(
            "--activations: expected int8 or f32, found 'f8'", frit.compile, self.make_model(), activations="f8"
        )
        for call in (frit.compile, frit.load):
            with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'no_such': no option of frit compile"):
                call(self.make_model(), no_such=1)
        with self.assertRaisesRegex(frit.Error, r"for 2 reasons; token_embd\.weight: is missing[^\n]*; output_norm\.weight: is missing[^\n]*\Z"):
            frit.compile(self.make_model("bad.gguf", "--drop", "output_norm.weight", "--drop", "token_embd.weight"))
        self.assertEqual(list(self.directory.glob("*.frit*")), [])

    def test_progress_on_a_terminal(self):
        terminal, other = pty.openpty()
        code = "import frit, sys; frit.compile(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", code, self.make_model()],
            env=os.environ | {"PYTHONPATH": str(ROOT / "python")},
            stderr=other,
            check=True,
        )
        os.close(other)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"compiling tiny.gguf", os.read(terminal, 1 << 16))
        os.close(terminal)


class ProgramTest(PythonTest):
    def find(self, **environment: str) -> str:
        with mock.patch.dict(os.environ, environment):
            for name in {"FRIT", "FRIT_BUILD"} - set(environment):
                os.environ.pop(name, None)
            with mock.patch.object(frit._compile, "__file__", str(self.directory / "a/b/frit/_compile.py")):
                with mock.patch.object(sys, "executable", str(self.directory / "venv/bin/python")):
                    with mock.patch.object(os, "getcwd", lambda: str(self.directory / "cwd")):
                        return frit._compile.find_program()

    def put(self, place: str) -> str:
        path = self.directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return str(path)

    def test_where_it_is_looked_for(self):
        path = str(self.directory / "path")
        with self.assertRaisesRegex(frit.Error, "expected the program frit, .*scripts/quickstart.sh.* set FRIT"):
            self.find(PATH=path)
        # The later ones come first.
        for place in (
            "cwd/build/release/bin/frit",
            "a/build/release/bin/frit",
            "build/bin/frit",
            "path/frit",
            "venv/bin/frit",
            "a/b/frit/frit",
        ):
            expected = self.put(place)
            self.assertEqual(self.find(PATH=path, FRIT_BUILD=str(self.directory / "build")), expected)
        self.assertEqual(self.find(PATH=path, FRIT=self.put("other")), str(self.directory / "other"))
        with self.assertRaisesRegex(frit.Error, "FRIT: expected the program frit, found '/none', which cannot be run"):
            self.find(PATH=path, FRIT="/none")


class CacheTest(PythonTest):
    def bundles(self) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in (self.cache / "frit/bundles").iterdir()}

    def test_a_checkpoint_is_compiled_once(self):
        model = self.make_model()
        first = frit.load(model)
        self.assertEqual(first.info.source_file, "tiny.gguf")
        bundles = self.bundles()
        self.assertRegex("".join(bundles), r"\Atiny-[0-9a-f]{32}\.frit\Z")
        self.assertEqual((self.cache / "frit").stat().st_mode & 0o777, 0o700)
        frit.load(model)
        self.assertEqual(self.bundles(), bundles)
        # Another option, another model in its place: another bundle.
        expected = frit.load(self.make_bundle(**F32)).logits([5, 6, 7])
        self.assertEqual(frit.load(model, **F32).logits([5, 6, 7]).tobytes(), expected.tobytes())
        self.assertNotEqual(first.logits([5, 6, 7]).tobytes(), expected.tobytes())
        self.assertEqual(len(self.bundles()), 2)
        self.make_model("tiny.gguf", "--layers", "3")
        self.assertEqual(frit.load(model).info.layers, 3)
        # Another program.
        program = self.directory / "frit"
        program.write_text(f'#!/bin/sh\nexec {os.environ["FRIT"]} "$@"\n')
        program.chmod(0o755)
        with mock.patch.dict(os.environ, {"FRIT": str(program)}):
            frit.load(model)
        # `frit cache` knows them.
        out, _ = self.frit("cache")
        self.assertEqual(out.count("tiny-"), 4)
        self.frit("cache", "--clear")
        self.assertEqual(self.bundles(), {})

    def test_files_that_belong_together(self):
        first = self.make_split()
        self.assertEqual(frit.load(first).info.layers, 2)
        bundles = self.bundles()
        frit.load(first)
        self.assertEqual(self.bundles(), bundles)
        os.utime(first.replace("00001-of", "00002-of"), (1, 1))
        frit.load(first)
        self.assertEqual(len(self.bundles()), 2)

    def make_split(self) -> str:
        program = ROOT / "test/import/make_tiny_gguf.py"
        subprocess.run([sys.executable, program, self.directory / "parts", "--split", "2"], check=True)
        return str(min(self.directory.glob("parts-*.gguf")))

    def test_a_directory_of_transformers(self):
        other = huggingface.HuggingFaceTest("test_text")
        other.setUp()
        self.addCleanup(other.doCleanups)
        settings = {"chat_template": huggingface.TEMPLATE, "eos_token": "<|im_end|>"}
        (other.model / "tokenizer_config.json").write_text(json.dumps(settings))
        model = frit.load(other.model)
        prompt = model.chat_prompt([{"role": "user", "content": "Hi"}])
        self.assertEqual(prompt, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
        expected = self.tokens(str(other.model), "-p", "Hi", "-n", "5")
        self.assertEqual(model.generate_ids(model.encode(prompt, add_bos=False), max_tokens=5), expected)
        bundles = self.bundles()
        frit.load(other.model / "model.safetensors")
        self.assertEqual(self.bundles(), bundles)
        other.config["rms_norm_eps"] = 0.5
        other.write_config()
        frit.load(other.model)
        self.assertEqual(len(self.bundles()), len(bundles) + 1)

    def test_a_failure_leaves_nothing(self):
        model = self.make_model("bad.gguf", "--drop", "output_norm.weight")
        with self.assertRaisesRegex(frit.Error, "output_norm.weight"):
            frit.load(model)
        self.assertEqual(self.bundles(), {})
        shutil.rmtree(self.cache)
        self.cache.write_text("no directory")
        with self.assertRaisesRegex(frit.Error, "cannot create the cache directory: .*cache"):
            frit.load(model)


if __name__ == "__main__":
    unittest.main()
