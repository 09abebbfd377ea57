# RUN: %python %s
# ===- cache.py - the compile cache --------------------------------------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import os
import resource
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import TIMEOUT, DriverTest, main

ARGUMENTS = ("--tokens", "5,6,7", "-n", "6", "--ignore-eos", "--print-tokens")


class CacheTest(DriverTest):
    def run_model(self, model, *arguments, **options):
        """(ids as printed, whether the model was compiled)"""
        out, err = self.frit("run", model, *ARGUMENTS, *arguments, **options)
        return out, err.startswith("compile ")

    def bundles(self):
        return sorted((self.cache / "frit" / "bundles").glob("*"))

    def test_second_run_finds_it(self):
        model = self.make_model()
        first, compiled = self.run_model(model)
        self.assertTrue(compiled)
        self.assertEqual(self.run_model(model), (first, False))
        (bundle,) = self.bundles()
        self.assertRegex(bundle.name, r"\Atiny-[0-9a-f]{32}\.frit\Z")
        # It holds code: nobody else has any business there.
        for directory in (self.cache / "frit", bundle.parent):
            self.assertEqual(directory.stat().st_mode & 0o777, 0o700)
        # bench uses the same entry; the bundle is one like any other.
        self.frit("bench", model, "-p", "4", "-n", "0", "-r", "1")
        self.assertEqual(self.bundles(), [bundle])
        self.assertEqual(self.run_model(str(bundle)), (first, False))

    def test_what_it_depends_on(self):
        model = self.make_model()
        self.run_model(model)
        for count, arguments in enumerate(
            [
                ("--activations", "f32"),
                ("--kv-cache-type", "f32"),
                ("--target", "x86-64", "--activations", "f32"),
                ("--max-tokens", "6"),
                ("--fusion", "none"),
                ("--like", "llama"),
            ],
            start=2,
        ):
            with self.subTest(arguments):
                self.assertTrue(self.run_model(model, *arguments)[1])
                self.assertFalse(self.run_model(model, *arguments)[1])
                self.assertEqual(len(self.bundles()), count)
        # What was the default anyway is the same entry.
        self.assertFalse(self.run_model(model, "--activations", "int8")[1])

    def test_contents_count_and_not_names(self):
        model = self.make_model()
        first, _ = self.run_model(model)
        os.utime(model)
        self.assertEqual(self.run_model(model), (first, False))
        copy = Path(model).with_name("copy")
        copy.mkdir()
        Path(model).rename(copy / "tiny.gguf")
        self.assertEqual(self.run_model(str(copy / "tiny.gguf")), (first, False))
        # Another model of the same name and size.
        other = self.make_model("tiny.gguf", "--seed", "7")
        self.assertEqual(os.path.getsize(other), (copy / "tiny.gguf").stat().st_size)
        second, compiled = self.run_model(other)
        self.assertTrue(compiled)
        self.assertNotEqual(second, first)

    def test_parts_of_a_split_model(self):
        import make_tiny_gguf

        make_tiny_gguf.main([str(self.directory / "split"), "--split", "2"])
        parts = sorted(map(str, self.directory.glob("split*")))
        first, compiled = self.run_model(parts[0])
        self.assertTrue(compiled)
        self.assertEqual(self.run_model(parts[0]), (first, False))
        # One weight of the second part differs.
        data = bytearray(Path(parts[1]).read_bytes())
        data[-1] ^= 1
        Path(parts[1]).write_bytes(data)
        self.assertTrue(self.run_model(parts[0])[1])

    def test_mlir_models(self):
        model = self.make_model()
        expected, _ = self.run_model(model)
        self.frit("compile", model, "--compile-to", "fuse", "-o", "fuse.mlir")
        self.assertEqual(self.run_model("fuse.mlir"), (expected, True))
        self.assertEqual(self.run_model("fuse.mlir"), (expected, False))
        # Its weights are in the checkpoint.
        self.make_model("tiny.gguf", "--seed", "7")
        other, compiled = self.run_model("fuse.mlir")
        self.assertTrue(compiled)
        self.assertNotEqual(other, expected)

    def test_damaged_entries_are_replaced(self):
        model = self.make_model()
        first, _ = self.run_model(model)
        (bundle,) = self.bundles()
        whole = bundle.read_bytes()
        for damage in (
            whole[: len(whole) // 2],
            b"",
            b"nonsense",
            whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        ):
            bundle.write_bytes(damage)
            self.assertEqual(self.run_model(model), (first, True))
            self.assertEqual(self.run_model(model), (first, False))
        for memory in (self.cache / "frit" / "files").iterdir():
            for damage in ("", "[]", "{}", "[1]", '[{"path": "x"}]', "nonsense"):
                memory.write_text(damage)
                self.assertEqual(self.run_model(model), (first, False))

    def test_without_a_cache(self):
        model = self.make_model()
        expected, _ = self.run_model(model)
        temporary = self.directory / "tmp"
        temporary.mkdir()
        blocked = self.directory / "blocked"
        blocked.write_text("a file where a directory should be")
        # As root a directory without write permission can be written to; /proc cannot.
        for place in (str(blocked), "/proc/none"):
            environment = self.environment(XDG_CACHE_HOME=place, TMPDIR=str(temporary))
            out, err = self.frit("run", model, *ARGUMENTS, env=environment)
            self.assertEqual(out, expected)
            self.assertRegex(err, r"\Awarning: cannot create the cache directory '.*'.*\ncompile ")
            self.assertEqual(err.count("warning"), 1)
            self.assertEqual(list(temporary.iterdir()), [])
        # A relative XDG_CACHE_HOME does not count; without HOME there is no other place.
        environment = self.environment(XDG_CACHE_HOME="relative", HOME=str(self.directory / "home"))
        self.frit("run", model, *ARGUMENTS, env=environment)
        self.assertTrue((self.directory / "home" / ".cache" / "frit" / "bundles").is_dir())
        # Neither a cache nor a place for temporary files.
        environment = self.environment(XDG_CACHE_HOME="/proc/none", TMPDIR="/proc/none")
        self.assert_error(["run", model, *ARGUMENTS], "/proc/none", env=environment)

    def test_full_disk(self):
        model = self.make_model()

        def limit():
            # Writing beyond this size fails, as on a full disk.
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))

        environment = self.environment(TMPDIR=str(self.directory))
        before = set(self.directory.iterdir()) | {self.cache}
        for arguments in (["run", model, *ARGUMENTS], ["compile", model, "-o", "out.frit"]):
            _, err = self.frit(*arguments, code=1, env=environment, preexec_fn=limit)
            self.assertEqual(err.count("error: "), 1)
            self.assertIn("File too large", err)
            self.assertEqual(set(self.directory.iterdir()) | {self.cache}, before)
        self.assertEqual(self.bundles(), [])

    def test_concurrent_compilations(self):
        model = self.make_model()
        processes = [self.start("run", model, *ARGUMENTS) for _ in range(4)]
        outputs = {process.communicate(timeout=TIMEOUT)[0] for process in processes}
        self.assertEqual([process.returncode for process in processes], [0] * 4)
        self.assertEqual(len(outputs), 1)
        self.assertEqual(len(self.bundles()), 1)

    def test_killed_compilation(self):
        model = self.make_model("tiny.gguf", "--layers", "24", "--hidden", "256", "--ffn", "1024")
        process = self.start("run", model, *ARGUMENTS)
        deadline = time.monotonic() + TIMEOUT
        # Until the bundle is being written, or all is done already.
        while not self.bundles() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
        process.communicate(timeout=TIMEOUT)
        whole = [path for path in self.bundles() if path.suffix == ".frit"]
        if not whole:
            self.assertTrue(self.run_model(model)[1])
        # What was left behind is gone.
        (bundle,) = self.bundles()
        self.assertEqual(bundle.suffix, ".frit")
        self.assertFalse(self.run_model(model)[1])

    def test_model_that_changes_meanwhile(self):
        model = self.make_model()
        process = self.start("run", model, *ARGUMENTS)
        # Hashes are remembered before the compiler begins, which takes much longer than this.
        while not list((self.cache / "frit" / "files").glob("*.json")):
            self.assertIsNone(process.poll())
            time.sleep(0.001)
        os.utime(model, (1e9, 1e9))
        _, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(err.decode(), f"error: '{model}' changed while it was compiled\n")
        self.assertEqual(self.bundles(), [])

    def test_old_entries_go(self):
        model = self.make_model()
        self.run_model(model)
        (bundle,) = self.bundles()
        # Nine that were used before, one of them by another model whose name begins alike.
        for age in range(1, 10):
            name = "tiny-model" if age == 9 else "tiny"
            old = bundle.with_name(f"{name}-{age:032x}.frit")
            old.write_bytes(b"")
            os.utime(old, (1e9 - age, 1e9 - age))
        self.run_model(model, "--activations", "f32")
        names = [path.name for path in self.bundles()]
        self.assertEqual(len([name for name in names if "model" not in name]), 8)
        self.assertIn(f"tiny-{6:032x}.frit", names)
        self.assertNotIn(f"tiny-{7:032x}.frit", names)
        self.assertIn(f"tiny-model-{9:032x}.frit", names)
        self.assertFalse(self.run_model(model)[1])

    def test_list_and_clear(self):
        out, _ = self.frit("cache")
        self.assertIn("empty", out)
        self.assertFalse(self.cache.exists())
        model = self.make_model()
        self.run_model(model)
        self.run_model(model, "--activations", "f32")
        names = [bundle.name for bundle in self.bundles()]
        out, _ = self.frit("cache")
        for name in names:
            self.assertRegex(out, rf"(?m)^ +\d+\.\d MB  \d{{4}}-\d\d-\d\d \d\d:\d\d  {name}$")
        self.assertRegex(out.splitlines()[-1], r"^ +\d+\.\d MB  in .*/frit$")
        (self.cache / "frit" / "bundles" / "mine.txt").write_text("not the cache's")
        out, _ = self.frit("cache", "--clear")
        self.assertRegex(out, r"removed \d+\.\d MB")
        self.assertEqual([path.name for path in self.bundles()], ["mine.txt"])
        self.assertTrue(self.run_model(model)[1])


if __name__ == "__main__":
    main()
