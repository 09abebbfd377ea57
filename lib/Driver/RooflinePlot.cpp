//===- RooflinePlot.cpp - rooflines as SVG ----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DescribeMachine.h"
#include "lib/Driver/Roofline.h"

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
  double share;           ///< Of the time of its call.
  std::string name;
  bool isDecode;
};

class Panel {
public:
  Panel(const Roofline &roofline, double top) : roofline(roofline), top(top) {}

  std::string draw();

private:
  void addPoints(const workload::CallReport &call, bool isDecode);
  std::string axes() const;
  std::string roofs() const;
  std::string points() const;

  const Roofline &roofline;
  double top;
  std::vector<Point> all;
  Axis x = {}, y = {};
};
} // namespace

static constexpr double width = 880, panelHeight = 430, left = 90, right = 30, above = 50,
                        below = 60;

static std::string escape(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
  return result;
}

void Panel::addPoints(const workload::CallReport &call, bool isDecode) {
  for (const workload::PhaseReport &phase : call.phases) {
    double seconds = phase.cost.seconds.value();
    if (phase.farBytes <= 0 || phase.amounts.operations() <= 0)
      continue;
    std::string name = phase.function + ":";
    for (const workload::OpReport &op : phase.ops)
      name += " " + op.name;
    double share = seconds * static_cast<double>(phase.calls) / call.planned.seconds.value();
    all.push_back({phase.amounts.operations() / phase.farBytes,
                   phase.amounts.operations() / seconds, share, name, isDecode});
  }
}

std::string Panel::axes() const {
  std::string text;
  for (double power = x.low; power <= x.high; ++power)
    text += fmt::format("<line class='grid' x1='{0:.1f}' x2='{0:.1f}' y1='{1:.1f}' y2='{2:.1f}'/>"
                        "<text class='tick' text-anchor='middle' x='{0:.1f}' y='{3:.1f}'>{4:g}"
                        "</text>\n",
                        x.at(std::pow(10, power)), y.lowPixel, y.highPixel, y.lowPixel + 18,
                        std::pow(10, power));
  for (double power = y.low; power <= y.high; ++power)
    text += fmt::format("<line class='grid' x1='{1:.1f}' x2='{2:.1f}' y1='{0:.1f}' y2='{0:.1f}'/>"
                        "<text class='tick' text-anchor='end' x='{3:.1f}' y='{4:.1f}'>{5}</text>\n",
                        y.at(std::pow(10, power)), x.lowPixel, x.highPixel, x.lowPixel - 8,
                        y.at(std::pow(10, power)) + 4, siText(std::pow(10, power), "op/s"));
  text += fmt::format("<text class='label' text-anchor='middle' x='{:.1f}' y='{:.1f}'>operations a "
                      "byte of {}</text>\n",
                      (x.lowPixel + x.highPixel) / 2, y.lowPixel + 40,
                      escape(roofline.workload->machine.memories.back().name));
  return text;
}

/// Bytes per second of the last memory of all cores.
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

std::string Panel::roofs() const {
  const cost::Machine &machine = roofline.workload->machine;
  double bandwidth = bandwidthOf(machine), cores = static_cast<double>(machine.cores);
  std::string text;
  double highest = 0;
  auto flat = [&](double rate, llvm::StringRef name) {
    double from = std::clamp(rate / bandwidth, std::pow(10, x.low), std::pow(10, x.high));
    text +=
        fmt::format("<line class='roof' x1='{:.1f}' x2='{:.1f}' y1='{:.1f}' y2='{:.1f}'/>"
                    "<text class='tick' text-anchor='end' x='{:.1f}' y='{:.1f}'>{}, {}</text>\n",
                    x.at(from), x.highPixel, y.at(rate), y.at(rate), x.highPixel - 4,
                    y.at(rate) - 5, name.str(), siText(rate, "op/s"));
    highest = std::max(highest, rate);
  };
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (machine.matrixRates[number])
      flat(machine.matrixRates[number]->value * cores,
           cost::nameOf(static_cast<cost::Number>(number)));
  double low = std::pow(10, x.low), high = std::min(highest / bandwidth, std::pow(10, x.high));
  double floor = std::pow(10, y.low);
  low = std::max(low, floor / bandwidth);
  text += fmt::format("<line class='roof' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>\n",
                      x.at(low), y.at(low * bandwidth), x.at(high), y.at(high * bandwidth));
  double angle =
      -std::atan2(y.at(low * bandwidth) - y.at(high * bandwidth), x.at(high) - x.at(low)) * 180 /
      3.14159265358979;
  double middle = std::sqrt(low * high);
  text += fmt::format("<text class='tick' text-anchor='middle' transform='translate({:.1f} {:.1f}) "
                      "rotate({:.1f})'>{}, {}</text>\n",
                      x.at(middle) - 6, y.at(middle * bandwidth) - 8, angle,
                      escape(machine.memories.back().name), siText(bandwidth, "B/s"));
  return text;
}

