# RUN: %python %s
# ===- phases.py - frit compile: phases, forms of output -----------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main

ARGUMENTS = ("-n", "8", "--ignore-eos")


class PhaseTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()
        out, _ = self.frit("compile", "--list-phases")
        self.phases = [line.split()[0] for line in out.splitlines()]

    def test_list_is_that_of_the_pipeline(self):
        root = Path(__file__).parents[3]
        text = (root / "include" / "frit" / "Pipeline" / "Phases.def").read_text()
        self.assertEqual(re.findall(r'FRIT_PHASE\(\w+, "(\w+)"', text), self.phases)

    def test_every_dump_goes_on(self):
        # A prompt that is a prefill, and decoding: the same ids from wherever the rest begins.
        prompt = ("--tokens", ",".join(str(3 + i) for i in range(20)))
        self.frit("compile", self.model, "--dump-phases-to", "dump", "-o", "whole.frit")
        whole = (self.directory / "whole.frit").read_bytes()
        expected = self.tokens(self.model, *prompt, *ARGUMENTS)
        dumps = sorted((self.directory / "dump").iterdir())
        self.assertEqual(
            [dump.name for dump in dumps],
            [f"{i:02}-{phase}.mlir" for i, phase in enumerate(self.phases, start=1)],
        )
        for dump, phase in zip(dumps, self.phases):
            with self.subTest(phase):
                self.assertEqual(self.tokens(str(dump), *prompt, *ARGUMENTS), expected)
                self.frit(
                    "compile", str(dump), "--compile-from", phase, "-o", "again.frit"
                )
                self.assertEqual((self.directory / "again.frit").read_bytes(), whole)

    def test_from_phase_to_phase(self):
        # One step at a time gives what all at once do.
        self.frit("compile", self.model, "--dump-phases-to", "dump")
        self.frit("compile", self.model, "--compile-to", "import", "-o", "import.mlir")
        previous = "import"
        for number, phase in enumerate(self.phases[1:], start=2):
            self.frit(
                *("compile", f"{previous}.mlir", "--compile-from", previous),
                *("--compile-to", phase, "-o", f"{phase}.mlir"),
            )
            dump = (self.directory / "dump" / f"{number:02}-{phase}.mlir").read_text()
            text = (self.directory / f"{phase}.mlir").read_text()
            # A dump in another directory has other paths to the weights.
            self.assertEqual(dump.replace("../tiny.gguf", "tiny.gguf").strip(), text.strip())
            previous = phase
        self.assert_error(
            ["compile", "fuse.mlir", "--compile-from", "cache", "-o", "x.frit"],
            "--compile-from=cache", "'fuse.mlir' was left after fuse",
        )
        self.assert_error(
            ["compile", "fuse.mlir", "--compile-to", "cache"], "--compile-to=cache", "after fuse"
        )

    def test_options_that_come_too_late(self):
        self.frit("compile", self.model, "--compile-to", "fuse", "-o", "fuse.mlir")
        for option in ("--activations=f32", "--kv-cache-type=f32", "--target=x86-64", "--fusion=none"):
            self.assert_error(["compile", "fuse.mlir", option, "-o", "x.frit"], "comes too late")
        self.frit("compile", "fuse.mlir", "--max-tokens=6", "-o", "x.frit")
        self.frit("compile", self.model, "--compile-to", "normalize", "-o", "early.mlir")
        self.frit("compile", "early.mlir", "--activations=f32", "-o", "late.frit")
        self.frit("compile", self.model, "--activations=f32", "-o", "f32.frit")
        late, direct = ((self.directory / f).read_bytes() for f in ("late.frit", "f32.frit"))
        self.assertEqual(late, direct)

    def test_a_bundle_says_what_the_module_went_through(self):
        for option, phase, value, other in (
            ("--activations", "quantize", "f32", "int8"),
            ("--kv-cache-type", "cache", "f32", "f16"),
            ("--fusion", "fuse", "none", "all"),
        ):
            self.frit("compile", self.model, f"{option}={value}", "-o", "direct.frit")
            self.frit("compile", self.model, f"{option}={value}", "--compile-to", phase, "-o", "m.mlir")
            self.frit("compile", "m.mlir", "-o", "on.frit")
            direct, on = ((self.directory / f).read_bytes() for f in ("direct.frit", "on.frit"))
            self.assertEqual(on, direct)
            self.tokens("on.frit", "--tokens", "5", "-n", "1", f"{option}={value}")
            self.assert_error(
                ["run", "on.frit", "--tokens", "5", f"{option}={other}"],
                f"was compiled with {option}={value}",
            )

    def test_activations_of_a_module_that_does_not_name_them(self):
        for value in ("f32", "int8"):
            self.frit("compile", self.model, f"--activations={value}", "--compile-to", "fuse", "-o", "m.mlir")
            path = self.directory / "m.mlir"
            text = path.read_text()
            self.assertIn(f'frit.activations = "{value}", ', text)
            path.write_text(text.replace(f'frit.activations = "{value}", ', ""))
            self.frit("compile", "m.mlir", "-o", "m.frit")
            self.tokens("m.frit", "--tokens", "5", "-n", "1", f"--activations={value}")

    def test_no_bundle_that_the_runtime_refuses(self):
        self.frit("compile", self.model, "--compile-to", "import", "-o", "m.mlir")
        text = (self.directory / "m.mlir").read_text()
        for old, new, part in (
            ("frit.context_length = 128 : i64, ", "", "model.context_length: expected an integer from 1"),
            ("theta = 1.000000e+04", "theta = 1.000000e+13", "rope_tables[0].theta: expected a number"),
        ):  # fmt: skip
            with self.subTest(part):
                self.assertIn(old, text)
                (self.directory / "bad.mlir").write_text(text.replace(old, new))
                for command in (["compile", "bad.mlir", "-o", "bad.frit"], ["verify", "bad.mlir"]):
                    error = self.assert_error(command, "error: bad.mlir: manifest: ", part)
                    self.assertNotIn("/tmp/frit-verify", error)
                self.assertFalse((self.directory / "bad.frit").exists())

    def test_programs_that_make_no_sense(self):
        self.frit("compile", self.model, "--compile-to", "schedule", "-o", "m.mlir")
        text = (self.directory / "m.mlir").read_text()
        for new, part in (
            ("tile.repeat 2 layer 1000000 row 0", "expected cache 0, but got 1000000"),
            ("tile.repeat 2 layer 1 row 0", "expected cache 0, but got 1"),
        ):  # fmt: skip
            with self.subTest(part):
                bad = text.replace("tile.repeat 2 layer 0 row 0", new)
                self.assertNotEqual(bad, text)
                (self.directory / "bad.mlir").write_text(bad)
                self.assert_error(["compile", "bad.mlir", "-o", "bad.frit"], "bad.mlir:", "program decode: step 1 (", part)

    def test_modules_without_a_model(self):
        for text in ("", "module {\n}\n"):
            (self.directory / "empty.mlir").write_text(text)
            for command in (["compile", "-o", "x.frit"], ["verify"], ["run", "-p", "a"], ["inspect"]):
                self.assert_error(
                    [command[0], "empty.mlir", *command[1:]], "empty.mlir: expected a graph.func"
                )

    def test_weights_that_cannot_be_read(self):
        self.frit("compile", self.model, "--compile-to", "import", "-o", "m.mlir")
        text = (self.directory / "m.mlir").read_text()
        size = (self.directory / "tiny.gguf").stat().st_size
        bad = re.sub(r"(graph\.weight @token_embd .* at @f0, )\d+", rf"\g<1>{size}", text)
        self.assertNotEqual(bad, text)
        (self.directory / "bad.mlir").write_text(bad)
        for command in (["compile", "bad.mlir", "-o", "x.frit"], ["verify", "bad.mlir"]):
            self.assert_error(command, f"of @token_embd at byte {size} of @f0", f"has {size} bytes")

    def test_output_finds_its_weights_like_a_dump(self):
        (self.directory / "there").mkdir()
        self.frit(
            *("compile", self.model, "--compile-to", "fuse", "-o", "there/fuse.mlir"),
            *("--dump-phases-to", "dump"),
        )
        text = (self.directory / "there" / "fuse.mlir").read_text()
        self.assertEqual(text.strip(), (self.directory / "dump" / "05-fuse.mlir").read_text().strip())
        self.frit("compile", "there/fuse.mlir", "-o", "out.frit")
        self.frit("compile", self.model, "-o", "direct.frit")
        out, direct = ((self.directory / f).read_bytes() for f in ("out.frit", "direct.frit"))
        self.assertEqual(out, direct)
        # A link is named, not the file it leads to.
        (self.directory / "store").mkdir()
        (self.directory / "tiny.gguf").rename(self.directory / "store" / "blob")
        (self.directory / "tiny.gguf").symlink_to("store/blob")
        self.frit("compile", self.model, "--compile-to", "fuse", "-o", "there/link.mlir")
        self.assertEqual((self.directory / "there" / "link.mlir").read_text(), text)

    def test_weights_elsewhere(self):
        self.frit("compile", self.model, "--compile-to", "cache", "-o", "sub.mlir")
        there = self.directory / "there"
        there.mkdir()
        (self.directory / "sub.mlir").rename(there / "sub.mlir")
        expected = self.tokens(self.model, "--tokens", "5,6", *ARGUMENTS)
        self.assert_error(["run", "there/sub.mlir", "--tokens", "5,6"], "tiny.gguf")
        found = self.tokens("there/sub.mlir", "--tokens", "5,6", *ARGUMENTS, "--weights", ".")
        self.assertEqual(found, expected)
        # A dump names them by a way that leads nowhere from a third place.
        self.frit("compile", self.model, "--compile-to", "cache", "-o", "there/far.mlir")
        (there / "far.mlir").rename(self.directory / "far.mlir")
        (self.directory / "tiny.gguf").rename(there / "tiny.gguf")
        self.assert_error(["run", "far.mlir", "--tokens", "5,6"], "tiny.gguf")
        found = self.tokens("far.mlir", "--tokens", "5,6", *ARGUMENTS, "--weights", "there")
        self.assertEqual(found, expected)


class EmitTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def test_kinds(self):
        mlir, _ = self.frit("compile", self.model, "--emit", "mlir")
        self.assertIn("llvm.func", mlir)
        llvm, _ = self.frit("compile", self.model, "--emit", "llvm")
        self.assertRegex(llvm, r"(?m)^define .*@")
        asm, _ = self.frit("compile", self.model, "--emit", "asm", "--target", "x86-64-v3")
        self.assertIn("\t.text", asm)
        self.assertIn("%ymm", asm)
        self.assertNotIn("%zmm", asm)
        for kind, text in (("mlir", mlir), ("llvm", llvm)):
            self.frit("compile", self.model, "--emit", kind, "-o", "out")
            self.assertEqual((self.directory / "out").read_text(), text)
        self.frit("compile", self.model, "--emit", "obj", "-o", "out")
        self.assertEqual((self.directory / "out").read_bytes()[:4], b"\x7fELF")
        out, _ = self.frit("compile", self.model, "--emit", "mlir", "--compile-to", "normalize")
        self.assertIn('frit.phase = "normalize"', out)

    def test_outputs(self):
        self.assert_error(["compile", self.model, "-o", "no/x.frit"], "no/x.frit")
        self.assert_error(["compile", self.model, "--emit", "asm", "-o", "no/x.s"], "no/x.s")
        self.assert_error(["compile", self.model, "-o", "/dev/null"], "/dev/null")
        self.frit("compile", self.model, "--emit", "asm", "-o", "/dev/null")
        self.assert_error(["compile", self.model, "-o", self.model], "is a part of the model: expected another file for -o")
        self.assert_error(
            ["compile", self.model, "--emit", "asm", "-o", "/dev/full"], "No space left"
        )
        self.assert_error(["compile", self.model, "--dump-phases-to", "/proc/no"], "/proc/no")
        self.frit("compile", self.model, "-o", "out.frit")
        self.assert_error(["compile", "out.frit", "-o", "x.frit"], "is compiled already")
        self.assertEqual(
            sorted(path.name for path in self.directory.iterdir()), ["out.frit", "tiny.gguf"]
        )

    def test_existing_bundle_is_replaced_at_once(self):
        self.frit("compile", self.model, "-o", "out.frit")
        old = (self.directory / "out.frit").stat().st_ino
        self.frit("compile", self.model, "-o", "out.frit", "--activations", "f32")
        self.assertNotEqual((self.directory / "out.frit").stat().st_ino, old)
        # A failure leaves the old one.
        data = (self.directory / "out.frit").read_bytes()
        self.assert_error(["compile", self.model, "-o", "out.frit", "--target", "z80"], "z80")
        self.assertEqual((self.directory / "out.frit").read_bytes(), data)


