# RUN: %python %s
# ===- unplanned.py - a graph that nobody planned for -----------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Inputs/unplanned.mlir through the whole compiler: outlined, planned, fused, verified and explained, and its logits
against those of the model written down here in Python's own arithmetic."""

import json
import math
import random
import re
import shutil
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main, parse_json, read_npy

TEXT = Path(__file__).parent / "Inputs" / "unplanned.mlir"
F32 = ("--activations=f32", "--kv-cache-type=f32")
TOKENS = [3, 17, 39, 0, 8, 8, 21, 30, 5, 11, 2]
IDS = ",".join(map(str, TOKENS))
DIM, WINDOW = 16, 5
# Producer and consumer of every value, by the names of weights or of ops.
EDGES = {
    "decoder0": {
        *(("ln.weight", "q"), ("ln.weight", "k"), ("ln.weight", "v"), ("ln.weight", "fc_in")),
        *(("q", "rope"), ("k", "rope.2"), ("rope.2", "append"), ("v", "append"), ("rope", "attention")),
        *(("attention", "sub_norm"), ("sub_norm", "o"), ("fc_in", "activation"), ("activation", "fc_out")),
        *(("o", "residual"), ("residual", "residual.2"), ("fc_out", "residual.2")),
    },
    "decoder1": {
        *(("q", "q_norm"), ("k", "k_norm"), ("q_norm", "rope"), ("k_norm", "rope.2"), ("rope.2", "append")),
        *(("v", "append"), ("rope", "attention"), ("attention", "o"), ("o", "residual")),
        *(("residual", "post_attention"), ("post_attention", "gate"), ("post_attention", "up")),
        *(("post_attention", "residual.2"), ("gate", "glu"), ("up", "glu"), ("glu", "down")),
        *(("down", "residual.2"), ("residual.2", "post_ffn")),
    },
}


def make_weights():
    """Rows by name, and the file they are in."""
    generator, weights, data = random.Random(11), {}, bytearray()
    for name, shape, offset in re.findall(r"weight @(\S+) : !graph.weight<([\dx]+), f32> at @f0, (\d+)", TEXT.read_text()):
        sizes = [int(size) for size in shape.split("x")]
        assert len(data) == int(offset), name
        around, spread = (1, 0.3) if len(sizes) == 1 and "bias" not in name else (0, sizes[-1] ** -0.5)
        values = [around + generator.gauss(0, spread) for _ in range(math.prod(sizes))]
        packed = struct.pack(f"<{len(values)}f", *values)
        data += packed
        values = struct.unpack(f"<{len(values)}f", packed)
        weights[name] = values if len(sizes) == 1 else [values[i : i + sizes[1]] for i in range(0, len(values), sizes[1])]
    return weights, bytes(data)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def add(a, b):
    return [x + y for x, y in zip(a, b, strict=True)]


def product(x, rows, bias=None):
    y = [dot(x, row) for row in rows]
    return add(y, bias) if bias else y


def rms(x, weight, eps=1e-5):
    root = math.sqrt(dot(x, x) / len(x) + eps)
    return [v / root * w for v, w in zip(x, weight, strict=True)]


def layer_norm(x, weight, bias):
    mean = sum(x) / len(x)
    x = [v - mean for v in x]
    return add(rms(x, weight), bias)


def by_heads(function, x):
    return [y for i in range(0, len(x), DIM) for y in function(x[i : i + DIM])]


