#!/usr/bin/env python3
"""Writes docs/walk.md: one layer of SmolLM2-135M at every level of the compiler.

The excerpts come from `frit compile --dump-phases-to`, so that the page cannot rot: with --check the
page is made again and compared with the one in the tree (exit status 1 when they differ).
"""

from __future__ import annotations

import argparse
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

# A fixed target: the page must not depend on the machine that makes it.
TARGET = "avx512-vnni"
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "walk.md"


def dump(frit: str, model: str, directory: str) -> dict[str, str]:
    """The module after each phase, by the phase's name."""
    command = [frit, "compile", model, "--target", TARGET, "--dump-phases-to", directory,
               "--emit", "mlir", "-o", str(pathlib.Path(directory) / "out.mlir")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {path.stem.split("-", 1)[1]: path.read_text()
            for path in pathlib.Path(directory).glob("[0-9][0-9]-*.mlir")}


def shorten(text: str) -> str:
    """What differs between machines, and what is long without saying more."""
    text = re.sub(r'(graph\.file @\w+ )"[^"]*/', r'\1"', text)
    text = re.sub(r"\[(\d+, \d+), \d+[^\]]*\]", r"[\1, ...]", text)
    text = re.sub(r"module attributes \{.*?\} \{", "module attributes {...} {", text, flags=re.S)
    # The same long type again and again.
    return re.sub(r"!kv\.cache<3x64, k = <f16>, v = <f16>>", "!kv.cache<3x64, f16>", text)


def block(text: str, start: str) -> str:
    """The operation whose first line contains `start`, to the brace that ends it."""
    lines = text.splitlines()
    for first, line in enumerate(lines):
        if start in line:
            break
    else:
        raise SystemExit(f"make_walk: expected an operation with '{start}', but found none")
    indent = len(lines[first]) - len(lines[first].lstrip())
    if not lines[first].rstrip().endswith("{"):
        return lines[first].strip()
    for last in range(first + 1, len(lines)):
        if lines[last] == " " * indent + "}":
            return "\n".join(line[indent:] for line in lines[first:last + 1])
    raise SystemExit(f"make_walk: expected the end of '{start}'")


def lines_with(text: str, pattern: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if re.search(pattern, line))


def code(text: str) -> str:
    return f"```mlir\n{text}\n```\n"


def changed(before: str, after: str) -> str:
    """The lines of `after` that `before` has not, in order."""
    matcher = difflib.SequenceMatcher(a=before.splitlines(), b=after.splitlines(), autojunk=False)
    new = []
    for tag, _, _, low, high in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            new += after.splitlines()[low:high]
    return "\n".join(line.strip() for line in new)


def page(dumps: dict[str, str]) -> str:
    text = {name: shorten(module) for name, module in dumps.items()}
    layer = {name: block(text[name], "graph.layer @decoder") for name in
             ("import", "normalize", "quantize", "cache", "fuse")}
    weights = {name: block(text[name], "graph.weights @block") for name in ("import", "normalize")}
    phase = "decoder.attn_q.attn_k.attn_v"
    return f"""# One layer, level by level

SmolLM2-135M (hidden 576, 9 query and 3 key/value heads of 64, FFN 1536, 30 layers, Q4_1) on its way through frit, for the target
`{TARGET}`. Made by `scripts/make_walk.py` from `frit compile --dump-phases-to`; a test compares this page with what the compiler
does today. The steps are those of `include/frit/Pipeline/Phases.def`.

## After import: what the checkpoint says

Weights are references into the file, one column of a table a role, one row a layer; the layer class is one function. Its length does
not depend on the depth of the model, and no weight is in the IR.

{code(lines_with(text["import"], r"graph[.](file|weight) @"))}
{code(weights["import"])}
{code(layer["import"])}
{code(block(text["import"], "graph.func @forward"))}
## After normalize: one spelling

GGUF stores the rows of llama's q and k so that RoPE pairs are neighbours. The pass moves that into the weight (the packer reorders
rows), and every rope rotates halves:

{code(changed(weights["import"], weights["normalize"]))}
{code(changed(layer["import"], layer["normalize"]))}
## After quantize: every number format explicit

Products with integer weights take int8 activations in blocks of 32, each value quantized once:

{code(changed(layer["normalize"], layer["quantize"]))}
## After cache: how keys and values are stored

{code(lines_with(layer["cache"], r"kv[.]append|graph[.]layer"))}
## After fuse: phases

What all cores do between two barriers, as the planner decided for calls of one token: `frit explain` says why, and there are copies of the
layer for calls of more. Five a layer; a norm is recomputed in the prologue of whoever reads it, RoPE and the append to the cache run before
a tile leaves the core. The body is the graph, unchanged (a copy of it, the `kernel.reference`, stays to the end).

{code(layer["fuse"])}
{code(block(text["fuse"], f"kernel.phase @{phase}("))}
## After schedule: tiles, packs and buffers

How weights are laid out, which buffers the cores share, and what one core does. First what all phases have in common:

{code(lines_with(text["schedule"], r"^  tile[.](pack|buffer) @"))}
{code(block(text["schedule"], "tile.program @decode"))}
The phase above for one token. A share is one head: 64 rows of q, k or v; the number of the share says which.

{code(block(text["schedule"], f"tile.phase @{phase}.m1 "))}
And attention over the cache, streaming over blocks of 64 keys with a running maximum:

{code(block(text["schedule"], "tile.phase @decoder.attention.m1 "))}
## After lower

One function a phase, in the LLVM dialect. The inner loop of the product is eight `vpdpbusd` for 32 columns of 16 rows:

{code(chr(10).join(lines_with(block(text["lower"], "llvm.func @frit_phase_decoder_attn_output_m1"), r"vpdpbusd").splitlines()[:8]))}
Then LLVM emits an object, `lld` links it in this process, the packer writes the weights in the order of the packs, and the bundle
holds both (docs/architecture.md).
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frit", default="build/release/bin/frit", help="the driver (default: %(default)s)")
    parser.add_argument("--model", required=True, help="SmolLM2-135M-Instruct as Q4_1 GGUF")
    parser.add_argument("--check", action="store_true", help="compare with the page in the tree instead of writing it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        made = page(dump(options.frit, options.model, directory))
    if not options.check:
        PAGE.write_text(made)
        return 0
    kept = PAGE.read_text() if PAGE.exists() else ""
    if made == kept:
        print("docs/walk.md is what the compiler does")
        return 0
    sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), made.splitlines(True),
                                               "docs/walk.md", "made now"))
    return 1


if __name__ == "__main__":
    sys.exit(main())
