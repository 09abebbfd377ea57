//===- MachineModel.cpp - the machines frit knows --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Machine/MachineModel.h"

#include "dialects/Machine/Machine.h"
#include "frit/Support/EmbeddedFile.h"
#include "lib/Machine/Host.h"
#include "lib/Support/JSON.h"
#include "lib/Support/Printable.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace frit;
using machine::MachineDescription;

namespace frit {
llvm::ArrayRef<EmbeddedFile> embeddedMachines();
} // namespace frit

//===----------------------------------------------------------------------===//
// Built-in descriptions and files
//===----------------------------------------------------------------------===//

// The file of a built-in description is called after it.
static std::optional<StringRef> findBuiltin(StringRef name) {
  for (const EmbeddedFile &file : embeddedMachines())
    if (StringRef(file.name) == (name + ".json").str())
      return file.text();
  return std::nullopt;
}

Result<std::vector<MachineDescription>> frit::builtinMachines() {
  std::vector<MachineDescription> machines;
  for (const EmbeddedFile &file : embeddedMachines()) {
    Result<MachineDescription> machine =
        machine::parseDescription(file.text(), file.name, findBuiltin);
    if (!machine)
      return machine.takeFailure();
    machines.push_back(*std::move(machine));
  }
  llvm::sort(machines, [](const MachineDescription &a, const MachineDescription &b) {
    return a.name < b.name;
  });
  return machines;
}

std::vector<std::string> frit::compilableMachines() {
  std::vector<std::string> names;
  if (Result<std::vector<MachineDescription>> machines = builtinMachines())
    for (const MachineDescription &machine : *machines)
      if (!machine.backEnd.empty())
        names.push_back(machine.name);
  return names;
}

namespace {
struct MachineFile {
  std::string text, place;
};
} // namespace

static Result<MachineFile> readFile(StringRef path) {
  constexpr uint64_t maxBytes = 1 << 20;
  std::string place = "machine description " + printable(path);
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return Failure("cannot read ", place, ": ", error.message());
  // A pipe or a device could deliver without end.
  if (status.type() != llvm::sys::fs::file_type::regular_file)
    return Failure("cannot read ", place, ": expected a regular file");
  if (status.getSize() > maxBytes)
    return Failure("cannot read ", place, ": expected at most ", maxBytes, " bytes, found ",
                   status.getSize());
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return Failure("cannot read ", place, ": ", buffer.getError().message());
  return MachineFile{(*buffer)->getBuffer().str(), path.str()};
}

Result<std::optional<Calibration>> frit::findCalibration() {
  Result<std::string> path = machine::calibrationPath();
  if (!path || !llvm::sys::fs::exists(*path))
    return std::optional<Calibration>();
  Result<MachineFile> file = readFile(*path);
  if (!file)
    return file.takeFailure();
  Result<MachineDescription> description =
      machine::parseDescription(file->text, file->place, findBuiltin);
  if (!description)
    return description.takeFailure();
  bool isOfThisCpu = !description->host.empty() && description->host == machine::hostIdentity() &&
                     description->name == detectMachine();
  return std::optional(Calibration{*path, description->host, isOfThisCpu});
}

/// This CPU as its instruction set, with as many cores as this process may use.
static MachineFile describeUnmeasured() {
  std::string isa = detectMachine();
  std::optional<StringRef> text = findBuiltin(isa);
  Result<llvm::json::Value> base = parseJSON(text.value_or("{}"));
  StringRef summary = isa;
  if (base)
    summary = base->getAsObject()->getString("summary").value_or(isa);
  llvm::json::Object cores{{"value", llvm::hardware_concurrency().compute_thread_count()},
                           {"provenance", "measured"},
                           {"source", "what the system lets this process use (sched_getaffinity)"}};
  llvm::json::Object description{
      {"name", isa}, {"like", isa}, {"summary", summary}, {"cores", std::move(cores)}};
  return {llvm::formatv("{0:2}", llvm::json::Value(std::move(description))).str(),
          "native, " + isa + ".json"};
}

