//===- ArchRecord.cpp - architecture records from JSON --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/ArchRecord.h"

#include "lib/Support/JSON.h"
#include "lib/Support/Printable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace frit;
using llvm::ArrayRef;
using llvm::StringLiteral;
using llvm::StringRef;

StringRef frit::roleKeyword(Role role) { return roleInfos[static_cast<unsigned>(role)].keyword; }

static std::optional<Role> findRole(StringRef keyword) {
  for (const RoleInfo &info : roleInfos)
    if (info.keyword == keyword)
      return info.role;
  return std::nullopt;
}

StringRef frit::describe(ValueKind kind) {
  switch (kind) {
  case ValueKind::Count:
    return "a whole number from 1 to 2147483647";
  case ValueKind::Size:
    return "a whole number from 0 to 2147483647";
  case ValueKind::Positive:
    return "a number above 0";
  case ValueKind::NonNegative:
    return "a number of 0 or more";
  case ValueKind::Number:
    return "a number";
  case ValueKind::Flag:
    return "true or false";
  }
  llvm_unreachable("unknown kind");
}

bool frit::accepts(ValueKind kind, double value) {
  switch (kind) {
  case ValueKind::Count:
    return value >= 1 && value <= maxCount && value == std::floor(value);
  case ValueKind::Size:
    return value >= 0 && value <= maxCount && value == std::floor(value);
  case ValueKind::Positive:
    return std::isfinite(value) && value > 0;
  case ValueKind::NonNegative:
    return std::isfinite(value) && value >= 0;
  case ValueKind::Number:
    return std::isfinite(value);
  case ValueKind::Flag:
    return value == 0 || value == 1;
  }
  llvm_unreachable("unknown kind");
}

ArrayRef<StringLiteral> frit::necessaryHyperparameters() {
  static constexpr StringLiteral names[] = {"layers", "context_length", "hidden",   "vocabulary",
                                            "heads",  "kv_heads",       "head_dim", "value_dim"};
  return names;
}

