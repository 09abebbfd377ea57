//===- ExplainPicture.cpp - a function in its phases -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Phases are boxes below each other, in the order in which they run, with their ops from left to
// right. What one phase leaves for another goes down a lane at the right; where it comes in stands
// why it was not fused.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExplainPage.h"

#include "dialects/KV/KV.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Workload.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;

namespace {

constexpr double opHeight = 38, opGap = 12, columnGap = 74, boxTop = 34, boxPadding = 16,
                 boxGap = 26, portWidth = 150, laneGap = 13, rowHeight = 46, reasonWidth = 420,
                 letterWidth = 6.9, outputHeight = 16;

struct Box {
  double x = 0, y = 0, width = 0;
};

/// A value on its way to a phase: one for all ops of the phase that read it for the same reason.
struct Arrival {
  std::string value, consumers, reason, tip;
  int64_t bytes = 0;
  int source = 0; ///< The phase it comes from; -1: from outside.
  size_t target = 0;
  size_t lane = 0;
  bool isCache = false;
};

class Picture {
public:
  explicit Picture(const PlannedFunction &function)
      : function(function), flow(function.flow), phases(function.planned.partition.phases) {}

  std::string draw();

private:
  void placeOps(size_t phase);
  void findArrivals();
  void addArrival(std::string value, int64_t bytes, int source, size_t target,
                  const std::string &consumer, const plan::Record *record);
  void assignLanes();
  std::string drawPhase(size_t phase) const;
  std::string drawOp(unsigned node, const char *role) const;
  std::string drawEdges(size_t phase) const;
  std::string drawArrivals() const;
  double bottomOf(size_t phase) const { return tops[phase] + heights[phase]; }
  /// The phase that stores what a node computes.
  int homeOf(unsigned node) const {
    return static_cast<int>(function.planned.partition.home[node].value_or(0));
  }
  /// What reads a result and is no node; nothing: only nodes do.
  std::optional<std::string> outsideReader(unsigned node) const;
  int64_t bytesOf(mlir::Value value) const {
    return cost::activationBytes(value.getType(), cost::rowsOf(value, flow.shape));
  }

  const PlannedFunction &function;
  const plan::Dataflow &flow;
  llvm::ArrayRef<plan::Phase> phases;
  /// Of each phase, its ops relative to the box: one that is computed again is in several.
  std::vector<std::map<unsigned, Box>> places;
  std::vector<double> tops, heights;
  std::vector<Arrival> arrivals;
  double opsWidth = 0, boxWidth = 0, lanesWidth = 0;
};

} // namespace

static llvm::SmallVector<unsigned> membersOf(const plan::Phase &phase) {
  llvm::SmallVector<unsigned> members(phase.prologue);
  members.append(phase.anchors);
  members.append(phase.epilogue);
  llvm::sort(members);
  return members;
}

std::optional<std::string> Picture::outsideReader(unsigned node) const {
  if (flow.nodes[node].escapes)
    for (mlir::Operation *user : flow.nodes[node].op->getUsers())
      if (llvm::none_of(flow.nodes, [&](const plan::Node &other) { return other.op == user; }))
        return user->hasTrait<mlir::OpTrait::IsTerminator>() ? "output"
                                                             : user->getName().stripDialect().str();
  return std::nullopt;
}

static std::string weightText(const plan::Node &node) {
  if (node.work.weightBytes)
    return bytesText(static_cast<double>(node.work.weightBytes));
  int64_t cache = node.work.cacheReadBytes + node.work.cacheWriteBytes;
  return cache ? bytesText(static_cast<double>(cache)) + " cache" : "";
}

void Picture::placeOps(size_t phase) {
  std::map<unsigned, Box> &boxes = places.emplace_back();
  std::map<unsigned, size_t> depths;
  std::vector<llvm::SmallVector<unsigned>> columns;
  for (unsigned node : membersOf(phases[phase])) {
    size_t depth = 0;
    for (unsigned edge : flow.nodes[node].in)
      if (auto from = depths.find(flow.edges[edge].producer); from != depths.end())
        depth = std::max(depth, from->second + 1);
    depths[node] = depth;
    columns.resize(std::max(columns.size(), depth + 1));
    columns[depth].push_back(node);
  }
  double x = boxPadding, height = 0;
  for (const auto &column : columns) {
    double width = 0;
    for (unsigned node : column) {
      size_t letters = std::max(flow.nodes[node].name.size(), weightText(flow.nodes[node]).size());
      width = std::max(width, letterWidth * static_cast<double>(letters) + 22);
    }
    double y = boxTop;
    for (unsigned node : column) {
      boxes[node] = {x, y, width};
      y += opHeight + opGap;
    }
    height = std::max(height, y - opGap);
    x += width + columnGap;
  }
  opsWidth = std::max(opsWidth, x - columnGap);
  heights.push_back(height + boxPadding);
}

