#!/usr/bin/env python3
# ===- check_machine_schema.py - docs/machine.schema.json against frit ----------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Compares the schema of machine descriptions with what frit reads: the built-in descriptions are valid, also as frit
prints them; each object has the keys, and each choice the texts, that frit names when it meets another; what the schema
refuses, frit refuses; and broken descriptions are refused by both. Needs jsonschema."""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "machine.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
# Of a change: the key goes.
GONE = object()
Place = tuple[str | int, ...]
# Each breaks one rule.
BROKEN: list[tuple[Place, Any]] = [
    ((), []),
    (("name",), GONE),
    (("summary",), ""),
    (("kind",), GONE),
    (("kind",), "fpga"),
    (("like",), 1),
    (("back_end",), "gpu"),
    (("color",), "red"),
    (("features",), "avx2"),
    (("sources", "a"), ""),
    (("cores", "value"), 1.5),
    (("cores", "value"), 0),
    (("cores", "value"), 10**10),
    (("cores", "scope"), "core"),
    (("clock_hz", "value"), 1e13),
    (("clock_hz", "provenance"), GONE),
    (("clock_hz", "provenance"), "guessed"),
    (("clock_hz", "source"), GONE),
    (("clock_hz", "source"), ""),
    (("clock_hz", "others", 0, "scope"), "core"),
    (("clock_hz", "others", 0, "value"), -1),
    (("barrier_seconds", "value"), 0),
    (("power_watts", "value"), 1e10),
    (("vector_bytes", "value"), 2**62),
    (("exp_per_cycle", "scope"), GONE),
    (("exp_per_cycle", "scope"), "socket"),
    (("exp_per_cycle", "value"), 1e25),
    (("notes",), ["n"] * 257),
    (("notes",), [1]),
    (("memories", 0, "name"), GONE),
    (("memories", 0, "size"), 1),
    (("memories", 0, "bytes", "value"), 0),
    (("datapaths", 0, "from"), GONE),
    (("datapaths", 0, "on_the_way"), ["sort"]),
    (("datapaths", 0, "efficiency", "by_bytes"), []),
    (("datapaths", 0, "efficiency", "by_bytes"), [[64, 2]]),
    (("datapaths", 0, "efficiency", "source"), GONE),
    (("instructions", 0, "name"), ""),
    (("instructions", 0, "m"), 0),
    (("instructions", 0, "lhs"), "int8"),
    (("instructions", 0, "acc"), "i65"),
    (("instructions", 0, "sparsity"), "1:2"),
    (("claims", 0, "why"), GONE),
]
VALUES = (None, True, 1.5, "?", [True], {"?": True})


class Reader:
    """frit, asked whether it reads a description."""

    def __init__(self, frit: str, directory: Path):
        self.frit = frit
        self.directory = directory

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.frit, "targets", *arguments], cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def error(self, description: Any) -> str | None:
        """What is wrong with the description; None: nothing."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.directory) as file:
            json.dump(description, file)
            file.flush()
            done = self.run("--show", file.name)
        if done.returncode == 0:
            return None
        if done.returncode != 1 or done.stderr.count("\n") != 1:
            raise SystemExit(f"frit targets: status {done.returncode}\n{done.stderr}")
        return done.stderr.removeprefix(f"error: {file.name}: ").strip()


def figure(value: float, scope: str | None = None) -> dict[str, Any]:
    """A figure that uses every key."""
    other = {"value": value, "provenance": "claimed", "source": "a web page", "note": "n"}
    return {"value": value, **({"scope": scope} if scope else {}), **other, "others": [other]}


def full_description() -> Any:
    """A description that uses every key but those that exclude each other."""
    result: dict[str, Any] = {
        "$schema": "machine.schema.json", "name": "full", "summary": "a test", "kind": "cpu", "back_end": "cpu",
        "triple": "x86_64-unknown-linux-gnu", "cpu": "x86-64", "features": ["avx2"], "host": "a CPU", "sources": {"a": "a book"},
        "memories": [{"name": "l1", "scope": "core", "bytes": figure(32768), "alignment_bytes": figure(64),
                      "bytes_per_cycle": figure(64, "core"), "note": "n"}, {"name": "l2", "scope": "core"}],
        "datapaths": [{"from": "l1", "to": "l2", "bytes_per_cycle": figure(64, "core"), "on_the_way": ["relu"],
                       "efficiency": {"by_bytes": [[64, 0.5]], "provenance": "measured", "source": "a"},
                       "source": "a", "note": "n"}],
        "instructions": [{"name": "i", "m": 1, "n": 8, "k": 4, "lhs": "i8", "rhs": "ui8", "acc": "i32", "sparsity": "dense",
                          "per_cycle": figure(1, "core"), "source": "a", "note": "n"}],
        "notes": ["n"], "claims": [{"says": "s", "source": "a", "why": "w"}],
    }  # fmt: skip
    for key, schema in SCHEMA["properties"].items():
        reference = schema.get("$ref", "")
        if reference == "#/$defs/rate" and not key.endswith("_per_second"):
            result[key] = figure(32, "core")
        elif reference in (f"#/$defs/{kind}" for kind in ("count", "bytes", "hertz", "seconds", "watts")):
            result[key] = figure(32)
    return result


