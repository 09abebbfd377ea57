"""Expected values of run-experts.mlir."""

import math

from check_products import int8_product
from phases import Phases, Random, Weights, check_close, f32

EXPERTS, TOP, STEP, ROWS = 5, 2, 3, 40


def top(weights: list[float], keys: list[float], count: int, scale: float, normalize: bool) -> list[float]:
    chosen = sorted(range(len(keys)), key=lambda e: -keys[e])[:count]  # stable: of equal keys the first
    total = sum(weights[e] for e in chosen) if normalize else 1
    return [float(e) for e in chosen] + [scale * weights[e] / total for e in chosen]


def check_top(phases: Phases) -> None:
    rng = Random(1)
    weights = [[abs(x) + 0.25 for x in row] for row in rng.matrix(9, 37)]
    keys = rng.matrix(9, 37)
    keys[1] = [1.0] * 37  # equal ones
    keys[2] = [float(e == 36) for e in range(37)]
    keys[3] = [-math.inf if e else 1.0 for e in range(37)]
    keys[4][:3] = [math.nan, 3.0, math.nan]
    expected = [top(w, [-math.inf if math.isnan(x) else x for x in k], 5, 2.5, True) for w, k in zip(weights, keys)]
    for tokens in (1, 4, 9):
        out = phases.run("top", tokens=tokens, positions=range(9), buffers={"scores": weights, "keys": keys})["out"]
        rows = [t for t in range(tokens) if t != 3]  # where less than 5 can be chosen, only the range is promised
        check_close("top", [out[t][:10] for t in rows], [expected[t] for t in rows], 1e-6)
        assert all(0 <= e < 37 and e == int(e) for row in out[:tokens] for e in row[:5]), out
    out = phases.run("top_all", tokens=1, buffers={"scores": weights})["out"]
    check_close("all", [out[0][:6]], [top(weights[0][:3], weights[0][:3], 3, 1, False)], 0)


def routes(seed: int, tokens: int) -> list[list[float]]:
    """Expert 2 is nobody's, expert 4 everybody's first or second."""
    rng, result = Random(seed), []
    for token in range(tokens):
        other = float((0, 1, 3)[rng.below(3)])
        ids = [4.0, other] if token % 2 else [other, 4.0]
        result.append(ids + [f32(rng.real()), f32(rng.real())])
    return result


def parts_of(rows: list[list[float]], expert: int) -> list[int]:
    return [TOP * t + s for t, row in enumerate(rows) for s in range(TOP) if row[s] == expert]


def check_lists(phases: Phases) -> None:
    rows = routes(2, 9)
    for tokens in (1, 2, 6, 9):
        zeros = [[0.0] * 80] * 9
        out = phases.run("lists", tokens=tokens, positions=range(9), buffers={"routes": rows, "out": zeros})["out"]
        expected, first = [], 0
        for expert in range(EXPERTS):
            count = len(parts_of(rows[:tokens], expert))
            if count:
                row = [0.0] * 80
                row[expert] = 1.0
                row[20 + first : 20 + first + count] = [1.0] * count
                expected.append(row)
                first = -(-(first + count) // STEP) * STEP
        check_close("lists", out, expected + zeros[len(expected) :], 0)


def matrices(fmt: str, rows: int) -> tuple[list[Weights], bytes]:
    # In the pack, the last group of 16 rows is whole.
    weights = [Weights(fmt, -(-rows // 16) * 16, 32, 10 + expert) for expert in range(EXPERTS)]
    return weights, b"".join(w.pack() for w in weights)


def product(x: list[float], w: list[list[float]]) -> list[float]:
    return [sum(a * b for a, b in zip(x, row)) for row in w]


def check_each(phases: Phases) -> None:
    weights, pack = matrices("f32", ROWS)
    x, rows = Random(3).matrix(9, 32), routes(4, 9)
    expected = [[y for s in range(TOP) for y in product(x[t], weights[int(rows[t][s])].values[:ROWS])] for t in range(9)]
    for tokens in (1, 5, 9):
        for workers in (1, 2, 7):
            out = phases.run("each", tokens=tokens, positions=range(9), buffers={"x": x, "routes": rows},
                             packs={"pack": pack}, workers=workers)["out"]
            nan = [[math.nan] * 80] * (9 - tokens)
            check_close(f"each of {tokens}", out, expected[:tokens] + nan, 2e-5)


def check_sum(phases: Phases) -> None:
    weights, pack = matrices("f32", ROWS)
    x, rows = Random(5).matrix(9, 64), routes(6, 9)
    expected = []
    for t in range(9):
        terms = [[rows[t][TOP + s] * y for y in product(x[t][32 * s : 32 * s + 32], weights[int(rows[t][s])].values[:16])]
                 for s in range(TOP)]
        expected.append([sum(term) for term in zip(*terms)])
    for tokens in (1, 5, 9):
        out = phases.run("sum", tokens=tokens, positions=range(9), buffers={"parts": x, "routes": rows}, packs={"pack": pack})["out"]
        check_close(f"sum of {tokens}", [row[:16] for row in out[:tokens]], expected[:tokens], 2e-5)


def check_int8(phases: Phases) -> None:
    weights, pack = matrices("q8_0", 16)
    x, rows = Random(7).matrix(9, 64), routes(8, 9)
    got = phases.run("int8", tokens=9, buffers={"parts": x, "routes": rows}, packs={"pack8": pack})
    check_close("what lies behind", got["x"], [[7.0] * 32] * 9, 0)
    out = got["out"]
    for t in range(9):
        for s in range(TOP):
            expected = int8_product([x[t][32 * s : 32 * s + 32]], weights[int(rows[t][s])])[0]
            check_close("int8", [out[t][40 * s : 40 * s + 16]], [expected], 2e-5)


def check_views(phases: Phases) -> None:
    rows = [[3.0, 1.0, 1.0, 1.0], [2.0, 4.0, 1.0, 1.0], [2.0, 0.0, 1.0, 1.0]]
    out, parts = Random(9).matrix(3, 80), Random(10).matrix(3, 64)
    got = phases.run("views", tokens=3, buffers={"out": out, "routes": rows, "parts": parts, "x": [[0.0] * 32] * 3})
    check_close("a view", got["x"], [row[:32] for row in out], 0)
    # Expert 2 has tokens 1 and 2 at places 0 and 1 (and part 0 at place 2), expert 3 has token 0 at place 3.
    once = [parts[1], parts[2], parts[0]]
    check_close("rows of rows", got["parts"], [once[0], once[0], once[0]], 0)


def check_wild(phases: Phases) -> None:
    """Whatever is in a buffer, nothing behind its end is touched."""
    x = Random(3).matrix(9, 32)
    _, pack = matrices("f32", ROWS)
    wild = [math.nan, math.inf, -math.inf, -1.0, 5.0, 1e30, -1e30, 4.5, 1e10]
    rows = [[value, 1.0, 1.0, 1.0] for value in wild]
    out = phases.run("each", tokens=9, buffers={"x": x, "routes": rows}, packs={"pack": pack})["out"]
    assert all(math.isfinite(value) for row in out for value in row), out
