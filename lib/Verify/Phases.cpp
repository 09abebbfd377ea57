//===- Phases.cpp - each phase on inputs of its own ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"
#include "lib/Verify/Activations.h"
#include "lib/Verify/Checks.h"
#include "lib/Verify/Compare.h"
#include "lib/Verify/Inputs.h"
#include "lib/Verify/Rounding.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace frit;
using namespace frit::reference;
using namespace frit::verify;

/// Tokens a slot has room for, unless a window asks for more: two groups of 64 keys.
static constexpr int64_t minCapacity = 128, maxCapacity = 4096, capacityMultiple = 64;
static constexpr int32_t slots = 2;
/// Tokens of a call: around the sizes of token tiles and of blocks of them.
static constexpr int64_t tokenCounts[] = {1, 5, 7, 47, 48, 49};
/// Multiplications of one case, beyond which it is left out: the reference is slow.
static constexpr int64_t maxMultiplications = int64_t(3) << 30;

namespace {

/// One call of a phase.
struct Case {
  int64_t tokens;
  int64_t start; ///< position of the first token
  int32_t slot;
  InputKind kind;
  /// Logits of every n-th token, beginning with the last, are wanted; 0: of none.
  int64_t wantedStep;

  std::string describe(bool withWanted) const;
};

/// What a phase computed, or its reference.
struct PhaseValues {
  std::vector<Matrix> outputs;
  /// Keys and values it appended, before they were rounded to storage; null without any.
  std::optional<Matrix> keys, values;
  std::optional<Matrix> query; ///< of its attention
};

class PhaseCheck {
public:
  PhaseCheck(Subject &subject, const VerifyOptions &options, VerifyReport &report)
      : subject(subject), options(options), report(report), weights(subject.directory) {}

  LogicalResult run();

private:
  LogicalResult runCase(const Manifest::Step &step, const Case &which, uint64_t seed);
  std::vector<Case> makeCases(LoweredPhase &phase, int64_t maxTokens) const;
  int64_t multiplications(LoweredPhase &phase, const Case &which) const;

  void setUp(const Manifest::Step &step, const Case &which, uint64_t seed);
  void writeInputs(const Manifest::Step &step);
  LogicalResult runCompiled(const Manifest::Step &step, PhaseValues &result);
  bool runWorkers(const Manifest::Step &step, int32_t workers);
  bool checkUntouched(const Manifest::Step &step);
  template <typename T>
  LogicalResult runReference(const Manifest::Step &step, RoundingMode rounding,
                             PhaseValues &result);
  void compare(LoweredPhase &phase, const PhaseValues &exact, const PhaseValues &compiled,
               const PhaseValues &unfused, const PhaseValues *alternate);
  void record(const std::string &what, const Results &results);
  void fail(const std::string &what);

  LoweredPhase &lowered(const Manifest::Step &step) const {
    return subject.phases.phases[step.phase];
  }
  const Manifest &manifest() const { return subject.manifest(); }
  /// Of the call.
  int64_t rowsOf(const Manifest::Buffer &buffer) const {
    return buffer.perWanted ? static_cast<int64_t>(call.wanted.size()) : call.tokens();
  }
  bool hasWantedRows(const LoweredPhase &phase) const {
    return llvm::any_of(phase.outputs,
                        [&](uint32_t buffer) { return manifest().buffers[buffer].perWanted; });
  }
  Matrix readCache(const Manifest::Step &step, CacheSide side) const;
  std::vector<double> attentionFloors(graph::AttentionOp attention, const Matrix &query) const;
  static Matrix storageSlack(const Matrix &exact, const Matrix &compiled, kv::StoreAttr store);

  Subject &subject;
  const VerifyOptions &options;
  VerifyReport &report;
  WeightReader weights;
  std::unique_ptr<Harness> harness;

  // The case that runs.
  std::string caseName;
  Call call;
  std::vector<Activation> inputs;
  Tensor<float> cachedKeys, cachedValues; ///< a row a position, as stored
  CodeLog codes;
};

} // namespace

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

