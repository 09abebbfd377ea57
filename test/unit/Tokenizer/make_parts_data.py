#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what Hugging Face's `tokenizers` make of texts when parts of a tokenizer.json are others.

Needs the PyPI package tokenizers and what make_tokenizer_data.py wrote. Seeded likewise.

  data/parts.json   list of {name, base: a tokenizer.json of data/, changes: its fields that are others,
                    texts, ids: of each text with the tokens of the template, decoded: those without special tokens}
"""

from __future__ import annotations

import json
import random

from make_tokenizer_data import DATA
from tokenizers import Tokenizer

WORDS = r"'s|'t|\p{L}+| ?\p{N}{1,3}|\s+"
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
PREFIXES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
TEXT = {"Sequence": {"id": "A", "type_id": 0}}


def special(name: str) -> dict:
    return {"SpecialToken": {"id": name, "type_id": 0}}


def split(behavior: str, invert: bool) -> dict:
    part = {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": behavior, "invert": invert}
    return {"type": "Sequence", "pretokenizers": [part, BYTES]}


def template(tokens: dict[str, list[int]], *pieces: dict) -> dict:
    named = {name: {"id": name, "ids": ids, "tokens": [name]} for name, ids in tokens.items()}
    part = {"type": "TemplateProcessing", "single": list(pieces), "pair": [*pieces, {"Sequence": {"id": "B", "type_id": 1}}]}
    return {"type": "Sequence", "processors": [BYTES, part | {"special_tokens": named}]}


def byte_tokens(base: dict) -> dict:
    vocabulary = base["model"]["vocab"]
    ids = [vocabulary[f"<0x{byte:02X}>"] for byte in (0x0A, 0x41)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    names = {id: name for name, id in vocabulary.items()}
    return {"added_tokens": base["added_tokens"] + [{"id": id, "content": names[id]} | flags for id in ids]}


def cases() -> list[tuple[str, str, dict]]:
    gpt, bytes_base = (json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")) for name in ("tiny-gpt-2", "sentencepiece"))
    start, end = (token["content"] for token in gpt["added_tokens"][:2])
    ids = {name: [token["id"] for token in gpt["added_tokens"] if token["content"] == name] for name in (start, end)}
    result = [(form, "tiny-gpt-2", {"normalizer": {"type": form}}) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    result += [(f"split {kind} {invert}", "tiny-gpt-2", {"pre_tokenizer": split(kind, invert)}) for kind, invert in (
        ("Isolated", False), ("Isolated", True), ("Removed", True))]  # fmt: skip
    return [
        *result,
        ("space in front", "tiny-gpt-2", {"pre_tokenizer": PREFIXES}),
        ("both", "tiny-gpt-2", {"normalizer": {"type": "NFKC"}, "pre_tokenizer": PREFIXES}),
        ("end", "tiny-gpt-2", {"post_processor": template(ids, TEXT, special(end))}),
        ("two in front", "tiny-gpt-2", {"post_processor": template(ids, special(start), special(end), TEXT)}),
        ("around", "tiny-gpt-2", {"post_processor": template(ids, special(start), TEXT, special(end))}),
        ("ids of another", "tiny-gpt-2", {"post_processor": template({start: ids[end]}, special(start), TEXT)}),
        ("special bytes", "sentencepiece", byte_tokens(bytes_base)),
    ]


def make_texts(rng: random.Random, tokens: list[str]) -> list[str]:
    letters = [*"aAbe 1 2!?'_", "\u00e9", "e\u0301", "\u0323", "\u00a0", "\u2126", "\ufb01", "\u1e9b\u0323", "\uac00", "\u1100\u1161", "\u2460", "\uff21", "\u3392",
               "\u0958", "\u2f80", "\u0345", "\u0301\u0323", "\u32ff", "\ua7f2", "\U00011935\U00011930", "\U00011938", "\U0001fbf0", "\U0001e030", "\u4e16", "\u20ac", "\u00df", "\n", "\t", "the", " and", "'s",
               "<0x0A>", "<0x41>", "\u03c3"]  # fmt: skip
    texts = ["", " ", "a", " a", "\u1e9b\u0323", *tokens, *(f"a{token}b" for token in tokens), *(f"{token} {token}x" for token in tokens)]
    return texts + ["".join(rng.choice(letters) for _ in range(rng.randint(1, 12))) for _ in range(60)]


def main() -> None:
    written = []
    for seed, (name, base, changes) in enumerate(cases()):
        whole = json.loads((DATA / f"{base}.json").read_text(encoding="utf-8")) | changes
        tokenizer = Tokenizer.from_str(json.dumps(whole))
        texts = make_texts(random.Random(seed), [token["content"] for token in whole["added_tokens"][:2]])
        encoded = [tokenizer.encode(text).ids for text in texts]
        decoded = [tokenizer.decode(ids, skip_special_tokens=True) for ids in encoded]
        written.append({"name": name, "base": base, "changes": changes, "texts": texts, "ids": encoded, "decoded": decoded})
    lines = ",\n".join(json.dumps(case) for case in written)
    (DATA / "parts.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{sum(len(case['texts']) for case in written)} texts")


if __name__ == "__main__":
    main()
