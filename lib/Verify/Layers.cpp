//===- Layers.cpp - the whole model, layer by layer ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"
#include "lib/Verify/Checks.h"
#include "lib/Verify/Compare.h"
#include "lib/Verify/Rounding.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace frit;
using namespace frit::reference;
using namespace frit::verify;

/// Mean divergence from the exact distributions that the project allows: with f32 activations and
/// caches, and otherwise.
static constexpr double maxDivergenceF32 = 1e-5, maxDivergence = 5e-3;
/// Where the unfused graph in f32 is further away than that (a prompt that makes no sense, of a
/// model with int8 activations), how much further the compiled program may be.
static constexpr double divergenceFactor = 2;
/// Perturbed runs where a layer is beyond its bound.
static constexpr uint64_t perturbedRuns = 4;

namespace {

/// What one computation of the prompt leaves: rows are tokens.
struct Trace {
  std::vector<Matrix> streams; ///< behind the embedding and behind each layer
  Matrix logits;

  /// The streams, then the logits.
  Matrix &part(size_t index) { return index < streams.size() ? streams[index] : logits; }
  const Matrix &part(size_t index) const {
    return index < streams.size() ? streams[index] : logits;
  }
};
/// rowError of each part of a trace, and of each row.
using RowErrors = std::vector<std::vector<double>>;

/// How the reference is run.
struct ReferenceRun {
  /// Each layer starts from these streams instead of what the one before it computed, and f16 keys
  /// and values are rounded as the compiled program did. Null: nothing is taken from elsewhere.
  const Trace *forced = nullptr;
  std::optional<RoundingMode> rounding;
  uint64_t seed = 0; ///< of the roundings
};

class LayerCheck {
public:
  LayerCheck(Subject &subject, const VerifyOptions &options, VerifyReport &report)
      : subject(subject), options(options), report(report), weights(subject.directory) {}

  LogicalResult run();

private:
  LogicalResult findFunction();
  void cutBatches();
  Trace emptyTrace() const;
  LogicalResult runCompiled(int32_t workers, Trace &trace);
  template <typename T>
  LogicalResult runReference(const ReferenceRun &how, Trace &trace);
  LogicalResult runPerturbed(const Trace &compiled, const Trace &exact,
                             std::vector<RowErrors> &errors);
  void compareLayers(Trace &exact, Trace &compiled, Trace &unfused, Trace *alternate,
                     ArrayRef<RowErrors> perturbed);
  void compareWorkers(const Trace &one, const Trace &several, int32_t workers);
  void compareLogits(const Matrix &exact, const Matrix &compiled, const Matrix &unfused);
  const Manifest &manifest() const { return subject.manifest(); }
  size_t parts() const { return subject.phases.programs.front().ends.size(); }
  std::string partName(size_t part) const;
  void progress(double fraction) const {
    if (options.compiler.progress)
      options.compiler.progress("layers", fraction);
  }

  Subject &subject;
  const VerifyOptions &options;
  VerifyReport &report;
  WeightReader weights;
  graph::FuncOp function;
  graph::RepeatOp repeat;
  std::vector<RowRange> batches;
  std::unique_ptr<Harness> harness;
  CodeLog codes;
};

} // namespace

LogicalResult LayerCheck::findFunction() {
  for (auto candidate : subject.graph.getOps<graph::FuncOp>()) {
    if (candidate.getNumArguments() == 0)
      continue;
    if (function)
      return candidate.emitError("expected one function of tokens and caches, but got also @")
             << function.getSymName();
    function = candidate;
  }
  if (!function)
    return subject.graph.emitError("expected a function of tokens and caches");
  for (auto op : function.getBody().getOps<graph::RepeatOp>()) {
    if (repeat)
      return op.emitError("expected one graph.repeat in a function to verify its layers");
    repeat = op;
  }
  if (!repeat)
    return function.emitError("expected layers to verify");
  return success();
}

/// All but the last few tokens are one prefill.
void LayerCheck::cutBatches() {
  constexpr int64_t maxDecode = 4;
  auto tokens = static_cast<int64_t>(report.tokens.size());
  int64_t prefill = tokens - std::min(maxDecode, tokens - 1);
  report.prefillTokens = prefill;
  batches.push_back({0, prefill});
  for (int64_t token = prefill; token < tokens; ++token)
    batches.push_back({token, token + 1});
}

