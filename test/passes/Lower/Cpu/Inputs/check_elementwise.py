"""Expected values of run-elementwise.mlir."""

import math

from phases import Phases, Random, check_close, f32


def check_broadcast(phases: Phases) -> None:
    rng = Random(1)
    x, w = rng.matrix(3, 43), rng.matrix(1, 43)
    top = max(w[0])
    expected = [[(a + 2 * b - sum(row) / 2) / top for a, b in zip(row, w[0])] for row in x]
    out = phases.run("broadcast", tokens=3, buffers={"x": x, "w": w})["out"]
    check_close("broadcast", out, expected, 1e-6)


def check_valid(phases: Phases) -> None:
    x = Random(2).matrix(3, 43)
    for tokens in range(4):
        out = phases.run("valid", tokens=tokens, positions=[0, 1, 2], buffers={"x": x})["out"]
        expected = [[a * sum(row) for a in row] for row in x]
        check_close("valid", out[:tokens], expected[:tokens], 1e-5)


def check_repeated_row(phases: Phases) -> None:
    rng = Random(5)
    x, w = rng.matrix(3, 43), rng.matrix(1, 43)
    out = phases.run("repeated_row", tokens=1, positions=[0, 1, 2], buffers={"x": x, "w": w})["out"]
    check_close("repeated row", out, [[a - b for a, b in zip(row, w[0])] for row in x], 0)


def check_functions(phases: Phases) -> None:
    special = [-math.inf, -200.0, -87.0, -30.0, -1e-3, -1e-30, 0.0, 1e-30, 1e-3, 0.25, 30.0, 88.0]
    x = [special + [(i - 15) / 4 for i in range(31)]]
    out = phases.run("functions", tokens=1, positions=[0, 1, 2, 3], buffers={"x": x})["out"]
    values = [f32(v) for v in x[0]]
    check_close("exp", [out[0]], [[math.exp(v) if v > -87.3 else 0.0 for v in values]], 2e-6)
    check_close("tanh", [out[1]], [[math.tanh(v) for v in values]], 1e-6)
    check_close("erf", [out[2]], [[math.erf(v) for v in values]], 1e-6)
    check_close("select", [out[3]], [[math.sqrt(v) if v > 0 else v for v in values]], 1e-6)
    # All digits count, however small a value is.
    for row, function in enumerate((math.exp, math.tanh, math.erf)):
        for c, v in enumerate(values):
            if v != 0 and 1e-37 < abs(want := function(max(v, -200.0))):
                check_close(f"digits of {function.__name__}({v})", [[out[row][c] / want]], [[1.0]], 1e-6)


def check_bits(phases: Phases) -> None:
    x = Random(3).matrix(1, 43)
    out = phases.run("bits", tokens=1, buffers={"x": x})["out"]
    check_close("bits", out, [[abs(v) for v in x[0]]], 0)


def check_reductions(phases: Phases) -> None:
    x = Random(4).matrix(3, 43)
    x[1] = [v - 10 for v in x[1]]
    out = phases.run("reductions", tokens=3, buffers={"x": x})["out"]
    expected = [[sum(row), max(row), row[7] + row[8], max(row[7:9])] + [-1.5] * 39 for row in x]
    check_close("reductions", out, expected, 1e-6)