template <typename Op>
static bool contains(LoweredPhase &phase) {
  return !phase.reference.getBody().template getOps<Op>().empty();
}

static kv::CacheType cacheType(LoweredPhase &phase) {
  for (Type type : phase.reference.getArgumentTypes())
    if (auto cache = dyn_cast<kv::CacheType>(type))
      return cache;
  return {};
}

/// The newest keys an attention of the phase sees; 0 for all.
static int64_t windowOf(LoweredPhase &phase) {
  int64_t window = 0;
  for (auto attention : phase.reference.getBody().getOps<graph::AttentionOp>())
    window = static_cast<int64_t>(attention.getWindow().value_or(0));
  return window;
}

/// Whether neither a norm nor the factor of one is between the inputs of the phase and `value`.
static bool isUnscaled(Value value) {
  Operation *op = value.getDefiningOp();
  return !op || (!isa<graph::NormOp, graph::ScaleRowsOp>(op) && isUnscaled(op->getOperand(0)));
}

/// Whether what a cache of f16 gets may be as large as the inputs are.
static bool storesUnscaledHalves(LoweredPhase &phase) {
  for (auto append : phase.reference.getBody().getOps<kv::AppendOp>()) {
    kv::CacheType cache = append.getCache().getType();
    for (auto [value, store] : {std::pair(append.getKeys(), cache.getKeyStore()),
                                {append.getValues(), cache.getValueStore()}})
      if (store.getType().isF16() && isUnscaled(value))
        return true;
  }
  return false;
}

std::string Case::describe(bool withWanted) const {
  std::string text = std::to_string(tokens) + (tokens == 1 ? " token at " : " tokens at ") +
                     std::to_string(start) + " of slot " + std::to_string(slot) + ", " +
                     inputKindName(kind);
  if (withWanted)
    text += wantedStep == 0 ? ", no logits" : wantedStep == 1 ? ", all logits" : ", some logits";
  return text;
}

std::vector<Case> PhaseCheck::makeCases(LoweredPhase &phase, int64_t maxTokens) const {
  bool attention = contains<graph::AttentionOp>(phase);
  bool unscaledHalves = storesUnscaledHalves(phase);
  int64_t capacity = harness->options().capacity, window = windowOf(phase);
  std::vector<Case> cases;
  int32_t slot = 0;
  auto add = [&](int64_t tokens, int64_t start, InputKind kind, int64_t wantedStep) {
    if (tokens > maxTokens || start < 0 || start + tokens > capacity)
      return;
    slot = (slot + 1) % slots;
    cases.push_back({tokens, start, slot, kind, wantedStep});
  };
  for (auto [index, tokens] : llvm::enumerate(tokenCounts)) {
    // Cycles through all, some, none and the last.
    int64_t wantedStep = tokens == 48 ? 0 : tokens == 47 ? 1000 : tokens == 7 ? 2 : 1;
    add(tokens, 0, InputKind::Normal, wantedStep);
    if (attention)
      // The last token sees 63, 64, 65 keys, or all there is room for; and the window's edge.
      for (int64_t keys :
           {int64_t(63), int64_t(64), int64_t(65), capacity, window, window + 1, window + 37})
        add(tokens, keys - tokens, InputKind::Normal, wantedStep);
    else
      add(tokens, capacity - tokens, InputKind::Normal, wantedStep);
  }
  for (InputKind kind : ArrayRef(inputKinds).drop_front()) {
    add(std::min<int64_t>(7, maxTokens), 40, kind, 3);
  }
  llvm::erase_if(cases, [&](const Case &which) {
    // Scores of a million leave nothing that f32 could get right, and f16 ends at 65504.
    if ((attention || unscaledHalves) &&
        (which.kind == InputKind::Wide || which.kind == InputKind::Mixed))
      return true;
    return multiplications(phase, which) > maxMultiplications;
  });
  return cases;
}

