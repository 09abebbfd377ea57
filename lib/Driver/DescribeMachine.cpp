//===- DescribeMachine.cpp - a machine as text -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DescribeMachine.h"

#include "lib/Support/Number.h"
#include "lib/Support/Printable.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;
using namespace frit::machine;
using llvm::StringRef;

std::string frit::driver::siText(double number, StringRef unit) {
  struct Prefix {
    double factor;
    const char *name;
  };
  constexpr Prefix prefixes[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "G"},  {1e6, "M"},
                                 {1e3, "k"},  {1, ""},     {1e-3, "m"}, {1e-6, "u"}};
  Prefix fitting = {1e-9, "n"};
  for (Prefix prefix : prefixes)
    // What would be printed as 1000 belongs to the next one.
    if (number >= prefix.factor * 0.99995) {
      fitting = prefix;
      break;
    }
  return fmt::format("{:.4g} {}{}", number / fitting.factor, fitting.name, unit.str());
}

std::string frit::driver::capacityText(double bytes) {
  constexpr uint64_t kibi = 1024;
  const char *units[] = {"KiB", "MiB", "GiB", "TiB"};
  uint64_t count = static_cast<uint64_t>(bytes);
  size_t unit = 0;
  if (count > 0 && count % kibi == 0)
    for (count /= kibi; count % kibi == 0 && unit + 1 < std::size(units); ++unit)
      count /= kibi;
  // 80 GB is 78125000 KiB.
  constexpr uint64_t most = 4096;
  if (count * kibi > bytes || count > most)
    return siText(bytes, "B");
  return fmt::format("{} {}", count, units[unit]);
}

namespace {

struct Row {
  std::string what, value, provenance, source;
};

/// The text of one description.
class Describer {
public:
  Describer(const MachineDescription &description, TargetAttr target)
      : description(description), target(target) {}

  std::string run();

private:
  /// A value as its statement has it; `unit` of rates is per second.
  using Format = llvm::function_ref<std::string(const Statement &)>;

  void addRows(StringRef what, const Statement &statement, Format format);
  std::string rateText(const Statement &statement, StringRef unit, double operations = 1);
  void addFigures();
  void addMemories();
  void addDatapaths();
  void addInstructions();
  void addUnknown();
  /// Prints the rows since the last call under a title.
  void section(StringRef title);
  void list(StringRef title, const std::vector<std::string> &lines);

