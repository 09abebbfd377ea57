//===- ExplainEdge.cpp - all there is to say about two ops -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExplainEdge.h"

#include "dialects/KV/KV.h"
#include "lib/Support/Printable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace frit;
using namespace frit::driver;
using llvm::formatv;
using llvm::StringRef;

std::string frit::driver::microseconds(double seconds) {
  return formatv("{0:f2} us", seconds * 1e6);
}

static std::optional<unsigned> findNode(const plan::Dataflow &flow, StringRef name) {
  for (auto [index, node] : llvm::enumerate(flow.nodes))
    if (node.name == name)
      return static_cast<unsigned>(index);
  return std::nullopt;
}

static std::optional<unsigned> findChoice(const plan::Dataflow &flow, unsigned a, unsigned b) {
  for (auto [index, edge] : llvm::enumerate(flow.edges))
    if (edge.producer == a && edge.consumer == b)
      return static_cast<unsigned>(index);
  for (auto [index, sibling] : llvm::enumerate(flow.siblings))
    if (sibling.first == a && sibling.second == b)
      return static_cast<unsigned>(flow.edges.size() + index);
  return std::nullopt;
}

namespace {
/// One step from op to op: a value, or a cache that one writes and the other reads.
struct Step {
  unsigned from = 0, to = 0;
  std::optional<unsigned> choice;
};
} // namespace

/// Whether one op writes a cache that the other reads.
static bool passesCache(const plan::Dataflow &flow, unsigned from, unsigned to) {
  return mlir::isa<kv::AppendOp>(flow.nodes[from].op) &&
         llvm::is_contained(flow.nodes[to].after, from);
}

/// A shortest way from one op to another; empty: there is none.
static std::vector<Step> wayBetween(const plan::Dataflow &flow, unsigned from, unsigned to) {
  std::vector<std::optional<Step>> arrival(flow.nodes.size());
  std::vector<unsigned> reached = {from};
  for (size_t i = 0; i < reached.size() && !arrival[to]; ++i) {
    auto reach = [&](Step step) {
      if (step.to == from || arrival[step.to])
        return;
      arrival[step.to] = step;
      reached.push_back(step.to);
    };
    for (unsigned edge : flow.nodes[reached[i]].out)
      reach({reached[i], flow.edges[edge].consumer, edge});
    for (unsigned node = 0; node < flow.nodes.size(); ++node)
      if (passesCache(flow, reached[i], node))
        reach({reached[i], node, std::nullopt});
  }
  std::vector<Step> way;
  for (unsigned node = to; node != from && arrival[node]; node = arrival[node]->from)
    way.push_back(*arrival[node]);
  std::reverse(way.begin(), way.end());
  return way;
}

/// The ops whose results two ops both come from, of which no other such one comes: where their ways
/// part.
static std::vector<unsigned> partingsOf(const plan::Dataflow &flow, unsigned a, unsigned b) {
  std::vector<unsigned> common;
  for (unsigned node = 0; node < flow.nodes.size(); ++node)
    if (!wayBetween(flow, node, a).empty() && !wayBetween(flow, node, b).empty())
      common.push_back(node);
  std::vector<unsigned> last;
  for (unsigned node : common)
    if (llvm::none_of(common,
                      [&](unsigned other) { return !wayBetween(flow, node, other).empty(); }))
      last.push_back(node);
  return last;
}

namespace {
class EdgeExplainer {
public:
  EdgeExplainer(const PlannedModel &model, const PlannedCalls &calls,
                const PlannedFunction &function, unsigned a, unsigned b)
      : model(model), calls(calls), function(function), flow(function.flow), a(a), b(b), out(text) {
  }

  std::string run(bool json);

private:
  StringRef nameOf(unsigned node) const { return flow.nodes[node].name; }
  void printDetail(const plan::Detail &detail);
  void printWay(llvm::ArrayRef<Step> way);
  void printNoEdge();
  llvm::json::Object toJSON(const plan::Detail &detail) const;
  llvm::json::Array toJSON(llvm::ArrayRef<Step> way) const;

  const PlannedModel &model;
  const PlannedCalls &calls;
  const PlannedFunction &function;
  const plan::Dataflow &flow;
  unsigned a, b;
  std::string text;
  llvm::raw_string_ostream out;
};
} // namespace

