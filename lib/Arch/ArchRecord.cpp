//===- ArchRecord.cpp - architecture records from JSON --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Arch/ArchRecord.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
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
    object = value->getAsObject();
    if (!object)
      fail("", "expected an object");
  }

  bool exists() const { return object; }
  std::string inside(StringRef key) const {
    return place.empty() ? key.str() : place + "." + key.str();
  }
  void fail(StringRef key, const llvm::Twine &message) {
    reader.fail(key.empty() ? StringRef(place) : StringRef(inside(key)), message);
  }

  const llvm::json::Value *find(StringRef key) {
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
  void readKnobs(ObjectReader &top);
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
  object.readText("key", parameter.key);
  object.readText("length_of", parameter.lengthOf);
  object.readChoice<ValueKind>("is", parameter.kind,
                               {{"count", ValueKind::Count},
                                {"size", ValueKind::Size},
                                {"positive", ValueKind::Positive},
                                {"nonnegative", ValueKind::NonNegative},
                                {"number", ValueKind::Number}});
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

  if (parameter.key.empty() && parameter.lengthOf.empty() && !parameter.fallback)
    object.fail("", "expected at least one of key, length_of and default");
  if (!parameter.choices.empty() && (parameter.what.empty() || parameter.instead.empty()))
    object.fail("", "expected 'what' and 'instead' beside choices");
  if (name == "layer" || name == "sqrt")
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

void RecordReader::readTensor(const llvm::json::Value &json, const RoleInfo &info) {
  ObjectReader object(reader, &json, ("tensors." + info.keyword).str());
  TensorSpec spec;
  object.readText("name", spec.name);
  for (const llvm::json::Value &dimension : object.elements("shape"))
    spec.shape.push_back(object.asExpression("shape", dimension));
  object.readBool("optional", spec.optional);
  if (const llvm::json::Value *fallback = object.find("default")) {
    std::string keyword = object.asText("default", *fallback);
    spec.fallback = findRole(keyword);
    if (!spec.fallback)
      object.fail("default", "there is no role '" + keyword + "'");
    else if (*spec.fallback >= info.role ||
             roleInfos[static_cast<unsigned>(*spec.fallback)].inLayer != info.inLayer)
      object.fail("default", "'" + keyword + "' cannot stand in for '" + info.keyword + "'");
  }
  object.finish();

  if (spec.name.empty())
    object.fail("name", "is missing");
  if (StringRef(spec.name).contains("{layer}") != info.inLayer)
    object.fail("name", info.inLayer ? "expected {layer} in it" : "expected no {layer} in it");
  if (spec.shape.size() != 1 && spec.shape.size() != 2)
    object.fail("shape", "expected one or two dimensions");
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

  ObjectReader rope(reader, top.find("rope"), "rope");
  rope.readChoice<RopeOrder>(
      "pairs", record.ropeOrder,
      {{"halves", RopeOrder::Halves}, {"interleaved", RopeOrder::Interleaved}});
  rope.readExpression("dim", record.ropeDim);
  rope.readExpression("theta", record.ropeTheta);
  rope.readExpression("position_scale", record.ropePositionScale);
  rope.finish();

  ObjectReader ffn(reader, top.require("ffn"), "ffn");
  enum class FfnKind { Glu } kind = FfnKind::Glu;
  ffn.readChoice<FfnKind>("kind", kind, {{"glu", FfnKind::Glu}});
  ffn.readChoice<GluActivation>("activation", record.activation,
                                {{"silu", GluActivation::SiLU},
                                 {"gelu", GluActivation::GELU},
                                 {"gelu_tanh", GluActivation::GELUTanh}});
  ffn.finish();

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
      if (value.kind() == llvm::json::Value::Object || value.kind() == llvm::json::Value::Array)
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
    if (name != "layer" && !record.findHyperparameter(name))
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
    if (const TensorSpec *spec = record.tensor(info.role))
      for (const Expression &dimension : spec->shape)
        checkNames(("tensors." + info.keyword).str(), dimension);
  checkNames("norm.eps", record.normEps);
  checkNames("norm.offset", record.normOffset);
  checkNames("attention.scale", record.attentionScale);
  checkNames("attention.softcap", record.attentionSoftcap);
  checkNames("attention.window", record.attentionWindow);
  checkNames("rope.dim", record.ropeDim);
  checkNames("rope.theta", record.ropeTheta);
  checkNames("rope.position_scale", record.ropePositionScale);
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
    top.readTexts("gguf", record.ggufArchitectures);
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

/// llvm::json recurses as deep as the text nests.
static bool nestsDeeperThan(unsigned limit, StringRef json) {
  unsigned depth = 0;
  bool inText = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (inText) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inText = false;
    } else if (c == '"') {
      inText = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit)
        return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

Result<ArchRecord> ArchRecord::parse(StringRef origin, StringRef json) {
  if (nestsDeeperThan(16, json))
    return Failure("expected at most 16 levels of nesting").in(origin);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(json);
  if (!value)
    return Failure(llvm::toString(value.takeError())).in(origin);
  ArchRecord record;
  if (Status status = RecordReader(record).read(*value); !status)
    return status.takeFailure().in(origin);
  return record;
}
