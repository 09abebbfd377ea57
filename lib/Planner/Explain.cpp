//===- Explain.cpp - why edges are fused or not -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/Explain.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>
#include <map>

using namespace mlir;
using namespace frit;
using namespace frit::plan;

llvm::StringRef plan::nameOf(Decision decision) {
  static constexpr llvm::StringLiteral names[] = {"epilogue", "workspace", "recomputed", "together",
                                                  "stored"};
  return names[static_cast<size_t>(decision)];
}

/// The way of the value of a fused edge from one op to the other; empty: both are at one place.
static cost::Route wayOf(const Dataflow &flow, const cost::Machine &machine, const Edge &edge) {
  unsigned from = machine.vectorMemory, to = machine.vectorMemory;
  if (edge.joins && flow.nodes[edge.producer].role == FusionRole::Anchor &&
      !isa<graph::EmbedOp>(flow.nodes[edge.producer].op))
    from = machine.matrixOutput;
  if (!edge.joins && flow.nodes[edge.consumer].role == FusionRole::Anchor)
    to = machine.matrixInput;
  return *machine.route(from, to);
}

Decision plan::decisionOf(const Dataflow &flow, const cost::Machine &machine, size_t choice,
                          bool isFused) {
  if (!isFused)
    return Decision::Stored;
  if (choice >= flow.edges.size())
    return Decision::Together;
  const Edge &edge = flow.edges[choice];
  if (!edge.joins)
    return Decision::Recomputed;
  return wayOf(flow, machine, edge).leavesCore ? Decision::Workspace : Decision::Epilogue;
}

std::string plan::nameOfChoice(const Dataflow &flow, size_t choice) {
  if (choice < flow.edges.size())
    return flow.nodes[flow.edges[choice].producer].name + " -> " +
           flow.nodes[flow.edges[choice].consumer].name;
  const Sibling &sibling = flow.siblings[choice - flow.edges.size()];
  return flow.nodes[sibling.first].name + " and " + flow.nodes[sibling.second].name;
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
  Explainer(Block &block, const cost::Shape &shape, const cost::Machine &machine, const Plan &plan,
            Space &space)
      : block(block), shape(shape), machine(machine), plan(plan), flow(Dataflow::of(block, shape)),
        model(flow, machine), space(space), moves(space.allMoves()), allKnobs(knobs()) {}

  std::vector<Record> run();
  Detail detail(unsigned choice);

private:
  /// The plan with `choice` decided otherwise, by the best move that does so; nothing: it cannot
  /// be.
  std::optional<Plan> otherwise(unsigned choice) const;
  bool isStructural(unsigned choice) const {
    return choice < flow.edges.size() && !canFuse(flow, flow.edges[choice]);
  }
  /// Why choices make no phases that fit; empty: they do.
  SmallVector<std::string> obstaclesOf(const Choices &choices) const;
  std::string obstacleOf(unsigned choice) const;
  Alternative alternativeOf(const Move &move, unsigned choice) const;
  Record recordOf(unsigned choice);
  void addBorders(std::vector<Record> &records) const;
  std::string placeOf(const Edge &edge) const;
  std::vector<Knob> knobs() const;
  /// The choices of the plan with another value of one figure.
  const Choices &outcome(size_t knob, double value);
  /// Another value of a figure with which a choice is decided otherwise, in doublings or halvings.
  struct Flip {
    double distance = 0;
    std::string text;
  };
  std::optional<Flip> flipOf(unsigned choice, size_t knob, double factor, double nearerThan);
  std::string nearestFlip(unsigned choice);

  Block &block;
  const cost::Shape &shape;
  const cost::Machine &machine;
  const Plan &plan;
  Dataflow flow;
  CostModel model;
  Space &space;
  const SmallVector<Move> &moves;
  std::vector<Knob> allKnobs;
  std::map<std::pair<size_t, double>, Choices> outcomes;
};

} // namespace

