//===- Workload.cpp - a model planned for a machine, to be reported on ------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Workload.h"

#include "dialects/Graph/Graph.h"
#include "lib/Driver/DescribeMachine.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;

Status frit::driver::settleQuestion(WorkloadQuestion &question, const ModelDescription &model) {
  int64_t longest =
      model.contextLength > 0 ? model.contextLength : std::numeric_limits<int64_t>::max();
  int64_t prompt = question.promptTokens;
  if (question.context == 0)
    question.context = std::min(longest, std::max<int64_t>(2048, prompt));
  if (prompt == 0)
    question.promptTokens = std::min<int64_t>(512, question.context);
  if (question.context > longest)
    return Failure("--context: expected up to ", longest, ", the context of ", model.name,
                   ", found ", question.context);
  if (question.promptTokens > question.context)
    return Failure("--prompt: expected up to the context of ", question.context, " tokens, found ",
                   question.promptTokens);
  return {};
}

Result<std::unique_ptr<Workload>> Workload::make(const CompileRequest &request,
                                                 WorkloadQuestion question) {
  std::unique_ptr<Workload> workload(new Workload(request, question));
  if (Status status = workload->load(question.whatIf); !status)
    return status.takeFailure();
  if (Status status = workload->makePlan(); !status)
    return status.takeFailure();
  return workload;
}

Status Workload::makePlan() {
  model = describeModel(module());
  if (Status status = settleQuestion(question, model); !status)
    return status;
  workload::PlanOptions planOptions;
  planOptions.fusion = request.options.pipeline.fusion;
  planOptions.maxTokens = request.options.pipeline.maxTokens;
  Result<workload::ModelPlan> planned = workload::ModelPlan::of(module(), machine, planOptions);
  if (!planned)
    return planned.takeFailure();
  plan.emplace(*std::move(planned));
  return {};
}

cost::Shape Workload::prefillShape() const {
  return {std::min(question.promptTokens, request.options.pipeline.maxTokens),
          question.promptTokens};
}

/// The statement that makes a machine's datapath as fast as it is: of memories that count as one,
/// any.
static const machine::Statement *findDatapath(const machine::MachineDescription &description,
                                              llvm::StringRef from, llvm::StringRef to) {
  const machine::Statement *other = nullptr;
  for (const machine::DescribedDatapath &path : description.datapaths) {
    if (!path.bytes)
      continue;
    if (path.from == from && path.to == to)
      return &*path.bytes;
    if (path.from == from || path.to == to)
      other = &*path.bytes;
  }
  return other;
}

static const machine::Statement *findMemory(const machine::MachineDescription &description,
                                            llvm::StringRef name) {
  for (const machine::DescribedMemory &memory : description.memories)
    if (memory.name == name && memory.bandwidth)
      return &*memory.bandwidth;
  return nullptr;
}

/// That of the fastest instruction that multiplies `number`; null where vectors do.
static const machine::Statement *findInstruction(const machine::MachineDescription &description,
                                                 cost::Number number) {
  const machine::Statement *fastest = nullptr;
  double most = 0;
  for (const machine::DescribedInstruction &instruction : description.instructions) {
    llvm::StringRef lhs = instruction.lhs;
    bool isOf = number == cost::Number::I8    ? lhs == "i8"
                : number == cost::Number::F16 ? lhs == "f16" || lhs == "bf16"
                                              : lhs == "f32";
    std::optional<machine::Rate> rate = description.rateOf(instruction);
    if (!isOf || !rate || rate->perSecond <= most)
      continue;
    most = rate->perSecond;
    fastest = &*instruction.rate;
  }
  return fastest;
}

std::string Workload::provenanceOf(const plan::Resource &resource) const {
  if (!description)
    return "";
  using Kind = plan::Resource::Kind;
  using machine::FigureId;
  llvm::SmallVector<const machine::Statement *> statements;
  auto add = [&](const machine::Statement *statement) {
    if (statement)
      statements.push_back(statement);
  };
  if (resource.kind == Kind::Issue || resource.kind == Kind::Matrix)
    for (cost::Number number : plan->numbers())
      if (std::optional<cost::Number> taken = machine.matrixNumber(number))
        add(findInstruction(*description, *taken));
  if (resource.kind == Kind::Issue || resource.kind == Kind::Vector) {
    add(description->find(FigureId::F32Rate));
    add(description->find(FigureId::ExpRate));
  }
  if (resource.kind == Kind::Datapath) {
    const cost::Datapath &path = machine.datapaths[resource.index];
    llvm::StringRef from = machine.memories[path.from].name, to = machine.memories[path.to].name;
    add(findDatapath(*description, from, to));
    for (llvm::StringRef end : {from, to})
      if (statements.empty())
        add(findMemory(*description, end));
  }
  if (resource.kind == Kind::Memory)
    add(findMemory(*description, machine.memories[resource.index].name));
  if (resource.kind == Kind::Barrier) {
    const machine::Statement *barrier = description->find(FigureId::Barrier);
    add(barrier ? barrier : description->find(FigureId::Launch));
  }
  std::string text;
  for (size_t kind = 0; kind < std::size(machine::provenanceNames); ++kind)
    if (llvm::any_of(statements, [&](const machine::Statement *statement) {
          return static_cast<size_t>(statement->provenance) == kind;
        }))
      text += (text.empty() ? "" : ", ") + machine::provenanceNames[kind].str();
  return text;
}