def rotate(head, position, dim, halves):
    y = list(head)
    for i in range(dim // 2):
        a, b = (i, i + dim // 2) if halves else (2 * i, 2 * i + 1)
        angle = position * 1e4 ** (-2 * i / dim)
        y[a] = head[a] * math.cos(angle) - head[b] * math.sin(angle)
        y[b] = head[b] * math.cos(angle) + head[a] * math.sin(angle)
    return y


def attend(q, keys, values):
    """All heads of queries over the one of keys."""

    def one(head):
        scores = [math.exp(0.25 * dot(head, key)) for key in keys]
        return [sum(s * v[i] for s, v in zip(scores, values, strict=True)) / sum(scores) for i in range(DIM)]

    return by_heads(one, q)


def gelu(x):
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def beside(x, position, w, keys, values):
    """Attention and an FFN without a gate behind one norm."""
    n = layer_norm(x, w["ln.weight"], w["ln.bias"])
    keys.append(rotate(product(n, w["k"]), position, 8, halves=False))
    values.append(product(n, w["v"]))
    q = by_heads(lambda head: rotate(head, position, 8, halves=False), product(n, w["q"]))
    a = product(rms(attend(q, keys, values), w["sub_norm"]), w["o"])
    f = product([gelu(v) for v in product(n, w["fc_in"], w["fc_in.bias"])], w["fc_out"], w["fc_out.bias"])
    return add(add(x, a), f)


def behind(x, position, w, keys, values):
    """Norms of sums; a window."""

    def turned(rows, norm):
        return by_heads(lambda head: rotate(rms(head, w[norm], 1e-6), position, DIM, halves=True), product(x, rows))

    keys.append(turned(w["k"], "k_norm"))
    values.append(product(x, w["v"]))
    a = attend(turned(w["q"], "q_norm"), keys[-WINDOW:], values[-WINDOW:])
    z = rms(add(x, product(a, w["o"])), w["post_attention"])
    f = [max(g, 0) * u for g, u in zip(product(z, w["gate"]), product(z, w["up"]), strict=True)]
    return rms(add(z, product(f, w["down"])), w["post_ffn"])


def expected_logits(weights):
    caches = [([], []) for _ in range(4)]
    result = []
    for position, token in enumerate(TOKENS):
        x = rms([2 * v for v in weights["wte"][token]], weights["wte_norm"])
        for number, (keys, values) in enumerate(caches):
            prefix = f"h.{number}."
            w = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
            x = (behind if number % 2 else beside)(x, position, w, keys, values)
        result.append(product(x, weights["head"]))
    return result


class UnplannedTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = str(self.directory / "unplanned.mlir")
        shutil.copy(TEXT, self.model)
        self.weights, data = make_weights()
        self.make_model("tokenizer.gguf")
        (self.directory / "unplanned.bin").write_bytes(data)

    def compiled_to(self, phase, *arguments):
        return self.frit("compile", self.model, f"--compile-to={phase}", "--emit=mlir", "-o", "-", *arguments)[0]

    def test_outlined(self):
        text = self.compiled_to("normalize")
        self.assertEqual(
            re.findall(r"#graph.segment<@(\w+), (\d), (\d)>", text),
            [("decoder0", "0", "1"), ("decoder1", "0", "1"), ("decoder0", "1", "1"), ("decoder1", "1", "1")],
        )
        self.assertNotIn("kv.layer", text)
        # What is in front of the layers and behind them stays.
        self.assertEqual(re.findall(r"graph\.weight @(\S+)", text), ["wte", "wte_norm", "head"])

    def test_fused(self):
        def phases(fusion):
            """Phases of each function in calls of one token."""
            text = self.compiled_to("fuse", f"--fusion={fusion}", "--target=x86-64-v3", *F32)
            functions = re.findall(r"graph\.(?:layer|func) @(\w+)\((.*?)graph\.return", text, re.DOTALL)
            return {name: body.count("kernel.call") for name, body in functions}

        self.assertEqual(phases("none"), {"decoder0": 15, "decoder1": 18, "forward": 4})
        # Norms behind residuals are phases of their own: they need what all cores compute, and the residual stream
        # goes on from what they give.
        fused = {"decoder0": 4, "decoder1": 7, "forward": 3}
        self.assertEqual(phases("all"), fused)
        self.assertEqual(phases("planned"), fused)

    def test_logits(self):
        expected = [value for row in expected_logits(self.weights) for value in row]
        largest = max(map(abs, expected))
        file = self.directory / "logits.npy"
        for fusion in ("none", "all", "planned"):
            self.frit(*("run", self.model, "--tokens", IDS, "-n", "0", "--logits", str(file), f"--fusion={fusion}"), *F32)
            shape, values = read_npy(file)
            self.assertEqual(shape, (len(TOKENS), 288))
            worst = max(abs(a - b) for a, b in zip(expected, values, strict=True))
            self.assertLess(worst, 1e-5 * largest, fusion)

    def test_verified(self):
        for formats in ((), F32):
            report = parse_json(self.frit("verify", self.model, "--tokens", IDS, "--json", *formats)[0])
            self.assertTrue(report["ok"])
            self.assertEqual([layer["name"] for layer in report["layers"]][:5], ["embed", *(f"layer {n}" for n in range(4))])
            replayed = {phase["name"].split(".")[0] for phase in report["phases"]}
            self.assertEqual(replayed, {"decoder0", "decoder1", "forward"})

    def test_counted(self):
        """Phases and bytes as planned are those that the interpreter counts."""
        out, _ = self.frit("characterize", self.model, "--count", "--json", "--context", "50", "--prompt", "40")
        found = json.loads(out)
        for call in ("decode", "prefill"):
            for cut in ("planned", "unfused"):
                counted = found[call]["counted"][cut]
                self.assertGreater(counted["phases"], 4)
                for key, value in counted.items():
                    self.assertEqual(found[call][cut][key], value, f"{call}, {cut}: {key}")

    def test_explained(self):
        """A record for each edge."""
        lines = self.frit("explain", self.model, "--json", "--target=x86-64-v3")[0].splitlines()
        edges = {}
        for record in map(json.loads, lines):
            self.assertTrue(record["reason"], record)
            pairs = edges.setdefault((record["function"], record["tokens"]), set())
            pairs.add((record["producer"].removeprefix("h."), record["consumer"].removeprefix("h.")))
        self.assertEqual({function for function, _ in edges}, {*EDGES, "forward"})
        for (function, tokens), pairs in edges.items():
            self.assertEqual(EDGES.get(function, set()) - pairs, set(), f"{function}, {tokens} tokens")


if __name__ == "__main__":
    main()
