#!/usr/bin/env python3
# ===- make_tiny_expected.py - a small llama and its logits ------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""Writes data/tiny.gguf with test/import/make_tiny_gguf.py, and what transformers makes of it.

data/tiny.logits holds f32 [12, 288]: the logits of all positions for the tokens 7, 30, 53, ...
(7 + 23 i modulo 288). transformers computes in f64, but its norms and rotary angles stay f32.

Needs: pip install torch transformers gguf accelerate
"""

import argparse
import pathlib
import subprocess
import sys

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = [(7 + 23 * i) % 288 for i in range(12)]


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    data = HERE / "data"
    data.mkdir(exist_ok=True)
    generator = HERE.parents[1] / "import" / "make_tiny_gguf.py"
    subprocess.run(
        [sys.executable, generator, data / "tiny.gguf", "--format", "q4_1"]
        + ["--tensor-format", "token_embd*=q8_0", "--tensor-format", "blk.*.ffn_down*=q4_0"],
        check=True,
    )
    model = transformers.LlamaForCausalLM.from_pretrained(
        data, gguf_file="tiny.gguf", dtype=torch.float32, attn_implementation="eager"
    ).double()
    with torch.no_grad():
        logits = model(torch.tensor([TOKENS])).logits[0]
    logits.float().numpy().tofile(data / "tiny.logits")
    print(logits.shape, "from", float(logits.min()), "to", float(logits.max()))


if __name__ == "__main__":
    main()
