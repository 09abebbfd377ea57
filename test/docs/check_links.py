#!/usr/bin/env python3
"""Checks the Markdown of the tree: links lead somewhere, paths in backticks exist, docs/ can be reached.

A path in backticks is one that begins with a folder of the root, like `lib/Arch/llama.json` or
`passes/Lower/<target>`; <...>, {a,b} and * stand for any name.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "cmake", "dialects", "docs", "include", "lib", "passes", "python", "scripts", "test", "tools")
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def anchors(text: str) -> set[str]:
    """The names a forge gives to headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def without_blocks(text: str) -> str:
    """Fenced and indented blocks hold what tools print, not prose; their lines stay, empty."""
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block.group().count("\n"), text, flags=re.M | re.S)
    return re.sub(r"^    .*$", "", text, flags=re.M)


def exists(root: pathlib.Path, path: str) -> bool:
    """Whether `path`, with its placeholders, fits a file or folder."""
    pattern = re.sub(r"<[^>]*>|\{[^}]*\}|\.\.\.", "*", path).rstrip("/")
    return any(True for _ in root.glob(pattern))


def check(root: pathlib.Path, pages: list[pathlib.Path]) -> list[str]:
    found = []
    reached = {root / "README.md"}
    links: dict[pathlib.Path, set[pathlib.Path]] = {}
    for page in pages:
        name = page.relative_to(root).as_posix()
        text = page.read_text()
        links[page] = set()
        for number, line in enumerate(without_blocks(text).splitlines(), 1):
            for target in LINK.findall(line):
                if re.match(r"https?:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                if not file.exists():
                    found.append(f"{name}:{number}: a link to {target}, which does not exist")
                elif anchor and anchor not in anchors(file.read_text()):
                    found.append(f"{name}:{number}: a link to {target}, but there is no such heading")
                else:
                    links[page].add(file)
            for code in CODE.findall(line):
                path = re.match(rf"((?:{'|'.join(FOLDERS)})/[\w./<>{{}},*-]*)$", code)
                if path and not exists(root, path.group(1)):
                    found.append(f"{name}:{number}: names {code}, which does not exist")
    queue = list(reached)
    while queue:
        for target in links.get(queue.pop(), set()) - reached:
            reached.add(target)
            queue.append(target)
    for page in pages:
        if page.is_relative_to(root / "docs") and page not in reached:
            found.append(f"{page.relative_to(root).as_posix()}:1: no chain of links leads here from README.md")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the tree (default: this one)")
    root = parser.parse_args().root.resolve()
    pages = sorted(page for page in root.rglob("*.md")
                   if not re.match(r"(build|\.venv|\.git)/", page.relative_to(root).as_posix()))
    found = check(root, pages)
    print(*found, f"{len(pages)} pages, {len(found)} problems", sep="\n")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