void Picture::addArrival(std::string value, int64_t bytes, int source, size_t target,
                         const std::string &consumer, const plan::Record *record) {
  std::string reason = record ? record->reason : "through the cache";
  std::string tip = value + " to " + consumer + ": " + reason;
  if (record && !record->flip.empty())
    tip += "; " + record->flip;
  for (Arrival &known : arrivals)
    if (known.value == value && known.source == source && known.target == target &&
        known.reason == reason) {
      known.consumers += ", " + consumer;
      known.tip += "\n" + tip;
      return;
    }
  arrivals.push_back({std::move(value), consumer, std::move(reason), std::move(tip), bytes, source,
                      target, 0, !record});
}

void Picture::findArrivals() {
  for (size_t target = 0; target < phases.size(); ++target) {
    llvm::SmallVector<unsigned> members = membersOf(phases[target]);
    for (unsigned node : members) {
      const plan::Node &consumer = flow.nodes[node];
      llvm::SmallPtrSet<mlir::Operation *, 4> inside;
      for (unsigned edge : consumer.in) {
        unsigned producer = flow.edges[edge].producer;
        inside.insert(flow.nodes[producer].op);
        if (!llvm::is_contained(members, producer))
          addArrival(flow.nodes[producer].name, bytesOf(flow.edges[edge].value), homeOf(producer),
                     target, consumer.name, &function.records[edge]);
      }
      llvm::SmallPtrSet<mlir::Value, 4> seen;
      for (mlir::Value operand : consumer.op->getOperands()) {
        mlir::Operation *producer = operand.getDefiningOp();
        if (!plan::isActivation(operand) || inside.contains(producer) ||
            !seen.insert(operand).second)
          continue;
        std::string name = producer ? producer->getName().stripDialect().str() : "input";
        addArrival(name, bytesOf(operand), -1, target, consumer.name,
                   function.find(name, consumer.name));
      }
      for (unsigned writer : consumer.after)
        if (mlir::isa<kv::AppendOp>(flow.nodes[writer].op) && !llvm::is_contained(members, writer))
          addArrival(flow.nodes[writer].name, flow.nodes[node].work.cacheReadBytes, homeOf(writer),
                     target, consumer.name, nullptr);
    }
  }
}

/// Values of the same name and source share a lane; lanes next to each other do not overlap.
void Picture::assignLanes() {
  struct Lane {
    std::string value;
    int source, last;
  };
  std::vector<std::vector<Lane>> lanes;
  std::map<std::tuple<std::string, int, bool>, size_t> known;
  std::map<std::tuple<std::string, int, bool>, int> last;
  auto keyOf = [](const Arrival &arrival) {
    return std::tuple(arrival.value, arrival.source, arrival.isCache);
  };
  for (const Arrival &arrival : arrivals)
    last[keyOf(arrival)] = std::max(last[keyOf(arrival)], static_cast<int>(arrival.target));
  // Short ways are the nearest to the boxes.
  std::vector<Arrival *> order;
  for (Arrival &arrival : arrivals)
    order.push_back(&arrival);
  llvm::sort(order, [&](const Arrival *a, const Arrival *b) {
    return std::tuple(last[keyOf(*a)] - a->source, a->source, a->value) <
           std::tuple(last[keyOf(*b)] - b->source, b->source, b->value);
  });
  for (Arrival *arrival : order) {
    auto key = keyOf(*arrival);
    if (auto lane = known.find(key); lane != known.end()) {
      arrival->lane = lane->second;
      continue;
    }
    size_t lane = 0;
    for (;; ++lane) {
      if (lane == lanes.size())
        lanes.emplace_back();
      if (llvm::none_of(lanes[lane], [&](const Lane &other) {
            return arrival->source < other.last && other.source < last[key];
          }))
        break;
    }
    lanes[lane].push_back({arrival->value, arrival->source, last[key]});
    known[key] = arrival->lane = lane;
  }
  lanesWidth = laneGap * static_cast<double>(lanes.size()) + 24;
}

