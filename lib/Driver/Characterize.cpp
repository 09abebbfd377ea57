//===- Characterize.cpp - frit characterize ---------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Characterize.h"

#include "lib/Driver/DescribeMachine.h"
#include "lib/Driver/Output.h"
#include "lib/Workload/CountTraffic.h"
#include "lib/Workload/Readiness.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;
using llvm::json::Array;
using llvm::json::Object;
using workload::Amounts;
using workload::CallReport;
using workload::OpReport;
using workload::PhaseReport;
using workload::Readiness;

namespace {
/// What the interpreter moves in a call as it is cut, and as it is not.
struct Counted {
  reference::Traffic planned, unfused;
};

class Characterization {
public:
  Characterization(Workload &workload, double mostError)
      : workload(workload), question(workload.question), mostError(mostError) {}

  Status measure();
  void print() const;
  llvm::json::Value toJSON() const;

private:
  Status count(const std::string &fusion, reference::Traffic Counted::*cut);
  void printCalls() const;
  void printCounted() const;
  void printOps(const CallReport &call) const;
  void printReadiness() const;

  Workload &workload;
  const WorkloadQuestion &question;
  double mostError;
  CallReport decode, prefill;    ///< Of one token; of the largest call of the prompt.
  Amounts prompt, promptUnfused; ///< Of all calls of the prompt.
  std::optional<Counted> decodeCounted, prefillCounted;
  std::vector<Readiness> readiness;
};
} // namespace

Status Characterization::measure() {
  decode = workload.plan->reportOf(workload.decodeShape());
  prefill = workload.plan->reportOf(workload.prefillShape());
  prompt = workload.plan->promptAmounts(question.promptTokens);
  promptUnfused = workload.plan->promptAmounts(question.promptTokens, workload::Cut::Unfused);
  mlir::FailureOr<std::vector<Readiness>> measured =
      workload::measureReadiness(workload.module(), workload.compilation.directory());
  if (mlir::failed(measured))
    return workload.compilation.failure("cannot read the weights");
  readiness = *std::move(measured);
  if (!question.counts)
    return {};
  decodeCounted.emplace();
  prefillCounted.emplace();
  if (Status status = count(workload.request.options.pipeline.fusion, &Counted::planned); !status)
    return status;
  return count("none", &Counted::unfused);
}

Status Characterization::count(const std::string &fusion, reference::Traffic Counted::*cut) {
  CompileRequest request = workload.request;
  request.options.pipeline.fusion = fusion;
  Compilation compilation(request);
  if (Status status = compilation.load(); !status)
    return status;
  if (Status status = compilation.runTo(PhaseId::Fuse); !status)
    return status;
  compilation.clearProgress();
  for (auto [shape, counted] : {std::pair(workload.decodeShape(), &*decodeCounted),
                                std::pair(workload.prefillShape(), &*prefillCounted)}) {
    mlir::FailureOr<reference::Traffic> traffic =
        workload::countTraffic(compilation.module(), compilation.directory(), shape);
    if (mlir::failed(traffic))
      return compilation.failure("cannot run the model in the reference interpreter");
    counted->*cut = *traffic;
  }
  return {};
}

static std::string tokensText(int64_t tokens) {
  return fmt::format("{} token{}", tokens, tokens == 1 ? "" : "s");
}

static std::string opsText(double operations) {
  return operations == 0 ? "0" : siText(operations, "op");
}

/// Bytes that go between a phase and memory, whatever is in caches.
static double movedBytes(const Amounts &amounts) {
  return static_cast<double>(amounts.traffic.totalBytes());
}

void Characterization::printCalls() const {
  std::vector<std::vector<std::string>> lines = {
      {"", "a token", fmt::format("prompt of {}", question.promptTokens)}};
  auto add = [&](const char *what, auto textOf) {
    lines.push_back({what, textOf(decode.planned), textOf(prompt)});
  };
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (prompt.matrixOps[number] > 0) {
      std::string name = cost::nameOf(static_cast<cost::Number>(number)).str();
      add(("multiplying " + name).c_str(),
          [&](const Amounts &amounts) { return opsText(amounts.matrixOps[number]); });
    }
  add("f32 by vectors", [](const Amounts &amounts) { return opsText(amounts.vectorOps); });
  add("exponentials", [](const Amounts &amounts) { return opsText(amounts.exps); });
  auto bytes = [](int64_t count) { return bytesText(static_cast<double>(count)); };
  add("weights", [&](const Amounts &amounts) { return bytes(amounts.traffic.weightBytes); });
  add("keys and values", [&](const Amounts &amounts) { return bytes(amounts.traffic.cacheBytes); });
  add("activations",
      [&](const Amounts &amounts) { return bytes(amounts.traffic.activationBytes()); });
  lines.push_back({"  not fused", bytes(decode.unfused.traffic.activationBytes()),
                   bytes(promptUnfused.traffic.activationBytes())});
  add("operations a byte", [](const Amounts &amounts) {
    return fmt::format("{:.3g}", amounts.operations() / movedBytes(amounts));
  });
  add("phases", [](const Amounts &amounts) { return std::to_string(amounts.phases); });
  lines.push_back(
      {"  not fused", std::to_string(decode.unfused.phases), std::to_string(promptUnfused.phases)});
  add("planned time", [](const Amounts &amounts) { return intervalText(amounts.seconds); });
  lines.push_back({"wanted time", secondsText(question.secondsPerToken),
                   secondsText(question.secondsToFirstToken)});
  auto rates = [&](auto textOf) {
    return std::pair(textOf(decode.planned, question.secondsPerToken),
                     textOf(prompt, question.secondsToFirstToken));
  };
  auto [tokenBytes, promptBytes] = rates([](const Amounts &amounts, double seconds) {
    return siText(movedBytes(amounts) / seconds, "B/s");
  });
  lines.push_back({"  takes", tokenBytes, promptBytes});
  auto [tokenOps, promptOps] = rates([](const Amounts &amounts, double seconds) {
    return siText(amounts.operations() / seconds, "op/s");
  });
  lines.push_back({"  and", tokenOps, promptOps});
  printColumns(lines, {false, true, true});
}

