//===- Bench.cpp - frit bench ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Bench.h"

#include "lib/Driver/Interrupt.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Version.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <random>

using namespace frit;
using namespace frit::driver;

/// More tests or longer ones than anybody waits for.
static constexpr size_t maxValues = 1000;
static constexpr int64_t maxNumber = int64_t{1} << 31;

Result<std::vector<int64_t>> frit::driver::parseRange(const std::string &text) {
  std::vector<int64_t> values;
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(text).split(parts, ',');
  for (llvm::StringRef part : parts) {
    auto failure = [&] {
      return Failure("expected numbers, or ranges as 8-64*2, separated by commas; found '",
                     std::string_view(part), "'");
    };
    // first, first-last, first-last+step or first-last*factor
    llvm::StringRef rest = part;
    uint64_t first = 0, step = 1;
    if (rest.consumeInteger(10, first) || first > maxNumber)
      return failure();
    uint64_t last = first;
    bool multiply = false;
    if (rest.consume_front("-")) {
      if (rest.consumeInteger(10, last) || last > maxNumber || last < first)
        return failure();
      multiply = rest.starts_with("*");
      if (rest.consume_front("+") || rest.consume_front("*"))
        if (rest.consumeInteger(10, step) || step > maxNumber)
          return failure();
      if (step < (multiply ? 2 : 1) || (multiply && first == 0))
        return failure();
    }
    if (!rest.empty())
      return failure();
    for (uint64_t value = first; value <= last && values.size() <= maxValues;
         value = multiply ? value * step : value + step)
      values.push_back(static_cast<int64_t>(value));
    if (values.size() > maxValues)
      return Failure("more than ", maxValues, " values");
  }
  return values;
}

namespace {

struct Test {
  int64_t prompt = 0, generation = 0, depth = 0;
  int32_t threads = 0;
  std::string time; ///< UTC, when it began
  std::vector<double> samplesNs;

  /// "pp128", "tg32 @ d512", "pp512+tg128"
  std::string name() const {
    std::string text;
    if (prompt > 0)
      text += fmt::format("pp{}", prompt);
    if (generation > 0)
      text += fmt::format("{}tg{}", text.empty() ? "" : "+", generation);
    if (depth > 0)
      text += fmt::format(" @ d{}", depth);
    return text;
  }
  std::vector<double> rates() const {
    std::vector<double> result;
    result.reserve(samplesNs.size());
    for (double ns : samplesNs)
      result.push_back(1e9 * static_cast<double>(prompt + generation) / ns);
    return result;
  }
};

double mean(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return sum / static_cast<double>(values.size());
}

/// Of a sample: divided by one less than there are values, as in llama-bench.
double deviation(const std::vector<double> &values) {
  if (values.size() < 2)
    return 0;
  double average = mean(values), sum = 0;
  for (double value : values)
    sum += (value - average) * (value - average);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

/// The tests of one model.
class Bench {
public:
  explicit Bench(const BenchOptions &options) : options(options) {}

  Result<int> run();

private:
  std::vector<Test> makeTests() const;
  Status measure(Test &test);
  Status evaluate(int64_t tokens);
  Status generate(int64_t tokens);
  void printRow(const Test &test, bool first) const;
  llvm::json::Object row(const Test &test) const;

  const BenchOptions &options;
  OpenedModel model;
  frit_model_info info = {};
  SessionHandle session;
  std::mt19937 random{0}; // NOLINT(bugprone-random-generator-seed): every run is the same
};

} // namespace

std::vector<Test> Bench::makeTests() const {
  std::vector<Test> tests;
  for (int64_t threads : options.threads)
    for (int64_t depth : options.depths) {
      auto add = [&](int64_t prompt, int64_t generation) {
        if (prompt + generation == 0)
          return;
        Test test;
        test.prompt = prompt;
        test.generation = generation;
        test.depth = depth;
        test.threads = static_cast<int32_t>(threads);
        tests.push_back(std::move(test));
      };
      for (int64_t prompt : options.prompts)
        add(prompt, 0);
      for (int64_t generation : options.generations)
        add(0, generation);
      for (auto [prompt, generation] : options.both)
        add(prompt, generation);
    }
  return tests;
}

/// Random ids: what they are does not change the work.
Status Bench::evaluate(int64_t tokens) {
  std::vector<int32_t> ids;
  ids.reserve(static_cast<size_t>(tokens));
  for (int64_t i = 0; i < tokens; ++i)
    ids.push_back(static_cast<int32_t>(random() % static_cast<uint64_t>(info.vocabulary)));
  if (tokens > 0 &&
      frit_eval(session.get(), 0, ids.data(), ids.size(), FRIT_LOGITS_LAST) != FRIT_OK)
    return runtimeFailure();
  return {};
}

Status Bench::generate(int64_t tokens) {
  for (int64_t i = 0; i < tokens; ++i)
    if (Status status = evaluate(1); !status)
      return status;
  return {};
}

Status Bench::measure(Test &test) {
  session.reset();
  frit_session_options sessionOptions = {};
  sessionOptions.size = sizeof(sessionOptions);
  sessionOptions.context = test.depth + test.prompt + test.generation;
  sessionOptions.threads = test.threads;
  if (sessionOptions.context > info.context_length)
    return Failure(test.name(), " needs a context of ", sessionOptions.context,
                   " tokens, the model has ", info.context_length);
  frit_session *created = nullptr;
  if (frit_session_create(model.handle.get(), &sessionOptions, &created) != FRIT_OK)
    return runtimeFailure();
  session.reset(created);
  frit_session_info sessionInfo = {};
  sessionInfo.size = sizeof(sessionInfo);
  if (frit_session_get_info(session.get(), &sessionInfo) != FRIT_OK)
    return runtimeFailure();
  test.threads = sessionInfo.threads;

  char time[32];
  std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  test.time.assign(time, std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &utc));
  InterruptScope scope(session.get());
  if (options.warmUp) {
    Status status = test.prompt > 0 ? evaluate(test.prompt) : generate(1);
    if (!status)
      return status;
  }
  for (int64_t i = 0; i < options.repetitions; ++i) {
    if (frit_truncate(session.get(), 0, 0) != FRIT_OK)
      return runtimeFailure();
    if (Status status = evaluate(test.depth); !status)
      return status;
    auto begin = std::chrono::steady_clock::now();
    Status status = evaluate(test.prompt);
    if (status)
      status = generate(test.generation);
    if (!status)
      return status;
    std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    test.samplesNs.push_back(time.count());
  }
  return {};
}