std::string LayerCheck::partName(size_t part) const {
  return part == 0 ? "embed" : "layer " + std::to_string(part - 1);
}

Trace LayerCheck::emptyTrace() const {
  auto tokens = static_cast<int64_t>(report.tokens.size());
  Trace trace;
  trace.streams.assign(parts(), Matrix(tokens, manifest().hidden));
  trace.logits = Matrix(tokens, manifest().vocabulary);
  return trace;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

LogicalResult LayerCheck::runCompiled(int32_t workers, Trace &trace) {
  harness->poisonCaches();
  auto copyRows = [&](uint32_t buffer, const RowRange &rows, Matrix &out) {
    const float *from = harness->buffer(buffer);
    std::copy(from, from + (rows.end - rows.begin) * out.columns, out.row(rows.begin));
  };
  for (const RowRange &rows : batches) {
    Call call;
    for (int64_t token = rows.begin; token < rows.end; ++token) {
      call.ids.push_back(report.tokens[token]);
      call.wanted.push_back(static_cast<int32_t>(token - rows.begin));
      call.positions.push_back(static_cast<int32_t>(token));
    }
    harness->poisonBuffers();
    harness->setCall(call);
    size_t number = harness->programFor(call.tokens());
    const LoweredProgram &parts = subject.phases.programs[number];
    const std::vector<Manifest::Step> &steps = manifest().programs[number].steps;
    size_t part = 0;
    for (size_t step = 0; step < steps.size(); ++step) {
      if (Status status = harness->run(steps[step], workers); !status)
        return subject.lowered.emitError(status.error());
      if (part < parts.ends.size() && parts.ends[part] == step + 1) {
        copyRows(parts.streams[part], rows, trace.streams[part]);
        ++part;
      }
    }
    copyRows(manifest().logits, rows, trace.logits);
  }
  return success();
}

template <typename T>
LogicalResult LayerCheck::runReference(const ReferenceRun &how, Trace &trace) {
  Interpreter<T> interpreter(subject.graph, weights);
  interpreter.wideBlockSums = true;
  std::optional<Rounding<T>> rounding;
  if (how.rounding)
    rounding.emplace(*how.rounding, &codes, how.seed);

  RowRange rows;
  int32_t layer = 0;
  auto tap = [&](size_t part, Tensor<T> &stream) {
    std::copy(stream.values.begin(), stream.values.end(), trace.streams[part].row(rows.begin));
    if (how.forced)
      std::copy_n(how.forced->streams[part].row(rows.begin), stream.values.size(),
                  stream.values.begin());
  };
  if (rounding && how.forced)
    rounding->onAppend = [&](kv::AppendOp append, bool isKeys, Tensor<T> &tensor) {
      kv::CacheType type = append.getCache().getType();
      kv::StoreAttr store = isKeys ? type.getKeyStore() : type.getValueStore();
      if (!store.getType().isF16())
        return;
      int64_t dim = isKeys ? type.getKeyDim() : type.getValueDim();
      for (int64_t row = 0; row < tensor.rows; ++row) {
        double largest = 0;
        for (int64_t i = 0; i < tensor.columns; ++i)
          largest = std::max(largest, std::fabs(static_cast<double>(tensor.row(row)[i])));
        for (int64_t i = 0; i < tensor.columns; ++i)
          tensor.row(row)[i] = static_cast<T>(
              adoptStored(tensor.row(row)[i],
                          harness->load({layer, isKeys ? CacheSide::Keys : CacheSide::Values, 0,
                                         i / dim, rows.begin + row, i % dim}),
                          rowUncertainty * largest));
      }
    };
  interpreter.afterValue = [&](Value value, RuntimeValue<T> &runtimeValue) {
    if (value == repeat.getInput())
      tap(0, std::get<Tensor<T>>(runtimeValue));
    if (rounding)
      rounding->observe(value, runtimeValue);
    return success();
  };
  interpreter.afterLayer = [&](int64_t number, Tensor<T> &stream) {
    tap(static_cast<size_t>(number) + 1, stream);
    layer = static_cast<int32_t>(number) + 1;
    return success();
  };

  auto caches = interpreter.createCaches(function.getSymName(), harness->options().capacity);
  if (failed(caches))
    return failure();
  for (const RowRange &batch : batches) {
    rows = batch;
    layer = 0;
    Batch tokens;
    for (int64_t token = rows.begin; token < rows.end; ++token) {
      tokens.ids.push_back(report.tokens[token]);
      tokens.positions.push_back(static_cast<int32_t>(token));
      tokens.slots.push_back(0);
      tokens.wanted.push_back(true);
    }
    FailureOr<Tensor<T>> logits = interpreter.run(function.getSymName(), tokens, *caches);
    if (failed(logits))
      return failure();
    std::copy(logits->values.begin(), logits->values.end(), trace.logits.row(rows.begin));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

static bool sameBits(const Matrix &a, const Matrix &b) {
  return a.values.empty() ||
         std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(double)) == 0;
}

void LayerCheck::compareWorkers(const Trace &one, const Trace &several, int32_t workers) {
  auto complain = [&](size_t part) {
    if (report.layers[part].problem.empty())
      report.layers[part].problem =
          "not the same with 1 and with " + std::to_string(workers) + " workers";
  };
  for (size_t part = 0; part < parts(); ++part)
    if (!sameBits(one.streams[part], several.streams[part]))
      return complain(part); // later layers differ, too
  if (!sameBits(one.logits, several.logits))
    complain(parts());
}

/// log of the sum of exponentials of a row.
static double logSumExp(const double *row, int64_t count) {
  double largest = *std::max_element(row, row + count), sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += std::exp(row[i] - largest);
  return largest + std::log(sum);
}

/// Mean over the rows of the Kullback-Leibler divergence of softmax(other) from softmax(exact).
static double meanDivergence(const Matrix &exact, const Matrix &other) {
  double total = 0;
  for (int64_t row = 0; row < exact.rows; ++row) {
    double exactNorm = logSumExp(exact.row(row), exact.columns);
    double otherNorm = logSumExp(other.row(row), exact.columns);
    for (int64_t i = 0; i < exact.columns; ++i) {
      double exactLog = exact.row(row)[i] - exactNorm;
      total += std::exp(exactLog) * (exactLog - (other.row(row)[i] - otherNorm));
    }
  }
  return total / static_cast<double>(exact.rows);
}

void LayerCheck::compareLogits(const Matrix &exact, const Matrix &compiled, const Matrix &unfused) {
  double difference = 0, largest = 0;
  for (size_t i = 0; i < exact.values.size(); ++i) {
    difference = std::max(difference, std::fabs(compiled.values[i] - exact.values[i]));
    largest = std::max(largest, std::fabs(exact.values[i]));
  }
  bool isExact = !hasQuantize(subject.graph);
  for (const Manifest::Cache &cache : manifest().caches)
    isExact &= cache.keyType == Manifest::Cache::Type::F32 &&
               cache.valueType == Manifest::Cache::Type::F32;
  report.logits.maxDifference = largest > 0 ? difference / largest : difference;
  report.logits.divergence = meanDivergence(exact, compiled);
  report.logits.unfusedDivergence = meanDivergence(exact, unfused);
  report.logits.maxDivergence = std::max(isExact ? maxDivergenceF32 : maxDivergence,
                                         divergenceFactor * report.logits.unfusedDivergence);
  report.logits.isJudged = options.tokens.empty() || isExact;
}

/// What perturbations of a run do to it.
LogicalResult LayerCheck::runPerturbed(const Trace &compiled, const Trace &exact,
                                       std::vector<RowErrors> &errors) {
  for (uint64_t seed = 0; seed < perturbedRuns; ++seed) {
    Trace perturbed = emptyTrace();
    ReferenceRun how{&compiled, RoundingMode::Perturb, seed};
    if (failed(runReference<double>(how, perturbed)))
      return failure();
    RowErrors &run = errors.emplace_back(parts() + 1);
    for (size_t part = 0; part <= parts(); ++part)
      for (int64_t row = 0; row < exact.logits.rows; ++row)
        run[part].push_back(rowError(perturbed.part(part), exact.part(part), row));
  }
  return success();
}

/// The mean of what perturbations did to a row and three standard deviations: little more than the
/// mean where many errors add up, much more where a row hangs on few of its elements.
static double largestExpected(ArrayRef<RowErrors> perturbed, size_t part, int64_t row) {
  double sum = 0, squares = 0, count = static_cast<double>(perturbed.size());
  for (const auto &run : perturbed) {
    sum += run[part][row];
    squares += run[part][row] * run[part][row];
  }
  double mean = sum / count;
  return mean + 3 * std::sqrt(std::max(0.0, squares / count - mean * mean));
}

void LayerCheck::compareLayers(Trace &exact, Trace &compiled, Trace &unfused, Trace *alternate,
                               ArrayRef<RowErrors> perturbed) {
  int64_t tokens = exact.logits.rows;
  for (size_t part = 0; part <= parts(); ++part) {
    std::vector<double> floors;
    if (!perturbed.empty())
      for (int64_t row = 0; row < tokens; ++row)
        // What the floor of all rows covers is no sign of a bad condition.
        floors.push_back(std::max(0.0, largestExpected(perturbed, part, row) - ulpFloor));
    Results results{exact.part(part),
                    compiled.part(part),
                    unfused.part(part),
                    alternate ? &alternate->part(part) : nullptr,
                    nullptr,
                    floors.empty() ? nullptr : &floors};
    report.layers[part].prefill = compareRows(results, {0, report.prefillTokens});
    report.layers[part].decode = compareRows(results, {report.prefillTokens, tokens});
  }
}

LogicalResult LayerCheck::run() {
  if (failed(findFunction()))
    return failure();
  cutBatches();
  auto tokens = static_cast<int64_t>(report.tokens.size());
  for (const LoweredProgram &program : subject.phases.programs)
    if (program.ends.size() != static_cast<size_t>(manifest().layers) + 1)
      return subject.lowered.emitError("expected ")
             << manifest().layers << " layers in a program, but got " << program.ends.size() - 1;

  progress(0);
  Result<std::unique_ptr<Harness>> created =
      Harness::create(subject.model, {(tokens + 63) / 64 * 64, 1, report.prefillTokens});
  if (!created)
    return subject.lowered.emitError(created.error());
  harness = *std::move(created);
  for (size_t part = 0; part < parts(); ++part)
    report.layers.emplace_back().name = partName(part);
  report.layers.emplace_back().name = "logits";

  std::vector<Trace> severalWorkers;
  for (int32_t workers : ArrayRef(workerCounts).drop_front()) {
    severalWorkers.push_back(emptyTrace());
    if (failed(runCompiled(workers, severalWorkers.back())))
      return failure();
  }
  // The last run leaves its keys and values for the reference.
  Trace compiled = emptyTrace();
  if (failed(runCompiled(workerCounts[0], compiled)))
    return failure();
  for (auto [trace, workers] : llvm::zip_equal(severalWorkers, ArrayRef(workerCounts).drop_front()))
    compareWorkers(compiled, trace, workers);
  progress(0.1);

  Trace exact = emptyTrace(), unfused = emptyTrace(), alternate = emptyTrace();
  Trace exactAlone = emptyTrace(), unfusedAlone = emptyTrace();
  bool quantized = hasQuantize(subject.graph);
  if (failed(runReference<double>({&compiled, RoundingMode::Record}, exact)))
    return failure();
  progress(0.3);
  if (failed(runReference<float>({&compiled, RoundingMode::Adopt}, unfused)))
    return failure();
  progress(0.5);
  if (quantized && failed(runReference<double>({&compiled, RoundingMode::Alternate}, alternate)))
    return failure();
  progress(0.7);
  if (failed(runReference<double>({}, exactAlone)))
    return failure();
  progress(0.9);
  if (failed(runReference<float>({}, unfusedAlone)))
    return failure();

  Trace *alternateOrNone = quantized ? &alternate : nullptr;
  compareLayers(exact, compiled, unfused, alternateOrNone, {});
  if (!llvm::all_of(report.layers, [](const VerifyReport::Layer &layer) { return layer.ok(); })) {
    std::vector<RowErrors> perturbed;
    if (failed(runPerturbed(compiled, exact, perturbed)))
      return failure();
    compareLayers(exact, compiled, unfused, alternateOrNone, perturbed);
  }
  for (size_t part = 0; part <= parts(); ++part)
    report.layers[part].accumulated =
        largestRowError(compiled.part(part), exactAlone.part(part), {0, tokens});
  compareLogits(exactAlone.logits, compiled.logits, unfusedAlone.logits);
  progress(1);
  return success();
}

LogicalResult verify::checkLayers(Subject &subject, const VerifyOptions &options,
                                  VerifyReport &report) {
  return LayerCheck(subject, options, report).run();
}
