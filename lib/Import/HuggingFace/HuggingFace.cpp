//===- HuggingFace.cpp - a model as transformers saves it ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/HuggingFace/HuggingFace.h"

#include "lib/Support/JSON.h"
#include "lib/Support/Path.h"
#include "lib/Support/Printable.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <map>

using namespace frit;
using llvm::StringRef;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static constexpr uint64_t maxConfigBytes = 1 << 20;
/// Of a model with millions of tensors.
static constexpr uint64_t maxIndexBytes = 256 << 20;

static std::string joined(StringRef directory, StringRef name) {
  llvm::SmallString<256> result(directory);
  path::append(result, name);
  return result.str().str();
}

//===----------------------------------------------------------------------===//
// Files of the directory
//===----------------------------------------------------------------------===//

Status HuggingFaceDirectory::findRoot() {
  llvm::SmallString<256> real;
  if (std::error_code error = fs::real_path(directory, real))
    return Failure(error.message()).in(directory);
  root = real.str().str();
  // models--owner--name/snapshots/revision, whose files are links to models--owner--name/blobs.
  StringRef snapshots = path::parent_path(root), model = path::parent_path(snapshots);
  if (path::filename(snapshots) == "snapshots" && path::filename(model).starts_with("models--"))
    root = model.str();
  return {};
}

// A link that leads nowhere is there, and so is what may not be seen: opening it says what is
// wrong.
bool HuggingFaceDirectory::has(StringRef name) const {
  fs::file_status status;
  return fs::status(joined(directory, name), status, /*follow=*/false) !=
         std::errc::no_such_file_or_directory;
}

/// A file is never looked for outside of the directory, nor is it asked whether there is one.
static Status checkName(StringRef name) {
  if (name.empty() || name == "." || name == ".." || path::filename(name) != name ||
      name.contains('\0'))
    return Failure("expected the name of a file in the model's directory, found '",
                   std::string_view(name), "'");
  return {};
}

Result<MappedFile> HuggingFaceDirectory::map(StringRef name) const {
  std::string file = joined(directory, name);
  if (Status status = checkName(name); !status)
    return status.takeFailure().in(directory);
  llvm::SmallString<256> real;
  if (std::error_code error = fs::real_path(file, real)) {
    if (error == std::errc::no_such_file_or_directory && has(name))
      return Failure("is a link to a file that does not exist; is the download complete?").in(file);
    return Failure(error.message()).in(file);
  }
  if (!real.str().starts_with(root + "/"))
    return Failure("expected a file in the model's directory, found a link to '",
                   std::string_view(real.str()), "'")
        .in(file);
  Result<MappedFile> mapped = MappedFile::open(file);
  if (!mapped)
    return mapped.takeFailure().in(file);
  return mapped;
}

static StringRef textOf(const MappedFile &file) {
  return {reinterpret_cast<const char *>(file.data()), file.size()};
}

static Result<llvm::json::Value> parseFile(StringRef text, StringRef place) {
  text.consume_front("\xEF\xBB\xBF");
  Result<llvm::json::Value> json = parseJSON(text);
  if (!json)
    return json.takeFailure().in(place);
  return json;
}

Result<MappedFile> HuggingFaceDirectory::mapAtMost(StringRef name, uint64_t maxBytes) const {
  Result<MappedFile> file = map(name);
  if (file && file->size() > maxBytes)
    return Failure("expected at most ", maxBytes, " bytes, found ", file->size())
        .in(joined(directory, name));
  return file;
}

Result<llvm::json::Value> HuggingFaceDirectory::readJSON(StringRef name, uint64_t maxBytes) const {
  Result<MappedFile> file = mapAtMost(name, maxBytes);
  if (!file)
    return file.takeFailure();
  return parseFile(textOf(*file), joined(directory, name));
}

std::vector<std::string> HuggingFaceDirectory::metadataFiles(StringRef directory) {
  std::vector<std::string> result;
  for (StringRef name : {"config.json", "generation_config.json", "tokenizer.json",
                         "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
                         "added_tokens.json", "chat_template.jinja"})
    if (std::string file = joined(directory, name); fs::exists(file))
      result.push_back(std::move(file));
  return result;
}

Status HuggingFaceDirectory::readConfig() {
  if (!has("config.json"))
    return Failure(
               "expected a directory with a config.json; is it a model that transformers saved?")
        .in(directory);
  Result<MappedFile> file = mapAtMost("config.json", maxConfigBytes);
  if (!file)
    return file.takeFailure();
  return setConfig(textOf(*file));
}

