//===- Sampler.h - picks the next token from logits -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The filters of llama.cpp in its order, each seeing what the one before left:
//
//   1. repeat penalty  logits of the ids among the last `repeatWindow` accepted ones are divided by
//                      the penalty if positive, else multiplied by it (once, however often they
//                      occur)
//   2. top-k           the k largest logits
//   3. top-p           the fewest, largest first, whose probabilities add up to at least p
//   4. min-p           those with at least p times the largest probability
//   5. temperature     logits are divided by it; 0 picks the largest logit
//
// Of equal logits the lower id comes first. What is left is drawn from by ascending id: the first
// one at which the running sum of exp(logit - largest) exceeds u times the whole sum, with u the
// next number of MT19937 with 53 bits (genrand_res53, also numpy's
// RandomState(seed).random_sample()). Sums are in double precision, so the same logits and seed
// give the same id everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_SAMPLER_H
#define FRIT_LIB_RUNTIME_SAMPLER_H

#include "frit/Support/Result.h"

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace frit {

/// The default is greedy.
struct SamplerOptions {
  float temperature = 0;     ///< >= 0
  int32_t topK = 0;          ///< 0: all
  float topP = 1;            ///< 0 to 1; 1: all
  float minP = 0;            ///< 0 to 1; 0: all
  float repeatPenalty = 1;   ///< > 0; 1: none
  int32_t repeatWindow = 64; ///< ids that the penalty looks back on; 0: none
  uint32_t seed = 0;
};

class Sampler {
public:
  static constexpr int32_t maxRepeatWindow = 1 << 20;

  /// Fails if an option is out of its range, naming option and range.
  static Result<Sampler> create(const SamplerOptions &options);

  /// The next token. NaN counts as minus infinity. `logits` must not be empty.
  int32_t sample(std::span<const float> logits);

  /// Tells the repeat penalty of a token of the sequence, from the prompt or sampled.
  void accept(int32_t id);

  /// As after create(): no history, the seed's first number next.
  void reset();

private:
  struct Candidate {
    float logit;
    int32_t id;
    bool operator<(const Candidate &other) const {
      return logit != other.logit ? logit > other.logit : id < other.id;
    }
  };

  explicit Sampler(const SamplerOptions &options) : options(options), random(options.seed) {}
  void applyRepeatPenalty(std::vector<float> &logits);
  void keepTopK();
  void keepTopP();
  void keepMinP();
  int32_t draw();

  SamplerOptions options;
  std::mt19937 random;
  std::vector<int32_t> history; ///< a ring once it has repeatWindow ids
  size_t oldest = 0;
  // Reused from token to token.
  std::vector<float> penalized;
  std::vector<Candidate> candidates;
};

/// Index of the largest value, the first of equals; 0 if all are NaN or minus infinity.
int32_t findLargest(std::span<const float> values);

} // namespace frit

#endif // FRIT_LIB_RUNTIME_SAMPLER_H
