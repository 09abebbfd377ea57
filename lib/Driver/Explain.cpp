//===- Explain.cpp - frit explain -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Explain.h"

#include "lib/Driver/ExplainEdge.h"
#include "lib/Driver/ExplainPage.h"
#include "lib/Driver/ExplainPlan.h"
#include "lib/Driver/Output.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace frit;
using namespace frit::driver;
using llvm::formatv;

static std::string count(size_t number, llvm::StringRef what) {
  return (llvm::Twine(number) + " " + what + (number == 1 ? "" : "s")).str();
}

/// "8 tokens of which the newest sees 1024 keys"
static std::string nameOf(const cost::Shape &shape) {
  return count(shape.tokens, "token") + " of which the newest sees " + count(shape.keys, "key");
}

static std::string nameOf(const plan::ShapeClass &shapes) {
  if (shapes.first == shapes.last)
    return count(shapes.first, "token");
  return (llvm::Twine(shapes.first) + " to " + count(shapes.last, "token")).str();
}

static void printRecords(const PlannedFunction &function) {
  llvm::raw_ostream &out = llvm::outs();
  std::vector<std::array<std::string, 6>> lines = {
      {"  producer", "consumer", "decision", "bytes saved", "saves", "reason"}};
  for (const plan::Record &record : function.records) {
    std::string reason = record.reason;
    if (!record.flip.empty())
      reason += "; " + record.flip;
    lines.push_back({"  " + record.producer, record.consumer, plan::nameOf(record.decision).str(),
                     record.saved ? std::to_string(record.bytesSaved) : "-",
                     record.saved ? microseconds(record.saved->value()) : "-", reason});
  }
  std::array<size_t, 6> widths = {};
  for (const auto &line : lines)
    for (size_t column = 0; column + 1 < line.size(); ++column)
      widths[column] = std::max(widths[column], line[column].size());
  for (const auto &line : lines) {
    for (size_t column = 0; column < line.size(); ++column) {
      std::string padding(widths[column] - std::min(widths[column], line[column].size()), ' ');
      bool isNumber = column == 3 || column == 4;
      out << (isNumber ? padding + line[column] : line[column]);
      if (column + 1 < line.size())
        out << (isNumber ? "" : padding) << "  ";
    }
    out << "\n";
  }
}

/// `like`: the same for other calls that are cut in the same way, or null.
static void print(const PlannedFunction &function, const PlannedFunction *like) {
  llvm::raw_ostream &out = llvm::outs();
  const plan::Plan &planned = function.planned, &unfused = function.unfused;
  size_t ops = function.flow.nodes.size(), phases = planned.partition.phases.size();
  out << "\n"
      << function.name << ": " << count(ops, "op") << " in " << count(phases, "phase") << ", "
      << microseconds(planned.seconds.value()) << "; unfused " << count(ops, "phase") << ", "
      << microseconds(unfused.seconds.value()) << "; activations moved "
      << planned.traffic.activationBytes() << " B instead of " << unfused.traffic.activationBytes()
      << "\n";
  for (auto [index, phase] : llvm::enumerate(planned.partition.phases)) {
    plan::PhaseCost cost = function.model.costOf(planned.partition, phase);
    out << formatv("  {0}  {1,10}  {2,-24}", index + 1, microseconds(cost.seconds.value()),
                   cost.bound);
    auto add = [&](llvm::ArrayRef<unsigned> nodes, const char *between) {
      for (unsigned node : nodes)
        out << between << function.flow.nodes[node].name;
    };
    out << "[";
    add(phase.prologue, " ");
    out << " |";
    add(phase.anchors, " ");
    out << " |";
    add(phase.epilogue, " ");
    out << " ]\n";
  }
  out << "\n";
  if (!like)
    printRecords(function);
}

