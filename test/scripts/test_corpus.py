#!/usr/bin/env python3
"""test/fuzz/corpus.py packs inputs into one file and unpacks them; the corpora in the tree are small."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

FUZZ = pathlib.Path(__file__).resolve().parents[1] / "fuzz"


class Corpus(unittest.TestCase):
    def run_script(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(FUZZ / "corpus.py"), *arguments], capture_output=True, text=True)

    def test_round_trip(self):
        inputs = {b"", b"a", b"\0" * 300, b"{}\n"}
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            (directory / "in").mkdir()
            for number, data in enumerate(sorted(inputs)):
                (directory / "in" / str(number)).write_bytes(data)
            packed = directory / "packed"
            self.assertEqual(self.run_script("pack", str(packed), str(directory / "in")).returncode, 0)
            self.assertEqual(packed.read_bytes()[:9], b"\0\0\0\0\1\0\0\0a")
            self.assertEqual(self.run_script("unpack", str(packed), str(directory / "new" / "out")).returncode, 0)
            found = {path.read_bytes() for path in (directory / "new" / "out").iterdir()}
        self.assertEqual(found, inputs)

    def test_usage(self):
        for arguments in ((), ("pack", "x"), ("unpack", "x"), ("list", "x", "y")):
            self.assertEqual(self.run_script(*arguments).returncode, 1)

    def test_size(self):
        self.assertLess(sum(path.stat().st_size for path in (FUZZ / "corpus").iterdir()), 250_000)


if __name__ == "__main__":
    unittest.main()
