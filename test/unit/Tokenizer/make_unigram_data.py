#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a tokenizer.json of unigram models and what Hugging Face's `tokenizers` makes of the texts of
make_tokenizer_data.py, which must have run, as must make_sentencepiece_data.py, whose vocabularies these are.

Needs the PyPI packages tokenizers, sentencepiece and protobuf. Seeded likewise.

  data/<name>.json          a tokenizer.json, data/<name>.expected, .decode and .long as there
                            <name>: unigram-map (as transformers converts a T5), unigram-words (as it did once),
                            unigram-bytes (with bytes, its normalizer spells spaces), unigram-first
"""

from __future__ import annotations

import json
import random

from make_tokenizer_data import BYTE, DATA, NORMAL, make_strings, write_expected, write_json
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

SPACE = "\u2581"


def read(name: str) -> sentencepiece_model_pb2.ModelProto:
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((DATA / f"{name}.model").read_bytes())
    return proto


def build(name: str, proto: sentencepiece_model_pb2.ModelProto, *, hidden: bool = False) -> Tokenizer:
    """`hidden`: no text is spelled as a control token. The reference makes text that is spelled so the token even
    when special tokens are to be text."""
    types = [piece.type for piece in proto.pieces]
    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    if hidden:
        vocabulary = [
            (f"\U0010fff0{id}\U0010fff0", score) if types[id] in (2, 3) else (piece, score)
            for id, (piece, score) in enumerate(vocabulary)
        ]
    has_bytes = name == "unigram-bytes"
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=types.index(2), byte_fallback=has_bytes))
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="first" if name == "unigram-first" else "always")
    decoder = decoders.Metaspace(prepend_scheme="always")
    if name == "unigram-map":
        steps = [
            normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap),
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), SPACE),
        ]
        tokenizer.normalizer = normalizers.Sequence(steps)
        tokenizer.pre_tokenizer = metaspace
    elif name == "unigram-words":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    elif name == "unigram-first":
        tokenizer.pre_tokenizer = metaspace
    else:
        spell = [normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)]
        tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), *spell])
        replace = decoders.Replace(SPACE, " ")
        decoder = decoders.Sequence([replace, decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.decoder = decoder
    if not hidden:
        tokenizer.add_special_tokens(
            [AddedToken(text, normalized=False) for (text, _), type in zip(vocabulary, types) if type in (2, 3)]
        )
    tokenizer.add_tokens(
        [AddedToken(text, normalized=False) for (text, _), type in zip(vocabulary, types) if type == 4]
        + [AddedToken("<extra>", normalized=True, rstrip=True), AddedToken("user", normalized=True, single_word=True)]
    )
    return tokenizer


def main() -> None:
    strings = make_strings(random.Random(1))
    for seed, (name, source) in enumerate(
        [
            ("unigram-map", "spm-unigram"),
            ("unigram-words", "spm-unigram-bytes"),
            ("unigram-first", "spm-unigram-bytes"),
            ("unigram-bytes", "spm-unigram-bytes"),
        ]
    ):
        proto = read(source)
        if name != "unigram-bytes":
            # Without bytes, their tokens would be texts.
            pieces = [piece for piece in proto.pieces if piece.type != BYTE]
            del proto.pieces[:]
            proto.pieces.extend(pieces)
        tokenizer = build(name, proto)
        write_json(name, tokenizer)
        types = [BYTE if piece.type == BYTE else NORMAL for piece in proto.pieces] + [NORMAL] * 2
        write_expected(
            name, tokenizer, types, strings, random.Random(seed), plain=build(name, proto, hidden=True)
        )
        print(name, tokenizer.get_vocab_size(), "tokens", len(json.dumps(tokenizer.to_str())), "bytes")


if __name__ == "__main__":
    main()
