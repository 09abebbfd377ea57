//===- ExplainCharts.cpp - roofline, lifetimes, crossovers -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DescribeMachine.h"
#include "lib/Driver/ExplainPage.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Workload.h"

#include <cmath>
#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;

namespace {

/// The logarithm of an axis, on pixels.
struct Axis {
  double low, high; ///< Powers of ten.
  double lowPixel, highPixel;

  double at(double value) const {
    return lowPixel + (std::log10(value) - low) / (high - low) * (highPixel - lowPixel);
  }
};

struct Point {
  double intensity, rate; ///< Operations a byte of the last memory, and a second.
  double share;           ///< Of the time of the call.
  std::string label, tip;
};

} // namespace

static std::string svg(double width, double height, llvm::StringRef label, llvm::StringRef body) {
  return fmt::format("<svg class='chart' viewBox='0 0 {0:.0f} {1:.0f}' width='{0:.0f}' "
                     "height='{1:.0f}' role='img' aria-label='{2}'>\n{3}</svg>\n",
                     width, height, escapeHTML(label), body.str());
}

/// Bytes per second of the last memory, of all cores.
static double bandwidthOf(const cost::Machine &machine) {
  if (machine.memories.back().bytesPerSecond)
    return machine.memories.back().bytesPerSecond->value;
  double fastest = 0;
  for (const cost::Datapath &path : machine.datapaths)
    if (path.from + 1 == machine.memories.size())
      fastest = std::max(fastest, path.bytesPerSecond.value *
                                      (path.isShared ? 1.0 : static_cast<double>(machine.cores)));
  return fastest;
}

static std::vector<Point> pointsOf(const PlannedModel &model, const PlannedCalls &calls,
                                   bool isPlanned) {
  double total = 0;
  for (const auto &function : calls.functions)
    total += static_cast<double>(function->calls) *
             (isPlanned ? function->planned : function->unfused).seconds.value();
  std::vector<Point> points;
  for (const auto &function : calls.functions) {
    const plan::Plan &plan = isPlanned ? function->planned : function->unfused;
    for (auto [index, phase] : llvm::enumerate(plan.partition.phases)) {
      double operations = 0, bytes = 0;
      std::string names;
      for (unsigned node :
           llvm::concat<const unsigned>(phase.prologue, phase.anchors, phase.epilogue)) {
        const cost::Work &work = function->flow.nodes[node].work;
        operations += work.matrixOps + work.vectorOps + work.exps;
        names += (names.empty() ? "" : " ") + function->flow.nodes[node].name;
      }
      for (const plan::Demand &demand : function->model.demandsOf(plan.partition, phase))
        if (demand.resource.kind == plan::Resource::Kind::Memory &&
            demand.resource.index + 1 == model.machine.memories.size())
          bytes = demand.amount;
      plan::PhaseCost cost = function->model.costOf(plan.partition, phase);
      double seconds = cost.seconds.value();
      if (bytes <= 0 || operations <= 0 || seconds <= 0)
        continue;
      double share = seconds * static_cast<double>(function->calls) / total;
      points.push_back(
          {operations / bytes, operations / seconds, share, std::to_string(index + 1),
           fmt::format("{} {}: {}; {:.3g} operations a byte, {}, {:.1f} % of the "
                       "call, bound by {}",
                       function->name.str(), index + 1, names, operations / bytes,
                       siText(operations / seconds, "op/s"), 100 * share, cost.bound)});
    }
  }
  return points;
}

