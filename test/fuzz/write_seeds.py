# ===- write_seeds.py - the first inputs of fuzzers -----------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""write_seeds.py DIRECTORY: makes <fuzzer>-seeds and <fuzzer>-seeds.list in it, from the data of other tests cut
to a size that a fuzzer gets through quickly."""

from __future__ import annotations

import base64
import copy
import json
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Those of TinyDirectory.h.
SIZES = {
    "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4,
    "intermediate_size": 6, "vocab_size": 16, "moe_intermediate_size": 6, "moe_num_shared_experts": 0,
    "moe_layer_start_index": 1, "moe_layer_end_index": 1,
}  # fmt: skip


def configs() -> dict[str, bytes]:
    result = {}
    for arch, shapes in json.loads((ROOT / "test/models/architectures/configs.json").read_text()).items():
        config = shapes["small"]
        for key, value in SIZES.items():
            if key in config:
                config[key] = value
        if "layer_types" in config:
            config["layer_types"] = ["sliding_attention", "full_attention"]
        result[arch] = json.dumps(config).encode()
    rope = {"rope_theta": 1e4, "factor": 8.0, "original_max_position_embeddings": 16}
    rope |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "short_factor": [1.5, 2], "long_factor": [2, 4]}
    for kind in ("llama3", "yarn", "longrope", "linear", "dynamic"):
        config = json.loads(result["llama"])
        config["rope_parameters"] = rope | {"rope_type": kind}
        result[f"rope-{kind}"] = json.dumps(config).encode()
    result["nested"] = json.dumps({"model_type": "gemma3", "text_config": json.loads(result["gemma3"])}).encode()
    return result


# "a" becomes "b": the root, whose children begin at 0; the node of "a", where a key ends and whose value
# is at 0 ^ 97 ^ 1; the value.
CHARACTER_MAP = struct.pack("<I", 4 * 128)
CHARACTER_MAP += struct.pack("<128I", *(256 | 97 | 1 << 10 if unit == 97 else 1 << 31 if unit == 96 else 0 for unit in range(128)))
CHARACTER_MAP += b"b\0"


def sentencepiece() -> dict[str, bytes]:
    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)

    def field(number: int, value: int | float | str | bytes) -> bytes:
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        if isinstance(value, float):
            return varint(number << 3 | 5) + struct.pack("<f", value)
        data = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(data)) + data

    result = {}
    for kind in (1, 2):
        for has_bytes in (0, 1):
            pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("<tool>", 0.0, 4)]
            pieces += [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256 * has_bytes)]
            pieces += [(text, -1.5 - index, 1) for index, text in enumerate(["a", "b", "ab", "\u2581", "\u2581a", "b\u20ac"])]
            pieces.append(("aba", -1.0, 5))
            file = b"".join(field(1, field(1, text) + field(2, score) + field(3, type)) for text, score, type in pieces)
            file += field(2, field(3, kind) + field(35, has_bytes) + field(40, 0))
            file += field(3, field(1, "identity") + field(3, has_bytes) + field(4, 1 - has_bytes))
            result[f"kind-{kind}-{has_bytes}"] = file
            if not has_bytes:
                result[f"map-{kind}"] = file + field(3, field(2, CHARACTER_MAP))
    return result


def tokenizers() -> dict[str, bytes]:
    result = {}
    data = ROOT / "test/unit/Tokenizer/data"
    found = {path.stem: json.loads(path.read_text()) for path in sorted(data.glob("*.json"))}
    for part in found.pop("parts"):
        found[f"{part['base']}-{part['name'].replace(' ', '-')}"] = copy.deepcopy(found[part["base"]]) | part["changes"]
    for name, tokenizer in found.items():
        model = tokenizer["model"]
        if model["type"] == "Unigram":
            # The special tokens are the first.
            model["vocab"] = vocabulary = model["vocab"][:30]
            for normalizer in (tokenizer["normalizer"] or {}).get("normalizers", []):
                if normalizer["type"] == "Precompiled":
                    normalizer["precompiled_charsmap"] = base64.b64encode(CHARACTER_MAP).decode()
        else:
            merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]][:6]
            vocabulary = sorted(model["vocab"], key=lambda token: (len(token), token))[:20]
            vocabulary = list(dict.fromkeys(vocabulary + [token for a, b in merges for token in (a, b, a + b)]))
            model["merges"] = merges
            model["vocab"] = {token: index for index, token in enumerate(vocabulary)}
        tokenizer["added_tokens"] = tokenizer["added_tokens"][:3]
        for index, token in enumerate(tokenizer["added_tokens"]):
            token["id"] = len(vocabulary) + index
        result[name] = json.dumps(tokenizer, ensure_ascii=False).encode()
    return result


def safetensors() -> dict[str, bytes]:
    def file(header: dict[str, object], size: int) -> bytes:
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + bytes(size)

    def tensor(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, object]:
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    return {
        "none": file({}, 0),
        "one": file({"__metadata__": {"format": "pt"}, "a": tensor("F32", [2, 3], 0, 24)}, 24),
        "two": file({"b": tensor("BF16", [4], 4, 12), "a": tensor("F4", [8], 0, 4), "e": tensor("I64", [0], 4, 4)}, 12),
    }


def records() -> dict[str, bytes]:
    """Differences from "base" of ArchRecordFuzzer.cpp, for each part of a record."""
    differences = json.loads((ROOT / "test/fuzz/record-seeds.json").read_text())
    return {name: json.dumps({"name": name, "like": "base"} | record).encode() for name, record in differences.items()}


def machines() -> dict[str, bytes]:
    """Differences from "base" of MachineFuzzer.cpp, for each part of a description."""
    differences = json.loads((ROOT / "test/fuzz/machine-seeds.json").read_text())
    return {name: json.dumps({"name": name, "summary": "s", "like": "base"} | machine).encode() for name, machine in differences.items()}


def chat_templates() -> dict[str, bytes]:
    tests = ROOT / "test/unit/Tokenizer"
    result = {path.stem: path.read_bytes() for path in sorted((tests / "chat_templates").glob("*.jinja"))}
    # Long ones have nothing that the others lack, and slow the fuzzer down.
    result = {name: template for name, template in result.items() if len(template) < 1000}
    # A template a line, tab, what it renders; \\xNN stands for a byte.
    for number, line in enumerate((tests / "data/jinja.txt").read_bytes().splitlines()):
        template = line.split(b"\t")[0]
        result[f"jinja-{number}"] = re.sub(rb"\\x(..)", lambda code: bytes([int(code[1], 16)]), template)
    return result


def main() -> None:
    directory = Path(sys.argv[1])
    for name, seeds in (
        ("safetensors", safetensors()),
        ("config", configs()),
        ("tokenizer", tokenizers()),
        ("sentencepiece", sentencepiece()),
        ("machine", machines()),
        ("record", records()),
        ("chat-template", chat_templates()),
    ):
        folder = directory / f"{name}-seeds"
        folder.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds.items():
            (folder / seed).write_bytes(data)
        (directory / f"{name}-seeds.list").write_text(",".join(str(folder / seed) for seed in seeds))


if __name__ == "__main__":
    main()
