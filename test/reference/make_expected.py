#!/usr/bin/env python3
"""Writes the tests of the reference interpreter's ops: <op>.mlir and Inputs/<op>.bin.

Inputs are random numbers that f32 holds exactly. Expected values come from implementations that have
nothing to do with frit, computed in f64:
  torch.nn.functional   embedding, rms_norm, layer_norm, linear, silu, gelu
  transformers          rotary position embedding of llama (halves), squared ReLU
  onnx.reference        Attention of opset 25; onnxruntime repeats what it can run
  gguf                  quantization and dequantization of weights
numpy does the rest (int8 products step by step in f32, slots and positions of caches).

Needs: pip install numpy gguf onnx onnxruntime torch transformers
"""

import argparse
import pathlib
import sys

import gguf
import numpy as np
import onnx
import onnx.helper
import onnx.reference
import onnxruntime
import torch
import torch.nn.functional as F
from transformers.activations import ACT2FN
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

HERE = pathlib.Path(__file__).parent
RUN = "// RUN: frit-translate --frit-interpret {options}%s\n"
FORMATS = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "bf16": gguf.GGMLQuantizationType.BF16,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
    "q4_1": gguf.GGMLQuantizationType.Q4_1,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}
BLOCK = 32


class Rng:
    """Multiples of 1/64 below 2, which every format but the quantized ones holds exactly."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def tensor(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-127, 128, shape) / 64.0


def number(value: float, dtype: str) -> str:
    """The shortest float literal that reads back as the same value; MLIR wants a point in it."""
    text = str(np.float32(value) if dtype == "f32" else np.float64(value))
    if "." not in text:
        mantissa, _, exponent = text.partition("e")
        text = mantissa + ".0" + ("e" + exponent if exponent else "")
    return text


def tensor_type(array: np.ndarray, dtype: str) -> str:
    return f"tensor<{array.shape[0]}x{array.shape[1]}x{dtype}>"


def constant(array: np.ndarray, dtype: str = "f32") -> str:
    if array.size == 0:
        return f"arith.constant dense<> : {tensor_type(array, dtype)}"
    rows = ",\n    ".join("[" + ", ".join(number(v, dtype) for v in row) + "]" for row in array)
    return f"arith.constant dense<[\n    {rows}]> : {tensor_type(array, dtype)}"


class Test:
    """One .mlir file and the .bin file of its weights."""

    def __init__(self, name: str, about: str):
        self.name, self.about = name, about
        self.weights = b""
        self.declarations, self.functions = [], []

    def weight(self, name: str, values: np.ndarray, fmt: str = "f32", rows: str = "") -> np.ndarray:
        """Stores a weight and declares it; gives its values as they read back, in f64."""
        quantized = gguf.quants.quantize(values.astype(np.float32), FORMATS[fmt])
        shape = "x".join(str(n) for n in values.shape)
        self.declarations.append(
            f"graph.weight @{name} : !graph.weight<{shape}, {fmt}> at @weights, {len(self.weights)}"
            + (f" rows {rows}" if rows else "")
        )
        self.weights += quantized.tobytes()
        self.weights += bytes(-len(self.weights) % 32)
        return gguf.quants.dequantize(quantized, FORMATS[fmt]).reshape(values.shape).astype(np.float64)

    def func(self, name: str, *lines: str) -> None:
        body = "\n".join("  " + line for line in lines)
        self.functions.append(f"graph.func @{name}() {{\n{body}\n  graph.return\n}}\n")

    def write(self) -> None:
        text = RUN.format(options="") + RUN.format(options="--precision=f64 ")
        text += f"// Written by {pathlib.Path(sys.argv[0]).name}: {self.about}\n\n"
        if self.weights:
            text += f'graph.file @weights "Inputs/{self.name}.bin"\n'
            (HERE / "Inputs" / f"{self.name}.bin").write_bytes(self.weights)
        text += "\n".join(self.declarations) + "\n\n" * bool(self.declarations)
        text += "\n".join(self.functions)
        (HERE / f"{self.name}.mlir").write_text(text)
        print(f"{self.name}: {len(text)} bytes of text, {len(self.weights)} bytes of weights")


def param(name: str, shape: str, fmt: str = "f32") -> str:
    return f"%{name} = graph.param @{name} : !graph.weight<{shape}, {fmt}>"


def expect_close(result: str, expected: np.ndarray, result_type: str, number_of: str = "") -> list[str]:
    return [
        f"%e{number_of} = {constant(expected, 'f64')}",
        f"check.expect_close {result}, %e{number_of} {{abs = 2.0e-5, rel = 2.0e-5}} : "
        f"{result_type}, {tensor_type(expected, 'f64')}",
    ]


def torch64(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float64))


# ----------------------------------------------------------------------------------------------------
# Row-wise ops
# ----------------------------------------------------------------------------------------------------


def make_embed() -> None:
    test, rng = Test("embed", "rows of a table in each format, against gguf and torch."), Rng(1)
    ids = [3, 0, 5, 3]
    for fmt in FORMATS:
        table = test.weight(f"w_{fmt}", rng.tensor(6, BLOCK), fmt)
        expected = F.embedding(torch.tensor(ids), torch64(table)).numpy()
        test.func(
            f"embed_{fmt}",
            f"%tok = graph.batch ids {ids} at [0, 1, 2, 3]",
            param(f"w_{fmt}", f"6x{BLOCK}", fmt),
            f"%y = graph.embed %tok, %w_{fmt} : !graph.weight<6x{BLOCK}, {fmt}>",
            f"%e = {constant(expected)}",
            f"check.expect_eq %y, %e : tensor<?x{BLOCK}xf32>, {tensor_type(expected, 'f32')}",
        )
    expected = F.embedding(torch.tensor(ids), torch64(table)).numpy() * 24.0
    test.func(
        "embed_scale",
        f"%tok = graph.batch ids {ids} at [0, 1, 2, 3]",
        param("w_q8_0", f"6x{BLOCK}", "q8_0"),
        f"%y = graph.embed %tok, %w_q8_0 {{scale = 24.0}} : !graph.weight<6x{BLOCK}, q8_0>",
        *expect_close("%y", expected, f"tensor<?x{BLOCK}xf32>"),
    )
    test.write()


def make_norm() -> None:
    test, rng = Test("norm", "RMS and layer norms, against torch."), Rng(2)
    x = rng.tensor(3, 12)
    w = {n: test.weight(f"w{n}", rng.tensor(n)) for n in (12, 4)}
    b = {n: test.weight(f"b{n}", rng.tensor(n), "f16") for n in (12, 4)}
    eps = 0.25  # large, so that it shows where it goes

    def case(name: str, layer: bool, group: int, bias: bool, offset: float) -> None:
        rows = torch64(x).reshape(-1, group)
        weight = torch64(w[group] + offset)
        if layer:
            y = F.layer_norm(rows, [group], weight, torch64(b[group]) if bias else None, eps)
        else:
            y = F.rms_norm(rows, [group], weight, eps)
        attributes = [f"eps = {eps}"]
        attributes += ["kind = #graph.norm_kind<layer>"] * layer
        attributes += [f"offset = {offset}"] * (offset != 0)
        attributes += [f"group = {group} : i64"] * (group != 12)
        types = f"tensor<3x12xf32>, !graph.weight<{group}, f32>"
        types += f", !graph.weight<{group}, f16>" if bias else ""
        test.func(
            name,
            f"%x = {constant(x)}",
            param(f"w{group}", str(group)),
            *([param(f"b{group}", str(group), "f16")] * bias),
            f"%y = graph.norm %x, %w{group}{f' bias %b{group}' if bias else ''} "
            f"{{{', '.join(attributes)}}} : {types}",
            *expect_close("%y", y.reshape(3, 12).numpy(), "tensor<3x12xf32>"),
        )

    case("rms", layer=False, group=12, bias=False, offset=0.0)
    case("rms_offset", layer=False, group=12, bias=False, offset=1.0)
    case("rms_heads", layer=False, group=4, bias=False, offset=0.0)
    case("layer", layer=True, group=12, bias=False, offset=0.0)
    case("layer_bias", layer=True, group=12, bias=True, offset=0.0)
    case("layer_heads_offset", layer=True, group=4, bias=True, offset=1.0)
    test.write()


def rotate(x: np.ndarray, positions: np.ndarray, head_dim: int, dim: int, theta: float,
           interleaved: bool) -> np.ndarray:
    """Rotates each head: halves with transformers, interleaved as complex numbers."""
    y = x.reshape(len(x), -1, head_dim).copy()
    angles = positions[:, None] * theta ** (-np.arange(0, dim, 2) / dim)  # [tokens, dim / 2]
    if interleaved:
        pairs = y[..., 0:dim:2] + 1j * y[..., 1:dim:2]
        pairs = pairs * np.exp(1j * angles)[:, None, :]
        y[..., 0:dim:2], y[..., 1:dim:2] = pairs.real, pairs.imag
    else:
        both = torch64(np.concatenate([angles, angles], axis=1))[None]
        heads = torch64(y[..., :dim]).transpose(0, 1)[None]  # [1, heads, tokens, dim]
        rotated, _ = apply_rotary_pos_emb(heads, heads, both.cos(), both.sin())
        y[..., :dim] = rotated[0].transpose(0, 1).numpy()
    return y.reshape(x.shape)


def make_rope() -> None:
    test, rng = Test("rope", "rotary position embedding, against transformers and numpy."), Rng(3)
    x = rng.tensor(3, 16)
    positions = np.array([0, 7, 1000])

    def case(name: str, pairs: str, head_dim: int, dim: int, theta: float, scale: float = 1.0) -> None:
        expected = rotate(x, positions * scale, head_dim, dim, theta, pairs == "interleaved")
        more = f", position_scale = {scale}" if scale != 1 else ""
        test.func(
            name,
            "%tok = graph.batch ids [0, 0, 0] at [0, 7, 1000]",
            f"%x = {constant(x)}",
            f"%y = graph.rope %x, %tok {pairs} {{head_dim = {head_dim}, dim = {dim}, "
            f"theta = {theta:.1f}{more}}} : tensor<3x16xf32>",
            *expect_close("%y", expected, "tensor<3x16xf32>"),
        )

    case("halves", "halves", 8, 8, 10000.0)
    case("halves_partial", "halves", 8, 4, 100000.0)
    case("interleaved", "interleaved", 8, 8, 10000.0)
    case("interleaved_partial", "interleaved", 16, 6, 500000.0)
    case("position_scale", "halves", 16, 16, 10000.0, scale=0.25)
    test.write()


def make_glu() -> None:
    test, rng = Test("glu", "gated linear units, against torch and transformers."), Rng(4)
    alone = Test("activation", "activation functions, against torch and transformers.")
    gate, up = rng.tensor(2, 9) * 4, rng.tensor(2, 9)
    gate[0, :3] = [0.0, 30.0, -30.0]
    x = torch64(gate)
    gelu_tanh = F.gelu(x, approximate="tanh")
    activations = {"silu": F.silu(x), "gelu": F.gelu(x), "gelu_tanh": gelu_tanh, "relu": F.relu(x), "relu_squared": ACT2FN["relu2"](x)}
    for act, value in activations.items():
        result = expect_close("%y", value.numpy(), "tensor<2x9xf32>")
        alone.func(act, f"%x = {constant(gate)}", f"%y = graph.activation %x {act} : tensor<2x9xf32>", *result)
        test.func(
            act,
            f"%g = {constant(gate)}",
            f"%u = {constant(up)}",
            f"%y = graph.glu %g, %u {act} : tensor<2x9xf32>",
            *expect_close("%y", (value * torch64(up)).numpy(), "tensor<2x9xf32>"),
        )
    test.write()
    alone.write()


def make_residual() -> None:
    test, rng = Test("residual", "sums, against numpy."), Rng(5)
    x, y = rng.tensor(3, 5), rng.tensor(3, 5)
    for name, scale in (("plain", 1.0), ("scaled", 0.22)):
        test.func(
            name,
            f"%x = {constant(x)}",
            f"%b = {constant(y)}",
            f"%y = graph.residual %x, %b {f'{{scale = {scale}}} ' * (scale != 1)}: tensor<3x5xf32>",
            *expect_close("%y", x + scale * y, "tensor<3x5xf32>"),
        )
    test.write()


def make_select() -> None:
    test, rng = Test("select", "rows of wanted tokens, against numpy."), Rng(6)
    table = test.weight("w", rng.tensor(4, 3))
    for name, wanted in (("some", [False, True, False, True]), ("all", [True] * 4), ("none", [False] * 4)):
        expected = table[np.array(wanted)]
        test.func(
            name,
            f"%tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3] wanted {str(wanted).lower()}",
            param("w", "4x3"),
            "%x = graph.embed %tok, %w : !graph.weight<4x3, f32>",
            "%y = graph.select %x, %tok : tensor<?x3xf32>",
            f"%e = {constant(expected)}",
            f"check.expect_eq %y, %e : tensor<?x3xf32>, {tensor_type(expected, 'f32')}",
        )
    test.write()


def make_weights() -> None:
    test, rng = Test("weights", "rows of weight tables, in one file and in two."), Rng(12)
    tables = [test.weight(f"w{i}", rng.tensor(4, 3)) for i in range(3)]
    (HERE / "Inputs" / "weights-2.bin").write_bytes(tables[2].astype(np.float32).tobytes())
    test.declarations = [
        'graph.file @second "Inputs/weights-2.bin"',
        "graph.weights @table [2] {",
        "  graph.column @one_file : !graph.weight<4x3, f32> at [@weights], [64, 0]",
        "  graph.column @two_files : !graph.weight<4x3, f32> at [@weights, @second], [64, 0]",
        "  graph.column @unpaired : !graph.weight<4x3, f32> at [@weights], [64, 0] rows <4>",
        "  graph.column @runs : !graph.weight<4x3, f32> at [@weights], [0, 12] runs <2, 6>",
        "  graph.column @unpaired_runs : !graph.weight<4x3, f32> at [@weights], [12, 0] runs <2, 6> rows <4>",
        "}",
        "graph.weight @plain : !graph.weight<4x3, f32> at @weights, 0",
        "graph.weight @vector : !graph.weight<4, f32> at @weights, 4 runs <2, 5>",
        "graph.weight @unpaired_vector : !graph.weight<4, f32> at @weights, 4 runs <2, 5> rows <4>",
    ]
    unpair = [0, 2, 1, 3]
    floats = np.frombuffer(test.weights, np.float32).astype(np.float64)
    in_runs = [floats.reshape(-1, 3)[[first, first + 1, first + 6, first + 7]] for first in (0, 1)]
    for column, row, expected in (
        ("one_file", 0, tables[1]), ("one_file", 1, tables[0]),
        ("two_files", 0, tables[1]), ("two_files", 1, tables[2]),
        ("unpaired", 0, tables[1][unpair]), ("unpaired", 1, tables[0][unpair]),
        ("runs", 0, in_runs[0]), ("runs", 1, in_runs[1]),
        ("unpaired_runs", 0, in_runs[1][unpair]), ("unpaired_runs", 1, in_runs[0][unpair]),
    ):
        test.func(
            f"{column}_{row}",
            "%tok = graph.batch ids [0, 1, 2, 3] at [0, 1, 2, 3]",
            f"%i = arith.constant {row} : index",
            f"%w = graph.param @table::@{column}[%i] : !graph.weight<4x3, f32>",
            "%y = graph.embed %tok, %w : !graph.weight<4x3, f32>",
            f"%e = {constant(expected)}",
            "check.expect_eq %y, %e : tensor<?x3xf32>, tensor<4x3xf32>",
        )
    x, bias = rng.tensor(2, 3), floats[[1, 2, 6, 7]]
    for name, values in (("vector", bias), ("unpaired_vector", bias[unpair])):
        test.func(
            f"bias_{name}",
            f"%x = {constant(x)}",
            param("plain", "4x3"),
            param(name, "4"),
            f"%y = graph.linear %x, %plain bias %{name} : tensor<2x3xf32>, !graph.weight<4x3, f32>, !graph.weight<4, f32>",
            *expect_close("%y", F.linear(torch64(x), torch64(tables[0]), torch64(values)).numpy(), "tensor<2x4xf32>"),
        )
    test.write()


# ----------------------------------------------------------------------------------------------------
# Products
# ----------------------------------------------------------------------------------------------------


def make_linear() -> None:
    test, rng = Test("linear", "products with weights in each format, against gguf and torch."), Rng(7)
    x = rng.tensor(3, 2 * BLOCK)
    shape = f"5x{2 * BLOCK}"
    for fmt in FORMATS:
        w = test.weight(f"w_{fmt}", rng.tensor(5, 2 * BLOCK), fmt)
        test.func(
            f"linear_{fmt}",
            f"%x = {constant(x)}",
            param(f"w_{fmt}", shape, fmt),
            f"%y = graph.linear %x, %w_{fmt} : tensor<3x{2 * BLOCK}xf32>, !graph.weight<{shape}, {fmt}>",
            *expect_close("%y", F.linear(torch64(x), torch64(w)).numpy(), "tensor<3x5xf32>"),
        )
    bias = test.weight("b", rng.tensor(5), "bf16")
    test.func(
        "linear_bias",
        f"%x = {constant(x)}",
        param("w_q8_0", shape, "q8_0"),
        param("b", "5", "bf16"),
        f"%y = graph.linear %x, %w_q8_0 bias %b : tensor<3x{2 * BLOCK}xf32>, "
        f"!graph.weight<{shape}, q8_0>, !graph.weight<5, bf16>",
        *expect_close("%y", F.linear(torch64(x), torch64(w), torch64(bias)).numpy(), "tensor<3x5xf32>"),
    )
    # Rows 0 1 2 3 of a group of 4 become 0 2 1 3: first the even, then the odd ones.
    w = test.weight("w_unpair", rng.tensor(8, BLOCK), "q4_1", rows="<4>")
    unpaired = w.reshape(2, 2, 2, BLOCK).transpose(0, 2, 1, 3).reshape(8, BLOCK)
    test.func(
        "linear_unpair",
        f"%x = {constant(x[:, :BLOCK])}",
        param("w_unpair", f"8x{BLOCK}", "q4_1"),
        f"%y = graph.linear %x, %w_unpair : tensor<3x{BLOCK}xf32>, !graph.weight<8x{BLOCK}, q4_1>",
        *expect_close("%y", F.linear(torch64(x[:, :BLOCK]), torch64(unpaired)).numpy(), "tensor<3x8xf32>"),
    )
    test.write()


def quantize_activations(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes [tokens, blocks, 32] and f32 scales [tokens, blocks] of graph.quantize."""
    blocks = x.astype(np.float32).reshape(len(x), -1, BLOCK)
    scales = np.abs(blocks).max(axis=-1) / np.float32(127)
    with np.errstate(invalid="ignore", divide="ignore"):
        codes = np.where(scales[..., None] == 0, 0, np.rint(blocks / scales[..., None]))
    return np.clip(codes, -127, 127).astype(np.int32), scales


