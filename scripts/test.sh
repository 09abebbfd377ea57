#!/usr/bin/env bash
# Installs what is needed, builds everything and runs all that must pass. The last line counts.
source "$(dirname "${BASH_SOURCE[0]}")/testing.sh"

scripts/install.sh --tests
use_python

check_format() {
  scripts/lint.py --list-sources | xargs clang-format-$llvm_major --dry-run -Werror
}
check "Formatting" check_format
check "House rules" scripts/lint.py

heading "Building everything"
build release all

suite "Unit tests" "$results/unit.xml" \
  ctest --test-dir build/release --output-on-failure --timeout 600 --no-tests=error \
  --output-junit "$results/unit.xml"
suite "lit suite through frit-opt" "$results/lit.json" \
  $llvm_prefix/bin/lit -s -v build/release/test --output "$results/lit.json"
suite "lit suite through mlir-opt and the plug-in" "$results/plugin.json" \
  $llvm_prefix/bin/lit -s -v build/release/test --output "$results/plugin.json" \
  --param frit_driver=plugin --param frit_roundtrip=1

heading "Building the fuzzers, with sanitizers"
build asan frit-fuzzers
suite "Fuzzers, a minute each" "$results/fuzz.xml" \
  ctest --test-dir build/asan -R '^frit-fuzz-' -j "$(nproc)" --output-on-failure --timeout 600 --no-tests=error \
  --output-junit "$results/fuzz.xml"

check "docs/walk.md" scripts/make_walk.py --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2" --check
check "Python package" python3 -B -m unittest discover -s test/python
check "Comparisons of the model checks" python3 -m unittest discover -s test/models/smollm2
check "SmolLM2 against transformers" python3 test/models/smollm2/check_model.py \
  --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2"
check "docs/porting.md, word for word" python3 test/models/architectures/porting.py --frit build/release/bin/frit
check "JSON schema of records" python3 test/models/architectures/check_schema.py --frit build/release/bin/frit
check "What a config.json may say" python3 test/models/architectures/check_configs.py --frit build/release/bin/frit
check "JSON schema of machines" python3 test/docs/check_machine_schema.py --frit build/release/bin/frit
check "Machines plan every kind of layer" python3 test/models/architectures/check_machines.py --frit build/release/bin/frit
check "Phases and bytes as planned" python3 test/models/architectures/check_traffic.py --frit build/release/bin/frit
check "A record of every edge" python3 test/models/architectures/check_records.py --frit build/release/bin/frit
check "Any cut into phases" env FRIT="$PWD/build/release/bin/frit" python3 test/models/architectures/check_partitions.py
check "Rules of algebra on architectures" python3 test/models/architectures/check_algebra.py --frit build/release/bin/frit --only llama,gemma3,qwen3moe
check "Architectures against transformers" python3 test/models/architectures/check_architectures.py \
  --frit build/release/bin/frit
total
