#!/usr/bin/env bash
# Installs what is needed, builds everything and runs all that must pass. The last line counts.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

passed=0
failed=0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# check NAME COMMAND...: counts as one.
check() {
  heading "$1"
  if "${@:2}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}

# suite NAME FILE COMMAND...: counts the tests that COMMAND reports in FILE.
suite() {
  heading "$1"
  local status=0 good=0 bad=0
  "${@:3}" || status=$?
  read -r good bad < <(scripts/count_results.py "$2") || true
  # A runner that breaks, or runs nothing, has failed even if no test of it has.
  if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
    bad=1
    echo "FAILED: $1 (exit status $status, $good tests passed)"
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

scripts/install.sh --tests
PATH="$PWD/.venv/bin:$PATH"
FRIT_TEST_SMOLLM2=$(smollm2)
export PATH FRIT_TEST_SMOLLM2

heading "Building everything"
build all

suite "Unit tests" "$results/unit.xml" \
  ctest --test-dir build/release --output-on-failure --timeout 600 --no-tests=error \
  --output-junit "$results/unit.xml"
suite "lit suite through frit-opt" "$results/lit.json" \
  $llvm_prefix/bin/lit -s -v build/release/test --output "$results/lit.json"
suite "lit suite through mlir-opt and the plug-in" "$results/plugin.json" \
  $llvm_prefix/bin/lit -s -v build/release/test --output "$results/plugin.json" \
  --param frit_driver=plugin --param frit_roundtrip=1

format() {
  scripts/lint.py --list-sources | xargs clang-format-$llvm_major --dry-run -Werror
}
check "Formatting" format
check "House rules" scripts/lint.py
check "docs/walk.md" scripts/make_walk.py --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2" --check
check "SmolLM2 against transformers" python3 test/models/smollm2/check_model.py \
  --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2"

heading "Everything"
printf -- '-- %d min %02d s\n\n' $((SECONDS / 60)) $((SECONDS % 60))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