class MlirOptionTest(DriverTest):
    def test_timing_printing_remarks(self):
        model = self.make_model()
        compile = ("compile", model, "--compile-to", "fuse", "-o", "fuse.mlir")
        _, err = self.frit(*compile, "--mlir-timing")
        self.assertIn("Execution time report", err)
        _, err = self.frit(*compile, "--mlir-print-ir-after-all")
        self.assertRegex(err, r"IR Dump After \w*FormPhases")
        _, err = self.frit(*compile, "--remarks-filter=fuse")
        self.assertRegex(err, r"(?m)^remark: .*")
        self.assertEqual(self.frit(*compile, "--remarks-filter=nothing-of-the-kind")[1], "")
        self.assertEqual(self.frit(*compile)[1], "")

    def test_errors_of_passes(self):
        # A module that breaks a contract: attributes say it was fused, but there is no phase.
        model = self.make_model()
        self.frit("compile", model, "--compile-to", "cache", "-o", "cache.mlir")
        text = (self.directory / "cache.mlir").read_text()
        (self.directory / "bad.mlir").write_text(
            text.replace('frit.phase = "cache"', 'frit.phase = "fuse"')
        )
        self.assert_error(["compile", "bad.mlir", "-o", "x.frit"], "bad.mlir:")
        self.assertFalse((self.directory / "x.frit").exists())


if __name__ == "__main__":
    main()
