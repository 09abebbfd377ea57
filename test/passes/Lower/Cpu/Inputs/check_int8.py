"""Expected values of run-int8.mlir."""

import math

from check_products import activations, codes_of, int8_product
from phases import Phases, Weights, check_close

NAN = [math.nan]


def dequantized(row: list[float]) -> list[float]:
    scales, codes = codes_of(row)
    return [scales[c // 32] * code for c, code in enumerate(codes)]


def matrix(rows: int, columns: int, seed: int) -> list[list[float]]:
    """Rows whose int8 codes are exact: no rounding decides."""
    flat = [x for row in activations(rows * columns // 96 + 1, seed) for x in row[:96]]
    return [dequantized(flat[r * columns : (r + 1) * columns]) for r in range(rows)]


def check_quantized(phases: Phases) -> None:
    x = matrix(4, 96, 1)
    for tokens in (1, 2, 3):
        q = phases.run("quantized", tokens=tokens, positions=range(4), buffers={"x": x})["q"]
        check_close("quantized", q, [NAN * 96, *x[1 : 1 + tokens], *[NAN * 96] * (3 - tokens)], 1e-6)


def check_wanted(phases: Phases) -> None:
    q = matrix(4, 96, 2)
    for wanted in ([3, 0, 2], [1]):
        wide = phases.run("wanted", tokens=4, wanted=wanted, buffers={"q": q})["wide"]
        expected = [q[token] + NAN * 96 for token in wanted]
        check_close("wanted", wide, expected + [NAN * 192] * (4 - len(wanted)), 1e-6)


def check_blocks(phases: Phases) -> None:
    q = matrix(3, 96, 3)
    for column in (0, 32, 128):
        found = phases.run("blocks", tokens=3, positions=range(3), wanted=[0] * column, buffers={"q": q})
        rows = [NAN * column + row[32:] + NAN * (128 - column) for row in q[1:]]
        check_close(f"blocks at {column}", found["wide"][:2], rows, 1e-6)
        # The tile keeps its values when the phase writes over the buffer it came from.
        check_close("rows in place", found["q"][:3], [q[0][:32] + q[1][32:], q[1][:32] + q[2][32:], q[2]], 1e-6)


def check_edge(phases: Phases) -> None:
    wide = matrix(2, 192, 4)
    for column in (0, 32, 64):
        q = phases.run("edge", tokens=2, wanted=[0] * column, buffers={"wide": wide})["q"]
        end = min(96, column + 64)
        expected = [NAN * column + row[: end - column] + NAN * (96 - end) for row in wide]
        check_close(f"edge at {column}", q[:2], expected, 1e-6)


def check_product(phases: Phases) -> None:
    w, q = Weights("q8_0", 32, 96, 5), matrix(4, 96, 5)
    out = phases.run("product", tokens=4, buffers={"q": q}, packs={"pack": w.pack()})["out"]
    check_close("product", out[:3], int8_product(q[1:], w), 2e-5)


def check_scattered(phases: Phases) -> None:
    x = matrix(3, 96, 6)
    # Expert 1 has part 1 of tokens 0 and 2, and part 0 of token 1; its list comes first.
    routes = [[3.0, 1.0, 1.0, 1.0], [1.0, 4.0, 1.0, 1.0], [2.0, 1.0, 1.0, 1.0]]
    buffers = {"x": x, "out": [row + [0.0] * 28 for row in routes]}
    wide = phases.run("scattered", tokens=3, buffers=buffers)["wide"]
    expected = []
    for token, part in ((0, 1), (1, 0), (2, 1)):
        row = NAN * 192
        row[96 * part + 32 : 96 * part + 96] = x[token][:64]
        expected.append(row)
    check_close("scattered", wide, expected, 1e-6)


def check_reshaped(phases: Phases) -> None:
    wide = matrix(3, 192, 7)
    parts = [part for row in wide for part in (row[:96], row[96:])]
    q = phases.run("reshaped", tokens=3, buffers={"wide": wide})["q"]
    check_close("reshaped", q, parts[1:4], 1e-6)
