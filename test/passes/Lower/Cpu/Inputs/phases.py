"""Lowers the phases of a test file, compiles them for this machine and calls them as the runtime does.

Part of frit, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

Everything here follows include/frit/Runtime/Abi.h and the documentation of the tile dialect, not the
lowering: expected values come from plain Python arithmetic on f64.
"""

from __future__ import annotations

import ctypes
import math
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

TARGETS = {
    "x86-64": ([], 16, 16, "portable.128", 4, ["-march=x86-64"]),
    "x86-64-v3": (["avx2", "fma", "f16c"], 32, 16, "vpmaddubsw.256", 8, ["-march=x86-64-v3"]),
    "avx512-vnni": (["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni"],
                    64, 32, "vpdpbusd.512", 16, ["-march=x86-64-v4", "-mavx512vnni"]),
    "avx512-vnni-256": (["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni"],
                        32, 32, "vpdpbusd.256", 8, ["-march=x86-64-v4", "-mavx512vnni"]),
}
TO_LLVM = ("frit-lower-tiles-to-cpu,canonicalize,cse,convert-scf-to-cf,convert-vector-to-llvm,convert-math-to-llvm,"
           "convert-arith-to-llvm,convert-index-to-llvm,convert-cf-to-llvm,convert-func-to-llvm,convert-ub-to-llvm,"
           "reconcile-unrealized-casts")
GUARD = 0xA5
GUARD_BYTES = 256


# ===- numbers ------------------------------------------------------------===

