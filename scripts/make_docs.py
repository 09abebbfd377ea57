#!/usr/bin/env python3
"""Writes docs/dialects, docs/passes and docs/phases.md from the sources.

Give it the pages that mlir-tblgen made from the .td files; the build target frit-docs does. With --check it
compares the pages in the tree with those it would write (exit status 1 when they differ).
"""

from __future__ import annotations

import argparse
import difflib
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PHASES = "include/frit/Pipeline/Phases.def"
REMAKE = "change it there, then run `cmake --build build/release --target frit-docs`"


def note(made_from: str) -> str:
    return f"<!-- Made from {made_from}; {REMAKE}. -->\n\n"


def phases(text: str) -> list[tuple[str, str, list[str]]]:
    """Name, summary, and the dialects that may remain, of each step of Phases.def."""
    rows = re.findall(r'^FRIT_PHASE\(\w+, "([^"]+)", "([^"]+)",\s*"([^"]+)"\)', text, re.M)
    if len(rows) != len(re.findall(r"^FRIT_PHASE\(", text, re.M)) or not rows:
        raise ValueError(f"{PHASES}: expected rows FRIT_PHASE(Id, \"name\", \"summary\", \"dialects\")")
    return [(name, summary, dialects.split()) for name, summary, dialects in rows]


def tidy(page: str) -> str:
    """What mlir-tblgen writes, as Markdown that reads well as text, too."""
    page = re.sub(r"^<!--.*?-->\n+", "", page, flags=re.S)
    page = re.sub(r"<table>\n(.*?)</table>", lambda table: markdown_table(table.group(1)), page, flags=re.S)
    page = re.sub(r"\n{3,}", "\n\n", page)
    return "\n".join(line.rstrip() for line in page.splitlines()).strip() + "\n"


def markdown_table(rows: str) -> str:
    lines = []
    for row in re.findall(r"<tr>(.*?)</tr>", rows, re.S):
        cells = re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.S)
        cells = [html.unescape(re.sub(r"</?code>", "`", cell)).replace("|", "\\|").strip() for cell in cells]
        lines.append("| " + " | ".join(re.sub(r"\s+", " ", cell) for cell in cells) + " |")
        if len(lines) == 1:
            lines.append("|" + " --- |" * len(cells))
    return "\n".join(lines)


def dialect_page(page: str, name: str) -> str:
    """The page of a dialect, with a table of its ops where mlir-tblgen has a placeholder."""
    page = tidy(page)
    namespace = re.match(r"# '(\w+)' Dialect\n", page)
    if not namespace:
        raise ValueError(f"{name}: expected the title of a dialect")
    page = page.replace(namespace.group(), f"# The dialect `{namespace.group(1)}`\n", 1)
    ops = re.findall(r"^### `([\w.]+)` \(.*\)\n\n_(.*)_$", page, re.M)
    table = [f"| [`{op}`](#{op.replace('.', '')}) | {summary} |" for op, summary in ops]
    page = page.replace("[TOC]\n\n", "\n".join(["| op | what |", "|---|---|", *table, "", ""]) if ops else "")
    # The anchors of the table: a heading is the op's name, its C++ class stands below.
    page = re.sub(r"^### `([\w.]+)` \((.*)\)$", r"### `\1`\n\nC++: `\2`", page, flags=re.M)
    return note(f"dialects/{name}/*.td") + page


def pass_page(page: str, folder: str, steps: dict[str, str]) -> str:
    """The page of a folder of passes, spelled as --pass-pipeline wants it."""
    step = folder.split("/")[1].lower()
    title, about = "# Passes between the steps", ""
    if step in steps:
        title, about = f"# Passes of the step `{step}`", f"The step: {steps[step]}. "
    use = ('`frit-opt --NAME`, or `--pass-pipeline="builtin.module(NAME{option=value})"`, the only form in which '
           "`mlir-opt` takes passes of a plug-in.")
    page = re.sub(r"^### `-([\w-]+)`$", r"## `\1`", tidy(page), flags=re.M)
    page = re.sub(r"^#### Options$", "### Options", page, flags=re.M)
    page = re.sub(r"^```\n(-.*?)```$", lambda block: option_list(block.group(1)), page, flags=re.M | re.S)
    return note(f"{folder}/Passes.td") + f"{title}\n\n{about}{use}\n\n{page}"


def option_list(lines: str) -> str:
    """"-phase : Name of the step" as a list."""
    return re.sub(r"^-([\w-]+) *: (.*)$", r"- `\1`: \2", lines, flags=re.M).rstrip()


def phases_page(rows: list[tuple[str, str, list[str]]], pass_pages: dict[str, str]) -> str:
    lines = ["# The steps of a compilation", "",
             "`--compile-from` and `--compile-to` take these names, `--dump-phases-to=DIR` writes one file a step, "
             "and `frit-verify-phase` checks after each that only these dialects remain.", "",
             "| dump | step | what | dialects that may remain | passes |", "|---|---|---|---|---|"]
    for number, (name, summary, dialects) in enumerate(rows, 1):
        pages = [f"[{page.removesuffix('.md')}](passes/{page})" for page, step in pass_pages.items() if step == name]
        lines.append(f"| `{number:02}-{name}.mlir` | `{name}` | {summary} | {', '.join(dialects)} | {', '.join(pages)} |")
    return note(PHASES) + "\n".join(lines) + "\n"


def make(dialects: list[pathlib.Path], passes: list[pathlib.Path], build: pathlib.Path) -> dict[str, str]:
    """The pages by their path below docs/."""
    rows = phases((ROOT / PHASES).read_text())
    summaries = {name: summary for name, summary, _ in rows}
    pages = {}
    for path in dialects:
        name = path.name.removesuffix("Dialect.md")
        pages[f"dialects/{name.lower()}.md"] = dialect_page(path.read_text(), name)
    pass_pages = {}
    for path in passes:
        folder = path.parent.relative_to(build).as_posix()
        words = folder.lower().split("/")[1:]
        pages[f"passes/{'-'.join(words)}.md"] = pass_page(path.read_text(), folder, summaries)
        pass_pages[f"{'-'.join(words)}.md"] = words[0]
    pages["phases.md"] = phases_page(rows, pass_pages)
    return pages


def kept(docs: pathlib.Path) -> dict[str, str]:
    """The generated pages that the tree has."""
    paths = [docs / "phases.md", *docs.glob("dialects/*.md"), *docs.glob("passes/*.md")]
    return {path.relative_to(docs).as_posix(): path.read_text() for path in paths if path.exists()}


def compare(old: dict[str, str], new: dict[str, str]) -> list[str]:
    differences: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        differences += difflib.unified_diff(
            old.get(name, "").splitlines(), new.get(name, "").splitlines(),
            f"docs/{name}", f"docs/{name} (made now)", lineterm="")
    return differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--dialects", type=pathlib.Path, nargs="+", required=True, help="pages of -gen-dialect-doc")
    parser.add_argument("--passes", type=pathlib.Path, nargs="+", required=True, help="pages of -gen-pass-doc")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    docs = ROOT / "docs"
    try:
        new = make(options.dialects, options.passes, options.build)
    except (OSError, ValueError) as error:
        print(f"make_docs.py: {error}", file=sys.stderr)
        return 1
    old = kept(docs)
    if options.check:
        differences = compare(old, new)
        print(*differences, sep="\n")
        print(f"the pages are not those of the sources; {REMAKE}" if differences else f"{len(new)} pages checked")
        return 1 if differences else 0
    for name in old.keys() - new.keys():
        (docs / name).unlink()
    for name, text in new.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        if old.get(name) != text:
            (docs / name).write_text(text)
            print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
