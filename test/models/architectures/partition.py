# ===- partition.py - cuts a model into phases at random -----------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""A module as it is after `cache`, in generic form, becomes one after `fuse`, with any partition that is legal:
ops with phases of their own, in epilogues, and recomputed in prologues."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

LOCAL = {"graph.rope", "graph.glu", "graph.residual", "kv.append"}
ROW = {"graph.norm", "graph.quantize", "graph.route", "graph.select"}
PRODUCTS = {"graph.linear", "graph.logits", "graph.experts"}
OP = re.compile(r'(?:(%\w+) = )?"([\w.]+)"\(([^)]*)\)(.*) : \((.*)\) -> (.*)')


@dataclass(eq=False)
class Op:
    text: str
    result: str
    name: str
    operands: list[str]
    attributes: str
    types: dict[str, str]  # of the operands and the result

    @property
    def is_local(self) -> bool:
        return self.name in LOCAL or (self.name == "graph.norm" and "group = " in self.attributes)

    @property
    def is_row(self) -> bool:
        return self.name in ROW and not self.is_local


@dataclass
class Phase:
    name: str
    anchors: list[Op]
    epilogue: list[Op] = field(default_factory=list)

    @property
    def owned(self) -> list[Op]:
        return self.anchors + self.epilogue


def split_types(text: str) -> list[str]:
    """Of a list with commas inside of brackets."""
    depth, parts = 0, [""]
    for c in text:
        depth += (c in "<(") - (c in ">)")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts if part.strip()]


def parse(line: str) -> Op:
    found = OP.fullmatch(line.strip())
    assert found, line
    result, name, operands, attributes, inputs, output = found.groups()
    names = [operand.strip() for operand in operands.split(",") if operand.strip()]
    types = dict(zip(names, split_types(inputs)))
    if result:
        types[result] = output
    return Op(line.strip(), result or "", name, names, attributes, types)