/// Which choices become others from how many tokens on.
static void printFlips(const PlannedModel &model) {
  llvm::raw_ostream &out = llvm::outs();
  const PlannedCalls &calls = model.calls.front();
  out << "\nup to " << count(model.calls.back().shapes.last, "token") << ": "
      << (model.flips.empty() ? "no choice changes" : "what changes with the number of tokens")
      << "\n";
  const Flip *last = nullptr;
  std::string lastVerb;
  for (const Flip &flip : model.flips) {
    const plan::Dataflow &flow = calls.find(flip.function)->flow;
    std::string verb =
        (plan::nameOf(plan::decisionOf(flow, model.machine, flip.choice, flip.isFused)) +
         " instead of " +
         plan::nameOf(plan::decisionOf(flow, model.machine, flip.choice, !flip.isFused)))
            .str();
    if (last && last->tokens == flip.tokens && last->function == flip.function && lastVerb == verb)
      out << ", ";
    else
      out << (last ? "\n" : "")
          << formatv("  from {0,-5} {1}: {2}: ", flip.tokens, flip.function, verb);
    out << plan::nameOfChoice(flow, flip.choice);
    last = &flip;
    lastVerb = verb;
  }
  if (last)
    out << "\n";
}

/// What is decided otherwise than in `before`.
static void printChanges(const PlannedCalls &calls, const PlannedCalls &before) {
  llvm::raw_ostream &out = llvm::outs();
  size_t number = 0;
  std::string text;
  llvm::raw_string_ostream lines(text);
  auto compare = [&](const PlannedFunction &function, const PlannedFunction *other, bool isNew) {
    for (const plan::Record &record : function.records) {
      const plan::Record *was = other ? other->find(record.producer, record.consumer) : nullptr;
      if (was && (!isNew || was->decision == record.decision))
        continue;
      ++number;
      lines << "  " << function.name << ": " << record.producer << " -> " << record.consumer
            << ": ";
      if (!isNew)
        lines << "not there, was " << plan::nameOf(record.decision) << "\n";
      else
        lines << plan::nameOf(record.decision) << ", was "
              << (was ? plan::nameOf(was->decision) : "not there") << ": " << record.reason << "\n";
    }
  };
  for (const auto &function : calls.functions)
    compare(*function, before.find(function->name), /*isNew=*/true);
  for (const auto &function : before.functions)
    compare(*function, calls.find(function->name), /*isNew=*/false);
  out << (number ? count(number, "decision") + (number == 1 ? " changes" : " change")
                 : "no decision changes")
      << "\n"
      << text;
  for (const auto &function : calls.functions)
    if (const PlannedFunction *was = before.find(function->name))
      out << "  " << function->name << ": "
          << count(function->planned.partition.phases.size(), "phase") << ", "
          << microseconds(function->planned.seconds.value()) << "; was "
          << count(was->planned.partition.phases.size(), "phase") << ", "
          << microseconds(was->planned.seconds.value()) << "\n";
}

/// `before`: null when there was none.
static void printJSON(const PlannedModel &model, const PlannedCalls &calls,
                      const PlannedCalls *before) {
  for (const auto &function : calls.functions) {
    const PlannedFunction *other = before ? before->find(function->name) : nullptr;
    for (auto [choice, record] : llvm::enumerate(function->records)) {
      llvm::json::Object object{
          {"function", function->name},  {"tokens", calls.shape.tokens},
          {"keys", calls.shape.keys},    {"producer", record.producer},
          {"consumer", record.consumer}, {"decision", plan::nameOf(record.decision)},
          {"reason", record.reason},     {"bytes_saved", nullptr},
          {"seconds", nullptr},          {"flip", record.flip}};
      if (record.saved) {
        object["bytes_saved"] = record.bytesSaved;
        object["seconds"] = llvm::json::Object{{"value", record.saved->value()},
                                               {"low", record.saved->low()},
                                               {"high", record.saved->high()}};
      }
      if (before) {
        const plan::Record *was = other ? other->find(record.producer, record.consumer) : nullptr;
        object["was"] = was ? llvm::json::Value(plan::nameOf(was->decision)) : nullptr;
      }
      if (model.calls.size() > 1) {
        object["class"] = llvm::json::Array{calls.shapes.first, calls.shapes.last};
        llvm::json::Array crossovers;
        for (const Flip &flip : model.flips)
          if (flip.function == function->name && flip.choice == choice)
            crossovers.push_back(llvm::json::Object{
                {"tokens", flip.tokens},
                {"decision", plan::nameOf(plan::decisionOf(function->flow, model.machine, choice,
                                                           flip.isFused))}});
        object["crossovers"] = std::move(crossovers);
      }
      llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
    }
  }
}

