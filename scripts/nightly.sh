#!/usr/bin/env bash
# What is too slow for every change: sanitizers, fuzzers, clang-tidy, and the expected values made
# again from transformers. The last line counts.
source "$(dirname "${BASH_SOURCE[0]}")/testing.sh"

scripts/install.sh --nightly
use_python

heading "Building with sanitizers"
build asan all

suite "Unit tests and fuzzers with sanitizers" "$results/unit.xml" \
  ctest --test-dir build/asan --output-on-failure --timeout 1200 --no-tests=error \
  --output-junit "$results/unit.xml"
suite "lit suite with sanitizers" "$results/lit.json" \
  $llvm_prefix/bin/lit -s -v build/asan/test --output "$results/lit.json"
heading "Building for clang-tidy and the model"
build release all
check "clang-tidy" scripts/tidy.sh

# An environment of its own: test.sh must not find torch by chance.
install_reference() {
  local wanted=test/models/smollm2/requirements-reference.txt
  cmp -s "$wanted" .venv-nightly/requirements.txt && return
  python3 -m venv --clear .venv-nightly &&
    .venv-nightly/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
      --only-binary :all: -r "$wanted" &&
    cp "$wanted" .venv-nightly/requirements.txt
}
check "Installing transformers" install_reference
check "Expected values against transformers, made again" .venv-nightly/bin/python \
  test/models/smollm2/nightly_full.py --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2"
total