def split_blocks(raw: np.ndarray, fmt: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signed codes [rows, blocks, 32], f32 scales and minima [rows, blocks] of a weight's bytes."""
    size = {"q4_0": 18, "q4_1": 20, "q8_0": 34}[fmt]
    blocks = raw.view(np.uint8).reshape(len(raw), -1, size)
    halves = blocks[..., :4].copy().view(np.float16).astype(np.float32)
    scales, minima = halves[..., 0], halves[..., 1] if fmt == "q4_1" else np.zeros_like(halves[..., 0])
    if fmt == "q8_0":
        return blocks[..., 2:].view(np.int8).astype(np.int32), scales, minima
    nibbles = blocks[..., size - 16:]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.int32)
    return codes - (8 if fmt == "q4_0" else 0), scales, minima


def int8_product(x: np.ndarray, raw: np.ndarray, fmt: str) -> np.ndarray:
    """i32 within a block, f32 across blocks, in the order graph.linear documents."""
    codes, scales = quantize_activations(x)
    weight_codes, weight_scales, minima = split_blocks(raw, fmt)
    y = np.zeros((len(x), len(raw)), np.float32)
    for b in range(codes.shape[1]):
        dots = np.einsum("ti,oi->to", codes[:, b], weight_codes[:, b]).astype(np.float32)
        y += weight_scales[None, :, b] * scales[:, None, b] * dots
        if fmt == "q4_1":
            y += minima[None, :, b] * (scales[:, b] * codes[:, b].sum(axis=-1).astype(np.float32))[:, None]
    assert y.dtype == np.float32
    return y


