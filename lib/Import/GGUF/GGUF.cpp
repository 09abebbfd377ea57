//===- GGUF.cpp - opens GGUF models, split or whole -----------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUF.h"
#include "lib/Import/GGUF/GGUFParser.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace frit;

namespace {

constexpr std::string_view splitNoKey = "split.no";
constexpr std::string_view splitCountKey = "split.count";
constexpr std::string_view splitTensorsKey = "split.tensors.count";

/// The name of one file of a split model: <stem>-00002-of-00003.gguf, counted from one.
struct SplitName {
  std::string stem;
  uint64_t number = 0;
  uint64_t count = 0;

  std::string path(uint64_t index) const {
    auto fiveDigits = [](uint64_t value) {
      std::string digits = std::to_string(value);
      return std::string(5 - std::min<size_t>(digits.size(), 5), '0') + digits;
    };
    return stem + '-' + fiveDigits(index + 1) + "-of-" + fiveDigits(count) + ".gguf";
  }
};

std::optional<SplitName> parseSplitName(std::string_view path) {
  constexpr std::string_view pattern = "-#####-of-#####.gguf";
  constexpr size_t numberAt = 1, countAt = 10;
  if (path.size() <= pattern.size())
    return std::nullopt;
  std::string_view suffix = path.substr(path.size() - pattern.size());
  for (size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '#' ? suffix[i] < '0' || suffix[i] > '9' : suffix[i] != pattern[i])
      return std::nullopt;
  auto fiveDigitsAt = [&](size_t at) {
    uint64_t value = 0;
    for (char digit : suffix.substr(at, 5))
      value = value * 10 + static_cast<uint64_t>(digit - '0');
    return value;
  };
  SplitName name{std::string(path.substr(0, path.size() - pattern.size())), fiveDigitsAt(numberAt),
                 fiveDigitsAt(countAt)};
  if (name.number < 1 || name.number > name.count)
    return std::nullopt;
  return name;
}

const GGUFValue *findEntry(const std::vector<GGUFEntry> &entries,
                           const std::vector<size_t> &entriesByKey, std::string_view key) {
  auto keyOf = [&](size_t index) { return entries[index].key; };
  auto found = std::ranges::lower_bound(entriesByKey, key, {}, keyOf);
  return found != entriesByKey.end() && keyOf(*found) == key ? &entries[*found].value : nullptr;
}

/// "metadata key 'k'"
std::string quotedKey(std::string_view key) { return "metadata key '" + std::string(key) + "'"; }

} // namespace

namespace frit {

/// Puts a GGUFFile together from its parsed parts.
class GGUFLoader {
public:
  struct Part {
    GGUFPart file;
    ParsedGGUF parsed;

    const GGUFValue *find(std::string_view key) const {
      return findEntry(parsed.entries, parsed.entriesByKey, key);
    }
    Result<uint64_t> getUInt(std::string_view key) const {
      const GGUFValue *value = find(key);
      if (!value)
        return Failure(quotedKey(key), " is missing").in(file.path);
      Result<uint64_t> number = value->asUInt();
      if (!number)
        return number.takeFailure().in(quotedKey(key)).in(file.path);
      return number;
    }
  };

  static Result<Part> parse(std::string path, MappedFile mapping, const uint8_t *bytes,
                            uint64_t size);
  static Result<Part> openPart(const std::string &path);
  /// 1 when the file is a whole model.
  static Result<uint64_t> splitCount(const Part &part);
  static Result<std::vector<Part>> openSplit(Part given, uint64_t count);
  static Status checkSplit(const Part &part, const Part &first, const SplitName &name,
                           uint64_t index);
  static Result<GGUFFile> assemble(std::vector<Part> parts);
};

} // namespace frit

Result<GGUFLoader::Part> GGUFLoader::parse(std::string path, MappedFile mapping,
                                           const uint8_t *bytes, uint64_t size) {
  Result<ParsedGGUF> parsed = GGUFParser::parse(bytes, size);
  if (!parsed)
    return parsed.takeFailure().in(path);
  Part part;
  part.parsed = *std::move(parsed);
  part.file.path = std::move(path);
  part.file.fileBytes = size;
  part.file.version = part.parsed.version;
  part.file.alignment = part.parsed.alignment;
  part.file.dataOffset = part.parsed.dataOffset;
  part.file.mapping = std::move(mapping);
  return part;
}

Result<GGUFLoader::Part> GGUFLoader::openPart(const std::string &path) {
  Result<MappedFile> mapping = MappedFile::open(path);
  if (!mapping)
    return mapping.takeFailure().in(path);
  const uint8_t *bytes = mapping->data();
  uint64_t size = mapping->size();
  return parse(path, *std::move(mapping), bytes, size);
}

