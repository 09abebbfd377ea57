//===- MeasurePhases.cpp - how long phases take on this machine -------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/MeasurePhases.h"

#include <chrono>
#include <random>

using namespace frit;
using namespace frit::driver;
using workload::CallReport;

/// A call is run for so long, and so often at least.
static constexpr std::chrono::seconds leastTime(1);
static constexpr int leastRuns = 5;

static double medianOf(std::vector<double> values) {
  if (values.empty())
    return 0;
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

namespace {
class PhaseSampler {
public:
  PhaseSampler(frit_model *model, const CallReport &call) : model(model), call(call) {}

  Result<std::vector<std::vector<double>>> run(int runs);

private:
  Status evaluate(int64_t tokens);
  Status addSteps();

  frit_model *model;
  const CallReport &call;
  SessionHandle session;
  std::mt19937 random{0}; // NOLINT(bugprone-random-generator-seed): every run is the same
  std::vector<std::vector<double>> samples; ///< Of each phase.
};
} // namespace

/// Random ids: what they are does not change the work.
Status PhaseSampler::evaluate(int64_t tokens) {
  auto vocabulary = static_cast<uint64_t>(modelInfo(model).vocabulary);
  std::vector<int32_t> ids(static_cast<size_t>(tokens));
  for (int32_t &id : ids)
    id = static_cast<int32_t>(random() % vocabulary);
  if (!ids.empty() &&
      frit_eval(session.get(), 0, ids.data(), ids.size(), FRIT_LOGITS_LAST) != FRIT_OK)
    return runtimeFailure();
  return {};
}

Status PhaseSampler::addSteps() {
  size_t program = 0, count = 0;
  const double *seconds = nullptr;
  if (frit_step_seconds(session.get(), &program, &seconds, &count) != FRIT_OK)
    return runtimeFailure();
  if (count != call.order.size())
    return Failure("expected the program of a call of ", call.shape.tokens, " tokens to have ",
                   call.order.size(), " phases as planned, found ", count);
  std::vector<std::vector<double>> ofLayers(samples.size());
  for (size_t step = 0; step < count; ++step)
    ofLayers[call.order[step]].push_back(seconds[step]);
  for (auto [phase, all] : llvm::zip_equal(ofLayers, samples))
    all.push_back(medianOf(phase));
  return {};
}

Result<std::vector<std::vector<double>>> PhaseSampler::run(int runs) {
  frit_session_options options = {};
  options.size = sizeof(options);
  options.context = call.shape.keys;
  frit_session *created = nullptr;
  if (frit_session_create(model, &options, &created) != FRIT_OK)
    return runtimeFailure();
  session.reset(created);
  samples.resize(call.phases.size());
  int64_t before = call.shape.keys - call.shape.tokens;
  if (Status status = evaluate(before); !status)
    return status.takeFailure();
  if (frit_measure_steps(session.get(), 1) != FRIT_OK)
    return runtimeFailure();
  auto begin = std::chrono::steady_clock::now();
  auto goesOn = [&](int done) {
    return runs ? done < runs
                : done < leastRuns || std::chrono::steady_clock::now() - begin < leastTime;
  };
  for (int done = -1; goesOn(done); ++done) {
    if (frit_truncate(session.get(), 0, static_cast<int32_t>(before)) != FRIT_OK)
      return runtimeFailure();
    if (Status status = evaluate(call.shape.tokens); !status)
      return status.takeFailure();
    if (done >= 0)
      if (Status status = addSteps(); !status)
        return status.takeFailure();
  }
  return std::move(samples);
}

Result<std::vector<std::vector<std::vector<double>>>>
frit::driver::samplePhases(const CompileRequest &request, llvm::ArrayRef<const CallReport *> calls,
                           int runs) {
  Result<OpenedModel> model = openModel(request, HugePages::Auto);
  if (!model)
    return model.takeFailure();
  std::vector<std::vector<std::vector<double>>> result;
  for (const CallReport *call : calls) {
    Result<std::vector<std::vector<double>>> samples =
        PhaseSampler(model->handle.get(), *call).run(runs);
    if (!samples)
      return samples.takeFailure();
    result.push_back(*std::move(samples));
  }
  return result;
}

Result<std::vector<std::vector<double>>>
frit::driver::measurePhases(const CompileRequest &request,
                            llvm::ArrayRef<const CallReport *> calls) {
  Result<std::vector<std::vector<std::vector<double>>>> samples = samplePhases(request, calls);
  if (!samples)
    return samples.takeFailure();
  std::vector<std::vector<double>> medians;
  for (std::vector<std::vector<double>> &call : *samples) {
    std::vector<double> &ofCall = medians.emplace_back();
    for (std::vector<double> &phase : call)
      ofCall.push_back(medianOf(phase));
  }
  return medians;
}
