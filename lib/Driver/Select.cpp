//===- Select.cpp - frit select ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Select.h"

#include "frit/Machine/MachineModel.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/Output.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <map>

using namespace frit;
using namespace frit::driver;
using llvm::json::Array;
using llvm::json::Object;

namespace {
/// A machine, and what a model would be on it.
struct Candidate {
  std::string name;
  std::string refusal;             ///< Why nothing can be said about it; empty: it can.
  std::optional<int64_t> capacity; ///< Of its last memory; none: nobody says.
  int64_t bytes = 0;               ///< That the model takes.
  std::string multiplies;          ///< "i8", "f16 for f32"
  std::string bound;               ///< What most of the time of a token is spent on.
  cost::Seconds firstToken, token;
  std::vector<std::string> whyNot;
  size_t place = 1;
  /// What 20 % more or less changes, and the places it may have.
  std::vector<std::string> flips;
  size_t best = 1, worst = 1;

  bool isLegal() const { return refusal.empty(); }
  bool isGood() const { return isLegal() && whyNot.empty(); }
};
} // namespace

/// How far off the figures of a machine may be before its place changes.
static constexpr double variation = 0.2;

/// What a model multiplies, and what the machine takes for it.
static std::string numbersText(const Workload &workload) {
  std::string text;
  for (cost::Number number : workload.plan->numbers()) {
    cost::Number taken = *workload.machine.matrixNumber(number);
    text += (text.empty() ? "" : ", ") + cost::nameOf(taken).str();
    if (taken != number)
      text += " for " + cost::nameOf(number).str();
  }
  return text;
}

static std::string boundOf(const workload::CallReport &call) {
  std::map<std::string, double> secondsOf;
  for (const workload::PhaseReport &phase : call.phases)
    secondsOf[phase.cost.bound] += phase.cost.seconds.value() * static_cast<double>(phase.calls);
  auto longest = llvm::max_element(
      secondsOf, [](const auto &left, const auto &right) { return left.second < right.second; });
  return longest == secondsOf.end() ? "" : longest->first;
}

static Candidate evaluate(const CompileRequest &request, const std::string &target,
                          const WorkloadQuestion &question) {
  Candidate candidate;
  candidate.name = target;
  CompileRequest onTarget = request;
  onTarget.options.target = target;
  Result<std::unique_ptr<Workload>> made = Workload::make(onTarget, question);
  if (!made) {
    candidate.refusal = made.error();
    return candidate;
  }
  Workload &workload = **made;
  candidate.name = workload.machine.name;
  const cost::Memory &last = workload.machine.memories.back();
  if (last.bytes != std::numeric_limits<int64_t>::max())
    candidate.capacity = last.bytes;
  candidate.bytes = workload.memoryBytes();
  candidate.multiplies = numbersText(workload);
  candidate.bound = boundOf(workload.plan->reportOf(workload.decodeShape()));
  candidate.token = workload.plan->amountsOf(workload.decodeShape()).seconds;
  candidate.firstToken = workload.plan->promptAmounts(question.promptTokens).seconds;
  if (candidate.capacity && candidate.bytes > *candidate.capacity)
    candidate.whyNot.push_back(fmt::format("needs {} of {}",
                                           bytesText(static_cast<double>(candidate.bytes)),
                                           bytesText(static_cast<double>(*candidate.capacity))));
  auto check = [&](const cost::Seconds &seconds, double wanted, const char *what) {
    if (seconds.value() > wanted)
      candidate.whyNot.push_back(fmt::format("{} in {} instead of {}", what,
                                             secondsText(seconds.value()), secondsText(wanted)));
  };
  check(candidate.firstToken, question.secondsToFirstToken, "first token");
  check(candidate.token, question.secondsPerToken, "a token");
  return candidate;
}

/// Times are inverse to all figures of a machine together (seconds of a barrier being inverse
/// themselves), so that those of the figures within `variation` are known without planning again.
static void findFlips(std::vector<Candidate> &candidates, const WorkloadQuestion &question) {
  for (Candidate &candidate : candidates) {
    candidate.place = static_cast<size_t>(&candidate - candidates.data()) + 1;
    candidate.best = candidate.worst = candidate.place;
    if (!candidate.isLegal())
      continue;
    double fast = 1 / (1 + variation), slow = 1 / (1 - variation);
    std::vector<std::string> &flips = candidate.flips;
    auto passes = [&](double factor) {
      return candidate.firstToken.value() * factor <= question.secondsToFirstToken &&
             candidate.token.value() * factor <= question.secondsPerToken;
    };
    bool fits = !candidate.capacity || candidate.bytes <= *candidate.capacity;
    if (fits && passes(1) && !passes(slow))
      flips.push_back("too slow");
    if (fits && !passes(1) && passes(fast))
      flips.push_back("fast enough");
    for (const Candidate &other : candidates) {
      if (&other == &candidate || other.isGood() != candidate.isGood() || !other.isLegal())
        continue;
      double own = candidate.token.value(), theirs = other.token.value();
      if (own >= theirs && own * fast < theirs) {
        flips.push_back("before " + other.name);
        --candidate.best;
      } else if (own < theirs && own * slow > theirs) {
        flips.push_back("behind " + other.name);
        ++candidate.worst;
      }
    }
  }
}

