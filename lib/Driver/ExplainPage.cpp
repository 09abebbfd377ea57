//===- ExplainPage.cpp - plans as a page -------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExplainPage.h"

#include "lib/Driver/DescribeMachine.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Workload.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;
using llvm::StringRef;

/// Colors are those of roles and decisions wherever they stand: prologue and recomputed, anchor and
/// together, epilogue, stored.
static constexpr const char *style = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1c2128; --faint: #667080;
  --line: #d9dee5; --soft: #eef1f5; --violet: #7c4dcc; --violet-soft: #f0eafb; --blue: #1a67c9;
  --blue-soft: #e6f0fc; --green: #1b7f4b; --green-soft: #e3f5ea; --orange: #b85a00;
  --orange-soft: #fdf0e1; --red: #b42335; }
@media (prefers-color-scheme: dark) { :root { --page: #0e1116; --card: #161b22; --ink: #e4e9f0;
  --faint: #8f9bab; --line: #2f3742; --soft: #1f2630; --violet: #b596f2; --violet-soft: #2a2140;
  --blue: #6fb1ff; --blue-soft: #16283f; --green: #5fcf94; --green-soft: #14301f;
  --orange: #f0a052; --orange-soft: #3a2710; --red: #ff8291; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1420px; margin: 0 auto; padding: 28px 24px 64px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 36px 0 12px; } h3 { font-size: 15px; margin: 26px 0 8px; }
p { margin: 4px 0 12px; max-width: 90ch; } .faint { color: var(--faint); fill: var(--faint); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 18px 20px; margin: 12px 0; overflow-x: auto; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 14px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 12px 18px; min-width: 170px; }
.tile b { display: block; font-size: 22px; letter-spacing: -.01em; }
.tile span { color: var(--faint); font-size: 13px; }
.change { color: var(--orange); }
.tabs > input { position: absolute; opacity: 0; }
.tabs > label { display: inline-block; padding: 7px 16px; margin: 0 6px 6px 0; cursor: pointer;
  border: 1px solid var(--line); border-radius: 999px; background: var(--card); }
.tabs > input:checked + label { background: var(--blue); border-color: var(--blue);
  color: var(--card); font-weight: 600; }
.tabs > input:focus-visible + label { outline: 2px solid var(--blue); outline-offset: 2px; }
.tabs > section { display: none; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; color: var(--faint); font-weight: 500; } td, th { padding: 5px 12px 5px 0;
  border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } .n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; } td.name { white-space: nowrap; }
code, td.name { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 12.5px; }
.pill { display: inline-block; padding: 0 9px; border-radius: 999px; font-size: 12px; }
.epilogue { --c: var(--green); --s: var(--green-soft); }
.recomputed, .prologue { --c: var(--violet); --s: var(--violet-soft); }
.together, .anchor { --c: var(--blue); --s: var(--blue-soft); }
.stored { --c: var(--orange); --s: var(--orange-soft); }
.outside { --c: var(--faint); --s: var(--soft); } .cache { --c: var(--red); --s: var(--soft); }
.pill { color: var(--c); background: var(--s); } .flip { color: var(--faint); display: block; }
.bar { display: block; height: 9px; min-width: 2px; border-radius: 3px; margin-top: 6px;
  background: var(--blue); }
.key { max-width: none; display: flex; flex-wrap: wrap; gap: 6px 18px; font-size: 13px; color: var(--faint); }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 4px; margin-right: 6px;
  vertical-align: -1px; background: var(--s); border: 1.5px solid var(--c); }
svg { display: block; } svg text { fill: var(--ink); font-size: 12px; }
.picture .box { fill: var(--soft); stroke: var(--line); } .head { font-weight: 600; }
svg .head tspan.number { fill: var(--faint); } svg tspan.faint { fill: var(--faint);
  font-weight: 400; } .op > rect { fill: var(--s); stroke: var(--c); stroke-width: 1.3; }
