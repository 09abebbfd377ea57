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

class Quantized:
    """A quantized format: value = scale * sub * (level - zero) + min * submin; in `sub` columns all are equal."""

    def __init__(self, bits: int, zero: int, block: int = 32, sub: int = 32, has_min: bool = False,
                 levels: list[int] | None = None, scale: str = "<e", subs: tuple[int, int] = (1, 1)):
        self.bits, self.zero, self.block, self.sub, self.has_min = bits, zero, block, sub, has_min
        self.levels, self.scale, self.subs = levels or list(range(2**bits)), scale, subs

    def planes(self) -> list[int]:
        return {2: [2], 3: [2, 1], 4: [4], 5: [4, 1], 6: [4, 2], 8: [8]}[self.bits]


NONLINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
E2M1 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]
QUANTIZED = {
    "q4_0": Quantized(4, 8),
    "q4_1": Quantized(4, 0, has_min=True),
    "q5_0": Quantized(5, 16),
    "q5_1": Quantized(5, 0, has_min=True),
    "q8_0": Quantized(8, 128),
    "q2_k": Quantized(2, 0, 256, 16, has_min=True, subs=(0, 15)),
    "q3_k": Quantized(3, 4, 256, 16, subs=(-32, 31)),
    "q4_k": Quantized(4, 0, 256, 32, has_min=True, subs=(0, 63)),
    "q5_k": Quantized(5, 0, 256, 32, has_min=True, subs=(0, 63)),
    "q6_k": Quantized(6, 32, 256, 16, subs=(-128, 127)),
    "iq4_nl": Quantized(4, 0, levels=NONLINEAR),
    "iq4_xs": Quantized(4, 0, 256, 32, levels=NONLINEAR, subs=(-32, 31)),
    "mxfp4": Quantized(4, 0, levels=E2M1, scale="bf16"),
}


class Weights:
    """Rows of a weight: values, and bytes in order p16 as the tile dialect documents it."""

    def __init__(self, fmt: str, rows: int, columns: int, seed: int):
        rng = Random(seed)
        self.format, self.rows, self.columns = fmt, rows, columns
        if fmt in ("f32", "f16", "bf16"):
            cut = {"f32": f32, "f16": f16, "bf16": bf16}[fmt]
            self.values = [[cut(rng.real() * 1.01) for _ in range(columns)] for _ in range(rows)]
            return
        self.info = info = QUANTIZED[fmt]
        blocks, subs = columns // info.block, columns // info.sub
        largest = max(map(abs, info.subs))
        top = 2**info.bits - 1

        def table(count: int, make) -> list[list]:
            return [[make() for _ in range(count)] for _ in range(rows)]

        # The ends of the range of codes, and scales down to subnormal ones.
        self.codes = table(columns, lambda: [0, top][rng.below(2)] if rng.below(4) == 0 else rng.below(top + 1))
        cut = bf16 if info.scale == "bf16" else f16
        # So that sums of long rows are about as large as those of short ones.
        small = 2**max(0, info.bits - 4) * (12 if info.levels is NONLINEAR else 1) * (8 if info.block > 32 else 1)
        self.scales = table(blocks, lambda: cut(rng.real() / 2**(18 if rng.below(8) == 0 else 3) / largest / small))
        self.minima = table(blocks, lambda: f16(rng.real() / 4 / largest / (8 if info.block > 32 else 1)) if info.has_min else 0.0)
        low, high = info.subs
        factor = lambda: [low, high][rng.below(2)] if rng.below(4) == 0 else low + rng.below(high - low + 1)
        self.sub_scales, self.sub_minima = table(subs, factor), table(subs, factor)
        self.compute()

    def compute(self) -> None:
        info = self.info
        self.values = [[self.scales[r][c // info.block] * self.sub_scales[r][c // info.sub]
                        * (info.levels[self.codes[r][c]] - info.zero)
                        + self.minima[r][c // info.block] * self.sub_minima[r][c // info.sub]
                        for c in range(self.columns)] for r in range(self.rows)]

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
            step = max(64, self.info.block)
            for begin in range(0, self.columns, step):
                out += self.pack_block(rows, range(begin, begin + step))
        return bytes(out)

    def pack_block(self, rows: range, columns: range) -> bytes:
        info, out = self.info, bytearray()

        def column_table(table: list[list], step: int, write) -> None:
            for c in columns[::step]:
                for r in rows:
                    out.extend(write(table[r][c // step] if c < self.columns else 0))

        half = lambda v: struct.pack("<f", v)[2:] if info.scale == "bf16" else struct.pack("<e", v)
        column_table(self.scales, info.block, half)
        if info.has_min:
            column_table(self.minima, info.block, lambda v: struct.pack("<e", v))
        if info.sub < info.block:
            column_table(self.sub_scales, info.sub, lambda v: struct.pack("<b", v))
            if info.has_min:
                column_table(self.sub_minima, info.sub, lambda v: struct.pack("<B", v))
        out.extend(bytes(-len(out) % 64))
        for begin in columns[::32]:
            # What is not there has a scale of 0: any code will do.
            code = lambda r, c: self.codes[r][begin + c] if begin < self.columns else 7 % 2**info.bits
            first = 0
            for bits in info.planes():
                for vector in range(bits):
                    for r in rows:
                        for i in range(4):
                            out.append(sum((code(r, 4 * q + i) >> first) % 2**bits << bits * (q // bits)
                                           for q in range(vector, 8, bits)))
                first += bits
        return bytes(out)


# ===- int8 activations ---------------------------------------------------===

def pack_codes(values: list[float]) -> bytes:
    """int8 blocks of 32 in memory as the tile dialect documents them: codes, scale, scale * sum, sum, first sum."""
    out = b""
    for begin in range(0, len(values), 32):
        block = values[begin:begin + 32]
        scale = f32(max(map(abs, block)) / 127)
        codes = [round(x / scale) if scale else 0 for x in block]
        out += struct.pack("<32b2f2i", *codes, scale, scale * sum(codes), sum(codes), sum(codes[:16]))
    return out


def unpack_codes(name: str, content: bytes) -> list[float]:
    """What int8 blocks stand for; not-a-number where nothing was written."""
    values: list[float] = []
    for begin in range(0, len(content), 48):
        block = content[begin:begin + 48]
        if set(block) == {GUARD}:
            values += [math.nan] * 32
            continue
        *codes, scale, scaled_sum, total, first = struct.unpack("<32b2f2i", block)
        if (total, first, scaled_sum) != (sum(codes), sum(codes[:16]), f32(scale * sum(codes))):
            sys.exit(f"{name}: expected the sums of the codes, but got {total}, {first}, {scaled_sum}")
        values += [scale * code for code in codes]
    return values


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
        self.buffers = [(name, int(columns), bool(int8)) for name, columns, int8 in
                        re.findall(r"tile\.buffer @(\w+)\[\w+, (\d+)\]( int8 by 32)?", text)]
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
        for name, columns, int8 in self.buffers:
            matrix = (buffers or {}).get(name, [])
            if int8:
                given = b"".join(map(pack_codes, matrix))
                contents[name] = Memory(given + bytes([GUARD]) * (rows * columns // 32 * 48 - len(given)))
                continue
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
        for name, columns, int8 in self.buffers:
            flat = unpack_codes(name, contents[name].bytes()) if int8 else contents[name].floats()
            result[name] = [flat[r * columns:(r + 1) * columns] for r in range(rows)]
        return result
