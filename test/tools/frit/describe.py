# RUN: %python %s
# ===- describe.py - frit inspect ----------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, parse_json

# Elements of K and V a token adds: 2 layers, 2 heads of 16, keys and values.
KV_ELEMENTS = 2 * 2 * 16 * 2


class InspectTest(DriverTest):
    def inspect(self, *arguments):
        out, err = self.frit("inspect", *arguments, "--json")
        self.assertEqual(err, "")
        return parse_json(out)

    def test_checkpoint(self):
        model = self.make_model()
        found = self.inspect(model)
        expected = {
            "kind": "model", "phase": "import", "model": "tiny", "architecture": "llama",
            "context_length": 128, "vocabulary": 288, "hidden": 64, "layers": 2, "tied": True,
            "files": ["tiny.gguf"], "packs": [],
            "kv_bytes_per_token": {"f16": 2 * KV_ELEMENTS, "f32": 4 * KV_ELEMENTS},
        }  # fmt: skip
        self.assertEqual({key: found[key] for key in expected}, expected)
        # Q8_0: 34 bytes for 32 values.
        matrices = 288 * 64 + 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64)
        formats = {entry["format"]: entry["bytes"] for entry in found["formats"]}
        self.assertEqual(formats, {"f32": 4 * 5 * 64, "q8_0": matrices // 32 * 34})
        text, _ = self.frit("inspect", model)
        for part in ("tiny", "4 heads of 16 over 2", "FFN 96", "token_embd", "q8_0"):
            self.assertIn(part, text)

    def test_every_phase_describes_the_same_model(self):
        model = self.make_model()
        self.frit("compile", model, "--dump-phases-to", "dump")
        expected = self.inspect(model)
        for dump in sorted((self.directory / "dump").iterdir()):
            with self.subTest(dump.name):
                found = self.inspect(str(dump))
                self.assertEqual(found["phase"], dump.stem.split("-")[1])
                for changed in ("phase", "packs", "buffers", "files"):
                    found[changed] = expected[changed]
                self.assertEqual(found, expected)

    def test_scheduled_model_has_packs(self):
        model = self.make_model()
        self.frit("compile", model, "--compile-to", "schedule", "-o", "s.mlir")
        packs = {pack["name"]: pack for pack in self.inspect("s.mlir")["packs"]}
        self.frit("compile", model, "-o", "out.frit")
        bundle = self.inspect("out.frit")
        self.assertEqual([pack["name"] for pack in bundle["packs"]], list(packs))
        for pack in bundle["packs"]:
            self.assertEqual(pack["bytes"], packs[pack["name"]]["bytes"])
            self.assertEqual(pack["rows"], packs[pack["name"]]["rows"])
        self.assertIn("pack ", self.frit("inspect", "s.mlir")[0])

    def test_buffers(self):
        model = self.make_model()
        for options in (("--fusion", "all"), ("--fusion", "none")):
            self.frit("compile", model, *options, "--compile-to", "schedule", "-o", "s.mlir")
            self.frit("compile", model, *options, "-o", "out.frit")
            found = self.inspect("out.frit")["buffers"]
            self.assertEqual(self.inspect("s.mlir")["buffers"], found)
            # Only codes that cross a barrier have a buffer: those of a fused model do not.
            int8 = [buffer for buffer in found if buffer["elements"] == "int8 by 32"]
            self.assertEqual(bool(int8), "none" in options)
            for buffer in found:
                bytes_of_32 = 48 if buffer in int8 else 128
                self.assertEqual(buffer["row_bytes"], buffer["columns"] // 32 * bytes_of_32)
            logits = [buffer for buffer in found if buffer["rows"] == "wanted"]
            self.assertEqual(logits[-1]["columns"], 288)
            for file in ("s.mlir", "out.frit"):
                text = self.frit("inspect", file)[0]
                self.assertRegex(text, r"(?m)^buffer\.forward\.logits +f32 +288  wanted token$")
                self.assertEqual("int8 by 32" in text, "none" in options)

    def test_bundle(self):
        model = self.make_model()
        self.frit(
            *("compile", model, "-o", "out.frit", "--target", "x86-64-v3"),
            *("--kv-cache-type", "f32", "--activations", "f32"),
        )
        found = self.inspect("out.frit")
        expected = {
            "kind": "bundle", "model": "tiny", "target": "x86-64-v3", "activations": "f32",
            "kv_cache_type": "f32", "fusion": "planned", "context_length": 128, "vocabulary": 288, "hidden": 64,
            "layers": 2, "file": "tiny.gguf",
            "kv_bytes_per_token": {
                "f16": 2 * KV_ELEMENTS, "f32": 4 * KV_ELEMENTS, "bundle": 4 * KV_ELEMENTS,
            },
            "bundle_bytes": (self.directory / "out.frit").stat().st_size,
        }  # fmt: skip
        self.assertEqual({key: found[key] for key in expected}, expected)
        self.assertEqual(
            [section["name"] for section in found["sections"]],
            ["manifest", "code", "tokenizer", "packs"],
        )
        self.assertEqual([program["max_tokens"] for program in found["programs"]][0], 1)
        text, _ = self.frit("inspect", "out.frit")
        for part in ("x86-64-v3", "tiny", "packs", "decode, up to 1 tokens"):
            self.assertIn(part, text)

    def test_windows(self):
        model = self.make_model("w.gguf", "--set", "llama.attention.sliding_window=u32:40")
        self.frit("compile", model, "-o", "out.frit")
        self.assertEqual([cache["window"] for cache in self.inspect("out.frit")["caches"]], [40, 40])
        text, _ = self.frit("inspect", "out.frit")
        self.assertRegex(text, r"(?m)^window +40 tokens in 2 of 2 layers$")
        self.assertIn("window 40", self.frit("inspect", model)[0])

    def test_damaged_bundles(self):
        self.frit("compile", self.make_model(), "-o", "out.frit")
        path = self.directory / "out.frit"
        whole = path.read_bytes()
        for damage in (whole[:40], whole[:5000], whole + b"\0", whole[:4200] + b"x" + whole[4201:]):
            path.write_bytes(damage)
            self.assert_error(["inspect", "out.frit"], "out.frit")


if __name__ == "__main__":
    main()
