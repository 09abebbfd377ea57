#!/usr/bin/env bash
# Installs what frit needs on Debian 12: compilers and libraries by apt, Python packages into .venv.
# Needs root or sudo only when a Debian package is missing; a second run takes a second.
#   ./scripts/install.sh            what building and running needs
#   ./scripts/install.sh --tests    what scripts/test.sh needs, too
#   ./scripts/install.sh --nightly  what scripts/nightly.sh needs, too
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Of release $llvm_major.$llvm_minor exactly.
llvm_packages=(
  clang-$llvm_major lld-$llvm_major
  llvm-$llvm_major-dev libmlir-$llvm_major-dev liblld-$llvm_major-dev
  mlir-$llvm_major-tools # mlir-tblgen, mlir-opt
  llvm-$llvm_major-tools # FileCheck, lit
)
packages=(
  cmake ninja-build pkg-config
  libfmt-dev libpcre2-dev libutf8proc-dev libxxhash-dev nlohmann-json3-dev
  libgtest-dev # asked for when configuring
  python3-venv
)
llvm_test_packages=(clang-format-$llvm_major libclang-rt-$llvm_major-dev) # the latter: sanitizers, libFuzzer
llvm_nightly_packages=(clang-tidy-$llvm_major)

case "${1:-}" in
--nightly) llvm_packages+=("${llvm_test_packages[@]}" "${llvm_nightly_packages[@]}") ;;
--tests) llvm_packages+=("${llvm_test_packages[@]}") ;;
'') ;;
*) die "expected --tests, --nightly or nothing, found '$1'" ;;
esac

# What apt is to install: NAME, or NAME=VERSION where the version matters.
find_missing() {
  local installed package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' | grep '^installed ')
  for package in "${llvm_packages[@]}"; do
    grep -qE "^installed $package [0-9]+:$llvm_major\.$llvm_minor\." <<<"$installed" ||
      echo "$package=1:$llvm_major.$llvm_minor.*"
  done
  for package in "${packages[@]}"; do
    grep -qF "installed $package " <<<"$installed" || echo "$package"
  done
}

# apt's output goes to a log, which is shown when apt fails; what is fetched and set up, at once.
run_apt() {
  local log status=0
  log=$(mktemp)
  "$@" 2>&1 | tee "$log" | { grep --line-buffered -E '^(Need to get|Setting up )' || true; } || status=$?
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

install_debian() {
  command -v dpkg-query >/dev/null || die "expected Debian 12, found no dpkg-query"
  local missing
  mapfile -t missing < <(find_missing)
  if [ ${#missing[@]} -eq 0 ]; then
    echo "all $((${#llvm_packages[@]} + ${#packages[@]})) Debian packages are there"
    return
  fi
  echo "missing: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "expected root or sudo to install Debian packages"
    as_root=(sudo)
  fi
  run_apt "${as_root[@]}" apt-get -q update
  run_apt "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
    install --no-install-recommends "${missing[@]}"
}

install_python() {
  local wanted=scripts/requirements.txt
  if [ -x .venv/bin/python ] && cmp -s "$wanted" .venv/requirements.txt; then
    echo "all $(grep -cv '^#' "$wanted") Python packages are there"
    return
  fi
  # One that an interrupted run left half made is made anew.
  .venv/bin/python -m pip --version >/dev/null 2>&1 || python3 -m venv --clear .venv
  grep -v '^#' "$wanted" | sed 's/^/into .venv: /'
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --only-binary :all: --no-deps -r "$wanted"
  cp "$wanted" .venv/requirements.txt
}

heading "Debian packages"
install_debian
heading "Python packages"
install_python
finish