std::string Picture::drawOp(unsigned node, const char *role) const {
  const plan::Node &op = flow.nodes[node];
  std::string weight = weightText(op);
  return fmt::format("<text class='name' y='{:.1f}'>{}</text>", weight.empty() ? 23.5 : 16.5,
                     escapeHTML(op.name)) +
         (weight.empty()
              ? ""
              : fmt::format("<text class='small' y='30'>{}</text>", escapeHTML(weight))) +
         fmt::format("<title>{} ({})</title>", escapeHTML(op.op->getName().getStringRef()), role);
}

std::string Picture::drawEdges(size_t phase) const {
  std::string text;
  const std::map<unsigned, Box> &boxes = places[phase];
  for (const auto &[from, box] : boxes) {
    double startX = box.x + box.width, startY = box.y + opHeight / 2;
    bool isLabelled = false;
    for (unsigned edge : flow.nodes[from].out) {
      auto to = boxes.find(flow.edges[edge].consumer);
      if (to == boxes.end())
        continue;
      double endX = to->second.x - 7, endY = to->second.y + opHeight / 2;
      const plan::Record &record = function.records[edge];
      text += fmt::format(
          "<path class='edge' d='M{0:.1f} {1:.1f}C{2:.1f} {1:.1f} {3:.1f} {4:.1f} {5:.1f} {4:.1f}' "
          "marker-end='url(#tip)'><title>{6} to {7}, {8}: {9}</title></path>",
          startX, startY, startX + 34, endX - 34, endY, endX, escapeHTML(record.producer),
          escapeHTML(record.consumer), plan::nameOf(record.decision).str(),
          escapeHTML(record.reason));
      if (!isLabelled)
        text += fmt::format("<text class='bytes' x='{:.1f}' y='{:.1f}'>{}</text>", startX + 5,
                            startY - 6,
                            bytesText(static_cast<double>(bytesOf(flow.edges[edge].value))));
      isLabelled = true;
    }
  }
  return text;
}

std::string Picture::drawPhase(size_t phase) const {
  plan::PhaseCost cost = function.model.costOf(function.planned.partition, phases[phase]);
  std::string text = fmt::format(
      "<g class='phase' transform='translate(0 {:.1f})'><rect class='box' width='{:.1f}' "
      "height='{:.1f}' rx='10'/><text class='head' x='{}' y='21'><tspan class='number'>{}</tspan> "
      "{}<tspan class='faint' dx='8'>bound by {}</tspan></text>",
      tops[phase], boxWidth, heights[phase], boxPadding, phase + 1,
      secondsText(cost.seconds.value()), escapeHTML(cost.bound));
  text += drawEdges(phase);
  for (auto [list, role] :
       {std::pair(&phases[phase].prologue, "prologue"), std::pair(&phases[phase].anchors, "anchor"),
        std::pair(&phases[phase].epilogue, "epilogue")})
    for (unsigned node : *list) {
      const Box &box = places[phase].at(node);
      text +=
          fmt::format("<g class='op {}' transform='translate({:.1f} {:.1f})'><rect "
                      "width='{:.1f}' height='{}' rx='6'/><g transform='translate({:.1f} 0)'>"
                      "{}</g></g>",
                      role, box.x, box.y, box.width, opHeight, box.width / 2, drawOp(node, role));
    }
  double y = heights[phase] - 10;
  for (unsigned node : llvm::concat<const unsigned>(phases[phase].anchors, phases[phase].epilogue))
    if (std::optional<std::string> reader = outsideReader(node)) {
      int64_t bytes = bytesOf(flow.nodes[node].op->getResult(0));
      text += fmt::format("<text class='port' x='{:.1f}' y='{:.1f}'>{} → {}<tspan class='faint'> "
                          "{}</tspan></text>",
                          boxWidth - 10, y, escapeHTML(flow.nodes[node].name), *reader,
                          bytesText(static_cast<double>(bytes)));
      y -= outputHeight;
    }
  return text + "</g>\n";
}

/// Lines of at most `most` letters, cut between words; the rest of more than two is in the tip.
static std::vector<std::string> wrapped(llvm::StringRef text, size_t most) {
  std::vector<std::string> lines(1);
  llvm::SmallVector<llvm::StringRef> words;
  text.split(words, ' ', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef word : words) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > most) {
      if (lines.size() == 2) {
        lines.back() += " …";
        break;
      }
      lines.emplace_back();
    }
    lines.back() += (lines.back().empty() ? "" : " ") + word.str();
  }
  return lines;
}