std::string Panel::points() const {
  std::string text;
  for (const Point &point : all)
    text += fmt::format("<circle class='{}' cx='{:.1f}' cy='{:.1f}' r='{:.1f}'><title>{}: {:.3g} "
                        "op/B, {}, {:.1f} % of the call</title></circle>\n",
                        point.isDecode ? "decode" : "prefill", x.at(point.intensity),
                        y.at(point.rate), 3 + 14 * std::sqrt(point.share), escape(point.name),
                        point.intensity, siText(point.rate, "op/s"), 100 * point.share);
  return text;
}

std::string Panel::draw() {
  addPoints(roofline.decode, true);
  addPoints(roofline.prefill, false);
  const cost::Machine &machine = roofline.workload->machine;
  double lowX = 1, highX = 10, lowY = 1e30, highY = 0;
  for (const Point &point : all) {
    lowX = std::min(lowX, point.intensity);
    highX = std::max(highX, point.intensity);
    lowY = std::min(lowY, point.rate);
  }
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (machine.matrixRates[number]) {
      double rate = machine.matrixRates[number]->value * static_cast<double>(machine.cores);
      highY = std::max(highY, rate);
      highX = std::max(highX, 3 * rate / bandwidthOf(machine));
    }
  lowY = std::min(lowY, highY / 100);
  x = {std::floor(std::log10(lowX)), std::ceil(std::log10(highX)), left, width - right};
  y = {std::floor(std::log10(lowY)), std::ceil(std::log10(highY * 1.2)), top + panelHeight - below,
       top + above};
  return fmt::format("<text class='title' x='{}' y='{:.1f}'>{}: {}</text>\n", left, top + 30,
                     escape(roofline.workload->machine.name),
                     escape(roofline.workload->model.name)) +
         axes() + roofs() + points();
}

std::string frit::driver::plotRooflines(llvm::ArrayRef<Roofline> rooflines) {
  double legend = 40;
  std::string text = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' height='{1}'>\n",
      width, legend + panelHeight * static_cast<double>(rooflines.size()));
  text += "<style>\n"
          "svg { background: #fff; --ink: #1f2328; --faint: #d8dee4; --roof: #57606a; "
          "--decode: #0969da; --prefill: #bc4c00; }\n"
          "@media (prefers-color-scheme: dark) { svg { background: #0d1117; --ink: #e6edf3; "
          "--faint: #30363d; --roof: #8b949e; --decode: #58a6ff; --prefill: #f0883e; } }\n"
          "text { font: 12px system-ui, sans-serif; fill: var(--ink); }\n"
          ".title { font-size: 16px; font-weight: 600; }\n"
          ".grid { stroke: var(--faint); }\n"
          ".roof { stroke: var(--roof); stroke-width: 2; }\n"
          ".decode { fill: var(--decode); fill-opacity: .65; }\n"
          ".prefill { fill: var(--prefill); fill-opacity: .65; }\n"
          "</style>\n";
  const workload::CallReport &decode = rooflines.front().decode,
                             &prefill = rooflines.front().prefill;
  text +=
      fmt::format("<circle class='decode' cx='{0}' cy='24' r='7'/><text x='{1}' y='28'>phases "
                  "of a token that sees {2} keys</text>\n"
                  "<circle class='prefill' cx='{3}' cy='24' r='7'/><text x='{4}' y='28'>phases "
                  "of a call of {5} tokens; area: share of the call</text>\n",
                  left, left + 14, decode.shape.keys, left + 290, left + 304, prefill.shape.tokens);
  for (size_t index = 0; index < rooflines.size(); ++index)
    text += Panel(rooflines[index], legend + panelHeight * static_cast<double>(index)).draw();
  return text + "</svg>\n";
}
