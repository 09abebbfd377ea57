#!/usr/bin/env bash
# Installs what is needed, builds everything and runs all that must pass. The last line counts.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

passed=0
failed=0

# step NAME COMMAND...: runs a check that counts as one.
step() {
  heading "$1"
  if "${@:2}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}

# suite NAME PASSED-PATTERN FAILED-PATTERN COMMAND...: a runner that counts for itself.
suite() {
  heading "$1"
  local log status=0 good bad
  log=$(mktemp)
  "${@:4}" 2>&1 | tee "$log" || status=$?
  good=$(sed -nE "s/$2/\1/p" "$log" | tail -n 1)
  bad=$(sed -nE "s/$3/\1/p" "$log" | tail -n 1)
  rm -f "$log"
  passed=$((passed + ${good:-0}))
  failed=$((failed + ${bad:-0}))
  # A runner that broke without counting a failure is one.
  if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}

heading "Debian packages"
install_packages "${packages[@]}" "${test_packages[@]}"
heading "Python packages"
install_python
FRIT_TEST_SMOLLM2=$(smollm2)
export FRIT_TEST_SMOLLM2
export PATH="$PWD/.venv/bin:$PATH"

heading "Building everything"
build_release all

# ctest: "100% tests passed, 0 tests failed out of 9".
unit_tests() {
  ctest --test-dir build/release --output-on-failure --timeout 600 | tee build/release/ctest.log
  local result=${PIPESTATUS[0]}
  local total bad
  total=$(sed -nE 's/.* tests failed out of ([0-9]+).*/\1/p' build/release/ctest.log)
  bad=$(sed -nE 's/.*, ([0-9]+) tests failed out of.*/\1/p' build/release/ctest.log)
  echo "unit test programs: $((${total:-0} - ${bad:-0})) good, ${bad:-0} bad"
  return "$result"
}
suite "Unit tests" 'unit test programs: ([0-9]+) good.*' '.* good, ([0-9]+) bad' unit_tests
lit=$(command -v lit || echo /usr/lib/llvm-22/bin/lit)
suite "lit suite, frit-opt" ' *Passed *: *([0-9]+).*' ' *Failed *: *([0-9]+).*' \
  "$lit" -s build/release/test
suite "lit suite, mlir-opt with the plug-in" ' *Passed *: *([0-9]+).*' ' *Failed *: *([0-9]+).*' \
  "$lit" -s --param frit_driver=plugin --param frit_roundtrip=1 build/release/test
step "Formatting" bash -c \
  'git ls-files "*.cpp" "*.h" | grep -v "^test/fuzz/corpus" | xargs clang-format-22 --dry-run -Werror'
step "House rules" python3 scripts/lint.py
step "docs/walk.md" python3 scripts/make_walk.py --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2" --check
step "SmolLM2 against transformers" python3 test/models/smollm2/check_model.py \
  --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2"

heading "Result"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