const Hyperparameter *ArchRecord::findHyperparameter(StringRef name) const {
  auto found = llvm::lower_bound(hyperparameters, name, [](const Hyperparameter &h, StringRef n) {
    return StringRef(h.name) < n;
  });
  return found != hyperparameters.end() && found->name == name ? &*found : nullptr;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

namespace {

/// The record's fields, and the first thing that is wrong with them.
class Reader {
public:
  bool failed() const { return !status; }
  Failure takeFailure() { return status.takeFailure(); }
  void fail(StringRef place, const llvm::Twine &message) {
    if (status)
      status = place.empty() ? Failure(message.str()) : Failure(message.str()).in(place);
  }

private:
  Status status;
};

/// One object of a record. Fields that are read are known; finish() refuses the others.
class ObjectReader {
public:
  ObjectReader(Reader &reader, const llvm::json::Value *value, std::string place)
      : reader(reader), place(std::move(place)) {
    if (!value)
      return;
    // Far more than a record needs, far fewer than values that need each other fill the stack with.
    constexpr size_t maxKeys = 512;
    object = value->getAsObject();
    if (!object) {
      fail("", "expected an object");
    } else if (object->size() > maxKeys) {
      fail("", "expected at most " + llvm::Twine(maxKeys) + " keys, found " +
                   llvm::Twine(object->size()));
      object = nullptr;
    }
  }

  bool exists() const { return object; }
  std::string inside(StringRef key) const {
    return place.empty() ? key.str() : place + "." + key.str();
  }
  void fail(StringRef key, const llvm::Twine &message) {
    reader.fail(key.empty() ? StringRef(place) : StringRef(inside(key)), message);
  }

  const llvm::json::Value *find(StringRef key) {
    if (!llvm::is_contained(known, key))
      known.push_back(key.str());
    return object ? object->get(key) : nullptr;
  }
  const llvm::json::Value *require(StringRef key) {
    const llvm::json::Value *value = find(key);
    if (!value)
      fail(key, "is missing");
    return value;
  }

  void readText(StringRef key, std::string &result) {
    if (const llvm::json::Value *value = find(key))
      result = asText(key, *value);
  }
  void readTexts(StringRef key, std::vector<std::string> &result) {
    for (const llvm::json::Value &value : elements(key))
      result.push_back(asText(key, value));
  }
  /// A text or a list of texts.
  void readNames(StringRef key, Names &result) {
    const llvm::json::Value *value = find(key);
    if (value && value->kind() == llvm::json::Value::String)
      result.push_back(asText(key, *value));
    else
      readTexts(key, result);
  }
  void readNames(ByOrigin<Names> &result) {
    readNames("gguf", result[Origin::GGUF]);
    readNames("huggingface", result[Origin::HuggingFace]);
  }
  void readBool(StringRef key, bool &result) {
    const llvm::json::Value *value = find(key);
    if (!value)
      return;
    if (std::optional<bool> boolean = value->getAsBoolean())
      result = *boolean;
    else
      fail(key, "expected true or false");
  }
  template <typename Enum>
  void readChoice(StringRef key, Enum &result, ArrayRef<std::pair<StringLiteral, Enum>> choices) {
    const llvm::json::Value *value = find(key);
    if (!value)
      return;
    std::string text = asText(key, *value), names;
    for (const auto &[name, choice] : choices) {
      if (name == text) {
        result = choice;
        return;
      }
      names += (names.empty() ? "" : ", ") + name.str();
    }
    fail(key, "expected one of " + names + ", found '" + text + "'");
  }
  /// A number or the text of an expression.
  void readExpression(StringRef key, Expression &result) {
    if (const llvm::json::Value *value = find(key))
      result = asExpression(key, *value);
  }

  ArrayRef<llvm::json::Value> elements(StringRef key) {
    const llvm::json::Value *value = find(key);
    if (!value)
      return {};
    if (const llvm::json::Array *array = value->getAsArray())
      return {array->data(), array->size()};
    fail(key, "expected a list");
    return {};
  }
  std::string asText(StringRef key, const llvm::json::Value &value) {
    if (std::optional<StringRef> text = value.getAsString())
      return text->str();
    fail(key, "expected a text");
    return "";
  }
  Expression asExpression(StringRef key, const llvm::json::Value &value) {
    if (std::optional<double> number = value.getAsNumber()) {
      if (!std::isfinite(*number))
        fail(key, "expected a finite number");
      return Expression::constant(*number);
    }
    if (std::optional<StringRef> text = value.getAsString()) {
      Result<Expression> expression = Expression::parse(*text);
      if (expression)
        return *std::move(expression);
      fail(key, expression.error());
    } else {
      fail(key, "expected a number or an expression");
    }
    return Expression::constant(0);
  }

  /// The object's keys in a fixed order.
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    if (object)
      for (const auto &field : *object)
        result.push_back(field.first.str());
    llvm::sort(result);
    return result;
  }
  void finish() {
    std::vector<std::string> unknown;
    for (const std::string &key : keys())
      if (!llvm::is_contained(known, key))
        unknown.push_back("'" + key + "'");
    if (!unknown.empty())
      fail("", (unknown.size() == 1 ? "unknown key " : "unknown keys ") +
                   llvm::join(unknown, ", ") + "; known are " + llvm::join(known, ", "));
  }

private:
  Reader &reader;
  std::string place;
  const llvm::json::Object *object = nullptr;
  std::vector<std::string> known;
};

/// Fills in an ArchRecord.
class RecordReader {
public:
  explicit RecordReader(ArchRecord &record) : record(record) {}

  Status read(const llvm::json::Value &json);

private:
  void readHyperparameters(const llvm::json::Value *json);
  void readHyperparameter(const llvm::json::Value &json, StringRef name);
  void readTensors(const llvm::json::Value *json);
  void readTensor(const llvm::json::Value &json, const RoleInfo &info);
  void readExperts(ObjectReader &top);
  void readRows(const llvm::json::Value &json, const std::string &place,
                ByOrigin<std::optional<FusedRows>> &rows);
  void readKnobs(ObjectReader &top);
  void readRope(ObjectReader &top);
  void readRopeScaling(ObjectReader &rope);
  void readActivation(ObjectReader &ffn);
  void readRefusals(ObjectReader &top);

  void checkNames();
  void checkNames(StringRef place, const Expression &expression);
  void checkCycles();

  ArchRecord &record;
  Reader reader;
};

} // namespace