static Result<MachineFile> findFile(std::string_view name) {
  if (name == "native") {
    Result<std::optional<Calibration>> calibration = findCalibration();
    if (!calibration)
      return calibration.takeFailure();
    if (*calibration && (*calibration)->isOfThisCpu)
      return readFile((*calibration)->path);
    return describeUnmeasured();
  }
  std::string wanted(name);
  if (std::optional<StringRef> text = findBuiltin(wanted))
    return MachineFile{text->str(), wanted + ".json"};
  if (StringRef(wanted).ends_with(".json"))
    return readFile(wanted);
  Result<std::vector<MachineDescription>> machines = builtinMachines();
  if (!machines)
    return machines.takeFailure();
  constexpr unsigned farthest = 2;
  std::string nearest;
  for (const MachineDescription &machine : *machines)
    if (StringRef(machine.name).edit_distance(wanted) <= farthest)
      nearest += (nearest.empty() ? "; did you mean " : " or ") + machine.name;
  return Failure("unknown target ", printable(wanted),
                 ": expected native, a .json file, or a name that frit targets lists, such as ",
                 llvm::join(compilableMachines(), ", "), nearest);
}

Result<MachineDescription> frit::describeMachine(std::string_view name) {
  Result<MachineFile> file = findFile(name);
  if (!file)
    return file.takeFailure();
  return machine::parseDescription(file->text, file->place, findBuiltin);
}

Result<std::string> frit::machineText(std::string_view name) {
  Result<MachineFile> file = findFile(name);
  if (!file)
    return file.takeFailure();
  return machine::resolveDescription(file->text, file->place, findBuiltin);
}

//===----------------------------------------------------------------------===//
// What passes see
//===----------------------------------------------------------------------===//

