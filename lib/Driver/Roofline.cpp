//===- Roofline.cpp - frit roofline -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Roofline.h"

#include "lib/Driver/MeasurePhases.h"
#include "lib/Driver/Output.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;
using llvm::json::Array;
using llvm::json::Object;
using workload::CallReport;
using workload::PhaseReport;

static bool isSame(const plan::Resource &left, const plan::Resource &right) {
  return left.kind == right.kind && left.index == right.index;
}

/// Resources that take time in some phase, in the order of CostModel::demandsOf().
static std::vector<plan::Demand> resourcesOf(const CallReport &call) {
  std::vector<plan::Demand> resources;
  for (const PhaseReport &phase : call.phases)
    for (const plan::Demand &demand : phase.demands)
      if (demand.seconds.value() > 0 && llvm::none_of(resources, [&](const plan::Demand &known) {
            return isSame(known.resource, demand.resource);
          }))
        resources.push_back(demand);
  llvm::sort(resources, [](const plan::Demand &left, const plan::Demand &right) {
    return std::pair(left.resource.kind, left.resource.index) <
           std::pair(right.resource.kind, right.resource.index);
  });
  return resources;
}

static std::string namesOf(const PhaseReport &phase) {
  std::string text;
  for (const workload::OpReport &op : phase.ops)
    text += (text.empty() ? "" : " ") + op.name;
  return text;
}

/// Of what is predicted, relative to what was measured.
static double errorOf(double predicted, double measured) {
  return std::abs(predicted - measured) / measured;
}

static double medianError(const CallReport &call, llvm::ArrayRef<double> measured) {
  std::vector<double> errors;
  for (auto [phase, seconds] : llvm::zip_equal(call.phases, measured))
    errors.push_back(errorOf(phase.cost.seconds.value(), seconds));
  llvm::sort(errors);
  size_t middle = errors.size() / 2;
  return errors.size() % 2 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2;
}

static void print(Workload &workload, const CallReport &call, llvm::ArrayRef<double> measured) {
  std::vector<plan::Demand> resources = resourcesOf(call);
  llvm::outs() << fmt::format("{} token{}, the newest sees {} keys: {}, {} phases\n",
                              call.shape.tokens, call.shape.tokens == 1 ? "" : "s", call.shape.keys,
                              intervalText(call.planned.seconds), call.planned.phases);
  std::vector<std::vector<std::string>> lines = {{"in", "phase", "times"}};
  std::vector<std::string> sources = {"source", "", ""};
  std::vector<bool> isNumber = {false, true, true};
  for (const plan::Demand &resource : resources) {
    bool isIssue = resource.resource.kind == plan::Resource::Kind::Issue;
    lines.front().push_back(isIssue ? "operations" : resource.name);
    sources.push_back(workload.provenanceOf(resource.resource));
    isNumber.push_back(true);
  }
  auto addColumn = [&](const char *title, bool isOfNumbers) {
    lines.front().push_back(title);
    isNumber.push_back(isOfNumbers);
  };
  addColumn("op/B", true);
  addColumn("phase takes", false);
  if (!measured.empty()) {
    addColumn("measured", true);
    addColumn("error", true);
  }
  addColumn("bound", false);
  addColumn("ops", false);
  for (auto [index, phase] : llvm::enumerate(call.phases)) {
    std::vector<std::string> line = {phase.function, std::to_string(phase.number),
                                     std::to_string(phase.calls)};
    for (const plan::Demand &resource : resources) {
      const auto demand = llvm::find_if(phase.demands, [&](const plan::Demand &candidate) {
        return isSame(candidate.resource, resource.resource);
      });
      line.push_back(demand == phase.demands.end() || demand->seconds.value() == 0
                         ? "-"
                         : secondsText(demand->seconds.value()));
    }
    line.push_back(phase.farBytes > 0
                       ? fmt::format("{:.3g}", phase.amounts.operations() / phase.farBytes)
                       : "-");
    line.push_back(intervalText(phase.cost.seconds));
    if (!measured.empty()) {
      line.push_back(secondsText(measured[index]));
      line.push_back(
          fmt::format("{:.0f} %", 100 * errorOf(phase.cost.seconds.value(), measured[index])));
    }
    line.push_back(phase.cost.bound);
    line.push_back(namesOf(phase));
    lines.push_back(std::move(line));
  }
  lines.push_back(std::move(sources));
  printColumns(lines, isNumber);
  if (!measured.empty())
    llvm::outs() << fmt::format("median error {:.0f} %\n", 100 * medianError(call, measured));
}