void RecordReader::readHyperparameter(const llvm::json::Value &json, StringRef name) {
  ObjectReader object(reader, &json, ("hyperparameters." + name).str());
  Hyperparameter parameter;
  parameter.name = name.str();
  object.readNames(parameter.keys);
  object.readText("length_of", parameter.lengthOf);
  object.readChoice<ValueKind>("is", parameter.kind,
                               {{"count", ValueKind::Count},
                                {"size", ValueKind::Size},
                                {"positive", ValueKind::Positive},
                                {"nonnegative", ValueKind::NonNegative},
                                {"number", ValueKind::Number},
                                {"flag", ValueKind::Flag}});
  object.readBool("per_layer", parameter.perLayer);
  if (const llvm::json::Value *choices = object.find("choices")) {
    ObjectReader list(reader, choices, object.inside("choices"));
    for (const std::string &text : list.keys())
      parameter.choices.emplace_back(text, list.asExpression(text, *list.find(text)));
  }
  if (const llvm::json::Value *fallback = object.find("default"))
    parameter.fallback = object.asExpression("default", *fallback);
  object.readText("what", parameter.what);
  object.readText("instead", parameter.instead);
  object.finish();

  bool hasKey =
      llvm::any_of(parameter.keys.values, [](const Names &keys) { return !keys.empty(); });
  if (!hasKey && parameter.lengthOf.empty() && !parameter.fallback)
    object.fail("", "expected at least one of gguf, huggingface, length_of and default");
  if (!parameter.choices.empty() && (parameter.what.empty() || parameter.instead.empty()))
    object.fail("", "expected 'what' and 'instead' beside choices");
  if (name == "layer" || name == "gguf" || Expression::isFunction(name))
    object.fail("", "this name has a meaning in expressions");
  record.hyperparameters.push_back(std::move(parameter));
}

void RecordReader::readHyperparameters(const llvm::json::Value *json) {
  ObjectReader object(reader, json, "hyperparameters");
  for (const std::string &name : object.keys())
    readHyperparameter(*object.find(name), name);
  for (StringRef name : necessaryHyperparameters())
    if (!record.findHyperparameter(name))
      object.fail(name, "is missing");
}

/// Of one or of both origins.
void RecordReader::readRows(const llvm::json::Value &json, const std::string &place,
                            ByOrigin<std::optional<FusedRows>> &rows) {
  auto read = [&](const llvm::json::Value *value, const std::string &inside) {
    ObjectReader object(reader, value, inside);
    FusedRows result;
    object.require("from");
    object.require("of");
    object.readExpression("from", result.from);
    object.readExpression("of", result.of);
    object.readExpression("groups", result.groups);
    object.finish();
    return result;
  };
  ObjectReader object(reader, &json, place);
  const llvm::json::Value *gguf = object.find("gguf");
  const llvm::json::Value *huggingFace = object.find("huggingface");
  if (gguf)
    rows[Origin::GGUF] = read(gguf, object.inside("gguf"));
  if (huggingFace)
    rows[Origin::HuggingFace] = read(huggingFace, object.inside("huggingface"));
  if (gguf || huggingFace)
    object.finish();
  else
    rows[Origin::GGUF] = rows[Origin::HuggingFace] = read(&json, place);
}