std::string frit::driver::drawRoofline(const PlannedModel &model, const PlannedCalls &calls) {
  const cost::Machine &machine = model.machine;
  std::vector<Point> planned = pointsOf(model, calls, true),
                     unfused = pointsOf(model, calls, false);
  double bandwidth = bandwidthOf(machine), cores = static_cast<double>(machine.cores);
  double lowX = 1, highX = 10, lowY = 1e30, highY = 0;
  for (const auto *points : {&planned, &unfused})
    for (const Point &point : *points) {
      lowX = std::min(lowX, point.intensity);
      highX = std::max(highX, point.intensity);
      lowY = std::min(lowY, point.rate);
    }
  std::vector<std::pair<double, std::string>> roofs = {
      {machine.vectorRate.value * cores, "vector"}};
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (machine.matrixRates[number])
      roofs.emplace_back(machine.matrixRates[number]->value * cores,
                         cost::nameOf(static_cast<cost::Number>(number)).str());
  for (const auto &[rate, name] : roofs) {
    highY = std::max(highY, rate);
    highX = std::max(highX, 3 * rate / bandwidth);
  }
  lowY = std::min(lowY, highY / 100);
  constexpr double width = 760, height = 420;
  Axis x{std::floor(std::log10(lowX)), std::ceil(std::log10(highX)), 84, width - 20};
  Axis y{std::floor(std::log10(lowY)), std::ceil(std::log10(highY * 1.3)), height - 52, 16};
  std::string text;
  for (double power = x.low; power <= x.high; ++power)
    text += fmt::format("<line class='grid' x1='{0:.1f}' x2='{0:.1f}' y1='{1:.1f}' y2='{2:.1f}'/>"
                        "<text class='tick middle' x='{0:.1f}' y='{3:.1f}'>{4:g}</text>",
                        x.at(std::pow(10, power)), y.lowPixel, y.highPixel, y.lowPixel + 18,
                        std::pow(10, power));
  for (double power = y.low; power <= y.high; ++power)
    text += fmt::format("<line class='grid' x1='{1:.1f}' x2='{2:.1f}' y1='{0:.1f}' y2='{0:.1f}'/>"
                        "<text class='tick end' x='{3:.1f}' y='{4:.1f}'>{5}</text>",
                        y.at(std::pow(10, power)), x.lowPixel, x.highPixel, x.lowPixel - 8,
                        y.at(std::pow(10, power)) + 4, siText(std::pow(10, power), "op/s"));
  text += fmt::format("<text class='tick middle' x='{:.1f}' y='{:.1f}'>operations a byte of {}"
                      "</text>",
                      (x.lowPixel + x.highPixel) / 2, y.lowPixel + 40,
                      escapeHTML(machine.memories.back().name));
  for (const auto &[rate, name] : roofs) {
    double from = std::clamp(rate / bandwidth, std::pow(10, x.low), std::pow(10, x.high));
    text += fmt::format("<line class='roof' x1='{:.1f}' x2='{:.1f}' y1='{:.1f}' y2='{:.1f}'/><text "
                        "class='tick end' x='{:.1f}' y='{:.1f}'>{}, {}</text>",
                        x.at(from), x.highPixel, y.at(rate), y.at(rate), x.highPixel - 4,
                        y.at(rate) - 5, name, siText(rate, "op/s"));
  }
  double low = std::max(std::pow(10, x.low), std::pow(10, y.low) / bandwidth);
  double high = std::min(highY / bandwidth, std::pow(10, x.high));
  double rise = y.at(low * bandwidth) - y.at(high * bandwidth), run = x.at(high) - x.at(low);
  double middle = std::pow(low, .3) * std::pow(high, .7);
  text += fmt::format(
      "<line class='roof' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/><text class='tick "
      "middle' transform='translate({:.1f} {:.1f}) rotate({:.1f})'>{}, {}</text>\n",
      x.at(low), y.at(low * bandwidth), x.at(high), y.at(high * bandwidth), x.at(middle) - 6,
      y.at(middle * bandwidth) - 8, -std::atan2(rise, run) * 180 / 3.14159265358979,
      escapeHTML(machine.memories.back().name), siText(bandwidth, "B/s"));
  for (const Point &point : unfused)
    text += fmt::format("<circle class='unfused' cx='{:.1f}' cy='{:.1f}' r='4'><title>alone, "
                        "{}</title></circle>\n",
                        x.at(point.intensity), y.at(point.rate), escapeHTML(point.tip));
  for (const Point &point : planned)
    text += fmt::format("<g class='planned'><title>{4}</title><circle cx='{0:.1f}' cy='{1:.1f}' "
                        "r='{2:.1f}'/><text x='{0:.1f}' y='{3:.1f}'>{5}</text></g>\n",
                        x.at(point.intensity), y.at(point.rate), 7 + 12 * std::sqrt(point.share),
                        y.at(point.rate) + 4, escapeHTML(point.tip), point.label);
  return svg(width, height, "roofline", text);
}