void Characterization::printCounted() const {
  llvm::outs() << "\nphases and bytes, planned and as the reference interpreter counts them\n";
  std::vector<std::vector<std::string>> lines = {
      {"", "", "phases", "weights", "keys, values", "read", "written"}};
  auto add = [&](const char *call, const char *cut, const Amounts &planned,
                 const reference::Traffic &counted) {
    const plan::Traffic &traffic = planned.traffic;
    lines.push_back({call, cut, std::to_string(planned.phases), std::to_string(traffic.weightBytes),
                     std::to_string(traffic.cacheBytes), std::to_string(traffic.inputBytes),
                     std::to_string(traffic.outputBytes)});
    lines.push_back({"", "counted", std::to_string(counted.phases),
                     std::to_string(counted.weightBytes), std::to_string(counted.cacheBytes),
                     std::to_string(counted.inputBytes), std::to_string(counted.outputBytes)});
  };
  add("a token", "fused", decode.planned, decodeCounted->planned);
  add("", "not fused", decode.unfused, decodeCounted->unfused);
  add("a call of the prompt", "fused", prefill.planned, prefillCounted->planned);
  add("", "not fused", prefill.unfused, prefillCounted->unfused);
  printColumns(lines, {false, false, true, true, true, true, true});
}

void Characterization::printOps(const CallReport &call) const {
  llvm::outs() << "\nops of a call of " << tokensText(call.shape.tokens)
               << ", the newest of which sees " << call.shape.keys << "\n";
  std::vector<std::vector<std::string>> lines = {
      {"in", "phase", "times", "op", "operations", "weights", "keys, values", "op/B", "slack"}};
  auto bytes = [](int64_t count) {
    return count ? bytesText(static_cast<double>(count)) : std::string("-");
  };
  for (const PhaseReport &phase : call.phases)
    for (const OpReport &op : phase.ops) {
      double operations = op.work.matrixOps + op.work.vectorOps + op.work.exps;
      int64_t cache = op.work.cacheReadBytes + op.work.cacheWriteBytes;
      double moved = static_cast<double>(op.work.weightBytes + cache);
      lines.push_back({phase.function, std::to_string(phase.number), std::to_string(phase.calls),
                       op.name, opsText(operations), bytes(op.work.weightBytes), bytes(cache),
                       moved > 0 ? fmt::format("{:.3g}", operations / moved) : "-",
                       secondsText(op.slackSeconds)});
    }
  printColumns(lines, {false, true, true, false, true, true, true, true, true});
}

void Characterization::printReadiness() const {
  llvm::outs() << fmt::format("\nbits that matrices need for an error of up to {:g} (largest "
                              "weight and errors in root mean "
                              "squares)\n",
                              mostError);
  std::vector<std::vector<std::string>> lines = {{"weight", "format", "size", "times", "bytes",
                                                  "largest", "8 by 32", "4 by 32", "4 by 128",
                                                  "8 by row", "bits"}};
  auto error = [](const std::optional<double> &value) {
    return value ? fmt::format("{:.3g}", *value) : std::string("-");
  };
  for (const Readiness &weight : readiness)
    lines.push_back({weight.name, std::string(formatInfo(weight.format).name),
                     fmt::format("{}x{}", weight.rows, weight.columns),
                     std::to_string(weight.matrices), bytesText(static_cast<double>(weight.bytes)),
                     fmt::format("{:.3g}", weight.outlier), error(weight.error8By32),
                     error(weight.error4By32), error(weight.error4By128), error(weight.error8ByRow),
                     std::to_string(weight.bitsFor(mostError))});
  printColumns(lines, {false, false, true, true, true, true, true, true, true, true, true});
}

