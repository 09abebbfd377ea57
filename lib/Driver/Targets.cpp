//===- Targets.cpp - frit targets ------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Targets.h"

#include "frit/Machine/MachineModel.h"
#include "lib/Driver/DescribeMachine.h"
#include "lib/Driver/Output.h"
#include "lib/Support/Printable.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <array>

using namespace frit;
using namespace frit::driver;
using namespace frit::machine;
using llvm::StringRef;
using llvm::json::Object;

namespace {
/// What the table says about a machine.
struct Headline {
  std::optional<double> cores, int8, half, bytes, bandwidth;
};
} // namespace

static Headline headlineOf(TargetAttr target) {
  Headline result;
  result.cores = target.count(Scope::Core);
  for (InstructionAttr instruction : target.getInstructions()) {
    std::optional<double> ops = target.rate(instruction.getOps(), Scope::Machine);
    mlir::Type lhs = instruction.getLhs();
    if (ops && lhs.isInteger(8))
      result.int8 = std::max(result.int8.value_or(0), *ops);
    if (ops && (lhs.isF16() || lhs.isBF16()))
      result.half = std::max(result.half.value_or(0), *ops);
  }
  // They go from near to far.
  if (target.getMemories().empty())
    return result;
  MemoryAttr memory = target.getMemories().back();
  std::optional<double> count = target.count(memory.getScope());
  if (count && memory.getBytes())
    result.bytes = static_cast<double>(memory.getBytes()) * *count;
  result.bandwidth = target.rate(memory.getBandwidth(), Scope::Machine);
  return result;
}

static void printTable(llvm::ArrayRef<std::array<std::string, 8>> lines) {
  std::array<size_t, 8> widths = {};
  for (const auto &line : lines)
    for (size_t column = 0; column < line.size(); ++column)
      widths[column] = std::max(widths[column], line[column].size());
  for (const auto &line : lines) {
    std::string text;
    for (size_t column = 0; column < line.size(); ++column) {
      size_t padding = widths[column] - line[column].size() + 2;
      // Numbers stand below each other.
      bool isNumber = column >= 2 && column <= 6;
      text += isNumber ? std::string(padding, ' ') + line[column]
                       : (column == 7 ? "  " : "") + line[column] + std::string(padding, ' ');
    }
    llvm::outs() << StringRef(text).rtrim() << "\n";
  }
}

int frit::driver::listTargets(bool json) {
  Result<std::vector<MachineDescription>> machines = builtinMachines();
  if (!machines) {
    printError(machines.error());
    return ExitFailure;
  }
  auto order = [](const MachineDescription &machine) {
    return std::pair(llvm::find(machineKinds, machine.kind), StringRef(machine.name));
  };
  llvm::sort(*machines, [&](const MachineDescription &a, const MachineDescription &b) {
    return order(a) < order(b);
  });
  std::string native = detectMachine();
  mlir::MLIRContext context;
  std::vector<std::array<std::string, 8>> lines = {
      {"  name", "kind", "cores", "int8", "f16, bf16", "memory", "bandwidth", "back end"}};
  llvm::json::Array array;
  for (const MachineDescription &machine : *machines) {
    Result<TargetAttr> target = targetOf(machine, machine.name, context);
    if (!target) {
      printError(target.error());
      return ExitFailure;
    }
    // What an instruction set assumes is of no machine.
    Headline headline = machine.kind == "isa" ? Headline() : headlineOf(*target);
    auto text = [](std::optional<double> number, StringRef unit) {
      return number ? siText(*number, unit) : std::string("-");
    };
    lines.push_back({(machine.name == native ? "* " : "  ") + machine.name, machine.kind,
                     headline.cores ? std::to_string(static_cast<int64_t>(*headline.cores)) : "-",
                     text(headline.int8, "op/s"), text(headline.half, "op/s"),
                     headline.bytes ? capacityText(*headline.bytes) : "-",
                     text(headline.bandwidth, "B/s"),
                     machine.backEnd.empty() ? "planning only" : machine.backEnd});
    Object object{{"name", machine.name},
                  {"summary", machine.summary},
                  {"kind", machine.kind},
                  {"native", machine.name == native}};
    auto add = [&](StringRef key, std::optional<double> number) {
      object[key] = number ? llvm::json::Value(*number) : llvm::json::Value(nullptr);
    };
    object["back_end"] =
        machine.backEnd.empty() ? llvm::json::Value(nullptr) : llvm::json::Value(machine.backEnd);
    add("cores", headline.cores);
    add("int8_ops_per_second", headline.int8);
    add("f16_ops_per_second", headline.half);
    add("memory_bytes", headline.bytes);
    add("memory_bytes_per_second", headline.bandwidth);
    array.push_back(std::move(object));
  }
  if (json) {
    llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(array))) << "\n";
    return ExitSuccess;
  }
  printTable(lines);
  llvm::outs() << "* is what --target=native stands for on this machine; - is not known; "
                  "'frit targets --show NAME' has the sources\n";
  Result<std::optional<Calibration>> calibration = findCalibration();
  if (!calibration) {
    printError(calibration.error());
    return ExitFailure;
  }
  if (*calibration && (*calibration)->isOfThisCpu)
    llvm::outs() << "native has what frit calibrate measured: " << (*calibration)->path << "\n";
  else if (*calibration)
    llvm::outs() << "not used, as it is of another CPU: " << (*calibration)->path << " ("
                 << printable((*calibration)->host) << ")\n";
  return ExitSuccess;
}

int frit::driver::showTarget(StringRef name, bool json) {
  mlir::MLIRContext context;
  Result<MachineDescription> description = describeMachine(name);
  Result<TargetAttr> target = description ? targetOf(*description, name, context)
                                          : Result<TargetAttr>(description.takeFailure());
  if (!target) {
    printError(target.error());
    return ExitFailure;
  }
  if (!json) {
    llvm::outs() << describe(*description, *target);
    return ExitSuccess;
  }
  Result<std::string> text = machineText(name);
  if (!text) {
    printError(text.error());
    return ExitFailure;
  }
  llvm::outs() << *text << "\n";
  return ExitSuccess;
}
