# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The package: what is in the wheel, what it needs, and whether it speaks the C interface."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import unittest
import venv
import zipfile
from pathlib import Path

from support import ROOT, PythonTest, frit

HEADER = (ROOT / "include/frit/Runtime/Runtime.h").read_text()
BUILD = Path(os.environ["FRIT"]).resolve().parent.parent


class InterfaceTest(unittest.TestCase):
    """Runtime.h says what there is; the package must call it so."""

    TYPES = {
        "size_t": ctypes.c_size_t,
        "int32_t": ctypes.c_int32,
        "uint32_t": ctypes.c_uint32,
        "int64_t": ctypes.c_int64,
        "float": ctypes.c_float,
        "int": ctypes.c_int,
        "frit_wanted": ctypes.c_int,
        "const char *": ctypes.c_char_p,
    }

    def setUp(self) -> None:
        self.header = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)

    def test_structures(self):
        runtime = frit._runtime
        structures = {
            "frit_model_options": runtime.ModelOptions,
            "frit_model_info": runtime.ModelInfo,
            "frit_session_options": runtime.SessionOptions,
            "frit_sampler_options": runtime.SamplerOptions,
            "frit_token": runtime.Token,
            "frit_chat_message": runtime.ChatMessage,
        }
        for name, structure in structures.items():
            body = re.search(rf"typedef struct {name} \{{(.*?)\}}", self.header, re.DOTALL)[1]
            fields = re.findall(r"(\S[^;]*?\W)(\w+);", body)
            expected = [(field, self.TYPES[kind.strip()]) for kind, field in fields]
            self.assertEqual(list(structure._fields_), expected, name)

    def test_functions(self):
        runtime = frit._runtime
        declared = {
            name: (result, [p.strip() for p in parameters.split(",") if p.strip() != "void"])
            for result, name, parameters in re.findall(r"FRIT_API\s+([^;(]*?)(frit_\w+)\(([^)]*)\)", self.header)
        }
        for name, arguments in runtime._FUNCTIONS.items():
            self.assertEqual(declared[name][0].strip(), "frit_status", name)
            self.check_arguments(name, declared[name][1], arguments)
        for name, (result, *arguments) in runtime._WITHOUT_STATUS.items():
            self.assertEqual(declared[name][0].strip(), "const char *" if result else "void", name)
            self.check_arguments(name, declared[name][1], arguments)

    def check_arguments(self, name, declared, arguments):
        self.assertEqual(len(declared), len(arguments), name)
        for parameter, found in zip(declared, arguments):
            kind = re.sub(r"\w+$", "", parameter).strip()
            if kind in self.TYPES:
                self.assertIs(found, self.TYPES[kind], (name, parameter))
            else:
                self.assertIn("*", kind, (name, parameter))
                self.assertEqual(ctypes.sizeof(found), ctypes.sizeof(ctypes.c_void_p), (name, parameter))

    def test_numbers(self):
        for name in ("BUFFER_TOO_SMALL", "PARSE_SPECIAL", "ADD_BOS", "SKIP_SPECIAL", "LOGITS_LAST", "LOGITS_ALL"):
            value = re.search(rf"FRIT_{name} = (\d+)", self.header)[1]
            self.assertEqual(getattr(frit._runtime, name), int(value))

    def test_version(self):
        self.assertEqual(frit._runtime.library().frit_version().decode(), frit.__version__)
        self.assertIn(f'version = "{frit.__version__}"\n', (ROOT / "python/pyproject.toml").read_text())


class WheelTest(PythonTest):
    def build(self, build: Path) -> subprocess.CompletedProcess:
        source = self.directory / "python"  # a build leaves files in the source
        shutil.copytree(ROOT / "python", source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
        command += ["--disable-pip-version-check", "-w", self.directory, source]
        environment = os.environ | {"FRIT_BUILD": str(build)}
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_a_wheel_in_an_environment_of_its_own(self):
        done = self.build(BUILD)
        self.assertEqual(done.returncode, 0, done.stdout)
        (wheel,) = self.directory.glob("*.whl")
        self.assertRegex(wheel.name, rf"\Afrit-{re.escape(frit.__version__)}-py3-none-linux_\w+\.whl\Z")
        venv.create(self.directory / "venv", with_pip=False)
        (packages,) = self.directory.glob("venv/lib/python*/site-packages")
        with zipfile.ZipFile(wheel) as file:
            self.assertIn("frit/py.typed", file.namelist())
            file.extractall(packages)
        # NumPy and Jinja, with what they consist of, and nothing else.
        for name in ("numpy", "jinja2", "markupsafe"):
            found = Path(importlib.util.find_spec(name).origin).parent
            for part in (found, found.with_name(name + ".libs")):
                if part.exists():
                    (packages / part.name).symlink_to(part)
        code = """if True:
            import sys, frit
            assert not {"numpy", "jinja2"} & set(sys.modules)
            assert frit.__file__.startswith(sys.prefix)
            model = frit.load(sys.argv[1])
            assert model.logits(model.encode("a b")).shape[1] == model.info.vocabulary
            print(len(model.chat([{"role": "user", "content": "a"}], max_tokens=3, temperature=2.0)) >= 0)
            maps = open("/proc/self/maps").read()
            assert sys.prefix + "/lib/" in maps and "LLVM" not in maps and "MLIR" not in maps
        """
        done = subprocess.run(
            [self.directory / "venv/bin/python", "-I", "-c", code, self.make_bundle()],
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.directory,
        )
        self.assertEqual((done.returncode, done.stdout), (0, "True\n"))

    def test_without_a_build(self):
        done = self.build(self.directory / "none")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"expected the runtime {self.directory}/none/lib/libfrit-runtime.so, found none", done.stdout)
        self.assertEqual(list(self.directory.glob("*.whl")), [])

    def test_a_package_without_runtime(self):
        code = "import frit\ntry: frit.load('a.frit')\nexcept frit.Error as error: print(error)"
        environment = os.environ | {"PYTHONPATH": str(ROOT / "python"), "FRIT_BUILD": "/none"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        self.assertRegex(
            done.stdout, r"\Aexpected the runtime .*/frit/libfrit-runtime.so or /none/lib/libfrit-runtime.so, found "
        )


if __name__ == "__main__":
    unittest.main()