void Characterization::print() const {
  const ModelDescription &model = workload.model;
  llvm::outs() << fmt::format("{} ({}): {} parameters in {}, {} of keys and values a token\n",
                              model.name, model.architecture, model.parameters,
                              bytesText(static_cast<double>(model.weightBytes)),
                              bytesText(static_cast<double>(workload.keyValueBytesPerToken())));
  llvm::outs() << fmt::format(
      "planned for {}; a token sees {} keys, a call of the prompt has up to {}\n\n",
      workload.machine.name, question.context,
      tokensText(workload.request.options.pipeline.maxTokens));
  for (const std::string &change : workload.changes)
    llvm::outs() << "what if " << change << "\n";
  printCalls();
  if (question.counts)
    printCounted();
  printOps(decode);
  printOps(prefill);
  printReadiness();
}

static Object opJSON(const PhaseReport &phase, const OpReport &op) {
  return Object{{"function", phase.function},
                {"phase", static_cast<int64_t>(phase.number)},
                {"times", phase.calls},
                {"op", op.name},
                {"matrix_ops", op.work.matrixOps},
                {"vector_ops", op.work.vectorOps},
                {"exponentials", op.work.exps},
                {"weight_bytes", op.work.weightBytes},
                {"cache_bytes", op.work.cacheReadBytes + op.work.cacheWriteBytes},
                {"slack_seconds", op.slackSeconds}};
}

static Object countedJSON(const reference::Traffic &counted) {
  return Object{{"weight_bytes", counted.weightBytes},
                {"cache_bytes", counted.cacheBytes},
                {"input_bytes", counted.inputBytes},
                {"output_bytes", counted.outputBytes},
                {"phases", counted.phases}};
}

static Object callJSON(const CallReport &call, const std::optional<Counted> &counted) {
  Array ops;
  for (const PhaseReport &phase : call.phases)
    for (const OpReport &op : phase.ops)
      ops.push_back(opJSON(phase, op));
  Object object{{"tokens", call.shape.tokens},
                {"keys", call.shape.keys},
                {"planned", amountsJSON(call.planned)},
                {"unfused", amountsJSON(call.unfused)},
                {"ops", std::move(ops)}};
  if (counted)
    object["counted"] = Object{{"planned", countedJSON(counted->planned)},
                               {"unfused", countedJSON(counted->unfused)}};
  return object;
}

llvm::json::Value Characterization::toJSON() const {
  Array weights;
  auto error = [](const std::optional<double> &value) {
    return value ? llvm::json::Value(*value) : llvm::json::Value(nullptr);
  };
  for (const Readiness &weight : readiness)
    weights.push_back(Object{{"name", weight.name},
                             {"format", std::string(formatInfo(weight.format).name)},
                             {"rows", weight.rows},
                             {"columns", weight.columns},
                             {"times", weight.matrices},
                             {"bytes", weight.bytes},
                             {"rows_read", weight.rowsRead},
                             {"outlier", weight.outlier},
                             {"error_8_by_32", error(weight.error8By32)},
                             {"error_4_by_32", error(weight.error4By32)},
                             {"error_4_by_128", error(weight.error4By128)},
                             {"error_8_by_row", error(weight.error8ByRow)},
                             {"bits", weight.bitsFor(mostError)}});
  auto needed = [](const Amounts &amounts, double seconds) {
    return Object{{"seconds", seconds},
                  {"bytes_per_second", movedBytes(amounts) / seconds},
                  {"ops_per_second", amounts.operations() / seconds}};
  };
  return Object{{"model", workload.model.name},
                {"architecture", workload.model.architecture},
                {"target", workload.machine.name},
                {"parameters", workload.model.parameters},
                {"weight_bytes", workload.model.weightBytes},
                {"kv_bytes_per_token", workload.keyValueBytesPerToken()},
                {"decode", callJSON(decode, decodeCounted)},
                {"prefill", callJSON(prefill, prefillCounted)},
                {"prompt", Object{{"tokens", question.promptTokens},
                                  {"planned", amountsJSON(prompt)},
                                  {"unfused", amountsJSON(promptUnfused)}}},
                {"needed", Object{{"decode", needed(decode.planned, question.secondsPerToken)},
                                  {"prompt", needed(prompt, question.secondsToFirstToken)}}},
                {"weights", std::move(weights)}};
}

int frit::driver::characterizeModel(const CompileRequest &request, const WorkloadQuestion &question,
                                    double mostError) {
  auto report = [&]() -> Status {
    Result<std::unique_ptr<Workload>> workload = Workload::make(request, question);
    if (!workload)
      return workload.takeFailure();
    Characterization result(**workload, mostError);
    if (Status status = result.measure(); !status)
      return status;
    if (question.json)
      llvm::outs() << llvm::formatv("{0:2}", result.toJSON()) << "\n";
    else
      result.print();
    return {};
  };
  Status status = report();
  if (status)
    return ExitSuccess;
  printError(status.error());
  return ExitFailure;
}