/// Whether calls are cut as others are.
static bool isCutAlike(const PlannedCalls &calls, const PlannedCalls &others) {
  return llvm::all_of(calls.functions, [&](const auto &function) {
    return function->planned.choices == others.find(function->name)->planned.choices;
  });
}

static void printText(const PlannedModel &model, const PlannedModel *before,
                      const ExplainOptions &options) {
  llvm::raw_ostream &out = llvm::outs();
  bool isOne = model.calls.size() == 1;
  for (auto [index, calls] : llvm::enumerate(model.calls)) {
    if (isOne)
      out << "on " << model.machine.name << ", for " << nameOf(calls.shape) << "\n";
    else
      out << (index ? "\n" : "") << "on " << model.machine.name << ", for calls of "
          << nameOf(calls.shapes) << ", planned for " << nameOf(calls.shape) << "\n";
    if (index == 0)
      for (const std::string &change : model.changes)
        out << "what if " << change << "\n";
    if (!options.whyNot.empty()) {
      out << "\n"
          << explainEdge(model, calls, options.whyNot[0], options.whyNot[1], /*json=*/false);
      continue;
    }
    if (before)
      printChanges(calls, before->calls[index]);
    const PlannedCalls *like =
        index && isCutAlike(calls, model.calls[index - 1]) ? &model.calls[index - 1] : nullptr;
    if (like)
      out << "cut as calls of " << nameOf(like->shapes) << "\n";
    for (const auto &function : calls.functions)
      print(*function, like ? like->find(function->name) : nullptr);
  }
  if (!isOne && options.whyNot.empty())
    printFlips(model);
}

static Status explainTo(const CompileRequest &request, const ExplainOptions &options) {
  auto make = [&](llvm::ArrayRef<std::string> changes) {
    return PlannedModel::make(request, options.tokens, options.keys, changes);
  };
  Result<std::unique_ptr<PlannedModel>> planned = make(options.whatIf);
  if (!planned)
    return planned.takeFailure();
  const PlannedModel &model = **planned;
  if (!options.whyNot.empty())
    if (Status status = checkEdge(model, options.whyNot[0], options.whyNot[1]); !status)
      return status;
  std::unique_ptr<PlannedModel> before;
  if (!options.whatIf.empty()) {
    // What changes may be what makes it possible to plan.
    Result<std::unique_ptr<PlannedModel>> found = make({});
    if (found)
      before = *std::move(found);
    else
      printNote("without --what-if: " + found.error());
  }
  if (!options.html.empty()) {
    std::string page =
        explainPage(model, before.get(), llvm::sys::path::filename(request.path).str());
    if (Status status = writeTextFile(options.html, page); !status)
      return status;
    if (!options.json && options.whyNot.empty())
      return {};
  }
  if (!options.json) {
    printText(model, before.get(), options);
    return {};
  }
  for (auto [index, calls] : llvm::enumerate(model.calls))
    if (options.whyNot.empty())
      printJSON(model, calls, before ? &before->calls[index] : nullptr);
    else
      llvm::outs() << explainEdge(model, calls, options.whyNot[0], options.whyNot[1],
                                  /*json=*/true);
  return {};
}

int frit::driver::explainModel(const CompileRequest &request, const ExplainOptions &options) {
  if (Status status = explainTo(request, options); !status) {
    printError(status.error());
    return ExitFailure;
  }
  return ExitSuccess;
}
