#!/usr/bin/env python3
"""Each house rule of scripts/lint.py lets the good pass and stops the bad."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import lint  # noqa: E402


def found(rule, path: str, text: str) -> list[tuple[int, str]]:
    return list(rule(lint.Source(path, text)))


class RuleTest(unittest.TestCase):
    def bad(self, rule, path: str, text: str, line: int, message: str) -> None:
        findings = found(rule, path, text)
        self.assertEqual([number for number, _ in findings], [line], findings)
        self.assertIn(message, findings[0][1])

    def good(self, rule, path: str, text: str) -> None:
        self.assertEqual(found(rule, path, text), [])


class EveryFile(RuleTest):
    def test_spacing(self):
        self.bad(lint.spacing, "a.cpp", "int a;\n\tint b;\n", 2, "tab")
        self.bad(lint.spacing, "a.md", "one \ntwo\n", 1, "end of a line")
        self.bad(lint.spacing, "a.md", "one", 1, "newline")
        self.bad(lint.spacing, "a.md", "one\n\n", 2, "newline")
        self.good(lint.spacing, "a.md", "one\n\ntwo\n")
        self.good(lint.spacing, "test/unit/X/data/a.expected", "a \t")

    def test_places(self):
        self.bad(lint.places, "a.md", "see\n/" + "root/x/y\n", 2, "path of one machine")
        self.bad(lint.places, "a.sh", "pip --index-url https://py" + "pi.org\n", 1, "registry")
        self.good(lint.places, "a.md", "framework/root/x, /usr/lib/llvm-22, ../work/x\n")

    def test_unfinished(self):
        self.bad(lint.unfinished, "a.cpp", "// TO" + "DO: more\n", 1, "open end")
        self.good(lint.unfinished, "a.cpp", "// to do this, mastodons\n")


class Files(RuleTest):
    def test_length(self):
        self.bad(lint.length, "lib/A/A.cpp", "int a;\n" * 801, 801, "at most 800")
        self.good(lint.length, "lib/A/A.cpp", "int a;\n" * 800)
        self.bad(lint.length, "passes/Fuse/A.cpp", "int a;\n" * 401, 401, "at most 400")
        self.bad(lint.length, "tools/x/x.cpp", "int a;\n" * 100 + "int main() {}\n", 101, "at most 100")
        self.good(lint.length, "tools/x/y.cpp", "int a;\n" * 101)

    def test_banner(self):
        licence = "// " + lint.LICENCE + "\n"
        self.good(lint.banner, "lib/A/B.cpp", "//===- B.cpp - what it is ---===//\n" + licence)
        self.good(lint.banner, "a.c", "/*===- a.c - what it is ---===*\\\n" + licence)
        self.bad(lint.banner, "lib/A/B.cpp", "//===- B.cpp ---===//\n" + licence, 1, "expected a banner")
        self.bad(lint.banner, "lib/A/B.cpp", "//===- C.cpp - what it is ---===//\n" + licence, 1, "that of C.cpp")
        self.bad(lint.banner, "lib/A/B.td", "//===- B.td - what it is ---===//\n", 1, "licence")

    def test_guard(self):
        text = "#ifndef FRIT_LIB_A_B_H\n#define FRIT_LIB_A_B_H\n#endif\n"
        self.good(lint.guard, "lib/A/B.h", text)
        self.bad(lint.guard, "lib/A/C.h", text, 1, "FRIT_LIB_A_C_H")
        self.bad(lint.guard, "include/frit/A/B.h", text, 1, "FRIT_A_B_H")
        self.bad(lint.guard, "lib/A/B.h", "#pragma once\n", 1, "FRIT_LIB_A_B_H")

    def test_options(self):
        self.bad(lint.options, "lib/A/B.cpp", "x\nstatic llvm::cl::opt<bool> a;\n", 2, "cl::opt")
        self.good(lint.options, "tools/frit/B.cpp", "static llvm::cl::opt<bool> a;\n")
        self.good(lint.options, "lib/A/B.cpp", 'Option<int> a{*this, "a", llvm::cl::desc("b")};\n')

    def test_prints(self):
        self.bad(lint.prints, "passes/Fuse/A.cpp", "llvm::errs() << 1;\n", 1, "print")
        self.good(lint.prints, "lib/Driver/A.cpp", "llvm::errs() << 1;\n")

    def test_neutral(self):
        self.bad(lint.neutral, "passes/Fuse/A.cpp", "// for AVX2\n", 1, "'AVX'")
        self.bad(lint.neutral, "dialects/Graph/A.td", "// as Llama does\n", 1, "'Llama'")
        self.good(lint.neutral, "passes/Lower/Cpu/A.cpp", "// for AVX2\n")
        self.good(lint.neutral, "lib/Arch/A.cpp", "// for AVX2\n")


class Includes(RuleTest):
    def test_layers(self):
        include = '#include "{}"\n'.format
        self.good(lint.layers, "passes/Fuse/A.cpp", include("dialects/Graph/Graph.h"))
        self.good(lint.layers, "lib/Pipeline/A.cpp", include("passes/Fuse/Passes.h"))
        self.good(lint.layers, "lib/Driver/A.cpp", include("mlir/IR/Value.h"))
        self.bad(lint.layers, "dialects/Graph/A.cpp", include("passes/Fuse/Passes.h"), 1, "dialects includes passes")
        self.bad(lint.layers, "passes/Fuse/A.cpp", "\n" + include("lib/Import/Import.h"), 2, "passes includes import")
        self.bad(lint.layers, "include/frit/Support/A.h", include("frit/Compiler/Compiler.h"), 1, "compiler")
        self.bad(lint.layers, "lib/Runtime/A.cpp", include("lib/Bundle/BundleWriter.h"), 1, "runtime includes target")
        self.bad(lint.layers, "lib/Driver/A.cpp", include("tools/frit/CommandLine.h"), 1, "tools/frit")
        self.bad(lint.layers, "lib/Unheard/A.cpp", "", 1, "does not place")
        self.bad(lint.layers, "dialects/Graph/A.td", 'include "passes/Fuse/A.td"\n', 1, "dialects includes passes")

    def test_layers_have_no_cycle(self):
        below: set[str] = set()
        for name, _, allowed in lint.LAYERS:
            self.assertLessEqual(set(allowed), below, name)
            below.add(name)

    def test_steps(self):
        self.bad(lint.steps, "passes/Fuse/A.cpp", '#include "passes/Cache/Passes.h"\n', 1, "another step")
        self.good(lint.steps, "passes/Lower/Cpu/A.cpp", '#include "passes/Lower/Cpu/Emitter.h"\n')

    def test_runtime(self):
        self.bad(lint.runtime, "lib/Runtime/Tokenizer/A.h", '#include "llvm/ADT/StringRef.h"\n', 1, "MLIR or LLVM")
        self.good(lint.runtime, "lib/Driver/A.h", '#include "llvm/ADT/StringRef.h"\n')


class Messages(RuleTest):
    def message(self, statement: str) -> list[str]:
        return [text for _, text in found(lint.messages, "lib/A/B.cpp", statement)]

    def test_good(self):
        for statement in (
                'return op.emitError("expected a target, but got ") << x;',
                'return Failure("GGUF of version ", n, " is not read");',
                'return Failure("Q4_0 needs blocks of 32");',
                'return emitOpError() << "expected a; b" << (x ? "A" : "b");',
                'return Failure(path, ": cut short...");',
                'return emitOpError("at ") << f("B.").g << " of it"; // A sentence.',
        ):
            self.assertEqual(self.message(statement), [], statement)

    def test_capital(self):
        self.assertIn("capital", self.message('return emitOpError("Expected a target");')[0])
        self.assertIn("capital", self.message('return Failure(\n    "A target is expected");')[0])

    def test_full_stop(self):
        self.assertIn("full stop", self.message('return emitOpError("expected a target.");')[0])
        self.assertIn("full stop", self.message('return emitError("expected ") << x << " here.";')[0])
        self.assertIn("full stop", self.message('return Failure("expected a "\n  "target.");')[0])

    def test_only_the_statement_counts(self):
        self.assertEqual(self.message('if (bad) return emitError("expected a target");\nprint("Done.");'), [])
        self.assertEqual(self.message('each([&] { return emitError("expected a target"); }, "Each.");'), [])


class TableGen(RuleTest):
    def test_op(self):
        whole = ('def Graph_AOp : Graph_Op<"a"> {\n  let summary = "A";\n'
                 '  let description = [{\n    ```mlir\n    graph.a\n    ```\n  }];\n}\n')
        self.good(lint.documentation, "a.td", whole)
        self.bad(lint.documentation, "a.td", whole.replace("summary", "other"), 1, "Graph_AOp has no summary")
        self.bad(lint.documentation, "a.td", whole.replace("```mlir", "```"), 1, "Graph_AOp has no example")
        self.bad(lint.documentation, "a.td", whole.replace("let description", "let x"), 1, "no description")
        self.bad(lint.documentation, "a.td", "def A : B<[\n  C]>;\n" + whole.replace("summary", "other"), 3, "AOp")

    def test_pass(self):
        whole = ('def Cut : Pass<"cut"> {\n  let summary = "A";\n'
                 '  let description = [{\n    Before: `a`. After: `b`.\n  }];\n}\n')
        self.good(lint.documentation, "a.td", whole)
        self.bad(lint.documentation, "a.td", whole.replace("Before", ""), 1, "pass Cut has no example")

    def test_type(self):
        whole = ('def A_BType : A_Type<"B"> {\n  let summary = "A";\n  let description = "Example: `!a.b`.";\n'
                 '  let parameters = (ins "int":$n);\n}\n')
        self.good(lint.documentation, "a.td", whole)
        self.bad(lint.documentation, "a.td", whole.replace("Example", ""), 1, "A_BType has no example")

    def test_tested(self):
        op = lint.Source("dialects/Graph/A.td", 'def Graph_AOp : Graph_Op<"a"> {\n}\ndef Graph_BOp : Graph_Op<"b"> {\n}\n')
        test = lint.Source("test/dialects/Graph/a.mlir", "graph.a\ngraph.bb\n")
        self.assertEqual([(line, text.split()[0]) for _, line, text in lint.tested([op, test])], [(3, "graph.b")])


class Tree(unittest.TestCase):
    def test_files_without_git(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path in ("lib/a.cpp", "build/b.cpp", ".venv/c.py", "lib/__pycache__/d.pyc"):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text("x\n")
            self.assertEqual(lint.list_files(root), ["lib/a.cpp"])

    def test_large_and_binary_files(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            (root / "large").write_bytes(b"\xff" * 400_001)
            (root / "text").write_text("x\n")
            sources, violations = lint.read_sources(root, ["large", "text"])
            self.assertEqual([source.path for source in sources], ["text"])
            self.assertEqual(violations, ["large:1: expected at most 400 kB, found 400"])

    def test_every_rule_is_used(self):
        rules = [value for name, value in vars(lint).items()
                 if callable(value) and getattr(value, "__annotations__", {}).get("return") == "Findings"]
        self.assertEqual(set(rules), set(lint.FILE_RULES))


if __name__ == "__main__":
    unittest.main()