def make_linear_int8() -> None:
    test, rng = Test("linear-int8", "int8 products, bit by bit against numpy in f32."), Rng(8)
    x = rng.tensor(3, 3 * BLOCK) * np.array([[1.0], [0.01], [50.0]])
    x = x.astype(np.float32)
    shape = f"5x{3 * BLOCK}"
    for fmt in ("q4_0", "q4_1", "q8_0"):
        values = rng.tensor(5, 3 * BLOCK)
        test.weight(f"w_{fmt}", values, fmt)
        raw = gguf.quants.quantize(values.astype(np.float32), FORMATS[fmt])
        y = int8_product(x, raw, fmt)
        # The exact product of the same values bounds what rounding may have done.
        exact = x.astype(np.float64) @ gguf.quants.dequantize(raw, FORMATS[fmt]).astype(np.float64).T
        assert np.abs(y - exact).max() < 0.02 * np.abs(exact).max(), (fmt, np.abs(y - exact).max())
        test.func(
            f"linear_{fmt}",
            f"%x = {constant(x)}",
            f"%q = graph.quantize %x by {BLOCK} : tensor<3x{3 * BLOCK}xf32>",
            param(f"w_{fmt}", shape, fmt),
            f"%y = graph.linear %q, %w_{fmt} : !graph.qtensor<3x{3 * BLOCK}, block = {BLOCK}>, "
            f"!graph.weight<{shape}, {fmt}>",
            f"%e = {constant(y)}",
            "check.expect_eq %y, %e : tensor<3x5xf32>, tensor<3x5xf32>",
        )
    test.write()