std::string Picture::drawArrivals() const {
  std::string lines, texts;
  std::vector<size_t> rows(phases.size());
  std::map<std::pair<size_t, int>, double> lowest; // Of a lane from a phase.
  std::map<std::pair<size_t, int>, const Arrival *> leaves;
  for (const Arrival &arrival : arrivals) {
    double y = tops[arrival.target] + 22 + rowHeight * static_cast<double>(rows[arrival.target]++);
    double x = boxWidth + 16 + laneGap * static_cast<double>(arrival.lane);
    auto key = std::pair(arrival.lane, arrival.source);
    lowest[key] = std::max(lowest[key], y);
    leaves.try_emplace(key, &arrival);
    const char *kind = arrival.isCache ? "cache" : arrival.source < 0 ? "outside" : "stored";
    std::string tip = "<title>" + escapeHTML(arrival.tip) + "</title>";
    lines += fmt::format("<path class='lane {0}' d='M{1:.1f} {2:.1f}H{3:.1f}' "
                         "marker-end='url(#{0})'>{4}</path>",
                         kind, x, y, boxWidth + 6, tip);
    texts +=
        fmt::format("<text class='port' x='{:.1f}' y='{:.1f}'>{}<tspan class='faint' x='{:.1f}' "
                    "dy='14'>{}</tspan></text>",
                    boxWidth - 10, y + 1, escapeHTML(arrival.value), boxWidth - 10,
                    bytesText(static_cast<double>(arrival.bytes)));
    double textX = boxWidth + lanesWidth + 14;
    texts +=
        fmt::format("<path class='leader {}' d='M{:.1f} {:.1f}H{:.1f}'/>", kind, x, y, textX - 6);
    texts += fmt::format("<text class='edgeName' x='{:.1f}' y='{:.1f}'>{} → {}{}</text>", textX,
                         y + 1, escapeHTML(arrival.value), escapeHTML(arrival.consumers), tip);
    double lineY = y + 15;
    for (const std::string &line :
         wrapped(arrival.reason, static_cast<size_t>(reasonWidth / 5.7))) {
      texts += fmt::format("<text class='reason' x='{:.1f}' y='{:.1f}'>{}{}</text>", textX, lineY,
                           escapeHTML(line), tip);
      lineY += 13;
    }
  }
  for (const auto &[key, arrival] : leaves) {
    double x = boxWidth + 16 + laneGap * static_cast<double>(key.first);
    const char *kind = arrival->isCache ? "cache" : arrival->source < 0 ? "outside" : "stored";
    double from = arrival->source < 0 ? 4 : bottomOf(static_cast<size_t>(arrival->source)) - 14;
    if (arrival->source >= 0)
      lines +=
          fmt::format("<path class='lane {}' d='M{:.1f} {:.1f}H{:.1f}'/>", kind, boxWidth, from, x);
    lines += fmt::format("<path class='lane {}' d='M{:.1f} {:.1f}V{:.1f}'/>", kind, x, from,
                         lowest.at(key));
  }
  return lines + texts;
}

std::string Picture::draw() {
  for (size_t phase = 0; phase < phases.size(); ++phase)
    placeOps(phase);
  findArrivals();
  assignLanes();
  std::vector<size_t> rows(phases.size());
  for (const Arrival &arrival : arrivals)
    ++rows[arrival.target];
  double y = 24;
  for (size_t phase = 0; phase < phases.size(); ++phase) {
    heights[phase] = std::max(heights[phase], rowHeight * static_cast<double>(rows[phase]) + 30);
    for (unsigned node : membersOf(phases[phase]))
      if (phases[phase].owns(node) && outsideReader(node))
        heights[phase] += outputHeight;
    tops.push_back(y);
    y += heights[phase] + boxGap;
  }
  boxWidth = opsWidth + boxPadding + portWidth;
  double width = boxWidth + lanesWidth + reasonWidth + 30;
  std::string text = fmt::format(
      "<svg class='picture' viewBox='-2 0 {0:.0f} {1:.0f}' width='{0:.0f}' height='{1:.0f}' "
      "role='img' aria-label='{2} in {3} phases'><defs>",
      width, y - boxGap + 8, escapeHTML(function.name), phases.size());
  for (const char *kind : {"tip", "stored", "outside", "cache"})
    text += fmt::format("<marker id='{0}' class='{0}' viewBox='0 0 8 8' refX='3' refY='4' "
                        "markerWidth='7' markerHeight='7' orient='auto'><path d='M0 0L8 4L0 8z'/>"
                        "</marker>",
                        kind);
  text += "</defs>\n";
  for (size_t phase = 0; phase < phases.size(); ++phase)
    text += drawPhase(phase);
  return text + drawArrivals() + "</svg>\n";
}

std::string frit::driver::drawPhases(const PlannedFunction &function) {
  return Picture(function).draw();
}
