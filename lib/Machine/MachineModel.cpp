//===- MachineModel.cpp - descriptions of machines -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Machine/MachineModel.h"

#include "dialects/Machine/Machine.h"
#include "frit/Support/EmbeddedFile.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace frit;

namespace frit {
llvm::ArrayRef<EmbeddedFile> embeddedMachines();
} // namespace frit

namespace {

/// Reads fields of one JSON object; remembers the first thing that was wrong.
class Fields {
public:
  Fields(const llvm::json::Object &object, std::string place)
      : object(object), place(std::move(place)) {}

  std::string text(StringRef key) {
    seen.push_back(key);
    if (std::optional<StringRef> value = object.getString(key))
      return value->str();
    fail(key, "a string");
    return {};
  }
  int64_t integer(StringRef key) {
    seen.push_back(key);
    if (std::optional<int64_t> value = object.getInteger(key))
      return *value;
    fail(key, "an integer");
    return 0;
  }
  /// A figure: {"value", "provenance", "source"}.
  int64_t figure(StringRef key) {
    seen.push_back(key);
    const llvm::json::Object *figure = object.getObject(key);
    if (!figure) {
      fail(key, "a figure {value, provenance, source}");
      return 0;
    }
    Fields fields(*figure, place + "." + key.str());
    int64_t value = fields.integer("value");
    std::string provenance = fields.text("provenance");
    fields.text("source");
    fields.finish();
    static constexpr StringRef known[] = {"vendor", "measured", "derived", "claimed", "assumed"};
    if (fields.error.empty() && !llvm::is_contained(known, provenance))
      fields.error = fields.place +
                     ".provenance: expected vendor, measured, derived, claimed or "
                     "assumed, but got " +
                     provenance;
    if (error.empty())
      error = fields.error;
    return value;
  }
  const llvm::json::Array &array(StringRef key) {
    seen.push_back(key);
    static const llvm::json::Array none;
    if (const llvm::json::Array *value = object.getArray(key))
      return *value;
    fail(key, "an array");
    return none;
  }
  void finish() {
    for (const auto &entry : object)
      if (!llvm::is_contained(seen, StringRef(entry.first)) && error.empty())
        error = place + ": expected no field called " + StringRef(entry.first).str();
  }
  void fail(StringRef key, StringRef expected) {
    if (error.empty())
      error = place + "." + key.str() + ": expected " + expected.str();
  }

  const llvm::json::Object &object;
  std::string place;
  std::vector<StringRef> seen;
  std::string error;
};

} // namespace

