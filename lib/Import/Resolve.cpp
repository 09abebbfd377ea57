//===- Resolve.cpp - applies an architecture record to a checkpoint -------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Resolve.h"

#include "lib/Import/Hyperparameters.h"
#include "lib/Import/RopeScaling.h"
#include "llvm/ADT/StringExtras.h"

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

std::vector<std::pair<StringRef, double>> LayerSpec::numbers() const {
  std::vector<std::pair<StringRef, double>> result = {
      {"heads", double(heads)},
      {"kv_heads", double(kvHeads)},
      {"head_dim", double(headDim)},
      {"value_dim", double(valueDim)},
      {"norm.eps", norm.eps},
      {"attention.scale", attentionScale},
      {"attention.softcap", attentionSoftcap},
      {"attention.window", double(window)},
      {"rope.dim", double(rope.dim)},
      {"rope.theta", rope.theta},
      {"the scale of positions", rope.positionScale},
      {"rope.magnitude", rope.magnitude},
      {"rope.original_context", double(rope.originalContext)},
      {"residual.scale", residualScale},
      {"residual.parallel", double(parallel)},
      {"experts.count", double(experts.count)},
      {"experts.used", double(experts.used)},
      {"experts.shared", double(experts.shared)},
      {"experts.normalize", double(experts.normalize)},
      {"experts.scale", experts.scale}};
  auto add = [&](StringRef count, StringRef each, const std::vector<double> &factors) {
    result.emplace_back(count, double(factors.size()));
    for (double factor : factors)
      result.emplace_back(each, factor);
  };
  add("the number of rope.factors", "one of rope.factors", rope.factors);
  add("the number of rope.long_factors", "one of rope.long_factors", rope.longFactors);
  return result;
}

std::string LayerSpec::classKey() const {
  std::string key;
  for (const auto &[place, number] : numbers())
    key += formatNumber(number) + " ";
  key += formatNumber(norm.offset) + " ";
  for (const RoleInfo &info : roleInfos)
    if (const WeightRef *role = weight(info.role))
      key += (info.keyword + formatShape(role->shape)).str() +
             std::string(formatInfo(role->format).name) + (role->pieces.empty() ? " " : "/ ") +
             std::to_string(role->runLength) + " " + std::to_string(role->runStride) + " ";
  return key;
}

namespace {

class Resolver {
public:
  Resolver(const Checkpoint &checkpoint, const ArchRecord &record, StringRef architecture,
           Problems &problems)
      : checkpoint(checkpoint), record(record), architecture(architecture), problems(problems),
        numbers(checkpoint, record, architecture, problems),
        ropes(checkpoint, record, numbers, problems) {}

  ModelSpec resolve();

private:
  void checkKeys();
  void checkFormats();
  void checkBiases();
  void checkLeftOver();
  void readModel();
  void readLayer(int64_t layer);
  void checkShape(Role role, const WeightRef *weight, ArrayRef<int64_t> shape, StringRef layer);
  void checkStructure(const LayerSpec &layer, int64_t index);

  ExpertsSpec readExperts(int64_t layer);
  using Weights = std::array<std::optional<WeightRef>, numRoles>;
  void readRole(const RoleInfo &info, int64_t layer, Weights &weights);
  std::optional<WeightRef> readWeight(Role role, int64_t layer);
  std::optional<WeightRef> readPieces(Role role, int64_t layer);
  void checkUntied(const TensorSpec &spec, int64_t layer);
  std::string keyThatSays(const TensorSpec &spec) const;
  void checkPresence(const TensorSpec &spec, int64_t layer);
  bool readShape(Role role, int64_t layer, const CheckpointTensor &tensor, StringRef name,
                 WeightRef &weight, int64_t &firstRow);
  void readActivation();
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

  const Checkpoint &checkpoint;
  const ArchRecord &record;
  StringRef architecture;
  Problems &problems;
  Hyperparameters numbers;
  RopeReader ropes;
  ModelSpec model;
  llvm::DenseSet<const CheckpointTensor *> used;
};

} // namespace

//===----------------------------------------------------------------------===//
// What the record does not cover
//===----------------------------------------------------------------------===//