Result<uint64_t> GGUFLoader::splitCount(const Part &part) {
  if (!part.find(splitCountKey))
    return 1;
  Result<uint64_t> count = part.getUInt(splitCountKey);
  if (count && *count == 0)
    return Failure(quotedKey(splitCountKey), ": expected at least 1, found 0").in(part.file.path);
  return count;
}

/// `part` was opened as part `index` of `name`: does it say so itself?
Status GGUFLoader::checkSplit(const Part &part, const Part &first, const SplitName &name,
                              uint64_t index) {
  std::string role = "part " + std::to_string(index + 1) + " of " + std::to_string(name.count);
  struct Expected {
    std::string_view key;
    uint64_t value;
    std::string reason;
  };
  Result<uint64_t> total = first.getUInt(splitTensorsKey);
  if (!total)
    return total.takeFailure();
  for (const Expected &expected : {Expected{splitCountKey, name.count, "for " + role},
                                   Expected{splitNoKey, index, "for " + role},
                                   Expected{splitTensorsKey, *total, "as in " + first.file.path}}) {
    Result<uint64_t> found = part.getUInt(expected.key);
    if (!found)
      return found.takeFailure();
    if (*found != expected.value)
      return Failure(quotedKey(expected.key), ": expected ", expected.value, ' ', expected.reason,
                     ", found ", *found)
          .in(part.file.path);
  }
  return {};
}

Result<std::vector<GGUFLoader::Part>> GGUFLoader::openSplit(Part given, uint64_t count) {
  std::optional<SplitName> name = parseSplitName(given.file.path);
  if (!name)
    return Failure("is one of ", count, " parts of a model, but its name does not end in ",
                   "-<part>-of-<parts>.gguf (five digits each), so that the others cannot be found")
        .in(given.file.path);
  uint64_t givenIndex = name->number - 1;
  if (count != name->count)
    return Failure(quotedKey(splitCountKey), ": expected ", name->count, " for part ", name->number,
                   " of ", name->count, ", found ", count)
        .in(given.file.path);
  std::vector<Part> parts;
  auto openUpTo = [&](uint64_t end) -> Status {
    while (parts.size() < end) {
      Result<Part> part = openPart(name->path(parts.size()));
      if (!part)
        return part.takeFailure().in("part " + std::to_string(parts.size() + 1) + " of " +
                                     std::to_string(count));
      parts.push_back(*std::move(part));
    }
    return {};
  };
  if (Status status = openUpTo(givenIndex); !status)
    return status.takeFailure();
  parts.push_back(std::move(given));
  if (Status status = openUpTo(count); !status)
    return status.takeFailure();
  for (uint64_t i = 0; i < count; ++i)
    if (Status status = checkSplit(parts[i], parts[0], *name, i); !status)
      return status.takeFailure();
  uint64_t tensorCount = 0;
  for (const Part &part : parts)
    tensorCount += part.parsed.tensors.size();
  Result<uint64_t> total = parts[0].getUInt(splitTensorsKey);
  if (total && *total != tensorCount)
    return Failure(quotedKey(splitTensorsKey), " is ", *total, ", but the ", count, " parts hold ",
                   tensorCount, " tensors")
        .in(parts[0].file.path);
  return parts;
}

Result<GGUFFile> GGUFLoader::assemble(std::vector<Part> parts) {
  GGUFFile file;
  file.entries = std::move(parts[0].parsed.entries);
  file.entriesByKey = std::move(parts[0].parsed.entriesByKey);
  for (Part &part : parts) {
    for (GGUFTensor &tensor : part.parsed.tensors) {
      tensor.part = static_cast<unsigned>(file.fileParts.size());
      file.tensorInfos.push_back(tensor);
    }
    file.fileParts.push_back(std::move(part.file));
  }

  std::vector<size_t> &order = file.tensorsByName;
  order.resize(file.tensorInfos.size());
  std::iota(order.begin(), order.end(), size_t(0));
  auto nameOf = [&](size_t index) { return file.tensorInfos[index].name; };
  std::ranges::sort(order, {}, [&](size_t index) { return std::pair(nameOf(index), index); });
  auto twin = std::ranges::adjacent_find(order, {}, nameOf);
  if (twin == order.end())
    return file;
  const std::string &first = file.fileParts[file.tensorInfos[twin[0]].part].path;
  const std::string &second = file.fileParts[file.tensorInfos[twin[1]].part].path;
  if (first == second)
    return Failure("tensor '", nameOf(*twin), "' occurs twice").in(second);
  return Failure("tensor '", nameOf(*twin), "' is also in ", first).in(second);
}