def changed(description: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    result = copy.deepcopy(description)
    inner = result
    for step in place[:-1]:
        inner = inner[step]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return result


def resolved(schema: Any) -> Any:
    return SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def walk(schema: Any, value: Any, place: Place = ()) -> Iterator[tuple[Place, Any, Any]]:
    """Each place of the description with its schema and value; of lists the first element stands for all."""
    schema = resolved(schema)
    yield place, schema, value
    if isinstance(value, dict):
        for key, below in value.items():
            inner = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if isinstance(inner, dict):
                yield from walk(inner, below, (*place, key))
    elif isinstance(value, list) and "items" in schema:
        yield from walk(schema["items"], value[0], (*place, 0))


def once(description: Any) -> Iterator[tuple[Place, Any]]:
    """Of the places that share a schema, the first."""
    seen: set[int] = set()
    for place, schema, _ in walk(SCHEMA, description):
        if id(schema) not in seen:
            seen.add(id(schema))
            yield place, schema


def refused(description: Any) -> str | None:
    return next((f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(description)), None)


def check_built_in(reader: Reader) -> Iterator[str]:
    for path in sorted((ROOT / "lib" / "Machine" / "descriptions").glob("*.json")):
        shown = json.loads(reader.run("--show", path.stem, "--json").stdout)
        for what, description in (("", json.loads(path.read_text())), (" --show", shown)):
            if error := refused(description):
                yield f"{path.stem}{what}: {error}"


def check_keys(reader: Reader, description: Any) -> Iterator[str]:
    seen: set[int] = set()
    for place, schema, value in walk(SCHEMA, description):
        if schema.get("additionalProperties") is not False or id(schema) in seen:
            continue
        seen.add(id(schema))
        properties = schema["properties"]
        yield from (f"{place}: {key} has no description" for key in properties if not properties[key].get("description"))
        error = reader.error(changed(description, (*place, "?"), 1)) or "nothing"
        found = re.search(r"unknown key '\?'; known are (.*)$", error)
        expected = set(properties) - {"like"}
        if not found or set(found[1].split(", ")) != expected:
            yield f"{place}: the schema has {', '.join(sorted(expected))}; frit says '{error}'"
    closed = sum(1 for schema in all_schemas(SCHEMA) if schema.get("additionalProperties") is False)
    if len(seen) != closed:
        yield f"the description of this test has {len(seen)} of {closed} kinds of objects"


def all_schemas(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        yield schema
    for below in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from all_schemas(below)


def check_choices(reader: Reader, description: Any) -> Iterator[str]:
    for place, schema in once(description):
        if "enum" not in schema:
            continue
        expected = ", ".join(text for text in schema["enum"] if text is not None)
        error = reader.error(changed(description, place, "?")) or "nothing"
        if f"expected one of {expected}, found '?'" not in error:
            yield f"{place}: the schema has {expected}; frit says '{error}'"


def check_broken(reader: Reader, description: Any) -> Iterator[str]:
    """The schema refuses each of BROKEN, and frit whatever the schema refuses."""
    cases = []
    for place, value, must in (
        *((place, value, True) for place, value in BROKEN),
        *((place, value, False) for place, _ in once(description) for value in VALUES),
    ):
        broken = changed(description, place, value)
        what = f"{place} = {'gone' if value is GONE else json.dumps(value)[:60]}"
        if said := refused(broken):
            cases.append((what, said, broken))
        elif must:
            yield f"{what}: the schema accepts it"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = list(pool.map(lambda case: reader.error(case[2]), cases))
    for (what, said, _), error in zip(cases, errors):
        if not error:
            yield f"{what}: frit reads it, the schema says '{said}'"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frit", required=True, help="the frit executable")
    frit = os.path.abspath(parser.parse_args().frit)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with tempfile.TemporaryDirectory() as directory:
        reader = Reader(frit, Path(directory))
        description = full_description()
        if error := refused(description) or reader.error(description):
            raise SystemExit(f"the description of this test: {error}")
        problems = [
            *check_built_in(reader), *check_keys(reader, description),
            *check_choices(reader, description), *check_broken(reader, description),
        ]  # fmt: skip
    print(*problems, f"{len(BROKEN)} broken descriptions, {len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
