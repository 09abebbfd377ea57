#!/usr/bin/env python3
"""Writes scales.mlir and Inputs/scales.bin as make_expected.py writes the other tests: what algebra makes of norms, factors
of rows, of columns, and of the columns of weights."""

import numpy as np
import torch
import torch.nn.functional as F
from make_expected import Rng, Test, constant, expect_close, param, torch64


def main() -> None:
    test, rng = Test("scales", "norms taken apart, against torch."), Rng(21)
    x, factor, eps = rng.tensor(3, 8), rng.tensor(3, 1), 0.25
    gamma = test.weight("gamma", rng.tensor(8))
    weights = {fmt: test.weight(fmt, rng.tensor(5, 8), fmt) for fmt in ("f32", "f16", "bf16")}
    table = test.weight("rows", rng.tensor(8, 8))
    declared = test.declarations
    declared[1:] = [line + (" times <@gamma>" if "f32" in line else " times <@gamma, 1.0 : f64>")
                    for line in declared[1:]]
    declared[-1:] = [
        "graph.weights @table [2] {",
        "  graph.column @gamma : !graph.weight<8, f32> at [@weights], [32, 0]",
        f"  graph.column @w : !graph.weight<4x8, f32> at [@weights], [{len(test.weights) - 256}, "
        f"{len(test.weights) - 128}] rows <4> times <@table::@gamma, 1.0 : f64>",
        "}",
    ]
    rows = torch64(x)
    result = "tensor<3x8xf32>"
    for name, attributes, expected in (
        ("rms", "", F.rms_norm(rows, [8], None, eps)),
        ("layer", ", kind = #graph.norm_kind<layer>", F.layer_norm(rows, [8], None, None, eps)),
        ("heads", ", group = 4 : i64", F.rms_norm(rows.reshape(-1, 4), [4], None, eps).reshape(3, 8)),
    ):
        test.func(
            f"norm_{name}",
            f"%x = {constant(x)}",
            f"%y = graph.norm %x {{eps = {eps}{attributes}}} : {result}",
            *expect_close("%y", expected.numpy(), result),
        )
    test.func(
        "row_factor",
        f"%x = {constant(x)}",
        f"%y = graph.row_factor %x {{eps = {eps}}} : {result}",
        *expect_close("%y", (rows.square().mean(-1, keepdim=True) + eps).rsqrt().numpy(), "tensor<3x1xf32>"),
    )
    test.func(
        "scale_rows",
        f"%x = {constant(x)}",
        f"%f = {constant(factor)}",
        f"%y = graph.scale_rows %x, %f : {result}, tensor<3x1xf32>",
        *expect_close("%y", x * factor, result),
    )
    for name, offset, attributes in (("", 0, ""), ("_offset", 1, "{offset = 1.0} ")):
        test.func(
            f"scale_columns{name}",
            f"%x = {constant(x)}",
            param("gamma", "8"),
            f"%y = graph.scale_columns %x, %gamma {attributes}: {result}, !graph.weight<8, f32>",
            *expect_close("%y", x * (gamma + offset), result),
        )
    # Products are rounded once, to the format of the weight.
    rounding = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
    for fmt, weight in weights.items():
        scaled = torch64(weight * (gamma + (fmt != "f32"))).to(rounding[fmt])
        test.func(
            f"times_{fmt}",
            "%tok = graph.batch ids [0, 1, 2, 3, 4] at [0, 1, 2, 3, 4]",
            param(fmt, "5x8", fmt),
            f"%y = graph.embed %tok, %{fmt} : !graph.weight<5x8, {fmt}>",
            f"%e = {constant(scaled.double().numpy())}",
            "check.expect_eq %y, %e : tensor<?x8xf32>, tensor<5x8xf32>",
        )
    gammas = [np.frombuffer(test.weights, np.float32, 8, offset).astype(np.float64) for offset in (32, 0)]
    for row in (0, 1):
        scaled = table[4 * row:4 * row + 4][[0, 2, 1, 3]] * (gammas[row] + 1)
        test.func(
            f"times_row_{row}",
            "%tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]",
            f"%i = arith.constant {row} : index",
            "%w = graph.param @table::@w[%i] : !graph.weight<4x8, f32>",
            "%y = graph.embed %tok, %w : !graph.weight<4x8, f32>",
            f"%e = {constant(scaled.astype(np.float32))}",
            "check.expect_eq %y, %e : tensor<?x8xf32>, tensor<4x8xf32>",
        )
    test.write()


if __name__ == "__main__":
    main()
