"""Expected values of run-memory.mlir."""

import math

from phases import Phases, Random, Weights, check_close, f32s

FORMATS = ("f32", "f16", "bf16", "q4_0", "q4_1", "q8_0")


def check_load(phases: Phases) -> None:
    x = Random(1).matrix(5, 96)
    nan = math.nan
    for wanted in ([4, 2, 3], [1, 0]):
        out = phases.run("load", tokens=5, wanted=wanted, buffers={"x": x})["out"]
        for r in range(5):
            expected = [nan] * 96
            if r < 2:
                expected[:19] = x[1 + r][13:32]
            if r < len(wanted):
                expected[40:61] = x[wanted[r]][:21]
            if r == 1:
                expected[70:75] = x[wanted[1]][1:6]
            check_close("load", [out[r]], [expected], 0)
    result = phases.run("load_before_store", tokens=2, buffers={"x": x[:2]})
    check_close("out", result["out"], x[:2], 0)
    check_close("x", result["x"], [[0.0] * 96] * 2, 0)


def check_store_edge(phases: Phases) -> None:
    # The column is the number of wanted rows; 96 columns, tiles of 40.
    x = Random(3).matrix(3, 96)
    for column in (0, 7, 56, 57, 79, 95):
        out = phases.run("store_edge", tokens=2, wanted=[0] * column, buffers={"x": x})["out"]
        end = min(column + 40, 96)
        expected = [[math.nan] * column + x[row][: end - column] + [math.nan] * (96 - end) for row in range(2)]
        check_close(f"edge {column}", out, expected + [[math.nan] * 96] * (len(out) - 2), 0)


def check_vector(phases: Phases) -> None:
    v = Random(2).matrix(1, 96)
    out = phases.run("vector", tokens=1, packs={"pack.vector": f32s(v[0]).bytes()})["out"]
    check_close("vector", [out[0][:89]], [v[0][7:]], 0)


def check_embed(phases: Phases) -> None:
    ids = [5, 47, 0, 16, 15]
    for fmt in FORMATS:
        w = Weights(fmt, 48, 96, 3)
        out = phases.run("embed_" + fmt, tokens=3, ids=ids, positions=range(5),
                         packs={"pack." + fmt: w.pack()})["out"]
        # Rows 1, 2, 3 of the batch; the fourth of the tile is not valid.
        check_close(fmt, out[:4], [w.values[i] for i in ids[1:4]] + [[math.nan] * 96], 1e-6)


def check_shares(phases: Phases) -> None:
    """Each share is done once, whatever the number of workers and whoever comes first."""
    for name in ("shares", "shares_cyclic"):
        for tokens in (1, 7, 8):
            for workers in (1, 2, 3, 8, 11):
                out = phases.run(name, tokens=tokens, buffers={"out": [[0.0] * 96] * tokens}, workers=workers,
                                 order=list(range(workers))[::-1])["out"]
                check_close(name, out[:tokens], [[1.0] * 96] * tokens, 0)
    # A contiguous range, or every n-th share.
    zeros = [[0.0] * 96] * 8
    out = phases.run("shares", tokens=8, buffers={"out": zeros}, workers=3, order=[1])["out"]
    check_close("worker 1 of 3", [[row[0] for row in out]], [[0, 0, 1, 1, 1, 0, 0, 0]], 0)
    out = phases.run("shares_cyclic", tokens=8, buffers={"out": zeros}, workers=3, order=[1])["out"]
    check_close("worker 1 of 3", [[row[0] for row in out]], [[0, 1, 0, 0, 1, 0, 0, 1]], 0)


def check_rows(phases: Phases) -> None:
    x = Random(7).matrix(5, 96)
    for tokens in (1, 3, 5):
        out = phases.run("rows", tokens=tokens, positions=range(5), buffers={"x": x})["out"]
        nan = [math.nan] * 96
        check_close("rows", out, [nan, [-v for v in x[1]], [-v for v in x[2]], nan, nan], 0)


def check_reshape(phases: Phases) -> None:
    x = Random(4).matrix(3, 96)
    out = phases.run("reshape", tokens=3, buffers={"x": x})["out"]
    expected = []
    for row in x:
        heads = [row[8 + 8 * h:16 + 8 * h] for h in range(3)]
        expected.append([v - max(head) for head in heads for v in head])
    check_close("reshape", [row[:24] for row in out], expected, 0)


def check_carried(phases: Phases) -> None:
    x = Random(5).matrix(2, 96)
    out = phases.run("carried", tokens=2, buffers={"x": x})["out"]
    # x + 3x, and the sums of x, 2x and 3x.
    expected = [[4 * v for v in row[:10]] + [6 * sum(row[:10])] for row in x]
    check_close("carried", [row[:11] for row in out], expected, 1e-6)


def check_branches(phases: Phases) -> None:
    x = Random(6).matrix(1, 96)
    for tokens, rows in ((1, [1, 1]), (2, [1, -1]), (3, [1, 1])):
        out = phases.run("branches", tokens=tokens, positions=range(3), buffers={"x": x})["out"]
        check_close("branches", out[:2], [[sign * v for v in x[0]] for sign in rows], 0)


def check_begun_again(phases: Phases) -> None:
    out = phases.run("begun_again", tokens=1)["out"]
    check_close("begun again", [out[0][:30]], [[7.0] * 10 + [24.0] * 10 + [3.0] * 10], 0)
