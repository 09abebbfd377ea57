#!/usr/bin/env bash
# What is too slow for every change: sanitizers, fuzzers and clang-tidy. The last line counts.
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
heading "Configuring for clang-tidy"
build release all
check "clang-tidy" scripts/tidy.sh
total
