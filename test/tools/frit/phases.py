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
        for option in ("--activations=f32", "--kv-cache-type=f32", "--target=x86-64"):
            self.assert_error(["compile", "fuse.mlir", option, "-o", "x.frit"], "comes too late")
        self.frit("compile", "fuse.mlir", "--max-tokens=6", "-o", "x.frit")
        self.frit("compile", self.model, "--compile-to", "normalize", "-o", "early.mlir")
        self.frit("compile", "early.mlir", "--activations=f32", "-o", "late.frit")
        self.frit("compile", self.model, "--activations=f32", "-o", "f32.frit")
        late, direct = ((self.directory / f).read_bytes() for f in ("late.frit", "f32.frit"))
        self.assertEqual(late, direct)

    def test_weights_elsewhere(self):
        self.frit("compile", self.model, "--compile-to", "cache", "-o", "sub.mlir")
        there = self.directory / "there"
        there.mkdir()
        (self.directory / "sub.mlir").rename(there / "sub.mlir")
        expected = self.tokens(self.model, "--tokens", "5,6", *ARGUMENTS)
        self.assert_error(["run", "there/sub.mlir", "--tokens", "5,6"], "tiny.gguf")
        found = self.tokens("there/sub.mlir", "--tokens", "5,6", *ARGUMENTS, "--weights", ".")
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
        self.assert_error(["compile", self.model, "-o", self.model], "is the model itself")
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
