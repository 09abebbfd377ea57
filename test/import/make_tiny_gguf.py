#!/usr/bin/env python3
#===- make_tiny_gguf.py - writes small (or large and sparse) llama models --===#
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes GGUF files of architecture llama with seeded random weights, for tests.

By default: 2 layers, hidden 64, 4 query and 2 key/value heads of 16, FFN 96, 288 tokens (a
byte-level BPE vocabulary that encodes every text), tied output, Q8_0 matrices and F32 norms. The
same arguments always give the same bytes. With --sparse the weights are holes in the file, so that
a model of any size costs neither time nor disk.

Needs nothing but the standard library. From Python:

    model = make_tiny_gguf.build_model(ModelConfig(layers=4), lambda name: "q4_0")
    make_tiny_gguf.write_gguf("model.gguf", model)

From a shell:

    make_tiny_gguf.py model.gguf --layers 4 --format q4_0 --tensor-format 'blk.1.*=q8_0' --untied
    make_tiny_gguf.py bad.gguf --set llama.attention.head_count=u32:0 --drop output_norm.weight
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import math
import random
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

# ===----------------------------------------------------------------------===#
# Weight formats
# ===----------------------------------------------------------------------===#


def _half(value: float) -> float:
    """`value` as f16 holds it."""
    return struct.unpack("<e", struct.pack("<e", value))[0]