def f32(x: float) -> float:
    """The f32 nearest to x."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def f16(x: float) -> float:
    """The f16 nearest to x; infinity beyond the range."""
    try:
        return struct.unpack("<e", struct.pack("<e", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def bf16(x: float) -> float:
    """x cut to bf16."""
    bits = struct.unpack("<I", struct.pack("<f", x))[0] & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


class Random:
    """A linear congruential generator: the same values on every machine."""

    def __init__(self, seed: int):
        self.state = seed * 2654435761 + 1

    def below(self, n: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n

    def real(self) -> float:
        """A multiple of 1/256 in [-2, 2]."""
        return (self.below(1025) - 512) / 256

    def matrix(self, rows: int, columns: int) -> list[list[float]]:
        return [[self.real() for _ in range(columns)] for _ in range(rows)]


def check_close(name: str, got: list[list[float]], expected: list[list[float]], tolerance: float) -> None:
    """Compares element by element; exact where the tolerance is 0."""
    if len(got) != len(expected):
        sys.exit(f"{name}: expected {len(expected)} rows, but got {len(got)}")
    for r, (have, want) in enumerate(zip(got, expected)):
        if len(have) != len(want):
            sys.exit(f"{name}: expected {len(want)} columns in row {r}, but got {len(have)}")
        for c, (x, y) in enumerate(zip(have, want)):
            same = x == y or (math.isnan(x) and math.isnan(y))
            if not same and not abs(x - y) <= tolerance * max(1.0, abs(y)):
                sys.exit(f"{name}: expected {y} at [{r}, {c}], but got {x}")


# ===- weights ------------------------------------------------------------===

class Weights:
    """Rows of a weight: values, and bytes in order p16 as the tile dialect documents it."""

    def __init__(self, fmt: str, rows: int, columns: int, seed: int):
        rng = Random(seed)
        self.format, self.rows, self.columns = fmt, rows, columns
        if fmt in ("f32", "f16", "bf16"):
            cut = {"f32": f32, "f16": f16, "bf16": bf16}[fmt]
            self.values = [[cut(rng.real() * 1.01) for _ in range(columns)] for _ in range(rows)]
            return
        bits = 8 if fmt == "q8_0" else 4
        self.zero = {"q4_0": 8, "q4_1": 0, "q8_0": 128}[fmt]
        blocks = columns // 32
        # The ends of the range of codes, and scales down to subnormal ones.
        self.codes = [[[0, 2**bits - 1][rng.below(2)] if rng.below(4) == 0 else rng.below(2**bits)
                       for _ in range(columns)] for _ in range(rows)]
        self.scales = [[f16(rng.real() / 2**(18 if rng.below(8) == 0 else 3)) for _ in range(blocks)]
                       for _ in range(rows)]
        self.minima = [[f16(rng.real() / 4) if fmt == "q4_1" else 0.0 for _ in range(blocks)] for _ in range(rows)]
        self.values = [[self.scales[r][c // 32] * (self.codes[r][c] - self.zero) + self.minima[r][c // 32]
                        for c in range(columns)] for r in range(rows)]

    def pack(self) -> bytes:
        out = bytearray()
        for group in range(0, self.rows, 16):
            rows = range(group, group + 16)
            if self.format in ("f32", "f16", "bf16"):
                for c in range(self.columns):
                    for r in rows:
                        value = self.values[r][c]
                        out += {"f32": lambda v: struct.pack("<f", v), "f16": lambda v: struct.pack("<e", v),
                                "bf16": lambda v: struct.pack("<f", v)[2:]}[self.format](value)
                continue
            for block in range(0, self.columns, 64):
                halves = [block // 32, block // 32 + 1]
                columns = [range(32 * h, 32 * h + 32) for h in halves]
                there = [32 * h < self.columns for h in halves]
                for table in [self.scales] + ([self.minima] if self.format == "q4_1" else []):
                    for h, present in zip(halves, there):
                        for r in rows:
                            out += struct.pack("<e", table[r][h] if present else 0.0)
                for cs, present in zip(columns, there):
                    def code(r: int, c: int) -> int:
                        return self.codes[r][cs[c]] if present else 7
                    for j in range(8 if self.format == "q8_0" else 4):
                        for r in rows:
                            for i in range(4):
                                byte = code(r, 4 * j + i)
                                if self.format != "q8_0":
                                    byte |= code(r, 16 + 4 * j + i) << 4
                                out.append(byte)
        return bytes(out)


# ===- phases -------------------------------------------------------------===

class Context(ctypes.Structure):
    """frit_ctx."""

    _fields_ = [("size", ctypes.c_uint32), ("version", ctypes.c_uint32), ("tokens", ctypes.c_int64),
                ("ids", ctypes.c_void_p), ("positions", ctypes.c_void_p), ("slots", ctypes.c_void_p),
                ("wanted", ctypes.c_int64), ("wantedRows", ctypes.c_void_p), ("buffers", ctypes.c_void_p),
                ("scratch", ctypes.c_void_p), ("scratchStride", ctypes.c_int64), ("kvCapacity", ctypes.c_int64),
                ("ropeTables", ctypes.c_void_p)]


class Memory:
    """Bytes with guards around them, aligned to 64."""

    def __init__(self, content: bytes):
        self.size = len(content)
        self.storage = ctypes.create_string_buffer(self.size + 2 * GUARD_BYTES + 64)
        self.address = (ctypes.addressof(self.storage) + GUARD_BYTES + 63) // 64 * 64
        ctypes.memset(ctypes.addressof(self.storage), GUARD, len(self.storage))
        ctypes.memmove(self.address, content, self.size)

    def bytes(self) -> bytes:
        return ctypes.string_at(self.address, self.size)

    def floats(self) -> list[float]:
        return list(struct.unpack(f"<{self.size // 4}f", self.bytes()))

    def check(self, name: str) -> None:
        before = ctypes.string_at(self.address - GUARD_BYTES, GUARD_BYTES)
        after = ctypes.string_at(self.address + self.size, GUARD_BYTES)
        if set(before + after) != {GUARD}:
            sys.exit(f"{name}: written beyond its end")


def i32s(values: list[int]) -> Memory:
    return Memory(struct.pack(f"<{len(values)}i", *values))


def f32s(values: list[float]) -> Memory:
    return Memory(struct.pack(f"<{len(values)}f", *values))


class Phases:
    """The compiled phases of one test file for one target."""

    def __init__(self, path: str, target: str, driver: str):
        features, vector_bytes, registers, instruction, self.lanes, flags = TARGETS[target]
        self.target = target
        text = open(path).read().replace("@INSTRUCTION@", instruction)
        quoted = ", ".join(f'"{feature}"' for feature in features)
        module = (f'module attributes {{machine.target = #machine.target<"t", triple = "t", cpu = "c", '
                  f"features = [{quoted}], vector_bytes = {vector_bytes}, vector_registers = {registers}, "
                  f"instructions = [], memories = []>}} {{\n{text}\n}}\n")
        lowered = subprocess.run([*shlex.split(driver), f"--pass-pipeline=builtin.module({TO_LLVM})"],
                                 input=module, capture_output=True, text=True)
        if lowered.returncode:
            sys.exit(lowered.stderr)
        self.scratch_bytes = int(re.search(r"frit.scratch_bytes = (\d+)", lowered.stdout)[1])
        self.rope_tables = [(int(dim), float(theta), float(scale)) for dim, scale, theta in re.findall(
            r"\{dim = (\d+) : i64, position_scale = (\S+) : f64, theta = (\S+) : f64\}", lowered.stdout)]
        self.buffers = [(name, int(columns)) for name, columns in
                        re.findall(r"tile\.buffer @(\w+)\[\w+, (\d+)\]", text)]
        self.packs = {phase: re.findall(r"@([\w.]+)", packs) for packs, phase in re.findall(
            r'frit\.packs = \[([^]]*)\], frit\.phase = "(\w+)"', lowered.stdout)}
        # Only the functions: the rest needs dialects that LLVM's tools do not have.
        functions = re.findall(r"^  llvm\.func .*?^  \}$", lowered.stdout, re.M | re.S)
        with tempfile.TemporaryDirectory() as directory:
            library = os.path.join(directory, "phases.so")
            llvm = subprocess.run(["mlir-translate", "--mlir-to-llvmir"], input="\n".join(functions),
                                  capture_output=True, text=True)
            if llvm.returncode:
                sys.exit(llvm.stderr)
            subprocess.run(["clang", "-x", "ir", "-", "-O0", *flags, "-shared", "-fPIC", "-fuse-ld=lld", "-nostdlib",
                            "-Wno-override-module", "-o", library], input=llvm.stdout, text=True, check=True)
            self.library = ctypes.CDLL(library)

    def run(self, phase: str, *, tokens: int = 0, ids=(), positions=(), slots=None, wanted=(), buffers=None,
            packs=None, keys: Memory | None = None, values: Memory | None = None, capacity: int = 0,
            workers: int = 1, order=None) -> dict[str, list[list[float]]]:
        """Runs all workers one after another (in `order`) and gives the rows of the buffers."""
        positions = list(positions) or list(range(tokens))
        padded = len(positions)
        rows = max(1, padded, len(wanted))
        contents = {}
        for name, columns in self.buffers:
            matrix = (buffers or {}).get(name, [])
            flat = [x for row in matrix for x in row]
            contents[name] = f32s(flat + [math.nan] * (rows * columns - len(flat)))
        rope = []
        for dim, theta, scale in self.rope_tables:
            table = []
            for position in positions:
                angles = [position * scale * theta ** (-2 * j / dim) for j in range(dim // 2)]
                table += [math.cos(a) for a in angles] + [math.sin(a) for a in angles]
            rope.append(f32s(table))
        scratch = Memory(bytes([0x7F]) * (self.scratch_bytes * workers))
        arrays = [i32s(list(ids) or [0] * padded), i32s(positions), i32s(slots or [0] * padded),
                  i32s(list(wanted) or [0])]
        pointers = (ctypes.c_void_p * len(contents))(*[m.address for m in contents.values()])
        rope_pointers = (ctypes.c_void_p * max(1, len(rope)))(*[m.address for m in rope])
        context = Context(ctypes.sizeof(Context), 1, tokens, arrays[0].address, arrays[1].address, arrays[2].address,
                          len(wanted), arrays[3].address, ctypes.addressof(pointers), scratch.address,
                          self.scratch_bytes, capacity, ctypes.addressof(rope_pointers))
        packed = [Memory(packs[name]) for name in self.packs[phase]]
        table = (ctypes.c_void_p * (2 + len(packed)))(keys.address if keys else None,
                                                      values.address if values else None,
                                                      *[m.address for m in packed])
        function = getattr(self.library, "frit_phase_" + phase)
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32]
        for worker in order or range(workers):
            function(ctypes.addressof(context), ctypes.addressof(table), worker, workers)
        for name, memory in [*contents.items(), ("scratch", scratch), *((n, m) for n, m in zip("kv", (keys, values)) if m)]:
            memory.check(f"{phase}: {name}")
        result = {}
        for name, columns in self.buffers:
            flat = contents[name].floats()
            result[name] = [flat[r * columns:(r + 1) * columns] for r in range(rows)]
        return result
