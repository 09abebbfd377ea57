//===- Description.cpp - descriptions of machines from JSON ----------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Machine/MachineDescription.h"

#include "lib/Machine/Like.h"
#include "lib/Support/JSON.h"
#include "lib/Support/Number.h"
#include "lib/Support/Printable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <map>

using namespace frit;
using namespace frit::machine;
using llvm::ArrayRef;
using llvm::StringLiteral;
using llvm::StringRef;
using llvm::Twine;
using llvm::json::Value;

const Statement *MachineDescription::find(FigureId id) const {
  for (const StatedFigure &figure : figures)
    if (figure.id == id)
      return &figure.statement;
  return nullptr;
}

std::optional<Rate> MachineDescription::rateOf(const Statement &statement,
                                               double operations) const {
  if (!statement.perCycle)
    return Rate{statement.value, statement.scope};
  const Statement *clock = find(FigureId::Clock);
  if (!clock)
    return std::nullopt;
  return Rate{statement.value * operations * clock->value, statement.scope};
}

/// What a program gets of a rate, by who says it. Makers say what nobody exceeds.
static Bounds boundsOf(Provenance provenance) {
  switch (provenance) {
  case Provenance::Vendor:
  case Provenance::Derived:
    return {0.8, 1};
  case Provenance::Measured:
    return {0.95, 1.05};
  case Provenance::Claimed:
    return {0.5, 1};
  case Provenance::Assumed:
    return {0.5, 2};
  }
  llvm_unreachable("unknown provenance");
}

Bounds MachineDescription::boundsOf(const Statement &statement, FigureKind kind) {
  if (kind != FigureKind::Rate && kind != FigureKind::Seconds)
    return {};
  Bounds bounds = ::boundsOf(statement.provenance);
  if (kind == FigureKind::Seconds)
    bounds = {1 / bounds.high, 1 / bounds.low};
  for (const Statement &other : statement.others) {
    bounds.low = std::min(bounds.low, other.value / statement.value);
    bounds.high = std::max(bounds.high, other.value / statement.value);
  }
  constexpr double most = 1000; // Who is further off speaks of something else.
  return {std::max(bounds.low, 1 / most), std::min(bounds.high, most)};
}

std::optional<Rate> MachineDescription::rateOf(const DescribedInstruction &instruction) const {
  if (!instruction.rate)
    return std::nullopt;
  double operations = 2;
  for (const std::optional<int64_t> &size : {instruction.m, instruction.n, instruction.k})
    operations *= static_cast<double>(size.value_or(1));
  return rateOf(*instruction.rate, operations);
}

namespace {

/// "exp_per_second" may be given as "exp_per_cycle".
std::string perCycle(StringRef key) {
  key.consume_back("_per_second");
  return (key + "_per_cycle").str();
}

/// The first thing that is wrong, and the sources that figures may name.
struct Context {
  Status status;
  std::map<std::string, std::string> sources;

  void fail(StringRef place, const Twine &message) {
    if (status)
      status = place.empty() ? Failure(message.str()) : Failure(message.str()).in(place);
  }
};

/// One object of a description. Keys that are read are known; finish() refuses the others.
class ObjectReader {
public:
  ObjectReader(Context &context, const Value &value, std::string place)
      : context(context), place(std::move(place)), object(value.getAsObject()) {
    if (!object)
      context.fail(this->place, "expected an object");
  }

  void fail(StringRef key, const Twine &message) { context.fail(inside(key), message); }
  std::string inside(StringRef key) const {
    return place.empty() ? key.str() : place + "." + key.str();
  }
  bool has(StringRef key) const { return object && object->get(key); }
  const Value *find(StringRef key) {
    known.push_back(key.str());
    return object ? object->get(key) : nullptr;
  }
  const Value *require(StringRef key) {
    const Value *value = find(key);
    if (!value && object)
      fail(key, "is missing");
    return value;
  }