static Type parseElement(StringRef name, MLIRContext &context) {
  unsigned width;
  bool isUnsigned = name.consume_front("ui");
  if (isUnsigned || name.consume_front("i")) {
    if (name.getAsInteger(10, width) || width == 0 || width > 64)
      return {};
    return IntegerType::get(&context, width,
                            isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  }
  if (name == "f16")
    return Float16Type::get(&context);
  if (name == "bf16")
    return BFloat16Type::get(&context);
  if (name == "f32")
    return Float32Type::get(&context);
  return {};
}

Result<machine::TargetAttr> frit::parseMachine(std::string_view json, std::string_view place,
                                               MLIRContext &context) {
  context.loadDialect<machine::MachineDialect>();
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(StringRef(json));
  if (!value)
    return Failure(
        place, ": expected a JSON description of a machine: ", llvm::toString(value.takeError()));
  const llvm::json::Object *object = value->getAsObject();
  if (!object)
    return Failure(place, ": expected a JSON object");
  Fields fields(*object, std::string(place));
  std::string name = fields.text("name"), triple = fields.text("triple"), cpu = fields.text("cpu");
  fields.text("summary");
  SmallVector<StringAttr> features;
  for (const llvm::json::Value &feature : fields.array("features")) {
    if (std::optional<StringRef> text = feature.getAsString())
      features.push_back(StringAttr::get(&context, *text));
    else
      fields.fail("features", "an array of strings");
  }
  int64_t vectorBytes = fields.figure("vector_bytes"),
          vectorRegisters = fields.figure("vector_registers");
  // What the attribute's verifier refuses becomes our error, not a diagnostic.
  std::string refused;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    refused = diagnostic.str();
    return success();
  });
  auto emitError = [&] { return mlir::emitError(UnknownLoc::get(&context)); };
  SmallVector<machine::InstructionAttr> instructions;
  for (const auto &[index, entry] : llvm::enumerate(fields.array("instructions"))) {
    std::string where = std::string(place) + ".instructions[" + std::to_string(index) + "]";
    const llvm::json::Object *instruction = entry.getAsObject();
    if (!instruction)
      return Failure(where, ": expected an object");
    Fields inner(*instruction, where);
    std::string instructionName = inner.text("name");
    int64_t m = inner.integer("m"), n = inner.integer("n"), k = inner.integer("k");
    const StringRef keys[] = {"lhs", "rhs", "acc"};
    Type types[std::size(keys)];
    for (auto [type, key] : llvm::zip_equal(types, keys)) {
      type = parseElement(inner.text(key), context);
      if (!type)
        inner.fail(key, "an element type such as i8, ui8 or f32");
    }
    inner.finish();
    if (!inner.error.empty())
      return Failure(inner.error);
    if (failed(machine::InstructionAttr::verify(emitError, instructionName, m, n, k, types[0],
                                                types[1], types[2])))
      return Failure(where, ": ", refused);
    instructions.push_back(machine::InstructionAttr::get(&context, instructionName, m, n, k,
                                                         types[0], types[1], types[2]));
  }
  SmallVector<machine::MemoryAttr> memories;
  for (const auto &[index, entry] : llvm::enumerate(fields.array("memories"))) {
    std::string where = std::string(place) + ".memories[" + std::to_string(index) + "]";
    const llvm::json::Object *memory = entry.getAsObject();
    if (!memory)
      return Failure(where, ": expected an object");
    Fields inner(*memory, where);
    std::string memoryName = inner.text("name"), scope = inner.text("scope");
    int64_t bytes = inner.figure("bytes");
    inner.finish();
    if (!inner.error.empty())
      return Failure(inner.error);
    if (failed(machine::MemoryAttr::verify(emitError, memoryName, bytes, scope)))
      return Failure(where, ": ", refused);
    memories.push_back(machine::MemoryAttr::get(&context, memoryName, bytes, scope));
  }
  fields.finish();
  if (!fields.error.empty())
    return Failure(fields.error);
  if (failed(machine::TargetAttr::verify(emitError, name, triple, cpu, features, vectorBytes,
                                         vectorRegisters, instructions, memories)))
    return Failure(place, ": ", refused);
  return machine::TargetAttr::get(&context, name, triple, cpu, features, vectorBytes,
                                  vectorRegisters, instructions, memories);
}

std::vector<MachineSummary> frit::listMachines() {
  std::vector<MachineSummary> result;
  for (const EmbeddedFile &file : embeddedMachines()) {
    llvm::Expected<llvm::json::Value> value = llvm::json::parse(file.text());
    if (!value) {
      llvm::consumeError(value.takeError());
      continue;
    }
    const llvm::json::Object &object = *value->getAsObject();
    result.push_back({object.getString("name")->str(), object.getString("summary")->str()});
  }
  return result;
}

std::string frit::detectMachine() {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  std::string best = "x86-64";
  int64_t bestBytes = 0;
  for (const EmbeddedFile &file : embeddedMachines()) {
    llvm::Expected<llvm::json::Value> value = llvm::json::parse(file.text());
    if (!value) {
      llvm::consumeError(value.takeError());
      continue;
    }
    const llvm::json::Object &object = *value->getAsObject();
    bool runs = llvm::all_of(*object.getArray("features"), [&](const llvm::json::Value &feature) {
      return host.lookup(*feature.getAsString());
    });
    int64_t bytes = *object.getObject("vector_bytes")->getInteger("value");
    if (runs && bytes > bestBytes) {
      best = object.getString("name")->str();
      bestBytes = bytes;
    }
  }
  return best;
}

Result<machine::TargetAttr> frit::readMachine(std::string_view name, MLIRContext &context) {
  std::string wanted = name == "native" ? detectMachine() : std::string(name);
  for (const EmbeddedFile &file : embeddedMachines())
    if (StringRef(file.name) == wanted + ".json")
      return parseMachine(file.text(), file.name, context);
  if (StringRef(wanted).ends_with(".json")) {
    auto buffer = llvm::MemoryBuffer::getFile(wanted);
    if (!buffer)
      return Failure("cannot read machine description ", wanted, ": ", buffer.getError().message());
    return parseMachine((*buffer)->getBuffer(), wanted, context);
  }
  std::string known;
  for (const MachineSummary &machine : listMachines())
    known += (known.empty() ? "" : ", ") + machine.name;
  return Failure("unknown target ", wanted, ": expected native, a .json file, or one of ", known);
}