def _nearest(value: float) -> int:
    """Half away from zero, as C's roundf."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


def _encode_f32(values: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def _encode_f16(values: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(values)}e", *values)


def _encode_bf16(values: Sequence[float]) -> bytes:
    words = struct.unpack(f"<{len(values)}I", _encode_f32(values))
    # To nearest, ties to even.
    rounded = [(w + 0x7FFF + ((w >> 16) & 1)) >> 16 for w in words]
    return struct.pack(f"<{len(values)}H", *rounded)


def _pack_nibbles(codes: Sequence[int]) -> bytes:
    return bytes(codes[i] | codes[i + 16] << 4 for i in range(16))


def _encode_q8_0(block: Sequence[float]) -> bytes:
    scale = _half(max(map(abs, block)) / 127)
    codes = [_nearest(v / scale) if scale else 0 for v in block]
    return struct.pack("<e32b", scale, *(max(-127, min(127, c)) for c in codes))


def _encode_q4_0(block: Sequence[float]) -> bytes:
    scale = _half(max(block, key=abs) / -8)
    codes = [max(0, min(15, _nearest(v / scale) + 8)) if scale else 8 for v in block]
    return struct.pack("<e", scale) + _pack_nibbles(codes)


def _encode_q4_1(block: Sequence[float]) -> bytes:
    low = _half(min(block))
    scale = _half((max(block) - low) / 15)
    codes = [max(0, min(15, _nearest((v - low) / scale))) if scale else 0 for v in block]
    return struct.pack("<ee", scale, low) + _pack_nibbles(codes)


@dataclasses.dataclass(frozen=True)
class Format:
    """A tensor type of ggml. Blocks without an encoder are random codes of about the size of their
    values: `scales` gives the places of the float16 numbers and what each is of the largest value;
    in an E8M0 format byte 0 is the exponent of the scale."""

    number: int
    block_elements: int
    block_bytes: int
    encode_block: Callable[[Sequence[float]], bytes] | None = None
    scales: dict[int, float] | None = None
    e8m0: bool = False

    def random_blocks(self, generator: random.Random, count: int, largest: float) -> bytes:
        out = bytearray(generator.randbytes(count * self.block_bytes))
        places = {
            place + i: byte
            for place, share in (self.scales or {}).items()
            for i, byte in enumerate(struct.pack("<e", largest * share))
        }
        if self.e8m0:
            places[0] = 127 + math.frexp(largest / 6)[1] if largest else 0
        for place, byte in places.items():
            out[place :: self.block_bytes] = bytes([byte]) * count
        return bytes(out)

    def encode(self, block: Sequence[float]) -> bytes:
        if self.encode_block:
            return self.encode_block(block)
        return self.random_blocks(random.Random(_encode_f32(block)), 1, max(map(abs, block)))


FORMATS = {
    "f32": Format(0, 1, 4, _encode_f32),
    "f16": Format(1, 1, 2, _encode_f16),
    "bf16": Format(30, 1, 2, _encode_bf16),
    "q4_0": Format(2, 32, 18, _encode_q4_0, {0: 1 / 8}),
    "q4_1": Format(3, 32, 20, _encode_q4_1, {0: 1 / 8, 2: -1}),
    "q5_0": Format(6, 32, 22, None, {0: 1 / 16}),
    "q5_1": Format(7, 32, 24, None, {0: 1 / 16, 2: -1}),
    "q8_0": Format(8, 32, 34, _encode_q8_0, {0: 1 / 128}),
    "q2_k": Format(10, 256, 84, None, {80: 1 / 23, 82: 1 / 15}),
    "q3_k": Format(11, 256, 110, None, {108: 1 / 64}),
    "q4_k": Format(12, 256, 144, None, {0: 1 / 480, 2: 1 / 64}),
    "q5_k": Format(13, 256, 176, None, {0: 1 / 960, 2: 1 / 64}),
    "q6_k": Format(14, 256, 210, None, {208: 1 / 2048}),
    "iq2_xxs": Format(16, 256, 66),
    "iq4_nl": Format(20, 32, 18, None, {0: 1 / 127}),
    "iq3_s": Format(21, 256, 110),
    "iq4_xs": Format(23, 256, 136, None, {0: 1 / 2048}),
    "mxfp4": Format(39, 32, 17, None, {}, e8m0=True),
}

# ===----------------------------------------------------------------------===#
# Files
# ===----------------------------------------------------------------------===#


@dataclasses.dataclass
class Value:
    """A metadata value; `kind` is u8 ... f64, bool, string, or one of these with [] behind it."""

    kind: str
    value: Any


@dataclasses.dataclass
class Tensor:
    name: str
    shape: tuple[int, ...]  # row-major: [out, in]
    format: str
    values: Callable[[], Sequence[float]] | None = None  # None: a hole
    blocks_of: float = 0  # not 0: random codes with values up to this

    @property
    def bytes(self) -> int:
        info = FORMATS[self.format]
        if self.shape[-1] % info.block_elements:
            raise ValueError(
                f"{self.name}: {self.format} needs rows of a multiple of "
                f"{info.block_elements} elements, not {self.shape[-1]}"
            )
        return math.prod(self.shape) // info.block_elements * info.block_bytes

    def encode(self) -> bytes:
        info = FORMATS[self.format]
        if info.encode_block is None and info.scales is None:
            raise ValueError(f"{self.name}: there is no encoder for {self.format}; use --sparse")
        if self.blocks_of:
            count = self.bytes // info.block_bytes
            return info.random_blocks(random.Random(self.name), count, self.blocks_of)
        values = self.values()
        step = info.block_elements if info.block_elements > 1 else len(values)
        return b"".join(info.encode(values[i : i + step]) for i in range(0, len(values), step))


@dataclasses.dataclass
class Model:
    metadata: dict[str, Value]
    tensors: list[Tensor]


_KINDS = {
    "u8": (0, "<B"),
    "i8": (1, "<b"),
    "u16": (2, "<H"),
    "i16": (3, "<h"),
    "u32": (4, "<I"),
    "i32": (5, "<i"),
    "f32": (6, "<f"),
    "bool": (7, "<?"),
    "string": (8, None),
    "u64": (10, "<Q"),
    "i64": (11, "<q"),
    "f64": (12, "<d"),
}
_ARRAY = 9
ALIGNMENT = 32


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _encode_scalar(kind: str, value: Any) -> bytes:
    layout = _KINDS[kind][1]
    return _string(value) if layout is None else struct.pack(layout, value)


def _encode_value(value: Value) -> bytes:
    if not value.kind.endswith("[]"):
        return struct.pack("<I", _KINDS[value.kind][0]) + _encode_scalar(value.kind, value.value)
    kind = value.kind[:-2]
    head = struct.pack("<IIQ", _ARRAY, _KINDS[kind][0], len(value.value))
    return head + b"".join(_encode_scalar(kind, element) for element in value.value)


def _align(position: int) -> int:
    return -position % ALIGNMENT + position


def write_gguf(path: str, model: Model) -> None:
    """Writes one GGUF 3 file. Holes of the model are holes of the file."""
    header = [struct.pack("<4sIQQ", b"GGUF", 3, len(model.tensors), len(model.metadata))]
    for key, value in model.metadata.items():
        header.append(_string(key) + _encode_value(value))
    offset = 0
    for tensor in model.tensors:
        dims = tensor.shape[::-1]
        header.append(_string(tensor.name) + struct.pack(f"<I{len(dims)}Q", len(dims), *dims))
        header.append(struct.pack("<IQ", FORMATS[tensor.format].number, offset))
        offset += _align(tensor.bytes)
    with open(path, "wb") as file:
        file.write(b"".join(header))
        position = _align(file.tell())
        for tensor in model.tensors:
            if tensor.values is not None:
                file.seek(position)
                file.write(tensor.encode())
            position += _align(tensor.bytes)
        file.truncate(position)


def write_split(stem: str, model: Model, parts: int) -> None:
    """Writes <stem>-00001-of-0000N.gguf and so on, tensors shared out evenly."""
    for part in range(parts):
        metadata = dict(model.metadata) if part == 0 else {}
        metadata["split.no"] = Value("u16", part)
        metadata["split.count"] = Value("u16", parts)
        metadata["split.tensors.count"] = Value("i32", len(model.tensors))
        first, last = (len(model.tensors) * i // parts for i in (part, part + 1))
        path = f"{stem}-{part + 1:05}-of-{parts:05}.gguf"
        write_gguf(path, Model(metadata, model.tensors[first:last]))


# ===----------------------------------------------------------------------===#
# Models
# ===----------------------------------------------------------------------===#

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = (
    "Ġ t", "h e", "i n", "Ġt he", "r e", "o n", "e r", "a t", "Ġ a", "Ġ s", "e n", "Ġ o", "Ġ w",
    "o r", "i t", "i s", "e s", "Ġ c", "an d", "a n", "Ġ b", "Ġ f", "in g", "Ġ p", "o u", "a l",
    "a r", "Ġt o", "Ġo f",
)  # fmt: skip


@dataclasses.dataclass
class ModelConfig:
    arch: str = "llama"
    name: str = "tiny"
    layers: int = 2
    hidden: int = 64
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    ffn: int = 96
    vocabulary: int = 288
    context: int = 128
    eps: float = 1e-5
    theta: float = 10000.0
    tied: bool = True
    attention_bias: bool = False
    output_bias: bool = False
    ffn_bias: bool = False
    qk_norm: bool = False
    qk_row_norm: bool = False
    post_norms: bool = False
    tokenizer: bool = True
    sparse: bool = False
    random_codes: bool = False
    seed: int = 0


def _byte_characters() -> list[str]:
    """The character that byte-level BPE writes for each byte (GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(b if b in printable else next(others)) for b in range(256)]


