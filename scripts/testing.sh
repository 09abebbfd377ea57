# Sourced by scripts that test: counts what passed and failed.

source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

passed=0
failed=0
results=$(mktemp -d)
trap at_exit EXIT

# Whatever ends the script, its last line counts; a script that breaks off has failed.
counted=
at_exit() {
  rm -rf "$results"
  [ -n "$counted" ] || { failed=$((failed + 1)) && total; }
}

# The Python environment of scripts/install.sh, and the model it has.
use_python() {
  PATH="$PWD/.venv/bin:$PATH"
  FRIT_TEST_SMOLLM2=$(smollm2)
  export PATH FRIT_TEST_SMOLLM2
}

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
  read -r good bad < <(scripts/count_results.py "$2" || echo 0 0)
  # A runner that breaks, or runs nothing, has failed even if no test of it has.
  if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
    bad=1
    echo "FAILED: $1 (exit status $status, $good tests passed)"
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

# Prints the totals; fails when a test did.
total() {
  counted=yes
  finish
  printf '\n%d min %02d s\n' $((SECONDS / 60)) $((SECONDS % 60))
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