Result<GGUFFile> GGUFFile::open(std::string_view path) {
  Result<GGUFLoader::Part> part = GGUFLoader::openPart(std::string(path));
  if (!part)
    return part.takeFailure();
  Result<uint64_t> count = GGUFLoader::splitCount(*part);
  if (!count)
    return count.takeFailure();
  std::vector<GGUFLoader::Part> parts;
  if (*count == 1) {
    parts.push_back(*std::move(part));
  } else {
    Result<std::vector<GGUFLoader::Part>> all = GGUFLoader::openSplit(*std::move(part), *count);
    if (!all)
      return all.takeFailure();
    parts = *std::move(all);
  }
  return GGUFLoader::assemble(std::move(parts));
}

Result<GGUFFile> GGUFFile::fromMemory(std::string_view name, const uint8_t *bytes, uint64_t size) {
  Result<GGUFLoader::Part> part = GGUFLoader::parse(std::string(name), MappedFile(), bytes, size);
  if (!part)
    return part.takeFailure();
  Result<uint64_t> count = GGUFLoader::splitCount(*part);
  if (!count)
    return count.takeFailure();
  if (*count != 1)
    return Failure("is one of ", *count, " parts of a model, which are read from files only")
        .in(name);
  std::vector<GGUFLoader::Part> parts;
  parts.push_back(*std::move(part));
  return GGUFLoader::assemble(std::move(parts));
}

const GGUFValue *GGUFFile::find(std::string_view key) const {
  return findEntry(entries, entriesByKey, key);
}

const GGUFTensor *GGUFFile::findTensor(std::string_view name) const {
  auto nameOf = [&](size_t index) { return tensorInfos[index].name; };
  auto found = std::ranges::lower_bound(tensorsByName, name, {}, nameOf);
  return found != tensorsByName.end() && nameOf(*found) == name ? &tensorInfos[*found] : nullptr;
}

template <typename T>
Result<T> GGUFFile::get(std::string_view key, Result<T> (GGUFValue::*convert)() const) const {
  const GGUFValue *value = find(key);
  if (!value)
    return Failure(quotedKey(key), " is missing").in(path());
  Result<T> result = (value->*convert)();
  if (!result)
    return result.takeFailure().in(quotedKey(key)).in(path());
  return result;
}

Result<uint64_t> GGUFFile::getUInt(std::string_view key) const {
  return get(key, &GGUFValue::asUInt);
}
Result<int64_t> GGUFFile::getInt(std::string_view key) const { return get(key, &GGUFValue::asInt); }
Result<double> GGUFFile::getFloat(std::string_view key) const {
  return get(key, &GGUFValue::asFloat);
}
Result<bool> GGUFFile::getBool(std::string_view key) const { return get(key, &GGUFValue::asBool); }
Result<std::string_view> GGUFFile::getString(std::string_view key) const {
  return get(key, &GGUFValue::asString);
}
Result<std::vector<uint64_t>> GGUFFile::getUIntArray(std::string_view key) const {
  return get(key, &GGUFValue::asUIntArray);
}
Result<std::vector<int64_t>> GGUFFile::getIntArray(std::string_view key) const {
  return get(key, &GGUFValue::asIntArray);
}
Result<std::vector<double>> GGUFFile::getFloatArray(std::string_view key) const {
  return get(key, &GGUFValue::asFloatArray);
}
Result<std::vector<bool>> GGUFFile::getBoolArray(std::string_view key) const {
  return get(key, &GGUFValue::asBoolArray);
}
Result<std::vector<std::string_view>> GGUFFile::getStringArray(std::string_view key) const {
  return get(key, &GGUFValue::asStringArray);
}

Status GGUFFile::checkFormats() const {
  struct Group {
    size_t count = 0;
    std::string_view firstName;
  };
  std::map<uint32_t, Group> groups;
  for (const GGUFTensor &tensor : tensorInfos) {
    if (tensor.format())
      continue;
    Group &group = groups[tensor.ggmlType];
    if (group.count++ == 0)
      group.firstName = tensor.name;
  }
  if (groups.empty())
    return {};
  std::string list;
  for (const auto &[type, group] : groups) {
    list += list.empty() ? "" : ", ";
    list += std::string(ggufTypeName(type)) + " (" + std::to_string(group.count) +
            (group.count == 1 ? " tensor, " : " tensors, first ") + std::string(group.firstName) +
            ")";
  }
  return Failure("tensor types that frit cannot read yet: ", list).in(path());
}
