#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) over the given C++ files, or over all of them; minutes for all.
#   ./scripts/tidy.sh [FILE...]
# BUILD is the build folder that says how each file is compiled (default: build/release).
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build=${BUILD:-build/release}
[ -f "$build/compile_commands.json" ] || die "expected $build/compile_commands.json; run cmake --preset release first"
command -v clang-tidy-$llvm_major >/dev/null || die "expected clang-tidy-$llvm_major; run scripts/install.sh --nightly"

if [ $# -gt 0 ]; then
  files=("$@")
else
  # What is compiled: a header is checked with the files that include it.
  mapfile -t files < <(scripts/lint.py --list-sources | grep -E '\.cpp$' | grep -vE '^(bench|test/install|test/fuzz)/')
fi
# Without the precompiled header, which another clang must not read.
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" \
  clang-tidy-$llvm_major --quiet --warnings-as-errors='*' -p "$build"
echo "${#files[@]} files checked"