  const MachineDescription &description;
  TargetAttr target;
  std::vector<Row> rows;
  std::string text;
};

std::string Describer::rateText(const Statement &statement, StringRef unit, double operations) {
  std::string per = (" per " + nameOf(statement.scope)).str();
  std::optional<Rate> rate = description.rateOf(statement, operations);
  if (!statement.perCycle || !rate)
    return siText(statement.value, (unit + "/s").str()) + per;
  return formatNumber(statement.value) + " " + (operations == 1 ? unit.str() : "times") + "/cycle" +
         per + ", " + siText(rate->perSecond, (unit + "/s").str());
}

void Describer::addRows(StringRef what, const Statement &statement, Format format) {
  auto source = [](const Statement &from) {
    return from.source + (from.note.empty() ? "" : " (" + from.note + ")");
  };
  auto provenance = [](const Statement &from) {
    return provenanceNames[static_cast<unsigned>(from.provenance)].str();
  };
  rows.push_back({what.str(), format(statement), provenance(statement), source(statement)});
  for (const Statement &other : statement.others)
    rows.push_back({"  others say", format(other), provenance(other), source(other)});
}

void Describer::addFigures() {
  for (const StatedFigure &figure : description.figures) {
    const FigureInfo &info = infoOf(figure.id);
    StringRef key = info.key;
    auto format = [&](const Statement &statement) -> std::string {
      switch (info.kind) {
      case FigureKind::Count:
        return formatNumber(statement.value);
      case FigureKind::Bytes:
        return formatNumber(statement.value) + " B";
      case FigureKind::Hertz:
        return siText(statement.value, "Hz");
      case FigureKind::Seconds:
        return siText(statement.value, "s");
      case FigureKind::Watts:
        return siText(statement.value, "W");
      case FigureKind::Rate:
        return rateText(statement, key.contains("bytes") ? "B"
                                   : key.contains("ops") ? "op"
                                                         : "exp");
      }
      llvm_unreachable("unknown kind");
    };
    addRows(key.substr(0, key.find("_per_second")), figure.statement, format);
  }
  section("figures");
}

void Describer::addMemories() {
  for (const DescribedMemory &memory : description.memories) {
    std::string note = memory.note.empty() ? "" : memory.note;
    auto capacity = [&](const Statement &statement) {
      return capacityText(statement.value) + " per " + nameOf(memory.scope).str();
    };
    if (memory.bytes)
      addRows(memory.name, *memory.bytes, capacity);
    else
      rows.push_back({memory.name, "? per " + nameOf(memory.scope).str(), "", ""});
    if (!note.empty())
      rows.back().source += (rows.back().source.empty() ? "" : "; ") + note;
    if (memory.alignment)
      addRows("  alignment", *memory.alignment,
              [](const Statement &statement) { return formatNumber(statement.value) + " B"; });
    if (memory.bandwidth)
      addRows("  bandwidth", *memory.bandwidth,
              [&](const Statement &statement) { return rateText(statement, "B"); });
  }
  section("memories");
}

void Describer::addDatapaths() {
  for (const DescribedDatapath &path : description.datapaths) {
    std::string name = path.from + " -> " + path.to;
    if (path.bytes)
      addRows(name, *path.bytes,
              [&](const Statement &statement) { return rateText(statement, "B"); });
    else
      rows.push_back({name, "no rate of its own", "", path.source});
    if (path.bytes && path.source != path.bytes->source)
      rows.push_back({"  exists", "", "", path.source});
    std::string onTheWay;
    for (const OnTheWayInfo &info : onTheWayInfos)
      if (path.onTheWay & bitOf(info.id))
        onTheWay += (onTheWay.empty() ? "" : ", ") + info.keyword.str();
    if (!onTheWay.empty() || !path.note.empty())
      rows.push_back({onTheWay.empty() ? "" : "  on the way", onTheWay, "", path.note});
    if (!path.efficiencySource)
      continue;
    const Statement &source = *path.efficiencySource;
    for (const auto &[index, entry] : llvm::enumerate(path.efficiency))
      rows.push_back({"  pieces of " + capacityText(static_cast<double>(entry.first)),
                      fmt::format("{:.4g} %", entry.second * 100),
                      index ? "" : provenanceNames[static_cast<unsigned>(source.provenance)].str(),
                      index ? "" : source.source});
  }
  section("datapaths");
}

void Describer::addInstructions() {
  auto size = [](const std::optional<int64_t> &size) {
    return size ? std::to_string(*size) : std::string("?");
  };
  for (const DescribedInstruction &instruction : description.instructions) {
    std::string shape = size(instruction.m) + " x " + size(instruction.n) + " x " +
                        size(instruction.k) + ", " + instruction.lhs + " x " + instruction.rhs +
                        " -> " + instruction.acc + ", " + sparsityNames[instruction.sparse].str();
    rows.push_back({instruction.name, shape, "", instruction.source});
    if (!instruction.note.empty())
      rows.back().source += "; " + instruction.note;
    if (!instruction.rate)
      continue;
    double operations = 2 * static_cast<double>(instruction.m.value_or(1)) *
                        static_cast<double>(instruction.n.value_or(1)) *
                        static_cast<double>(instruction.k.value_or(1));
    addRows("  rate", *instruction.rate,
            [&](const Statement &statement) { return rateText(statement, "op", operations); });
    std::optional<Rate> rate = description.rateOf(instruction);
    std::optional<double> all = rate ? target.rate(*rate, Scope::Machine) : std::nullopt;
    if (all && rate->scope != Scope::Machine)
      rows.push_back({"  of the machine", siText(*all, "op/s"), "derived", "from counts and rate"});
  }
  section("instructions");
}

void Describer::addUnknown() {
  std::vector<std::string> lines;
  for (const FigureInfo &info : figureInfos)
    if (!description.find(info.id))
      lines.push_back(fmt::format("{} ({})", info.key.str(), info.what.str()));
  for (const DescribedMemory &memory : description.memories)
    if (!memory.bytes)
      lines.push_back("bytes of " + memory.name);
  for (DatapathAttr path : target.getDatapaths())
    if (!target.bandwidth(path, path.getBytes().scope))
      lines.push_back(("bandwidth of " + path.getFrom() + " -> " + path.getTo()).str());
  for (const DescribedInstruction &instruction : description.instructions)
    if (!instruction.rate)
      lines.push_back("rate of " + instruction.name);
  list("not known", lines);
}

void Describer::section(StringRef title) {
  if (rows.empty())
    return;
  text += "\n" + title.str() + "\n";
  std::array<size_t, 3> widths = {};
  for (const Row &row : rows) {
    widths[0] = std::max(widths[0], row.what.size());
    widths[1] = std::max(widths[1], row.value.size());
    widths[2] = std::max(widths[2], row.provenance.size());
  }
  for (const Row &row : rows) {
    std::string line = fmt::format("  {:{}}  {:{}}  {:{}}  {}", row.what, widths[0], row.value,
                                   widths[1], row.provenance, widths[2], row.source);
    text += printable(StringRef(line).rtrim()) + "\n";
  }
  rows.clear();
}

void Describer::list(StringRef title, const std::vector<std::string> &lines) {
  if (lines.empty())
    return;
  text += "\n" + title.str() + "\n";
  for (const std::string &line : lines)
    text += "  " + printable(line) + "\n";
}

std::string Describer::run() {
  text = printable(description.name + ": " + description.summary) + "\n";
  if (description.backEnd.empty())
    text += description.kind + ", planning only: frit has no back end for it\n";
  else
    text += printable(description.kind + ", back end " + description.backEnd + ": " +
                      description.triple + ", " + description.cpu + ", " +
                      llvm::join(description.features, " ")) +
            "\n";
  addFigures();
  addMemories();
  addDatapaths();
  addInstructions();
  list("notes", description.notes);
  addUnknown();
  std::vector<std::string> claims;
  for (const Claim &claim : description.claims) {
    claims.push_back("\"" + claim.says + "\" (" + claim.source + ")");
    claims.push_back("  no: " + claim.why);
  }
  list("claims that do not hold", claims);
  return text;
}

} // namespace

std::string frit::driver::describe(const MachineDescription &description, TargetAttr target) {
  return Describer(description, target).run();
}
