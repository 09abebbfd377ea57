#!/usr/bin/env python3
# ===- check_schema.py - docs/arch-record.schema.json against frit's reader -----===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Compares the schema of architecture records with what frit reads: the built-in records are valid; each object has
the keys, and each choice the texts, that frit names when it meets another; what the schema refuses, frit refuses; and
broken records are refused by both. Needs jsonschema."""

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

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "test" / "import"))

import make_tiny_gguf  # noqa: E402

SCHEMA = json.loads((ROOT / "docs" / "arch-record.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ROLE = re.compile(r'^FRIT_ROLE\(\w+, "(\w+)", (\w+), (true|false)\)$', re.MULTILINE)
# Of each, its keyword, the kind of tensor it is in the schema, and whether it is necessary.
KINDS = {"Model": "model", "Matrices": "experts"}
ROLES = [
    (keyword, KINDS.get(use, "layer"), necessary == "true")
    for keyword, use, necessary in ROLE.findall((ROOT / "lib" / "Arch" / "Roles.def").read_text())
]
FIRST = {kind: next(keyword for keyword, other, _ in ROLES if other == kind) for kind in ("model", "layer", "experts")}
# Of a change: the key goes.
GONE = object()
Place = tuple[str | int, ...]


class Reader:
    """frit, asked whether it reads a record."""

    def __init__(self, frit: str, directory: Path):
        self.frit = frit
        self.directory = directory
        make_tiny_gguf.main([str(directory / "tiny.gguf")])

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.frit, *arguments], cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def built_in(self, name: str) -> Any:
        return json.loads(self.run("archs", "--show", name).stdout)

    def error(self, record: Any) -> str | None:
        """What is wrong with the record; None: nothing, whatever is wrong with the model."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.directory) as file:
            json.dump(record, file)
            file.flush()
            done = self.run("inspect", "tiny.gguf", "--arch-spec", file.name)
            prefix = f"error: {file.name}: "
            if done.stderr.startswith(prefix):
                return done.stderr.removeprefix(prefix).strip()
        if done.returncode not in (0, 1) or (done.returncode == 1 and "cannot import" not in done.stderr):
            raise SystemExit(f"frit inspect: status {done.returncode}\n{done.stderr}")
        return None


def full_record(llama: Any) -> Any:
    """A record that uses every key and every role."""
    record = copy.deepcopy(llama)
    record["$schema"] = "arch-record.schema.json"
    record["norm"] |= {"kind": "layer", "offset": 0}
    record["attention"] |= {"softcap": 0, "qk_norm": "before_rope"}
    record["ffn"]["activation"]["gguf"] = "{arch}.activation"
    record["embedding"] = {"scale": 1}
    record["residual"] = {"scale": 1, "parallel": 0}
    record["logits"] = {"scale": 1, "softcap": 0}
    record["hyperparameters"]["heads"] |= {
        "length_of": "heads", "choices": {"one": 1, "two": "1 + 1"}, "others": 1, "default": 1, "what": "w",
        "instead": "i",
    }  # fmt: skip
    record["hyperparameters"]["value_dim"] |= {"choices": {"one": 1}, "what": "w", "instead": "i"}
    record["hyperparameters"]["kv_heads"] |= {
        "choices": {"one": 1}, "others": 1, "default": {"gguf": 1, "huggingface": 1},
    }  # fmt: skip
    record["rope"]["scaling"]["kinds"] = {
        "a": {"kind": "yarn", "factor": 1, "low_frequency": 1, "high_frequency": 1, "beta_fast": 1, "beta_slow": 1}
    } | record["rope"]["scaling"]["kinds"]
    record["experts"] = {"count": 0, "used": 0, "shared": 0, "normalize": 0, "scale": 1, "scoring": "softmax"}
    for keyword, kind, necessary in ROLES:
        tensor = record["tensors"].setdefault(keyword, {"shape": ["hidden"]})
        tensor["gguf"] = keyword + ".{layer}" * (kind != "model")
        tensor["huggingface"] = "model." + tensor["gguf"]
        tensor["optional"] = not necessary and keyword != "ffn_gate"  # of which FFNs of kind glu need one
        if tensor["optional"]:
            tensor["if"] = 1
        if kind != "experts":
            tensor["rows"] = {"from": 0, "of": "hidden", "groups": 1}
        if keyword != FIRST[kind]:
            tensor |= {"default": FIRST[kind], "tied": 0}
    rows = record["tensors"]["attn_q"]["rows"]
    record["tensors"]["attn_k"]["rows"] = {"gguf": rows, "huggingface": rows}
    record["refuse"] = [{"keys": ["k"], "tensors": ["t"], "except": [0, "a", True], "what": "w", "instead": "i"}]
    return record


