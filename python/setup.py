# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts the runtime of a finished build into the wheel; pyproject.toml has everything else.

The build folder is FRIT_BUILD, or build/release beside this folder."""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution
from setuptools.errors import SetupError

BUILD = Path(os.environ.get("FRIT_BUILD") or Path(__file__).resolve().parent.parent / "build/release")


class BuildWithRuntime(build_py):
    def run(self) -> None:
        super().run()
        library = BUILD / "lib" / "libfrit-runtime.so"
        if not library.is_file():
            raise SetupError(
                f"expected the runtime {library}, found none: build frit first (cmake --preset release && "
                "cmake --build build/release), or set FRIT_BUILD to the folder of a finished build"
            )
        if not self.editable_mode:  # in the source tree, the package looks into the build folder
            shutil.copy(library, Path(self.build_lib) / "frit")


class PlatformWheel(bdist_wheel):
    """For one platform, but every Python: the runtime is loaded with ctypes."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(
    cmdclass={"build_py": BuildWithRuntime, "bdist_wheel": PlatformWheel},
    distclass=PlatformDistribution,
)
