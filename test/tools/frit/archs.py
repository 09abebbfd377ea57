# RUN: %python %s
# ===- archs.py - frit archs: the table, complete records ---------------------------===//
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

RECORDS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "lib" / "Arch").glob("*.json")}


class ArchsTest(DriverTest):
    def test_table(self):
        out, err = self.frit("archs")
        self.assertEqual(err, "")
        header, *lines = out.splitlines()
        columns = [header.index(title) for title in ("name", "GGUF", "Hugging Face", "description")]
        self.assertEqual(columns, sorted(columns))
        table = [
            [line[begin:end].strip() for begin, end in zip(columns, [*columns[1:], None])] for line in lines
        ]
        expected = [
            [
                name,
                ", ".join(record.get("gguf", [])) or "-",
                ", ".join(record.get("huggingface", [])) or "-",
                record["description"],
            ]
            for name, record in sorted(RECORDS.items())
        ]
        self.assertEqual(table, expected)

    def test_show_resolves_like(self):
        out, err = self.frit("archs", "--show", "gemma2")
        self.assertEqual(err, "")
        record = json.loads(out)
        self.assertNotIn("like", record)
        # Of its own, changed, and taken over.
        self.assertEqual((record["name"], record["gguf"]), ("gemma2", ["gemma2"]))
        self.assertEqual(record["hyperparameters"]["head_dim"]["default"], 256)
        keys = RECORDS["llama"]["hyperparameters"]["head_dim"]["gguf"]
        self.assertEqual(record["hyperparameters"]["head_dim"]["gguf"], keys)
        self.assertEqual(list(record), sorted(record))
        self.assertRegex(out, r"\A\{\n  \"")

    def test_shown_records_are_the_built_in_ones(self):
        model = self.make_model()
        built_in, _ = self.frit("compile", model, "--compile-to=normalize", "-o", "-")
        (self.directory / "mine.json").write_text(self.frit("archs", "--show", "llama")[0])
        mine, _ = self.frit("compile", model, "--compile-to=normalize", "--arch-spec=mine.json", "-o", "-")
        self.assertEqual(mine, built_in)
        for name in RECORDS:
            with self.subTest(name):
                (self.directory / "mine.json").write_text(self.frit("archs", "--show", name)[0])
                # Records that do not parse are an error before the model's contents are.
                _, err = self.frit_any("inspect", model, "--arch-spec=mine.json")
                self.assertNotIn("mine.json", err)

    def frit_any(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate()
        return out.decode(), err.decode()

    def test_names_that_files_have(self):
        for alias, name in (("mistral", "llama"), ("command-r", "cohere"), ("gemma3_text", "gemma3"), ("MiniCPMForCausalLM", "minicpm")):
            self.assertEqual(self.frit("archs", "--show", alias), self.frit("archs", "--show", name))

    def test_unknown_names(self):
        for name, hint in [
            ("gemma", "did you mean 'gemma2' or 'gemma3'?"),
            ("llmaa", "did you mean 'llama'?"),
            ("xyzzy-xyzzy", "'frit archs' lists them"),
        ]:
            expected = f"--show: there is no architecture record '{name}'; {hint}"
            self.assert_usage_error(["archs", "--show", name], expected)


if __name__ == "__main__":
    main()
