# RUN: %python %s
# ===- hostile.py - checkpoints that are cut off or malformed ------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Each gets one error from `frit compile`, and nothing is left behind. The malformations are the
categories of ggml's tests/test-gguf.cpp; test/unit/GGUF tests the reader on many more."""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main

KEY = b"general.architecture"
TENSOR = b"token_embd.weight"
HEADER = struct.calcsize("<4sIQQ")


def text(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw


class HostileTest(DriverTest):
    def setUp(self) -> None:
        super().setUp()
        self.model = Path(self.make_model("bad.gguf"))
        self.good = self.model.read_bytes()
        # Of the tensor's description: dimension count (u32), dimensions (u64 each), type (u32), offset (u64).
        self.tensor = self.good.index(text(TENSOR)) + len(text(TENSOR))
        self.kind = self.tensor + struct.calcsize("<IQQ")

    def assert_refused(self, data: bytes, *parts: str) -> None:
        self.model.write_bytes(data)
        error = self.assert_error(["compile", self.model.name, "-o", "out.frit"], *parts)
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assertIn("bad.gguf", error)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["bad.gguf"])

    def patched(self, position: int, layout: str, *values: object) -> bytes:
        data = bytearray(self.good)
        struct.pack_into(layout, data, position, *values)
        return bytes(data)

    def test_the_model_is_good(self) -> None:
        self.frit("compile", self.model.name, "-o", "out.frit")

    def test_cut_off(self) -> None:
        self.assertGreater(len(self.good), 10 * 1024)
        for size in range(0, len(self.good), 1024):
            with self.subTest(size=size):
                self.assert_refused(self.good[:size])

    def test_malformed(self) -> None:
        info = struct.unpack_from("<IQQIQ", self.good, self.tensor)
        architecture = self.good.index(text(KEY))
        cases = {
            "magic": self.patched(0, "<4s", b"GGUX"),
            "version 0": self.patched(4, "<I", 0),
            "version 1": self.patched(4, "<I", 1),
            "future version": self.patched(4, "<I", 99),
            "other byte order": self.patched(4, ">I", 3),
            "tensor count": self.patched(8, "<q", -1),
            "key count": self.patched(16, "<q", -1),
            "length of a key": self.patched(HEADER, "<q", -1),
            "empty key": self.good[:architecture] + text(b"") + self.good[architecture + len(text(KEY)) :],
            "type of a value": self.patched(architecture + len(text(KEY)), "<I", 99),
            "same key twice": self.good[:16]
            + struct.pack("<Q", struct.unpack_from("<Q", self.good, 16)[0] + 1)
            + text(KEY)
            + struct.pack("<I", 8)
            + text(b"llama")
            + self.good[HEADER:],
            "length of a tensor's name": self.patched(self.tensor - len(text(TENSOR)), "<Q", 1 << 40),
            "dimension count": self.patched(self.tensor, "<I", 99),
            "negative dimension": self.patched(self.tensor + 4, "<q", -1),
            "no dimension": self.patched(self.tensor + 4, "<Q", 0),
            "other shape": self.patched(self.tensor + 4, "<Q", info[1] * 2),
            "too many elements": self.patched(self.tensor + 4, "<QQ", 1 << 40, 1 << 40),
            "type of a tensor": self.patched(self.kind, "<I", 9999),
            "misaligned offset": self.patched(self.kind + 4, "<Q", 17),
            "offset outside": self.patched(self.kind + 4, "<Q", 1 << 50),
            "same tensor twice": self.good.replace(text(b"output_norm.weight"), text(TENSOR), 1),
        }
        for name, data in cases.items():
            with self.subTest(name):
                self.assertNotEqual(data, self.good)
                self.assert_refused(data)

    def test_alignment(self) -> None:
        def with_alignment(value: bytes) -> bytes:
            count = struct.unpack_from("<Q", self.good, 16)[0] + 1
            key = text(b"general.alignment") + value
            return self.good[:16] + struct.pack("<Q", count) + key + self.good[HEADER:]

        for value in (struct.pack("<II", 4, 13), struct.pack("<II", 4, 0), struct.pack("<If", 6, 32)):
            with self.subTest(value):
                self.assert_refused(with_alignment(value), "alignment")


if __name__ == "__main__":
    main()
