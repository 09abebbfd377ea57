#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the expected values of DequantizeTest and HalfTest.

The blocks are random bits with chosen scales; what they stand for is computed by the numpy
dequantizer of the PyPI package `gguf`, an implementation independent of ours.

  dequantize-<format>.bin   u64 elements, u64 block bytes, the blocks, then elements x f32
  quantize-<format>.bin     u64 elements, elements x f32, the bytes that gguf makes of them
  half-round.bin            u64 cases, cases x u32 (bits of an f32), cases x u16 (numpy's float16)
  half-widen.bin            65536 x u32: bits of the f32 numpy gives each float16

All little-endian. Versions used: gguf 0.19.0, numpy 2.4.6.
"""

import argparse
import pathlib
import struct

import numpy as np
from gguf import GGML_QUANT_SIZES
from gguf import GGMLQuantizationType as Type
from gguf import quants

BLOCKS = 192


def extreme_scales(rng: np.random.Generator, count: int) -> np.ndarray:
    """Float16 bits: the corners of the format first, random finite values after them."""
    corners = [
        0x0000, 0x8000,  # zeros
        0x0001, 0x8001,  # smallest subnormals
        0x03FF, 0x83FF,  # largest subnormals
        0x0400, 0x8400,  # smallest normals
        0x3C00, 0xBC00,  # one
        0x7BFF, 0xFBFF,  # largest finite
        0x7C00, 0xFC00,  # infinities: 0 * inf is a NaN in both implementations
    ]
    bits = rng.integers(0, 0x10000, size=count, dtype=np.uint16)
    bits = np.where((bits & 0x7C00) == 0x7C00, bits & 0xBFFF, bits).astype(np.uint16)
    bits[: len(corners)] = corners
    return bits


def quantized_blocks(rng: np.random.Generator, kind: Type, halves: int, code_bytes: int) -> np.ndarray:
    codes = rng.integers(0, 256, size=(BLOCKS, code_bytes), dtype=np.uint8)
    heads = [extreme_scales(rng, BLOCKS)]
    if halves == 2:
        # The second half (the minimum) goes through its corners at other blocks than the first.
        heads.append(np.roll(extreme_scales(rng, BLOCKS), 7))
    head = np.stack(heads, axis=1).view(np.uint8)
    return np.concatenate([head, codes], axis=1)


# Where the float16 scales (and minima) are in a block, by type.
SCALES_AT = {
    Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0], Type.MXFP4: [],
}  # fmt: skip


def random_blocks(rng: np.random.Generator, kind: Type) -> np.ndarray:
    """Random bits everywhere, but in the scales, which are chosen as above."""
    elements, size = GGML_QUANT_SIZES[kind]
    count = BLOCKS if elements == 32 else 20
    blocks = rng.integers(0, 256, size=(count, size), dtype=np.uint8)
    for index, at in enumerate(SCALES_AT[kind]):
        scales = np.roll(extreme_scales(rng, count), 7 * index)
        blocks[:, at : at + 2] = scales.reshape(-1, 1).view(np.uint8)
    return blocks


def write_case(directory: pathlib.Path, kind: Type, data: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        expected = quants.dequantize(data, kind).astype("<f4").reshape(-1)
    path = directory / f"dequantize-{kind.name.lower()}.bin"
    with open(path, "wb") as out:
        out.write(struct.pack("<QQ", expected.size, data.nbytes))
        out.write(data.tobytes())
        out.write(expected.tobytes())
    print(f"{path.name}: {expected.size} values, {path.stat().st_size} bytes")


def write_half(directory: pathlib.Path, rng: np.random.Generator) -> None:
    halves = np.arange(0x10000, dtype=np.uint16).view(np.float16)
    (directory / "half-widen.bin").write_bytes(halves.astype("<f4").tobytes())

    # Around every kind of rounding boundary: every 13th finite half, the midpoint to its successor, and
    # the float just below and above that midpoint.
    finite = np.concatenate([np.arange(0, 0x7C00, 13), np.arange(0x3F8, 0x408), np.arange(0x7BF0, 0x7C00)])
    finite = finite.astype(np.uint16)
    low = finite.view(np.float16).astype(np.float64)
    high = (finite + 1).astype(np.uint16).view(np.float16).astype(np.float64)
    high = np.where(np.isinf(high), 65536.0, high)
    middle = ((low + high) / 2).astype(np.float32)
    bits = [
        low.astype(np.float32).view(np.uint32),
        middle.view(np.uint32),
        np.nextafter(middle, np.float32(0)).view(np.uint32),
        np.nextafter(middle, np.float32(np.inf)).view(np.uint32),
        rng.integers(0, 1 << 32, size=4000, dtype=np.uint64).astype(np.uint32),
        np.array(
            [0x7F800000, 0x477FEFFF, 0x477FF000, 0x477FFFFF, 0x47800000, 0x7F7FFFFF, 0x00000001,
             0x007FFFFF, 0x00800000, 0x33000000, 0x33000001, 0x32FFFFFF, 0x38800000, 0x387FFFFF,
             0x387FE000, 0x387FF000, 0x7FC00000, 0x7F800001], dtype=np.uint32),
    ]
    cases = np.concatenate(bits)
    cases = np.concatenate([cases, cases ^ np.uint32(0x80000000)])
    with np.errstate(all="ignore"):
        expected = cases.view(np.float32).astype(np.float16).view(np.uint16)
    with open(directory / "half-round.bin", "wb") as out:
        out.write(struct.pack("<Q", cases.size))
        out.write(cases.astype("<u4").tobytes() + expected.astype("<u2").tobytes())
    print(f"half-round.bin: {cases.size} cases")


def write_quantized(directory: pathlib.Path, rng: np.random.Generator, kind: Type) -> None:
    """Blocks of many sizes, one of zeros, one whose largest value comes twice with both signs."""
    values = rng.standard_normal((64, 32)) * np.exp(rng.uniform(-12, 8, (64, 1)))
    values[3] = 0
    values[5, 7], values[5, 20] = 100, -100
    values = values.astype(np.float32)
    with open(directory / f"quantize-{kind.name.lower()}.bin", "wb") as out:
        out.write(struct.pack("<Q", values.size))
        out.write(values.tobytes())
        out.write(quants.quantize(values, kind).tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path(__file__).parent,
                        help="directory to write to (default: beside this script)")
    directory = parser.parse_args().output
    rng = np.random.default_rng(20240601)

    halves = np.concatenate([extreme_scales(rng, 512), rng.integers(0, 0x10000, 512, dtype=np.uint16)])
    write_case(directory, Type.F16, halves.astype("<u2").view(np.uint8))
    write_case(directory, Type.BF16, rng.integers(0, 0x10000, 1024, dtype=np.uint16).view(np.uint8))
    write_case(directory, Type.F32, rng.integers(0, 256, 4096, dtype=np.uint8))
    write_case(directory, Type.Q8_0, quantized_blocks(rng, Type.Q8_0, 1, 32))
    write_case(directory, Type.Q4_0, quantized_blocks(rng, Type.Q4_0, 1, 16))
    write_case(directory, Type.Q4_1, quantized_blocks(rng, Type.Q4_1, 2, 16))
    write_half(directory, rng)
    for kind in SCALES_AT:
        write_case(directory, kind, random_blocks(rng, kind))
    for kind in (Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0):
        write_quantized(directory, rng, kind)


if __name__ == "__main__":
    main()
