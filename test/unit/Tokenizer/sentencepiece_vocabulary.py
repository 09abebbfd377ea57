# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The small vocabularies of SentencePiece's kind that make_tokenizer_data.py trains."""

from __future__ import annotations

import collections
import struct
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXTS = Path(__file__).resolve().parents[2] / "models" / "smollm2" / "text"
# Types of tokens in a GGUF.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


class SentencePieceVocabulary:
    """A vocabulary in the order of GGUF's "llama": scores fall with the id. With `prefix` as Llama 2, which puts a
    space in front of a text, without as Gemma, whose runs of spaces and newlines are tokens added by hand."""

    SPACE = "\u2581"

    def __init__(self, strings: list[tuple[str, bytes]], prefix: bool):
        self.prefix = prefix
        trained = Tokenizer(models.BPE())
        trained.normalizer = normalizers.Replace(" ", self.SPACE)
        trained.pre_tokenizer = pre_tokenizers.Split(self.SPACE, "merged_with_next")
        corpus = [path.read_text(encoding="utf-8") for path in sorted(TEXTS.glob("*.txt"))]
        corpus += [data.decode("utf-8", "replace") for mode, data in strings if mode == "p"]
        # The 200 most frequent characters; the trainer's own choice among equals is another each time.
        counts = collections.Counter("".join(corpus).replace(" ", self.SPACE))
        frequent = sorted(counts, key=lambda character: (-counts[character], character))[:200]
        trainer = trainers.BpeTrainer(
            vocab_size=1500, min_frequency=2, show_progress=False, initial_alphabet=frequent, limit_alphabet=200
        )
        trained.train_from_iterator(corpus, trainer)
        pieces = trained.get_vocab()
        alphabet = sorted(piece for piece in pieces if len(piece) == 1)
        merged = sorted((piece for piece in pieces if len(piece) > 1), key=pieces.get)
        control = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
        added = [] if prefix else ["\n" * n for n in range(2, 6)] + [" " * n for n in range(2, 8)] + ["<table>", "</h1>"]
        bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
        # A merged piece that is a run of spaces or newlines stands among the added ones only.
        merged = [piece for piece in merged if piece.replace(self.SPACE, " ") not in [*added, *control, "<unk>"]]
        self.tokens = ["<unk>", *control, *added, *bytes_, *merged, *alphabet]
        self.types = [UNKNOWN] + [CONTROL] * len(control) + [USER_DEFINED] * len(added)
        self.types += [BYTE] * 256 + [NORMAL] * (len(merged) + len(alphabet))

    def spelled(self) -> list[str]:
        return [token.replace(" ", self.SPACE) if not token.strip(" ") else token for token in self.tokens]

    def is_run(self, id: int) -> bool:
        """Whether merges make the token, though it was added by hand."""
        return self.types[id] == USER_DEFINED and not self.tokens[id].strip(" ")

    def scores(self) -> list[float]:
        scores = [-1000.0 if type != NORMAL else -float(id) for id, type in enumerate(self.types)]
        return [float("inf") if self.is_run(id) else score for id, score in enumerate(scores)]

    def reference(self) -> Tokenizer:
        spelled = self.spelled()
        ids = {token: id for id, token in enumerate(spelled)}
        merges = []
        for id, token in enumerate(spelled):
            if self.types[id] in (NORMAL, USER_DEFINED):
                splits = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
                splits = [(left, right) for left, right in splits if left in ids and right in ids]
                merges += sorted(splits, key=lambda split: (ids[split[0]], ids[split[1]]))
        model = models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
        tokenizer = Tokenizer(model)
        replace = normalizers.Replace(" ", self.SPACE)
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(self.SPACE), replace]) if self.prefix else replace
        parts = [decoders.Replace(self.SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
        tokenizer.decoder = decoders.Sequence(parts + ([decoders.Strip(" ", 1, 0)] if self.prefix else []))
        for kinds, special in [((UNKNOWN, CONTROL), True), ((USER_DEFINED,), False)]:
            added = [
                AddedToken(token, special=special, normalized=False)
                for token, type in zip(spelled, self.types)
                if type in kinds
            ]
            (tokenizer.add_special_tokens if special else tokenizer.add_tokens)(added)
        assert tokenizer.get_vocab_size() == len(self.tokens)
        return tokenizer

    def serialize(self) -> bytes:
        def u32(value: int) -> bytes:
            return struct.pack("<I", value)

        def text(value: str) -> bytes:
            data = value.encode()
            return u32(len(data)) + data

        out = b"fritTOKN" + u32(3) + u32(2 if self.prefix else 0)
        out += struct.pack("<6i", 1, 2, -1, -1, 0, -1)  # bos, eos, eot, eom, unknown, pad
        out += text("llama") + text("default") + text("") + text("") + u32(0)
        out += u32(len(self.tokens)) + b"".join(map(text, self.spelled()))
        types = [NORMAL if self.is_run(id) else type for id, type in enumerate(self.types)]
        out += u32(len(types)) + bytes(types)
        scores = self.scores()
        out += u32(len(scores)) + struct.pack(f"<{len(scores)}f", *scores)
        return out + u32(0) + u32(1) + struct.pack("<i", 2) + u32(0)