def make_quantize() -> None:
    test = Test("quantize", "int8 blocks, shown by a product with the identity, against numpy.")
    test.weight("identity", 127 * np.eye(BLOCK), "q8_0")  # codes of 127, so scales of 1
    ties = np.array([127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5] * 4)  # scale 1
    x = np.stack([
        np.zeros(BLOCK),
        ties,
        -ties / 8,
        np.linspace(-3, 7, BLOCK),
        np.full(BLOCK, 1e-40),  # a scale among the subnormals
        np.eye(BLOCK)[5] * 1e30,
    ]).astype(np.float32)
    codes, scales = quantize_activations(x)
    expected = scales * (np.float32(127) * codes[:, 0].astype(np.float32))
    test.func(
        "quantize",
        f"%x = {constant(x)}",
        f"%q = graph.quantize %x by {BLOCK} : {tensor_type(x, 'f32')}",
        param("identity", f"{BLOCK}x{BLOCK}", "q8_0"),
        f"%y = graph.linear %q, %identity : !graph.qtensor<{len(x)}x{BLOCK}, block = {BLOCK}>, "
        f"!graph.weight<{BLOCK}x{BLOCK}, q8_0>",
        f"%e = {constant(expected)}",
        f"check.expect_eq %y, %e : {tensor_type(x, 'f32')}, {tensor_type(x, 'f32')}",
    )
    test.write()


