# RUN: %python %s
# ===- explain.py - frit explain ------------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main

KEYS = ["function", "tokens", "keys", "producer", "consumer", "decision", "reason", "bytes_saved", "seconds", "flip"]


def figure(value, **more):
    return {"value": value, "provenance": "assumed", "source": "a test"} | more


def memory(name, scope, size, **more):
    return {"name": name, "scope": scope, "bytes": figure(size)} | more


def path(start, end, rate, scope="core"):
    return {"from": start, "to": end, "source": "a test", "bytes_per_second": figure(rate, scope=scope)}


def machine(units_meet):
    """A machine whose matrix unit and vector unit have memories of their own, and paths between them or not."""
    paths = [
        path("hbm", "l2", 1.6e12, "machine"), path("l2", "hbm", 1.6e12, "machine"), path("l2", "l1", 2e11),
        path("l0c", "l2", 1.5e11), path("l2", "ub", 2e11), path("ub", "l2", 1.5e11),
    ]  # fmt: skip
    if units_meet:
        paths += [path("l0c", "ub", 4e11), path("ub", "l1", 4e11)]
    return {
        "name": "cube",
        "summary": "made up",
        "kind": "npu",
        "cores": figure(20),
        "matrix_units_per_core": figure(1),
        "vector_units_per_core": figure(1),
        "f32_ops_per_second": figure(2.3e11, scope="core"),
        "exp_per_second": figure(5e10, scope="core"),
        "barrier_seconds": figure(2e-6),
        "memories": [
            memory("l1", "core", 1 << 19, serves=["matrix_inputs"]),
            memory("l0c", "core", 1 << 17, serves=["matrix_outputs"]),
            memory("ub", "core", 192 << 10, serves=["vectors"]),
            memory("l2", "machine", 192 << 20),
            memory("hbm", "machine", 64 << 30),
        ],
        "datapaths": paths,
        "instructions": [
            {
                "name": "mmad", "m": 16, "n": 16, "k": 16, "lhs": "f16", "rhs": "f16", "acc": "f32",
                "source": "a test", "ops_per_second": figure(1.47e13, scope="core"),
            },
        ],
    }  # fmt: skip


class ExplainTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def write(self, description):
        (self.directory / "m.json").write_text(json.dumps(description))
        return ["explain", self.model, "--target", "m.json", "--activations", "f32"]

    def records(self, *arguments):
        out, err = self.frit(*arguments, "--json")
        self.assertEqual(err, "")
        records = [json.loads(line) for line in out.splitlines()]
        for record in records:
            self.assertEqual(list(record), sorted(KEYS))
            self.assertTrue(record["reason"])
            self.assertEqual(record["seconds"] is None, record["bytes_saved"] is None)
        return {(record["function"], record["producer"], record["consumer"]): record for record in records}

    def test_every_edge_has_a_record(self):
        records = self.records(*self.write(machine(True)))
        layer = [key for key in records if key[0] == "decoder"]
        # norm, q, k, v, two ropes, append, attention, output, residual, norm, gate, up, glu, down, residual
        self.assertEqual(len(layer), 21)
        self.assertEqual(records["decoder", "rope", "attention"]["decision"], "stored")
        self.assertEqual(records["decoder", "attn_output", "residual"]["decision"], "epilogue")
        self.assertEqual(records["decoder", "ffn_gate", "ffn_up"]["decision"], "together")
        self.assertEqual({record["tokens"] for record in records.values()}, {1})
        self.assertEqual({record["keys"] for record in records.values()}, {1024})

    def test_a_path_more_changes_the_plan(self):
        key = ("decoder", "ffn_gate", "glu")
        for units_meet, reason in ((False, "through a workspace: l0c to l2 to ub"), (True, "l0c to ub")):
            arguments = (*self.write(machine(units_meet)), "--tokens", "512")
            self.assertEqual(self.records(*arguments)[key]["reason"], reason)

    def test_table(self):
        out, err = self.frit(*self.write(machine(True)), "--tokens", "8", "--keys", "100")
        self.assertEqual(err, "")
        lines = out.splitlines()
        self.assertEqual(lines[0], "on cube, for 8 tokens of which the newest sees 100 keys")
        self.assertRegex(lines[2], r"^decoder: 16 ops in [1-7] phases, [0-9.]+ us; unfused 16 phases, [0-9.]+ us; ")
        self.assertIn("forward: ", out)
        self.assertRegex(out, r"\n  attn_output +residual +epilogue +[0-9]+ +[0-9.]+ us +l0c to ub")

    def test_errors(self):
        description = machine(False)
        del description["barrier_seconds"], description["datapaths"][3]["bytes_per_second"]
        self.assert_error(
            self.write(description),
            "the description of machine cube does not say what the planner needs: barrier_seconds, the bandwidth from l0c to l2",
        )
        description = machine(True)
        del description["memories"][2]["serves"]
        self.assert_error(self.write(description), "which memory serves vectors")
        good = self.write(machine(True))
        self.assert_error([*good, "--tokens", "0"], "--tokens: expected 1 to 1048576, found 0", code=2)
        self.assert_error([*good, "--tokens", "8", "--keys", "7"], "--keys: expected 8 to 1048576, found 7", code=2)
        self.frit("compile", self.model, "--compile-to", "fuse", "-o", "fused.mlir")
        self.assert_error(["explain", "fused.mlir"], "'fused.mlir' was left after fuse: expected a model in front of fuse")
        self.frit("compile", self.model, "-o", "x.frit")
        self.assert_error(["explain", "x.frit"], "x.frit")


if __name__ == "__main__":
    main()
