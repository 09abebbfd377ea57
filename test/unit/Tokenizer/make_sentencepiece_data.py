#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes small files of the library SentencePiece and what it makes of the texts of make_tokenizer_data.py.

Needs the PyPI packages sentencepiece and tokenizers (for what it shares with that script, which must have run).
Training is single-threaded: the same versions write the same files.

  data/<name>.model         a tokenizer.model
  data/<name>.expected      as there, of data/spm-strings.txt; * for a text that is not compared, as the library
  data/<name>.decode        decodes control tokens to nothing and the unknown one to its own surface
  data/<name>.long          as there, of BPE
                            <name>: see MODELS
"""

from __future__ import annotations

import io
import random
import re

import sentencepiece
from make_tokenizer_data import DATA, LONG_CASES, escape, fnv1a, long_text, make_strings
from sentencepiece_vocabulary import TEXTS

CONTROL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
USER_DEFINED = ["<tool>", "<tool_call>", "fox\U0001f98a", "\u2460", "\n\n", "ing"]
PLAIN = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
MODELS = {
    # Like Llama 2: text stays as it is, with a space in front.
    "spm-bpe": {
        "model_type": "bpe",
        "byte_fallback": True,
        "user_defined_symbols": [*USER_DEFINED, "\u2581\u2581\u2581\u2581"],
        **PLAIN,
    },
    # Everything else at once: compatibility characters, spaces, no bytes, no space in front.
    "spm-bpe-nmt": {"model_type": "bpe", "add_dummy_prefix": False},
    # Like T5.
    "spm-unigram": {"model_type": "unigram"},
    "spm-unigram-bytes": {"model_type": "unigram", "byte_fallback": True, **PLAIN},
}


def train(options: dict[str, object], corpus: list[str]) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus),
        model_writer=model,
        vocab_size=1800,
        character_coverage=0.995,
        control_symbols=CONTROL,
        num_threads=1,
        minloglevel=2,
        max_sentence_length=100_000,
        hard_vocab_limit=False,
        **{"user_defined_symbols": USER_DEFINED, **options},
    )
    return model.getvalue()


def spm_strings() -> list[tuple[str, bytes]]:
    strings = make_strings(random.Random(1))
    for text in [*CONTROL, *USER_DEFINED, "<0x41>", "<unk>", "<s>", "</s>", "\u2581", " \u2581 a", "\u2047"]:
        for around in ("{}", " {} ", "a{}b", "  {0}{0}", "{}  "):
            strings += [(mode, around.format(text).encode()) for mode in "sp"]
    return strings


def main() -> None:
    strings = spm_strings()
    (DATA / "spm-strings.txt").write_text(
        "".join(f"{mode}\t{escape(data)}\n" for mode, data in strings), encoding="utf-8"
    )
    corpus = [line for path in sorted(TEXTS.glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines()]
    corpus += [data.decode("utf-8", "replace").replace("\0", "") for mode, data in make_strings(random.Random(1))[::10] if mode == "p"]
    for seed, (name, options) in enumerate(MODELS.items()):
        model = train(options, corpus)
        (DATA / f"{name}.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        special = [id for id in range(len(processor)) if processor.is_control(id) or processor.is_unknown(id)]
        spelled = {processor.id_to_piece(id): id for id in special}
        pattern = re.compile("(" + "|".join(sorted(map(re.escape, spelled), key=len, reverse=True)) + ")")

        def encode(text: str, mode: str) -> list[int]:
            if mode == "p":
                return processor.encode(text)
            parts = pattern.split(text)
            return [id for part in parts for id in ([spelled[part]] if part in spelled else processor.encode(part))]

        def decoded(ids: list[int], text: str) -> str:
            plain = processor.decode(ids)
            field = "=" if plain == text else escape(plain.encode())
            if processor.unk_id() in ids:
                return "*\t*"
            return f"*\t{escape(plain.encode())}" if set(ids) & set(special) else f"{field}\t="

        lines = []
        for mode, data in strings:
            text = data.decode("utf-8", "replace")
            ids = encode(text, mode)
            lines.append(f"{' '.join(map(str, ids))}\t{decoded(ids, text)}\n")
        (DATA / f"{name}.expected").write_text("".join(lines), encoding="utf-8")
        candidates = [id for id in range(len(processor)) if not processor.is_byte(id)]
        rng = random.Random(seed)
        lines = []
        for _ in range(300):
            ids = rng.choices(candidates, k=rng.randint(1, 12))
            # Never equal to the text of no case: written out.
            lines.append(f"{' '.join(map(str, ids))}\t{decoded(ids, chr(0))}\n")
        (DATA / f"{name}.decode").write_text("".join(lines), encoding="utf-8")
        # The sums of a unigram model have single precision, which is too little for a megabyte.
        if options["model_type"] == "bpe":
            lines = []
            for kind, seed in LONG_CASES:
                text = long_text(kind, seed)
                ids = processor.encode(text)
                same = "=" if processor.decode(ids) == text else "*"
                lines.append(f"{kind} {seed} {len(ids)} {fnv1a(ids)} {same}\n")
            (DATA / f"{name}.long").write_text("".join(lines), encoding="utf-8")
        print(name, len(processor), "pieces,", len(model), "bytes")


if __name__ == "__main__":
    main()