def make_logits() -> None:
    test, rng = Test("logits", "scores, against torch."), Rng(9)
    x = rng.tensor(2, BLOCK)
    w = test.weight("w", rng.tensor(7, BLOCK), "f16")
    b = test.weight("b", rng.tensor(7), "f32")
    plain = F.linear(torch64(x), torch64(w))
    cases = {
        "plain": ("", plain, False),
        "scale": (" {scale = 0.25}", 0.25 * plain, False),
        "scale_bias": (" {scale = 0.25}", 0.25 * plain + torch64(b), True),
        "softcap": (" {scale = 0.5, softcap = 3.0}", 3 * torch.tanh(0.5 * plain / 3), False),
        "softcap_bias": (" {softcap = 3.0}", 3 * torch.tanh((plain + torch64(b)) / 3), True),
    }
    for name, (attributes, expected, bias) in cases.items():
        test.func(
            name,
            f"%x = {constant(x)}",
            param("w", f"7x{BLOCK}", "f16"),
            *([param("b", "7")] * bias),
            f"%y = graph.logits %x, %w{' bias %b' * bias}{attributes} : tensor<2x{BLOCK}xf32>, "
            f"!graph.weight<7x{BLOCK}, f16>{', !graph.weight<7, f32>' * bias}",
            *expect_close("%y", expected.numpy(), "tensor<2x7xf32>"),
        )
    test.write()


# ----------------------------------------------------------------------------------------------------
# Attention
# ----------------------------------------------------------------------------------------------------


def onnx_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, heads: int, kv_heads: int, scale: float,
                   causal: bool, window: int, softcap: float) -> np.ndarray:
    """Attention of opset 25 on [tokens, heads x dim] in f64, the queries being the newest tokens.

    The attributes are f32 and onnx scales by sqrt(scale) twice: only scales such as 1/4 are exact.
    """
    attributes = {"q_num_heads": heads, "kv_num_heads": kv_heads, "scale": scale, "softcap": softcap,
                  "is_causal": int(causal), "left_window_size": window - 1 if window else -1,
                  "softmax_precision": onnx.TensorProto.DOUBLE}
    tensors = {"Q": q[None], "K": k[None], "V": v[None], "n": np.array([len(k)], np.int64)}
    kinds = {"Q": onnx.TensorProto.DOUBLE, "K": onnx.TensorProto.DOUBLE, "V": onnx.TensorProto.DOUBLE,
             "n": onnx.TensorProto.INT64}
    node = onnx.helper.make_node("Attention", ["Q", "K", "V", "", "", "", "n"], ["Y"], **attributes)
    graph = onnx.helper.make_graph(
        [node], "attention",
        [onnx.helper.make_tensor_value_info(n, kinds[n], t.shape) for n, t in tensors.items()],
        [onnx.helper.make_tensor_value_info("Y", onnx.TensorProto.DOUBLE, None)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 25)])
    y = onnx.reference.ReferenceEvaluator(model).run(None, tensors)[0][0]
    if len(k) >= len(q) and not window:
        check_onnxruntime(q, k, v, attributes, y)
    return y