int64_t PhaseCheck::multiplications(LoweredPhase &phase, const Case &which) const {
  int64_t elements = 0;
  for (auto param : phase.reference.getBody().getOps<graph::ParamOp>()) {
    auto type = cast<graph::WeightType>(param.getResult().getType());
    for (Operation *user : param->getUsers()) {
      if (isa<graph::LinearOp, graph::LogitsOp>(user))
        elements += type.getRows() * type.getColumns();
      else if (auto experts = dyn_cast<graph::ExpertsOp>(user); experts && type.getRank() == 3)
        elements += experts.getTop() * type.getMatrixRows() * type.getColumns();
    }
  }
  int64_t rows = which.tokens;
  if (hasWantedRows(phase))
    rows = which.wantedStep ? (which.tokens - 1) / which.wantedStep + 1 : 0;
  return elements * rows;
}

//===----------------------------------------------------------------------===//
// Running a case
//===----------------------------------------------------------------------===//

/// How many experts there are to choose from, of routes.
static std::optional<int64_t> expertsOf(Value value) {
  for (Operation *user : value.getUsers())
    if (auto experts = dyn_cast<graph::ExpertsOp>(user); experts && experts.getRoutes() == value)
      return experts.getWeight().getType().getExperts();
  return std::nullopt;
}

void PhaseCheck::setUp(const Manifest::Step &step, const Case &which, uint64_t seed) {
  LoweredPhase &phase = lowered(step);
  RandomNumbers random(seed);
  call = {};
  call.slot = which.slot;
  for (int64_t token = 0; token < which.tokens; ++token) {
    call.ids.push_back(static_cast<int32_t>(token == 0   ? manifest().vocabulary - 1
                                            : token == 1 ? 0
                                                         : random.below(manifest().vocabulary)));
    call.positions.push_back(static_cast<int32_t>(which.start + token));
    if (which.wantedStep && (which.tokens - 1 - token) % which.wantedStep == 0)
      call.wanted.push_back(static_cast<int32_t>(token));
  }
  inputs.clear();
  bool attention = contains<graph::AttentionOp>(phase);
  SmallVector<BlockArgument> arguments(llvm::make_filter_range(
      phase.reference.getBody().front().getArguments(), [](BlockArgument argument) {
        return isa<RankedTensorType, graph::QTensorType>(argument.getType());
      }));
  for (auto [index, argument] : llvm::zip_equal(phase.inputs, arguments)) {
    const Manifest::Buffer &buffer = manifest().buffers[index];
    Activation &input = inputs.emplace_back();
    if (std::optional<int64_t> experts = expertsOf(argument))
      input.tensor = makeRoutes(rowsOf(buffer), buffer.columns / 2, *experts, random);
    else
      input.tensor =
          makeInput(which.kind, rowsOf(buffer), buffer.columns, random, attention ? 30 : 1000);
    if (buffer.block)
      input.codes = quantize(input.tensor, buffer.block);
  }

  // Positions that are in the cache before the phase runs: its own too, when another wrote them.
  kv::CacheType cache = cacheType(phase);
  if (!cache)
    return;
  int64_t cached = which.start + (contains<kv::AppendOp>(phase) ? 0 : which.tokens);
  InputKind kind = which.kind == InputKind::Outliers ? InputKind::Outliers : InputKind::Normal;
  cachedKeys = makeInput(kind, cached, cache.getHeads() * cache.getKeyDim(), random, 30);
  cachedValues = makeInput(kind, cached, cache.getHeads() * cache.getValueDim(), random, 30);
}