static llvm::json::Value toJSON(const Candidate &candidate) {
  Object object{{"target", candidate.name}, {"suitable", candidate.isGood()}};
  if (!candidate.isLegal()) {
    object["why_not"] = Array{candidate.refusal};
    return object;
  }
  Array whyNot;
  for (const std::string &reason : candidate.whyNot)
    whyNot.push_back(reason);
  object["why_not"] = std::move(whyNot);
  object["needs_bytes"] = candidate.bytes;
  object["memory_bytes"] =
      candidate.capacity ? llvm::json::Value(*candidate.capacity) : llvm::json::Value(nullptr);
  object["multiplies"] = candidate.multiplies;
  object["bound"] = candidate.bound;
  object["ttft_seconds"] = secondsJSON(candidate.firstToken);
  object["tpot_seconds"] = secondsJSON(candidate.token);
  object["place"] = static_cast<int64_t>(candidate.place);
  object["best_place"] = static_cast<int64_t>(candidate.best);
  object["worst_place"] = static_cast<int64_t>(candidate.worst);
  object["flips"] = Array(candidate.flips);
  return object;
}

/// "place 2 to 4, too slow"
static std::string flipsText(const Candidate &candidate) {
  std::string text;
  if (candidate.best != candidate.worst)
    text = fmt::format("place {} to {}", candidate.best, candidate.worst);
  for (const std::string &flip : candidate.flips)
    if (!llvm::StringRef(flip).starts_with("be")) // before, behind
      text += (text.empty() ? "" : ", ") + flip;
  return text.empty() ? "the same" : text;
}

static void print(const std::vector<Candidate> &candidates, const WorkloadQuestion &question) {
  llvm::outs() << fmt::format(
      "first token of a prompt of {} tokens in {}, then a token in {} while it sees {}\n\n",
      question.promptTokens, secondsText(question.secondsToFirstToken),
      secondsText(question.secondsPerToken), question.context);
  std::vector<std::vector<std::string>> lines = {{"", "target", "suits", "first token", "a token",
                                                  "bound", "multiplies", "needs", "of",
                                                  "with 20 % more or less", "why not"}};
  for (const Candidate &candidate : candidates) {
    if (!candidate.isLegal()) {
      lines.push_back(
          {"-", candidate.name, "no", "-", "-", "-", "-", "-", "-", "-", candidate.refusal});
      continue;
    }
    lines.push_back({std::to_string(candidate.place), candidate.name,
                     candidate.isGood() ? "yes" : "no", intervalText(candidate.firstToken),
                     intervalText(candidate.token), candidate.bound, candidate.multiplies,
                     bytesText(static_cast<double>(candidate.bytes)),
                     candidate.capacity ? bytesText(static_cast<double>(*candidate.capacity)) : "-",
                     flipsText(candidate),
                     candidate.whyNot.empty() ? "-" : llvm::join(candidate.whyNot, "; ")});
  }
  printColumns(lines, {true, false, false, true, true, false, false, true, true, false, false});
}

static Status select(const CompileRequest &request, std::vector<std::string> targets,
                     WorkloadQuestion question) {
  if (targets.empty()) {
    Result<std::vector<machine::MachineDescription>> machines = builtinMachines();
    if (!machines)
      return machines.takeFailure();
    // What an instruction set assumes is of no machine.
    for (const machine::MachineDescription &machine : *machines)
      if (machine.kind != "isa")
        targets.push_back(machine.name);
  }
  for (const std::string &target : targets)
    if (Result<machine::MachineDescription> known = describeMachine(target); !known)
      return known.takeFailure();
  // A file that cannot be read is no machine's fault.
  {
    CompileRequest import = request;
    import.options.onlyPlans = true;
    if (Result<ModelKind> kind = recognizeSource(request.path); !kind)
      return kind.takeFailure();
    Compilation compilation(import);
    if (Status status = compilation.load(); !status)
      return status;
    if (Status status = settleQuestion(question, describeModel(compilation.module())); !status)
      return status;
  }
  std::vector<Candidate> candidates;
  for (const std::string &target : targets)
    candidates.push_back(evaluate(request, target, question));
  llvm::sort(candidates, [](const Candidate &left, const Candidate &right) {
    auto rank = [](const Candidate &candidate) {
      return std::tuple(!candidate.isGood(), !candidate.isLegal(), candidate.token.value(),
                        llvm::StringRef(candidate.name));
    };
    return rank(left) < rank(right);
  });
  findFlips(candidates, question);
  if (!question.json) {
    print(candidates, question);
    return {};
  }
  Array list;
  for (const Candidate &candidate : candidates)
    list.push_back(toJSON(candidate));
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(list))) << "\n";
  return {};
}

int frit::driver::selectTarget(const CompileRequest &request, std::vector<std::string> targets,
                               const WorkloadQuestion &question) {
  Status status = select(request, std::move(targets), question);
  if (status)
    return ExitSuccess;
  printError(status.error());
  return ExitFailure;
}