class Partition:
    """The cut of one function."""

    def __init__(self, name: str, ops: list[Op], choose: random.Random):
        self.name, self.choose = name, choose
        self.params = {op.result: op for op in ops if op.name == "graph.param"}
        self.ops = [op for op in ops if op.name != "graph.param"]
        self.defined = {op.result: op for op in self.ops if op.result}
        self.users = {op.result: [user for user in self.ops if op.result in user.operands] for op in self.ops if op.result}
        self.phases: list[Phase | Op] = []  # an op: a repeat
        self.owner: dict[Op, int] = {}
        self.recomputed: set[Op] = set()
        for op in reversed(self.ops):
            if self.may_recompute(op) and choose.random() < 0.4:
                self.recomputed.add(op)
        for op in self.ops:
            if op.name != "graph.return" and op not in self.recomputed:
                self.place(op)

    def may_recompute(self, op: Op) -> bool:
        """Whether all that read an op read it by whole rows, in a prologue or as an anchor."""
        if not (op.is_row or (op.is_local and op.name not in ("kv.append", "graph.rope"))):
            return False
        # What an experts op scatters, and rows that are selected, come from another phase.
        return bool(self.users[op.result]) and all(
            user.name in PRODUCTS or (user.is_row and user.name != "graph.select") for user in self.users[op.result]
        )

    def inputs(self, op: Op) -> list[Op]:
        return [self.defined[operand] for operand in op.operands if operand in self.defined]

    def producers(self, op: Op) -> set[int]:
        """The phases that must have run."""
        result: set[int] = set()
        for other in self.inputs(op):
            result |= self.producers(other) if other in self.recomputed else {self.owner[other]}
        return result

    def may_join(self, op: Op, phase: Phase | Op) -> bool:
        """As an epilogue."""
        if isinstance(phase, Op) or any(other in self.recomputed for other in self.inputs(op)):
            return False
        anchor = phase.anchors[0]
        if anchor.name == "graph.experts":
            parts = "parts each" in anchor.attributes
            own = all(other in phase.owned for other in self.inputs(op))
            return (op.name in ("graph.glu", "graph.quantize") and own) if parts else op.name == "graph.residual"
        if anchor.name == "graph.attention":
            return op.name in ("graph.residual", "graph.glu")
        if anchor.name in PRODUCTS:
            # Behind ropes and appends a share is a head of 16 columns: no whole block.
            heads = any(other.name in ("graph.rope", "kv.append") or "group = " in other.attributes for other in phase.epilogue)
            return op.is_local or (op.name == "graph.quantize" and not heads)
        # Rows: whatever does not change their number or length.
        return op.is_local or (op.is_row and op.name not in ("graph.select", "graph.route"))

    def place(self, op: Op) -> None:
        producers = self.producers(op)
        choices: list[int] = [len(self.phases)]
        last = max(producers, default=-1)
        if op.name == "graph.repeat":
            self.owner[op] = len(self.phases)
            self.phases.append(op)
            return
        if last >= 0 and (op.is_local or op.is_row) and any(self.owner.get(other) == last for other in self.inputs(op)):
            if self.may_join(op, self.phases[last]):
                choices += [last] * 2
        if op.name in ("graph.linear", "graph.experts"):
            for index, phase in enumerate(self.phases):
                if isinstance(phase, Phase) and phase.anchors[0].name == op.name:
                    first = phase.anchors[0]
                    if op.operands[0] == first.operands[0] and (op.name == "graph.linear" or "parts each" in op.attributes):
                        choices += [index] * 2
        index = self.choose.choice(choices)
        if index == len(self.phases):
            self.phases.append(Phase(f"{self.name}.{index}.{op.name.split('.')[1]}", [op]))
        elif op.name in PRODUCTS:
            self.phases[index].anchors.append(op)
        else:
            self.phases[index].epilogue.append(op)
        self.owner[op] = index

    def prologue(self, op: Op, found: set[Op]) -> None:
        for other in self.inputs(op):
            if other in self.recomputed:
                found.add(other)
                self.prologue(other, found)

    def emit(self, phase: Phase) -> tuple[str, str]:
        """The phase with its reference, and the call."""
        prologue: set[Op] = set()
        for anchor in phase.anchors:
            self.prologue(anchor, prologue)
        members = [op for op in self.ops if op in prologue or op in phase.owned]
        params = {operand: self.params[operand] for op in members for operand in op.operands if operand in self.params}
        body = [*params.values(), *members]
        types = {name: text for op in body for name, text in op.types.items()}
        inside = {op.result for op in body}
        used = dict.fromkeys(operand for op in body for operand in op.operands)
        arguments = [name for name in used if name not in inside]
        results = [op.result for op in phase.owned if op.result and any(user not in members for user in self.users[op.result])]
        signature = f"({', '.join(types[name] for name in arguments)}) -> ({', '.join(types[name] for name in results)})"
        typed = ", ".join(f"{name}: {types[name]}" for name in arguments)
        returned = f" -> ({', '.join(types[name] for name in results)})" if results else ""
        leave = f'"kernel.yield"({", ".join(results)}) : ({", ".join(types[name] for name in results)}) -> ()'
        plain = "\n".join(op.text for op in body)
        roles = "\n".join(op.text if op.name == "graph.param" else self.with_role(op, phase, prologue) for op in body)
        text = f"kernel.reference @{phase.name}.reference({typed}){returned} {{\n{plain}\n{leave}\n}}\n"
        text += f"kernel.phase @{phase.name}({typed}){returned} attributes {{reference = @{phase.name}.reference}} {{\n{roles}\n{leave}\n}}\n"
        call = f"kernel.call @{phase.name}({', '.join(arguments)}) : {signature}"
        return text, (", ".join(results) + " = " if results else "") + call

    def with_role(self, op: Op, phase: Phase, prologue: set[Op]) -> str:
        role = "prologue" if op in prologue else "anchor" if op in phase.anchors else "epilogue"
        head, tail = op.text.split(" : (", 1)
        return f"{head} {{kernel.role = #kernel.role<{role}>}} : ({tail}"

    def function(self) -> tuple[list[str], list[str]]:
        """Phases, and what the function does with them."""
        texts, body = [], []
        for phase in self.phases:
            if isinstance(phase, Op):
                body.append(phase.text)
                continue
            text, call = self.emit(phase)
            texts.append(text)
            body.append(call)
        return texts, [*body, self.ops[-1].text]

    def describe(self) -> str:
        lines = []
        for phase in self.phases:
            if isinstance(phase, Phase):
                prologue: set[Op] = set()
                for anchor in phase.anchors:
                    self.prologue(anchor, prologue)
                names = ([op.name for op in ops] for ops in (sorted(prologue, key=self.ops.index), phase.anchors, phase.epilogue))
                lines.append(" | ".join(" ".join(part) for part in names))
        return "\n".join(lines)


def cut(module: str, seed: int) -> tuple[str, str]:
    """The module with a partition of its own, and what that is."""
    choose = random.Random(seed)
    out: list[str] = []
    functions: list[str] = []
    phases: list[str] = []
    described: list[str] = []
    lines = iter(module.splitlines())
    for line in lines:
        if '"graph.layer"' not in line and '"graph.func"' not in line:
            out.append(line.replace('frit.phase = "cache"', 'frit.phase = "fuse"'))
            continue
        name = re.search(r'sym_name = "([\w.]+)"', line)[1]
        functions += [line, next(lines)]
        ops = []
        for inner in lines:
            if inner.strip().startswith("})"):
                break
            ops.append(parse(inner))
        partition = Partition(name, ops, choose)
        texts, body = partition.function()
        phases += texts
        functions += [*body, inner]
        described.append(partition.describe())
    end = max(index for index, line in enumerate(out) if line.startswith("})"))
    return "\n".join([*out[:end], *phases, *functions, *out[end:]]), "\n".join(described)
