# RUN: %python %s
# ===- dryrun.py - frit compile --dry-run ----------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, parse_json


class DryRunTest(DriverTest):
    def dry_run(self, model: str, *arguments: str) -> dict[str, str]:
        before = sorted(self.directory.rglob("*"))
        out, err = self.frit("compile", model, *arguments, "--dry-run")
        self.assertEqual(err, "")
        # Nothing is written, not even a cache.
        self.assertEqual(sorted(self.directory.rglob("*")), before)
        lines = dict(re.fullmatch(r"(.{13}) (.*)", line).groups() for line in out.splitlines())
        return {label.strip(): text for label, text in lines.items()}

    def test_assumptions_and_sizes(self):
        model = self.make_model("odd.gguf", "--vocabulary", "301", "--kv-heads", "1")
        for options, types in (
            ((), ("int8", "f16", 2)),
            (("--activations=f32", "--kv-cache-type=f32", "--target=x86-64-v3"), ("f32", "f32", 4)),
        ):
            with self.subTest(options=options):
                lines = self.dry_run(model, *options)
                self.frit("compile", model, *options, "-o", "m.frit")
                bundle = parse_json(self.frit("inspect", "m.frit", "--json")[0])
                (self.directory / "m.frit").unlink()
                self.assertEqual(lines["record"], "'llama', as the model says 'llama'")
                self.assertEqual(lines["architecture"], "llama")
                native = "" if options else " (native)"
                self.assertEqual(lines["target"], bundle["target"] + native)
                self.assertEqual((lines["activations"], lines["KV-cache type"]), types[:2])
                sections = {section["name"]: section["bytes"] for section in bundle["sections"]}
                self.assertRegex(lines["weights"], rf"^{sections['packs']} B .*as packed$")
                token = sum(
                    layer["kv_heads"] * (layer["key_dim"] + layer["value_dim"]) * types[2]
                    for layer in bundle["caches"]
                )
                context = bundle["context_length"]
                self.assertRegex(
                    lines["KV cache"], rf"^{token} B a token, {token * context} B .*of {context} tokens$"
                )
                whole = sections["packs"] + sections["tokenizer"]
                self.assertRegex(lines["bundle"], rf"^{whole} B ")

    def test_buffers(self):
        model = self.make_model()
        module, _ = self.frit("compile", model, "--compile-to=schedule", "--max-tokens=64", "-o", "-")
        # int8 has 16 B more for each block of 32.
        bytes_of_a_row = sum(
            int(count) // 32 * 48 if block else int(count) * 4
            for count, block in re.findall(r"tile\.buffer @\S+\[\w+, (\d+)\](.*by 32)?", module)
        )
        multiple = max(int(count) for count in re.findall(r"multiple (\d+)", module))
        rows = -(-64 // multiple) * multiple
        self.assertRegex(self.dry_run(model, "--max-tokens=64")["buffers"], rf"^{bytes_of_a_row * rows} B ")
        # No session has more tokens at once than its context.
        self.assertEqual(self.dry_run(model)["buffers"], self.dry_run(model, "--max-tokens=128")["buffers"])

    def test_records(self):
        model = self.make_model()
        self.assertEqual(self.dry_run(model, "--like=llama")["record"], "'llama' (--like)")
        record = self.directory / "mine.json"
        record.write_text(self.frit("archs", "--show", "llama")[0])
        self.assertEqual(self.dry_run(model, "--arch-spec=mine.json")["record"], "mine.json (--arch-spec)")
        self.assertEqual(
            self.dry_run(model, "--arch-spec=mine.json", "--like=llama")["record"],
            "mine.json (--arch-spec), on 'llama' (--like)",
        )

    def test_tokenizers(self):
        plain = self.make_model("plain.gguf", "--set", "tokenizer.ggml.pre=string:none-such")
        self.assertIn("token ids only: ", self.dry_run(plain)["tokenizer"])

    def test_dumps(self):
        self.frit("compile", self.make_model(), "--compile-to=fuse", "-o", "m.mlir")
        lines = self.dry_run("m.mlir")
        self.assertNotIn("record", lines)
        self.assertEqual(lines["activations"], "int8")
        self.assert_error(["compile", "m.mlir", "--dry-run", "--activations=f32"], "comes too late")

    def test_everything_unsupported(self):
        model = self.make_model(
            "odd.gguf",
            *("--set", "llama.attention.causal=bool:false", "--set", "general.architecture=string:llama"),
            *("--set", "llama.attention.layer_norm_rms_epsilon=f32:-1"),
        )
        err = self.assert_error(["compile", model, "--dry-run"], "cannot import, for 2 reasons", code=2)
        self.assertIn("llama.attention.causal", err)
        self.assertIn("llama.attention.layer_norm_rms_epsilon", err)
        self.assertFalse(self.cache.exists())
        unknown = self.make_model("unknown.gguf", "--set", "general.architecture=string:xyz")
        self.assert_error(["compile", unknown, "--dry-run"], "does not know the architecture 'xyz'", code=2)

    def test_every_error_of_a_phase(self):
        self.frit("compile", self.make_model(), "--compile-to=import", "-o", "m.mlir")
        path = self.directory / "m.mlir"
        # Only what a product gives can be turned so.
        twice = re.sub(
            r"(?m)%(\d+) = graph.rope %\d+, (.*)$",
            lambda rope: f"{rope[0].replace('%', '%once', 1)}\n%{rope[1]} = graph.rope %once{rope[1]}, {rope[2]}",
            path.read_text(),
        )
        path.write_text(twice)
        first = self.assert_error(["compile", "m.mlir", "-o", "m.frit"], "more errors after this one")
        _, err = self.frit("compile", "m.mlir", "--dry-run", code=2)
        self.assertIn(first.splitlines()[0], err)
        self.assertEqual(err.count("error: m.mlir:"), 2)

    def test_what_is_no_model(self):
        self.assert_error(["compile", "none.gguf", "--dry-run"], "none.gguf")
        (self.directory / "bad.gguf").write_bytes(b"GGUF")
        self.assert_error(["compile", "bad.gguf", "--dry-run"], "bad.gguf")
        (self.directory / "bad.mlir").write_text("x")
        self.assert_error(["compile", "bad.mlir", "--dry-run"], "bad.mlir")
        self.frit("compile", self.make_model(), "-o", "m.frit")
        self.assert_error(["compile", "m.frit", "--dry-run"], "is compiled already")

    def test_misuse(self):
        for option in ("-o=x", "--emit=mlir", "--compile-from=fuse", "--compile-to=fuse", "--dump-phases-to=d"):
            name = option.split("=")[0]
            self.assert_usage_error(["compile", "m", "--dry-run", option], f"{name} cannot go with --dry-run")


if __name__ == "__main__":
    main()