def inside(record: Any, place: Place) -> Any:
    for step in place:
        record = record[step]
    return record


def changed(record: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    result = copy.deepcopy(record)
    *outer, key = place
    if value is GONE:
        del inside(result, outer)[key]
    else:
        inside(result, outer)[key] = value
    return result


# ---- The schema as a tree ---------------------------------------------------------------------


def parts(schema: Any) -> Iterator[Any]:
    """The schema and those that it refers to: all hold at one place, but for the alternatives of anyOf."""
    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from parts(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    for alternative in schema.get("anyOf", []):
        # The others say what must be there.
        if "$ref" in alternative or "type" in alternative:
            yield from parts(alternative)


Node = tuple[Place, list[Any]]


def walk(schemas: list[Any], value: Any, place: Place = ()) -> Iterator[Node]:
    """Each place of the record with the schemas that hold there. Of lists, and of objects with free keys, the first
    entry stands for all."""
    here = [part for schema in schemas for part in parts(schema)]
    yield place, here
    below: dict[str | int, list[Any]] = {}
    for part in here:
        if isinstance(value, list) and "items" in part:
            below.setdefault(0, []).append(part["items"])
        if isinstance(value, dict):
            named = part.get("properties", {})
            free = next((key for key in value if key not in named), None)
            if free and part.get("additionalProperties"):
                below.setdefault(free, []).append(part["additionalProperties"])
            for key, schema in named.items():
                if key in value:
                    below.setdefault(key, []).append(schema)
    for key, inner in below.items():
        yield from walk(inner, value[key], (*place, key))


def closed(schemas: list[Any]) -> list[Any]:
    """Those of objects that have no other keys; several are alternatives."""
    return [schema for schema in schemas if schema.get("additionalProperties") is False]


def shared_once(record: Any, nodes: Iterator[Node]) -> list[Node]:
    """Of the places that share all but a description, the one with the most keys."""
    seen: set[tuple[Any, ...]] = set()
    result = []

    def size(node: Node) -> int:
        value = inside(record, node[0])
        return len(value) if isinstance(value, (dict, list)) else 0

    for place, schemas in sorted(nodes, key=size, reverse=True):
        key: tuple[Any, ...] = tuple(id(schema) for schema in schemas if set(schema) - {"$ref", "description"})
        if len(closed(schemas)) > 1:
            key += tuple(inside(record, place))
        if key not in seen:
            seen.add(key)
            result.append((place, schemas))
    return result


# ---- What must hold ---------------------------------------------------------------------------

# Beside those of a wrong type, which are made below; each breaks one rule.
BROKEN: list[tuple[Place, Any]] = [
    ((), []),
    (("like",), 1),
    (("name",), GONE),
    (("name",), ""),
    *(((knob,), GONE) for knob in ("hyperparameters", "tensors", "norm", "attention", "ffn")),
    (("norm", "esp"), 1e-5),
    (("norm", "eps"), None),
    (("norm", "eps"), "1" * 1001),
    (("norm", "kind"), "rms"),
    (("attention", "scale"), ""),
    (("attention", "qk_norm"), "none"),
    (("attention", "qk_norm"), GONE),
    *((("hyperparameters", name), GONE) for name in (
        "layers", "context_length", "hidden", "vocabulary", "heads", "kv_heads", "head_dim", "value_dim")),
    *((("hyperparameters", name), {"default": 1}) for name in ("layer", "gguf", "sqrt", "log", "pow", "f32")),
    (("hyperparameters", "x"), {}),
    (("hyperparameters", "x"), {"gguf": [], "length_of": "", "is": "count"}),
    (("hyperparameters", "heads", "is"), "prime"),
    (("hyperparameters", "value_dim", "what"), GONE),
    (("hyperparameters", "value_dim", "instead"), ""),
    (("hyperparameters", "layers", "others"), 1),
    (("hyperparameters", "kv_heads", "others"), GONE),
    (("hyperparameters", "kv_heads", "choices"), GONE),
    (("hyperparameters", "kv_heads", "default", "onnx"), 1),
    (("tensors", "attn_q", "if"), 1),
    (("tensors", "attn_q_bias", "optional"), GONE),
    (("rope", "scaling", "default"), {"gguf": "linear", "onnx": "none"}),
    (("hyperparameters", "heads", "choices"), {f"t{i}": i for i in range(513)}),
    (("tensors", "attn_x"), {"gguf": "x.{layer}", "shape": ["hidden"]}),
    *((("tensors", keyword), GONE) for keyword, _, necessary in ROLES if necessary),
    *((("tensors", keyword, "optional"), True) for keyword, _, necessary in ROLES if necessary),
    (("tensors", "attn_q", "gguf"), "q"),
    (("tensors", "attn_q", "huggingface"), "q"),
    (("tensors", "output", "gguf"), "o.{layer}"),
    (("tensors", "output", "huggingface"), "o.{layer}"),
    (("tensors", "output_norm"), {"gguf": "", "huggingface": "", "shape": ["hidden"]}),
    (("tensors", "attn_q", "shape"), GONE),
    (("tensors", "attn_q", "shape"), []),
    (("tensors", "attn_q", "shape"), [1, 2, 3]),
    (("tensors", "attn_q", "shape"), [None]),
    (("tensors", "attn_q", "default"), "token_embd"),
    (("tensors", "attn_q", "default"), GONE),
    (("tensors", "output", "default"), "attn_q"),
    (("tensors", "output", "default"), "embedding"),
    (("tensors", "attn_q", "rows", "from"), GONE),
    (("tensors", "attn_q", "rows", "of"), GONE),
    (("tensors", "attn_q", "rows", "gguf"), {"from": 0, "of": 1}),
    (("tensors", "attn_k", "rows", "gguf", "of"), GONE),
    (("tensors", "attn_k", "rows"), {"huggingface": {"from": 0}}),
    (("tensors", "attn_q", "gguf"), "q.{layer}.{expert}"),
    (("tensors", "output", "huggingface"), "o.{expert}"),
    (("tensors", "ffn_gate_shexp", "default"), "ffn_gate_exps"),
    (("tensors", "ffn_up_exps", "default"), "attn_norm"),
    (("tensors", "ffn_up_exps", "shape"), [1, 2]),
    (("tensors", "ffn_up_exps", "gguf"), "u"),
    (("tensors", "ffn_up_exps", "rows"), {"from": 0, "of": 1}),
    *((("tensors", keyword), GONE) for keyword in ("ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")),
    (("experts", "count"), GONE),
    (("experts", "used"), GONE),
    (("rope", "scaling", "kinds"), GONE),
    (("rope", "scaling", "kinds", "yarn", "kind"), GONE),
    (("ffn", "activation"), "quick_gelu"),
    (("tensors", "ffn_gate"), GONE),
    (("tensors", "ffn_gate", "optional"), True),
    (("ffn", "activation", "choices"), GONE),
    (("refuse", 0), None),
    (("refuse", 0, "what"), GONE),
    (("refuse", 0, "instead"), ""),
    (("refuse", 0), {"keys": [], "what": "w", "instead": "i"}),
    (("refuse", 0, "except"), [None]),
]  # fmt: skip
VALUES = (None, True, 1.5, "?", [True], {"?": True})


def refused(record: Any) -> str | None:
    return next((f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(record)), None)


def check_built_in(reader: Reader) -> Iterator[str]:
    for path in sorted((ROOT / "lib" / "Arch").glob("*.json")):
        for what, record in (("", json.loads(path.read_text())), (" --show", reader.built_in(path.stem))):
            if error := refused(record):
                yield f"{path.stem}{what}: {error}"


def check_roles() -> Iterator[str]:
    roles = SCHEMA["properties"]["tensors"]["properties"]
    if list(roles) != [keyword for keyword, _, _ in ROLES]:
        yield "the roles are not those of Roles.def"
    for keyword, kind, necessary in ROLES:
        expected = f"needed{kind.title()}Tensor" if necessary else f"{kind}Tensor"
        if roles[keyword]["$ref"] != f"#/$defs/{expected}":
            yield f"{keyword}: expected {expected}"
    for kind in FIRST:
        # The last one can stand in for none.
        expected = [keyword for keyword, other, _ in ROLES if other == kind][:-1]
        if SCHEMA["$defs"][f"{kind}Tensor"]["properties"]["default"]["enum"] != [*expected, None]:
            yield f"{kind}Tensor: expected {expected} as default"


def all_closed(schema: Any) -> Iterator[Any]:
    """Every object of the schema."""
    if isinstance(schema, dict):
        yield from closed([schema])
    for below in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from all_closed(below)


def check_keys(reader: Reader, record: Any, nodes: list[Node]) -> Iterator[str]:
    """The keys of objects, as frit names them, are those of the schema. They are in the record, so that what is below
    them is looked at, too, and have descriptions."""
    looked_at = set()
    for place, schemas in nodes:
        for schema in closed(schemas):
            properties = schema["properties"]
            if len(closed(schemas)) > 1 and not set(properties) & set(inside(record, place)):
                continue
            yield from (f"{place}: {key} has no description" for key in properties if not properties[key].get("description"))
            looked_at.add(id(schema))
            excluded = {
                key for other in schemas for key, below in other.get("properties", {}).items() if below == {"type": "null"}
            }
            if missing := set(properties) - set(inside(record, place)) - excluded - {"like"}:
                yield f"{place}: the record of this test lacks {missing}"
            error = reader.error(changed(record, (*place, "?"), 1)) or "nothing"
            found = re.search(r"unknown key '\?'; known are (.*)$", error)
            if not found or set(found[1].split(", ")) != set(properties):
                yield f"{place}: the schema has {', '.join(properties)}; frit says '{error}'"
    for schema in all_closed(SCHEMA):
        if id(schema) not in looked_at:
            yield f"the record of this test has no object of {', '.join(schema['properties'])}"


def check_choices(reader: Reader, record: Any, nodes: list[Node]) -> Iterator[str]:
    """The texts of choices, as frit names them, are those of the schema."""
    for place, schemas in nodes:
        for schema in schemas:
            if "enum" not in schema or place[0] == "tensors":
                continue
            expected = ", ".join(text for text in schema["enum"] if text is not None)
            error = reader.error(changed(record, place, "?")) or "nothing"
            if f"expected one of {expected}, found '?'" not in error:
                yield f"{place}: the schema has {expected}; frit says '{error}'"


def check_broken(reader: Reader, record: Any, nodes: list[Node]) -> Iterator[str]:
    """The schema refuses each of BROKEN, and frit whatever the schema refuses."""
    cases = []
    for place, value, must in (
        *((place, value, True) for place, value in BROKEN),
        *((place, value, False) for place, _ in nodes for value in VALUES),
    ):
        what = f"{place} = {'gone' if value is GONE else json.dumps(value)[:60]}"
        broken = changed(record, place, value)
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
        record = full_record(reader.built_in("llama"))
        if error := refused(record) or reader.error(record):
            raise SystemExit(f"the record of this test: {error}")
        nodes = shared_once(record, walk([SCHEMA], record))
        problems = [
            *check_built_in(reader), *check_roles(), *check_keys(reader, record, nodes),
            *check_choices(reader, record, nodes), *check_broken(reader, record, nodes),
        ]  # fmt: skip
    print(*problems, f"{len(nodes)} places, {len(BROKEN)} broken records, {len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