Status HuggingFaceDirectory::setConfig(StringRef text) {
  std::string place = joined(directory, "config.json");
  Result<llvm::json::Value> json = parseFile(text, place);
  if (json && !json->getAsObject())
    json = Failure("expected an object").in(place);
  if (!json)
    return Failure(printable(json.error()));
  configuration = *std::move(json);
  return {};
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static constexpr StringRef singleName = "model.safetensors";
static constexpr StringRef indexName = "model.safetensors.index.json";

Status HuggingFaceDirectory::openWeightFile(StringRef name) {
  Result<MappedFile> mapped = map(name);
  if (!mapped)
    return mapped.takeFailure();
  auto tensors = readSafetensors(mapped->data(), mapped->size());
  if (!tensors)
    return tensors.takeFailure().in(joined(directory, name));
  weightFiles.push_back({name.str(), *std::move(mapped), *std::move(tensors)});
  return {};
}

/// Opens the shards that the index lists and holds it against what is in them.
Status HuggingFaceDirectory::openShards() {
  std::string place = joined(directory, indexName);
  Result<llvm::json::Value> json = readJSON(indexName, maxIndexBytes);
  if (!json)
    return json.takeFailure();
  const llvm::json::Object *index = json->getAsObject();
  const llvm::json::Object *weightMap = index ? index->getObject("weight_map") : nullptr;
  if (!weightMap)
    return Failure("expected an object 'weight_map'").in(place);
  std::map<std::string, size_t> tensorsOfShard;
  llvm::StringMap<StringRef> shardOfTensor;
  for (const auto &[tensor, value] : *weightMap) {
    std::optional<StringRef> shard = value.getAsString();
    if (!shard)
      return Failure("expected the name of a file for tensor ", std::string_view(StringRef(tensor)))
          .in(place);
    if (Status status = checkName(*shard); !status)
      return status.takeFailure().in("tensor " + tensor.str()).in(place);
    shardOfTensor[tensor] = *shard;
    ++tensorsOfShard[shard->str()];
  }
  constexpr unsigned maxNamed = 10;
  std::string missing;
  unsigned named = 0;
  for (const auto &shard : tensorsOfShard) {
    if (fs::exists(joined(directory, shard.first)))
      continue;
    missing += (missing.empty() ? "" : ", ") + shard.first;
    if (++named == maxNamed) {
      missing += ", ...";
      break;
    }
  }
  if (!missing.empty())
    return Failure("expected the shards it lists, but there is no ", missing,
                   "; is the download complete?")
        .in(place);

  llvm::StringMap<StringRef> seen;
  for (const auto &[shard, count] : tensorsOfShard) {
    if (Status status = openWeightFile(shard); !status)
      return status;
    size_t listed = 0;
    for (const SafetensorsTensor &tensor : weightFiles.back().tensors) {
      auto [other, isNew] = seen.try_emplace(tensor.name, shard);
      if (!isNew)
        return Failure("expected tensor ", tensor.name, " in one shard, found it in ",
                       std::string_view(other->second), " and in ", shard)
            .in(place);
      auto entry = shardOfTensor.find(tensor.name);
      if (entry == shardOfTensor.end() || entry->second != shard)
        return Failure("expected ", shard, " to hold only what the index says, found tensor ",
                       tensor.name, "; do index and shards belong together?")
            .in(place);
      ++listed;
    }
    if (listed != count)
      for (const auto &[tensor, value] : *weightMap)
        if (value.getAsString() == StringRef(shard) && !seen.contains(tensor))
          return Failure("expected tensor ", std::string_view(StringRef(tensor)), " in ", shard,
                         "; do index and shards belong together?")
              .in(place);
  }
  return {};
}

Status HuggingFaceDirectory::openWeights() {
  // The order in which transformers looks.
  if (has(singleName))
    return openWeightFile(singleName);
  if (has(indexName))
    return openShards();
  std::string found;
  std::error_code error;
  for (fs::directory_iterator file(directory, error), end; !error && file != end;
       file.increment(error)) {
    StringRef name = path::filename(file->path());
    if (name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".gguf"))
      found += (found.empty() ? "" : ", ") + name.str();
  }
  return Failure("expected ", std::string_view(singleName), " or ", std::string_view(indexName),
                 found.empty() ? "" : ", found " + found,
                 "; weights in other files cannot be read (save_pretrained of transformers writes "
                 "these)")
      .in(directory);
}

Result<std::unique_ptr<HuggingFaceDirectory>> HuggingFaceDirectory::open(StringRef given) {
  std::unique_ptr<HuggingFaceDirectory> directory(new HuggingFaceDirectory(directoryOf(given)));
  for (Status (HuggingFaceDirectory::*step)() :
       {&HuggingFaceDirectory::findRoot, &HuggingFaceDirectory::readConfig,
        &HuggingFaceDirectory::openWeights})
    if (Status status = (directory.get()->*step)(); !status)
      return Failure(printable(status.error()));
  return directory;
}
