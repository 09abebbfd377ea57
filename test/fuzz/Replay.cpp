//===- Replay.cpp - runs the inputs of a corpus through a parser -----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// frit-replay-<parser> FILE...: each a corpus (corpus.py: of each input, a u32 of its size and its
// bytes). An input fails that ends the program or takes more than a second.
//
//===----------------------------------------------------------------------===//

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t current = 0;

static void onSignal(int number) {
  std::fprintf(stderr, "input %zu: signal %d\n", current, number);
  std::_Exit(1);
}

static bool replay(const char *path) {
  std::ifstream file(path, std::ios::binary);
  std::string corpus{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    std::fprintf(stderr, "%s: cannot read the file\n", path);
    return false;
  }
  bool good = true;
  size_t count = 0;
  for (size_t at = 0; at < corpus.size(); ++count) {
    uint32_t size = 0;
    for (unsigned i = 0; i < 4 && at < corpus.size(); ++i)
      size |= uint32_t{static_cast<uint8_t>(corpus[at++])} << 8 * i;
    if (size > corpus.size() - at) {
      std::fprintf(stderr, "%s: ends within input %zu\n", path, count);
      return false;
    }
    // On its own, so that a sanitizer sees reads beyond it.
    std::vector<uint8_t> input(corpus.begin() + at, corpus.begin() + at + size);
    at += size;
    current = count;
    std::clock_t begin = std::clock();
    LLVMFuzzerTestOneInput(input.data(), input.size());
    double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (seconds > 1) {
      std::fprintf(stderr, "input %zu: %.1f s\n", count, seconds);
      good = false;
    }
  }
  std::printf("%s: %zu inputs\n", path, count);
  return good && count > 0;
}

int main(int argc, char **argv) {
  for (int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV})
    std::signal(number, onSignal);
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i)
    good &= replay(argv[i]);
  return good ? 0 : 1;
}
