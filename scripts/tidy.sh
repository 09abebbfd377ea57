#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) over the given C++ files, or over all of them: ten minutes on two
# cores.
#   ./scripts/tidy.sh [FILE...]
# BUILD is the build folder that says how each file is compiled (default: build/release). It must be
# built: clang-tidy reads generated headers and the precompiled header.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build=${BUILD:-build/release}
for needed in compile_commands.json CMakeFiles/FritPCH.dir/cmake_pch.hxx.pch; do
  [ -f "$build/$needed" ] ||
    die "expected $build/$needed; run cmake --preset release && cmake --build build/release first"
done
command -v clang-tidy-$llvm_major >/dev/null || die "expected clang-tidy-$llvm_major; run scripts/install.sh --nightly"

if [ $# -gt 0 ]; then
  files=("$@")
else
  # What is compiled: a header is checked with the files that include it.
  mapfile -t files < <(scripts/lint.py --list-sources | grep -E '\.cpp$' | grep -vE '^(bench|test/install|test/fuzz)/')
fi
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" \
  clang-tidy-$llvm_major --quiet --warnings-as-errors='*' -p "$build"
echo "${#files[@]} files checked"
