"""Expected values of run-formats.mlir."""

from check_products import activations, int8_product, product
from phases import QUANTIZED, Phases, Random, Weights, check_close

COLUMNS = {"q5_0": 96, "q5_1": 96, "iq4_nl": 96, "mxfp4": 96}
FORMATS = [f for f in QUANTIZED if f not in ("q4_0", "q4_1", "q8_0")]


def weights(fmt: str, seed: int) -> Weights:
    """Among others a row whose codes are all the largest and one whose codes are all the smallest."""
    w = Weights(fmt, 32, COLUMNS.get(fmt, 512), seed)
    w.codes[3], w.codes[20] = [0] * w.columns, [2**w.info.bits - 1] * w.columns
    w.compute()
    return w


def check_embed(phases: Phases) -> None:
    ids = [5, 31, 0, 16]
    for fmt in FORMATS:
        w = weights(fmt, 3)
        out = phases.run("embed_" + fmt, tokens=4, ids=ids, positions=range(4), packs={"pack." + fmt: w.pack()})["out"]
        check_close(fmt, [row[:w.columns] for row in out], [w.values[i] for i in ids], 1e-6)


def check_float(phases: Phases) -> None:
    x = Random(1).matrix(7, 512)
    for fmt in FORMATS:
        w = weights(fmt, 5)
        out = phases.run("float_" + fmt, tokens=7, buffers={"x": x}, packs={"pack." + fmt: w.pack()})["out"]
        expected = product([row[:w.columns] for row in x], w.values)
        check_close(fmt, [row[:32] for row in out], expected, 2e-5)


def check_int8(phases: Phases) -> None:
    blocks = [activations(7, seed) for seed in range(6)]
    x = [[v for block in blocks for v in block[r]][:512] for r in range(7)]
    for fmt in FORMATS:
        w = weights(fmt, 9)
        out = phases.run("int8_" + fmt, tokens=7, buffers={"x": x}, packs={"pack." + fmt: w.pack()})["out"]
        expected = int8_product([row[:w.columns] for row in x], w)
        check_close(fmt, [row[:32] for row in out], expected, 2e-5)