void RecordReader::readTensor(const llvm::json::Value &json, const RoleInfo &info) {
  ObjectReader object(reader, &json, ("tensors." + info.keyword).str());
  TensorSpec spec;
  object.readText("gguf", spec.names[Origin::GGUF]);
  object.readText("huggingface", spec.names[Origin::HuggingFace]);
  for (const llvm::json::Value &dimension : object.elements("shape"))
    spec.shape.push_back(object.asExpression("shape", dimension));
  object.readBool("optional", spec.optional);
  if (const llvm::json::Value *fallback = object.find("default")) {
    std::string keyword = object.asText("default", *fallback);
    spec.fallback = findRole(keyword);
    if (!spec.fallback)
      object.fail("default", "there is no role '" + keyword + "'");
    else if (const RoleInfo &other = roleInfos[static_cast<unsigned>(*spec.fallback)];
             other.role >= info.role || other.inLayer() != info.inLayer() ||
             (other.use == RoleUse::Matrices) != (info.use == RoleUse::Matrices))
      object.fail("default", "'" + keyword + "' cannot stand in for '" + info.keyword + "'");
  }
  object.readExpression("tied", spec.tied);
  if (object.find("tied") && !spec.fallback)
    object.fail("tied", "expected 'default' beside it");
  if (const llvm::json::Value *rows = object.find("rows"))
    readRows(*rows, object.inside("rows"), spec.rows);
  object.finish();

  StringRef gguf = spec.names[Origin::GGUF], huggingFace = spec.names[Origin::HuggingFace];
  if (gguf.empty() && huggingFace.empty())
    object.fail("", "expected at least one of gguf and huggingface");
  for (auto [key, name] : {std::pair(StringRef("gguf"), gguf), {"huggingface", huggingFace}})
    if (!name.empty() && name.contains("{layer}") != info.inLayer())
      object.fail(key, info.inLayer() ? "expected {layer} in it" : "expected no {layer} in it");
  bool isExperts = info.use == RoleUse::Matrices;
  if (isExperts ? spec.shape.size() != 3 : spec.shape.size() != 1 && spec.shape.size() != 2)
    object.fail("shape",
                isExperts ? "expected three dimensions" : "expected one or two dimensions");
  if (!isExperts && (gguf.contains("{expert}") || huggingFace.contains("{expert}")))
    object.fail("", "expected no {expert} in the names");
  if (isExperts && (spec.rows[Origin::GGUF] || spec.rows[Origin::HuggingFace]))
    object.fail("rows", "matrices of experts are not parts of others");
  if (spec.optional && info.necessary)
    object.fail("optional", "no model does without it");
  record.tensors[static_cast<unsigned>(info.role)] = std::move(spec);
}

void RecordReader::readTensors(const llvm::json::Value *json) {
  ObjectReader object(reader, json, "tensors");
  for (const RoleInfo &info : roleInfos) {
    if (const llvm::json::Value *tensor = object.find(info.keyword))
      readTensor(*tensor, info);
    else if (info.necessary)
      object.fail(info.keyword, "is missing");
  }
  object.finish();
}

void RecordReader::readRopeScaling(ObjectReader &rope) {
  const llvm::json::Value *json = rope.find("scaling");
  if (!json)
    return;
  ObjectReader scaling(reader, json, rope.inside("scaling"));
  scaling.readNames(record.ropeScalingKeys);
  scaling.readText("default", record.ropeScalingFallback);
  ObjectReader kinds(reader, scaling.require("kinds"), scaling.inside("kinds"));
  for (const std::string &name : kinds.keys()) {
    ObjectReader object(reader, kinds.find(name), kinds.inside(name));
    RopeScaling kind;
    object.require("kind");
    object.readChoice<RopeScalingKind>("kind", kind.kind,
                                       {{"none", RopeScalingKind::None},
                                        {"linear", RopeScalingKind::Linear},
                                        {"llama3", RopeScalingKind::Llama3},
                                        {"yarn", RopeScalingKind::YaRN},
                                        {"longrope", RopeScalingKind::LongRope}});
    object.readExpression("factor", kind.factor);
    object.readExpression("low_frequency", kind.lowFrequency);
    object.readExpression("high_frequency", kind.highFrequency);
    object.readExpression("beta_fast", kind.betaFast);
    object.readExpression("beta_slow", kind.betaSlow);
    object.finish();
    record.ropeScalings.emplace_back(name, std::move(kind));
  }
  scaling.finish();
  auto isFallback = [&](const auto &kind) { return kind.first == record.ropeScalingFallback; };
  if (!record.ropeScalingFallback.empty() && llvm::none_of(record.ropeScalings, isFallback))
    scaling.fail("default", "expected one of the kinds, found '" +
                                llvm::Twine(record.ropeScalingFallback) + "'");
}

