# RUN: %python %s
# ===- huggingface.py - commands on a directory as transformers saves it -------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//
"""A Hugging Face directory is a MODEL like others: text through its own tokenizer.json, its chat template,
the cache that notices changes of each file. Logits are test/models/architectures' business."""

import json
import math
import os
import re
import resource
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import FRIT, ROOT, DriverTest, main, make_tiny_gguf

VOCABULARY = ROOT / "test" / "unit" / "Tokenizer" / "data" / "tiny-smollm.json"
CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 2006, "hidden_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96, "hidden_act": "silu", "rms_norm_eps": 1e-5,
    "max_position_embeddings": 128, "tie_word_embeddings": True, "rope_theta": 10000.0, "torch_dtype": "float32",
}  # fmt: skip
PARTS = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
}  # fmt: skip
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def hf_name(name):
    if name in ("token_embd.weight", "output_norm.weight"):
        return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}[name]
    _, layer, part, suffix = name.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.{suffix}"


class HuggingFaceTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.directory / "model"
        self.model.mkdir()
        self.config = dict(CONFIG)
        self.write_config()
        self.write_weights()
        (self.model / "tokenizer.json").write_bytes(VOCABULARY.read_bytes())

    def write_weights(self, *options):
        arguments = ["x.gguf", "--format", "f32", "--vocabulary", str(CONFIG["vocab_size"]), *options]
        header, data = {}, b""
        for tensor in make_tiny_gguf.model_from_arguments(make_tiny_gguf.parse_arguments(arguments)).tensors:
            raw = tensor.encode()
            header[hf_name(tensor.name)] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        (self.model / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    def write_record(self, **changes):
        record = {"name": "mine", "like": "llama", "gguf": ["mine"], "huggingface": ["llama"]} | changes
        (self.directory / "mine.json").write_text(json.dumps(record))

    def write_config(self):
        (self.model / "config.json").write_text(json.dumps(self.config))

    def test_text(self):
        out, err = self.frit("run", str(self.model), "-p", "The ship", "-n", "5", "--no-chat", "--print-tokens")
        self.assertEqual(len(out.strip().split(",")), 5)
        self.assertIn("compile", err)
        # From the bundle, by the same tokenizer.
        self.frit("compile", str(self.model), "-o", "m.frit")
        again, _ = self.frit("run", "m.frit", "-p", "The ship", "-n", "5", "--no-chat", "--print-tokens")
        self.assertEqual(again, out)

    def test_chat_template(self):
        (self.model / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE, "eos_token": "<|im_end|>"}))
        _, err = self.frit("run", str(self.model), "-p", "Hi", "-n", "1")
        whole = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        _, plain = self.frit("run", str(self.model), "-p", whole, "-n", "1", "--no-chat")
        prefill = lambda text: text.split("prefill ")[1].split(" tokens")[0]
        self.assertEqual(prefill(err), prefill(plain))

    def test_inspect(self):
        out, _ = self.frit("inspect", str(self.model), "--json")
        found = json.loads(out)
        self.assertEqual(found["files"], ["model.safetensors"])
        self.assertEqual(found["architecture"], "llama")
        self.assertEqual(found["vocabulary"], self.config["vocab_size"])
        self.assertEqual(found["hidden"], self.config["hidden_size"])

    def test_cache_follows_every_file(self):
        run = ("run", str(self.model), "--tokens", "1,2,3", "-n", "3", "--print-tokens")
        first, err = self.frit(*run)
        self.assertIn("compile", err)
        _, err = self.frit(*run)
        self.assertNotIn("compile", err)
        self.config["rms_norm_eps"] = 0.5
        self.write_config()
        second, err = self.frit(*run)
        self.assertIn("compile", err)
        self.assertNotEqual(first, second)
        (self.model / "generation_config.json").write_text("{}")
        _, err = self.frit(*run)
        self.assertNotIn("compile", err)  # A file that was not there is no change of one that was.
        (self.model / "config.json").touch()
        _, err = self.frit(*run)
        (self.model / "generation_config.json").rename(self.model / "tokenizer_config.json")
        _, err = self.frit(*run)
        self.assertIn("compile", err)

    def test_files_that_are_none(self):
        run = ["run", str(self.model), "--tokens", "1", "-n", "1"]
        place = self.model / "tokenizer_config.json"
        os.mkfifo(place)
        self.assert_error(run, f"cannot read '{place}': expected a regular file")
        place.unlink()
        place.symlink_to("/dev/zero")
        self.assert_error(run, f"cannot read '{place}': expected a regular file")

    def test_file_of_it_stands_for_it(self):
        out, _ = self.frit("run", str(self.model / "model.safetensors"), "--tokens", "1,2,3", "-n", "3", "--print-tokens")
        again, _ = self.frit("run", str(self.model), "--tokens", "1,2,3", "-n", "3", "--print-tokens")
        self.assertEqual(out, again)

    def test_output_over_a_part_of_it(self):
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            before = (self.model / name).read_bytes()
            message = f"'{self.model / name}' is a part of the model: expected another file for -o"
            self.assert_error(["compile", str(self.model), "-o", str(self.model / name)], message)
            self.assertEqual((self.model / name).read_bytes(), before)

    def test_without_tokenizer(self):
        (self.model / "tokenizer.json").unlink()
        out, _ = self.frit("run", str(self.model), "--tokens", "1,2,3", "-n", "3", "--print-tokens")
        self.assertEqual(len(out.strip().split(",")), 3)
        self.assert_error(["run", str(self.model), "-p", "Hi"], "the model has no tokenizer: no text goes in or out, only the ids of tokens do (--tokens)")

    def test_refused_all_at_once(self):
        self.config["hidden_act"] = "quick_gelu"
        self.config["rope_scaling"] = {"type": "ntk", "factor": 2.0}
        self.config["quantization_config"] = {"quant_method": "gptq"}
        self.config["mystery"] = 3
        self.write_config()
        err = self.assert_error(["compile", str(self.model), "-o", "x.frit"], "for 4 reasons")
        for line in (
            "config.json, hidden_act: frit does not support this activation ('quick_gelu')",
            "config.json, rope_scaling.type: frit does not support this RoPE scaling ('ntk')",
            "config.json, quantization_config.quant_method: frit does not support quantized Hugging Face checkpoints",
            "config.json, mystery: the record 'llama' does not know it (its value is 3)",
        ):
            self.assertIn(line, err)
        self.assertFalse((self.directory / "x.frit").exists())

    def write_experts(self, change=lambda tensors: None):
        """Layers with 3 experts of 32 columns in the place of the FFN."""
        self.config |= {"model_type": "qwen3_moe", "num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
        self.config["norm_topk_prob"] = True  # what GGUF files mean
        self.write_config()
        path = self.model / "model.safetensors"
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + size])
        tensors = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            if ".mlp." not in name:
                tensors[name] = (entry["dtype"], entry["shape"], data[8 + size + begin : 8 + size + end])
        for layer in range(2):
            prefix = f"model.layers.{layer}"
            shapes = {f"{prefix}.self_attn.{side}_norm": [16] for side in "qk"} | {f"{prefix}.mlp.gate": [3, 64]}
            for expert in range(3):
                for part, shape in (("gate", [32, 64]), ("up", [32, 64]), ("down", [64, 32])):
                    shapes[f"{prefix}.mlp.experts.{expert}.{part}_proj"] = shape
            for number, (name, shape) in enumerate(shapes.items()):
                values = [((number + 7 * i) % 23 - 11) / 64 for i in range(math.prod(shape))]
                tensors[name + ".weight"] = ("F32", shape, struct.pack(f"<{len(values)}f", *values))
        change(tensors)
        header, data = {}, b""
        for name, (dtype, shape, raw) in tensors.items():
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)

    def test_experts(self):
        self.write_experts()
        run = ("--tokens", "5,17,400,3", "-n", "6", "--activations", "f32")
        expected = self.tokens(str(self.model), *run)
        self.frit("convert", str(self.model), "-o", "out.gguf", "--format", "f32")
        self.assertEqual(self.tokens("out.gguf", *run), expected)
        found = json.loads(self.frit("inspect", "out.gguf", "--json")[0])
        self.assertEqual(found["architecture"], "qwen3moe")
        self.assertIn([3, 32, 64], [weight["shape"] for weight in found["weights"]])
        self.frit("convert", str(self.model), "-o", "out.gguf", "--format", "q8_0")
        found = json.loads(self.frit("inspect", "out.gguf", "--json")[0])
        formats = {weight["name"].split(".")[-1]: weight["format"] for weight in found["weights"]}
        self.assertEqual((formats["ffn_gate_exps"], formats["ffn_gate_inp"]), ("q8_0", "f32"))
        self.assertEqual(len(self.tokens("out.gguf", *run)), 6)

    def test_experts_that_do_not_fit(self):
        name = "model.layers.1.mlp.experts.2.up_proj.weight"
        any_name = name.replace(".2.", ".*.")
        run = ["run", str(self.model), "--tokens", "1"]

        def missing(tensors):
            del tensors[name]

        def misshaped(tensors):
            tensors[name] = ("F32", [16, 64], bytes(4 * 16 * 64))

        def another_type(tensors):
            tensors[name] = ("BF16", [32, 64], bytes(2 * 32 * 64))

        def one_more(tensors):
            for layer in range(2):
                tensors[f"model.layers.{layer}.mlp.experts.3.up_proj.weight"] = ("F32", [32, 64], bytes(4 * 32 * 64))

        before = (self.model / "model.safetensors").read_bytes()
        for change, message in (
            (missing, f"{name}: is missing; is the file complete"),
            (misshaped, f"{any_name}: expected shape [32, 64], found [16, 64]"),
            (another_type, f"{any_name}: expected all experts of one type"),
            (one_more, "model.layers.*.mlp.experts.*.up_proj.weight (layers 0-1): the record 'qwen3moe' does not know this tensor"),
        ):
            (self.model / "model.safetensors").write_bytes(before)
            self.write_experts(change)
            self.assert_error(run, message)
        (self.model / "model.safetensors").write_bytes(before)
        self.write_experts()
        self.config["num_experts_per_tok"] = 4
        self.write_config()
        self.assert_error(run, "experts.used: expected at most the 3 there are, found 4")
        self.config |= {"num_experts_per_tok": 2, "num_experts": 2000000000}
        self.write_config()
        self.assert_error(run, "model.layers.*.mlp.gate.weight (layers 0-1): expected shape")
        self.config |= {"num_experts": 3, "mlp_only_layers": [0]}
        self.write_config()
        self.assert_error(run, "mlp_only_layers: frit does not support layers without experts among those that have them")

    def test_scaled_rope_of_layers_with_a_window(self):
        kinds = {"full_attention": {"rope_type": "yarn", "factor": 2.0}, "sliding_attention": {"rope_type": "linear", "factor": 2.0}}
        self.config |= {"model_type": "olmo3", "sliding_window": 16, "rope_parameters": kinds}
        self.write_config()
        err = self.assert_error(["inspect", str(self.model)], "cannot import")
        self.assertIn("sliding_attention.rope_type: frit does not support RoPE scaling in layers with a window ('linear')", err)
        kinds["sliding_attention"] = {"rope_type": "default"}
        self.write_config()
        self.assertNotIn("rope", self.assert_error(["inspect", str(self.model)], "cannot import"))

    def test_output_that_should_be_there(self):
        self.config["tie_word_embeddings"] = False
        self.write_config()
        message = "config.json, tie_word_embeddings: expected the tensor lm_head.weight, as this is false, found none; is the checkpoint complete?"
        for command in (["inspect"], ["run", "--tokens", "1,2"], ["compile", "-o", "x.frit"], ["convert", "-o", "x.gguf"]):
            self.assert_error([command[0], str(self.model), *command[1:]], message)
        self.assertFalse((self.directory / "x.frit").exists() or (self.directory / "x.gguf").exists())
        # Who says nothing may leave it out.
        del self.config["tie_word_embeddings"]
        self.write_config()
        out, _ = self.frit("inspect", str(self.model), "--json")
        self.assertTrue(json.loads(out)["tied"])

    def logits(self, **changes):
        self.config = {key: value for key, value in (CONFIG | {"head_dim": 16} | changes).items() if value != "absent"}
        self.write_config()
        self.frit("run", str(self.model), "--tokens", ",".join(map(str, range(5, 15))), "-n", "0", "--activations", "f32", "--logits", "x.npy")
        return (self.directory / "x.npy").read_bytes()

    def test_absent_keys_are_what_transformers_takes_them_for(self):
        windowed = {"sliding_window": 4, "no_rope_layers": [1, 0]}
        for kind, key, default, other, more in (
            ("ernie4_5", "rope_theta", 500000.0, 10000.0, {}),
            ("smollm3", "rope_theta", 2000000.0, 10000.0, {}),
            ("smollm3", "no_rope_layer_interval", 4, 1, {}),
            ("granite", "attention_multiplier", 1.0, 0.25, {}),
            ("smollm3", "use_sliding_window", False, True, windowed),
            ("mistral", "rms_norm_eps", 1e-6, 1e-2, {}),
            ("ernie4_5", "rms_norm_eps", 1e-5, 1e-2, {}),
        ):
            with self.subTest(kind=kind, key=key):
                given = {"model_type": kind, **more}
                absent = self.logits(**given, **{key: "absent"})
                self.assertEqual(absent, self.logits(**given, **{key: default}))
                self.assertNotEqual(absent, self.logits(**given, **{key: other}))

    def graph(self, **changes):
        self.config = {key: value for key, value in (CONFIG | {"head_dim": 16} | changes).items() if value != "absent"}
        self.write_config()
        return self.frit("compile", str(self.model), "--compile-to=import", "-o", "-")[0]

    def test_windows_of_those_that_have_some(self):
        """As the classes of transformers: Llama knows no windows, Mistral always has one, others as all their keys say."""
        layered = {"sliding_window": 32, "layer_types": ["full_attention", "sliding_attention"]}
        for kind, given, windows in (
            ("llama", {"sliding_window": 32}, []),
            ("llama", layered | {"use_sliding_window": True}, []),
            ("mistral", {}, [4096, 4096]),
            ("mistral", {"sliding_window": None}, []),
            ("mistral", layered | {"use_sliding_window": False}, [32, 32]),
            ("internlm3", layered, [32]),
            ("granite", layered, []),
            ("smollm3", {"sliding_window": 32, "use_sliding_window": True, "no_rope_layers": [1, 0]}, [32]),
            ("smollm3", {"sliding_window": 32}, []),
        ):
            with self.subTest(kind=kind, given=given):
                plain = self.graph(model_type=kind, sliding_window=None, no_rope_layers=given.get("no_rope_layers", "absent"))
                self.assertNotIn("window = ", plain)
                graph = self.graph(model_type=kind, **given)
                found = [int(window) for window in re.findall(r"%arg2: !kv.cache<2x16, window = (\d+)>", graph)]
                self.assertEqual(found, sorted(set(windows)))
                if not windows:
                    self.assertEqual(graph, plain)

    def test_part_of_a_head_that_rotates(self):
        for kind, knows in (("llama", False), ("mistral", False), ("granite", False), ("internlm3", True)):
            graphs = {factor: self.graph(model_type=kind, partial_rotary_factor=factor) for factor in (1.0, 0.5)}
            self.assertEqual(graphs[1.0] != graphs[0.5], knows, kind)

    def test_biases_as_the_keys_say(self):
        self.config["attention_bias"] = True
        self.config["mlp_bias"] = True
        self.write_config()
        err = self.assert_error(["inspect", str(self.model)], "for 7 reasons")
        for name, key in (
            *((f"self_attn.{x}_proj", "attention_bias") for x in "qkvo"),
            *((f"mlp.{x}_proj", "mlp_bias") for x in ("gate", "up", "down")),
        ):
            self.assertIn(
                f"model.layers.*.{name}.bias (layers 0-1): is missing, although config.json, {key} is true; is the checkpoint complete?", err
            )
        self.write_weights("--attention-bias", "--output-bias", "--ffn-bias")
        self.frit("inspect", str(self.model))
        del self.config["mlp_bias"]  # Who says nothing may have them.
        self.write_config()
        self.frit("inspect", str(self.model))
        self.config["attention_bias"] = False
        self.write_config()
        err = self.assert_error(["inspect", str(self.model)], "for 4 reasons")
        self.assertIn("self_attn.q_proj.bias (layers 0-1): expected no such tensor, as config.json, attention_bias is false", err)

    def test_scaling_that_lacks_a_number(self):
        yarn = {"rope_type": "yarn", "factor": 0.5, "original_max_position_embeddings": 32}
        llama = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
        for key in ("rope_scaling", "rope_parameters"):
            for given, message in (
                ({"rope_type": "linear"}, "rope_parameters.factor: is missing, but the model's rope_factor is needed; is the file that of the model"),
                ({"rope_type": "yarn"}, "rope_parameters.factor: is missing"),
                ({name: value for name, value in llama.items() if name != "factor"}, "rope_parameters.factor: is missing"),
                ({name: value for name, value in llama.items() if name != "low_freq_factor"}, "rope_parameters.low_freq_factor: is missing"),
                ({name: value for name, value in llama.items() if name != "high_freq_factor"}, "rope_parameters.high_freq_factor: is missing"),
                (yarn, "rope.scaling.factor: expected at least 1 for YaRN, found 0.5"),
            ):
                with self.subTest(key=key, given=given):
                    self.config = CONFIG | {key: given}
                    self.write_config()
                    err = self.assert_error(["inspect", str(self.model)], message)
                    self.assertEqual(len(err.strip().splitlines()), 1, err)
        # Without a name there is none, whatever else is there.
        self.assertEqual(self.graph(rope_scaling={"factor": 8.0}), self.graph())

    def test_both_spellings_of_a_scaling(self):
        linear = {"rope_type": "linear", "factor": 2.0}
        once = self.graph(rope_scaling=linear)
        self.assertEqual(self.graph(rope_scaling={"type": "linear", "factor": 2}, rope_parameters=linear | {"rope_theta": 10000.0}), once)
        for older, newer, message in (
            ({"factor": 4.0}, {}, "rope_scaling.factor: expected what rope_parameters.factor says, 2, found 4"),
            ({"rope_type": "dynamic"}, {}, "rope_scaling.rope_type: expected what rope_parameters.rope_type says, 'linear', found 'dynamic'"),
            ({}, {"beta_fast": 16}, "rope_scaling.beta_fast: expected what rope_parameters.beta_fast says, 16, found nothing"),
        ):
            self.config = CONFIG | {"rope_scaling": linear | older, "rope_parameters": linear | newer}
            self.write_config()
            self.assert_error(["inspect", str(self.model)], message)

    def test_null_turns_off_what_has_a_default(self):
        original = dict(PARTS)
        self.addCleanup(PARTS.update, original)
        PARTS.update(
            post_attention_norm="post_attention_layernorm", ffn_norm="pre_feedforward_layernorm", post_ffw_norm="post_feedforward_layernorm",
        )  # fmt: skip
        self.write_weights("--post-norms")
        gelu = "gelu_pytorch_tanh"
        gemma = {"model_type": "gemma2", "hidden_activation": gelu, "hidden_act": gelu, "query_pre_attn_scalar": 16}
        for key, default in (("attn_logit_softcapping", 50.0), ("final_logit_softcapping", 30.0)):
            absent = self.logits(**gemma, **{key: "absent"})
            self.assertEqual(absent, self.logits(**gemma, **{key: default}))
            self.assertNotEqual(absent, self.logits(**gemma, **{key: None}))
        absent = self.logits(**gemma | {"query_pre_attn_scalar": "absent"})
        self.assertEqual(absent, self.logits(**gemma | {"query_pre_attn_scalar": 256}))

    def test_a_part_of_the_biases(self):
        self.write_weights("--attention-bias")
        whole = (self.model / "model.safetensors").read_bytes()
        self.logits()
        (self.model / "model.safetensors").write_bytes(whole.replace(b"layers.1.self_attn.q_proj.bias", b"layers.1.self_attn.q_proj.nope"))
        lost = "model.layers.1.self_attn.q_proj.bias: is missing, although layer 0 has it; is the file complete?"
        self.assert_error(["inspect", str(self.model)], lost)
        # Qwen 2 has them always.
        self.write_weights()
        self.config["model_type"] = "qwen2"
        self.write_config()
        self.assert_error(["inspect", str(self.model)], "self_attn.q_proj.bias (layers 0-1): is missing")

    def test_weights_that_are_no_numbers(self):
        self.set_weight("model.norm.weight", 0, float("nan"))
        message = "expected numbers as logits, found none; are weights of the model damaged?"
        self.assert_error(["run", str(self.model), "--tokens", "5,17", "-n", "4", "--print-tokens"], message)

    def test_seven_billion_parameters(self):
        """In shards that are holes: only headers are read."""
        config = CONFIG | {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32}
        config |= {"intermediate_size": 11008, "vocab_size": 32000, "tie_word_embeddings": False, "max_position_embeddings": 4096}
        self.config = config
        self.write_config()
        (self.model / "model.safetensors").unlink()
        h, f = 4096, 11008
        layer = {
            "input_layernorm": (h,), "post_attention_layernorm": (h,), "self_attn.q_proj": (h, h), "self_attn.k_proj": (h, h),
            "self_attn.v_proj": (h, h), "self_attn.o_proj": (h, h), "mlp.gate_proj": (f, h), "mlp.up_proj": (f, h), "mlp.down_proj": (h, f),
        }  # fmt: skip
        shards = [{"model.embed_tokens.weight": (32000, h), "model.norm.weight": (h,), "lm_head.weight": (32000, h)}]
        for n in range(32):
            shards.append({f"model.layers.{n}.{name}.weight": shape for name, shape in layer.items()})
        weights = {}
        for n, shard in enumerate(shards):
            header, at, name = {}, 0, f"model-{n + 1:05}-of-{len(shards):05}.safetensors"
            for tensor, shape in shard.items():
                size = 2 * math.prod(shape)
                header[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
                weights[tensor] = name
                at += size
            text = json.dumps(header).encode()
            with (self.model / name).open("wb") as file:
                file.write(struct.pack("<Q", len(text)) + text)
                file.truncate(8 + len(text) + at)
        (self.model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
        limit, options = 500 * 1024 * 1024, {}
        sanitized = os.environ.get("FRIT_SANITIZE") == "ON"  # whose shadow memory is no memory of frit
        if not sanitized:
            options["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        begin = time.monotonic()
        out, _ = self.frit("inspect", str(self.model), "--json", **options)
        self.assertLess(time.monotonic() - begin, 60 if sanitized else 2)
        found = json.loads(out)
        self.assertEqual(found["parameters"], 6738415616)
        self.assertEqual(len(found["files"]), 33)

    def test_convert(self):
        run = ("--tokens", "5,17,400,3", "-n", "6", "--activations", "f32")
        expected = self.tokens(str(self.model), *run)
        for format in ("f32", "f16", "bf16", "q8_0", "q4_0"):
            _, err = self.frit("convert", str(self.model), "-o", "out.gguf", "--format", format)
            self.assertRegex(err, rf"^out.gguf: {format}, [0-9.]+ MB\n$")
            found = json.loads(self.frit("inspect", "out.gguf", "--json")[0])
            self.assertEqual({entry["format"] for entry in found["formats"]}, {"f32", format})
            self.assertEqual(found["tokenizer"], "gpt2 smollm")
            tokens = self.tokens("out.gguf", *run)
            if format == "f32":
                self.assertEqual(tokens, expected)
        # Text goes through the same vocabulary.
        self.frit("convert", str(self.model), "-o", "out.gguf", "--format", "f32")
        text = ("-p", "The ship's 12 sails", "-n", "6", "--no-chat", "--activations", "f32", "--print-tokens")
        self.assertEqual(self.frit("run", "out.gguf", *text)[0], self.frit("run", str(self.model), *text)[0])
        self.assertEqual([path.name for path in self.directory.glob("out*")], ["out.gguf"])

    def test_tokenizer_model(self):
        """SentencePiece's own file serves where there is no tokenizer.json; it becomes keys of a GGUF file."""
        (self.model / "tokenizer.json").unlink()
        text = ("-p", "The ship's 12 sails \u20ac", "-n", "6", "--no-chat", "--activations", "f32", "--print-tokens")
        for name, kind in (("spm-bpe", "llama default"), ("spm-unigram", "t5 default"), ("spm-unigram-bytes", "t5 default")):
            (self.model / "tokenizer.model").write_bytes((VOCABULARY.parent / f"{name}.model").read_bytes())
            found = json.loads(self.frit("inspect", str(self.model), "--json")[0])
            self.assertEqual(found["tokenizer"], "tokenizer.model")
            expected = self.frit("run", str(self.model), *text)[0]
            self.frit("convert", str(self.model), "-o", "out.gguf", "--format", "f32")
            self.assertEqual(json.loads(self.frit("inspect", "out.gguf", "--json")[0])["tokenizer"], kind)
            self.assertEqual(self.frit("run", "out.gguf", *text)[0], expected)
        (self.model / "added_tokens.json").write_text('{"<|x|>": 2006}')
        self.assert_error(["convert", str(self.model), "-o", "x.gguf"], "tokenizer.model has 2007 tokens, the model 2006")
        place = self.model / "tokenizer.model"
        place.write_bytes(place.read_bytes()[:1000])
        err = self.assert_error(["run", str(self.model), "-p", "Hi"], "byte ")
        self.assertIn(f"{place}: ", err)

    def assert_converts_to_the_same(self):
        record = ("--arch-spec", "mine.json")
        self.frit("convert", str(self.model), *record, "-o", "mine.gguf", "--format", "f32")
        logits = []
        for model in (str(self.model), "mine.gguf"):
            self.frit("run", model, *record, "--tokens", "5,17,400,3", "-n", "0", "--activations", "f32", "--logits", "x.npy")
            logits.append((self.directory / "x.npy").read_bytes())
        self.assertEqual(*logits)

    def test_convert_more_digits_than_f32_has(self):
        self.config["rms_norm_eps"] = 9.999999747378752e-06
        self.write_config()
        self.write_record()
        self.assert_converts_to_the_same()

    def test_convert_norms_of_pairs(self):
        for option, shapes in (("--qk-norm", ("head_dim", "head_dim")), ("--qk-row-norm", ("heads * head_dim", "kv_heads * head_dim"))):
            self.write_weights(option)
            tensors = {
                f"attn_{x}_norm": {
                    "gguf": f"blk.{{layer}}.attn_{x}_norm.weight", "shape": [shape],
                    "huggingface": f"model.layers.{{layer}}.self_attn.{x}_norm.weight",
                } for x, shape in zip("qk", shapes)
            }  # fmt: skip
            for place in ("before_rope", "after_rope"):
                self.write_record(attention={"qk_norm": place}, tensors=tensors)
                self.assert_converts_to_the_same()

    def fused(self, **rows):
        return {f"attn_{x}": {"gguf": "blk.{layer}.attn_qkv.weight", "rows": {"gguf": place}} for x, place in rows.items()}

    def test_convert_to_groups(self):
        # Of each of the two key heads: its two query heads, the key, the value.
        places = {"q": (0, "kv_heads"), "k": (32, "kv_heads"), "v": (48, "kv_heads")}
        self.write_record(tensors=self.fused(**{x: {"from": first, "of": 64, "groups": groups} for x, (first, groups) in places.items()}))
        self.assert_converts_to_the_same()

    def test_convert_to_what_no_file_can_be(self):
        convert = ["convert", str(self.model), "--arch-spec", "mine.json", "-o", "x.gguf"]
        whole = {"q": {"from": 0, "of": 128}, "k": {"from": 64, "of": 128}, "v": {"from": 96, "of": 128}}
        for changes, message in (
            ({"v": {"from": 97, "of": 128}}, "rows of GGUF files: expected 32 rows in 1 groups of 128 from 97"),
            ({"v": {"from": 0, "of": 64, "groups": 3}}, "rows of GGUF files: expected 32 rows in 3 groups of 64 from 0"),
            ({"v": {"from": 0, "of": 64, "groups": 0}}, "rows of GGUF files: expected a whole number from 1 to 2147483647, but '0' is 0"),
            ({"v": {"from": 96, "of": 129}}, "tensor blk.0.attn_qkv.weight: expected roles that agree on the shape it has in GGUF files"),
            ({x: place | {"of": 160} for x, place in whole.items()}, "blk.0.attn_qkv.weight: expected roles with the 160 rows it has in GGUF files, found 128"),
        ):  # fmt: skip
            self.write_record(tensors=self.fused(**whole | changes))
            self.assert_error(convert, message)
            self.assertEqual(list(self.directory.glob("*x.gguf*")), [])
        self.write_record(tensors={"attn_norm": {"gguf": "blk.{layer}.attn_q.weight"}})
        self.assert_error(convert, "tensor blk.0.attn_q.weight: expected roles that agree on the shape it has in GGUF files")

    def test_convert_refuses(self):
        self.assert_usage_error(["convert"], "expected a directory")
        self.assert_usage_error(["convert", str(self.model)], "expected a file for -o")
        self.assert_usage_error(["convert", str(self.model), "-o", "x", "--format", "q4_k"], "found 'q4_k'")
        self.assert_error(["convert", "none", "-o", "x.gguf"], "none")
        self.assert_error(["convert", self.make_model(), "-o", "x.gguf"], "expected a Hugging Face directory")
        self.assert_error(["convert", str(self.model), "-o", "no/such/x.gguf"], "cannot write 'no/such/x.gguf': ")
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            before = (self.model / name).read_bytes()
            linked = self.directory / "linked"
            linked.unlink(missing_ok=True)
            linked.hardlink_to(self.model / name)
            for output in (str(self.model / name), "linked"):
                message = f"cannot write '{output}': it is a part of the model to be converted"
                self.assert_error(["convert", str(self.model), "-o", output], message)
            self.assertEqual((self.model / name).read_bytes(), before)
        (self.model / "tokenizer.json").write_text("[]")
        err = self.assert_error(["convert", str(self.model), "-o", "x.gguf"], "tokenizer.json: expected an object")
        self.assertTrue(err.startswith(f"error: {self.model}/tokenizer.json: "), err)
        (self.model / "tokenizer.json").write_bytes(VOCABULARY.read_bytes())
        os.mkfifo(self.directory / "pipe")
        self.assert_error(["convert", str(self.model), "-o", "pipe"], "cannot write 'pipe': it exists and is no regular file")
        self.assertTrue((self.directory / "pipe").is_fifo())
        self.assert_error(["convert", str(self.model), "-o", str(self.model)], "Is a directory")
        self.config["_name_or_path"] = "a\0b"
        self.write_config()
        err = self.assert_error(["convert", str(self.model), "-o", "x.gguf"], "the file that was written: metadata key 'general.name'")
        self.assertNotIn(".tmp-", err)
        del self.config["_name_or_path"]
        self.config["use_sliding_window"] = True
        self.config["sliding_window"] = 16
        self.config["layer_types"] = ["full_attention", "sliding_attention"]
        self.config["model_type"] = "internlm3"
        self.write_config()
        self.assert_error(["convert", str(self.model), "-o", "x.gguf"], "'llama' cannot say that attention.window of layer 0, 0 (config.json, sliding_window, use_sliding_window, layer_types), is as in config.json")
        self.config["hidden_act"] = "quick_gelu"
        self.write_config()
        self.assert_error(["convert", str(self.model), "-o", "x.gguf"], "frit does not support this activation ('quick_gelu')")
        self.assertEqual(list(self.directory.glob("*x.gguf*")), [])

    def set_weight(self, name, index, value):
        path = self.model / "model.safetensors"
        data = bytearray(path.read_bytes())
        (length,) = struct.unpack_from("<Q", data)
        first, _ = json.loads(data[8 : 8 + length])[name]["data_offsets"]
        struct.pack_into("<f", data, 8 + length + first + 4 * index, value)
        path.write_bytes(data)

    def test_convert_numbers_that_do_not_fit(self):
        name = "model.layers.1.mlp.down_proj.weight"  # [64, 96]
        place = "model: tensor blk.1.ffn_down.weight, row 1, column 3: expected a number"
        convert = ["convert", str(self.model), "-o", "x.gguf", "--format"]
        for value, format, limit, fits in (
            (65504.0, "f16", "", True),
            (-65536.0, "f16", " up to 65504 for f16, found -65536; another --format holds it", False),
            (65536.0, "bf16", "", True),
            (3.4e38, "bf16", " up to ", False),
            (3.4e38, "f32", "", True),
            (8.3e6, "q8_0", "", True),
            (-1e7, "q8_0", " up to 8319008 for q8_0, found -1e+07; another --format holds it", False),
            (1e6, "q4_0", " up to 524032 for q4_0", False),
            (float("nan"), "f32", ", found nan; are the weights damaged?", False),
            (float("-inf"), "q8_0", ", found -inf; are the weights damaged?", False),
        ):
            with self.subTest(value=value, format=format):
                self.set_weight(name, 96 + 3, value)
                if fits:
                    self.frit(*convert, format)
                    (self.directory / "x.gguf").unlink()
                else:
                    self.assert_error([*convert, format], place + limit)
                self.assertEqual(list(self.directory.glob("x.gguf*")), [])

    def test_convert_names_longrope(self):
        """Without the name, llama.cpp does not look for the factors."""
        factors = {"short_factor": [1.0] * 8, "long_factor": [1.0 + i for i in range(8)]}
        self.config["rope_parameters"] = {"rope_type": "longrope", "original_max_position_embeddings": 32} | factors
        self.write_config()
        self.frit("convert", str(self.model), "-o", "x.gguf")
        name = b"longrope"
        entry = b"llama.rope.scaling.type" + struct.pack("<IQ", 8, len(name)) + name
        self.assertIn(entry, (self.directory / "x.gguf").read_bytes())

    def test_values_of_other_kinds(self):
        for key, value, message in (
            ("layer_types", "full_attention", "layer_types: expected a list of a text for each layer, found 'full_attention'"),
            ("eos_token_id", "</s>", "eos_token_id: expected the id of a token or a list of such, found '</s>'"),
            ("eos_token_id", [2, -1], "eos_token_id: expected the id of a token or a list of such, found -1"),
            ("eos_token_id", 1.5, "eos_token_id: expected the id of a token or a list of such, found 1.5"),
        ):
            self.config = CONFIG | {"model_type": "internlm3", key: value}
            self.write_config()
            self.assert_error(["inspect", str(self.model)], message)
        # transformers warns, too.
        self.config = CONFIG | {"eos_token_id": [2, 2006]}
        self.write_config()
        _, err = self.frit("inspect", str(self.model))
        said = "config.json, eos_token_id: expected an id below the vocabulary's 2006, found 2006, at which nothing will end"
        self.assertEqual(err, f"warning: {self.model}: {said}\n")

    def test_convert_to_a_full_disk(self):
        full = "ulimit -f 8; trap '' XFSZ; exec \"$@\""
        command = ["bash", "-c", full, "bash", FRIT, "convert", str(self.model), "-o", "x.gguf"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=self.directory)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, "error: cannot write 'x.gguf': File too large\n")
        self.assertEqual(list(self.directory.glob("x.gguf*")), [])

    def test_numbers_of_rope_that_fit_nothing(self):
        def refused(message, **rope):
            self.config["rope_parameters"] = {"rope_theta": 10000.0, "original_max_position_embeddings": 16} | rope
            self.write_config()
            self.assertIn(message, self.assert_error(["inspect", str(self.model)], "cannot import"))

        llama = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
        refused("rope.scaling: expected numbers that give frequency factors above 0, found inf", **llama | {"factor": 1e308})
        yarn = {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1, "original_max_position_embeddings": 4096}
        refused("rope.scaling: expected numbers that give frequency factors above 0, found", **yarn)
        refused("rope.scaling: expected numbers that give a scale of positions above 0, found inf", rope_type="linear", factor=5e-324)
        # These would fill the memory.
        self.config["head_dim"] = 2147483646
        for kind in (llama, {"rope_type": "yarn", "factor": 4.0}):
            refused("rope.dim: expected at most 65536, found 2147483646", **kind)

    def test_names_that_a_terminal_would_obey(self):
        self.config["_name_or_path"] = "a\x1b[31m\nb"
        self.write_config()
        out, _ = self.frit("inspect", str(self.model))
        self.assertEqual(out.splitlines()[0].split(), ["model", r"a\1B[31m\0Ab"])

    def test_truncated_at_every_kilobyte(self):
        weights = self.model / "model.safetensors"
        whole = weights.read_bytes()
        for size in [*range(0, 8192, 1024), *range(8192, len(whole), 32 * 1024)]:
            weights.write_bytes(whole[:size])
            err = self.assert_error(["inspect", str(self.model)], "model.safetensors: ")
            self.assertEqual(len(err.strip().splitlines()), 1, err)


if __name__ == "__main__":
    main()
