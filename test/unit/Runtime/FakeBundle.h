//===- FakeBundle.h - bundles of the fake model, and what it computes -----===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_TEST_UNIT_RUNTIME_FAKEBUNDLE_H
#define FRIT_TEST_UNIT_RUNTIME_FAKEBUNDLE_H

#include "FakeModel.h"
#include "frit/Runtime/TokenizerData.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace frit::test {

/// A directory of this test, removed with all that is in it.
class TemporaryDirectory {
public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string file(const std::string &name) const { return path + "/" + name; }
  std::vector<std::string> files() const;

  std::string path;
};

std::string readBytes(const std::string &path);
void writeBytes(const std::string &path, const std::string &bytes);

/// The vocabulary of test/unit/Tokenizer with SmolLM2's chat template.
TokenizerData fakeTokenizer();

/// The fake model as the sections of a bundle; tests change what they like before write().
struct FakeBundle {
  FakeBundle();

  nlohmann::json manifest;
  std::string code;
  std::string tokenizer;
  std::string packs;
  bool withTokenizer = true;

  /// A fourth program, for chunks of several slots.
  void addMixedProgram();
  /// Fails the test if it cannot be written.
  void write(const std::string &path) const;

  int32_t vocabulary() const { return manifest["model"]["vocabulary"]; }
};

/// What FakeModel.h says, token after token: the logits of each token of one sequence. The first
/// FakeLogitCount of each are 0.
std::vector<std::vector<float>> fakeLogits(const FakeBundle &bundle, std::span<const int32_t> ids);

/// `count` ids of the vocabulary, always the same for the same seed.
std::vector<int32_t> fakeIds(const FakeBundle &bundle, size_t count, uint32_t seed = 1);

} // namespace frit::test

#endif // FRIT_TEST_UNIT_RUNTIME_FAKEBUNDLE_H