void PhaseCheck::writeInputs(const Manifest::Step &step) {
  LoweredPhase &phase = lowered(step);
  for (uint32_t buffer : llvm::concat<const uint32_t>(phase.inputs, phase.outputs))
    harness->poisonBuffer(buffer);
  harness->setCall(call);
  for (auto [buffer, input] : llvm::zip_equal(phase.inputs, inputs))
    llvm::copy(input.toBytes(), harness->bufferBytes(buffer));
  kv::CacheType cache = cacheType(phase);
  if (!cache)
    return;
  harness->poisonCache(step.layer);
  auto write = [&](CacheSide side, const Tensor<float> &tensor, int64_t dim) {
    for (int64_t position = 0; position < tensor.rows; ++position)
      for (int64_t i = 0; i < tensor.columns; ++i)
        harness->store({step.layer, side, call.slot, i / dim, position, i % dim},
                       tensor.row(position)[i]);
  };
  write(CacheSide::Keys, cachedKeys, cache.getKeyDim());
  write(CacheSide::Values, cachedValues, cache.getValueDim());
}

bool PhaseCheck::runWorkers(const Manifest::Step &step, int32_t workers) {
  writeInputs(step);
  Status status = harness->run(step, workers);
  if (!status)
    fail(status.error());
  return static_cast<bool>(status);
}

/// That only the phase's outputs and the keys and values of its tokens changed.
bool PhaseCheck::checkUntouched(const Manifest::Step &step) {
  LoweredPhase &phase = lowered(step);
  writeInputs(step);
  std::vector<uint8_t> cache;
  if (step.layer >= 0)
    cache = harness->saveCache(step.layer);
  if (Status status = harness->run(step, 1); !status) {
    fail(status.error());
    return false;
  }
  for (uint32_t buffer = 0; buffer < manifest().buffers.size(); ++buffer) {
    if (llvm::is_contained(phase.outputs, buffer))
      continue;
    bool same = true;
    int64_t rows = 0;
    if (auto found = llvm::find(phase.inputs, buffer); found != phase.inputs.end()) {
      const Activation &input = inputs[found - phase.inputs.begin()];
      rows = input.tensor.rows;
      std::vector<uint8_t> bytes = input.toBytes();
      same = std::equal(bytes.begin(), bytes.end(), harness->bufferBytes(buffer));
    }
    if (!same || !harness->isPoisoned(buffer, rows)) {
      fail("writes to buffer " + manifest().buffers[buffer].name);
      return false;
    }
  }
  if (step.layer < 0)
    return true;
  std::vector<uint8_t> after = harness->saveCache(step.layer);
  if (kv::CacheType type = cacheType(phase); contains<kv::AppendOp>(phase))
    for (CacheSide side : {CacheSide::Keys, CacheSide::Values})
      for (int32_t position : call.positions)
        for (int64_t head = 0; head < type.getHeads(); ++head)
          for (int64_t dim = 0,
                       end = side == CacheSide::Keys ? type.getKeyDim() : type.getValueDim();
               dim < end; ++dim) {
            Harness::Element element{step.layer, side, call.slot, head, position, dim};
            std::copy_n(after.begin() + static_cast<int64_t>(harness->elementOffset(element)),
                        harness->elementBytes(element),
                        cache.begin() + static_cast<int64_t>(harness->elementOffset(element)));
          }
  if (cache == after)
    return true;
  fail("writes keys or values of other tokens");
  return false;
}

Matrix PhaseCheck::readCache(const Manifest::Step &step, CacheSide side) const {
  kv::CacheType type = cacheType(lowered(step));
  int64_t dim = side == CacheSide::Keys ? type.getKeyDim() : type.getValueDim();
  Matrix result(call.tokens(), type.getHeads() * dim);
  for (int64_t token = 0; token < result.rows; ++token)
    for (int64_t i = 0; i < result.columns; ++i)
      result.row(token)[i] =
          harness->load({step.layer, side, call.slot, i / dim, call.positions[token], i % dim});
  return result;
}