def tokenizer_metadata(vocabulary: int) -> dict[str, Value]:
    """Three control tokens, the 256 bytes, and merges as far as the vocabulary reaches."""
    tokens = [*SPECIAL_TOKENS, *_byte_characters()]
    merges: list[str] = []
    known = set(tokens)
    for merge in sorted(MERGES, key=lambda m: max(map(len, m.split()))):
        left, right = merge.split()
        if len(tokens) < vocabulary and left in known and right in known:
            tokens.append(left + right)
            known.add(left + right)
            merges.append(merge)
    if vocabulary < len(SPECIAL_TOKENS) + 256:
        raise ValueError("a byte-level vocabulary has at least 259 tokens")
    tokens += [f"<|unused_{i}|>" for i in range(vocabulary - len(tokens))]
    unused = [token.startswith("<|unused_") for token in tokens]
    types = [3 if i < 3 else 5 if unused[i] else 1 for i in range(vocabulary)]
    return {
        "tokenizer.ggml.model": Value("string", "gpt2"),
        "tokenizer.ggml.pre": Value("string", "smollm"),
        "tokenizer.ggml.tokens": Value("string[]", tokens),
        "tokenizer.ggml.token_type": Value("i32[]", types),
        "tokenizer.ggml.merges": Value("string[]", merges),
        "tokenizer.ggml.bos_token_id": Value("u32", 1),
        "tokenizer.ggml.eos_token_id": Value("u32", 2),
        "tokenizer.ggml.add_bos_token": Value("bool", False),
        "tokenizer.chat_template": Value("string", CHAT_TEMPLATE),
    }