std::vector<StoredValue> frit::driver::storedValues(const PlannedModel &model,
                                                    const PlannedFunction &function) {
  std::vector<StoredValue> values;
  const plan::Partition &partition = function.planned.partition;
  const plan::Dataflow &flow = function.flow;
  auto add = [&](mlir::Value value, std::string name, size_t first, mlir::Operation *outside) {
    int64_t bytes =
        cost::activationBytes(value.getType(), cost::rowsOf(value, function.flow.shape));
    StoredValue stored{std::move(name), bytes, first, first, model.machine.homeOf(bytes)};
    for (auto [index, phase] : llvm::enumerate(partition.phases))
      for (unsigned node :
           llvm::concat<const unsigned>(phase.prologue, phase.anchors, phase.epilogue))
        if (llvm::is_contained(flow.nodes[node].op->getOperands(), value))
          stored.last = std::max(stored.last, index);
    if (outside)
      stored.last = partition.phases.size() - 1;
    values.push_back(std::move(stored));
  };
  for (mlir::BlockArgument argument : function.block.getArguments())
    if (plan::isActivation(argument))
      add(argument, "input", 0, nullptr);
  for (auto [index, phase] : llvm::enumerate(partition.phases))
    for (unsigned node : plan::storedBy(flow, partition, phase))
      for (mlir::Value result : flow.nodes[node].op->getResults())
        if (plan::isActivation(result))
          add(result, flow.nodes[node].name, index,
              flow.nodes[node].escapes ? flow.nodes[node].op : nullptr);
  return values;
}

std::string frit::driver::drawLifetimes(const PlannedModel &model,
                                        const PlannedFunction &function) {
  std::vector<StoredValue> values = storedValues(model, function);
  size_t phases = function.planned.partition.phases.size();
  size_t letters = 5;
  for (const StoredValue &value : values)
    letters = std::max(letters, value.name.size());
  double left = 7 * static_cast<double>(letters) + 22;
  constexpr double column = 104, row = 26;
  double width = left + column * static_cast<double>(phases) + 10;
  double height = 26 + row * static_cast<double>(values.size() + 1) + 8;
  std::string text;
  for (size_t phase = 0; phase <= phases; ++phase) {
    double x = left + column * static_cast<double>(phase);
    text += fmt::format("<line class='grid' x1='{0:.1f}' x2='{0:.1f}' y1='22' y2='{1:.1f}'/>", x,
                        height - 4);
    if (phase < phases)
      text += fmt::format("<text class='tick middle' x='{:.1f}' y='14'>{}</text>", x + column / 2,
                          phase + 1);
  }
  std::vector<int64_t> live(phases);
  for (auto [index, value] : llvm::enumerate(values)) {
    double y = 26 + row * static_cast<double>(index);
    for (size_t phase = value.first; phase <= value.last; ++phase)
      live[phase] += value.bytes;
    const std::string &memory = model.machine.memories[value.memory].name;
    text += fmt::format(
        "<text class='tick end' x='{:.1f}' y='{:.1f}'>{}</text><g class='life memory{}'><title>{}: "
        "{} bytes in {}</title><rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{}' rx='4'/>"
        "<text x='{:.1f}' y='{:.1f}'>{} · {}</text></g>\n",
        left - 8, y + 15, escapeHTML(value.name), value.memory % 4, escapeHTML(value.name),
        value.bytes, escapeHTML(memory), left + column * static_cast<double>(value.first) + 2,
        y + 2, column * static_cast<double>(value.last - value.first + 1) - 4, row - 6,
        left + column * static_cast<double>(value.first) + 8, y + 16,
        bytesText(static_cast<double>(value.bytes)), escapeHTML(memory));
  }
  double y = 26 + row * static_cast<double>(values.size());
  text += fmt::format("<text class='tick end strong' x='{:.1f}' y='{:.1f}'>alive</text>", left - 8,
                      y + 17);
  for (size_t phase = 0; phase < phases; ++phase)
    text += fmt::format("<text class='tick middle strong' x='{:.1f}' y='{:.1f}'>{}</text>",
                        left + column * (static_cast<double>(phase) + .5), y + 17,
                        bytesText(static_cast<double>(live[phase])));
  return svg(width, height, "lifetimes of stored values", text);
}