LogicalResult PhaseCheck::runCompiled(const Manifest::Step &step, PhaseValues &result) {
  LoweredPhase &phase = lowered(step);
  auto read = [&](PhaseValues &values) -> bool {
    for (uint32_t index : phase.outputs) {
      const Manifest::Buffer &buffer = manifest().buffers[index];
      auto output = Activation::fromBytes(buffer, harness->bufferBytes(index), rowsOf(buffer));
      if (!output) {
        fail("sums of int8 codes in buffer " + buffer.name + " are not those of the codes");
        return false;
      }
      values.outputs.push_back(toMatrix(*output));
    }
    if (!contains<kv::AppendOp>(phase))
      return true;
    values.keys = readCache(step, CacheSide::Keys);
    values.values = readCache(step, CacheSide::Values);
    return true;
  };
  if (!checkUntouched(step) || !read(result))
    return failure();
  auto same = [](const Matrix &a, const Matrix &b) {
    return a.values.empty() ||
           std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(double)) == 0;
  };
  for (int32_t workers : ArrayRef(workerCounts).drop_front()) {
    PhaseValues several;
    if (!runWorkers(step, workers) || !read(several))
      return failure();
    bool equal = true;
    for (auto [a, b] : llvm::zip_equal(result.outputs, several.outputs))
      equal &= same(a, b);
    if (result.keys)
      equal &= same(*result.keys, *several.keys) && same(*result.values, *several.values);
    if (!equal) {
      fail("not the same with 1 and with " + std::to_string(workers) + " workers");
      return failure();
    }
  }
  return success();
}