def check_onnxruntime(q: np.ndarray, k: np.ndarray, v: np.ndarray, attributes: dict, expected: np.ndarray) -> None:
    """The same in onnxruntime (opset 23, f32), where the first keys come as the past."""
    heads = attributes["kv_num_heads"]
    past = len(k) - len(q)
    split = lambda a: a[None, :past].reshape(1, past, heads, -1).transpose(0, 2, 1, 3)  # noqa: E731
    tensors = {"Q": q[None], "K": k[None, past:], "V": v[None, past:]}
    if past:
        tensors |= {"pk": split(k), "pv": split(v)}
    attributes = {key: value for key, value in attributes.items()
                  if key not in ("left_window_size", "softmax_precision")}
    inputs = ["Q", "K", "V"] + ["", "pk", "pv"] * bool(past)
    outputs = ["Y"] + ["nk", "nv"] * bool(past)
    float_info = lambda n, shape: onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape)  # noqa: E731
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Attention", inputs, outputs, **attributes)], "attention",
        [float_info(n, t.shape) for n, t in tensors.items()], [float_info(n, None) for n in outputs])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 23)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y = session.run(None, {n: t.astype(np.float32) for n, t in tensors.items()})[0][0]
    assert np.abs(y - expected).max() < 1e-5, np.abs(y - expected).max()


def attention_attributes(scale: float, causal: bool, window: int, softcap: float) -> str:
    parts = [f"scale = {scale}"] + ["mask = #graph.mask<causal>"] * causal
    parts += [f"window = {window}"] * bool(window) + [f"softcap = {softcap}"] * bool(softcap)
    return "{" + ", ".join(parts) + "}"


def make_attention() -> None:
    test, rng = Test("attention", "attention over keys and values, against onnx and onnxruntime."), Rng(10)

    def case(name: str, queries: int, keys: int, heads: int, kv_heads: int, key_dim: int, value_dim: int,
             scale: float = 0.25, causal: bool = False, window: int = 0, softcap: float = 0.0) -> None:
        q = rng.tensor(queries, heads * key_dim)
        k, v = rng.tensor(keys, kv_heads * key_dim), rng.tensor(keys, kv_heads * value_dim)
        expected = onnx_attention(q, k, v, heads, kv_heads, scale, causal, window, softcap)
        types = f"{tensor_type(q, 'f32')} keys {tensor_type(k, 'f32')}, {tensor_type(v, 'f32')}"
        test.func(
            name,
            f"%q = {constant(q)}",
            f"%k = {constant(k)}",
            f"%v = {constant(v)}",
            f"%y = graph.attention %q keys %k, %v heads {heads} over {kv_heads} "
            f"{attention_attributes(scale, causal, window, softcap)} : {types}",
            *expect_close("%y", expected, tensor_type(expected, "f32")),
        )

    case("plain", 3, 3, 2, 2, 4, 4)
    case("grouped", 3, 5, 6, 2, 4, 4)
    case("one_kv_head", 2, 5, 3, 1, 4, 4)
    case("longer_values", 3, 4, 2, 1, 4, 6)
    case("shorter_values", 3, 4, 2, 2, 6, 3)
    case("softcap", 3, 4, 2, 2, 4, 4, softcap=1.5)
    case("causal_square", 4, 4, 2, 1, 4, 4, causal=True)
    case("causal_more_keys", 3, 7, 2, 1, 4, 4, causal=True)
    case("causal_more_queries", 5, 3, 2, 1, 4, 4, causal=True)  # two rows of zeros
    case("causal_softcap", 3, 7, 2, 1, 4, 4, causal=True, softcap=2.0)
    case("window", 4, 7, 2, 1, 4, 4, causal=True, window=3)
    case("window_one", 3, 4, 2, 2, 4, 4, causal=True, window=1)
    case("window_softcap_more_queries", 6, 4, 4, 2, 4, 5, causal=True, window=2, softcap=2.0)
    case("one_query", 1, 9, 4, 2, 4, 4, causal=True)
    test.write()


