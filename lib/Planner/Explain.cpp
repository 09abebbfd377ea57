//===- Explain.cpp - why edges are fused or not -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Explain.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace frit;
using namespace frit::plan;

llvm::StringRef plan::nameOf(Decision decision) {
  static constexpr llvm::StringLiteral names[] = {"epilogue", "recomputed", "together", "stored"};
  return names[static_cast<size_t>(decision)];
}

namespace {

/// A figure of the machine or the call that `flip` changes.
struct Knob {
  std::string name, unit;
  double value = 0;
  bool isWhole = false;
  std::function<void(cost::Machine &, cost::Shape &, double)> set;
};

class Explainer {
public:
  Explainer(Block &block, const cost::Shape &shape, const cost::Machine &machine, const Plan &plan)
      : block(block), shape(shape), machine(machine), plan(plan), flow(Dataflow::of(block, shape)),
        moves(movesOf(flow)), allKnobs(knobs()) {}

  std::vector<Record> run();

private:
  /// The plan with `choice` decided otherwise, by the best move that does so; nothing: it cannot
  /// be.
  std::optional<Plan> otherwise(const Dataflow &flow, const CostModel &model,
                                unsigned choice) const;
  std::string obstacleOf(unsigned choice) const;
  void fill(Record &record, unsigned choice);
  std::string placeOf(unsigned choice) const;
  std::vector<Knob> knobs() const;
  /// The choices of the plan with another value of one figure.
  const Choices &outcome(size_t knob, double value);
  std::string findFlip(unsigned choice);

  Block &block;
  const cost::Shape &shape;
  const cost::Machine &machine;
  const Plan &plan;
  Dataflow flow;
  SmallVector<Move> moves;
  std::vector<Knob> allKnobs;
  std::map<std::pair<size_t, double>, Choices> outcomes;
};

} // namespace

std::optional<Plan> Explainer::otherwise(const Dataflow &flow, const CostModel &model,
                                         unsigned choice) const {
  bool fuse = !plan.choices.test(choice);
  std::optional<Plan> best;
  for (const Move &move : moves) {
    if (!llvm::is_contained(move, choice))
      continue;
    std::optional<Plan> candidate =
        tryChoices(flow, model, changedChoices(plan.choices, move, fuse));
    if (candidate && isFused(flow, candidate->partition, choice) == fuse &&
        (!best || candidate->seconds.value() < best->seconds.value()))
      best = std::move(candidate);
  }
  return best;
}

/// Why the choice alone makes no phases that fit.
std::string Explainer::obstacleOf(unsigned choice) const {
  if (choice < flow.edges.size())
    if (std::string text = structuralObstacle(flow, flow.edges[choice]); !text.empty())
      return text;
  Choices choices = plan.choices;
  choices.flip(choice);
  std::variant<Partition, Obstacle> formed = formPartition(flow, choices);
  if (auto *obstacle = std::get_if<Obstacle>(&formed))
    return obstacle->text;
  CostModel model(flow, machine);
  for (const Phase &phase : std::get<Partition>(formed).phases)
    if (std::string text = model.capacityObstacle(phase); !text.empty())
      return text;
  return "";
}

/// Where the value of a fused edge is on its way from one op to the other.
std::string Explainer::placeOf(unsigned choice) const {
  const Edge &edge = flow.edges[choice];
  unsigned from = machine.vectorMemory, to = machine.vectorMemory;
  if (edge.joins && flow.nodes[edge.producer].role == FusionRole::Anchor &&
      !isa<graph::EmbedOp>(flow.nodes[edge.producer].op))
    from = machine.matrixOutput;
  if (!edge.joins && flow.nodes[edge.consumer].role == FusionRole::Anchor)
    to = machine.matrixInput;
  if (from == to)
    return "stays in " + machine.memories[from].name;
  std::optional<cost::Route> route = machine.route(from, to);
  std::string text = route->leavesCore ? "through a workspace: " : "";
  text += machine.memories[from].name;
  for (unsigned path : route->datapaths)
    text += " to " + machine.memories[machine.datapaths[path].to].name;
  return text;
}

std::vector<Knob> Explainer::knobs() const {
  std::vector<Knob> result;
  result.push_back({"tokens", "", static_cast<double>(shape.tokens), true,
                    [](cost::Machine &, cost::Shape &shape, double value) {
                      shape.tokens = static_cast<int64_t>(value);
                      shape.keys = std::max(shape.keys, shape.tokens);
                    }});
  result.push_back({"cores", "", static_cast<double>(machine.cores), true,
                    [](cost::Machine &machine, cost::Shape &, double value) {
                      machine.cores = static_cast<int64_t>(value);
                    }});
  auto scale = [](cost::Figure &figure, double value) {
    double factor = value / figure.value;
    figure = {value, figure.low * factor, figure.high * factor};
  };
  result.push_back({"the time between phases", " us", machine.phaseSeconds.value * 1e6, false,
                    [=](cost::Machine &machine, cost::Shape &, double value) {
                      scale(machine.phaseSeconds, value * 1e-6);
                    }});
  for (unsigned index = 0; index < machine.datapaths.size(); ++index) {
    const cost::Datapath &path = machine.datapaths[index];
    if (std::isinf(path.bytesPerSecond.value))
      continue; // Only the memories at its ends bound it.
    result.push_back({machine.memories[path.from].name + " to " + machine.memories[path.to].name,
                      " GB/s", path.bytesPerSecond.value * 1e-9, false,
                      [=](cost::Machine &machine, cost::Shape &, double value) {
                        scale(machine.datapaths[index].bytesPerSecond, value * 1e9);
                      }});
  }
  // What nobody says the size of has room for everything.
  constexpr int64_t mostBytes = int64_t(1) << 50;
  for (unsigned index = 0; index < machine.memories.size(); ++index) {
    const cost::Memory &memory = machine.memories[index];
    if (memory.bytesPerSecond)
      result.push_back({memory.name, " GB/s", memory.bytesPerSecond->value * 1e-9, false,
                        [=](cost::Machine &machine, cost::Shape &, double value) {
                          scale(*machine.memories[index].bytesPerSecond, value * 1e9);
                        }});
    if (memory.bytes > mostBytes)
      continue;
    result.push_back({memory.name, " bytes", static_cast<double>(memory.bytes), true,
                      [=](cost::Machine &machine, cost::Shape &, double value) {
                        machine.memories[index].bytes = static_cast<int64_t>(value);
                      }});
  }
  return result;
}

