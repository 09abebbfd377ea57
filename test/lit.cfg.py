"""The lit suite: every .mlir file under test/ that is not an input of another test.

Parameters:
  --param frit_driver=plugin   run %frit-opt as Debian's mlir-opt with frit as a plug-in; tests
                               therefore use --pass-pipeline, which both drivers understand
  --param frit_roundtrip=1     have every %frit-opt print and parse its input again, too
"""

import os

import lit.formats
from lit.llvm import llvm_config

config.name = "frit"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir"]
config.excludes = ["Inputs", "unit", "fuzz"]
config.test_source_root = os.path.dirname(__file__)

tools_dir = os.path.join(config.frit_binary_dir, "bin")
llvm_config.with_environment("PATH", [tools_dir, config.llvm_tools_dir], append_path=True)
# In the asan preset our code poisons arenas that it shares with an uninstrumented libMLIR.
llvm_config.with_environment("ASAN_OPTIONS", "allow_user_poisoning=0")
llvm_config.use_default_substitutions()

plugin = os.path.join(config.frit_binary_dir, "lib", "FritPlugin" + config.plugin_ext)
mlir_opt = os.path.join(config.llvm_tools_dir, "mlir-opt")
driver = lit_config.params.get("frit_driver", "frit-opt")
config.test_exec_root = os.path.join(config.frit_binary_dir, "test", "lit-" + driver)
if driver == "frit-opt":
    frit_opt = os.path.join(tools_dir, "frit-opt")
    config.available_features.add("frit-driver")
elif driver == "plugin":
    # mlir-opt only warns when it cannot load a plug-in, and then fails on the first op.
    frit_opt = f"{mlir_opt} --load-dialect-plugin={plugin}"
else:
    lit_config.fatal(f"expected frit_driver to be frit-opt or plugin, but got {driver}")
if lit_config.params.get("frit_roundtrip", "0") != "0":
    frit_opt += " --verify-roundtrip"
config.substitutions += [
    ("%frit-opt", frit_opt),
    ("%mlir-opt", mlir_opt),
    ("%frit-plugin", plugin),
]