template <typename T>
LogicalResult PhaseCheck::runReference(const Manifest::Step &step, RoundingMode mode,
                                       PhaseValues &result) {
  LoweredPhase &phase = lowered(step);
  Interpreter<T> interpreter(subject.lowered, weights);
  interpreter.wideBlockSums = true;
  Rounding<T> rounding(mode, &codes);
  rounding.onAppend = [&](kv::AppendOp, bool isKeys, Tensor<T> &tensor) {
    (isKeys ? result.keys : result.values) = toMatrix(tensor);
  };
  interpreter.afterValue = [&](Value value, RuntimeValue<T> &runtimeValue) {
    rounding.observe(value, runtimeValue);
    for (OpOperand &use : value.getUses())
      if (auto attention = dyn_cast<graph::AttentionOp>(use.getOwner());
          attention && value == attention.getQuery())
        result.query = toMatrix(std::get<Tensor<T>>(runtimeValue));
    return success();
  };

  std::optional<KVCache<T>> cache;
  if (kv::CacheType type = cacheType(phase)) {
    FailureOr<KVCache<T>> created =
        KVCache<T>::create(phase.reference.getLoc(), type, harness->options().capacity, slots);
    if (failed(created))
      return failure();
    cache = std::move(*created);
    for (int64_t position = 0; position < cachedKeys.rows; ++position) {
      std::vector<T> keys(cachedKeys.row(position), cachedKeys.row(position + 1));
      std::vector<T> values(cachedValues.row(position), cachedValues.row(position + 1));
      cache->append(call.slot, position, keys.data(), values.data());
    }
  }
  Batch batch;
  for (int64_t token = 0; token < call.tokens(); ++token) {
    batch.ids.push_back(call.ids[token]);
    batch.positions.push_back(call.positions[token]);
    batch.slots.push_back(call.slot);
    batch.wanted.push_back(llvm::is_contained(call.wanted, static_cast<int32_t>(token)));
  }
  std::vector<RuntimeValue<T>> arguments;
  size_t nextInput = 0;
  for (BlockArgument argument : phase.reference.getBody().front().getArguments()) {
    Type type = argument.getType();
    if (isa<graph::QTensorType>(type)) {
      arguments.push_back(*inputs[nextInput++].codes);
    } else if (isa<RankedTensorType>(type)) {
      const Tensor<float> &input = inputs[nextInput++].tensor;
      Tensor<T> tensor(input.rows, input.columns);
      std::copy(input.values.begin(), input.values.end(), tensor.values.begin());
      for (OpOperand &use : argument.getUses())
        if (auto append = dyn_cast<kv::AppendOp>(use.getOwner()))
          rounding.onAppend(append, use.get() == append.getKeys(), tensor);
      arguments.push_back(std::move(tensor));
    } else if (isa<graph::TokensType>(type)) {
      arguments.push_back(batch);
    } else if (isa<kv::CacheType>(type)) {
      arguments.push_back(&*cache);
    } else if (type.isIndex()) {
      arguments.push_back(static_cast<int64_t>(step.row));
    } else {
      return phase.reference.emitError("expected arguments that can be replayed, but got ") << type;
    }
  }
  auto results = interpreter.runBlock(phase.reference.getBody().front(), arguments);
  if (failed(results))
    return failure();
  for (RuntimeValue<T> &value : *results)
    if (auto *tensor = std::get_if<Tensor<T>>(&value))
      result.outputs.push_back(toMatrix(*tensor));
    else if (auto *codes = std::get_if<QuantizedTensor>(&value))
      result.outputs.push_back(toMatrix(*codes));
  return success();
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

void PhaseCheck::fail(const std::string &what) {
  VerifyReport::Phase &phase = report.phases.back();
  if (phase.failures.size() < VerifyReport::maxFailures)
    phase.failures.push_back(caseName + ": " + what);
}

void PhaseCheck::record(const std::string &what, const Results &results) {
  VerifyReport::Phase &phase = report.phases.back();
  VerifyError error = compareRows(results, {0, results.exact.rows});
  if (isWorse(error, phase.worst)) {
    phase.worst = error;
    phase.worstCase = caseName + ": " + what;
  }
  if (error.ok())
    return;
  std::string text;
  llvm::raw_string_ostream(text) << what << ", token " << error.row << ": error "
                                 << llvm::format("%.2e", error.error) << ", expected at most "
                                 << llvm::format("%.2e", error.bound);
  fail(text);
}

/// A score is an exponent: what it is off is a relative error of its weight. A program may be off
/// by 4 ulp of the products that a score sums up, of the largest score a token has.
std::vector<double> PhaseCheck::attentionFloors(graph::AttentionOp attention,
                                                const Matrix &query) const {
  auto heads = static_cast<int64_t>(attention.getHeads());
  int64_t dim = query.columns / heads, group = heads * dim / cachedKeys.columns;
  std::vector<double> floors;
  for (int64_t token = 0; token < query.rows; ++token) {
    double largest = 0;
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t position = 0; position <= call.positions[token]; ++position) {
        const double *q = query.row(token) + head * dim;
        const float *k = cachedKeys.row(position) + head / group * dim;
        double sum = 0;
        for (int64_t i = 0; i < dim; ++i)
          sum += std::fabs(q[i] * k[i]);
        largest = std::max(largest, sum);
      }
    floors.push_back(4 * 0x1p-23 * largest * std::fabs(attention.getScale().convertToDouble()));
  }
  return floors;
}

/// Half a unit of the last place of f16, whichever of the two is larger; nothing for f32, whose
/// rounding is part of the error.
Matrix PhaseCheck::storageSlack(const Matrix &exact, const Matrix &compiled, kv::StoreAttr store) {
  Matrix slack(exact.rows, exact.columns);
  if (store.getType().isF16())
    for (size_t i = 0; i < slack.values.size(); ++i)
      slack.values[i] =
          halfUlpF16(std::max(std::fabs(exact.values[i]), std::fabs(compiled.values[i])));
  return slack;
}

void PhaseCheck::compare(LoweredPhase &phase, const PhaseValues &exact, const PhaseValues &compiled,
                         const PhaseValues &unfused, const PhaseValues *alternate) {
  std::vector<double> floors;
  for (auto attention : phase.reference.getBody().getOps<graph::AttentionOp>())
    if (exact.query)
      floors = attentionFloors(attention, *exact.query);
  for (size_t i = 0; i < exact.outputs.size(); ++i)
    record("output " + std::to_string(i),
           {exact.outputs[i], compiled.outputs[i], unfused.outputs[i],
            alternate ? &alternate->outputs[i] : nullptr, nullptr,
            floors.empty() ? nullptr : &floors});
  if (!exact.keys)
    return;
  kv::CacheType type = cacheType(phase);
  Matrix keySlack = storageSlack(*exact.keys, *compiled.keys, type.getKeyStore());
  Matrix valueSlack = storageSlack(*exact.values, *compiled.values, type.getValueStore());
  record("keys", {*exact.keys, *compiled.keys, *unfused.keys,
                  alternate ? &*alternate->keys : nullptr, &keySlack});
  record("values", {*exact.values, *compiled.values, *unfused.values,
                    alternate ? &*alternate->values : nullptr, &valueSlack});
}