const Choices &Explainer::outcome(size_t knob, double value) {
  auto [place, isNew] = outcomes.try_emplace({knob, value});
  if (isNew) {
    cost::Machine changedMachine = machine;
    cost::Shape changedShape = shape;
    allKnobs[knob].set(changedMachine, changedShape, value);
    Dataflow changedFlow = Dataflow::of(block, changedShape);
    CostModel model(changedFlow, changedMachine);
    place->second = planPhases(changedFlow, model).choices;
  }
  return place->second;
}

std::string Explainer::findFlip(unsigned choice) {
  constexpr int maxDoublings = 10;
  bool isFused = plan.choices.test(choice);
  auto flips = [&](size_t knob, double value) {
    return outcome(knob, value).test(choice) != isFused;
  };
  std::string best;
  double bestDistance = maxDoublings + 1;
  for (size_t index = 0; index < allKnobs.size(); ++index)
    for (double factor : {2.0, 0.5}) {
      const Knob &knob = allKnobs[index];
      double near = knob.value, far = near;
      bool found = false;
      for (int step = 1; step <= maxDoublings && !found && step < bestDistance + 1; ++step) {
        near = far;
        far *= factor;
        if (knob.isWhole && far < 1)
          break;
        far = knob.isWhole ? std::floor(far) : far;
        found = flips(index, far);
      }
      if (!found)
        continue;
      for (int step = 0; step < 8; ++step) {
        double middle = (near + far) / 2;
        middle = knob.isWhole ? std::floor(middle) : middle;
        if (middle == near || middle == far)
          break;
        (flips(index, middle) ? far : near) = middle;
      }
      double distance = std::abs(std::log2(far / knob.value));
      if (distance >= bestDistance)
        continue;
      bestDistance = distance;
      const char *format = knob.isWhole ? "{0:f0}" : "{0:f3}";
      best =
          llvm::formatv("{0} with {1} of {2}{3} {4} instead of {5}", isFused ? "stored" : "fused",
                        knob.name, llvm::formatv(format, far), knob.unit,
                        factor > 1 ? "or more" : "or less", llvm::formatv(format, knob.value))
              .str();
    }
  return best;
}

void Explainer::fill(Record &record, unsigned choice) {
  CostModel model(flow, machine);
  bool isFused = plan.choices.test(choice);
  if (choice < flow.edges.size())
    record.decision = !isFused                   ? Decision::Stored
                      : flow.edges[choice].joins ? Decision::Epilogue
                                                 : Decision::Recomputed;
  else
    record.decision = isFused ? Decision::Together : Decision::Stored;
  std::optional<Plan> other = otherwise(flow, model, choice);
  if (other) {
    const Plan &fused = isFused ? plan : *other, &stored = isFused ? *other : plan;
    record.saved = stored.seconds - fused.seconds;
    record.bytesSaved = stored.traffic.activationBytes() - fused.traffic.activationBytes();
  }
  if (isFused)
    record.reason = choice < flow.edges.size() ? placeOf(choice) : "one stream of weights a core";
  else if (!other)
    record.reason = obstacleOf(choice);
  else
    record.reason = llvm::formatv("fused it would save {0:f2} us, between {1:f2} and {2:f2}",
                                  record.saved->value() * 1e6, record.saved->low() * 1e6,
                                  record.saved->high() * 1e6)
                        .str();
  bool isStructural =
      choice < flow.edges.size() && !structuralObstacle(flow, flow.edges[choice]).empty();
  if (!isStructural)
    record.flip = findFlip(choice);
}

std::vector<Record> Explainer::run() {
  std::vector<Record> records;
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice) {
    Record &record = records.emplace_back();
    if (choice < flow.edges.size()) {
      record.producer = flow.nodes[flow.edges[choice].producer].name;
      record.consumer = flow.nodes[flow.edges[choice].consumer].name;
    } else {
      const Sibling &sibling = flow.siblings[choice - flow.edges.size()];
      record.producer = flow.nodes[sibling.first].name;
      record.consumer = flow.nodes[sibling.second].name;
    }
    fill(record, choice);
  }
  return records;
}

std::vector<Record> plan::explain(Block &block, const cost::Shape &shape,
                                  const cost::Machine &machine, const Plan &plan) {
  return Explainer(block, shape, machine, plan).run();
}
