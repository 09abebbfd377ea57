# RUN: %python %s
# ===- usage.py - help, version and misuse -------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import os
import re
import resource
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main

COMMANDS = ["run", "bench", "compile", "verify", "explain", "inspect", "targets", "archs", "cache"]
# What the help of a command must list.
OPTIONS = {
    "run": "-p -f --tokens -n --ctx -c --threads -t --temp --top-k --top-p --min-p --repeat-penalty "
    "--seed --batch --system-prompt --no-chat --print-tokens --logits --ignore-eos --huge-pages",
    "bench": "-p -n -d --threads -t -r -o --pg --no-warmup --huge-pages",
    "compile": "-o --emit --compile-from --compile-to --dump-phases-to --list-phases "
    "--no-verify-phases --remarks-filter --dry-run",
    "verify": "--tokens --seed --json",
    "explain": "--tokens --keys --json",
    "inspect": "--json",
    "archs": "--show",
    "cache": "--clear",
}
# Options of the compiler, on every command that may compile.
COMPILER = "--target --activations --kv-cache-type --fusion --weights --arch-spec --like --max-tokens"


class HelpTest(DriverTest):
    def test_overview(self):
        out, err = self.frit("--help")
        self.assertEqual(err, "")
        for command in COMMANDS:
            self.assertRegex(out, rf"(?m)^  {command} +\S")
        self.assertEqual(self.frit("help", "run")[0], self.frit("run", "--help")[0])
        self.assert_usage_error(["help", "rnu"], "unknown command 'rnu'")
        for word in ("-h", "help"):
            self.assertEqual(self.frit(word)[0], out)

    def test_commands(self):
        for command in COMMANDS:
            out, err = self.frit(command, "--help")
            self.assertEqual(err, "")
            self.assertIn(f"frit {command} [options]", out)
            listed = set(re.findall(r"(?m)^  (--?[\w-]+)", out))
            expected = set(OPTIONS.get(command, "").split()) | {"--help"}
            if command in ("run", "bench", "compile", "verify", "explain", "inspect"):
                expected |= set(COMPILER.split())
                self.assertIn("MODEL", out)
            self.assertLessEqual(expected, listed, command)
            # Nothing of LLVM's own.
            for other in ("--x86-", "--mlir-", "--help-list", "--debug", "--stats"):
                self.assertFalse([name for name in listed if name.startswith(other)], command)

    def test_verify_explains_its_table(self):
        out, _ = self.frit("verify", "--help")
        for word in ("prefill, decode", "piling up", "Distribution", "cases"):
            self.assertRegex(out, rf"(?m)^  {word} +\S")
        self.assertNotIn("piling up", self.frit("run", "--help")[0])

    def test_hidden_options_of_compile(self):
        out, _ = self.frit("compile", "--help-hidden")
        for option in ("--mlir-timing", "--mlir-print-ir-after-all", "--remarks-filter-missed"):
            self.assertIn(option, out)

    def test_version(self):
        out, _ = self.frit("--version")
        self.assertRegex(out, r"\Afrit \d+\.\d+\.\d+\nLLVM 22\.\d+\.\d+\n")
        for target in ("x86-64", "x86-64-v3", "avx512-vnni"):
            self.assertRegex(out, rf"(?m)^targets: .*\b{target}\b")
        self.assertRegex(out, r"(?m)^CPU features in use:")

    def test_lists(self):
        out, _ = self.frit("targets")
        self.assertRegex(out, r"(?m)^[* ] x86-64-v3 +\S")
        self.assertEqual(len(re.findall(r"(?m)^\* \S+ +isa", out)), 1)
        out, _ = self.frit("archs")
        self.assertIn("llama", out.split())