/// Whether `key` is `known` or in the object of that name.
static bool isOrIsInside(StringRef key, StringRef known) {
  return key == known || (key.starts_with(known) && key.drop_front(known.size()).starts_with("."));
}

static const Refusal *findRefusal(const ArchRecord &record, StringRef key, StringRef arch) {
  for (const Refusal &refusal : record.refusals)
    for (const std::string &refused : refusal.keys) {
      auto [prefix, suffix] = StringRef(refused).split("{arch}");
      if (isOrIsInside(key,
                       prefix.size() == refused.size() ? refused : (prefix + arch + suffix).str()))
        return &refusal;
    }
  return nullptr;
}

/// A key that nobody reads may change what the model computes.
void Resolver::checkKeys() {
  std::vector<std::string> read, ignored;
  auto add = [&](const ByOrigin<Names> &keys) {
    for (const std::string &key : keys[checkpoint.origin()])
      read.push_back(numbers.expandKey(key));
  };
  for (const Hyperparameter &parameter : record.hyperparameters) {
    add(parameter.keys);
    read.push_back(numbers.expandKey(parameter.lengthOf));
  }
  add(record.ropeScalingKeys);
  add(record.ropeFactors);
  add(record.ropeLongFactors);
  add(record.activationKeys);
  for (const std::string &key : record.ignoredKeys)
    ignored.push_back(numbers.expandKey(key));
  // In config.json, transformers' notes to itself begin with an underscore.
  auto isPrivate = [&](StringRef key) {
    return checkpoint.origin() == Origin::HuggingFace && key.starts_with("_");
  };
  // Other keys of a GGUF file are about the file, not the model.
  std::string prefix = checkpoint.origin() == Origin::GGUF ? (architecture + ".").str() : "";
  for (const Checkpoint::Entry &entry : checkpoint.entries()) {
    StringRef key = entry.key;
    if (llvm::is_contained(read, key))
      continue;
    if (const Refusal *refusal = findRefusal(record, key, architecture)) {
      std::string value = entry.value.describe();
      if (!llvm::is_contained(refusal->except, StringRef(value).trim('\'')))
        problems.add(checkpoint.describeKey(key), "frit does not support " + refusal->what + " (" +
                                                      value + "); " + refusal->instead);
    } else if (key.starts_with(prefix) && !isPrivate(key) &&
               llvm::none_of(ignored, [&](StringRef known) { return isOrIsInside(key, known); })) {
      problems.add(checkpoint.describeKey(key),
                   "the record '" + record.name + "' does not know it (its value is " +
                       entry.value.describe() +
                       "), and it may change the result; describe or ignore it in a record of "
                       "your own (--arch-spec)");
    }
  }
}

void Resolver::checkFormats() {
  struct Group {
    const CheckpointTensor *first = nullptr;
    size_t count = 0;
  };
  std::map<std::string_view, Group> groups;
  for (const CheckpointTensor &tensor : checkpoint.tensors()) {
    if (tensor.format || matchesAny(StringRef(tensor.name), record.ignoredTensors))
      continue;
    Group &group = groups[tensor.typeName];
    if (group.count++ == 0)
      group.first = &tensor;
  }
  for (const auto &[type, group] : groups)
    problems.add("type " + StringRef(type) + " of " + Twine(group.count) +
                     (group.count == 1 ? " tensor, " : " tensors, first ") +
                     StringRef(group.first->name),
                 "frit cannot read it; convert the model to " + checkpoint.readableTypes() +
                     (checkpoint.origin() == Origin::GGUF ? " (llama-quantize does that)" : ""));
}

bool Resolver::matchesAny(StringRef tensor, ArrayRef<std::string> patterns) const {
  return llvm::any_of(patterns, [&](StringRef pattern) {
    return tensor == pattern || matchLayer(pattern, tensor);
  });
}

