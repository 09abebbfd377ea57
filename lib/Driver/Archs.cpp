//===- Archs.cpp - frit archs ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Archs.h"

#include "lib/Arch/Registry.h"
#include "lib/Driver/Output.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <array>

using namespace llvm;
using namespace frit;
using namespace frit::driver;

int frit::driver::listArchitectures() {
  Result<std::vector<ArchRecord>> records = builtinRecords();
  if (!records) {
    printError(records.error());
    return ExitFailure;
  }
  // The description comes last: it is the longest.
  std::vector<std::array<std::string, 4>> lines = {{"name", "GGUF", "Hugging Face", "description"}};
  for (const ArchRecord &record : *records) {
    auto names = [&](Origin origin) {
      return record.architectures[origin].empty() ? "-" : join(record.architectures[origin], ", ");
    };
    lines.push_back(
        {record.name, names(Origin::GGUF), names(Origin::HuggingFace), record.description});
  }
  std::array<size_t, 3> widths = {};
  for (const auto &line : lines)
    for (size_t column = 0; column < widths.size(); ++column)
      widths[column] = std::max(widths[column], line[column].size());
  for (const auto &line : lines) {
    for (size_t column = 0; column < widths.size(); ++column)
      outs() << left_justify(line[column], static_cast<unsigned>(widths[column] + 2));
    outs() << line.back() << "\n";
  }
  return ExitSuccess;
}

/// How many letters differ between a name and the nearest one under which files may have the
/// record.
static unsigned distance(const ArchRecord &record, StringRef name) {
  unsigned least = name.edit_distance(record.name);
  for (Origin origin : {Origin::GGUF, Origin::HuggingFace})
    for (StringRef other : record.architectures[origin])
      least = std::min(least, name.edit_distance(other));
  return least;
}

Result<std::string> frit::driver::architectureText(StringRef name) {
  if (std::optional<Result<std::string>> text = builtinRecordText(name))
    return *std::move(text);
  Result<std::vector<ArchRecord>> records = builtinRecords();
  if (!records)
    return records.takeFailure();
  // What a file says it is may have another name than its record.
  for (const ArchRecord &record : *records)
    for (Origin origin : {Origin::GGUF, Origin::HuggingFace})
      if (llvm::is_contained(record.architectures[origin], name))
        return *builtinRecordText(record.name);
  constexpr unsigned farthest = 2;
  unsigned least = farthest;
  for (const ArchRecord &record : *records)
    least = std::min(least, distance(record, name));
  std::string nearest;
  for (const ArchRecord &record : *records)
    if (distance(record, name) == least)
      nearest += (nearest.empty() ? "'" : " or '") + record.name + "'";
  return Failure("there is no architecture record '", std::string_view(name), "'",
                 nearest.empty() ? "; 'frit archs' lists them" : "; did you mean " + nearest + "?");
}
