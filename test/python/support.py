# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of the Python package share: the package in the source tree beside the driver's tests.

FRIT names the program (default: the one of build/release), FRIT_TEST_SMOLLM2 the real model.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("FRIT", str(ROOT / "build/release/bin/frit"))
sys.path[:0] = [str(ROOT / folder) for folder in ("python", "test/tools/frit/Inputs", "test/tools/frit")]

from driver import DriverTest, model_bytes, read_npy  # noqa: E402, F401

import frit  # noqa: E402

SMOLLM2 = os.environ.get("FRIT_TEST_SMOLLM2", "")
needs_smollm2 = unittest.skipUnless(SMOLLM2, "FRIT_TEST_SMOLLM2 is not set")
F32 = {"activations": "f32", "kv_cache_type": "f32"}


@functools.cache
def bundle_bytes(arguments: tuple[str, ...], options: tuple[tuple[str, str], ...]) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        model = Path(directory, "tiny.gguf")
        model.write_bytes(model_bytes(arguments))
        return frit.compile(model, **dict(options)).read_bytes()


class PythonTest(DriverTest):
    """DriverTest whose cache is this process's, too."""

    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.cache)})
        patch.start()
        self.addCleanup(patch.stop)

    def make_bundle(self, *arguments: str, **options: str) -> str:
        """A small model that make_tiny_gguf.py makes, compiled."""
        path = self.directory / "model.frit"
        path.write_bytes(bundle_bytes(arguments, tuple(options.items())))
        return str(path)

    def assert_refused(self, message: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        with self.assertRaises(frit.Error) as caught:
            function(*arguments, **options)
        self.assertEqual(str(caught.exception), message)
