# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From checkpoints to bundles, with the program frit."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Union

from ._runtime import Error

PathLike = Union[str, "os.PathLike[str]"]


def find_program() -> str:
    """The program frit: FRIT, beside the package or Python, on PATH, or in a build folder."""
    if named := os.environ.get("FRIT"):
        if found := shutil.which(named):
            return found
        raise Error(f"FRIT: expected the program frit, found '{named}', which cannot be run")
    package = Path(__file__).resolve().parent
    builds = [os.environ.get("FRIT_BUILD"), package.parent.parent / "build/release", "build/release"]
    places = [package, Path(sys.executable).parent]
    places += [Path(place, "bin").absolute() for place in builds if place]
    path = os.pathsep.join([*map(str, places[:2]), os.environ.get("PATH", ""), *map(str, places[2:])])
    if found := shutil.which("frit", path=path):
        return found
    raise Error(
        "expected the program frit, which compiles models, found none: build it (scripts/quickstart.sh in "
        "frit's sources) and put build/release/bin on PATH, or set FRIT to its path"
    )


def compile(
    path: PathLike,
    output: PathLike | None = None,
    *,
    target: str = "native",
    activations: str = "int8",
    kv_cache_type: str = "f16",
    **options: str | int,
) -> Path:
    """Compiles a GGUF file, a Hugging Face directory or an .mlir file; returns the bundle's path.

    output: where to write; by default the model's path with the ending .frit.
    target: "native", a name from `frit targets`, or a description (.json).
    activations: "int8" multiplies integers, "f32" keeps activations as they are.
    kv_cache_type: "f16" or "f32".
    options: further ones of `frit compile`: max_tokens=128 is --max-tokens=128.

    On a terminal frit shows its progress. Raises Error if frit is missing or refuses, TypeError for
    an option that frit does not have.
    """
    model = os.fspath(path)
    bundle = Path(output) if output is not None else Path(model).with_suffix(".frit")
    return _compile(
        model, bundle, options | {"target": target, "activations": activations, "kv_cache_type": kv_cache_type}
    )


def _compile(model: str, bundle: Path, options: Mapping[str, str | int]) -> Path:
    command = [find_program(), "compile", model, "-o", str(bundle)]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    terminal = os.isatty(2)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None if terminal else subprocess.PIPE
    )
    if done.returncode != 0:
        said = (done.stderr or b"").decode(errors="replace")
        for name in options:
            if f"unknown command line argument '--{name.replace('_', '-')}=" in said:
                raise TypeError(f"unexpected keyword argument '{name}': no option of frit compile has this name")
        # Of several reasons each is a note of its own: one line all the same.
        lines = re.sub(r"^error: |\nsee 'frit .*", "", said).strip().splitlines()
        message = "; ".join(line.removeprefix("note: ") for line in lines)
        raise Error(message or f"cannot compile '{model}': frit ended with status {done.returncode}")
    return bundle


def compile_cached(path: PathLike, **options: str | int) -> Path:
    """As compile(), but into frit's cache, and only if it was not done before.

    `frit cache` lists and clears it. What decides is whether a file of the model, an option, the
    program or, for the target native, the CPU is another one.
    """
    model = Path(path).absolute()
    folder = model if model.is_dir() else model.parent
    several = model.is_dir() or model.suffix == ".safetensors" or "-of-" in model.name
    files = sorted(folder.iterdir()) if several else [model]
    parts = [f"{name}={value}" for name, value in sorted(options.items())]
    files += [Path(find_program()), *(Path(str(value)) for value in options.values())]
    for file in filter(Path.is_file, files):
        stamp = file.stat()
        parts += [str(file), f"{stamp.st_size} {stamp.st_mtime_ns} {stamp.st_ino}"]
    if options.get("target", "native") == "native":
        base = os.environ.get("XDG_CONFIG_HOME", "")
        config = Path(base if os.path.isabs(base) else Path.home() / ".config", "frit", "machine.json")
        parts.append(_read(str(config)))
        parts += re.findall(r"^(?:flags|Features)\s*:.*", _read("/proc/cpuinfo"), re.M)[:1]
    key = hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base if os.path.isabs(base) else Path.home() / ".cache", "frit")
    name = re.sub(r"[^\w.-]", "_", model.stem, flags=re.ASCII)[:64]
    bundle = root / "bundles" / f"{name}-{key}.frit"
    if not bundle.is_file():
        try:
            for directory in (root, bundle.parent):  # a bundle is code: for this user only
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Error(f"cannot create the cache directory: {error}") from None
        _compile(os.fspath(path), bundle, options)
    else:
        os.utime(bundle)  # the most recently used are kept
    return bundle


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
