//===- Checkpoint.cpp - keys and tensors of a model ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Checkpoint.h"

#include "frit/Runtime/TokenizerData.h"
#include "lib/Import/GGUF/GGUFTokenizer.h"
#include "lib/Import/HuggingFace/HuggingFace.h"
#include "lib/Import/HuggingFace/TokenizerJSON.h"
#include "lib/Support/Path.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace frit;
using llvm::StringRef;
namespace path = llvm::sys::path;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static Failure expectedButFound(StringRef expected, const CheckpointValue &value) {
  return Failure("expected ", std::string_view(expected), ", found ", value.describe());
}

static const llvm::json::Value *
asJSON(const std::variant<GGUFValue, const llvm::json::Value *> &value) {
  const auto *json = std::get_if<const llvm::json::Value *>(&value);
  return json ? *json : nullptr;
}

bool CheckpointValue::isArray() const {
  if (const llvm::json::Value *json = asJSON(value))
    return json->kind() == llvm::json::Value::Array;
  return std::get<GGUFValue>(value).type() == GGUFType::Array;
}

bool CheckpointValue::isBool() const {
  if (const llvm::json::Value *json = asJSON(value))
    return json->kind() == llvm::json::Value::Boolean;
  return std::get<GGUFValue>(value).type() == GGUFType::Bool;
}

uint64_t CheckpointValue::size() const {
  if (const llvm::json::Value *json = asJSON(value))
    return json->getAsArray() ? json->getAsArray()->size() : 1;
  return std::get<GGUFValue>(value).size();
}

std::vector<CheckpointValue> CheckpointValue::elements() const {
  std::vector<CheckpointValue> result;
  if (const llvm::json::Value *json = asJSON(value)) {
    if (const llvm::json::Array *array = json->getAsArray())
      result.assign(array->begin(), array->end());
    return result;
  }
  for (const GGUFValue &element : std::get<GGUFValue>(value).elements())
    result.emplace_back(element);
  return result;
}

Result<double> CheckpointValue::asNumber() const {
  if (const llvm::json::Value *json = asJSON(value)) {
    if (std::optional<double> number = json->getAsNumber())
      return *number;
    return expectedButFound("a number", *this);
  }
  const GGUFValue &gguf = std::get<GGUFValue>(value);
  Result<double> number = gguf.asFloat();
  if (!number || gguf.type() != GGUFType::F32 || !std::isfinite(*number))
    return number;
  return shortestDecimal(static_cast<float>(*number));
}

Result<bool> CheckpointValue::asBool() const {
  const llvm::json::Value *json = asJSON(value);
  if (!json)
    return std::get<GGUFValue>(value).asBool();
  if (std::optional<bool> boolean = json->getAsBoolean())
    return *boolean;
  return expectedButFound("true or false", *this);
}

Result<std::string_view> CheckpointValue::asText() const {
  const llvm::json::Value *json = asJSON(value);
  if (!json)
    return std::get<GGUFValue>(value).asString();
  if (std::optional<StringRef> text = json->getAsString())
    return std::string_view(*text);
  return expectedButFound("a text", *this);
}

bool CheckpointValue::equals(const CheckpointValue &other) const {
  Result<double> number = asNumber(), otherNumber = other.asNumber();
  if (number && otherNumber)
    return *number == *otherNumber;
  const llvm::json::Value *json = asJSON(value), *otherJSON = asJSON(other.value);
  return json && otherJSON && *json == *otherJSON;
}

std::string frit::quoteText(StringRef text) {
  std::string printable;
  llvm::raw_string_ostream stream(printable);
  llvm::printEscapedString(text.take_front(60), stream);
  return "'" + printable + (text.size() > 60 ? "...'" : "'");
}

static std::string describeJSON(const llvm::json::Value &json) {
  switch (json.kind()) {
  case llvm::json::Value::Null:
    return "null";
  case llvm::json::Value::Boolean:
    return *json.getAsBoolean() ? "true" : "false";
  case llvm::json::Value::Number:
    if (std::optional<int64_t> integer = json.getAsInteger())
      return std::to_string(*integer);
    return formatNumber(*json.getAsNumber());
  case llvm::json::Value::String:
    return quoteText(*json.getAsString());
  case llvm::json::Value::Array:
    return "a list of " + std::to_string(json.getAsArray()->size());
  case llvm::json::Value::Object:
    return "an object";
  }
  llvm_unreachable("unknown kind");
}

