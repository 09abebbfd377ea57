//===- Session.h - the state of running a model ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_RUNTIME_SESSION_H
#define FRIT_LIB_RUNTIME_SESSION_H

#include "lib/Runtime/Model.h"
#include "lib/Runtime/Workers.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <vector>

namespace frit {

/// One token of a batch.
struct BatchToken {
  int32_t id;
  int32_t position; ///< in its sequence; the slot's length when the token's turn comes
  int32_t slot;     ///< which sequence
  bool wanted;      ///< compute its logits
};

struct SessionOptions {
  int64_t context = 0; ///< tokens a slot has room for; 0: the model's context length
  int32_t slots = 1;   ///< sequences
  int32_t threads = 0; ///< 0: one a CPU this process may use
};

/// KV caches, activation buffers and workers. Used by one thread at a time, except for cancel().
/// After fork() the child has no workers: it must not use the session.
class Session {
public:
  static constexpr int32_t maxSlots = 1 << 16;

  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const Model> model,
                                                 SessionOptions options = {});

  /// Runs the model on a batch: appends to the caches and computes the logits of the wanted tokens.
  /// Everything is checked before anything is computed. The batch is cut into chunks of at most as
  /// many tokens as the largest program: many tokens of one slot are a chunk, few of each of
  /// several slots share one. After cancel() returns a failure, with the chunks that were done in
  /// the caches.
  Status evaluate(std::span<const BatchToken> batch);

  /// f32 logits of the index-th wanted token of the last batch, in the batch's order. Valid until
  /// the next call of evaluate().
  std::span<const float> logits(size_t index) const;
  size_t logitsCount() const { return logitsRows; }

  /// Tokens in a slot.
  int32_t length(int32_t slot) const { return lengths[static_cast<size_t>(slot)]; }
  /// Forgets all but the first `length` tokens of a slot; no-op if it has fewer.
  void truncate(int32_t slot, int32_t length);

  /// Makes the evaluate() that runs, or else the next one, stop before its next chunk. The only
  /// function that other threads and signal handlers may call.
  void cancel() { cancelRequested.store(true, std::memory_order_relaxed); }
  /// How the last evaluate() ended.
  enum class Outcome { Done, Invalid, ContextFull, OutOfMemory, Cancelled };
  Outcome outcome() const { return lastOutcome; }

  const Model &model() const { return *sharedModel; }
  int32_t threads() const { return workers->count(); }
  int32_t slots() const { return static_cast<int32_t>(lengths.size()); }
  int64_t context() const { return contextTokens; }
  /// Memory of the caches, of which only what was used is resident.
  uint64_t cacheBytes() const { return caches.size(); }

  /// Tokens and time of batches of one token, and of all others.
  struct Timings {
    int64_t prefillTokens = 0;
    int64_t decodeTokens = 0;
    std::chrono::nanoseconds prefill = {};
    std::chrono::nanoseconds decode = {};
  };
  const Timings &timings() const { return times; }
  void resetTimings() { times = {}; }

  /// Has worker 0 look at the clock after each step from now on, which takes some 50 ns a step.
  void measureSteps(bool on) { measuresSteps = on; }
  /// Of the last chunk: the number of its program, and seconds of each step with the wait behind
  /// it. Empty if it was not measured.
  size_t lastProgram() const { return lastProgramIndex; }
  const std::vector<double> &stepSeconds() const { return lastStepSeconds; }

private:
  /// A step with everything looked up.
  struct BoundStep {
    frit_phase_fn function;
    uint8_t *const *row;
    bool barrier;
  };
  struct BoundProgram {
    int64_t maxTokens;
    bool mixed;
    std::vector<BoundStep> steps;
  };
  /// What the workers of a parallel region need.
  struct Region {
    const Session *session;
    const BoundProgram *program;
    double *stepSeconds; ///< Of each step; null: not measured.
  };

  Session(std::shared_ptr<const Model> model, const SessionOptions &options);
  Status allocateCaches();
  Status allocateBuffers();
  void bindPrograms();
  Status check(std::span<const BatchToken> batch);
  Status reserveLogits(size_t rows, bool severalChunks);
  void fillRopeTables(int64_t tokens);
  void enlargeCachePages();
  size_t chunkEnd(std::span<const BatchToken> batch, size_t begin) const;
  void runChunk(std::span<const BatchToken> chunk);
  static void runSteps(void *region, int32_t worker);

  std::shared_ptr<const Model> sharedModel;
  std::unique_ptr<Workers> workers;
  int64_t contextTokens;
  int64_t capacity;               ///< contextTokens rounded up to a multiple of 64
  int64_t maxTokens = 0;          ///< of a chunk
  std::vector<int32_t> lengths;   ///< [slot]
  std::vector<int32_t> positions; ///< [slot], while a batch is checked

  Pages caches;
  bool cachePagesEnlarged = false;
  std::vector<uint8_t *> cacheBegins; ///< keys and values of each cache in turn
  Pages buffers;                      ///< token arrays, activations, scratch
  std::vector<uint8_t *> bufferBegins;
  int32_t *tokenIds = nullptr;
  int32_t *tokenPositions = nullptr;
  int32_t *tokenSlots = nullptr;
  int32_t *wantedRows = nullptr;
  std::vector<std::vector<double>> ropeFrequencies; ///< [table][pair], in radians a position
  std::vector<double> ropeMagnitudes;               ///< [table]
  std::vector<float *> ropeTables;                  ///< [table]: [token][dim]
  frit_ctx call = {};

  std::vector<uint8_t *> rowTable; ///< the rows of all steps, one after the other
  std::vector<BoundProgram> programs;

  Pages logitsStore; ///< rows of batches of several chunks
  const float *logitsBegin = nullptr;
  size_t logitsRows = 0;

  std::atomic<bool> cancelRequested = false;
  Outcome lastOutcome = Outcome::Done;
  Timings times;
  bool measuresSteps = false;
  size_t lastProgramIndex = 0;
  std::vector<double> lastStepSeconds;
};

} // namespace frit

#endif // FRIT_LIB_RUNTIME_SESSION_H
