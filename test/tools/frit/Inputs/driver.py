# ===- driver.py - what the tests of the driver share --------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""A test case with a directory, a cache and small models of its own. The program is named by the
environment variable FRIT."""

from __future__ import annotations

import functools
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

FRIT = os.environ.get("FRIT", "frit")
ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "test" / "import"))

import make_tiny_gguf  # noqa: E402

# Time for one run: generous, as machines that run tests are busy.
TIMEOUT = 300


@functools.cache
def model_bytes(arguments: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model.gguf"
        make_tiny_gguf.main([str(path), *arguments])
        return path.read_bytes()


class DriverTest(unittest.TestCase):
    directory: Path
    cache: Path

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="frit-test-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.cache = self.directory / "cache"

    def make_model(self, name: str = "tiny.gguf", *arguments: str) -> str:
        path = self.directory / name
        path.write_bytes(model_bytes(arguments))
        return str(path)

    def environment(self, **variables: str) -> dict[str, str]:
        return os.environ | {"XDG_CACHE_HOME": str(self.cache), "XDG_CONFIG_HOME": str(self.directory / "config")} | variables

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen:
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", self.environment())
        options.setdefault("cwd", self.directory)
        return subprocess.Popen([FRIT, *arguments], **options)

    def frit(self, *arguments: str, code: int = 0, input: str | None = None, **options: Any):
        """Runs frit and checks its status; returns (stdout, stderr)."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*arguments, **options)
        try:
            out, err = process.communicate(None if input is None else input.encode(), TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        out = out.decode() if out is not None else ""
        err = err.decode() if err is not None else ""
        self.assertEqual(process.returncode, code, f"{arguments}: {err}")
        return out, err

    def tokens(self, *arguments: str) -> list[int]:
        """The ids that `frit run --print-tokens` prints as the only line."""
        out, _ = self.frit("run", *arguments, "--print-tokens")
        self.assertRegex(out, r"\A(\d+(,\d+)*)?\n\Z")
        return [int(part) for part in out.strip().split(",") if part]

    def assert_error(self, arguments: list[str], *parts: str, code: int = 1, **options: Any) -> str:
        """One error, without output, that holds the parts."""
        out, err = self.frit(*arguments, code=code, **options)
        self.assertEqual(out, "")
        lines = err.splitlines()
        self.assertTrue(lines and lines[0].startswith("error: "), err)
        self.assertEqual(sum(line.startswith("error: ") for line in lines), 1, err)
        # Usage errors point to the help; others may have notes.
        for line in lines[1:]:
            self.assertRegex(line, r"^(see 'frit .*--help'|note: .*)$")
        for part in parts:
            self.assertIn(part, err)
        return err

    def assert_usage_error(self, arguments: list[str], *parts: str) -> None:
        err = self.assert_error(arguments, *parts, code=2)
        self.assertIn("--help'", err)


def read_npy(path: Path) -> tuple[tuple[int, ...], list[float]]:
    """Shape and values of a float32 file of format 1.0."""
    data = path.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    (length,) = struct.unpack("<H", data[8:10])
    header = eval(data[10 : 10 + length].decode(), {"__builtins__": {}})  # a literal of a dict
    assert (10 + length) % 64 == 0 and data[9 + length] == ord("\n")
    assert header["descr"] == "<f4" and header["fortran_order"] is False, header
    count = 1
    for dim in header["shape"]:
        count *= dim
    assert len(data) == 10 + length + 4 * count, (len(data), header)
    return header["shape"], list(struct.unpack(f"<{count}f", data[10 + length :]))


def parse_json(text: str) -> Any:
    return json.loads(text)


def main() -> None:
    unittest.main()
