//===- Explain.cpp - frit explain -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Explain.h"

#include "dialects/Graph/Graph.h"
#include "lib/Cost/Target.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/Output.h"
#include "lib/Planner/Explain.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace frit;
using namespace frit::driver;
using llvm::formatv;

namespace {
/// The plan of one function, and what is said about it.
class FunctionPlan {
public:
  FunctionPlan(mlir::FunctionOpInterface function, const cost::Shape &shape,
               const cost::Machine &machine)
      : function(function), block(function.getFunctionBody().front()), shape(shape),
        machine(machine), flow(plan::Dataflow::of(block, shape)), model(flow, machine),
        unfused(plan::planUnfused(flow, model)), planned(plan::planPhases(flow, model)) {}

  void print();
  void printJSON();

private:
  mlir::FunctionOpInterface function;
  mlir::Block &block;
  cost::Shape shape;
  const cost::Machine &machine;
  plan::Dataflow flow;
  plan::CostModel model;
  plan::Plan unfused, planned;
};
} // namespace

static std::string microseconds(double seconds) { return formatv("{0:f2} us", seconds * 1e6); }

static std::string count(size_t number, llvm::StringRef what) {
  return (llvm::Twine(number) + " " + what + (number == 1 ? "" : "s")).str();
}

void FunctionPlan::print() {
  llvm::raw_ostream &out = llvm::outs();
  size_t ops = flow.nodes.size(), phases = planned.partition.phases.size();
  out << function.getName() << ": " << count(ops, "op") << " in " << count(phases, "phase") << ", "
      << microseconds(planned.seconds.value()) << "; unfused " << count(ops, "phase") << ", "
      << microseconds(unfused.seconds.value()) << "; activations moved "
      << planned.traffic.activationBytes() << " B instead of " << unfused.traffic.activationBytes()
      << "\n";
  for (auto [index, phase] : llvm::enumerate(planned.partition.phases)) {
    plan::PhaseCost cost = model.costOf(planned.partition, phase);
    out << formatv("  {0}  {1,10}  {2,-24}", index + 1, microseconds(cost.seconds.value()),
                   cost.bound);
    auto add = [&](llvm::ArrayRef<unsigned> nodes, const char *between) {
      for (unsigned node : nodes)
        out << between << flow.nodes[node].name;
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
  std::vector<std::array<std::string, 6>> lines = {
      {"  producer", "consumer", "decision", "bytes saved", "saves", "reason"}};
  for (const plan::Record &record : plan::explain(block, shape, machine, planned)) {
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

void FunctionPlan::printJSON() {
  for (const plan::Record &record : plan::explain(block, shape, machine, planned)) {
    llvm::json::Object object{{"function", function.getName()},
                              {"tokens", shape.tokens},
                              {"keys", shape.keys},
                              {"producer", record.producer},
                              {"consumer", record.consumer},
                              {"decision", plan::nameOf(record.decision)},
                              {"reason", record.reason},
                              {"bytes_saved", nullptr},
                              {"seconds", nullptr},
                              {"flip", record.flip}};
    if (record.saved) {
      object["bytes_saved"] = record.bytesSaved;
      object["seconds"] = llvm::json::Object{{"value", record.saved->value()},
                                             {"low", record.saved->low()},
                                             {"high", record.saved->high()}};
    }
    llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
  }
}

static Status explainTo(const CompileRequest &request, const cost::Shape &shape, bool json) {
  if (Result<ModelKind> kind = recognizeSource(request.path); !kind)
    return kind.takeFailure();
  CompileRequest planning = request;
  planning.options.onlyPlans = true;
  Compilation compilation(planning);
  if (Status status = compilation.load(); !status)
    return status;
  if (compilation.phase() >= PhaseId::Fuse)
    return Failure("'", request.path, "' was left after ",
                   std::string_view(phaseInfo(compilation.phase()).name),
                   ": expected a model in front of fuse, whose ops are still to be cut");
  if (Status status = compilation.runTo(PhaseId::Cache); !status)
    return status;
  compilation.clearProgress();
  Result<cost::Machine> machine = cost::machineOf(machine::getTarget(compilation.module()));
  if (!machine)
    return machine.takeFailure();
  if (!json)
    llvm::outs() << "on " << machine->name << ", for " << count(shape.tokens, "token")
                 << " of which the newest sees " << count(shape.keys, "key") << "\n";
  for (mlir::Operation &op : *compilation.module().getBody())
    if (mlir::isa<graph::LayerOp, graph::FuncOp>(op)) {
      auto callee = mlir::cast<mlir::FunctionOpInterface>(op);
      plan::Dataflow flow = plan::Dataflow::of(callee.getFunctionBody().front(), shape);
      if (Status status = plan::CostModel(flow, *machine).check(); !status)
        return status;
      FunctionPlan function(callee, shape, *machine);
      if (json) {
        function.printJSON();
        continue;
      }
      llvm::outs() << "\n";
      function.print();
    }
  return {};
}

int frit::driver::explainModel(const CompileRequest &request, const cost::Shape &shape, bool json) {
  if (Status status = explainTo(request, shape, json); !status) {
    printError(status.error());
    return ExitFailure;
  }
  return ExitSuccess;
}