/// Tensors no role took.
void Resolver::checkLeftOver() {
  for (const CheckpointTensor &tensor : checkpoint.tensors()) {
    StringRef name = StringRef(tensor.name);
    if (used.contains(&tensor) || ropes.reads(tensor) || matchesAny(name, record.ignoredTensors))
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

/// Whether layers with such experts have tensors of this use.
static bool isUsed(RoleUse use, const ExpertsSpec &experts) {
  switch (use) {
  case RoleUse::Model:
  case RoleUse::Layer:
    return true;
  case RoleUse::Dense:
    return experts.count == 0;
  case RoleUse::Experts:
  case RoleUse::Matrices:
    return experts.count != 0;
  case RoleUse::Shared:
    return experts.count != 0 && experts.shared;
  }
  llvm_unreachable("unknown use");
}

/// The shape of the role, and where in a fused tensor its rows begin. False after a problem.
bool Resolver::readShape(Role role, int64_t layer, const CheckpointTensor &tensor, StringRef name,
                         WeightRef &weight, int64_t &firstRow) {
  const TensorSpec &spec = *record.tensor(role);
  std::string place = "shape of " + roleKeyword(role).str();
  bool known = true;
  auto evaluate = [&](const Expression &expression, ValueKind kind) -> int64_t {
    std::optional<double> value = numbers.evaluate(expression, place, kind, layer);
    known &= value.has_value();
    return value ? static_cast<int64_t>(*value) : 0;
  };
  for (const Expression &expression : spec.shape)
    weight.shape.push_back(evaluate(expression, ValueKind::Count));
  SmallVector<int64_t, 4> wanted(weight.shape.begin(), weight.shape.end()), found = tensor.shape;
  const std::optional<FusedRows> &rows = spec.rows[checkpoint.origin()];
  int64_t groups = 1;
  if (rows) {
    firstRow = evaluate(rows->from, ValueKind::Size);
    int64_t of = evaluate(rows->of, ValueKind::Count);
    groups = evaluate(rows->groups, ValueKind::Count);
    if (known && weight.shape[0] % groups != 0) {
      problems.add(place, "expected an equal share of each of the " + Twine(groups) +
                              " groups of its tensor, found " + Twine(weight.shape[0]) + " rows");
      return false;
    }
    int64_t share = known ? weight.shape[0] / groups : 0;
    if (known && firstRow + share > of) {
      problems.add(place, "expected its rows from " + Twine(firstRow) + " to " +
                              Twine(firstRow + share) + " among the " + Twine(of) + " of " +
                              (groups == 1 ? "its tensor" : "a group of its tensor"));
      return false;
    }
    wanted[0] = groups * of;
    if (share != of && groups != 1) {
      weight.runLength = share;
      weight.runStride = of;
    }
  }
  while (found.size() > wanted.size() && found.front() == 1)
    found.erase(found.begin());
  if (!known || found == wanted)
    return known;
  std::string expressions = (rows ? rows->of : spec.shape[0]).text().str();
  if (groups != 1)
    expressions = rows->groups.text().str() + " * (" + expressions + ")";
  for (const Expression &expression : llvm::drop_begin(spec.shape))
    expressions += ", " + expression.text().str();
  problems.addTensor(name,
                     "expected shape [" + expressions + "] = " + formatShape(wanted) + ", found " +
                         formatShape(found) + "; does the file's metadata belong to its tensors?",
                     layer);
  return false;
}

std::optional<WeightRef> Resolver::readWeight(Role role, int64_t layer) {
  const TensorSpec *spec = record.tensor(role);
  if (!spec)
    return std::nullopt;
  const std::string &name = spec->names[checkpoint.origin()];
  if (StringRef(name).contains("{expert}"))
    return readPieces(role, layer);
  const CheckpointTensor *tensor =
      name.empty() ? nullptr : checkpoint.findTensor(expandLayer(name, std::to_string(layer)));
  if (!tensor) {
    if (name.empty() && roleInfos[static_cast<unsigned>(role)].necessary)
      problems.add("record " + record.name,
                   "does not say where checkpoints of this kind hold " + roleKeyword(role));
    else if (!name.empty() && !spec->optional && !spec->fallback)
      problems.addTensor(
          name, "is missing; is the file complete, and of architecture '" + architecture + "'?",
          layer);
    return std::nullopt;
  }
  used.insert(tensor);
  double tied = 0;
  set(tied, spec->tied, "tensors." + roleKeyword(role).str(), ValueKind::Number, layer);
  if (tied != 0)
    return std::nullopt;

  WeightRef weight;
  int64_t firstRow = 0;
  if (!readShape(role, layer, *tensor, name, weight, firstRow) || !tensor->format)
    return std::nullopt;
  const FormatInfo &format = formatInfo(*tensor->format);
  weight.format = *tensor->format;
  weight.file = tensor->file;
  weight.offset = static_cast<int64_t>(tensor->offset);
  // Rows of a vector are its elements.
  bool isVector = weight.shape.size() == 1;
  if (isVector && (firstRow % format.blockElements != 0 ||
                   (weight.runLength != 0 && format.blockElements != 1)))
    problems.addTensor(name, "expected a format without blocks for a fused vector", layer);
  weight.offset += format.rowBytes(isVector ? firstRow : firstRow * weight.shape[1]);
  return weight;
}

/// A matrix an expert, each a tensor of its own.
std::optional<WeightRef> Resolver::readPieces(Role role, int64_t layer) {
  const TensorSpec &spec = *record.tensor(role);
  const std::string &name = spec.names[checkpoint.origin()];
  std::string place = "shape of " + roleKeyword(role).str();
  WeightRef weight;
  for (const Expression &expression : spec.shape) {
    std::optional<double> value = numbers.evaluate(expression, place, ValueKind::Count, layer);
    if (!value)
      return std::nullopt;
    weight.shape.push_back(static_cast<int64_t>(*value));
  }
  std::optional<Format> format;
  ArrayRef<int64_t> wanted = ArrayRef(weight.shape).drop_front();
  // A missing tensor ends the search: a number of experts may be any.
  for (int64_t expert = 0; expert < weight.shape[0]; ++expert) {
    std::string piece = expandExpert(name, std::to_string(expert));
    const CheckpointTensor *tensor =
        checkpoint.findTensor(expandLayer(piece, std::to_string(layer)));
    if (!tensor) {
      problems.addTensor(
          piece, "is missing; is the file complete, and of architecture '" + architecture + "'?",
          layer);
      return std::nullopt;
    }
    used.insert(tensor);
    if (ArrayRef(tensor->shape) != wanted) {
      problems.addTensor(name,
                         "expected shape " + formatShape(wanted) + ", found " +
                             formatShape(tensor->shape) +
                             "; does the file's metadata belong to its tensors?",
                         layer);
      continue;
    }
    if (!tensor->format)
      continue;
    if (!format)
      format = tensor->format;
    if (*format != *tensor->format)
      problems.addTensor(name, "expected all experts of one type", layer);
    weight.pieces.emplace_back(tensor->file, static_cast<int64_t>(tensor->offset));
  }
  if (static_cast<int64_t>(weight.pieces.size()) != weight.shape[0])
    return std::nullopt;
  weight.format = *format;
  return weight;
}

/// A checkpoint that says itself that a tensor is no other one must have it. One that does not say
/// so may leave it out: some formats have no word for it.
void Resolver::checkUntied(const TensorSpec &spec, int64_t layer) {
  std::string name = expandLayer(spec.names[checkpoint.origin()], std::to_string(layer));
  if (name.empty() || checkpoint.findTensor(name))
    return;
  double tied = 0;
  set(tied, spec.tied, "tied", ValueKind::Number, layer);
  for (const std::string &parameter : spec.tied.names()) {
    const Hyperparameter *found = record.findHyperparameter(parameter);
    std::string key;
    if (const CheckpointValue *value = found ? numbers.find(found->keys, key) : nullptr;
        value && tied == 0) {
      problems.add(checkpoint.describeKey(key), "expected the tensor " + name + ", as this is " +
                                                    value->describe() +
                                                    ", found none; is the checkpoint complete?");
      return;
    }
  }
}

/// The checkpoint's own key that says whether there is the tensor; empty: it has none.
std::string Resolver::keyThatSays(const TensorSpec &spec) const {
  if (!spec.saysIf || spec.names[checkpoint.origin()].empty())
    return "";
  for (const std::string &name : spec.saysIf->names()) {
    const Hyperparameter *parameter = record.findHyperparameter(name);
    std::string key;
    if (parameter && numbers.find(parameter->keys, key))
      return key;
  }
  return "";
}

/// The reference leaves a tensor out that its key says is not there, and makes one up that is
/// missing: either way the model would be another one.
void Resolver::checkPresence(const TensorSpec &spec, int64_t layer) {
  std::string key = keyThatSays(spec);
  if (key.empty())
    return;
  const std::string &name = spec.names[checkpoint.origin()];
  bool isThere = checkpoint.findTensor(expandLayer(name, std::to_string(layer)));
  std::optional<double> wanted = numbers.evaluate(*spec.saysIf, "if", ValueKind::Number, layer);
  if (!wanted || (*wanted != 0) == isThere)
    return;
  std::string says = checkpoint.describeKey(key) + " is " + checkpoint.find(key)->describe();
  problems.addTensor(name,
                     isThere ? "expected no such tensor, as " + says
                             : "is missing, although " + says + "; is the checkpoint complete?",
                     layer);
}

/// The weight of a role that is used, or of the one that stands in for it, which comes before it.
void Resolver::readRole(const RoleInfo &info, int64_t layer, Weights &weights) {
  std::optional<WeightRef> &weight = weights[static_cast<unsigned>(info.role)];
  weight = readWeight(info.role, layer);
  const TensorSpec *spec = record.tensor(info.role);
  if (spec)
    checkPresence(*spec, layer);
  std::string names = ("'" + info.keyword + "'").str();
  if (!weight && spec && spec->fallback) {
    checkUntied(*spec, layer);
    weight = weights[static_cast<unsigned>(*spec->fallback)];
    model.tied |= info.role == Role::Output && *spec->fallback == Role::TokenEmbd;
    names += " or '" + roleKeyword(*spec->fallback).str() + "'";
  }
  // Nothing was said about one that is optional, or that the record does not have.
  bool needed = info.necessary || info.role == Role::FfnGate || info.role == Role::FfnGateInp ||
                info.use == RoleUse::Matrices || info.use == RoleUse::Shared;
  if (!weight && needed && problems.empty())
    problems.add("record " + record.name, "expected a tensor of " + names + ", found none");
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
    problems.add(numbers.describe(*record.findHyperparameter("kv_heads")),
                 "expected a divisor of the " + Twine(layer.heads) + " heads, found " +
                     Twine(layer.kvHeads));
  if (layer.rope.dim % 2 != 0 || layer.rope.dim > layer.headDim)
    problems.add("rope.dim", "expected an even number up to head_dim = " + Twine(layer.headDim) +
                                 ", found " + Twine(layer.rope.dim));
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
  // The width of an FFN is that of its gate, if it has one.
  auto first = [&](Role gate, Role up) {
    const WeightRef *weight = layer.weight(gate);
    return weight ? weight : layer.weight(up);
  };
  if (layer.experts.count) {
    if (layer.experts.used > layer.experts.count)
      problems.add("experts.used", "expected at most the " + Twine(layer.experts.count) +
                                       " there are, found " + Twine(layer.experts.used));
    expect(Role::FfnGateInp, {layer.experts.count, hidden});
    expect(Role::FfnGateInpBias, {layer.experts.count});
    if (const WeightRef *inner = first(Role::FfnGateExps, Role::FfnUpExps)) {
      int64_t ffn = inner->shape[1];
      expect(Role::FfnGateExps, {layer.experts.count, ffn, hidden});
      expect(Role::FfnUpExps, {layer.experts.count, ffn, hidden});
      expect(Role::FfnDownExps, {layer.experts.count, hidden, ffn});
    }
    if (const WeightRef *inner = first(Role::FfnGateShexp, Role::FfnUpShexp)) {
      int64_t ffn = inner->shape[0];
      expect(Role::FfnGateShexp, {ffn, hidden});
      expect(Role::FfnUpShexp, {ffn, hidden});
      expect(Role::FfnDownShexp, {hidden, ffn});
    }
    return;
  }
  const WeightRef *inner = first(Role::FfnGate, Role::FfnUp);
  if (!inner)
    return;
  int64_t ffn = inner->shape[0];
  expect(Role::FfnGate, {ffn, hidden});
  expect(Role::FfnGateBias, {ffn});
  expect(Role::FfnUp, {ffn, hidden});
  expect(Role::FfnUpBias, {ffn});
  expect(Role::FfnDown, {hidden, ffn});
}

ExpertsSpec Resolver::readExperts(int64_t layer) {
  ExpertsSpec experts;
  set(experts.count, record.expertCount, "experts.count", ValueKind::Size, layer);
  if (experts.count == 0)
    return experts;
  double shared = 0, normalize = 0;
  set(experts.used, record.expertsUsed, "experts.used", ValueKind::Count, layer);
  set(shared, record.sharedExperts, "experts.shared", ValueKind::Size, layer);
  set(normalize, record.expertsNormalize, "experts.normalize", ValueKind::Number, layer);
  set(experts.scale, record.expertsScale, "experts.scale", ValueKind::Number, layer);
  experts.shared = shared != 0;
  experts.normalize = normalize != 0;
  return experts;
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
  layer.rope = ropes.read(index);
  set(layer.residualScale, record.residualScale, "residual.scale", ValueKind::Number, index);
  double parallel = 0;
  set(parallel, record.residualParallel, "residual.parallel", ValueKind::Number, index);
  layer.parallel = parallel != 0;
  layer.experts = readExperts(index);
  for (const RoleInfo &info : roleInfos)
    if (info.inLayer() && record.uses(info.role) && isUsed(info.use, layer.experts))
      readRole(info, index, layer.weights);
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
  for (const RoleInfo &info : roleInfos)
    if (!info.inLayer())
      readRole(info, whole, model.weights);
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

void Resolver::readActivation() {
  model.activation = record.activation;
  std::string key, names;
  const CheckpointValue *value = numbers.find(record.activationKeys, key);
  if (!value)
    return;
  Result<std::string_view> text = value->asText();
  for (const auto &[name, activation] : record.activationChoices) {
    if (text && name == *text) {
      model.activation = activation;
      return;
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  problems.add(checkpoint.describeKey(key),
               "frit does not support this activation (" + value->describe() +
                   "); use a model whose activation is one of " + names);
}

/// A bias that may be absent is in all layers of a kind or in none: otherwise a part was lost.
void Resolver::checkBiases() {
  for (const RoleInfo &info : roleInfos) {
    const TensorSpec *spec = record.tensor(info.role);
    if (!info.inLayer() || !spec || !spec->optional || !info.keyword.ends_with("_bias") ||
        !keyThatSays(*spec).empty())
      continue;
    std::array<std::optional<int64_t>, 2> present, absent; // First layer, without and with experts.
    for (const auto &[index, layer] : llvm::enumerate(model.layers)) {
      auto &first = (layer.weight(info.role) ? present : absent)[layer.experts.count > 0];
      if (!first)
        first = static_cast<int64_t>(index);
    }
    for (size_t kind : {0, 1})
      if (present[kind] && absent[kind])
        problems.addTensor(spec->names[checkpoint.origin()],
                           "is missing, although layer " + std::to_string(*present[kind]) +
                               " has it; is the file complete?",
                           *absent[kind]);
  }
}

ModelSpec Resolver::resolve() {
  model.record = &record;
  model.architecture = architecture.str();
  model.name = checkpoint.name();
  model.tokenizer = checkpoint.tokenizerKind();
  model.files = checkpoint.files();
  model.origin = checkpoint.origin();
  model.ropeOrder = record.ropeOrder[checkpoint.origin()];
  readActivation();
  checkKeys();
  ropes.checkSpellings();
  checkFormats();
  readModel();
  std::optional<int64_t> layers = numbers.getCount("layers");
  // Every layer has tensors of its own, so that a larger number is wrong, and could be any.
  if (layers && static_cast<uint64_t>(*layers) > checkpoint.tensors().size()) {
    problems.add(numbers.describe(*record.findHyperparameter("layers")),
                 "expected no more layers than the " + Twine(checkpoint.tensors().size()) +
                     " tensors of the file, found " + Twine(*layers));
  } else if (layers) {
    numbers.setLayers(*layers);
    for (int64_t layer = 0; layer < *layers; ++layer)
      readLayer(layer);
    checkBiases();
    checkLeftOver();
  }
  return std::move(model);
}

ModelSpec frit::resolveModel(const Checkpoint &checkpoint, const ArchRecord &record,
                             StringRef architecture, Problems &problems) {
  return Resolver(checkpoint, record, architecture, problems).resolve();
}