void RecordReader::readRope(ObjectReader &top) {
  const std::pair<StringLiteral, RopeOrder> orders[] = {{"halves", RopeOrder::Halves},
                                                        {"interleaved", RopeOrder::Interleaved}};
  ObjectReader rope(reader, top.find("rope"), "rope");
  const llvm::json::Value *pairs = rope.find("pairs");
  if (pairs && pairs->getAsObject()) {
    ObjectReader byOrigin(reader, pairs, rope.inside("pairs"));
    byOrigin.readChoice<RopeOrder>("gguf", record.ropeOrder[Origin::GGUF], orders);
    byOrigin.readChoice<RopeOrder>("huggingface", record.ropeOrder[Origin::HuggingFace], orders);
    byOrigin.finish();
  } else {
    rope.readChoice<RopeOrder>("pairs", record.ropeOrder[Origin::GGUF], orders);
    record.ropeOrder[Origin::HuggingFace] = record.ropeOrder[Origin::GGUF];
  }
  rope.readExpression("dim", record.ropeDim);
  rope.readExpression("theta", record.ropeTheta);
  readRopeScaling(rope);
  rope.readExpression("original_context", record.ropeOriginalContext);
  rope.readExpression("magnitude", record.ropeMagnitude);
  for (auto [key, names] : {std::pair(StringRef("factors"), &record.ropeFactors),
                            {"long_factors", &record.ropeLongFactors}}) {
    ObjectReader factors(reader, rope.find(key), rope.inside(key));
    factors.readNames(*names);
    factors.finish();
  }
  rope.finish();
}

void RecordReader::readActivation(ObjectReader &ffn) {
  const std::pair<StringLiteral, GluActivation> activations[] = {
      {"silu", GluActivation::SiLU},
      {"gelu", GluActivation::GELU},
      {"gelu_tanh", GluActivation::GELUTanh}};
  const llvm::json::Value *json = ffn.find("activation");
  if (!json || !json->getAsObject())
    return ffn.readChoice<GluActivation>("activation", record.activation, activations);
  ObjectReader object(reader, json, ffn.inside("activation"));
  object.readNames(record.activationKeys);
  object.readChoice<GluActivation>("default", record.activation, activations);
  ObjectReader choices(reader, object.require("choices"), object.inside("choices"));
  for (const std::string &name : choices.keys()) {
    GluActivation activation = GluActivation::SiLU;
    choices.readChoice<GluActivation>(name, activation, activations);
    record.activationChoices.emplace_back(name, activation);
  }
  object.finish();
}

void RecordReader::readExperts(ObjectReader &top) {
  const llvm::json::Value *json = top.find("experts");
  ObjectReader experts(reader, json, "experts");
  if (json) {
    experts.require("count");
    experts.require("used");
    for (Role role : {Role::FfnGateInp, Role::FfnGateExps, Role::FfnUpExps, Role::FfnDownExps})
      if (!record.tensor(role))
        experts.fail("", "expected a tensor '" + roleKeyword(role) + "'");
  }
  experts.readExpression("count", record.expertCount);
  experts.readExpression("used", record.expertsUsed);
  experts.readExpression("shared", record.sharedExperts);
  experts.readExpression("normalize", record.expertsNormalize);
  experts.readExpression("scale", record.expertsScale);
  experts.readChoice<ExpertScoring>(
      "scoring", record.expertScoring,
      {{"softmax", ExpertScoring::Softmax}, {"sigmoid", ExpertScoring::Sigmoid}});
  experts.finish();
}