LogicalResult PhaseCheck::runCase(const Manifest::Step &step, const Case &which, uint64_t seed) {
  LoweredPhase &phase = lowered(step);
  caseName = which.describe(hasWantedRows(phase));
  ++report.phases.back().cases;
  setUp(step, which, seed);
  PhaseValues compiled, exact, unfused, alternate;
  if (failed(runCompiled(step, compiled)))
    return success(); // recorded
  codes.clear();
  bool quantized = hasQuantize(phase.reference);
  if (failed(runReference<double>(step, RoundingMode::Record, exact)) ||
      failed(runReference<float>(step, RoundingMode::Adopt, unfused)) ||
      (quantized && failed(runReference<double>(step, RoundingMode::Alternate, alternate))))
    return failure();
  compare(phase, exact, compiled, unfused, quantized ? &alternate : nullptr);
  return success();
}

LogicalResult PhaseCheck::run() {
  int64_t capacity = minCapacity, untested = 0;
  for (const Manifest::Cache &cache : manifest().caches)
    if (cache.window && cache.window + 2 * capacityMultiple <= maxCapacity)
      capacity = std::max(capacity, (cache.window + 2 * capacityMultiple) / capacityMultiple *
                                        capacityMultiple);
    else
      untested = std::max(untested, cache.window);
  if (untested)
    report.notes.push_back("the edge of a window of " + std::to_string(untested) +
                           " tokens was not tested: expected at most " +
                           std::to_string(maxCapacity - 2 * capacityMultiple));
  int64_t maxTokens = std::min(manifest().programs.back().maxTokens, std::end(tokenCounts)[-1]);
  Result<std::unique_ptr<Harness>> created =
      Harness::create(subject.model, {capacity, slots, maxTokens});
  if (!created)
    return subject.lowered.emitError(created.error());
  harness = *std::move(created);

  // The first and the last use of each phase; several layers share one.
  struct Use {
    Manifest::Step first, last;
    int64_t maxTokens;
  };
  llvm::MapVector<uint32_t, Use> uses;
  for (const Manifest::Program &program : manifest().programs)
    for (const Manifest::Step &step : program.steps) {
      Use &use = uses.try_emplace(step.phase, Use{step, step, program.maxTokens}).first->second;
      use.last = step;
      use.maxTokens = std::max(use.maxTokens, program.maxTokens);
    }
  uint64_t seed = options.seed;
  for (auto &[index, use] : uses) {
    if (options.compiler.progress)
      options.compiler.progress("phases", static_cast<double>(report.phases.size()) /
                                              static_cast<double>(uses.size()));
    report.phases.emplace_back().name = lowered(use.first).op.getSymName().str();
    harness->poisonBuffers();
    std::vector<Case> cases = makeCases(lowered(use.first), use.maxTokens);
    for (const Case &which : cases)
      if (failed(runCase(use.first, which, ++seed)))
        return failure();
    if (!cases.empty() && (use.last.row != use.first.row || use.last.layer != use.first.layer))
      if (failed(runCase(use.last, cases[std::min<size_t>(2, cases.size() - 1)], ++seed)))
        return failure();
  }
  return success();
}

LogicalResult verify::checkPhases(Subject &subject, const VerifyOptions &options,
                                  VerifyReport &report) {
  return PhaseCheck(subject, options, report).run();
}