int64_t Workload::keyValueBytesPerToken() {
  int64_t sum = 0;
  llvm::StringMap<int64_t> bytesOf;
  for (auto layer : module().getOps<graph::LayerOp>())
    for (mlir::Type type : layer.getArgumentTypes())
      if (auto cache = llvm::dyn_cast<kv::CacheType>(type))
        bytesOf[layer.getSymName()] += cache.bytesPerToken();
  module().walk([&](graph::RepeatOp repeat) {
    for (auto segment : repeat.getSegments().getAsRange<graph::SegmentAttr>())
      sum += segment.getCount() * bytesOf.lookup(segment.getLayer().getValue());
  });
  return sum;
}

int64_t Workload::memoryBytes() {
  return model.weightBytes + keyValueBytesPerToken() * question.context + plan->activationBytes();
}

static std::pair<double, const char *> unitOf(double seconds) {
  for (auto [factor, name] : {std::pair(1.0, "s"), std::pair(1e-3, "ms"), std::pair(1e-6, "us")})
    if (std::abs(seconds) >= factor)
      return {factor, name};
  return {1e-9, "ns"};
}

std::string frit::driver::secondsText(double seconds) {
  if (seconds == 0)
    return "0";
  auto [factor, name] = unitOf(seconds);
  return fmt::format("{:.3g} {}", seconds / factor, name);
}

std::string frit::driver::intervalText(const cost::Seconds &seconds) {
  if (seconds.low() == seconds.high())
    return secondsText(seconds.value());
  auto [factor, name] = unitOf(seconds.value());
  return fmt::format("{:.3g} {} ({:.3g} to {:.3g})", seconds.value() / factor, name,
                     seconds.low() / factor, seconds.high() / factor);
}

llvm::json::Object frit::driver::secondsJSON(const cost::Seconds &seconds) {
  return llvm::json::Object{
      {"value", seconds.value()}, {"low", seconds.low()}, {"high", seconds.high()}};
}

llvm::json::Object frit::driver::amountsJSON(const workload::Amounts &amounts) {
  llvm::json::Object matrix;
  for (size_t number = 0; number < cost::numNumbers; ++number)
    if (amounts.matrixOps[number] > 0)
      matrix[cost::nameOf(static_cast<cost::Number>(number))] = amounts.matrixOps[number];
  return llvm::json::Object{{"matrix_ops", std::move(matrix)},
                            {"vector_ops", amounts.vectorOps},
                            {"exponentials", amounts.exps},
                            {"weight_bytes", amounts.traffic.weightBytes},
                            {"cache_bytes", amounts.traffic.cacheBytes},
                            {"input_bytes", amounts.traffic.inputBytes},
                            {"output_bytes", amounts.traffic.outputBytes},
                            {"activation_bytes", amounts.traffic.activationBytes()},
                            {"phases", amounts.phases},
                            {"seconds", secondsJSON(amounts.seconds)}};
}

void frit::driver::printColumns(const std::vector<std::vector<std::string>> &lines,
                                const std::vector<bool> &isNumber) {
  std::vector<size_t> widths(isNumber.size());
  for (const auto &line : lines)
    for (size_t column = 0; column < line.size(); ++column)
      widths[column] = std::max(widths[column], line[column].size());
  for (const auto &line : lines) {
    std::string text;
    for (size_t column = 0; column < line.size(); ++column) {
      std::string padding(widths[column] - line[column].size(), ' ');
      text += (column ? "  " : "") +
              (isNumber[column] ? padding + line[column] : line[column] + padding);
    }
    llvm::outs() << llvm::StringRef(text).rtrim() << "\n";
  }
}
