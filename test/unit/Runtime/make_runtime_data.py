#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the expected values of the runtime's tests with independent implementations.

Needs the PyPI packages numpy and xxhash. Everything is seeded: running it again writes the same
files.

  data/tiny.frit     a bundle of three small sections, put together with struct and xxhash
  data/sampler.txt   cases of the sampler (see write_sampler), computed with numpy in f64
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path

import numpy as np
import xxhash

DATA = Path(__file__).resolve().parent / "data"


# ---------------------------------------------------------------------------------------------
# The bundle
# ---------------------------------------------------------------------------------------------

MANIFEST, CODE, PACKS = 1, 2, 4


def make_bundle(sections: list[tuple[int, bytes]]) -> bytes:
    body = bytearray(64)
    entries = b""
    for kind, content in sections:
        body += bytes(-len(body) % 4096)
        entries += struct.pack(
            "<IIQQQ", kind, 0, len(body), len(content), xxhash.xxh3_64_intdigest(content)
        )
        body += content
    body += bytes(-len(body) % 64)
    header = struct.pack(
        "<8sIIQQQ24x",
        b"FRITBNDL",
        1,
        len(sections),
        len(body),
        len(body) + len(entries),
        xxhash.xxh3_64_intdigest(entries),
    )
    body[:64] = header
    return bytes(body) + entries


def write_bundle() -> None:
    packs = bytes(i * i % 251 for i in range(5000))
    sections = [(MANIFEST, b'{"abi": 1}\n'), (CODE, b"no code"), (PACKS, packs)]
    (DATA / "tiny.frit").write_bytes(make_bundle(sections))


# ---------------------------------------------------------------------------------------------
# The sampler
# ---------------------------------------------------------------------------------------------


def kept_ids(logits: np.ndarray, history: list[int], case: dict) -> tuple[np.ndarray, np.ndarray]:
    """Ids that survive llama.cpp's filters, ascending, and the logits after the penalty."""
    logits = logits.copy()
    window = history[-case["window"] :] if case["window"] else []
    if case["penalty"] != 1:
        penalty = np.float32(case["penalty"])
        for i in sorted(set(window)):
            logits[i] = logits[i] / penalty if logits[i] > 0 else logits[i] * penalty
    # Descending, equal ones by ascending id.
    ids = np.lexsort((np.arange(len(logits)), -logits.astype(np.float64)))
    if 0 < case["top_k"] < len(ids):
        ids = ids[: case["top_k"]]
    wide = logits.astype(np.float64)
    if case["top_p"] < 1:
        weights = np.exp(wide[ids] - wide[ids].max())
        reached = np.cumsum(weights / weights.sum()) >= np.float64(np.float32(case["top_p"]))
        if reached.any():
            ids = ids[: int(np.argmax(reached)) + 1]
    if case["min_p"] > 0:
        ids = ids[wide[ids] >= wide[ids].max() + np.log(np.float64(np.float32(case["min_p"])))]
    return np.sort(ids), logits


def sample_all(logits: np.ndarray, case: dict) -> list[int]:
    """Draws `draws` ids one after the other, each accepted before the next."""
    random = np.random.RandomState(case["seed"])
    history = list(case["history"])
    drawn = []
    for _ in range(case["draws"]):
        ids, penalized = kept_ids(logits, history, case)
        values = penalized[ids].astype(np.float64)
        if case["temperature"] == 0:
            choice = int(ids[np.argmax(values)])
        else:
            weights = np.exp((values - values.max()) / np.float64(np.float32(case["temperature"])))
            bound = random.random_sample() * weights.sum()
            choice = int(ids[np.searchsorted(np.cumsum(weights), bound, side="right")])
        drawn.append(choice)
        history.append(choice)
    return drawn


def write_sampler() -> None:
    """One case a line, fields separated by tabs: temperature top_k top_p min_p penalty window seed,
    history (ids), logits (f32 as hexadecimal bits), drawn ids."""
    rng = np.random.default_rng(20240607)
    lines = []

    def add(logits: np.ndarray, draws: int = 12, history: list[int] | None = None, **options) -> None:
        case = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "penalty": 1.0}
        case |= {"window": 64, "seed": len(lines), "draws": draws, "history": history or []}
        case |= options
        logits = logits.astype(np.float32)
        drawn = sample_all(logits, case)
        numbers = ("temperature", "top_k", "top_p", "min_p", "penalty", "window", "seed")
        lines.append(
            "\t".join(
                [str(case[name]) for name in numbers]
                + [" ".join(map(str, case["history"]))]
                + [" ".join(f"{bits:08x}" for bits in logits.view(np.uint32))]
                + [" ".join(map(str, drawn))]
            )
        )

    def logits_of(size: int, spread: float = 3.0) -> np.ndarray:
        return rng.normal(0, spread, size)

    add(np.array([1.0, 3.0, 3.0, 2.0]))
    add(np.array([-5.0]))
    add(np.zeros(40))
    for size in (31, 32, 33, 100):
        add(logits_of(size))
        add(logits_of(size), temperature=1.0)
    for temperature in (0.1, 0.7, 1.5, 10.0):
        add(logits_of(60), temperature=temperature)
    for top_k in (1, 2, 5, 59, 60, 61):
        add(logits_of(60), temperature=2.0, top_k=top_k)
    # Equal logits at the edge of what is kept.
    add(np.repeat([2.0, 1.0, 0.0], 20), temperature=1.0, top_k=30)
    add(np.repeat([2.0, 1.0, 0.0], 20), temperature=1.0, top_p=0.8)
    add(np.zeros(4), temperature=1.0, top_p=0.5)  # exactly reached by two
    for top_p in (0.0, 0.05, 0.5, 0.9, 0.999):
        add(logits_of(60), temperature=1.2, top_p=top_p)
        add(logits_of(400, 1.0), temperature=1.2, top_p=top_p)
    for min_p in (0.01, 0.1, 0.5, 1.0):
        add(logits_of(60), temperature=3.0, min_p=min_p)
    for penalty in (1.1, 1.5, 0.5, 100.0):
        add(logits_of(20), history=[3, 3, 7, 19], penalty=penalty)
        add(logits_of(20), history=[3, 3, 7, 19], penalty=penalty, temperature=1.0)
    # The window: the first ids of a long history are forgotten.
    long_history = [int(i) for i in rng.integers(0, 150, 100)]
    add(logits_of(150), draws=80, history=long_history, penalty=3.0)
    add(logits_of(150), draws=80, history=long_history, penalty=3.0, window=5)
    add(logits_of(30), draws=40, history=[1, 2, 3], penalty=3.0, window=1)
    add(logits_of(30), draws=10, history=[1, 2, 3], penalty=3.0, window=0)
    for _ in range(40):
        add(
            logits_of(int(rng.integers(2, 120)), float(rng.uniform(0.2, 6))),
            draws=10,
            history=[int(i) for i in rng.integers(0, 2, 5)],
            temperature=float(np.round(rng.uniform(0.05, 2), 2)),
            top_k=int(rng.integers(0, 50)),
            top_p=float(np.round(rng.uniform(0.3, 1), 3)),
            min_p=float(np.round(rng.uniform(0, 0.2), 3)),
            penalty=float(np.round(rng.uniform(0.8, 1.6), 2)),
            window=int(rng.integers(0, 8)),
            seed=int(rng.integers(0, 2**32)),
        )
    (DATA / "sampler.txt").write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    DATA.mkdir(exist_ok=True)
    write_bundle()
    write_sampler()


if __name__ == "__main__":
    main()