static llvm::json::Object toJSON(const cost::Seconds &seconds) {
  return llvm::json::Object{
      {"value", seconds.value()}, {"low", seconds.low()}, {"high", seconds.high()}};
}

void EdgeExplainer::printDetail(const plan::Detail &detail) {
  const plan::Record &record = detail.record;
  out << function.name << ": " << record.producer << " -> " << record.consumer << ": "
      << plan::nameOf(record.decision) << "\n";
  if (record.decision != plan::Decision::Stored)
    out << "  where      " << record.reason << "\n";
  for (auto [index, reason] : llvm::enumerate(detail.failing))
    out << (index ? "             " : "  fails      ") << reason << "\n";
  if (record.saved)
    out << formatv("  fused      saves {0} us, between {1} and {2}, and {3} B\n",
                   formatv("{0:f2}", record.saved->value() * 1e6),
                   formatv("{0:f2}", record.saved->low() * 1e6),
                   formatv("{0:f2}", record.saved->high() * 1e6), record.bytesSaved);
  bool isStored = record.decision == plan::Decision::Stored;
  for (const plan::Alternative &other : detail.alternatives) {
    out << (&other == detail.alternatives.data() ? (isStored ? "  to fuse    " : "  to store   ")
                                                 : "             ");
    out << (other.with.empty() ? "alone" : "with ");
    for (unsigned choice : other.with)
      out << (choice == other.with.front() ? "" : ", ") << plan::nameOfChoice(flow, choice);
    out << ": ";
    if (other.obstacles.empty())
      out << formatv("{0:f2} us longer, between {1:f2} and {2:f2}, and {3} B more\n",
                     other.loss.value() * 1e6, other.loss.low() * 1e6, other.loss.high() * 1e6,
                     other.bytesMore);
    else
      out << llvm::join(other.obstacles, "; ") << "\n";
  }
  if (detail.flips.empty())
    out << "  otherwise  with no other figure of the machine or the call alone, up to 1024 times "
           "as "
           "large or small\n";
  for (auto [index, flip] : llvm::enumerate(detail.flips))
    out << (index ? "             " : "  otherwise  ") << flip << "\n";
}

void EdgeExplainer::printWay(llvm::ArrayRef<Step> way) {
  for (const Step &step : way) {
    out << "  " << nameOf(step.from) << " -> " << nameOf(step.to) << ": ";
    if (step.choice) {
      const plan::Record &record = function.records[*step.choice];
      out << plan::nameOf(record.decision) << ", " << record.reason << "\n";
    } else {
      out << "through the cache, in phases one after another\n";
    }
  }
}

void EdgeExplainer::printNoEdge() {
  out << function.name << ": " << nameOf(a) << " and " << nameOf(b)
      << " have no edge: neither reads what the other computes, and they are no siblings\n";
  for (auto [from, to] : {std::pair(a, b), std::pair(b, a)})
    if (std::vector<Step> way = wayBetween(flow, from, to); !way.empty()) {
      out << "between " << nameOf(from) << " and " << nameOf(to) << " lie\n";
      return printWay(way);
    }
  std::vector<unsigned> partings = partingsOf(flow, a, b);
  if (partings.empty()) {
    out << "nothing leads from one to the other, nor from one op to both\n";
    return;
  }
  out << "nothing leads from one to the other; both come from "
      << llvm::join(llvm::map_range(partings, [&](unsigned node) { return nameOf(node).str(); }),
                    ", ")
      << "\n";
}

llvm::json::Object EdgeExplainer::toJSON(const plan::Detail &detail) const {
  llvm::json::Array alternatives;
  for (const plan::Alternative &other : detail.alternatives) {
    llvm::json::Array with;
    for (unsigned choice : other.with)
      with.push_back(plan::nameOfChoice(flow, choice));
    llvm::json::Object object{{"with", std::move(with)},
                              {"obstacles", llvm::json::Array(other.obstacles)}};
    bool isPossible = other.obstacles.empty();
    object["seconds_more"] =
        isPossible ? llvm::json::Value(::toJSON(other.loss)) : llvm::json::Value(nullptr);
    object["bytes_more"] =
        isPossible ? llvm::json::Value(other.bytesMore) : llvm::json::Value(nullptr);
    alternatives.push_back(std::move(object));
  }
  return llvm::json::Object{{"decision", plan::nameOf(detail.record.decision)},
                            {"reason", detail.record.reason},
                            {"failing", llvm::json::Array(detail.failing)},
                            {"alternatives", std::move(alternatives)},
                            {"flips", llvm::json::Array(detail.flips)}};
}