void RecordReader::readKnobs(ObjectReader &top) {
  ObjectReader norm(reader, top.require("norm"), "norm");
  norm.readChoice<NormShape>("kind", record.normShape,
                             {{"rms", NormShape::RMS}, {"layer", NormShape::Layer}});
  norm.readExpression("eps", record.normEps);
  norm.readExpression("offset", record.normOffset);
  norm.finish();

  ObjectReader attention(reader, top.require("attention"), "attention");
  attention.readExpression("scale", record.attentionScale);
  attention.readExpression("softcap", record.attentionSoftcap);
  attention.readExpression("window", record.attentionWindow);
  attention.readChoice<QKNorm>("qk_norm", record.qkNorm,
                               {{"none", QKNorm::None},
                                {"before_rope", QKNorm::BeforeRope},
                                {"after_rope", QKNorm::AfterRope}});
  attention.finish();

  readRope(top);

  ObjectReader ffn(reader, top.require("ffn"), "ffn");
  enum class FfnKind { Glu } kind = FfnKind::Glu;
  ffn.readChoice<FfnKind>("kind", kind, {{"glu", FfnKind::Glu}});
  readActivation(ffn);
  ffn.finish();

  readExperts(top);

  ObjectReader embedding(reader, top.find("embedding"), "embedding");
  embedding.readExpression("scale", record.embeddingScale);
  embedding.finish();

  ObjectReader residual(reader, top.find("residual"), "residual");
  residual.readExpression("scale", record.residualScale);
  residual.finish();

  ObjectReader logits(reader, top.find("logits"), "logits");
  logits.readExpression("scale", record.logitsScale);
  logits.readExpression("softcap", record.logitsSoftcap);
  logits.finish();

  auto hasTensor = [&](Role role) { return record.tensor(role) != nullptr; };
  if (record.qkNorm == QKNorm::None && (hasTensor(Role::AttnQNorm) || hasTensor(Role::AttnKNorm)))
    attention.fail("qk_norm", "expected before_rope or after_rope, as there are tensors for it");
  if (record.normShape == NormShape::RMS)
    for (Role bias : {Role::OutputNormBias, Role::AttnNormBias, Role::FfnNormBias})
      if (hasTensor(bias))
        norm.fail("kind", "an rms norm has no " + roleKeyword(bias));
}

void RecordReader::readRefusals(ObjectReader &top) {
  unsigned index = 0;
  for (const llvm::json::Value &element : top.elements("refuse")) {
    ObjectReader object(reader, &element, "refuse[" + std::to_string(index++) + "]");
    Refusal refusal;
    object.readTexts("keys", refusal.keys);
    object.readTexts("tensors", refusal.tensors);
    for (const llvm::json::Value &value : object.elements("except")) {
      if (value.getAsObject() || value.getAsArray() || value.getAsNull())
        object.fail("except", "expected numbers, texts, true and false");
      else if (std::optional<StringRef> text = value.getAsString())
        refusal.except.push_back(text->str());
      else
        refusal.except.push_back(llvm::formatv("{0}", value).str());
    }
    object.readText("what", refusal.what);
    object.readText("instead", refusal.instead);
    object.finish();
    if (refusal.keys.empty() && refusal.tensors.empty())
      object.fail("", "expected keys or tensors");
    if (refusal.what.empty() || refusal.instead.empty())
      object.fail("", "expected 'what' and 'instead'");
    record.refusals.push_back(std::move(refusal));
  }
}

void RecordReader::checkNames(StringRef place, const Expression &expression) {
  for (const std::string &name : expression.names())
    if (name != "layer" && name != "gguf" && !record.findHyperparameter(name))
      reader.fail(place, "'" + expression.text() + "' uses '" + name +
                             "', which is no hyperparameter of the record");
}

