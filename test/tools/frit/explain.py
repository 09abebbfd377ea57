# RUN: %python %s
# ===- explain.py - frit explain ------------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import collections
import html.parser
import json
import os
import re
import resource
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import ROOT, DriverTest, main, make_tiny_gguf

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


class Page(html.parser.HTMLParser):
    """Which elements a page has, which are left open, and what it loads."""

    # Without an end in HTML, or ended by the next.
    ENDLESS = ("meta", "input", "br", "th", "td", "tr")

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.count = [], [], collections.Counter()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.count[tag] += 1
        self.links += [value for key, value in attributes if key in ("src", "href", "xlink:href")]
        self.links += ["link"] * (tag == "link")
        if tag not in self.ENDLESS:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.ENDLESS:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.ENDLESS:
            assert self.open[-1] == tag, f"expected the end of {self.open[-1]}, found that of {tag}"
            self.open.pop()


class ExplainTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model()

    def write(self, description):
        (self.directory / "m.json").write_text(json.dumps(description))
        return ["explain", self.model, "--target", "m.json", "--activations", "f32"]

    def lines(self, *arguments):
        out, err = self.frit(*arguments, "--json")
        self.assertEqual(err, "")
        return [json.loads(line) for line in out.splitlines()]

    def records(self, *arguments, more=()):
        records = self.lines(*arguments)
        for record in records:
            self.assertEqual(list(record), sorted([*KEYS, *more]))
            self.assertTrue(record["reason"])
            self.assertEqual(record["seconds"] is None, record["bytes_saved"] is None)
        result = {(record["function"], record["producer"], record["consumer"]): record for record in records}
        self.assertEqual(len(result), len(records))
        return result

    def test_every_edge_has_a_record(self):
        records = self.records(*self.write(machine(True)), "--tokens", "1")
        layer = [key for key in records if key[0] == "decoder"]
        # norm, q, k, v, two ropes, append, attention, output, residual, norm, gate, up, glu, down, residual; and
        # the input, which a norm and a residual read, and the output
        self.assertEqual(len(layer), 21 + 3)
        self.assertEqual(records["decoder", "rope", "attention"]["decision"], "stored")
        self.assertEqual(records["decoder", "attn_output", "residual"]["decision"], "epilogue")
        self.assertEqual(records["decoder", "ffn_gate", "ffn_up"]["decision"], "together")
        self.assertEqual(records["decoder", "residual.2", "output"]["reason"], "phases end where functions do")
        self.assertIn(("forward", "token_embd", "repeat"), records)
        self.assertEqual({record["tokens"] for record in records.values()}, {1})
        self.assertEqual({record["keys"] for record in records.values()}, {1024})

    def test_classes_of_calls(self):
        """Each edge has a record in each class, and what --tokens says of the call that the class is planned for."""
        arguments = self.write(machine(True))
        lines = self.lines(*arguments)
        classes = [[1, 1], [2, 8], [9, 256], [257, 512]]
        self.assertEqual([list(c) for c in dict.fromkeys(tuple(line["class"]) for line in lines)], classes)
        for calls, tokens in zip(classes, (1, 4, 48, 512), strict=True):
            mine = [line for line in lines if line["class"] == calls]
            self.assertEqual({line["tokens"] for line in mine}, {tokens})
            alone = self.lines(*arguments, "--tokens", str(tokens))
            self.assertEqual([{key: line[key] for key in KEYS} for line in mine], alone)
        self.assertEqual({line["tokens"] for line in self.lines(*arguments, "--max-tokens", "3")}, {1, 3})

    def test_crossovers(self):
        """Where an edge flips is where plans of one token more and less differ; text and JSON say the same."""
        arguments = self.write(machine(True))
        lines = self.lines(*arguments)
        flips = [
            (flip["tokens"], flip["decision"], line["producer"], line["consumer"])
            for line in lines
            if line["class"] == [1, 1]
            for flip in line["crossovers"]
        ]
        self.assertTrue(flips)
        decisions = {}
        for number in sorted({flip[0] for flip in flips}):
            for tokens in (number - 1, number):
                if tokens not in decisions:
                    found = self.lines(*arguments, "--tokens", str(tokens))
                    decisions[tokens] = {(r["producer"], r["consumer"], r["decision"]) for r in found}
            changed = decisions[number] - decisions[number - 1]
            self.assertEqual(changed, {(a, b, decision) for n, decision, a, b in flips if n == number})
        out, _ = self.frit(*arguments)
        text = out[out.index("up to 512 tokens: what changes with the number of tokens") :]
        self.assertEqual(
            sorted(int(line.split()[1]) for line in text.splitlines()[1:] if line.startswith("  from ")),
            sorted(int(line.split()[1]) for line in text.splitlines()[1:]),
        )
        self.assertEqual({int(line.split()[1]) for line in text.splitlines()[1:]}, {flip[0] for flip in flips})
        for _, _, producer, consumer in flips:
            self.assertRegex(text, f"{producer} (->|and) {consumer}(, |\n)")

    def test_built_in_machines(self):
        """Where plans of which none is better for all figures in their bounds follow each other, planning ends."""
        for target in ("x86-64-v3", "avx512-vnni"):
            for tokens in ("48", "64", "512"):
                self.records("explain", self.model, "--target", target, "--tokens", tokens)

    def test_all_machines(self):
        """A plan, or a refusal that names what the description lacks."""
        for path in sorted((ROOT / "lib" / "Machine" / "descriptions").glob("*.json")):
            for tokens in ("1", "512"):
                arguments = ["explain", self.model, "--target", path.stem, "--tokens", tokens]
                with self.subTest(arguments):
                    if path.stem == "s4000":
                        self.assert_error(
                            arguments,
                            "the description of machine s4000 does not say what the planner needs: cores, barrier_seconds",
                        )
                    else:
                        self.assertIn("recomputed", {record["decision"] for record in self.records(*arguments).values()})

    @unittest.skipIf(os.environ["FRIT_SANITIZE"] == "ON", "sanitizers take their time")
    def test_32_layers_in_a_second(self):
        model = self.directory / "8b.gguf"
        sizes = {"layers": 32, "hidden": 4096, "heads": 32, "kv-heads": 8, "head-dim": 128, "ffn": 14336}
        make_tiny_gguf.main(
            [str(model), "--sparse", "--no-tokenizer", *(part for key, size in sizes.items() for part in (f"--{key}", str(size)))]
        )

        def processor_seconds(step):
            """Up to a step, at the best of three."""
            found = []
            for _ in range(3):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                self.frit("compile", str(model), "--target", "x86-64-v3", "--compile-to", step, "-o", "out.mlir")
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            return min(found)

        # For the four classes of calls.
        self.assertLess(processor_seconds("fuse") - processor_seconds("cache"), 1)

    def test_what_if(self):
        arguments = [*self.write(machine(False)), "--tokens", "512"]
        change = ["--what-if", "target.datapaths.l0c-ub.bytes_per_second=4e11"]
        before, after = self.records(*arguments), self.records(*arguments, *change, more=["was"])
        key = ("decoder", "ffn_gate", "glu")
        self.assertEqual(before[key]["reason"], "through a workspace: l0c to l2 to ub")
        self.assertEqual(after[key]["reason"], "l0c to ub")
        self.assertEqual({key: record["was"] for key, record in after.items()}, {k: r["decision"] for k, r in before.items()})
        # The same as a description with the path in it.
        description = machine(False)
        description["datapaths"].append(path("l0c", "ub", 4e11))
        (self.directory / "m2.json").write_text(json.dumps(description))
        written = self.records(*arguments[:2], "--target", "m2.json", *arguments[4:])
        for record in after.values():
            del record["was"]
        self.assertEqual(after, written)
        # What changes is told, whichever way the barrier goes.
        out, _ = self.frit(*arguments, "--what-if", "barrier_seconds=1e-9")
        self.assertEqual(out.splitlines()[1], "what if barrier_seconds is 1e-09 instead of 2e-06")
        number = int(out.splitlines()[2].split()[0])
        self.assertGreater(number, 0)
        self.assertEqual(len([line for line in out.splitlines() if ", was " in line]), number)
        out, _ = self.frit(*arguments, "--what-if", "memories.hbm.bytes=9e10")
        self.assertIn("\nno decision changes\n", out)

    def test_what_if_makes_a_plan_possible(self):
        description = machine(True)
        del description["barrier_seconds"]
        out, err = self.frit(*self.write(description), "--tokens", "1", "--what-if", "barrier_seconds=1e-6")
        self.assertIn("what if barrier_seconds is 1e-06 instead of none", out)
        self.assertIn("note: without --what-if: the description of machine cube does not say", err)

    def test_what_if_takes_away(self):
        out, _ = self.frit(*self.write(machine(True)), "--tokens", "1", "--what-if", "datapaths.l0c-ub=off")
        self.assertIn("what if datapaths.l0c-ub is off", out)
        self.assertIn("through a workspace: l0c to l2 to ub", out)
        self.assertNotIn("  l0c to ub", out)

    def test_what_if_errors(self):
        good = self.write(machine(True))
        for change, message in (
            ("memories.l3.bytes=1", "--what-if memories.l3.bytes: expected what the description of the machine has, such as memories.l"),
            ("barrier=1", "such as barrier_seconds"),
            ("barrier_seconds=fast", "--what-if barrier_seconds: expected a number or off, found 'fast'"),
            ("barrier_seconds=-1", "--what-if barrier_seconds: expected "),
            ("memories.l1=5", "--what-if memories.l1: expected off, or a figure of it, found '5'"),
            ("datapaths.ub-l0c=off", "--what-if datapaths.ub-l0c: expected what the description"),
            ("clock_hz=off", "--what-if clock_hz=off: expected something that the description has"),
            ("memories.l1.bytes=1.5", "--what-if memories.l1.bytes: expected "),
            ("cores=0", "--what-if cores: expected "),
        ):
            with self.subTest(change=change):
                self.assert_error([*good, "--what-if", change], message)
        self.assert_error([*good, "--what-if", "barrier_seconds"], "--what-if: expected path=value, found barrier_seconds", code=2)
        self.assert_error([*self.write(machine(False)), "--what-if", "datapaths.l0c-l2=off"], "frit needs datapaths from l0c to l2")
        self.frit("compile", self.model, "--compile-to", "quantize", "-o", "q.mlir")
        self.assert_error(["explain", "q.mlir", "--what-if", "cores=2"], "--what-if comes too late: 'q.mlir' was left after quantize")

    def test_why_not(self):
        arguments = [*self.write(machine(True)), "--tokens", "4"]
        out, err = self.frit(*arguments, "--why-not", "rope", "attention")
        self.assertEqual(err, "")
        self.assertIn("decoder: rope -> attention: stored\n  fails      attention does not read rope by whole rows\n", out)
        # The order does not matter; of what is fused, where the value is.
        out, _ = self.frit(*arguments, "--why-not", "residual", "attn_output")
        self.assertIn("decoder: attn_output -> residual: epilogue\n  where      l0c to ub\n", out)
        self.assertRegex(out, r"\n  to store   .*: [0-9.]+ us longer, between [0-9.]+ and [0-9.]+, and [0-9]+ B more\n")
        # Without an edge: the way from one to the other, also through the cache, or where both come from.
        out, _ = self.frit(*arguments, "--why-not", "attn_norm", "append")
        self.assertIn("attn_norm and append have no edge", out)
        self.assertRegex(out, r"between attn_norm and append lie\n  attn_norm -> attn_[kv]: ")
        out, _ = self.frit(*arguments, "--why-not", "attn_v", "attention")
        self.assertIn("  append -> attention: through the cache, in phases one after another\n", out)
        out, _ = self.frit(*arguments, "--why-not", "attn_q", "attn_v")
        self.assertIn("nothing leads from one to the other; both come from attn_norm\n", out)
        (line,) = self.lines(*arguments, "--why-not", "ffn_gate", "glu")
        self.assertEqual(
            sorted(line), sorted(["function", "tokens", "keys", "producer", "consumer", "decision", "reason", "failing", "alternatives", "flips"])
        )
        self.assertEqual(line["decision"], "epilogue")
        self.assertTrue(line["alternatives"])
        # One answer for each class of calls.
        self.assertEqual([line["tokens"] for line in self.lines(*arguments[:-2], "--why-not", "ffn_gate", "glu")], [1, 4, 48, 512])

    def test_why_not_errors(self):
        good = self.write(machine(True))
        self.assert_error([*good, "--why-not", "ffn_gaet", "glu"], "--why-not: expected the name of an op, such as ffn_gate, ", ", found ffn_gaet")
        self.assert_error([*good, "--why-not", "glu", "glu"], "--why-not: expected two ops, found glu twice")
        self.assert_error(
            [*good, "--why-not", "glu", "output_norm"], "--why-not: expected two ops of one function, found glu in decoder and output_norm in forward"
        )
        self.assert_error([*good, "--why-not", "glu"], "--why-not", code=2)

    def test_a_path_more_changes_the_plan(self):
        key = ("decoder", "ffn_gate", "glu")
        for units_meet, decision, reason in (
            (False, "workspace", "through a workspace: l0c to l2 to ub"), (True, "epilogue", "l0c to ub"),
        ):  # fmt: skip
            record = self.records(*self.write(machine(units_meet)), "--tokens", "512")[key]
            self.assertEqual((record["decision"], record["reason"]), (decision, reason))

    def test_table(self):
        out, err = self.frit(*self.write(machine(True)), "--tokens", "8", "--keys", "100")
        self.assertEqual(err, "")
        lines = out.splitlines()
        self.assertEqual(lines[0], "on cube, for 8 tokens of which the newest sees 100 keys")
        self.assertRegex(lines[2], r"^decoder: 16 ops in [1-7] phases, [0-9.]+ us; unfused 16 phases, [0-9.]+ us; ")
        self.assertIn("forward: ", out)
        self.assertRegex(out, r"\n  attn_output +residual +epilogue +[0-9]+ +[0-9.]+ us +l0c to ub")

    def page(self, *arguments):
        out, err = self.frit(*arguments, "--html", "r.html")
        self.assertEqual((out, err), ("", ""))
        return (self.directory / "r.html").read_text()

    def test_page(self):
        """One page that is well formed, needs nothing else, and shows what the JSON says."""
        arguments = self.write(machine(True))
        text = self.page(*arguments)
        page = Page(text)
        self.assertEqual(page.open, [])
        self.assertEqual(page.links, [])
        self.assertIn("prefers-color-scheme: dark", text)
        self.assertEqual([page.count["section"], page.count["input"], page.count["script"]], [4, 4, 0])
        # A picture and lifetimes of each function and a roofline in each class, and the crossovers.
        self.assertEqual(page.count["svg"], 4 * (2 * 2 + 1) + 1)
        # Phases by their ops, their bytes, and the reason of each edge that is stored.
        lines = [line for line in self.lines(*arguments) if line["class"] == [1, 1]]
        section = text[text.index("<section id='s0'>") : text.index("<section id='s1'>")]
        pictures = re.findall(r"<svg class='picture'.*?</svg>", section, re.DOTALL)
        for picture, function in zip(pictures, ("decoder", "forward"), strict=True):
            mine = [line for line in lines if line["function"] == function]
            out, _ = self.frit(*arguments, "--tokens", "1")
            heading = re.search(function + r": [0-9]+ ops? in ([0-9]+) phases?", out)
            self.assertEqual(picture.count("<g class='phase'"), int(heading[1]))
            for line in mine:
                edge = f"{line['producer']} to {line['consumer']}"
                if line["consumer"] in ("output", "repeat"):
                    self.assertIn(f"{line['producer']} → {line['consumer']}", picture)
                elif line["decision"] == "stored" and not self.is_sibling(line):
                    self.assertIn(f"{edge}: {line['reason']}", picture)
                elif line["decision"] in ("epilogue", "recomputed"):
                    self.assertIn(f"{edge}, {line['decision']}: {line['reason']}", picture)
        self.assertEqual(section.count("class='pill "), len(lines))
        self.assertRegex(pictures[0], r"class='bytes'[^>]*>[0-9.]+ k?B<")
        # A call alone: no classes, no crossovers.
        page = Page(self.page(*arguments, "--tokens", "4"))
        self.assertEqual([page.count["section"], page.count["svg"]], [1, 5])

    @staticmethod
    def is_sibling(line):
        return line["producer"].startswith(("attn_", "ffn_")) and line["consumer"].startswith(("attn_", "ffn_"))

    def test_page_of_what_if(self):
        text = self.page(*self.write(machine(True)), "--tokens", "512", "--what-if", "barrier_seconds=1e-9")
        self.assertIn("What if barrier_seconds is 1e-09 instead of 2e-06", text)
        self.assertIn("<th>was<", text)

    def test_page_escapes(self):
        """Names come from files: they are no markup."""
        (self.directory / "x&<i>.gguf").write_bytes((self.directory / self.model).read_bytes())
        text = self.page("explain", "x&<i>.gguf", *self.write(machine(True))[2:])
        self.assertIn("<h1>x&amp;&lt;i&gt;.gguf ", text)

    def test_page_errors(self):
        good = self.write(machine(True))
        self.assert_error([*good, "--html", "none/r.html"], "cannot write 'none/r.html': ")
        self.assert_error([*good, "--html", ""], "--html: expected the name of a file", code=2)

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
