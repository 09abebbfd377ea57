#!/usr/bin/env python3
# ===- corpus.py - many small inputs in one file ---------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""corpus.py pack FILE DIRECTORY...: writes the files of the directories into FILE, the shortest first; of each, a
little-endian u32 of its size and its bytes.
corpus.py unpack FILE DIRECTORY: the other way round; files are called after what is in them, as libFuzzer does."""

from __future__ import annotations

import hashlib
import struct
import sys
from pathlib import Path


def pack(file: Path, directories: list[Path]) -> None:
    inputs = {path.read_bytes() for directory in directories for path in directory.iterdir()}
    ordered = sorted(inputs, key=lambda data: (len(data), data))
    file.write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in ordered))


def unpack(file: Path, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    packed = file.read_bytes()
    at = 0
    while at < len(packed):
        (size,) = struct.unpack_from("<I", packed, at)
        data = packed[at + 4 : at + 4 + size]
        (directory / hashlib.sha1(data).hexdigest()).write_bytes(data)
        at += 4 + size


def main() -> None:
    match sys.argv[1:]:
        case ["pack", file, *directories] if directories:
            pack(Path(file), [Path(directory) for directory in directories])
        case ["unpack", file, directory]:
            unpack(Path(file), Path(directory))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
