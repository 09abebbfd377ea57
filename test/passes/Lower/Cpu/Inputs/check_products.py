"""Expected values of run-products.mlir."""

from phases import Phases, Random, Weights, check_close, f32s

def product(x: list[list[float]], w: list[list[float]]) -> list[list[float]]:
    return [[sum(a * b for a, b in zip(row, weights)) for weights in w] for row in x]


def codes_of(row: list[float]) -> tuple[list[float], list[int]]:
    """Scales and codes of int8 blocks of 32 as the graph dialect defines them."""
    scales, codes = [], []
    for begin in range(0, len(row), 32):
        block = row[begin:begin + 32]
        scale = max(map(abs, block)) / 127
        scales.append(scale)
        codes += [round(x / scale) if scale else 0 for x in block]
    return scales, codes


def int8_product(x: list[list[float]], w: Weights) -> list[list[float]]:
    result = []
    for row in x:
        scales, codes = codes_of(row)
        result.append([sum(scales[c // 32] * codes[c] * w.values[n][c] for c in range(len(row)))
                       for n in range(w.rows)])
    return result


def activations(rows: int, seed: int) -> list[list[float]]:
    """Each block holds +-127 units, so that codes are exact; ties, zeros and tiny values among them."""
    rng = Random(seed)
    matrix = []
    for r in range(rows):
        row = []
        for b in range(3):
            unit = 2.0 ** (rng.below(9) - 4)
            block = [unit * (rng.below(255) - 127) for _ in range(32)]
            block[rng.below(32)] = 127 * unit
            block[5], block[6], block[7] = -127 * unit, 2.5 * unit, -3.5 * unit
            row += {(1, 1): [0.0] * 32, (2, 0): [v * 2.0**-140 for v in block]}.get((r, b), block)
        matrix.append(row)
    # A row at the end of the range in every column.
    matrix[-1] = [127.0 * (1 if c % 3 else -1) for c in range(96)]
    matrix[0] = [127.0] * 96
    return matrix


def check_float(phases: Phases) -> None:
    x = Random(1).matrix(11, 96)
    for fmt in ("f32", "f16", "bf16", "q4_0", "q4_1", "q8_0"):
        w = Weights(fmt, 64, 96, 5)
        packs = {"pack." + fmt: w.pack()}
        out = phases.run("float_" + fmt, tokens=11, buffers={"x": x}, packs=packs)["out"]
        check_close(fmt, out, product(x, w.values), 2e-5)
    w = Weights("f16", 64, 96, 3)
    out = phases.run("float_three_groups", tokens=7, buffers={"x": x[:7]}, packs={"pack.f16": w.pack()})["out"]
    check_close("three groups", [row[:48] for row in out], product(x[:7], w.values[:48]), 2e-5)
    w, bias = Weights("bf16", 64, 96, 4), Random(5).matrix(1, 64)[0]
    out = phases.run("float_bias", tokens=1, buffers={"x": x[:1]},
                     packs={"pack.bf16": w.pack(), "pack.bias": f32s(bias).bytes()})["out"]
    check_close("bias", out, [[y + b for y, b in zip(product(x[:1], w.values)[0], bias)]], 2e-5)
    w = Weights("q4_1", 64, 96, 6)
    out = phases.run("float_one_row", tokens=1, buffers={"x": x[:1]}, packs={"pack.q4_1": w.pack()})["out"]
    check_close("one row", [out[0][:16]], product(x[:1], w.values[16:32]), 2e-5)
    w = Weights("f16", 64, 96, 7)
    out = phases.run("float_accumulator", tokens=7, buffers={"x": x[:7]}, packs={"pack.f16": w.pack()})["out"]
    expected = [[0.5 + y for y in row] for row in product(x[:7], w.values[32:64])]
    check_close("accumulator", [row[:32] for row in out], expected, 2e-5)
    w = Weights("f32", 64, 96, 8)
    out = phases.run("float_rows", tokens=5, buffers={"x": x[:5]}, packs={"pack.f32": w.pack()})["out"]
    check_close("rows", out[:2], product(x[3:5], w.values), 2e-5)


def check_int8(phases: Phases) -> None:
    x = activations(11, 2)
    for fmt in ("q4_0", "q4_1", "q8_0"):
        w = Weights(fmt, 64, 96, 9)
        # Rows whose codes are all the largest or all the smallest.
        for row, code in ((3, 0), (4, 255 if fmt == "q8_0" else 15)):
            w.codes[row] = [code] * 96
        w.compute()
        out = phases.run("int8_" + fmt, tokens=11, buffers={"x": x}, packs={"pack." + fmt: w.pack()})["out"]
        check_close(fmt, out, int8_product(x, w), 2e-5)
    w = Weights("q8_0", 64, 96, 10)
    out = phases.run("int8_one_row", tokens=1, buffers={"x": x[2:3]}, packs={"pack.q8_0": w.pack()})["out"]
    check_close("one row", [out[0][:32]], [int8_product(x[2:3], w)[0][32:64]], 2e-5)
    out = phases.run("int8_rows", tokens=5, buffers={"x": x[:5]}, packs={"pack.q8_0": w.pack()})["out"]
    check_close("rows", out[:2], int8_product(x[3:5], w), 2e-5)
    w = Weights("q4_0", 64, 96, 11)
    out = phases.run("int8_accumulator", tokens=7, buffers={"x": x[:7]}, packs={"pack.q4_0": w.pack()})["out"]
    expected = [[0.5 + y for y in row[16:32]] for row in int8_product(x[:7], w)]
    check_close("accumulator", [row[:16] for row in out], expected, 2e-5)


def check_same_rows(phases: Phases) -> None:
    """A row's result does not depend on the rows beside it: same bits alone and among others."""
    x = Random(3).matrix(11, 96)
    w = Weights("q8_0", 64, 96, 12)
    packs = {"pack.q8_0": w.pack()}
    out = phases.run("int8_q8_0", tokens=11, buffers={"x": x}, packs=packs)["out"]
    alone = phases.run("int8_rows", tokens=5, buffers={"x": x[:5]}, packs=packs)["out"]
    check_close("rows alone", alone[:2], out[3:5], 0)