std::optional<Plan> Explainer::otherwise(unsigned choice) const {
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

SmallVector<std::string> Explainer::obstaclesOf(const Choices &choices) const {
  SmallVector<std::string> texts;
  std::variant<Partition, Obstacle> formed = formPartition(flow, choices);
  if (auto *obstacle = std::get_if<Obstacle>(&formed))
    texts.push_back(std::move(obstacle->text));
  else
    for (const Phase &phase : std::get<Partition>(formed).phases)
      llvm::append_range(texts, model.capacityObstacles(phase));
  return texts;
}

/// Why the choice alone makes no phases that fit.
std::string Explainer::obstacleOf(unsigned choice) const {
  if (isStructural(choice))
    return structuralObstacles(flow, flow.edges[choice]).front();
  Choices choices = plan.choices;
  choices.flip(choice);
  SmallVector<std::string> texts = obstaclesOf(choices);
  return texts.empty() ? "" : texts.front();
}

Alternative Explainer::alternativeOf(const Move &move, unsigned choice) const {
  Alternative result;
  for (unsigned other : move)
    if (other != choice && plan.choices.test(other) == plan.choices.test(choice))
      result.with.push_back(other);
  Choices choices = changedChoices(plan.choices, move, !plan.choices.test(choice));
  if (std::optional<Plan> other = tryChoices(flow, model, choices)) {
    result.loss = other->seconds - plan.seconds;
    result.bytesMore = other->traffic.movedBytes() - plan.traffic.movedBytes();
    if (isFused(flow, other->partition, choice) == plan.choices.test(choice))
      result.obstacles.push_back("other choices decide it as it is");
  } else {
    result.obstacles = obstaclesOf(choices);
  }
  return result;
}

/// Where the value of a fused edge is on its way.
std::string Explainer::placeOf(const Edge &edge) const {
  cost::Route way = wayOf(flow, machine, edge);
  if (way.datapaths.empty())
    return "stays in " + machine.memories[machine.vectorMemory].name;
  std::string text = way.leavesCore ? "through a workspace: " : "";
  text += machine.memories[machine.datapaths[way.datapaths.front()].from].name;
  for (unsigned path : way.datapaths)
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
    place->second = planChoices(changedFlow, model, space);
  }
  return place->second;
}

std::optional<Explainer::Flip> Explainer::flipOf(unsigned choice, size_t index, double factor,
                                                 double nearerThan) {
  constexpr int maxDoublings = 10;
  const Knob &knob = allKnobs[index];
  bool isFused = plan.choices.test(choice);
  auto flips = [&](double value) { return outcome(index, value).test(choice) != isFused; };
  double near = knob.value, far = near;
  bool found = false;
  for (int step = 1; step <= maxDoublings && !found && step < nearerThan + 1; ++step) {
    near = far;
    far *= factor;
    if (knob.isWhole && far < 1)
      break;
    far = knob.isWhole ? std::floor(far) : far;
    found = flips(far);
  }
  if (!found)
    return std::nullopt;
  for (int step = 0; step < 8; ++step) {
    double middle = (near + far) / 2;
    middle = knob.isWhole ? std::floor(middle) : middle;
    if (middle == near || middle == far)
      break;
    (flips(middle) ? far : near) = middle;
  }
  const char *format = knob.isWhole ? "{0:f0}" : "{0:f3}";
  return Flip{std::abs(std::log2(far / knob.value)),
              llvm::formatv("{0} with {1} of {2}{3} {4} instead of {5}",
                            isFused ? "stored" : "fused", knob.name, llvm::formatv(format, far),
                            knob.unit, factor > 1 ? "or more" : "or less",
                            llvm::formatv(format, knob.value))
                  .str()};
}

std::string Explainer::nearestFlip(unsigned choice) {
  std::optional<Flip> best;
  for (size_t index = 0; index < allKnobs.size(); ++index)
    for (double factor : {2.0, 0.5}) {
      double limit = best ? best->distance : std::numeric_limits<double>::infinity();
      std::optional<Flip> flip = flipOf(choice, index, factor, limit);
      if (flip && flip->distance < limit)
        best = std::move(flip);
    }
  return best ? best->text : "";
}