def build_metadata(config: ModelConfig) -> dict[str, Value]:
    arch = config.arch
    metadata = {
        "general.architecture": Value("string", arch),
        "general.name": Value("string", config.name),
        f"{arch}.block_count": Value("u32", config.layers),
        f"{arch}.context_length": Value("u32", config.context),
        f"{arch}.embedding_length": Value("u32", config.hidden),
        f"{arch}.feed_forward_length": Value("u32", config.ffn),
        f"{arch}.attention.head_count": Value("u32", config.heads),
        f"{arch}.attention.head_count_kv": Value("u32", config.kv_heads),
        f"{arch}.attention.layer_norm_rms_epsilon": Value("f32", config.eps),
        f"{arch}.rope.freq_base": Value("f32", config.theta),
        f"{arch}.rope.dimension_count": Value("u32", config.head_dim),
        f"{arch}.vocab_size": Value("u32", config.vocabulary),
    }
    if config.head_dim * config.heads != config.hidden:
        metadata[f"{arch}.attention.key_length"] = Value("u32", config.head_dim)
        metadata[f"{arch}.attention.value_length"] = Value("u32", config.head_dim)
    if config.tokenizer:
        metadata |= tokenizer_metadata(config.vocabulary)
    return metadata


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Row-major shapes by name, in the order of the file."""
    queries, keys = config.heads * config.head_dim, config.kv_heads * config.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (config.vocabulary, config.hidden),
        "output_norm.weight": (config.hidden,),
    }
    if not config.tied:
        shapes["output.weight"] = (config.vocabulary, config.hidden)
    for layer in range(config.layers):
        block = {
            "attn_norm.weight": (config.hidden,),
            "attn_q.weight": (queries, config.hidden),
            "attn_k.weight": (keys, config.hidden),
            "attn_v.weight": (keys, config.hidden),
            "attn_output.weight": (config.hidden, queries),
            "ffn_norm.weight": (config.hidden,),
            "ffn_gate.weight": (config.ffn, config.hidden),
            "ffn_up.weight": (config.ffn, config.hidden),
            "ffn_down.weight": (config.hidden, config.ffn),
        }
        if config.attention_bias:
            block |= {"attn_q.bias": (queries,), "attn_k.bias": (keys,), "attn_v.bias": (keys,)}
        if config.output_bias:
            block["attn_output.bias"] = (config.hidden,)
        if config.ffn_bias:
            block |= {
                "ffn_gate.bias": (config.ffn,),
                "ffn_up.bias": (config.ffn,),
                "ffn_down.bias": (config.hidden,),
            }
        if config.post_norms:
            block |= {
                "post_attention_norm.weight": (config.hidden,),
                "post_ffw_norm.weight": (config.hidden,),
            }
        if config.qk_norm:
            block |= {
                "attn_q_norm.weight": (config.head_dim,),
                "attn_k_norm.weight": (config.head_dim,),
            }
        if config.qk_row_norm:
            block |= {"attn_q_norm.weight": (queries,), "attn_k_norm.weight": (keys,)}
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in block.items()}
    return shapes


def random_values(config: ModelConfig, name: str, shape: Sequence[int]) -> list[float]:
    """Norm weights near 1, biases near 0, matrices that keep the size of what they multiply."""
    generator = random.Random(f"{config.seed} {name}")
    count = math.prod(shape)
    if name.endswith("norm.weight"):
        return [generator.uniform(0.5, 1.5) for _ in range(count)]
    deviation = 0.1 if len(shape) == 1 else 1 / math.sqrt(shape[-1])
    if name == "token_embd.weight":
        deviation = 1.0 if not config.tied else 0.3
    return [generator.gauss(0, deviation) for _ in range(count)]


def build_model(
    config: ModelConfig, format_of: Callable[[str], str] = lambda name: "q8_0"
) -> Model:
    """`format_of` gives the format of a matrix by its name; vectors are F32."""
    tensors = []
    for name, shape in tensor_shapes(config).items():
        values = None
        if not config.sparse:
            values = lambda name=name, shape=shape: random_values(config, name, shape)
        blocks_of = 2 / math.sqrt(shape[-1]) if config.random_codes and len(shape) > 1 else 0
        chosen = "f32" if len(shape) == 1 else format_of(name)
        tensors.append(Tensor(name, shape, chosen, values, blocks_of))
    return Model(build_metadata(config), tensors)


# ===----------------------------------------------------------------------===#
# Command line
# ===----------------------------------------------------------------------===#


def _layer_of(name: str) -> int | None:
    parts = name.split(".")
    return int(parts[1]) if parts[0] == "blk" else None


def _format_chooser(arguments: argparse.Namespace) -> Callable[[str], str]:
    patterns = [text.rsplit("=", 1) for text in arguments.tensor_format]

    def choose(name: str) -> str:
        for pattern, chosen in reversed(patterns):
            if fnmatch.fnmatchcase(name, pattern):
                return chosen
        layer = _layer_of(name)
        if arguments.alternate and layer is not None:
            return arguments.alternate[layer % len(arguments.alternate)]
        return arguments.format

    return choose


def parse_value(text: str) -> Value:
    """Reads 'u32:5', 'string:none' or 'f32[]:1,2'."""
    kind, _, value = text.partition(":")
    element = kind.removesuffix("[]")
    if element not in _KINDS:
        raise ValueError(f"expected TYPE:VALUE with a type of {', '.join(_KINDS)}, not '{text}'")

    def convert(word: str) -> Any:
        if element == "string":
            return word
        if element == "bool":
            return {"true": True, "false": False}[word]
        return float(word) if element.startswith("f") else int(word, 0)

    if kind != element:
        return Value(kind, [convert(word) for word in value.split(",") if word])
    return Value(kind, convert(value))


def parse_tensor(text: str) -> Tensor:
    """Reads 'blk.0.extra.weight=f32:64x32'; its values are a hole."""
    name, _, rest = text.partition("=")
    chosen, _, shape = rest.partition(":")
    return Tensor(name, tuple(int(dim) for dim in shape.split("x")), chosen)


def parse_arguments(arguments: Iterable[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", help="the file to write; with --split, its name without .gguf")
    for field in dataclasses.fields(ModelConfig):
        if isinstance(field.default, bool):
            continue
        parser.add_argument(
            "--" + field.name.replace("_", "-"),
            type=type(field.default),
            default=field.default,
            help=f"default {field.default}",
        )
    parser.add_argument("--untied", action="store_true", help="an output.weight of its own")
    parser.add_argument("--attention-bias", action="store_true", help="biases of q, k and v")
    parser.add_argument("--output-bias", action="store_true", help="a bias behind attention")
    parser.add_argument("--ffn-bias", action="store_true", help="biases of the FFN")
    parser.add_argument(
        "--post-norms", action="store_true", help="norms behind attention and FFN (Gemma)"
    )
    parser.add_argument("--qk-norm", action="store_true", help="norms of the heads of q and k")
    parser.add_argument(
        "--qk-row-norm", action="store_true", help="norms of the rows of q and k (OLMo 2)"
    )
    parser.add_argument("--no-tokenizer", action="store_true")
    parser.add_argument("--sparse", action="store_true", help="leave the weights out as holes")
    parser.add_argument(
        "--random-codes",
        action="store_true",
        help="matrices of random codes: written fast, for large models in quantized formats",
    )
    parser.add_argument("--split", type=int, metavar="N", help="write N parts")
    parser.add_argument("--format", default="q8_0", choices=FORMATS, help="of matrices")
    parser.add_argument(
        "--alternate",
        type=lambda text: text.split(","),
        metavar="A,B",
        help="formats that the layers take turns in",
    )
    parser.add_argument(
        "--tensor-format",
        action="append",
        default=[],
        metavar="PATTERN=FORMAT",
        help="the format of matrices with such names; the last that matches counts",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=TYPE:VALUE", help="a metadata key"
    )
    parser.add_argument("--unset", action="append", default=[], metavar="KEY")
    parser.add_argument(
        "--add", action="append", default=[], metavar="NAME=FORMAT:SHAPE", help="another tensor"
    )
    parser.add_argument("--drop", action="append", default=[], metavar="TENSOR-PATTERN")
    return parser.parse_args(list(arguments))


def model_from_arguments(arguments: argparse.Namespace) -> Model:
    fields = {field.name for field in dataclasses.fields(ModelConfig)}
    options = {name: value for name, value in vars(arguments).items() if name in fields}
    config = ModelConfig(
        **options, tied=not arguments.untied, tokenizer=not arguments.no_tokenizer
    )
    model = build_model(config, _format_chooser(arguments))
    for text in arguments.set:
        key, _, value = text.partition("=")
        model.metadata[key] = parse_value(value)
    for key in arguments.unset:
        del model.metadata[key]
    for pattern in arguments.drop:
        kept = [t for t in model.tensors if not fnmatch.fnmatchcase(t.name, pattern)]
        if len(kept) == len(model.tensors):
            raise ValueError(f"no tensor is called '{pattern}'")
        model.tensors = kept
    model.tensors += [parse_tensor(text) for text in arguments.add]
    return model


def main(command_line: Iterable[str]) -> None:
    arguments = parse_arguments(command_line)
    try:
        model = model_from_arguments(arguments)
        if arguments.split:
            write_split(arguments.output, model, arguments.split)
        else:
            write_gguf(arguments.output, model)
    except (ValueError, OSError) as error:
        sys.exit(f"make_tiny_gguf.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