  void readText(StringRef key, std::string &result, bool required = false) {
    const Value *value = required ? require(key) : find(key);
    if (!value)
      return;
    std::optional<StringRef> text = value->getAsString();
    if (!text || text->empty())
      return fail(key, "expected a text");
    result = text->str();
  }
  /// The source itself, or a name that `sources` explains.
  void readSource(std::string &result) {
    readText("source", result, /*required=*/true);
    if (result.empty() || result.find(' ') != std::string::npos ||
        result.find('/') != std::string::npos)
      return;
    auto found = context.sources.find(result);
    if (found != context.sources.end())
      result = found->second;
    else
      fail("source", "expected a source, or a name that sources explains, found '" + result + "'");
  }
  template <size_t count>
  std::optional<unsigned> readChoice(StringRef key, const StringLiteral (&choices)[count]) {
    std::string text;
    readText(key, text, /*required=*/true);
    if (text.empty())
      return std::nullopt;
    for (unsigned index = 0; index < count; ++index)
      if (choices[index] == text)
        return index;
    fail(key, "expected one of " + llvm::join(ArrayRef<StringLiteral>(choices), ", ") +
                  ", found '" + text + "'");
    return std::nullopt;
  }
  void readScope(Scope &result) {
    if (std::optional<unsigned> index = readChoice("scope", scopeNames))
      result = static_cast<Scope>(*index);
  }
  double readNumber(StringRef key, FigureKind kind) {
    const Value *value = require(key);
    if (!value)
      return 0;
    std::optional<double> number = value->getAsNumber();
    StringRef expected = checkFigure(kind, number.value_or(0));
    if (!expected.empty())
      fail(key, "expected " + expected);
    return expected.empty() ? *number : 0;
  }
  void readTexts(StringRef key, std::vector<std::string> &result) {
    forEach(key, [&](const Value &value, const std::string &where) {
      if (std::optional<StringRef> text = value.getAsString())
        result.push_back(text->str());
      else
        context.fail(where, "expected a text");
    });
  }
  /// Calls `read` with each element of a list and its place.
  template <typename Read>
  void forEach(StringRef key, Read read) {
    const Value *value = find(key);
    if (!value)
      return;
    const llvm::json::Array *array = value->getAsArray();
    if (!array)
      return fail(key, "expected a list");
    // Far more than a machine has.
    constexpr size_t maxElements = 256;
    if (array->size() > maxElements)
      return fail(key, "expected at most " + Twine(maxElements) + " elements, found " +
                           Twine(array->size()));
    for (size_t index = 0; index < array->size(); ++index)
      read((*array)[index], inside(key) + "[" + std::to_string(index) + "]");
  }

  void finish() {
    if (!object)
      return;
    for (const auto &[key, value] : *object)
      if (!llvm::is_contained(known, key.str()))
        context.fail(place,
                     "unknown key '" + key.str() + "'; known are " + llvm::join(known, ", "));
  }