void Bench::printRow(const Test &test, bool first) const {
  std::string name = llvm::StringRef(info.name).empty() ? info.architecture : info.name;
  size_t width = std::max<size_t>(name.size(), 24);
  auto print = [&](llvm::ArrayRef<std::string> cells) {
    llvm::outs() << fmt::format("| {:{}} | {:>10} | {:15} | {:>7} | {:>15} | {:>16} |\n", cells[0],
                                width, cells[1], cells[2], cells[3], cells[4], cells[5]);
  };
  if (first) {
    print({"model", "size", "target", "threads", "test", "t/s"});
    print({std::string(width, '-'), "---------:", std::string(15, '-'),
           "------:", std::string(14, '-') + ":", std::string(15, '-') + ":"});
  }
  std::vector<double> rates = test.rates();
  double mebibytes = static_cast<double>(info.weights_bytes) / (1024.0 * 1024.0);
  print({name, fmt::format("{:.2f} MiB", mebibytes), info.target, fmt::to_string(test.threads),
         test.name(), fmt::format("{:.2f} ± {:.2f}", mean(rates), deviation(rates))});
  llvm::outs().flush();
}

llvm::json::Object Bench::row(const Test &test) const {
  std::vector<double> rates = test.rates();
  std::vector<int64_t> samples;
  samples.reserve(test.samplesNs.size());
  for (double ns : test.samplesNs)
    samples.push_back(static_cast<int64_t>(ns));
  const char *manifest = nullptr;
  std::string cacheType;
  if (frit_model_manifest(model.handle.get(), &manifest) == FRIT_OK)
    if (auto value = llvm::json::parse(manifest))
      if (const llvm::json::Object *given = value->getAsObject()->getObject("options"))
        cacheType = given->getString("kv_cache_type").value_or("").str();
  return llvm::json::Object{
      {"frit_version", info.frit_version},
      {"llvm_version", info.llvm_version},
      {"cpu_info", hostName()},
      {"gpu_info", ""},
      {"backends", "CPU"},
      {"target", info.target},
      {"model_filename", llvm::json::fixUTF8(model.path)},
      {"model_type", llvm::json::fixUTF8(std::string(info.architecture) + " " + info.name)},
      {"model_size", info.weights_bytes},
      {"type_k", cacheType},
      {"type_v", cacheType},
      {"n_threads", test.threads},
      {"n_prompt", test.prompt},
      {"n_gen", test.generation},
      {"n_depth", test.depth},
      {"test_time", test.time},
      {"avg_ns", static_cast<int64_t>(mean(test.samplesNs))},
      {"stddev_ns", static_cast<int64_t>(deviation(test.samplesNs))},
      {"avg_ts", mean(rates)},
      {"stddev_ts", deviation(rates)},
      {"samples_ns", llvm::json::Array(samples)},
      {"samples_ts", llvm::json::Array(rates)},
  };
}

Result<int> Bench::run() {
  std::vector<Test> tests = makeTests();
  if (tests.empty())
    return Failure("nothing to measure: expected a number above 0 for -p or -n");
  Result<OpenedModel> opened = openModel(options.model, options.hugePages);
  if (!opened)
    return opened.takeFailure();
  model = *std::move(opened);
  info = modelInfo(model.handle.get());
  llvm::json::Array rows;
  bool first = true;
  for (Test &test : tests) {
    if (Status status = measure(test); !status) {
      if (InterruptScope::interrupted())
        return ExitInterrupted;
      return status.takeFailure();
    }
    if (options.json)
      rows.push_back(row(test));
    else
      printRow(test, first);
    first = false;
  }
  if (options.json)
    llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(rows))) << "\n";
  return ExitSuccess;
}

int frit::driver::benchModel(const BenchOptions &options) {
  Result<int> code = Bench(options).run();
  if (code)
    return *code;
  printError(code.error());
  return ExitFailure;
}
