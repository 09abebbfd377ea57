//===- Resolve.cpp - applies an architecture record to a GGUF file --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Resolve.h"

#include "lib/Import/Hyperparameters.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

#include <map>

using namespace frit;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;

static std::string formatShape(ArrayRef<int64_t> shape) {
  std::string result = "[";
  for (int64_t dim : shape)
    result += (result.size() > 1 ? ", " : "") + std::to_string(dim);
  return result + "]";
}

std::string LayerSpec::classKey() const {
  std::string key;
  for (double number : {double(heads), double(kvHeads), double(headDim), double(valueDim), norm.eps,
                        norm.offset, attentionScale, attentionSoftcap, double(window),
                        double(ropeDim), ropeTheta, ropePositionScale, residualScale})
    key += formatNumber(number) + " ";
  for (const RoleInfo &info : roleInfos)
    if (const WeightRef *role = weight(info.role))
      key += (info.keyword + formatShape(role->shape)).str() +
             std::string(formatInfo(role->format).name) + " ";
  return key;
}

namespace {

class Resolver {
public:
  Resolver(const GGUFFile &file, const ArchRecord &record, StringRef architecture,
           Problems &problems)
      : file(file), record(record), architecture(architecture), problems(problems),
        numbers(file, record, architecture, problems) {}

  ModelSpec resolve();

private:
  void checkKeys();
  void checkFormats();
  void checkLeftOver();
  void readModel();
  void readLayer(int64_t layer);
  void checkShape(Role role, const WeightRef *weight, ArrayRef<int64_t> shape, StringRef layer);
  void checkStructure(const LayerSpec &layer, int64_t index);

  std::optional<WeightRef> readWeight(Role role, int64_t layer);
  const GGUFTensor *findTensor(const TensorSpec &spec, int64_t layer);
  bool matchesAny(StringRef tensor, ArrayRef<std::string> patterns) const;

  template <typename T>
  void set(T &result, const Expression &expression, StringRef place, ValueKind kind,
           int64_t layer) {
    if (std::optional<double> value = numbers.evaluate(expression, place, kind, layer))
      result = static_cast<T>(*value);
  }
  void setCount(int64_t &result, StringRef name, int64_t layer) {
    if (std::optional<int64_t> value = numbers.getCount(name, layer))
      result = *value;
  }

  const GGUFFile &file;
  const ArchRecord &record;
  StringRef architecture;
  Problems &problems;
  Hyperparameters numbers;
  ModelSpec model;
  llvm::DenseSet<const GGUFTensor *> used;
};

} // namespace

//===----------------------------------------------------------------------===//
// What the record does not cover
//===----------------------------------------------------------------------===//

static const Refusal *findRefusal(const ArchRecord &record, StringRef key, StringRef arch) {
  for (const Refusal &refusal : record.refusals)
    for (const std::string &refused : refusal.keys) {
      auto [prefix, suffix] = StringRef(refused).split("{arch}");
      if (key == (prefix.size() == refused.size() ? refused : (prefix + arch + suffix).str()))
        return &refusal;
    }
  return nullptr;
}

/// A key that nobody reads may change what the model computes.
void Resolver::checkKeys() {
  llvm::StringSet<> known;
  for (const Hyperparameter &parameter : record.hyperparameters) {
    known.insert(numbers.expandKey(parameter.key));
    known.insert(numbers.expandKey(parameter.lengthOf));
  }
  for (const std::string &key : record.ignoredKeys)
    known.insert(numbers.expandKey(key));
  std::string prefix = (architecture + ".").str();
  for (const GGUFEntry &entry : file.metadata()) {
    StringRef key = StringRef(entry.key);
    if (const Refusal *refusal = findRefusal(record, key, architecture)) {
      std::string value = formatValue(entry.value);
      if (!llvm::is_contained(refusal->except, StringRef(value).trim('\'')))
        problems.add("key " + key, "frit does not support " + refusal->what + " (" + value + "); " +
                                       refusal->instead);
    } else if (key.starts_with(prefix) && !known.contains(key)) {
      problems.add("key " + key,
                   "the record '" + record.name + "' does not know it (its value is " +
                       formatValue(entry.value) +
                       "), and it may change the result; describe or ignore it in a record of "
                       "your own (--arch-spec)");
    }
  }
}