  Context &context;
  std::string place;
  const llvm::json::Object *object;

private:
  std::vector<std::string> known;
};

//===----------------------------------------------------------------------===//
// Figures
//===----------------------------------------------------------------------===//

Statement readStatement(Context &context, const Value &value, const std::string &place,
                        FigureKind kind, bool isOther = false) {
  Statement result;
  ObjectReader reader(context, value, place);
  result.value = reader.readNumber("value", kind);
  if (kind == FigureKind::Rate && !isOther)
    reader.readScope(result.scope);
  if (std::optional<unsigned> index = reader.readChoice("provenance", provenanceNames))
    result.provenance = static_cast<Provenance>(*index);
  reader.readSource(result.source);
  reader.readText("note", result.note);
  if (!isOther)
    reader.forEach("others", [&](const Value &other, const std::string &where) {
      result.others.push_back(readStatement(context, other, where, kind, /*isOther=*/true));
      result.others.back().scope = result.scope;
    });
  reader.finish();
  return result;
}

std::optional<Statement> readFigure(ObjectReader &reader, StringRef key, FigureKind kind) {
  if (const Value *value = reader.find(key))
    return readStatement(reader.context, *value, reader.inside(key), kind);
  return std::nullopt;
}

/// A rate: per second, or per cycle.
std::optional<Statement> readRate(ObjectReader &reader, StringRef perSecondKey,
                                  StringRef perCycleKey) {
  std::optional<Statement> second = readFigure(reader, perSecondKey, FigureKind::Rate);
  std::optional<Statement> cycle = readFigure(reader, perCycleKey, FigureKind::Rate);
  if (second && cycle)
    reader.fail(perCycleKey, "expected either this or " + perSecondKey);
  if (!cycle)
    return second;
  cycle->perCycle = true;
  for (Statement &other : cycle->others)
    other.perCycle = true;
  return cycle;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

DescribedMemory readMemory(Context &context, const Value &value, const std::string &place) {
  DescribedMemory result;
  ObjectReader reader(context, value, place);
  reader.readText("name", result.name, /*required=*/true);
  reader.readScope(result.scope);
  result.bytes = readFigure(reader, "bytes", FigureKind::Bytes);
  result.alignment = readFigure(reader, "alignment_bytes", FigureKind::Bytes);
  std::vector<std::string> ports;
  reader.readTexts("serves", ports);
  for (const std::string &port : ports) {
    const auto *found = llvm::find(portNames, port);
    if (found == std::end(portNames))
      reader.fail("serves", "expected one of " + llvm::join(ArrayRef(portNames), ", ") +
                                ", found '" + port + "'");
    else
      result.serves |= 1u << (found - std::begin(portNames));
  }
  result.bandwidth = readRate(reader, "bytes_per_second", "bytes_per_cycle");
  reader.readText("note", result.note);
  reader.finish();
  return result;
}

void readEfficiency(ObjectReader &path, DescribedDatapath &result) {
  const Value *value = path.find("efficiency");
  if (!value)
    return;
  ObjectReader reader(path.context, *value, path.inside("efficiency"));
  Statement source;
  if (std::optional<unsigned> index = reader.readChoice("provenance", provenanceNames))
    source.provenance = static_cast<Provenance>(*index);
  reader.readSource(source.source);
  reader.forEach("by_bytes", [&](const Value &entry, const std::string &where) {
    const llvm::json::Array *pair = entry.getAsArray();
    std::optional<double> bytes, part;
    if (pair && pair->size() == 2) {
      bytes = (*pair)[0].getAsNumber();
      part = (*pair)[1].getAsNumber();
    }
    if (!bytes || !part || !checkFigure(FigureKind::Bytes, *bytes).empty() ||
        !(*part > 0 && *part <= 1))
      return path.context.fail(where, "expected [bytes, a number above 0, at most 1]");
    if (!result.efficiency.empty() && *bytes <= static_cast<double>(result.efficiency.back().first))
      return path.context.fail(where, "expected more bytes than before");
    result.efficiency.push_back({static_cast<int64_t>(*bytes), *part});
  });
  if (result.efficiency.empty())
    reader.fail("by_bytes", "expected at least one [bytes, part]");
  reader.finish();
  result.efficiencySource = source;
}

DescribedDatapath readDatapath(Context &context, const Value &value, const std::string &place) {
  DescribedDatapath result;
  ObjectReader reader(context, value, place);
  reader.readText("from", result.from, /*required=*/true);
  reader.readText("to", result.to, /*required=*/true);
  result.bytes = readRate(reader, "bytes_per_second", "bytes_per_cycle");
  std::vector<std::string> keywords;
  reader.readTexts("on_the_way", keywords);
  for (const std::string &keyword : keywords) {
    if (const OnTheWayInfo *info = findOnTheWay(keyword)) {
      result.onTheWay |= bitOf(info->id);
      continue;
    }
    std::string known;
    for (const OnTheWayInfo &info : onTheWayInfos)
      known += (known.empty() ? "" : ", ") + info.keyword.str();
    reader.fail("on_the_way", "expected one of " + known + ", found '" + keyword + "'");
  }
  readEfficiency(reader, result);
  reader.readSource(result.source);
  reader.readText("note", result.note);
  reader.finish();
  return result;
}

DescribedInstruction readInstruction(Context &context, const Value &value,
                                     const std::string &place) {
  DescribedInstruction result;
  ObjectReader reader(context, value, place);
  reader.readText("name", result.name, /*required=*/true);
  auto readSize = [&](StringRef key) -> std::optional<int64_t> {
    if (reader.has(key))
      return static_cast<int64_t>(reader.readNumber(key, FigureKind::Count));
    reader.find(key);
    return std::nullopt;
  };
  result.m = readSize("m");
  result.n = readSize("n");
  result.k = readSize("k");
  reader.readText("lhs", result.lhs, /*required=*/true);
  reader.readText("rhs", result.rhs, /*required=*/true);
  reader.readText("acc", result.acc, /*required=*/true);
  if (reader.has("sparsity"))
    result.sparse = reader.readChoice("sparsity", sparsityNames).value_or(0) != 0;
  else
    reader.find("sparsity");
  result.rate = readRate(reader, "ops_per_second", "per_cycle");
  if (result.rate && result.rate->perCycle && !(result.m && result.n && result.k))
    reader.fail("per_cycle", "expected m, n and k beside it");
  reader.readSource(result.source);
  reader.readText("note", result.note);
  reader.finish();
  return result;
}

Claim readClaim(Context &context, const Value &value, const std::string &place) {
  Claim result;
  ObjectReader reader(context, value, place);
  reader.readText("says", result.says, /*required=*/true);
  reader.readSource(result.source);
  reader.readText("why", result.why, /*required=*/true);
  reader.finish();
  return result;
}

void readSources(ObjectReader &description) {
  const Value *value = description.find("sources");
  if (!value)
    return;
  ObjectReader reader(description.context, *value, description.inside("sources"));
  if (!reader.object)
    return;
  for (const auto &[key, text] : *reader.object) {
    std::optional<StringRef> source = text.getAsString();
    if (source && !source->empty())
      description.context.sources[key.str()] = source->str();
    else
      reader.fail(key, "expected a text");
  }
}

/// Those of `list` have different names.
template <typename T, typename Name>
void requireUnique(Context &context, StringRef key, const std::vector<T> &list, Name nameOf) {
  std::map<std::string, size_t> seen;
  for (const auto &[index, element] : llvm::enumerate(list))
    if (std::string name = nameOf(element); !seen.emplace(name, index).second)
      context.fail((key + "[" + Twine(index) + "]").str(),
                   "expected one of each, found a second '" + name + "'");
}

/// What takes more than one place to say.
void check(Context &context, const MachineDescription &machine) {
  requireUnique(context, "memories", machine.memories,
                [](const DescribedMemory &memory) { return memory.name; });
  requireUnique(context, "instructions", machine.instructions,
                [](const DescribedInstruction &instruction) { return instruction.name; });
  requireUnique(context, "datapaths", machine.datapaths,
                [](const DescribedDatapath &path) { return path.from + "' to '" + path.to; });
  auto needsMemory = [&](const std::string &name, const Twine &place) {
    if (llvm::none_of(machine.memories,
                      [&](const DescribedMemory &memory) { return memory.name == name; }))
      context.fail(place.str(), "expected the name of a memory, found '" + name + "'");
  };
  for (const auto &[index, path] : llvm::enumerate(machine.datapaths)) {
    needsMemory(path.from, "datapaths[" + Twine(index) + "].from");
    needsMemory(path.to, "datapaths[" + Twine(index) + "].to");
  }
  auto needsClock = [&](const std::optional<Statement> &rate, const Twine &place) {
    if (rate && rate->perCycle && !machine.find(FigureId::Clock))
      context.fail(place.str(), "expected clock_hz in a description with a rate per cycle");
  };
  for (const StatedFigure &figure : machine.figures)
    needsClock(figure.statement, perCycle(infoOf(figure.id).key));
  for (const auto &[index, memory] : llvm::enumerate(machine.memories))
    needsClock(memory.bandwidth, "memories[" + Twine(index) + "].bytes_per_cycle");
  for (const auto &[index, path] : llvm::enumerate(machine.datapaths))
    needsClock(path.bytes, "datapaths[" + Twine(index) + "].bytes_per_cycle");
  for (const auto &[index, instruction] : llvm::enumerate(machine.instructions))
    needsClock(instruction.rate, "instructions[" + Twine(index) + "].per_cycle");
  if (machine.backEnd.empty()) {
    if (!machine.triple.empty() || !machine.cpu.empty() || !machine.features.empty())
      context.fail("", "expected triple, cpu and features only in a description with a back_end");
    return;
  }
  if (machine.triple.empty())
    context.fail("triple", "is missing, and back_end " + machine.backEnd + " needs it");
  if (machine.cpu.empty())
    context.fail("cpu", "is missing, and back_end " + machine.backEnd + " needs it");
  for (FigureId id : {FigureId::VectorBytes, FigureId::VectorRegisters})
    if (!machine.find(id))
      context.fail(infoOf(id).key, "is missing, and back_end " + machine.backEnd + " needs it");
}

MachineDescription readDescription(Context &context, const Value &json) {
  MachineDescription result;
  ObjectReader reader(context, json, "");
  std::string ignored;
  reader.readText("$schema", ignored);
  reader.readText("name", result.name, /*required=*/true);
  reader.readText("summary", result.summary, /*required=*/true);
  if (std::optional<unsigned> index = reader.readChoice("kind", machineKinds))
    result.kind = machineKinds[*index].str();
  static constexpr StringLiteral backEnds[] = {"cpu"};
  if (!reader.has("back_end"))
    reader.find("back_end");
  else if (reader.readChoice("back_end", backEnds))
    result.backEnd = "cpu";
  reader.readText("triple", result.triple);
  reader.readText("cpu", result.cpu);
  reader.readTexts("features", result.features);
  reader.readText("host", result.host);
  readSources(reader);
  for (const FigureInfo &info : figureInfos) {
    std::optional<Statement> figure = info.kind == FigureKind::Rate
                                          ? readRate(reader, info.key, perCycle(info.key))
                                          : readFigure(reader, info.key, info.kind);
    if (figure)
      result.figures.push_back({info.id, *std::move(figure)});
  }
  reader.forEach("memories", [&](const Value &value, const std::string &place) {
    result.memories.push_back(readMemory(context, value, place));
  });
  reader.forEach("datapaths", [&](const Value &value, const std::string &place) {
    result.datapaths.push_back(readDatapath(context, value, place));
  });
  reader.forEach("instructions", [&](const Value &value, const std::string &place) {
    result.instructions.push_back(readInstruction(context, value, place));
  });
  reader.readTexts("notes", result.notes);
  reader.forEach("claims", [&](const Value &value, const std::string &place) {
    result.claims.push_back(readClaim(context, value, place));
  });
  reader.finish();
  check(context, result);
  return result;
}

} // namespace

static Result<Value> parseResolved(StringRef text, StringRef place, FindDescription find) {
  Status status;
  Result<Value> json = parseJSON(text);
  if (!json)
    status = json.takeFailure();
  if (status)
    status = requireUniqueKeys(text);
  if (status)
    status = resolveLike(*json, find);
  if (!status)
    return Failure(printable(status.error())).in(printable(place));
  return json;
}

Result<MachineDescription> machine::parseDescription(StringRef text, StringRef place,
                                                     FindDescription find) {
  Result<Value> json = parseResolved(text, place, find);
  if (!json)
    return json.takeFailure();
  Context context;
  MachineDescription result = readDescription(context, *json);
  if (!context.status)
    return Failure(printable(context.status.error())).in(printable(place));
  return result;
}

Result<std::string> machine::resolveDescription(StringRef text, StringRef place,
                                                FindDescription find) {
  Result<Value> json = parseResolved(text, place, find);
  if (!json)
    return json.takeFailure();
  // LLVM prints keys in their alphabetical order.
  return llvm::formatv("{0:2}", *json).str();
}