def make_attention_cache() -> None:
    test = Test("attention-cache", "attention over caches with slots and positions, against onnx, token by token.")
    rng = Rng(11)

    def case(name: str, cache: str, batches: list[tuple[list[int], list[int]]], heads: int, kv_heads: int,
             key_dim: int, value_dim: int, scale: float = 0.25, causal: bool = True, window: int = 0,
             cache_window: int = 0, softcap: float = 0.0, store: str = "", evict: tuple = ()) -> None:
        dtype = {"": np.float64, "f32": np.float32, "f16": np.float16}[store]
        lines = [f"%kv = kv.create capacity 8 slots 2 : {cache}"]
        sequences = {0: {}, 1: {}}  # slot -> position -> (key, value)
        for n, (positions, slots) in enumerate(batches):
            tokens = len(positions)
            # A third of it is exact in no binary format.
            q = rng.tensor(tokens, heads * key_dim)
            k = (rng.tensor(tokens, kv_heads * key_dim) / 3).astype(np.float32)
            v = (rng.tensor(tokens, kv_heads * value_dim) / 3).astype(np.float32)
            for t, (position, slot) in enumerate(zip(positions, slots)):
                sequences[slot][position] = (k[t].astype(dtype), v[t].astype(dtype))
            expected = np.zeros((tokens, heads * value_dim))
            for t, (position, slot) in enumerate(zip(positions, slots)):
                seen = [p for p in sorted(sequences[slot]) if p <= position or not causal]
                if cache_window:
                    seen = [p for p in seen if p > position - cache_window]
                if seen:
                    keys, values = (np.stack([sequences[slot][p][i] for p in seen]).astype(np.float64) for i in (0, 1))
                    expected[t] = onnx_attention(q[t:t + 1], keys, values, heads, kv_heads, scale, causal,
                                                 window, softcap)[0]
            types = [tensor_type(a, "f32") for a in (q, k, v)]
            lines += [
                f"%tok{n} = graph.batch ids {[0] * tokens} at {positions} slots {slots}",
                f"%q{n} = {constant(q)}",
                f"%k{n} = {constant(k)}",
                f"%v{n} = {constant(v)}",
                f"kv.append %kv, %k{n}, %v{n}, %tok{n} : {cache}, {types[1]}, {types[2]}, !graph.tokens",
                f"%y{n} = graph.attention %q{n} cache %kv, %tok{n} heads {heads} over {kv_heads} "
                f"{attention_attributes(scale, causal, window, softcap)} : {types[0]}, {cache}, !graph.tokens",
                *expect_close(f"%y{n}", expected, tensor_type(expected, "f32"), str(n)),
            ]
            if evict:
                slot, keep = evict
                lines.append(f"kv.evict %kv slot {slot} keep {keep} : {cache}")
                sequences[slot] = {p: kv for p, kv in sequences[slot].items() if p < keep}
        test.func(name, *lines)

    prefill, decode = ([0, 1, 2], [0, 0, 0]), ([3], [0])
    case("prefill_decode", "!kv.cache<2x4>", [prefill, decode], 4, 2, 4, 4)
    case("two_slots", "!kv.cache<1x4>", [([0, 0, 1, 1, 2], [0, 1, 0, 1, 1]), ([3, 2], [1, 0])], 2, 1, 4, 4)
    case("any_order", "!kv.cache<1x4>", [([2, 0, 1], [0, 0, 0])], 2, 1, 4, 4)
    case("written_again", "!kv.cache<1x4>", [prefill, ([2], [0]), ([3], [0])], 2, 1, 4, 4)
    case("evict", "!kv.cache<1x4>", [prefill, ([1], [0]), ([1, 2], [0, 0])], 2, 1, 4, 4, evict=(0, 1))
    case("evict_not_causal", "!kv.cache<1x4>", [prefill, ([0], [0])], 2, 1, 4, 4, causal=False, evict=(0, 1))
    case("value_dim", "!kv.cache<2x4, value_dim = 3>", [prefill, decode], 2, 2, 4, 3)
    case("window", "!kv.cache<1x4>", [([0, 1, 2, 3, 4], [0] * 5), ([5], [0])], 2, 1, 4, 4, window=2)
    case("window_of_cache", "!kv.cache<1x4, window = 3>", [([0, 1, 2, 3, 4], [0] * 5), ([5], [0])], 2, 1, 4, 4,
         cache_window=3)
    case("softcap", "!kv.cache<1x4>", [prefill, decode], 2, 1, 4, 4, softcap=0.5)
    case("not_causal", "!kv.cache<1x4>", [prefill, ([1], [1])], 2, 1, 4, 4, causal=False)
    case("stored_as_f16", "!kv.cache<2x4, k = <f16>, v = <f16>>", [prefill, decode], 4, 2, 4, 4, store="f16")
    case("stored_as_f32", "!kv.cache<2x4, k = <f32>, v = <f32>>", [prefill, decode], 4, 2, 4, 4, store="f32")
    test.write()


# ----------------------------------------------------------------------------------------------------
# Mixtures of experts
# ----------------------------------------------------------------------------------------------------


def route(scores: np.ndarray, top: int, scoring: str = "softmax", bias: np.ndarray | None = None,
          normalize: bool = False, scale: float = 1.0) -> np.ndarray:
    """As transformers' routers (Qwen3MoeTopKRouter, Ernie4_5_MoeTopKRouter) do it."""
    scored = torch64(scores).softmax(-1) if scoring == "softmax" else torch64(scores).sigmoid()
    keys = scored if bias is None else scored + torch64(bias)
    chosen = keys.topk(top, dim=-1).indices
    weights = scored.gather(-1, chosen)
    if normalize:
        weights = weights / weights.sum(-1, keepdim=True)
    return torch.cat([chosen.double(), weights * scale], dim=-1).numpy()


def make_route() -> None:
    test, rng = Test("route", "the experts of each token, against torch."), Rng(20)
    # No two scores of a token are equal: torch does not say which of those it takes first.
    scores = np.stack([rng.rng.permutation(7) for _ in range(4)]) / 4.0 - 1.0
    bias = test.weight("bias", np.array([0.5, -0.25, 0.0, 0.125, 0.75, -0.5, 0.25]))

    def case(name: str, top: int, attributes: str, **options) -> None:
        expected = route(scores, top, **options)
        has_bias = "bias" in options
        test.func(
            name,
            f"%x = {constant(scores)}",
            *([param("bias", "7")] if has_bias else []),
            f"%r = graph.route %x{' bias %bias' if has_bias else ''} top {top} {attributes}: tensor<4x7xf32>"
            + (", !graph.weight<7, f32>" if has_bias else ""),
            *expect_close("%r", expected, f"tensor<4x{2 * top}xf32>"),
        )

    case("softmax", 3, "")
    case("normalized", 3, "{normalize} ", normalize=True)
    case("one", 1, "")
    case("all", 7, "{normalize} ", normalize=True)
    case("with_bias", 2, "{normalize} ", normalize=True, bias=bias)
    case("sigmoid", 4, "{normalize, scale = 2.5 : f64, scoring = #graph.scoring<sigmoid>} ", scoring="sigmoid",
         bias=bias, normalize=True, scale=2.5)
    # Weights that f32 holds as equal zeros are chosen by their scores.
    far = np.array([[200.0, -50.0, 0.0, -300.0, 50.0, -100.0, 10.0]])
    expected = np.array([[0.0, 4.0, 6.0, 1.0, 0.0, 0.0]])
    test.func(
        "far_apart",
        f"%x = {constant(far)}",
        "%r = graph.route %x top 3 : tensor<1x7xf32>",
        *expect_close("%r", expected, "tensor<1x6xf32>"),
    )
    equal = np.array([[0.0] * 7, [1.0, 2.0, 2.0, 0.0, 2.0, 1.0, 2.0]])
    chosen = np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 4.0]])  # the first of equal ones
    weights = torch64(equal).softmax(-1).gather(-1, torch.from_numpy(chosen).long()).numpy()
    many = np.zeros((1, 40))  # more than sorts take one by one
    test.func(
        "many_equal_scores",
        f"%x = {constant(many)}",
        "%r = graph.route %x top 3 : tensor<1x40xf32>",
        *expect_close("%r", np.array([[0.0, 1.0, 2.0] + [1 / 40] * 3]), "tensor<1x6xf32>"),
    )
    test.func(
        "equal_scores",
        f"%x = {constant(equal)}",
        "%r = graph.route %x top 3 : tensor<2x7xf32>",
        *expect_close("%r", np.concatenate([chosen, weights], axis=1), "tensor<2x6xf32>"),
    )
    test.write()