void Resolver::checkFormats() {
  struct Group {
    const GGUFTensor *first = nullptr;
    size_t count = 0;
  };
  std::map<uint32_t, Group> groups;
  for (const GGUFTensor &tensor : file.tensors()) {
    if (tensor.format())
      continue;
    Group &group = groups[tensor.ggmlType];
    if (group.count++ == 0)
      group.first = &tensor;
  }
  std::string readable;
#define FRIT_FORMAT(Name, keyword, ggufType, ...)                                                  \
  readable += (readable.empty() ? "" : ", ") + StringRef(ggufTypeName(ggufType)).str();
#include "frit/Formats/Formats.def"
  for (const auto &[type, group] : groups)
    problems.add(
        "type " + StringRef(ggufTypeName(type)) + " of " + Twine(group.count) +
            (group.count == 1 ? " tensor, " : " tensors, first ") + StringRef(group.first->name),
        "frit cannot read it; convert the model to " + readable + " (llama-quantize does that)");
}

bool Resolver::matchesAny(StringRef tensor, ArrayRef<std::string> patterns) const {
  return llvm::any_of(patterns, [&](StringRef pattern) {
    return tensor == pattern || matchLayer(pattern, tensor);
  });
}

/// Tensors no role took.
void Resolver::checkLeftOver() {
  for (const GGUFTensor &tensor : file.tensors()) {
    StringRef name = StringRef(tensor.name);
    if (used.contains(&tensor) || matchesAny(name, record.ignoredTensors))
      continue;
    auto [pattern, layer] = generalizeLayer(name);
    auto refusal = llvm::find_if(
        record.refusals, [&](const Refusal &refusal) { return matchesAny(name, refusal.tensors); });
    if (refusal != record.refusals.end())
      problems.addTensor(pattern,
                         "frit does not support " + refusal->what + "; " + refusal->instead, layer);
    else
      problems.addTensor(pattern,
                         "the record '" + record.name +
                             "' does not know this tensor; describe or ignore it in a record of "
                             "your own (--arch-spec)",
                         layer);
  }
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

const GGUFTensor *Resolver::findTensor(const TensorSpec &spec, int64_t layer) {
  return file.findTensor(expandLayer(spec.name, std::to_string(layer)));
}

std::optional<WeightRef> Resolver::readWeight(Role role, int64_t layer) {
  const TensorSpec *spec = record.tensor(role);
  if (!spec)
    return std::nullopt;
  const GGUFTensor *tensor = findTensor(*spec, layer);
  if (!tensor) {
    if (!spec->optional && !spec->fallback)
      problems.addTensor(
          spec->name,
          "is missing; is the file complete, and of architecture '" + architecture + "'?", layer);
    return std::nullopt;
  }
  used.insert(tensor);

  WeightRef weight;
  std::string expressions;
  bool known = true;
  for (const Expression &expression : spec->shape) {
    std::optional<double> dim = numbers.evaluate(expression, "shape of " + roleKeyword(role).str(),
                                                 ValueKind::Count, layer);
    known &= dim.has_value();
    weight.shape.push_back(dim ? static_cast<int64_t>(*dim) : 0);
    expressions += (expressions.empty() ? "" : ", ") + expression.text().str();
  }
  SmallVector<int64_t, 4> found(tensor->dims.begin(), tensor->dims.begin() + tensor->rank);
  while (found.size() > weight.shape.size() && found.back() == 1)
    found.pop_back();
  std::reverse(found.begin(), found.end());
  if (known && found != weight.shape) {
    problems.addTensor(spec->name,
                       "expected shape [" + expressions + "] = " + formatShape(weight.shape) +
                           ", found " + formatShape(found) +
                           "; does the file's metadata belong to its tensors?",
                       layer);
    return std::nullopt;
  }
  std::optional<Format> format = tensor->format();
  if (!known || !format)
    return std::nullopt;
  weight.format = *format;
  weight.file = tensor->part;
  weight.offset = static_cast<int64_t>(tensor->fileOffset);
  return weight;
}

//===----------------------------------------------------------------------===//
// Layers and model
//===----------------------------------------------------------------------===//

/// The graph dialect's constraints, which a record of the user's may break although every tensor
/// has the shape the record asks for.
void Resolver::checkShape(Role role, const WeightRef *weight, ArrayRef<int64_t> shape,
                          StringRef layer) {
  if (weight && ArrayRef(weight->shape) != shape)
    problems.add("record " + record.name, "expected '" + roleKeyword(role) + "'" + layer +
                                              " to have shape " + formatShape(shape) +
                                              ", but its expressions give " +
                                              formatShape(weight->shape));
}

void Resolver::checkStructure(const LayerSpec &layer, int64_t index) {
  std::string place = " of layer " + std::to_string(index);
  if (layer.heads % layer.kvHeads != 0)
    problems.add("key " + numbers.expandKey(record.findHyperparameter("kv_heads")->key),
                 "expected a divisor of the " + Twine(layer.heads) + " heads, found " +
                     Twine(layer.kvHeads));
  if (layer.ropeDim % 2 != 0 || layer.ropeDim > layer.headDim)
    problems.add("rope.dim", "expected an even number up to head_dim = " + Twine(layer.headDim) +
                                 ", found " + Twine(layer.ropeDim));
  auto expect = [&](Role role, ArrayRef<int64_t> shape) {
    checkShape(role, layer.weight(role), shape, place);
  };
  int64_t hidden = model.hidden, queries = layer.heads * layer.headDim;
  int64_t keys = layer.kvHeads * layer.headDim, values = layer.kvHeads * layer.valueDim;
  for (Role role : {Role::AttnNorm, Role::AttnNormBias, Role::AttnPostNorm, Role::AttnOutputBias,
                    Role::FfnNorm, Role::FfnNormBias, Role::FfnPostNorm, Role::FfnDownBias})
    expect(role, {hidden});
  expect(Role::AttnQ, {queries, hidden});
  expect(Role::AttnQBias, {queries});
  expect(Role::AttnK, {keys, hidden});
  expect(Role::AttnKBias, {keys});
  expect(Role::AttnV, {values, hidden});
  expect(Role::AttnVBias, {values});
  expect(Role::AttnOutput, {hidden, layer.heads * layer.valueDim});
  // One weight for all heads, or one for the whole row.
  for (auto [role, columns] : {std::pair(Role::AttnQNorm, queries), {Role::AttnKNorm, keys}})
    if (const WeightRef *norm = layer.weight(role); norm && norm->shape[0] != columns)
      expect(role, {layer.headDim});
  const WeightRef *gate = layer.weight(Role::FfnGate);
  if (!gate)
    return;
  int64_t ffn = gate->shape[0];
  expect(Role::FfnGate, {ffn, hidden});
  expect(Role::FfnGateBias, {ffn});
  expect(Role::FfnUp, {ffn, hidden});
  expect(Role::FfnUpBias, {ffn});
  expect(Role::FfnDown, {hidden, ffn});
}

void Resolver::readLayer(int64_t index) {
  LayerSpec layer;
  setCount(layer.heads, "heads", index);
  setCount(layer.kvHeads, "kv_heads", index);
  setCount(layer.headDim, "head_dim", index);
  setCount(layer.valueDim, "value_dim", index);
  set(layer.norm.eps, record.normEps, "norm.eps", ValueKind::NonNegative, index);
  set(layer.norm.offset, record.normOffset, "norm.offset", ValueKind::Number, index);
  set(layer.attentionScale, record.attentionScale, "attention.scale", ValueKind::Number, index);
  set(layer.attentionSoftcap, record.attentionSoftcap, "attention.softcap", ValueKind::NonNegative,
      index);
  set(layer.window, record.attentionWindow, "attention.window", ValueKind::Size, index);
  set(layer.ropeDim, record.ropeDim, "rope.dim", ValueKind::Size, index);
  if (layer.ropeDim > 0) {
    set(layer.ropeTheta, record.ropeTheta, "rope.theta", ValueKind::Positive, index);
    set(layer.ropePositionScale, record.ropePositionScale, "rope.position_scale",
        ValueKind::Positive, index);
  }
  set(layer.residualScale, record.residualScale, "residual.scale", ValueKind::Number, index);
  for (const RoleInfo &info : roleInfos)
    if (info.inLayer)
      layer.weights[static_cast<unsigned>(info.role)] = readWeight(info.role, index);
  if (layer.heads && layer.kvHeads && layer.headDim && layer.valueDim && model.hidden)
    checkStructure(layer, index);
  model.layers.push_back(std::move(layer));
}

/// The outside of the layers.
void Resolver::readModel() {
  constexpr int64_t whole = Hyperparameters::wholeModel;
  setCount(model.contextLength, "context_length", whole);
  setCount(model.vocabulary, "vocabulary", whole);
  setCount(model.hidden, "hidden", whole);
  set(model.outputNorm.eps, record.normEps, "norm.eps", ValueKind::NonNegative, whole);
  set(model.outputNorm.offset, record.normOffset, "norm.offset", ValueKind::Number, whole);
  set(model.embeddingScale, record.embeddingScale, "embedding.scale", ValueKind::Number, whole);
  set(model.logitsScale, record.logitsScale, "logits.scale", ValueKind::Number, whole);
  set(model.logitsSoftcap, record.logitsSoftcap, "logits.softcap", ValueKind::NonNegative, whole);
  for (const RoleInfo &info : roleInfos) {
    if (info.inLayer)
      continue;
    std::optional<WeightRef> &weight = model.weights[static_cast<unsigned>(info.role)];
    weight = readWeight(info.role, whole);
    const TensorSpec *spec = record.tensor(info.role);
    if (spec && spec->fallback && !findTensor(*spec, whole)) {
      weight = model.weights[static_cast<unsigned>(*spec->fallback)];
      model.tied |= info.role == Role::Output && *spec->fallback == Role::TokenEmbd;
    }
  }
  auto expect = [&](Role role, ArrayRef<int64_t> shape) {
    checkShape(role, model.weight(role), shape, "");
  };
  if (model.hidden && model.vocabulary) {
    expect(Role::TokenEmbd, {model.vocabulary, model.hidden});
    expect(Role::OutputNorm, {model.hidden});
    expect(Role::OutputNormBias, {model.hidden});
    expect(Role::Output, {model.vocabulary, model.hidden});
    expect(Role::OutputBias, {model.vocabulary});
  }
}

static std::string modelName(const GGUFFile &file) {
  if (const GGUFValue *name = file.find("general.name"))
    if (Result<std::string_view> text = name->asString(); text && !text->empty())
      return std::string(*text);
  return llvm::sys::path::stem(file.path()).str();
}

static std::string tokenizerKind(const GGUFFile &file) {
  std::string result;
  for (std::string_view key : {"tokenizer.ggml.model", "tokenizer.ggml.pre"})
    if (const GGUFValue *value = file.find(key))
      if (Result<std::string_view> text = value->asString(); text && !text->empty())
        result += (result.empty() ? "" : " ") + std::string(*text);
  return result;
}

ModelSpec Resolver::resolve() {
  model.record = &record;
  model.architecture = architecture.str();
  model.name = modelName(file);
  model.tokenizer = tokenizerKind(file);
  for (const GGUFPart &part : file.parts())
    model.files.push_back(llvm::sys::path::filename(part.path).str());
  checkKeys();
  checkFormats();
  readModel();
  std::optional<int64_t> layers = numbers.getCount("layers");
  // Every layer has tensors of its own, so that a larger number is wrong, and could be any.
  if (layers && static_cast<uint64_t>(*layers) > file.tensors().size()) {
    problems.add("key " + numbers.expandKey(record.findHyperparameter("layers")->key),
                 "expected no more layers than the " + Twine(file.tensors().size()) +
                     " tensors of the file, found " + Twine(*layers));
  } else if (layers) {
    numbers.setLayers(*layers);
    for (int64_t layer = 0; layer < *layers; ++layer)
      readLayer(layer);
    checkLeftOver();
  }
  return std::move(model);
}

ModelSpec frit::resolveModel(const GGUFFile &file, const ArchRecord &record, StringRef architecture,
                             Problems &problems) {
  return Resolver(file, record, architecture, problems).resolve();
}