static Object toJSON(Workload &workload, const CallReport &call, llvm::ArrayRef<double> measured) {
  Array phases;
  for (auto [index, phase] : llvm::enumerate(call.phases)) {
    Array resources, ops;
    for (const plan::Demand &demand : phase.demands)
      resources.push_back(Object{{"resource", demand.name},
                                 {"amount", demand.amount},
                                 {"seconds", secondsJSON(demand.seconds)},
                                 {"provenance", workload.provenanceOf(demand.resource)}});
    for (const workload::OpReport &op : phase.ops)
      ops.push_back(op.name);
    phases.push_back(Object{{"function", phase.function},
                            {"phase", static_cast<int64_t>(phase.number)},
                            {"times", phase.calls},
                            {"ops", std::move(ops)},
                            {"bound", phase.cost.bound},
                            {"seconds", secondsJSON(phase.cost.seconds)},
                            {"far_bytes", phase.farBytes},
                            {"operations", phase.amounts.operations()},
                            {"resources", std::move(resources)}});
    if (!measured.empty())
      (*phases.back().getAsObject())["measured_seconds"] = measured[index];
  }
  Object object{{"tokens", call.shape.tokens},
                {"keys", call.shape.keys},
                {"seconds", secondsJSON(call.planned.seconds)},
                {"phases", std::move(phases)}};
  if (!measured.empty())
    object["median_error"] = medianError(call, measured);
  return object;
}

static Status report(const CompileRequest &request, llvm::ArrayRef<std::string> targets,
                     const WorkloadQuestion &question, const std::string &plotPath) {
  std::vector<Roofline> rooflines;
  for (const std::string &target : targets) {
    CompileRequest onTarget = request;
    onTarget.options.target = target;
    Result<std::unique_ptr<Workload>> made = Workload::make(onTarget, question);
    if (!made)
      return made.takeFailure();
    Roofline &roofline = rooflines.emplace_back();
    roofline.workload = *std::move(made);
    const workload::ModelPlan &plan = *roofline.workload->plan;
    roofline.decode = plan.reportOf(roofline.workload->decodeShape());
    roofline.prefill = plan.reportOf(roofline.workload->prefillShape());
    if (!question.measures)
      continue;
    Result<std::vector<std::vector<double>>> seconds =
        measurePhases(onTarget, {&roofline.decode, &roofline.prefill});
    if (!seconds)
      return seconds.takeFailure();
    roofline.decodeSeconds = std::move((*seconds)[0]);
    roofline.prefillSeconds = std::move((*seconds)[1]);
  }
  if (!plotPath.empty())
    if (Status status = writeTextFile(plotPath, plotRooflines(rooflines)); !status)
      return status;
  if (question.json) {
    Array list;
    for (const Roofline &roofline : rooflines)
      list.push_back(Object{
          {"target", roofline.workload->machine.name},
          {"decode", toJSON(*roofline.workload, roofline.decode, roofline.decodeSeconds)},
          {"prefill", toJSON(*roofline.workload, roofline.prefill, roofline.prefillSeconds)}});
    llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(list))) << "\n";
    return {};
  }
  for (const Roofline &roofline : rooflines) {
    if (&roofline != &rooflines.front())
      llvm::outs() << "\n";
    const cost::Machine &machine = roofline.workload->machine;
    llvm::outs() << fmt::format("on {}, {} cores; how long each phase keeps each resource busy\n\n",
                                machine.name, machine.cores);
    for (const std::string &change : roofline.workload->changes)
      llvm::outs() << "what if " << change << "\n";
    print(*roofline.workload, roofline.decode, roofline.decodeSeconds);
    llvm::outs() << "\n";
    print(*roofline.workload, roofline.prefill, roofline.prefillSeconds);
  }
  return {};
}

int frit::driver::rooflineModel(const CompileRequest &request, llvm::ArrayRef<std::string> targets,
                                const WorkloadQuestion &question, const std::string &plotPath) {
  Status status = report(request, targets, question, plotPath);
  if (status)
    return ExitSuccess;
  printError(status.error());
  return ExitFailure;
}