std::string CheckpointValue::describe() const {
  if (const llvm::json::Value *json = asJSON(value))
    return describeJSON(*json);
  const GGUFValue &gguf = std::get<GGUFValue>(value);
  if (gguf.type() == GGUFType::Bool)
    if (Result<bool> boolean = gguf.asBool())
      return *boolean ? "true" : "false";
  if (gguf.type() == GGUFType::String)
    if (Result<std::string_view> text = gguf.asString())
      return quoteText(*text);
  if (gguf.type() == GGUFType::Array)
    return gguf.typeName() + " of " + std::to_string(gguf.size());
  if (Result<uint64_t> number = gguf.asUInt())
    return std::to_string(*number);
  if (Result<int64_t> number = gguf.asInt())
    return std::to_string(*number);
  if (Result<double> number = asNumber())
    return formatNumber(*number);
  return gguf.typeName();
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Checkpoint::Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint &&) noexcept = default;
Checkpoint &Checkpoint::operator=(Checkpoint &&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Checkpoint Checkpoint::view(const GGUFFile &file) {
  Checkpoint result;
  result.gguf = &file;
  result.modelPath = file.path();
  result.modelDirectory = directoryOf(file.path());
  for (const GGUFPart &part : file.parts())
    result.weightFiles.push_back(path::filename(part.path).str());
  for (const GGUFEntry &entry : file.metadata())
    result.values.push_back({std::string(entry.key), entry.value});
  for (const GGUFTensor &tensor : file.tensors()) {
    CheckpointTensor &info = result.tensorInfos.emplace_back();
    info.name = tensor.name;
    info.shape.assign(tensor.dims.begin(), tensor.dims.begin() + tensor.rank);
    std::reverse(info.shape.begin(), info.shape.end());
    info.format = tensor.format();
    info.typeName = ggufTypeName(tensor.ggmlType);
    info.file = tensor.part;
    info.offset = tensor.fileOffset;
    info.data = tensor.data;
  }
  result.index();
  return result;
}

/// Leaves of objects as "outer.inner"; those that are null apart.
static void addEntries(const llvm::json::Object &object, StringRef prefix,
                       std::vector<Checkpoint::Entry> &entries, llvm::StringSet<> &nulls) {
  std::vector<StringRef> keys;
  for (const auto &field : object)
    keys.push_back(field.first);
  llvm::sort(keys);
  for (StringRef key : keys) {
    const llvm::json::Value &value = *object.get(key);
    std::string name = (prefix + key).str();
    if (const llvm::json::Object *inner = value.getAsObject())
      addEntries(*inner, name + ".", entries, nulls);
    else if (value.kind() == llvm::json::Value::Null)
      nulls.insert(name);
    else
      entries.push_back({std::move(name), value});
  }
}

/// The name of a tensor of the language model of a checkpoint that has others besides it; empty for
/// a tensor of those.
static StringRef nameInLanguageModel(StringRef name, std::string &buffer) {
  if (name.consume_front("language_model."))
    return name;
  if (name.consume_front("model.language_model."))
    return buffer = ("model." + name).str();
  return name == "lm_head.weight" ? name : "";
}

Checkpoint Checkpoint::view(std::unique_ptr<HuggingFaceDirectory> directory) {
  Checkpoint result;
  result.from = Origin::HuggingFace;
  result.modelPath = result.modelDirectory = directory->path();
  bool hasOthers = llvm::any_of(directory->files(), [](const SafetensorsFile &file) {
    return llvm::any_of(file.tensors, [](const SafetensorsTensor &tensor) {
      return StringRef(tensor.name).contains("language_model.");
    });
  });
  for (const auto &[index, file] : llvm::enumerate(directory->files())) {
    result.weightFiles.push_back(file.name);
    for (const SafetensorsTensor &tensor : file.tensors) {
      StringRef name = tensor.name;
      if (hasOthers) {
        std::string buffer;
        name = nameInLanguageModel(name, buffer);
        if (name.empty())
          continue;
        if (!buffer.empty())
          name = result.renamed.emplace_back(std::move(buffer));
      }
      CheckpointTensor &info = result.tensorInfos.emplace_back();
      info.name = name;
      info.shape = tensor.shape;
      info.format = formatByName(StringRef(tensor.type).lower());
      // Types of other families may share a name with one of GGUF's blocks.
      if (info.format && !formatInfo(*info.format).isFloat())
        info.format = std::nullopt;
      info.typeName = tensor.type;
      info.file = static_cast<unsigned>(index);
      info.offset = tensor.offset;
      info.data = file.mapping.data() + tensor.offset;
    }
  }
  result.huggingFace = std::move(directory);
  result.readConfig();
  result.index();
  return result;
}

void Checkpoint::readConfig() {
  values.clear();
  nullKeys.clear();
  // A model that also sees keeps what its language model is in an object of its own.
  const llvm::json::Object &config = huggingFace->config();
  llvm::StringSet<> inner;
  if (const llvm::json::Object *text = config.getObject("text_config")) {
    addEntries(*text, "", values, nullKeys);
    for (const Entry &entry : values)
      inner.insert(entry.key);
  }
  std::vector<Entry> outer;
  addEntries(config, "", outer, nullKeys);
  for (Entry &entry : outer)
    if (!StringRef(entry.key).starts_with("text_config.") && !inner.contains(entry.key))
      values.push_back(std::move(entry));
}

Status Checkpoint::setConfig(StringRef text) {
  if (Status status = huggingFace->setConfig(text); !status)
    return status;
  readConfig();
  index();
  return {};
}

bool Checkpoint::isNull(StringRef key) const { return nullKeys.contains(key) && !find(key); }

void Checkpoint::index() {
  valueIndices.clear();
  for (const auto &[index, entry] : llvm::enumerate(values))
    valueIndices.try_emplace(entry.key, index);
  for (const auto &[index, tensor] : llvm::enumerate(tensorInfos))
    tensorIndices.try_emplace(tensor.name, index);
}

Result<Checkpoint> Checkpoint::open(StringRef path) {
  if (llvm::sys::fs::is_directory(path) || path.ends_with(".safetensors")) {
    auto directory = HuggingFaceDirectory::open(path);
    if (!directory)
      return directory.takeFailure();
    return view(*std::move(directory));
  }
  Result<GGUFFile> file = GGUFFile::open(path);
  if (!file)
    return file.takeFailure();
  auto owned = std::make_unique<GGUFFile>(*std::move(file));
  Checkpoint result = view(*owned);
  result.ownedFile = std::move(owned);
  return result;
}

//===----------------------------------------------------------------------===//
// What it holds
//===----------------------------------------------------------------------===//

const CheckpointValue *Checkpoint::find(StringRef key) const {
  auto found = valueIndices.find(key);
  return found == valueIndices.end() ? nullptr : &values[found->second].value;
}

const CheckpointTensor *Checkpoint::findTensor(StringRef name) const {
  auto found = tensorIndices.find(name);
  return found == tensorIndices.end() ? nullptr : &tensorInfos[found->second];
}

std::string Checkpoint::describeKey(StringRef key) const {
  return (from == Origin::GGUF ? "key " : "config.json, ") + key.str();
}

Result<std::string_view> Checkpoint::architecture() const {
  if (from == Origin::GGUF)
    return gguf->getString("general.architecture");
  // Of the whole model, not of its language model.
  if (std::optional<StringRef> type = huggingFace->config().getString("model_type"))
    return std::string_view(*type);
  // Some that bring their own code have no model_type.
  if (const llvm::json::Array *classes = huggingFace->config().getArray("architectures");
      classes && !classes->empty())
    if (std::optional<StringRef> name = classes->front().getAsString())
      return std::string_view(*name);
  return Failure("expected a text 'model_type' in config.json").in(modelPath);
}

std::string Checkpoint::name() const {
  StringRef key = from == Origin::GGUF ? "general.name" : "_name_or_path";
  if (const CheckpointValue *name = find(key))
    if (Result<std::string_view> text = name->asText(); text && !text->empty())
      return from == Origin::GGUF ? std::string(*text) : path::filename(StringRef(*text)).str();
  if (from == Origin::GGUF)
    return path::stem(modelPath).str();
  llvm::SmallString<256> real;
  if (llvm::sys::fs::real_path(modelDirectory, real))
    return path::filename(modelDirectory).str();
  return path::filename(real).str();
}

std::string Checkpoint::readableTypes() const {
  std::string result;
#define FRIT_FORMAT(Name, keyword, ggufType, ...)                                                  \
  if (from == Origin::GGUF || formatInfo(Format::Name).isFloat())                                  \
    result += (result.empty() ? "" : ", ") + std::string(ggufTypeName(ggufType));
#include "frit/Formats/Formats.def"
  return result;
}

const uint8_t *Checkpoint::fileData(size_t index) const {
  return from == Origin::GGUF ? gguf->parts()[index].mapping.data()
                              : huggingFace->files()[index].mapping.data();
}

uint64_t Checkpoint::hash() const {
  uint64_t result = 0;
  auto add = [&](const MappedFile &file) {
    result = result * 31 + llvm::xxh3_64bits(llvm::ArrayRef(file.data(), file.size()));
  };
  if (from == Origin::GGUF) {
    for (const GGUFPart &part : gguf->parts())
      add(part.mapping);
    return result;
  }
  for (const SafetensorsFile &file : huggingFace->files())
    add(file.mapping);
  for (const std::string &name : HuggingFaceDirectory::metadataFiles(modelDirectory))
    if (Result<MappedFile> file = huggingFace->map(path::filename(name)))
      add(*file);
  return result;
}

std::string Checkpoint::tokenizerKind() const {
  if (from != Origin::GGUF) {
    for (const char *name : {"tokenizer.json", "tokenizer.model"})
      if (huggingFace->has(name))
        return name;
    return "";
  }
  std::string result;
  for (StringRef key : {"tokenizer.ggml.model", "tokenizer.ggml.pre"})
    if (const CheckpointValue *value = find(key))
      if (Result<std::string_view> text = value->asText(); text && !text->empty())
        result += (result.empty() ? "" : " ") + std::string(*text);
  return result;
}

Result<TokenizerData> Checkpoint::readTokenizer() const {
  if (from == Origin::GGUF)
    return frit::readTokenizer(*gguf);
  return frit::readTokenizer(*huggingFace);
}