def make_experts() -> None:
    test, rng = Test("experts", "products with the experts of each token, against gguf and torch."), Rng(21)
    experts, out, top = 5, 3, 2
    routes = np.array([[4.0, 0.0, 0.25, 0.5], [1.0, 4.0, 1.0, 0.125], [0.0, 2.0, -0.5, 2.0]])
    ids = routes[:, :top].astype(int)

    def case(name: str, fmt: str, parts: str, quantized: bool) -> None:
        shape = f"{experts}x{out}x{BLOCK}"
        values = rng.tensor(experts, out, BLOCK)
        w = test.weight(f"w_{name}", values, fmt)
        x = rng.tensor(3, BLOCK * (top if parts == "sum" else 1))
        if quantized:
            raw = gguf.quants.quantize(values.astype(np.float32), FORMATS[fmt])
            product = lambda row, expert: int8_product(row[None], raw[expert], fmt)[0].astype(np.float64)
        else:
            product = lambda row, expert: F.linear(torch64(row), torch64(w[expert])).numpy()
        y = np.zeros((3, out if parts == "sum" else top * out))
        for t in range(3):
            for s in range(top):
                if parts == "sum":
                    y[t] += routes[t, top + s] * product(x[t, s * BLOCK : (s + 1) * BLOCK], ids[t, s])
                else:
                    y[t, s * out : (s + 1) * out] = product(x[t], ids[t, s])
        columns = x.shape[1]
        input_type = f"!graph.qtensor<3x{columns}, block = {BLOCK}>" if quantized else f"tensor<3x{columns}xf32>"
        test.func(
            name,
            f"%x = {constant(x)}",
            *([f"%q = graph.quantize %x by {BLOCK} : tensor<3x{columns}xf32>"] if quantized else []),
            f"%r = {constant(routes)}",
            param(f"w_{name}", shape, fmt),
            f"%y = graph.experts {'%q' if quantized else '%x'}, %r, %w_{name} {parts} : {input_type}, "
            f"tensor<3x{2 * top}xf32>, !graph.weight<{shape}, {fmt}>",
            *expect_close("%y", y, f"tensor<3x{y.shape[1]}xf32>"),
        )

    for fmt in ("f32", "q4_1"):
        for parts in ("each", "sum"):
            case(f"{parts}_{fmt}", fmt, parts, False)
    for parts in ("each", "sum"):
        case(f"{parts}_int8", "q8_0", parts, True)
    # Experts that lie apart, in another order, in each row of a table.
    w, x = test.weight("matrices", rng.tensor(4, out, BLOCK)), rng.tensor(3, BLOCK)
    end, size = len(test.weights), 4 * out * BLOCK
    first = end - 4 * size
    orders = ([2, 0, 3], [1, 3, 0])
    offsets = ", ".join(str(first + size * number) for order in orders for number in order)
    shape = f"3x{out}x{BLOCK}"
    test.declarations += ["graph.weights @table [2] {", f"  graph.column @pieces : !graph.weight<{shape}, f32> at [@weights], [{offsets}]", "}"]
    numbers = np.array([[0.0, 2.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0], [2.0, 1.0, 1.0, 1.0]])
    for row, order in enumerate(orders):
        y = np.stack([np.concatenate([w[order[int(e)]] @ x[t] for e in numbers[t, :2]]) for t in range(3)])
        test.func(
            f"pieces_{row}",
            f"%x = {constant(x)}",
            f"%r = {constant(numbers)}",
            f"%i = arith.constant {row} : index",
            f"%w = graph.param @table::@pieces[%i] : !graph.weight<{shape}, f32>",
            f"%y = graph.experts %x, %r, %w each : tensor<3x{BLOCK}xf32>, tensor<3x4xf32>, !graph.weight<{shape}, f32>",
            *expect_close("%y", y, f"tensor<3x{2 * out}xf32>"),
        )
    test.write()


MAKERS = {name.removeprefix("make_").replace("_", "-"): maker
          for name, maker in list(globals().items()) if name.startswith("make_")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", choices=[*MAKERS, []], help="tests to write (default: all)")
    arguments = parser.parse_args()
    (HERE / "Inputs").mkdir(exist_ok=True)
    for name in arguments.tests or MAKERS:
        MAKERS[name]()


if __name__ == "__main__":
    main()
