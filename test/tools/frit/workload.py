# RUN: %python %s
# ===- workload.py - frit characterize, roofline and select --------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import json
import os
import re
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import DriverTest, main


def figure(value, provenance="vendor", **more):
    return {"value": value, "provenance": provenance, "source": "a test"} | more


def rate(value, scope, **more):
    return figure(value, scope=scope, **more)


def machine(name="small", bandwidth=2e10, size=1 << 36):
    """A CPU of two cores with a cache each."""
    path = {"source": "a test", "bytes_per_second": rate(bandwidth, "machine", provenance="measured")}
    return {
        "name": name,
        "summary": "made up",
        "kind": "cpu",
        "cores": figure(2),
        "f32_ops_per_second": rate(1e11, "core", provenance="derived"),
        "exp_per_second": rate(2e9, "core"),
        "barrier_seconds": figure(5e-7),
        "memories": [
            {"name": "l2", "scope": "core", "bytes": figure(1 << 20)},
            {"name": "dram", "scope": "machine", "bytes": figure(size)},
        ],
        "datapaths": [{"from": "dram", "to": "l2"} | path, {"from": "l2", "to": "dram"} | path],
        "instructions": [
            {
                "name": "dot", "m": 1, "n": 16, "k": 4, "lhs": "i8", "rhs": "i8", "acc": "i32", "source": "a test",
                "ops_per_second": rate(4e11, "core"),
            },
        ],
    }  # fmt: skip