static Type parseElement(StringRef name, MLIRContext &context) {
  unsigned width;
  StringRef integer = name;
  bool isUnsigned = integer.consume_front("ui");
  if (isUnsigned || integer.consume_front("i")) {
    if (integer.getAsInteger(10, width) || width == 0 || width > 64)
      return {};
    return IntegerType::get(&context, width,
                            isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  }
  return llvm::StringSwitch<Type>(name)
      .Case("f16", Float16Type::get(&context))
      .Case("bf16", BFloat16Type::get(&context))
      .Case("tf32", FloatTF32Type::get(&context))
      .Case("f32", Float32Type::get(&context))
      .Case("f64", Float64Type::get(&context))
      .Case("f8E4M3FN", Float8E4M3FNType::get(&context))
      .Case("f8E5M2", Float8E5M2Type::get(&context))
      .Case("f4E2M1FN", Float4E2M1FNType::get(&context))
      .Default({});
}

/// 0, not known, without the clock it takes.
static machine::Rate boundedRate(const MachineDescription &description,
                                 const machine::Statement &statement) {
  machine::Rate rate = description.rateOf(statement).value_or(machine::Rate());
  rate.bounds = MachineDescription::boundsOf(statement, machine::FigureKind::Rate);
  return rate;
}

Result<machine::TargetAttr> frit::targetOf(const MachineDescription &description,
                                           std::string_view place, MLIRContext &context) {
  context.loadDialect<machine::MachineDialect>();
  // What the verifiers of attributes refuse becomes our error, not a diagnostic.
  std::string refused;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    refused = diagnostic.str();
    return success();
  });
  auto emitError = [&] { return mlir::emitError(UnknownLoc::get(&context)); };
  auto failure = [&](const llvm::Twine &where) {
    return Failure(printable(refused)).in(printable((place + where).str()));
  };
  auto bytes = [](const std::optional<machine::Statement> &statement) {
    return statement ? static_cast<int64_t>(statement->value) : 0;
  };
  SmallVector<machine::Figure> figures;
  for (const machine::StatedFigure &figure : description.figures) {
    if (!machine::infoOf(figure.id).inTarget)
      continue;
    machine::Rate rate = description.rateOf(figure.statement).value_or(machine::Rate());
    figures.push_back(
        {figure.id, rate.perSecond, rate.scope,
         MachineDescription::boundsOf(figure.statement, machine::infoOf(figure.id).kind)});
  }
  SmallVector<machine::InstructionAttr> instructions;
  for (const auto &[index, instruction] : llvm::enumerate(description.instructions)) {
    std::string where = ": instructions[" + std::to_string(index) + "]";
    const StringRef names[] = {instruction.lhs, instruction.rhs, instruction.acc};
    Type types[std::size(names)];
    for (auto [type, name] : llvm::zip_equal(types, names)) {
      type = parseElement(name, context);
      if (!type) {
        refused = ("expected an element type such as i8, ui8 or f32, found '" + name + "'").str();
        return failure(where);
      }
    }
    // Who compiles has dense operands.
    if (instruction.sparse)
      continue;
    machine::Rate rate = description.rateOf(instruction).value_or(machine::Rate());
    if (instruction.rate)
      rate.bounds = MachineDescription::boundsOf(*instruction.rate, machine::FigureKind::Rate);
    int64_t m = instruction.m.value_or(ShapedType::kDynamic),
            n = instruction.n.value_or(ShapedType::kDynamic),
            k = instruction.k.value_or(ShapedType::kDynamic);
    if (failed(machine::InstructionAttr::verify(emitError, instruction.name, m, n, k, types[0],
                                                types[1], types[2], rate)))
      return failure(where);
    instructions.push_back(machine::InstructionAttr::get(&context, instruction.name, m, n, k,
                                                         types[0], types[1], types[2], rate));
  }
  SmallVector<machine::MemoryAttr> memories;
  for (const auto &[index, memory] : llvm::enumerate(description.memories)) {
    int64_t size = bytes(memory.bytes), alignment = bytes(memory.alignment);
    machine::Rate bandwidth;
    if (memory.bandwidth)
      bandwidth = boundedRate(description, *memory.bandwidth);
    if (failed(machine::MemoryAttr::verify(emitError, memory.name, size, memory.scope, alignment,
                                           memory.serves, bandwidth)))
      return failure(": memories[" + llvm::Twine(index) + "]");
    memories.push_back(machine::MemoryAttr::get(&context, memory.name, size, memory.scope,
                                                alignment, memory.serves, bandwidth));
  }
  SmallVector<machine::DatapathAttr> datapaths;
  for (const auto &[index, path] : llvm::enumerate(description.datapaths)) {
    machine::Rate rate;
    if (path.bytes)
      rate = boundedRate(description, *path.bytes);
    if (failed(machine::DatapathAttr::verify(emitError, path.from, path.to, rate, path.onTheWay)))
      return failure(": datapaths[" + llvm::Twine(index) + "]");
    datapaths.push_back(
        machine::DatapathAttr::get(&context, path.from, path.to, rate, path.onTheWay));
  }
  SmallVector<StringAttr> features;
  for (const std::string &feature : description.features)
    features.push_back(StringAttr::get(&context, feature));
  if (failed(machine::TargetAttr::verify(emitError, description.name, description.triple,
                                         description.cpu, features, figures, instructions, memories,
                                         datapaths)))
    return failure("");
  return machine::TargetAttr::get(&context, description.name, description.triple, description.cpu,
                                  features, figures, instructions, memories, datapaths);
}

Result<machine::TargetAttr> frit::parseMachine(std::string_view json, std::string_view place,
                                               MLIRContext &context) {
  Result<MachineDescription> description = machine::parseDescription(json, place, findBuiltin);
  if (!description)
    return description.takeFailure();
  return targetOf(*description, place, context);
}

Result<machine::TargetAttr> frit::readMachine(std::string_view name, MLIRContext &context) {
  Result<MachineDescription> description = describeMachine(name);
  if (!description)
    return description.takeFailure();
  return targetOf(*description, name == "native" ? description->name : name, context);
}

//===----------------------------------------------------------------------===//
// native
//===----------------------------------------------------------------------===//

std::string frit::detectMachine() {
  std::string best = "x86-64";
  Result<std::vector<MachineDescription>> machines = builtinMachines();
  if (!machines)
    return best;
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  llvm::Triple::ArchType arch = llvm::Triple(llvm::sys::getProcessTriple()).getArch();
  double bestBytes = 0;
  for (const MachineDescription &machine : *machines) {
    if (machine.kind != "isa" || llvm::Triple(machine.triple).getArch() != arch ||
        !llvm::all_of(machine.features,
                      [&](const std::string &feature) { return host.lookup(feature); }))
      continue;
    const machine::Statement *bytes = machine.find(machine::FigureId::VectorBytes);
    if (bytes && bytes->value > bestBytes) {
      best = machine.name;
      bestBytes = bytes->value;
    }
  }
  return best;
}