std::string frit::driver::drawCrossovers(const PlannedModel &model) {
  const PlannedCalls &calls = model.calls.front();
  auto most = static_cast<double>(model.calls.back().shapes.last);
  std::map<std::pair<llvm::StringRef, size_t>, std::vector<const Flip *>> edges;
  for (const Flip &flip : model.flips)
    edges[{flip.function, flip.choice}].push_back(&flip);
  size_t letters = 10;
  auto nameOf = [&](const auto &key) {
    return key.first.str() + ": " + plan::nameOfChoice(calls.find(key.first)->flow, key.second);
  };
  for (const auto &[key, flips] : edges)
    letters = std::max(letters, nameOf(key).size());
  double left = 6.6 * static_cast<double>(letters) + 20;
  constexpr double row = 24, span = 640;
  double width = left + span + 24, height = 30 + row * static_cast<double>(edges.size()) + 28;
  auto at = [&](double tokens) {
    return left + span * std::log2(tokens) / std::max(1.0, std::log2(most + 1));
  };
  std::string text;
  for (const PlannedCalls &planned : model.calls) {
    double x = at(static_cast<double>(planned.shapes.first));
    text += fmt::format("<line class='part' x1='{0:.1f}' x2='{0:.1f}' y1='20' y2='{1:.1f}'/><text "
                        "class='tick' x='{2:.1f}' y='14'>{3}</text>",
                        x, height - 26, x + 3, planned.shapes.first);
  }
  double y = 26;
  for (const auto &edge : edges) {
    const auto &key = edge.first;
    const auto &flips = edge.second;
    const plan::Dataflow &flow = calls.find(key.first)->flow;
    text += fmt::format("<text class='tick end' x='{:.1f}' y='{:.1f}'>{}</text>", left - 8, y + 14,
                        escapeHTML(nameOf(key)));
    auto segment = [&](int64_t first, int64_t last, bool isFused) {
      std::string decision =
          plan::nameOf(plan::decisionOf(flow, model.machine, key.second, isFused)).str();
      double start = at(static_cast<double>(first)), end = at(static_cast<double>(last + 1));
      text += fmt::format("<g class='span {0}'><title>{0} from {1} to {2} tokens</title><rect "
                          "x='{3:.1f}' y='{4:.1f}' width='{5:.1f}' height='{6}' rx='3'/>",
                          decision, first, last, start + .5, y + 1, end - start - 1, row - 5);
      if (end - start > 8 * static_cast<double>(decision.size()))
        text += fmt::format("<text x='{:.1f}' y='{:.1f}'>{}</text>", (start + end) / 2, y + 14,
                            decision);
      text += "</g>";
    };
    int64_t first = 1;
    for (const Flip *flip : flips) {
      segment(first, flip->tokens - 1, !flip->isFused);
      first = flip->tokens;
    }
    segment(first, model.calls.back().shapes.last, flips.back()->isFused);
    y += row;
  }
  text += fmt::format("<text class='tick end' x='{:.1f}' y='{:.1f}'>tokens of a call; lines: where "
                      "classes of calls begin</text>",
                      left + span, y + 20);
  return svg(width, height, "crossovers", text);
}
