//===- Harness.h - runs the phases of a bundle one by one ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime at the level of single phases: whoever verifies them sets what a phase reads, runs it
// with any number of workers (one after the other on the calling thread: workers of a phase never
// wait for each other), and reads what it wrote. Memory is laid out as frit/Runtime/Abi.h says, but
// hostile where the contract says nothing: scratch and padding rows hold not-a-number, cache rows
// that no token wrote hold large numbers, and guards behind each region tell who writes too far.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_VERIFY_HARNESS_HARNESS_H
#define FRIT_LIB_VERIFY_HARNESS_HARNESS_H

#include "lib/Runtime/Manifest.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace frit {
class Model;
} // namespace frit

namespace frit::verify {

/// Checks and opens a bundle, as frit::Model::open() does.
Result<std::shared_ptr<const Model>> openBundle(const std::string &path);
const Manifest &manifestOf(const Model &model);
/// The ids of a text, as a prompt of the model; none without a tokenizer.
std::vector<int32_t> encodeText(const Model &model, const std::string &text);

/// Tokens of one call, all of one sequence.
struct Call {
  std::vector<int32_t> ids;
  std::vector<int32_t> positions;
  int32_t slot = 0;
  std::vector<int32_t> wanted; ///< indices of the tokens whose logits are wanted

  int64_t tokens() const { return static_cast<int64_t>(ids.size()); }
};

enum class CacheSide { Keys, Values };

class Harness {
public:
  struct Options {
    int64_t capacity; ///< tokens of a slot; a multiple of 64
    int32_t slots;
    int64_t maxTokens; ///< of a call; at most those of the largest program
  };
  static Result<std::unique_ptr<Harness>> create(std::shared_ptr<const Model> model,
                                                 Options options);
  ~Harness();

  const Manifest &manifest() const;
  const Options &options() const;
  /// The index of the smallest program that takes `tokens` tokens.
  size_t programFor(int64_t tokens) const;

  /// Fills a cache with numbers no model computes.
  void poisonCache(int32_t cache);
  void poisonCaches();
  /// Fills an activation buffer with not-a-number.
  void poisonBuffer(uint32_t index);
  void poisonBuffers();
  /// Whether rows `firstRow` and on of a buffer are as poisonBuffer() left them.
  bool isPoisoned(uint32_t index, int64_t firstRow) const;
  /// Sets the tokens of the next phases, padded as the manifest says, and the rotary tables.
  void setCall(const Call &call);
  /// Runs one phase with `workers` workers. Fails when it wrote where it may not.
  Status run(const Manifest::Step &step, int32_t workers);

  /// [rows, columns] of an activation buffer, padding included; of f32, or any as bytes.
  float *buffer(uint32_t index);
  uint8_t *bufferBytes(uint32_t index);
  int64_t bufferRows(uint32_t index) const;

  /// One element of a cache.
  struct Element {
    int32_t cache; ///< index in the manifest
    CacheSide side;
    int32_t slot;
    int64_t head, position, dim;
  };
  float load(const Element &element) const;
  /// Rounds to the cache's type.
  void store(const Element &element, float value);
  /// All bytes of a cache, keys and then values.
  std::vector<uint8_t> saveCache(int32_t cache) const;
  void restoreCache(int32_t cache, const std::vector<uint8_t> &bytes);
  /// Bytes of one element of saveCache(), and where it is.
  size_t elementBytes(const Element &element) const;
  size_t elementOffset(const Element &element) const;

private:
  struct Impl;
  explicit Harness(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace frit::verify

#endif // FRIT_LIB_VERIFY_HARNESS_HARNESS_H