class MisuseTest(DriverTest):
    def test_commands(self):
        self.assert_usage_error([], "expected a command")
        self.assert_usage_error(["rnu"], "unknown command 'rnu'", "did you mean 'run'?")
        self.assert_usage_error(["xyzzy"], "unknown command 'xyzzy'")
        self.assert_usage_error(["--frob"], "unknown option '--frob'")

    def test_options(self):
        for arguments, *parts in [
            (["run"], "expected a MODEL"),
            (["run", "a.gguf", "b.gguf"], "expected only one MODEL"),
            (["run", "m", "--frobnicate"], "--frobnicate"),
            (["run", "m", "--tmp", "1"], "--tmp", "--temp"),
            (["run", "m", "-n", "many"], "-n: expected a whole number, found 'many'"),
            (["run", "m", "--temp", "hot"], "--temp: expected a number, found 'hot'"),
            (["run", "m", "--seed", "-1"], "--seed: expected a whole number from 0, found '-1'"),
            (["run", "m", "-n"], "-n", "requires a value"),
            (["run", "m", "-n", "-2"], "-n", "-2"),
            (["run", "m", "-p", "a", "-f", "b"], "one of -p, -f and --tokens"),
            (["run", "m", "-p", "a", "--tokens", "1"], "one of -p, -f and --tokens"),
            (["run", "m", "--tokens", "1,x"], "--tokens", "'x'"),
            (["run", "m", "--tokens", "1,,2"], "--tokens"),
            (["run", "m", "--tokens", "99999999999"], "--tokens"),
            (["run", "m", "--tokens", "1", "--system-prompt", "x"], "--system-prompt"),
            (["run", "m", "-p", "a", "-c", "0"], "--ctx", "found 0"),
            (["run", "m", "-p", "a", "-t", "0"], "--threads", "found 0"),
            (["run", "m", "-p", "a", "--temp", "-1"], "--temp"),
            (["run", "m", "-p", "a", "--temp", "nan"], "--temp"),
            (["run", "m", "-p", "a", "--top-p", "2"], "--top-p"),
            (["run", "m", "-p", "a", "--min-p", "-1"], "--min-p"),
            (["run", "m", "-p", "a", "--top-k", "-1"], "--top-k"),
            (["run", "m", "-p", "a", "--repeat-penalty", "0"], "--repeat-penalty"),
            (["run", "m", "-p", "a", "--activations", "int4"], "--activations", "int8 or f32"),
            (["run", "m", "-p", "a", "--kv-cache-type", "q8"], "--kv-cache-type", "f16 or f32"),
            (["verify", "m", "--fusion", "some"], "--fusion", "all or none"),
            (["run", "m", "-p", "a", "--max-tokens", "1"], "--max-tokens", "2 to 65536"),
            (["run", "m", "-p", "a", "--huge-pages", "yes"], "--huge-pages", "auto, on or off"),
            (["bench"], "expected a MODEL"),
            (["bench", "m", "-p", "x"], "-p", "'x'"),
            (["bench", "m", "-p", "5-2"], "-p", "'5-2'"),
            (["bench", "m", "-p", "1-8*1"], "-p", "'1-8*1'"),
            (["bench", "m", "-p", "0-8*2"], "-p", "'0-8*2'"),
            (["bench", "m", "-p", "1-2000000000"], "-p", "more than"),
            (["bench", "m", "-n", "-5"], "-n"),
            (["bench", "m", "-t", "0"], "--threads"),
            (["bench", "m", "-r", "0"], "-r"),
            (["bench", "m", "-o", "csv"], "-o", "md or json"),
            (["bench", "m", "--pg", "5"], "--pg"),
            (["compile"], "expected a MODEL"),
            (["compile", "m"], "-o"),
            (["compile", "m", "-o", "-"], "-o"),
            (["compile", "m", "--emit", "ptx"], "--emit", "mlir, llvm, asm or obj"),
            (["compile", "m", "--compile-to", "x"], "--compile-to", "normalize"),
            (["compile", "m", "--compile-from", "x"], "--compile-from", "normalize"),
            (["compile", "m", "--emit", "obj", "--compile-to", "fuse"], "--emit=obj", "fuse"),
            (["compile", "m", "-o", "o", "--remarks-filter", "["], "--remarks-filter: expected a regular expression, found '['"),
            (["compile", "m", "-o", "o", "--remarks-filter-missed", "*"], "--remarks-filter-missed: "),
            (["verify", "m", "--no-layers", "--no-phases"], "nothing to compare"),
            (["verify", "m", "--tokens", ""], "--tokens"),
            (["targets", "x"], "x"),
        ]:
            with self.subTest(arguments):
                self.assert_usage_error(arguments, *parts)

    def test_what_is_no_model(self):
        (self.directory / "text.txt").write_text("hello")
        (self.directory / "empty.gguf").write_text("")
        (self.directory / "bad.mlir").write_text("module {\n  nonsense\n}\n")
        (self.directory / "bad.frit").write_text("FRITBNDL")
        for command in (["run", "-p", "a"], ["bench"], ["compile", "-o", "o"], ["inspect"], ["verify"]):
            for name, *parts in [
                ("missing.gguf", "cannot open 'missing.gguf'", "No such file"),
                (".", "expected a directory with a config.json"),
                ("/dev/null", "is no regular file"),
                ("text.txt", "'text.txt' is no model"),
                ("empty.gguf", "empty.gguf"),
                ("bad.mlir", "bad.mlir:2:3: "),
            ]:
                with self.subTest(command[0], name=name):
                    self.assert_error([command[0], name, *command[1:]], *parts)
        for command in (["run", "-p", "a"], ["bench"], ["inspect"]):
            self.assert_error([command[0], "bad.frit", *command[1:]], "bad.frit")
        self.assertFalse((self.directory / "o").exists())

    def test_unsupported_model(self):
        model = self.make_model("other.gguf", "--arch", "mamba")
        self.assert_error(["run", model, "-p", "a"], "mamba")

    def test_unknown_target(self):
        model = self.make_model()
        self.assert_error(["run", model, "-p", "a", "--target", "z80"], "z80", "x86-64-v3")
        self.assert_error(["run", model, "-p", "a", "--target", "no.json"], "no.json")

    @unittest.skipIf(os.environ["FRIT_SANITIZE"] == "ON", "a sanitizer ends without memory itself")
    def test_no_memory(self):
        # A thread's stack needs more than that.
        def limit():
            resource.setrlimit(resource.RLIMIT_DATA, (35_000_000, 35_000_000))

        model = self.make_model()
        arguments = ["compile", model, "-o", "out.frit"]
        self.assert_error(arguments, "not enough memory", preexec_fn=limit)
        self.assertFalse((self.directory / "out.frit").exists())

    def test_output_that_cannot_be_written(self):
        for arguments in (["--help"], ["targets"], ["inspect", self.make_model()]):
            with open("/dev/full", "w") as full:
                _, err = self.frit(*arguments, code=1, stdout=full)
            self.assertEqual(
                err, "error: cannot write to the standard output: No space left on device\n"
            )


if __name__ == "__main__":
    main()