.op text { text-anchor: middle; } .op .name { font: 12px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
svg .small, svg .bytes { font-size: 10.5px; fill: var(--faint); }
svg .bytes { paint-order: stroke; stroke: var(--soft); stroke-width: 4px; }
.edge { fill: none; stroke: var(--faint); stroke-width: 1.3; } marker path { fill: var(--c); }
marker.tip path { fill: var(--faint); } .lane { fill: none; stroke: var(--c); stroke-width: 1.8; }
.lane.cache { stroke-dasharray: 5 4; } .leader { stroke: var(--c); stroke-dasharray: 1 4;
  stroke-width: 1.3; stroke-linecap: round; fill: none; opacity: .7; }
svg .port { text-anchor: end; font: 11.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
svg .edgeName { font: 600 11.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
svg .reason { font-size: 11.5px; fill: var(--faint); }
.grid { stroke: var(--line); } .roof { stroke: var(--faint); stroke-width: 2; }
svg .tick { fill: var(--faint); font-size: 11.5px; } .middle { text-anchor: middle; }
.end { text-anchor: end; } svg .strong { fill: var(--ink); font-weight: 600; }
.unfused { fill: none; stroke: var(--orange); stroke-width: 1.4; opacity: .8; }
.planned circle { fill: var(--blue); fill-opacity: .8; stroke: var(--card); }
svg .planned text { fill: var(--card); text-anchor: middle; font-size: 10.5px; font-weight: 700; }
.life rect { fill: var(--s); stroke: var(--c); } svg .life text { font-size: 11.5px; }
.memory0 { --c: var(--blue); --s: var(--blue-soft); }
.memory1 { --c: var(--green); --s: var(--green-soft); }
.memory2 { --c: var(--violet); --s: var(--violet-soft); }
.memory3 { --c: var(--orange); --s: var(--orange-soft); }
.span rect { fill: var(--s); stroke: var(--c); } svg .span text { text-anchor: middle;
  fill: var(--c); font-size: 11px; } .part { stroke: var(--faint); stroke-dasharray: 3 3; }
@media print { .tabs > section { display: block; } .tabs > label { display: none; } }
)css";

std::string frit::driver::escapeHTML(StringRef text) {
  std::string result;
  for (char c : text)
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  return result;
}

namespace {
class Page {
public:
  Page(const PlannedModel &model, const PlannedModel *before, StringRef source)
      : model(model), before(before), source(source) {}

  std::string write();

private:
  void addHead();
  void addCalls(size_t index);
  void addTiles(const PlannedCalls &calls);
  void addFunction(const PlannedCalls &calls, const PlannedFunction &function,
                   const PlannedFunction *was);
  void addTimes(const PlannedFunction &function);
  void addRecords(const PlannedFunction &function, const PlannedFunction *was);
  void addMemories(const PlannedCalls &calls);
  void addMachine();
  template <typename... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments &&...arguments) {
    text += fmt::format(format, std::forward<Arguments>(arguments)...);
  }

  const PlannedModel &model;
  const PlannedModel *before;
  StringRef source;
  std::string text;
};
} // namespace

static std::string tokensText(const plan::ShapeClass &shapes) {
  if (shapes.first == shapes.last)
    return fmt::format("{} token{}", shapes.first, shapes.first == 1 ? "" : "s");
  return fmt::format("{} to {} tokens", shapes.first, shapes.last);
}

static std::string bytes(int64_t number) { return bytesText(static_cast<double>(number)); }

void Page::addHead() {
  std::string name = escapeHTML(source), machine = escapeHTML(model.machine.name);
  add("<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
      "<meta name='viewport' content='width=device-width'>\n<title>{} on {}</title>\n<style>{}",
      name, machine, style);
  for (size_t index = 0; index < model.calls.size(); ++index)
    add("#c{0}:checked ~ #s{0}{{display:block}}\n", index);
  add("</style>\n</head>\n<body>\n<main>\n<h1>{} <span class='faint'>on</span> {}</h1>\n"
      "<p class='faint'>Which ops share a phase between two barriers, and why the others do not: "
      "as "
      "frit plans it from the figures of the machine.</p>\n",
      name, machine);
  for (const std::string &change : model.changes)
    add("<p class='change'>What if {}</p>\n", escapeHTML(change));
}

void Page::addTiles(const PlannedCalls &calls) {
  double seconds = 0, unfusedSeconds = 0;
  int64_t moved = 0, unfusedMoved = 0, phases = 0, ops = 0;
  for (const auto &function : calls.functions) {
    auto times = static_cast<double>(function->calls);
    seconds += times * function->planned.seconds.value();
    unfusedSeconds += times * function->unfused.seconds.value();
    moved += function->calls * function->planned.traffic.activationBytes();
    unfusedMoved += function->calls * function->unfused.traffic.activationBytes();
    phases += function->calls * static_cast<int64_t>(function->planned.partition.phases.size());
    ops += function->calls * static_cast<int64_t>(function->flow.nodes.size());
  }
  add("<div class='tiles'><div class='tile'><b>{}</b><span>phases a call, for {} ops</span></div>"
      "<div class='tile'><b>{}</b><span>a call; op by op {}</span></div><div class='tile'>"
      "<b>{:.2f}×</b><span>faster than op by op, as planned</span></div><div class='tile'><b>{}</b>"
      "<span>of activations moved; op by op {}</span></div></div>\n",
      phases, ops, secondsText(seconds), secondsText(unfusedSeconds), unfusedSeconds / seconds,
      bytes(moved), bytes(unfusedMoved));
}

void Page::addTimes(const PlannedFunction &function) {
  double longest = 0;
  std::vector<plan::PhaseCost> costs;
  for (const plan::Phase &phase : function.planned.partition.phases) {
    costs.push_back(function.model.costOf(function.planned.partition, phase));
    longest = std::max(longest, costs.back().seconds.value());
  }
  add("<table><tr><th>phase<th class='n'>time<th>bounds<th style='width:34%'><th>bound by"
      "<th class='n'>weights<th class='n'>activations<th class='n'>cache</tr>\n");
  for (auto [index, cost] : llvm::enumerate(costs)) {
    std::string name;
    for (unsigned anchor : function.planned.partition.phases[index].anchors)
      name += (name.empty() ? "" : " ") + function.flow.nodes[anchor].name;
    add("<tr><td class='name'>{} {}<td class='n'>{}<td class='faint'>{} to {}<td><span class='bar' "
        "style='width:{:.1f}%'></span><td>{}<td class='n'>{}<td class='n'>{}<td "
        "class='n'>{}</tr>\n",
        index + 1, escapeHTML(name), secondsText(cost.seconds.value()),
        secondsText(cost.seconds.low()), secondsText(cost.seconds.high()),
        100 * cost.seconds.value() / longest, escapeHTML(cost.bound),
        bytes(cost.traffic.weightBytes), bytes(cost.traffic.activationBytes()),
        bytes(cost.traffic.cacheBytes));
  }
  add("</table>\n");
}

void Page::addRecords(const PlannedFunction &function, const PlannedFunction *was) {
  add("<table class='records'><tr><th>from<th>to<th>decision{}<th class='n'>saves<th "
      "class='n'>bytes"
      "<th>why</tr>\n",
      was ? "<th>was" : "");
  for (const plan::Record &record : function.records) {
    std::string decision = plan::nameOf(record.decision).str(), wasText;
    if (was) {
      const plan::Record *other = was->find(record.producer, record.consumer);
      std::string name = other ? plan::nameOf(other->decision).str() : "";
      wasText =
          name == decision ? "<td>" : fmt::format("<td><span class='pill {0}'>{0}</span>", name);
    }
    add("<tr><td class='name'>{}<td class='name'>{}<td><span class='pill {}'>{}</span>{}<td "
        "class='n'>{}<td class='n'>{}<td>{}<span class='flip'>{}</span></tr>\n",
        escapeHTML(record.producer), escapeHTML(record.consumer), decision, decision, wasText,
        record.saved ? secondsText(record.saved->value()) : "",
        record.saved ? bytes(record.bytesSaved) : "", escapeHTML(record.reason),
        escapeHTML(record.flip));
  }
  add("</table>\n");
}

void Page::addFunction(const PlannedCalls &calls, const PlannedFunction &function,
                       const PlannedFunction *was) {
  const plan::Plan &planned = function.planned;
  add("<h2>{}{}</h2>\n<p class='faint'>{} ops in {} phases, {} a call; op by op {}. Boxes are "
      "phases, in the order in which they run.</p>\n",
      escapeHTML(function.name),
      function.calls > 1
          ? fmt::format(" <span class='faint'>runs {} times a call</span>", function.calls)
          : "",
      function.flow.nodes.size(), planned.partition.phases.size(),
      secondsText(planned.seconds.value()), secondsText(function.unfused.seconds.value()));
  add("<p class='key'><span class='prologue'><i></i>prologue: computed again on each core</span>"
      "<span class='anchor'><i></i>anchor: cores share its loops</span><span class='epilogue'><i>"
      "</i>epilogue: on the tile, before it leaves the core</span><span class='stored'><i></i>"
      "stored: through memory all cores see</span><span class='cache'><i></i>through the cache"
      "</span></p>\n");
  text += "<div class='card'>" + drawPhases(function) + "</div>\n<div class='card'>";
  addTimes(function);
  add("</div>\n<h3>Where stored values live</h3>\n<div class='card'>{}</div>\n<h3>All edges</h3>\n"
      "<div class='card'>",
      drawLifetimes(model, function));
  addRecords(function, was);
  add("</div>\n");
}

void Page::addMemories(const PlannedCalls &calls) {
  std::vector<int64_t> peaks(model.machine.memories.size());
  for (const auto &function : calls.functions) {
    std::vector<StoredValue> values = storedValues(model, *function);
    for (size_t phase = 0; phase < function->planned.partition.phases.size(); ++phase) {
      std::vector<int64_t> live(peaks.size());
      for (const StoredValue &value : values)
        if (value.first <= phase && phase <= value.last)
          live[value.memory] += value.bytes;
      for (size_t memory = 0; memory < peaks.size(); ++memory)
        peaks[memory] = std::max(peaks[memory], live[memory]);
    }
  }
  add("<h2>Memories</h2>\n<div class='card'><table><tr><th>memory<th>of<th class='n'>size<th "
      "class='n'>bandwidth<th class='n'>most alive at once<th class='n'>of it</tr>\n");
  constexpr int64_t unknown = int64_t(1) << 50; // Nobody says how large it is.
  for (auto [memory, peak] : llvm::zip_equal(model.machine.memories, peaks)) {
    bool isKnown = memory.bytes < unknown;
    add("<tr><td class='name'>{}<td>{}<td class='n'>{}<td class='n'>{}<td class='n'>{}<td "
        "class='n'>{}</tr>\n",
        escapeHTML(memory.name), memory.isShared ? "all cores" : "each core",
        isKnown ? bytes(memory.bytes) : "",
        memory.bytesPerSecond ? siText(memory.bytesPerSecond->value, "B/s") : "",
        peak ? bytes(peak) : "",
        peak && isKnown ? fmt::format("{:.2g} %", 100 * static_cast<double>(peak) /
                                                      static_cast<double>(memory.bytes))
                        : "");
  }
  add("</table></div>\n");
}

void Page::addMachine() {
  const cost::Machine &machine = model.machine;
  auto figure = [&](StringRef name, const cost::Figure &figure, const char *unit, bool isCore) {
    add("<tr><td class='name'>{}<td class='n'>{}<td class='faint'>{}<td class='faint'>{}</tr>\n",
        escapeHTML(name), siText(figure.value, unit),
        figure.low == figure.high ? "exact"
                                  : siText(figure.low, unit) + " to " + siText(figure.high, unit),
        isCore ? "each core" : "all cores");
  };
  add("<h2>The machine, as the planner sees it</h2>\n<div class='card'><table><tr><th>figure<th "
      "class='n'>value<th>bounds<th>of</tr>\n<tr><td class='name'>cores<td class='n'>{}<td><td>"
      "</tr>\n",
      machine.cores);
  figure("between phases", machine.phaseSeconds, "s", false);
  figure("f32 operations", machine.vectorRate, "op/s", true);
  figure("exponentials", machine.expRate, "op/s", true);
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (machine.matrixRates[number])
      figure(("products of " + cost::nameOf(static_cast<cost::Number>(number))).str(),
             *machine.matrixRates[number], "op/s", true);
  for (const cost::Datapath &path : machine.datapaths)
    if (std::isfinite(path.bytesPerSecond.value))
      figure(machine.memories[path.from].name + " to " + machine.memories[path.to].name,
             path.bytesPerSecond, "B/s", !path.isShared);
  add("</table></div>\n");
}

void Page::addCalls(size_t index) {
  const PlannedCalls &calls = model.calls[index];
  add("<section id='s{}'>\n<p class='faint'>Planned for {} token{} of which the newest sees {} "
      "keys.</p>\n",
      index, calls.shape.tokens, calls.shape.tokens == 1 ? "" : "s", calls.shape.keys);
  addTiles(calls);
  for (const auto &function : calls.functions)
    addFunction(calls, *function, before ? before->calls[index].find(function->name) : nullptr);
  add("<h2>Roofline</h2>\n<p class='key'><span class='anchor'><i></i>phases by their number; "
      "area: share of the call</span><span class='stored'><i></i>ops alone</span></p>\n<div "
      "class='card'>{}</div>\n",
      drawRoofline(model, calls));
  addMemories(calls);
  add("</section>\n");
}

std::string Page::write() {
  addHead();
  if (model.calls.size() > 1) {
    add("<h2>What changes with the number of tokens</h2>\n");
    if (model.flips.empty())
      add("<p>Nothing: all calls of up to {} tokens are cut in one way.</p>\n",
          model.calls.back().shapes.last);
    else
      add("<div class='card'>{}</div>\n", drawCrossovers(model));
  }
  add("<h2>Calls</h2>\n<div class='tabs'>\n");
  for (auto [index, calls] : llvm::enumerate(model.calls))
    add("<input type='radio' name='calls' id='c{0}'{1}><label for='c{0}'>{2}</label>\n", index,
        index ? "" : " checked", tokensText(calls.shapes));
  for (size_t index = 0; index < model.calls.size(); ++index)
    addCalls(index);
  add("</div>\n");
  addMachine();
  return text + "</main>\n</body>\n</html>\n";
}

std::string frit::driver::explainPage(const PlannedModel &model, const PlannedModel *before,
                                      StringRef source) {
  return Page(model, before, source).write();
}
