# RUN: %python %s
# ===- machines.py - descriptions of machines that frit has never seen ---------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main


def figure(value):
    return {"value": value, "provenance": "assumed", "source": "a test of frit"}


class MachineTest(DriverTest):
    def describe(self, arch="x86_64", cpu="x86-64", features=(), vector_bytes=32):
        text = json.dumps(
            {
                "name": "mine", "summary": "a test", "kind": "cpu", "back_end": "cpu",
                "triple": f"{arch}-unknown-linux-gnu", "cpu": cpu, "features": list(features),
                "vector_bytes": figure(vector_bytes), "vector_registers": figure(16),
            }
        )  # fmt: skip
        (self.directory / "mine.json").write_text(text)
        return "--target=mine.json"

    def test_levels_without_byte_shuffles(self):
        model = self.make_model("levels.gguf", "--format", "iq4_nl")
        for options in (
            {}, {"vector_bytes": 64}, {"arch": "riscv64", "cpu": "generic-rv64"},
            {"cpu": "x86-64-v3", "features": ["avx2"]},
        ):  # fmt: skip
            with self.subTest(options):
                out, err = self.frit(
                    "compile", model, self.describe(**options), "--fusion=all", "--emit", "obj", "-o", "out.o"
                )
                self.assertEqual((out, err), ("", ""))

    def test_names_that_llvm_does_not_know(self):
        model = self.make_model()
        for options, part in (
            ({"cpu": "nonsense"}, "expected a CPU that LLVM knows for x86_64-unknown-linux-gnu, but got nonsense"),
            ({"cpu": "i686"}, "but got i686"),
            ({"features": ["avx2", "bogus"]}, "expected features that LLVM knows for x86_64-unknown-linux-gnu, but got bogus"),
            ({"arch": "riscv64", "cpu": "x86-64"}, "but got x86-64"),
        ):  # fmt: skip
            with self.subTest(part):
                self.assert_error(
                    ["compile", model, self.describe(**options), "--fusion=all", "-o", "out.frit"],
                    "target mine: ", part,
                )
        self.assertFalse((self.directory / "out.frit").exists())


if __name__ == "__main__":
    main()