llvm::json::Array EdgeExplainer::toJSON(llvm::ArrayRef<Step> way) const {
  llvm::json::Array steps;
  for (const Step &step : way)
    steps.push_back(llvm::json::Object{
        {"producer", nameOf(step.from)},
        {"consumer", nameOf(step.to)},
        {"decision", step.choice ? plan::nameOf(function.records[*step.choice].decision)
                                 : StringRef("cache")}});
  return steps;
}

std::string EdgeExplainer::run(bool json) {
  std::optional<unsigned> choice = findChoice(flow, a, b);
  if (!choice)
    choice = findChoice(flow, b, a);
  std::optional<plan::Detail> detail;
  if (choice) {
    plan::Space space(flow);
    detail = plan::explainInFull(function.block, calls.shape, model.machine, function.planned,
                                 space, *choice);
  }
  if (!json) {
    if (detail)
      printDetail(*detail);
    else
      printNoEdge();
    return std::move(text);
  }
  llvm::json::Object object;
  if (detail) {
    object = toJSON(*detail);
    object["producer"] = detail->record.producer;
    object["consumer"] = detail->record.consumer;
  } else {
    std::vector<Step> way = wayBetween(flow, a, b);
    object = llvm::json::Object{{"producer", nameOf(a)},
                                {"consumer", nameOf(b)},
                                {"decision", nullptr},
                                {"between", toJSON(way.empty() ? wayBetween(flow, b, a) : way)}};
  }
  object["function"] = function.name;
  object["tokens"] = calls.shape.tokens;
  object["keys"] = calls.shape.keys;
  out << llvm::json::Value(std::move(object)) << "\n";
  return std::move(text);
}

Status frit::driver::checkEdge(const PlannedModel &model, StringRef producer, StringRef consumer) {
  if (producer == consumer)
    return Failure("--why-not: expected two ops, found ", printable(producer), " twice");
  const StringRef wanted[] = {producer, consumer};
  std::vector<std::string> homes[2];
  bool share = false;
  for (const auto &function : model.calls.front().functions) {
    bool found[] = {findNode(function->flow, producer).has_value(),
                    findNode(function->flow, consumer).has_value()};
    for (size_t i : {0, 1})
      if (found[i])
        homes[i].push_back(function->name.str());
    share |= found[0] && found[1];
  }
  for (size_t i : {0, 1}) {
    if (!homes[i].empty())
      continue;
    std::vector<std::pair<unsigned, StringRef>> names;
    for (const auto &function : model.calls.front().functions)
      for (const plan::Node &node : function->flow.nodes)
        names.emplace_back(wanted[i].edit_distance(node.name), node.name);
    llvm::sort(names);
    names.erase(llvm::unique(names), names.end());
    constexpr size_t most = 8;
    std::string nearest;
    for (const auto &[distance, name] : llvm::ArrayRef(names).take_front(most))
      nearest += (nearest.empty() ? "" : ", ") + name.str();
    return Failure("--why-not: expected the name of an op, such as ", nearest, ", found ",
                   printable(wanted[i]));
  }
  if (!share)
    return Failure("--why-not: expected two ops of one function, found ", printable(producer),
                   " in ", llvm::join(homes[0], ", "), " and ", printable(consumer), " in ",
                   llvm::join(homes[1], ", "), ": phases end where functions do");
  return {};
}

std::string frit::driver::explainEdge(const PlannedModel &model, const PlannedCalls &calls,
                                      StringRef producer, StringRef consumer, bool json) {
  std::string text;
  for (const auto &function : calls.functions) {
    std::optional<unsigned> a = findNode(function->flow, producer);
    std::optional<unsigned> b = findNode(function->flow, consumer);
    if (a && b)
      text += (text.empty() || json ? "" : "\n") +
              EdgeExplainer(model, calls, *function, *a, *b).run(json);
  }
  return text;
}