class WorkloadTest(DriverTest):
    def write(self, *descriptions):
        names = []
        for description in descriptions:
            names.append(description["name"] + ".json")
            (self.directory / names[-1]).write_text(json.dumps(description))
        return ",".join(names)

    def json(self, *arguments):
        out, err = self.frit(*arguments, "--json")
        self.assertEqual(err, "")
        return json.loads(out)

    @unittest.skipUnless("FRIT_TEST_SMOLLM2" in os.environ, "needs SmolLM2")
    def test_amounts_of_a_real_model(self):
        """What its config.json gives by hand: hidden 576, 9 heads of 64 and 3 of keys, FFN 1536, 30 layers, 49152 tokens."""
        model = os.environ["FRIT_TEST_SMOLLM2"]
        result = self.json("characterize", model, "--target", self.write(machine()), "--context", "1000", "--prompt", "700")
        layer = 2 * 576 * 576 + 2 * 192 * 576 + 3 * 1536 * 576
        decode = result["decode"]["planned"]
        self.assertEqual(decode["matrix_ops"]["i8"], 2 * (30 * layer + 49152 * 576))
        self.assertEqual(decode["matrix_ops"]["f32"], 30 * 9 * 1000 * 2 * (64 + 64))
        # Q4_1 has 20 bytes for 32 weights, Q8_0 34; the embedding's table is the output's, too, and the norms are f32.
        weights = 30 * (layer * 20 // 32 + 2 * 576 * 4) + 49152 * 576 * 34 // 32 + 576 * 34 // 32 + 576 * 4
        self.assertEqual(decode["weight_bytes"], weights)
        per_token = 30 * 2 * 3 * 64 * 2
        self.assertEqual(result["kv_bytes_per_token"], per_token)
        self.assertEqual(decode["cache_bytes"], 1000 * per_token + per_token)
        self.assertGreater(decode["phases"], 30 * 4)
        # Two calls, of 512 tokens and of the rest. Only their last tokens have logits.
        prompt = result["prompt"]["planned"]
        self.assertEqual(prompt["matrix_ops"]["i8"], 2 * (700 * 30 * layer + 2 * 49152 * 576))
        self.assertEqual(prompt["matrix_ops"]["f32"], 30 * 9 * (700 * 701 // 2) * 2 * (64 + 64))
        self.assertEqual(prompt["cache_bytes"], (512 + 700 + 700) * per_token)
        for call in (result["decode"], result["prompt"]):
            self.assertLess(call["planned"]["phases"], call["unfused"]["phases"])
            self.assertLess(call["planned"]["activation_bytes"], call["unfused"]["activation_bytes"])
        needed = result["needed"]["decode"]
        bytes_moved = sum(decode[key] for key in ("weight_bytes", "cache_bytes", "activation_bytes"))
        self.assertAlmostEqual(needed["bytes_per_second"], bytes_moved / 0.05, delta=1)
        weights = {weight["name"]: weight for weight in result["weights"]}
        self.assertEqual(weights["token_embd"]["error_8_by_32"], 0)  # Q8_0 it is
        self.assertGreater(weights["token_embd"]["error_4_by_32"], 0.05)
        self.assertIsNone(weights["block.attn_q"]["error_4_by_128"])  # 576 columns
        self.assertIsNotNone(weights["block.ffn_down"]["error_4_by_128"])

    def test_the_compiled_model_has_the_phases(self):
        model = self.make_model()
        phases = self.json("characterize", model)["decode"]["planned"]["phases"]
        self.frit("compile", model, "-o", "m.frit")
        programs = {program["name"]: program for program in self.json("inspect", "m.frit")["programs"]}
        self.assertEqual(phases, programs["decode"]["steps"])

    def test_counts(self):
        result = self.json("characterize", self.make_model(), "--count", "--context", "20", "--prompt", "12")
        for call in ("decode", "prefill"):
            for cut in ("planned", "unfused"):
                for key, counted in result[call]["counted"][cut].items():
                    self.assertEqual(result[call][cut][key], counted, (call, cut, key))
        out, _ = self.frit("characterize", self.make_model(), "--count", "--context", "20", "--prompt", "12")
        self.assertRegex(out, r"\na token +fused +\d+ .*\n +counted +\d+ .*\n +not fused +\d+ ")

    def test_slack(self):
        result = self.json("characterize", self.make_model(), "--target", self.write(machine()))
        phases = {}
        for op in result["decode"]["ops"]:
            self.assertGreaterEqual(op["slack_seconds"], 0)
            phases.setdefault((op["function"], op["phase"]), set()).add(op["slack_seconds"])
        self.assertTrue(all(len(slacks) == 1 for slacks in phases.values()))  # the ops of a phase share its units

    def test_quantization_readiness(self):
        model = self.make_model("f32.gguf", "--format", "f32")
        tight = self.json("characterize", model, "--max-error", "0.0001")
        loose = self.json("characterize", model, "--max-error", "0.9")
        self.assertEqual({weight["bits"] for weight in loose["weights"]} - {4, 8}, set())
        self.assertIn(16, {weight["bits"] for weight in tight["weights"]})

    def test_roofline(self):
        target = self.write(machine(), machine("large", bandwidth=4e10))
        result = self.json("roofline", self.make_model(), "--target", target)
        self.assertEqual([roofline["target"] for roofline in result], ["small", "large"])
        for roofline in result:
            for call in (roofline["decode"], roofline["prefill"]):
                for phase in call["phases"]:
                    resources = {demand["resource"]: demand for demand in phase["resources"]}
                    wait = resources.pop("synchronization")
                    self.assertEqual(wait["provenance"], "vendor")
                    longest = max(demand["seconds"]["value"] for demand in resources.values())
                    self.assertAlmostEqual(phase["seconds"]["value"], longest + wait["seconds"]["value"], delta=1e-12)
                    self.assertEqual(resources["dram to l2"]["provenance"], "measured")
                    self.assertLessEqual(phase["seconds"]["low"], phase["seconds"]["value"])
                    self.assertGreaterEqual(phase["seconds"]["high"], phase["seconds"]["value"])
                total = sum(phase["seconds"]["value"] * phase["times"] for phase in call["phases"])
                self.assertAlmostEqual(call["seconds"]["value"], total, delta=1e-12)
        out, _ = self.frit("roofline", self.make_model(), "--target", target)
        self.assertRegex(out, r"(?s)on small, 2 cores.*\nsource .*measured.*on large, 2 cores")

    def test_what_if(self):
        target = ["--target", self.write(machine())]
        wider = ["--what-if", "datapaths.dram-l2.bytes_per_second=4e10", "--what-if", "datapaths.l2-dram.bytes_per_second=4e10"]
        expected = self.json("roofline", self.make_model(), "--target", self.write(machine("large", bandwidth=4e10)))
        found = self.json("roofline", self.make_model(), *target, *wider)
        self.assertEqual(found[0]["decode"]["seconds"]["value"], expected[0]["decode"]["seconds"]["value"])
        for command in ("roofline", "characterize"):
            out, _ = self.frit(command, self.make_model(), *target, "--what-if", "cores=1")
            self.assertIn("\nwhat if cores is 1 instead of 2\n", out)
            self.assert_usage_error([command, self.make_model(), "--what-if", "cores"], "--what-if: expected path=value, found cores")

    def test_measure(self):
        (roofline,) = self.json("roofline", self.make_model(), "--measure", "--context", "20", "--prompt", "12")
        for call in (roofline["decode"], roofline["prefill"]):
            errors = []
            for phase in call["phases"]:
                self.assertGreater(phase["measured_seconds"], 0)
                errors.append(abs(phase["seconds"]["value"] / phase["measured_seconds"] - 1))
            self.assertGreaterEqual(call["median_error"], min(errors))
            self.assertLessEqual(call["median_error"], max(errors))
        out, _ = self.frit("roofline", self.make_model(), "--measure", "--context", "20", "--prompt", "12")
        self.assertEqual(len(re.findall(r"\nmedian error \d+ %\n", out)), 2)

    def test_plot(self):
        self.frit("roofline", self.make_model(), "--target", self.write(machine(), machine("large")), "--plot", "r.svg")
        root = xml.etree.ElementTree.parse(self.directory / "r.svg").getroot()
        name = "{http://www.w3.org/2000/svg}"
        titles = [text.text for text in root.iter(name + "text") if text.get("class") == "title"]
        self.assertEqual([title.split(":")[0] for title in titles], ["small", "large"])
        dots = {kind: sum(dot.get("class") == kind for dot in root.iter(name + "circle")) for kind in ("decode", "prefill")}
        self.assertGreater(dots["decode"], 2 * 3)
        self.assertGreater(dots["prefill"], 2 * 3)
        _, _, width, height = map(float, root.get("viewBox").split())
        for dot in root.iter(name + "circle"):
            self.assertTrue(0 < float(dot.get("cx")) < width and 0 < float(dot.get("cy")) < height)

    def test_select_ranks(self):
        target = self.write(machine("b"), machine("a", bandwidth=1e11), machine("c", bandwidth=1.9e10), machine("d", size=1000))
        result = self.json("select", self.make_model(), "--target", target)
        self.assertEqual([row["target"] for row in result], ["a", "b", "c", "d"])
        rows = {row["target"]: row for row in result}
        self.assertEqual([rows[name]["suitable"] for name in "abcd"], [True, True, True, False])
        self.assertRegex(rows["d"]["why_not"][0], r"^needs .* of 1\.0 kB$")
        self.assertEqual((rows["b"]["flips"], rows["c"]["flips"]), (["behind c"], ["before b"]))
        self.assertEqual([(rows[name]["best_place"], rows[name]["worst_place"]) for name in "abc"], [(1, 1), (2, 3), (2, 3)])
        roofline = self.json("roofline", self.make_model(), "--target", self.write(machine("b")))[0]
        for key, seconds in rows["b"]["tpot_seconds"].items():
            self.assertAlmostEqual(seconds, roofline["decode"]["seconds"][key], delta=1e-12)

    def test_select_says_why_not(self):
        target = self.write(machine())
        slow = self.json("select", self.make_model(), "--target", target)[0]["tpot_seconds"]["value"]
        row = self.json("select", self.make_model(), "--target", target, "--tpot", str(slow * 1000 * 0.9))[0]
        self.assertFalse(row["suitable"])
        self.assertRegex(row["why_not"][0], "^a token in .* instead of ")
        self.assertEqual(row["flips"], ["fast enough"])
        lacking = machine("lacking")
        del lacking["barrier_seconds"], lacking["instructions"]
        row = self.json("select", self.make_model(), "--target", self.write(lacking))[0]
        self.assertIn("barrier_seconds", row["why_not"][0])
        out, _ = self.frit("select", self.make_model(), "--target", target + "," + self.write(lacking))
        self.assertRegex(out, r"(?s)\n1 +small +yes .*\n- +lacking\.json +no .* needs: barrier_seconds")

    def test_all_machines_have_a_row(self):
        machines = {entry["name"] for entry in self.json("targets") if entry["kind"] != "isa"}
        self.assertEqual({row["target"] for row in self.json("select", self.make_model())}, machines)

    def test_errors(self):
        model = self.make_model()
        for command in ("characterize", "roofline", "select"):
            self.assert_usage_error([command], "expected a MODEL")
            self.assert_usage_error([command, model, "--context", "0"], "--context: expected 1 to 16777216, found 0")
            self.assert_usage_error([command, model, "--prompt", "-3"], "--prompt: expected 1 to 16777216, found -3")
            self.assert_error([command, model, "--context", "999999"], "--context: expected up to ", "found 999999")
            self.assert_error([command, model, "--context", "8", "--prompt", "9"], "--prompt: expected up to the context of 8")
            self.assert_error([command, "nothing.gguf"], "nothing.gguf")
        for command in ("characterize", "select"):
            self.assert_usage_error([command, model, "--ttft", "0"], "--ttft: expected milliseconds above 0, found 0")
            self.assert_usage_error([command, model, "--tpot", "nan"], "--tpot: expected milliseconds above 0")
        self.assert_usage_error(["characterize", model, "--max-error", "1"], "--max-error")
        self.assert_error(["roofline", model, "--plot", "no/such/r.svg"], "cannot write 'no/such/r.svg'")
        for command in ("characterize", "roofline", "select"):
            self.assert_error([command, model, "--target", "no-such"], "unknown target no-such")
        self.assert_error(["select", model, "--target", "zen4,missing.json"], "missing.json")
        self.assert_error(["roofline", model, "--measure", "--target", "h200"], "h200")


if __name__ == "__main__":
    main()
