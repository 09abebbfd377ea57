# RUN: %python %s
# ===- targets.py - frit targets ------------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import ROOT, DriverTest, main

FILES = {
    path.stem: json.loads(path.read_text()) for path in (ROOT / "lib" / "Machine" / "descriptions").glob("*.json")
}


def inherited(name):
    """The description with what it is like under it, but for lists of parts."""
    own = FILES[name]
    if "like" not in own:
        return own
    base = inherited(own["like"])
    return base | own | {"sources": base.get("sources", {}) | own.get("sources", {})}


class TargetsTest(DriverTest):
    def table(self):
        out, err = self.frit("targets")
        self.assertEqual(err, "")
        lines = out.splitlines()
        self.assertTrue(lines[-1].startswith("* is what --target=native stands for"))
        # Values have one space, columns two.
        return [[cell.strip() for cell in line[2:].split("  ") if cell.strip()] for line in lines[:-1]], lines

    def test_table(self):
        (header, *rows), lines = self.table()
        self.assertEqual(header,
                         ["name", "kind", "cores", "int8", "f16, bf16", "memory", "bandwidth", "back end"])  # fmt: skip
        self.assertEqual(sorted(row[0] for row in rows), sorted(FILES))
        kinds = [row[1] for row in rows]
        self.assertEqual(kinds, sorted(kinds, key=["isa", "cpu", "npu", "gpu"].index))
        for row in rows:
            with self.subTest(row[0]):
                description = inherited(row[0])
                self.assertEqual(row[1], description["kind"])
                cores = description.get("cores", {"value": "-"})["value"] if description["kind"] != "isa" else "-"
                self.assertEqual(row[2], str(cores))
                self.assertEqual(row[-1], description.get("back_end", "planning only"))
        self.assertEqual(sum(line.startswith("* ") for line in lines[:-1]), 1)

    def test_headlines(self):
        rows = {row[0]: row[1:] for row in self.table()[0]}
        self.assertEqual(rows["ascend910b2"], ["npu", "24", "707.8 Top/s", "353.9 Top/s", "64 GiB", "1.6 TB/s", "planning only"])
        self.assertEqual(rows["ascend910c"][2:6], ["1.416 Pop/s", "707.8 Top/s", "128 GiB", "3.2 TB/s"])
        self.assertEqual(rows["s4000"], ["gpu", "-", "200 Top/s", "100 Top/s", "48 GB", "768 GB/s", "planning only"])
        self.assertEqual(rows["x86-64"], ["isa", "-", "-", "-", "-", "-", "cpu"])

    def test_json(self):
        out, err = self.frit("targets", "--json")
        self.assertEqual(err, "")
        machines = {machine["name"]: machine for machine in json.loads(out)}
        self.assertEqual(set(machines), set(FILES))
        self.assertEqual(sum(machine["native"] for machine in machines.values()), 1)
        for name, machine in machines.items():
            self.assertEqual(machine["back_end"], inherited(name).get("back_end"), name)
        h100 = machines["h100"]
        self.assertEqual((h100["cores"], h100["memory_bytes"], h100["memory_bytes_per_second"]), (132, 80e9, 3.35e12))
        self.assertIsNone(machines["s4000"]["cores"])

    def test_show_has_every_figure_and_source(self):
        for name, own in FILES.items():
            with self.subTest(name):
                out, err = self.frit("targets", "--show", name)
                self.assertEqual(err, "")
                self.assertTrue(out.startswith(f"{name}: {own['summary']}\n"))
                sources = inherited(name).get("sources", {})
                for figure in figures(own):
                    self.assertIn(sources.get(figure["source"], figure["source"]), out)
                    self.assertIn(figure.get("note", ""), out)
                for claim in own.get("claims", []):
                    for part in (claim["says"], claim["why"]):
                        self.assertIn(part, out)
                self.assertNotIn("\n\n\n", out)

    def test_show(self):
        out, _ = self.frit("targets", "--show", "ascend910b1")
        for pattern in (
            r"npu, planning only: frit has no back end for it\n",
            r"(?m)^  cores +24 +vendor +Ascend/AscendNPU-IR@\S+ \S+ \(AI cores",
            r"(?m)^    others say +25 +claimed +Tom's Hardware",
            r"(?m)^  clock_hz +1.85 GHz +vendor",
            r"(?m)^  exp +32 exp/cycle per unit, 59.2 Gexp/s +vendor",
            r"(?m)^  launch_seconds +20 us +vendor",
            r"(?m)^  ub +192 KiB per unit +vendor",
            r"(?m)^    alignment +32 B +vendor",
            r"(?m)^    bandwidth +1.6 TB/s per die +derived",
            r"(?m)^  l1 -> l0a +256 B/cycle per core, 473.6 GB/s +vendor",
            r"(?m)^    on the way +convert, relu, scale, channel_scale +FIXPIPE$",
            r"(?m)^    pieces of 512 B +13.8 %$",
            r"(?m)^  mmad.i8 +16 x 16 x 32, i8 x i8 -> i32, dense",
            r"(?m)^    of the machine +727.4 Top/s +derived",
            r"(?m)^not known\n(  .*\n)*  barrier_seconds \(until all cores have met\)\n",
            r'(?m)^claims that do not hold\n  "f16 at 320 TFLOPS" \(boardor.com\S+ sandraschi\S+ \S+\)\n    no: 320 is the first',
        ):
            self.assertRegex(out, pattern)
        out, _ = self.frit("targets", "--show", "zen3")
        self.assertRegex(out, r"\A.*\ncpu, back end cpu: x86_64-unknown-linux-gnu, x86-64-v3, avx2 fma f16c\n")
        self.assertNotIn("bandwidth of dram", out)
        out, _ = self.frit("targets", "--show", "br100")
        self.assertRegex(out, r"(?m)^  tcore.i8 +\? x \? x \?, i8 x i8 -> i32, dense")

    def test_shown_json_is_a_description(self):
        for name in ("br100", "ascend910b3", "zen4"):
            with self.subTest(name):
                out, err = self.frit("targets", "--show", name, "--json")
                self.assertEqual(err, "")
                description = json.loads(out)
                self.assertNotIn("like", description)
                self.assertEqual((description["name"], description["summary"]), (name, FILES[name]["summary"]))
                (self.directory / "mine.json").write_text(out)
                mine, _ = self.frit("targets", "--show", "mine.json")
                built_in, _ = self.frit("targets", "--show", name)
                self.assertEqual(mine, built_in)
        self.assertRegex(out, r"\A\{\n  \"")

    def test_files(self):
        mine = {"name": "mine", "summary": "a test", "like": "zen3", "power_watts": None, "notes": ["a\u001b[31m note"]}
        (self.directory / "mine.json").write_text(json.dumps(mine))
        out, _ = self.frit("targets", "--show", "mine.json")
        self.assertTrue(out.startswith("mine: a test\n"))
        self.assertIn("power_watts (", out)
        self.assertIn("a\\1B[31m note", out)
        for text, message in (
            ("", "mine.json: "),
            ("[" * 1000, "mine.json: expected at most 32 levels of nesting"),
            ('{"name": "a", "name": "b"}', "mine.json: expected key 'name' once, found it twice"),
            ('{"name": 1}', "mine.json: name: expected a text"),
            (json.dumps(mine | {"cores": {"value": 1e300, "provenance": "vendor", "source": "a b"}}),
             "mine.json: cores.value: expected a whole number from 1 to 1e9"),
            (json.dumps(mine | {"like": "zen33"}), "mine.json: like: expected the name of a built-in description, but got zen33"),
            (json.dumps(mine | {"like": "mine"}), "but got mine"),
            (" " * 2**20 + "{}", "expected at most 1048576 bytes, found 1048578"),
        ):  # fmt: skip
            with self.subTest(message):
                (self.directory / "mine.json").write_text(text)
                self.assert_error(["targets", "--show", "mine.json"], message)
                self.assert_error(["targets", "--show", "mine.json", "--json"], message)

    def test_unknown_names(self):
        self.assert_error(["targets", "--show", "zen6"], "unknown target zen6", "did you mean zen3 or zen4 or zen5")
        self.assert_error(["targets", "--show", "/nowhere.json"], "cannot read machine description /nowhere.json")

    def test_planning_only_machines_are_not_compiled_for(self):
        model = self.make_model()
        for name in ("ascend910b3", "h100", "apple-m4"):
            with self.subTest(name):
                self.assert_error(["compile", model, "--target", name, "-o", "out.frit"],
                                  f"machine {name} is for planning only: frit has no back end for it")  # fmt: skip
        self.assertFalse((self.directory / "out.frit").exists())


def figures(value):
    """Every figure below, and what others say."""
    if isinstance(value, dict):
        if "provenance" in value:
            yield value
        for below in value.values():
            yield from figures(below)
    elif isinstance(value, list):
        for below in value:
            yield from figures(below)


if __name__ == "__main__":
    main()