void RecordReader::checkNames() {
  for (const Hyperparameter &parameter : record.hyperparameters) {
    std::string place = "hyperparameters." + parameter.name;
    if (parameter.fallback)
      checkNames(place, *parameter.fallback);
    for (const auto &[text, expression] : parameter.choices)
      checkNames(place + ".choices." + text, expression);
  }
  for (const RoleInfo &info : roleInfos)
    if (const TensorSpec *spec = record.tensor(info.role)) {
      std::string place = ("tensors." + info.keyword).str();
      for (const Expression &dimension : spec->shape)
        checkNames(place, dimension);
      checkNames(place, spec->tied);
      for (const std::optional<FusedRows> &rows : spec->rows.values)
        if (rows)
          for (const Expression *number : {&rows->from, &rows->of, &rows->groups})
            checkNames(place, *number);
    }
  for (const auto &[name, scaling] : record.ropeScalings)
    for (const Expression *parameter :
         {&scaling.factor, &scaling.lowFrequency, &scaling.highFrequency, &scaling.betaFast,
          &scaling.betaSlow})
      checkNames("rope.scaling.kinds." + name, *parameter);
  checkNames("norm.eps", record.normEps);
  checkNames("norm.offset", record.normOffset);
  checkNames("attention.scale", record.attentionScale);
  checkNames("attention.softcap", record.attentionSoftcap);
  checkNames("attention.window", record.attentionWindow);
  checkNames("rope.dim", record.ropeDim);
  checkNames("rope.theta", record.ropeTheta);
  checkNames("rope.original_context", record.ropeOriginalContext);
  checkNames("rope.magnitude", record.ropeMagnitude);
  checkNames("experts.count", record.expertCount);
  checkNames("experts.used", record.expertsUsed);
  checkNames("experts.shared", record.sharedExperts);
  checkNames("experts.normalize", record.expertsNormalize);
  checkNames("experts.scale", record.expertsScale);
  checkNames("embedding.scale", record.embeddingScale);
  checkNames("residual.scale", record.residualScale);
  checkNames("logits.scale", record.logitsScale);
  checkNames("logits.softcap", record.logitsSoftcap);
}

/// A hyperparameter may need others, but not itself. Removes those that need nothing that is left
/// until none can be removed; what stays needs itself.
void RecordReader::checkCycles() {
  std::vector<std::pair<std::string, std::vector<std::string>>> left;
  for (const Hyperparameter &parameter : record.hyperparameters) {
    std::vector<std::string> needs;
    if (parameter.fallback)
      needs = parameter.fallback->names();
    for (const auto &choice : parameter.choices)
      llvm::append_range(needs, choice.second.names());
    left.emplace_back(parameter.name, std::move(needs));
  }
  llvm::StringSet<> done;
  done.insert("layer");
  done.insert("gguf");
  size_t before;
  do {
    before = left.size();
    llvm::erase_if(left, [&](const auto &entry) {
      bool ready = llvm::all_of(entry.second, [&](StringRef name) { return done.contains(name); });
      if (ready)
        done.insert(entry.first);
      return ready;
    });
  } while (left.size() < before);
  if (!left.empty())
    reader.fail("hyperparameters." + left.front().first, "its value needs itself");
}

Status RecordReader::read(const llvm::json::Value &json) {
  ObjectReader top(reader, &json, "");
  if (top.exists()) {
    top.readText("name", record.name);
    top.readText("description", record.description);
    top.find("like"); // Resolved before.
    std::string schema;
    top.readText("$schema", schema); // For editors.
    top.readNames(record.architectures);
    readHyperparameters(top.require("hyperparameters"));
    readTensors(top.require("tensors"));
    readKnobs(top);
    ObjectReader ignore(reader, top.find("ignore"), "ignore");
    ignore.readTexts("keys", record.ignoredKeys);
    ignore.readTexts("tensors", record.ignoredTensors);
    ignore.finish();
    readRefusals(top);
    top.finish();
    if (record.name.empty())
      top.fail("name", "is missing");
  }
  if (!reader.failed()) {
    checkNames();
    checkCycles();
  }
  if (reader.failed())
    return reader.takeFailure();
  return {};
}