Record Explainer::recordOf(unsigned choice) {
  Record record;
  bool isFused = plan.choices.test(choice);
  auto [from, to] = choice < flow.edges.size()
                        ? std::pair(flow.edges[choice].producer, flow.edges[choice].consumer)
                        : std::pair(flow.siblings[choice - flow.edges.size()].first,
                                    flow.siblings[choice - flow.edges.size()].second);
  record.producer = flow.nodes[from].name;
  record.consumer = flow.nodes[to].name;
  record.decision = decisionOf(flow, machine, choice, isFused);
  std::optional<Plan> other = otherwise(choice);
  if (other) {
    const Plan &fused = isFused ? plan : *other, &stored = isFused ? *other : plan;
    record.saved = stored.seconds - fused.seconds;
    record.bytesSaved = stored.traffic.movedBytes() - fused.traffic.movedBytes();
  }
  if (isFused)
    record.reason =
        choice < flow.edges.size() ? placeOf(flow.edges[choice]) : "one stream of weights a core";
  else if (!other)
    record.reason = obstacleOf(choice);
  else
    record.reason = llvm::formatv("fused it would save {0:f2} us, between {1:f2} and {2:f2}",
                                  record.saved->value() * 1e6, record.saved->low() * 1e6,
                                  record.saved->high() * 1e6)
                        .str();
  if (!isStructural(choice))
    record.flip = nearestFlip(choice);
  return record;
}

std::vector<Record> Explainer::run() {
  std::vector<Record> records;
  for (unsigned choice = 0; choice < flow.numChoices(); ++choice)
    records.push_back(recordOf(choice));
  addBorders(records);
  return records;
}

void Explainer::addBorders(std::vector<Record> &records) const {
  auto add = [&](std::string producer, std::string consumer) {
    Record &record = records.emplace_back();
    record.producer = std::move(producer);
    record.consumer = std::move(consumer);
    record.reason = "phases end where functions do";
  };
  DenseMap<Operation *, const Node *> nodeOf;
  for (const Node &node : flow.nodes)
    nodeOf[node.op] = &node;
  auto nameOf = [&](Operation *op) {
    if (!op)
      return std::string("input");
    const Node *node = nodeOf.lookup(op);
    if (node)
      return node->name;
    return op->hasTrait<OpTrait::IsTerminator>() ? "output" : op->getName().stripDialect().str();
  };
  for (Operation &op : block) {
    llvm::SmallPtrSet<Value, 4> seen;
    for (Value operand : op.getOperands()) {
      Operation *producer = operand.getDefiningOp();
      bool isInside = nodeOf.contains(&op) && producer && nodeOf.contains(producer);
      if (!isInside && isActivation(operand) && seen.insert(operand).second)
        add(nameOf(producer), nameOf(&op));
    }
  }
}

Detail Explainer::detail(unsigned choice) {
  Detail result;
  result.record = recordOf(choice);
  auto fail = [&](const std::string &text) {
    if (!llvm::is_contained(result.failing, text))
      result.failing.push_back(text);
  };
  bool isFused = plan.choices.test(choice);
  if (!isFused)
    fail(result.record.reason);
  if (isStructural(choice)) {
    llvm::for_each(structuralObstacles(flow, flow.edges[choice]), fail);
    return result;
  }
  for (const Move &move : moves) {
    if (!llvm::is_contained(move, choice))
      continue;
    Alternative other = alternativeOf(move, choice);
    if (llvm::any_of(result.alternatives,
                     [&](const Alternative &known) { return known.with == other.with; }))
      continue;
    result.alternatives.push_back(std::move(other));
    if (!isFused)
      llvm::for_each(result.alternatives.back().obstacles, fail);
  }
  std::vector<Flip> flips;
  for (size_t index = 0; index < allKnobs.size(); ++index)
    for (double factor : {2.0, 0.5})
      if (auto flip = flipOf(choice, index, factor, std::numeric_limits<double>::infinity()))
        flips.push_back(std::move(*flip));
  llvm::sort(flips, [](const Flip &a, const Flip &b) {
    return std::tie(a.distance, a.text) < std::tie(b.distance, b.text);
  });
  for (Flip &flip : flips)
    result.flips.push_back(std::move(flip.text));
  return result;
}

std::vector<Record> plan::explain(Block &block, const cost::Shape &shape,
                                  const cost::Machine &machine, const Plan &plan, Space &space) {
  return Explainer(block, shape, machine, plan, space).run();
}

std::vector<Record> plan::explain(Block &block, const cost::Shape &shape,
                                  const cost::Machine &machine, const Plan &plan) {
  Dataflow flow = Dataflow::of(block, shape);
  Space space(flow);
  return explain(block, shape, machine, plan, space);
}

Detail plan::explainInFull(Block &block, const cost::Shape &shape, const cost::Machine &machine,
                           const Plan &plan, Space &space, unsigned choice) {
  return Explainer(block, shape, machine, plan, space).detail(choice);
}
