# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles language models for this machine and runs them.

    import frit

    model = frit.load("model.gguf")  # or a bundle, or a Hugging Face directory
    print(model.generate("The capital of France is", max_tokens=16))
    for piece in model.chat([{"role": "user", "content": "What is a compiler?"}], stream=True):
        print(piece, end="", flush=True)
    logits = model.logits(model.encode("Hello"))  # float32 [positions, vocabulary]

Running a bundle executes the machine code in it: load bundles you trust.
"""

from ._compile import compile
from ._model import Info, Model, load
from ._runtime import Error

__version__ = "0.1.0"
__all__ = ["Error", "Info", "Model", "compile", "load"]

for _public in (Error, Info, Model):
    _public.__module__ = __name__  # what messages call them