/// Lays `changes` over `base` as RFC 7396 (JSON merge patch) says: objects field by field, null
/// removes, everything else replaces. But lists in `ignore` and `refuse` grow.
static void mergePatch(llvm::json::Object &base, const llvm::json::Object &changes,
                       bool listsGrow = false) {
  for (const auto &[key, value] : changes) {
    if (value.kind() == llvm::json::Value::Null) {
      base.erase(key);
      continue;
    }
    bool grow = listsGrow || key == "ignore" || key == "refuse";
    const llvm::json::Array *list = value.getAsArray();
    if (llvm::json::Array *old = base.getArray(key); grow && list && old) {
      old->insert(old->end(), list->begin(), list->end());
      continue;
    }
    const llvm::json::Object *inner = value.getAsObject();
    if (!inner) {
      base[key] = value;
      continue;
    }
    if (!base.getObject(key))
      base[key] = llvm::json::Object();
    mergePatch(*base.getObject(key), *inner, grow);
  }
}

/// Puts what the record is like under it, and that what it is like, ...
static Status resolveLike(llvm::json::Value &json, ArchRecord::FindRecord find, StringRef like) {
  // Long before that, a record is like itself.
  constexpr unsigned maxDepth = 8;
  for (unsigned depth = 0;; ++depth) {
    llvm::json::Object *record = json.getAsObject();
    const llvm::json::Value *field = record ? record->get("like") : nullptr;
    if (!record || (!field && like.empty()))
      return {};
    std::optional<StringRef> name = field ? field->getAsString() : like;
    if (!name)
      return Failure("like: expected a text");
    std::optional<StringRef> text = find(*name);
    if (!text)
      return Failure("like: there is no built-in record '", std::string_view(*name), "'");
    if (depth == maxDepth)
      return Failure("like: expected an end of what records are like, found '",
                     std::string_view(*name), "' again");
    like = "";
    Result<llvm::json::Value> base = parseJSON(*text);
    if (!base)
      return base.takeFailure();
    llvm::json::Object *merged = base->getAsObject();
    if (!merged)
      return Failure("like: '", std::string_view(*name), "' is no record");
    // These are its own; whom it is like in turn is found in the next round.
    for (StringRef own : {"$schema", "name", "description", "gguf", "huggingface"})
      merged->erase(own);
    std::optional<std::string> next;
    if (std::optional<StringRef> further = merged->getString("like"))
      next = further->str();
    mergePatch(*merged, *record);
    merged->erase("like");
    if (next)
      (*merged)["like"] = *next;
    json = *std::move(base);
  }
}

static Result<llvm::json::Value> parseResolved(StringRef place, StringRef text,
                                               ArchRecord::FindRecord find, StringRef like) {
  Result<llvm::json::Value> json = parseJSON(text);
  if (!json)
    return json.takeFailure().in(place);
  if (Status status = resolveLike(*json, find, like); !status)
    return Failure(printable(status.error())).in(place);
  return json;
}

Result<std::string> ArchRecord::resolve(StringRef place, StringRef text, FindRecord find) {
  Result<llvm::json::Value> json = parseResolved(place, text, find, "");
  if (!json)
    return json.takeFailure();
  // LLVM prints keys in their alphabetical order.
  return llvm::formatv("{0:2}", *json).str();
}

Result<ArchRecord> ArchRecord::parse(StringRef place, StringRef text, FindRecord find,
                                     StringRef like) {
  Result<llvm::json::Value> json = parseResolved(place, text, find, like);
  if (!json)
    return json.takeFailure();
  ArchRecord record;
  if (Status status = RecordReader(record).read(*json); !status)
    return Failure(printable(status.error())).in(place);
  return record;
}
