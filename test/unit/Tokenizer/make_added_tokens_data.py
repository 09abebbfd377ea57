#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the expected values of tokens added by hand that take white space beside them (lstrip, rstrip), stand
alone (single_word) or are found behind the normalizer (normalized), with Hugging Face's `tokenizers`.

Needs the PyPI package tokenizers and what make_tokenizer_data.py wrote. Seeded likewise.

  data/added-strings.txt    as strings.txt there: texts around such tokens
  data/<name>.json          a tokenizer.json, data/<name>.expected and .decode as there
                            <name>: added-nfc (byte-level, composes), added-prepend (SentencePiece's BPE whose
                            normalizer prepends), added-first, added-always (Metaspace)
  data/word-classes.txt     first and last code point of each range, hexadecimal, beside which single words are none
"""

from __future__ import annotations

import json
import random

from make_tokenizer_data import DATA, NORMAL, escape, write_expected, write_json
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

FLAGS = ("lstrip", "rstrip", "single_word", "normalized")
# Spelling, special, flags. No letters of the byte alphabet (see make_tokenizer_data.py).
ADDED = [
    ("<l>", True, "l"),
    ("<r>", True, "r"),
    ("<lr>", True, "lr"),
    ("<w>", False, "s"),
    ("word", False, "s"),
    ("w\u1ecdrd", False, "sn"),
    ("<n>", False, "n"),
    ("<nl>", True, "nl"),
    ("<nr>", False, "nr"),
    ("two words", False, "nlr"),
    ("o\u0323", False, "n"),
    ("\u1ecda", False, ""),
    ("a\u0308", False, ""),
    ("<n", True, ""),
    ("\n\n", False, ""),
    ("  ", False, "n"),
    ("<wl>", False, "slr"),
    ("\u4e16", False, "s"),
]


def add(tokenizer: Tokenizer, changes: bool) -> None:
    """`changes`: the normalizer changes special tokens; then the reference forgets that they are special when
    it decodes."""
    for text, special, flags in ADDED:
        special = special and not (changes and "n" in flags)
        chosen = {flag: flag[0] in flags for flag in FLAGS}
        token = AddedToken(text, special=special, **chosen)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])


def load(name: str) -> Tokenizer:
    return Tokenizer.from_str((DATA / f"{name}.json").read_text(encoding="utf-8"))


def make_strings(rng: random.Random) -> list[tuple[str, bytes]]:
    spaces = ["", "", " ", "  ", "   ", "\n", "\n\n", " \n ", "\t", "\u00a0", "\u3000", "\r\n", "\u2581", "\u200b"]
    others = ["a", "the", "x1", "_", "-", "!", "\u00e9", "e\u0301", "\u0301", "o\u0323", "\u0323", "\u1ecd", "\u4e16\u754c", "9", "wo", "rd", "<", ">", "\U0001f600", "\u200d", "\u0345", "\u24b6", "\u203f", "\u2160"]  # fmt: skip
    cases = []
    for text, _, _ in ADDED:
        for around in ("{}", " {} ", "a{}b", "a {} b", "{0}{0}", " {0} {0} ", "\n{}\n", "_{}", "{}-", "!{}!", "\u00e9{}\u0301"):
            cases += [(mode, around.format(text)) for mode in "sp"]
    for _ in range(700):
        parts = []
        for _ in range(rng.randint(1, 6)):
            parts.append(rng.choice(spaces))
            parts.append(rng.choice(ADDED)[0] if rng.random() < 0.6 else rng.choice(others))
        parts.append(rng.choice(spaces))
        cases.append((rng.choice("ssp"), "".join(parts)))
    return [(mode, text.encode()) for mode, text in cases]


def write_word_classes() -> None:
    tokenizer = Tokenizer(models.BPE({}, []))
    tokenizer.add_tokens([AddedToken("x", single_word=True)])
    ranges: list[list[int]] = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or code == ord("x") or tokenizer.encode(chr(code) + "x").ids:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    text = "".join(f"{first:x} {last:x}\n" for first, last in ranges)
    (DATA / "word-classes.txt").write_text(text, encoding="utf-8")


def main() -> None:
    metaspace = json.loads(load("sentencepiece-prefix").to_str())
    metaspace["normalizer"] = None
    tokenizers = {
        "added-nfc": load("tiny-qwen2"),
        "added-prepend": load("sentencepiece-prefix"),
        "added-first": Tokenizer.from_str(json.dumps(metaspace)),
        "added-always": Tokenizer.from_str(json.dumps(metaspace)),
    }
    tokenizers["added-first"].pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizers["added-always"].pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    assert isinstance(tokenizers["added-nfc"].normalizer, normalizers.NFC)
    for name, tokenizer in tokenizers.items():
        add(tokenizer, name == "added-prepend")
    strings = make_strings(random.Random(1))
    (DATA / "added-strings.txt").write_text(
        "".join(f"{mode}\t{escape(data)}\n" for mode, data in strings), encoding="utf-8"
    )
    for seed, (name, tokenizer) in enumerate(tokenizers.items()):
        write_json(name, tokenizer)
        # Byte tokens have spellings that the reference decodes otherwise than one by one.
        types = [NORMAL] * tokenizer.get_vocab_size()
        for spelling, id in tokenizer.get_vocab().items():
            if spelling.startswith("<0x"):
                types[id] = 6
        write_expected(name, tokenizer, types, strings, random.Random(seed), long=False)
    write_word_classes()
    print(f"{len(strings)} strings")


if __name__ == "__main__":
    main()
