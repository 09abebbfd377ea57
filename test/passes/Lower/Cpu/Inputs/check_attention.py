"""Expected values of run-attention.mlir."""

import math
import struct
import sys

from phases import Memory, Phases, Random, check_close, f16, f32

CAPACITY, SLOTS, HEADS, KEY_DIM, VALUE_DIM = 128, 3, 2, 21, 32
HARD = [0.0, -0.0, 65504.0, 65519.0, 65520.0, 1e6, -1e6, 2.0**-14, 2.0**-24, 2.0**-25, 1.5 * 2.0**-25, 3 * 2.0**-26,
        -(2.0**-20), 2.0**-15, -1.3 * 2.0**-15, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 0.1, -1 / 3, 1023.75]


def check_rotate(phases: Phases) -> None:
    if len(phases.rope_tables) != 2:
        sys.exit(f"expected 2 rotary tables, but got {len(phases.rope_tables)}")
    x = Random(1).matrix(3, 64)
    positions = [0, 7, 1000, 3]
    out = phases.run("rotate", tokens=4, positions=positions, buffers={"x": x})["out"]

    def rotate(head: list[float], position: float, dim: int, theta: float) -> list[float]:
        result = list(head)
        for j in range(dim // 2):
            angle = position * theta ** (-2 * j / dim)
            a, b = head[j], head[j + dim // 2]
            result[j] = a * math.cos(angle) - b * math.sin(angle)
            result[j + dim // 2] = b * math.cos(angle) + a * math.sin(angle)
        return result

    for r, row in enumerate(x):
        expected = [v for h in range(2) for v in rotate(row[13 * h:13 * h + 13], positions[1 + r], 10, 1e4)]
        expected += rotate(row[26:], positions[r] * 0.5, 38, 1e2)
        check_close("rotate", [out[r]], [expected], 1e-6)


def check_mask(phases: Phases) -> None:
    x = Random(2).matrix(4, 64)
    for positions in ([0, 30, 56], [0, 19, 20], [0, 24, -1], [0, 100, 0]):
        for name, window in (("mask", None), ("mask_window", 5)):
            out = phases.run(name, tokens=3, positions=positions + [0], buffers={"x": x})["out"]
            expected = []
            for r in range(4):
                p = positions[1 + r // 2]
                seen = [k <= p and (window is None or k > p - window) for k in range(20, 57)]
                expected.append([v if s else -math.inf for v, s in zip(x[r], seen)])
            check_close(name, [row[:37] for row in out], expected, 0)


def check_key_range(phases: Phases) -> None:
    def marks(low: int, high: int) -> list[float]:
        return [1.0 if low <= b < high else 0.0 for b in range(8)]

    def blocks(positions: list[int], window: int | None) -> tuple[int, int]:
        real = [p for p in positions if p >= 0]
        if not real:
            return 0, 0
        first = 0 if window is None else max(0, min(real) - window + 1)
        return first // 16, -(-(max(real) + 1) // 16)

    for positions in ([0, 1, 2], [15, 16, 17], [14, 15, -1], [40, 41, 42], [63, -1, -1], [-1, -1, -1], [18, 19, 20],
                      [34, 35, 36], [35, 36, 37]):
        out = phases.run("key_range", tokens=4, positions=[99] + positions,
                         buffers={"out": [[0.0] * 64] * 4})["out"]
        check_close(f"key_range {positions}", [out[0][:8]], [marks(*blocks(positions, None))], 0)
        check_close(f"windowed {positions}", [out[1][:8]], [marks(*blocks(positions, 20))], 0)


def side(count: int, kind: str) -> Memory:
    return Memory(bytes(count * (2 if kind == "f16" else 4)))


def elements(memory: Memory, kind: str) -> list[float]:
    code, size = ("e", 2) if kind == "f16" else ("f", 4)
    return list(struct.unpack(f"<{memory.size // size}{code}", memory.bytes()))


def key_at(slot: int, head: int, position: int, d: int) -> int:
    """Keys lie as [slot][head][capacity / 16][key_dim][16]."""
    return (((slot * HEADS + head) * (CAPACITY // 16) + position // 16) * KEY_DIM + d) * 16 + position % 16


def value_at(slot: int, head: int, position: int, d: int) -> int:
    """Values lie as [slot][head][capacity][value_dim]."""
    return ((slot * HEADS + head) * CAPACITY + position) * VALUE_DIM + d


def check_append(phases: Phases) -> None:
    rng = Random(3)
    for keys, values in (("f16", "f16"), ("f32", "f32"), ("f16", "f32")):
        cut = {"f16": f16, "f32": f32}
        k = side(SLOTS * HEADS * CAPACITY * KEY_DIM, keys)
        v = side(SLOTS * HEADS * CAPACITY * VALUE_DIM, values)
        x = [[f32(value) for value in row] for row in rng.matrix(3, 64)]
        x[0][:len(HARD)] = [f32(value) for value in HARD]
        # Token 0 is not in the tile, token 2 is padding.
        positions, slots = [5, 127, -1, 0], [0, 2, 0, 1]
        phases.run(f"append_{keys}_{values}", tokens=4, positions=positions, slots=slots, buffers={"x": x}, keys=k,
                   values=v, capacity=CAPACITY)
        expected_k = [0.0] * (SLOTS * HEADS * CAPACITY * KEY_DIM)
        expected_v = [0.0] * (SLOTS * HEADS * CAPACITY * VALUE_DIM)
        for r in (0, 2):
            slot, position = slots[1 + r], positions[1 + r]
            for head in range(2):
                for d in range(KEY_DIM):
                    expected_k[key_at(slot, head, position, d)] = cut[keys](x[r][head * KEY_DIM + d])
            for d in range(VALUE_DIM):
                expected_v[value_at(slot, 1, position, d)] = cut[values](x[r][d])
        check_close("keys", [elements(k, keys)], [expected_k], 0)
        check_close("values", [elements(v, values)], [expected_v], 0)


def check_read(phases: Phases) -> None:
    rng = Random(4)
    for keys, values in (("f16", "f16"), ("f32", "f32"), ("f16", "f32")):
        cut = {"f16": f16, "f32": f32}
        content_k = [cut[keys](rng.real() / 3) for _ in range(SLOTS * HEADS * CAPACITY * KEY_DIM)]
        content_v = [cut[values](rng.real() / 3) for _ in range(SLOTS * HEADS * CAPACITY * VALUE_DIM)]
        code = {"f16": "e", "f32": "f"}
        k = Memory(struct.pack(f"<{len(content_k)}{code[keys]}", *content_k))
        v = Memory(struct.pack(f"<{len(content_v)}{code[values]}", *content_v))
        x = rng.matrix(2, 64)
        out = phases.run(f"read_{keys}_{values}", tokens=4, slots=[0, 0, 1, 0], buffers={"x": x}, keys=k, values=v,
                         capacity=CAPACITY)["out"]
        scores = [[sum(row[d] * content_k[key_at(1, 1, 64 + p, d)] for d in range(KEY_DIM)) for p in range(64)]
                  for row in x]
        check_close("scores", out[:2], scores, 1e-5)
        sums = [[sum(row[p] * content_v[value_at(1, 1, 64 + p, d)] for p in range(64)) for d in range(VALUE_DIM)]
                for row in x]
        check_close("sums", [row[:VALUE_DIM] for row in out[2:4]], sums, 1e-5)
